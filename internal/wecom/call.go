package wecom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"qunce/internal/wecom/quota"
)

// maxBody bounds an answer; the largest real ones (a member's whole customer list) are a few hundred kilobytes.
const maxBody = 32 << 20

// How long a call may take: the bulk one carries a file.
const (
	callTimeout = 15 * time.Second
	bulkTimeout = 5 * time.Minute
)

// connections makes the two clients of one connection pool. Neither follows a redirect: WeCom never sends one, and the
// address carries the token.
func connections(from *http.Client) (short, bulk *http.Client) {
	base := http.Client{Timeout: callTimeout}
	if from != nil {
		base = *from
	}
	if base.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 32
		base.Transport = t
	}
	base.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	long := base
	if long.Timeout > 0 {
		long.Timeout = max(long.Timeout, bulkTimeout)
	}
	return &base, &long
}

// request is one call, which may be sent again: body gives it anew each time.
type request struct {
	api   string
	query url.Values
	body  func() (content, error) // nil = GET
	parts []string                // whose limits they are, where an API has one for each of something; never shown
	file  bool                    // a file goes up or comes down
	span  string                  // Range header
	take  func(answer) error
}

// content is what a request carries.
type content struct {
	kind   string
	reader io.Reader
	length int64
}

// envelope is what every answer carries. Some old answers have neither field, which means success.
type envelope struct {
	Code int    `json:"errcode"`
	Msg  string `json:"errmsg"`
}

// get calls a GET API with the token and decodes the answer into out.
func (c *Client) get(ctx context.Context, api string, query url.Values, out any) error {
	return c.withToken(ctx, request{api: api, query: query, take: decoded(api, out)})
}

// post calls a POST API with the token and decodes the answer into out; out may be nil.
func (c *Client) post(ctx context.Context, api string, in, out any) error {
	body, err := inJSON(api, in)
	if err != nil {
		return err
	}
	return c.withToken(ctx, request{api: api, body: body, take: decoded(api, out)})
}

func inJSON(api string, in any) (func() (content, error), error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, &Error{API: api, Code: codeEncode, Msg: "encode request", Cause: err}
	}
	return func() (content, error) {
		return content{"application/json; charset=utf-8", bytes.NewReader(raw), int64(len(raw))}, nil
	}, nil
}

func (c *Client) withToken(ctx context.Context, r request) error {
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	last := c.fetched.Load()
	err = c.repeated(ctx, r, token)
	if !IsCode(err, 40014, 42001) {
		return err
	}
	refused := err
	if token, err = c.refresh(ctx, token, last); err != nil {
		return err
	}
	if err = c.repeated(ctx, r, token); errors.Is(err, errSpent) {
		return refused
	}
	return err
}

// Refusals after which surely nothing happened and which pass by themselves: WeCom is busy (-1), somebody else writes to
// the same record (6000, 45035), too many calls at once (45033).
func passing(err error) bool { return IsCode(err, -1, 6000, 45035, 45033) }

// again is how often such a call is repeated.
const again = 3

// repeated repeats a call that such a refusal met, and a patient caller's after any limit.
func (c *Client) repeated(ctx context.Context, r request, token string) error {
	pause := 100 * time.Millisecond
	var refused error
	for try := 0; ; try++ {
		err := c.once(ctx, r, token)
		if try > 0 && errors.Is(err, errSpent) {
			return refused
		}
		refused = err
		e := asError(err)
		switch {
		case e != nil && e.Code == 45009 && !e.ours && quota.PaceOf(ctx, r.api) == quota.Patient && ctx.Err() == nil:
			continue // the keeper waits the block out
		case !passing(err) || try >= again:
			return err
		case IsCode(err, 45033): // the keeper makes the pause
			continue
		}
		if c.quota.Sleep(ctx, quota.Jittered(pause), nil) != nil {
			return err
		}
		pause *= 3
	}
}

func (c *Client) once(ctx context.Context, r request, token string) error {
	t, err := c.admit(ctx, r)
	if err != nil {
		return err
	}
	began := c.clock.Now()
	err = c.send(ctx, r, token)
	code, e := 0, (*Error)(nil)
	switch {
	case errors.As(err, &e):
		code, e.Msg = max(e.Code, codeTransport), c.scrubbed(e.Msg, token, r.parts)
	case err != nil:
		code = codeTransport
	}
	traced(ctx, Traced{API: r.api, Code: code, Took: c.clock.Now().Sub(began)})
	if wait := c.quota.Done(ctx, t, code); e != nil {
		e.after = max(wait, 0)
	}
	return err
}

// maxMsg bounds what is kept of WeCom's words.
const maxMsg = 500

// scrubbed is WeCom's words without our credentials, should WeCom repeat them.
func (c *Client) scrubbed(msg, token string, parts []string) string {
	for _, hidden := range append([]string{token, c.secret}, parts...) {
		if len(hidden) >= 8 {
			msg = strings.ReplaceAll(msg, hidden, "[hidden]")
		}
	}
	if len(msg) > maxMsg {
		msg = strings.ToValidUTF8(msg[:maxMsg], "")
	}
	return msg
}

// send makes the call once; every failure is an *Error.
func (c *Client) send(ctx context.Context, r request, token string) error {
	q := url.Values{}
	for k, v := range r.query {
		q[k] = v
	}
	if token != "" {
		q.Set("access_token", token)
	}
	method, body := http.MethodGet, content{}
	if r.body != nil {
		method = http.MethodPost
		var err error
		if body, err = r.body(); err != nil {
			return err
		}
	}
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, method, c.base+r.api+"?"+q.Encode(), body.reader)
	if err != nil {
		return &Error{API: r.api, Code: codeTransport, Msg: "make request", Cause: withoutURL(err)}
	}
	if r.body != nil {
		req.Header.Set("Content-Type", body.kind)
		req.ContentLength = body.length
	}
	if r.span != "" {
		req.Header.Set("Range", r.span)
	}
	client := c.http
	if r.file {
		client = c.bulk
	}
	res, err := client.Do(req)
	if err != nil {
		return &Error{API: r.api, Code: codeTransport, Msg: "no answer", Cause: withoutURL(err), unknown: written.Load()}
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent {
		return &Error{API: r.api, Code: codeTransport, Msg: fmt.Sprintf("HTTP status %d", res.StatusCode), unknown: res.StatusCode >= 500}
	}
	return r.take(answer{res.StatusCode, res.Header, res.Body})
}

// answer is what came back with HTTP status 200 or 206.
type answer struct {
	status int
	header http.Header
	body   io.Reader
}

// decoded reads an answer in JSON into out, which may be nil.
func decoded(api string, out any) func(answer) error {
	return func(a answer) error {
		raw, err := io.ReadAll(io.LimitReader(a.body, maxBody+1))
		if err != nil || len(raw) > maxBody {
			return &Error{API: api, Code: codeTransport, Msg: "answer broke off", Cause: err, unknown: true}
		}
		var e envelope
		if err := json.Unmarshal(raw, &e); err != nil {
			return &Error{API: api, Code: codeTransport, Msg: "answer is not JSON", Cause: err, unknown: true}
		}
		if e.Code != 0 {
			return &Error{API: api, Code: e.Code, Msg: e.Msg}
		}
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(raw, out); err != nil {
			return &Error{API: api, Code: codeTransport, Msg: "answer has an unexpected shape", Cause: err, unknown: true}
		}
		return nil
	}
}

// withoutURL drops the URL, which carries the token or the secret, from a transport error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// page is a place in a list; limit 0 leaves WeCom's default.
type page struct {
	Cursor string `json:"cursor,omitempty"`
	Limit  int    `json:"limit,omitempty"`
}

// query makes a query of name and value pairs.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}
