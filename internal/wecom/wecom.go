// Package wecom is the typed client of WeCom's (企业微信) server API for one self-built app of one corp.
//
// Invariants: every failure is an *Error that names the API and WeCom's code; a stale token is refreshed once and the
// call repeated once; "system busy" is repeated at most three times; nothing else is repeated, because only the caller
// knows whether a call may be repeated. Unknown tells when it cannot be known whether the effect happened.
//
// The client never caches what it reads, never decides about sending, and never knows whether it talks to WeCom or to
// the simulator: that is a matter of Config.BaseURL.
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

	"qunce/internal/clock"
)

// DefaultBaseURL is WeCom's own address.
const DefaultBaseURL = "https://qyapi.weixin.qq.com"

// maxBody bounds an answer; the largest real ones (a member's whole customer list) are a few hundred kilobytes.
const maxBody = 32 << 20

// Config says which app of which corp the client speaks for.
type Config struct {
	BaseURL   string // without a trailing slash; empty = DefaultBaseURL
	CorpID    string
	Secret    string
	AgentID   int
	HTTP      *http.Client // nil = a client with a 15 s timeout
	Tokens    TokenStore   // nil = MemoryTokens
	Clock     clock.Clock  // wall time for token expiry and quota windows; nil = clock.Wall()
	PerMinute int          // calls per API and minute; 0 = WeCom's 10,000; negative = no limit (an accelerated corp)
}

// Client calls the API; it is safe for concurrent use.
type Client struct {
	base    string
	corpID  string
	secret  string
	agentID int
	http    *http.Client
	tokens  TokenStore
	clock   clock.Clock
	quota   *keeper
}

// New makes a client. It does not call WeCom.
func New(c Config) *Client {
	cl := &Client{
		base: strings.TrimRight(c.BaseURL, "/"), corpID: c.CorpID, secret: c.Secret, agentID: c.AgentID,
		http: c.HTTP, tokens: c.Tokens, clock: c.Clock,
	}
	if cl.base == "" {
		cl.base = DefaultBaseURL
	}
	if cl.clock == nil {
		cl.clock = clock.Wall()
	}
	if cl.http == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 32
		cl.http = &http.Client{Timeout: 15 * time.Second, Transport: t}
	}
	if cl.tokens == nil {
		cl.tokens = NewMemoryTokens(cl.clock)
	}
	cl.quota = newKeeper(cl.clock, c.PerMinute)
	return cl
}

// CorpID returns the corp the client speaks for.
func (c *Client) CorpID() string { return c.corpID }

// AgentID returns the app the client speaks for.
func (c *Client) AgentID() int { return c.agentID }

// envelope is what every answer carries.
type envelope struct {
	Code int    `json:"errcode"`
	Msg  string `json:"errmsg"`
}

// get calls a GET API with the token and decodes the answer into out.
func (c *Client) get(ctx context.Context, api string, query url.Values, out any) error {
	return c.withToken(ctx, api, query, nil, out)
}

// post calls a POST API with the token and decodes the answer into out; out may be nil.
func (c *Client) post(ctx context.Context, api string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return &Error{API: api, Code: codeEncode, Msg: "encode request", Cause: err}
	}
	return c.withToken(ctx, api, nil, body, out)
}

func (c *Client) withToken(ctx context.Context, api string, query url.Values, body []byte, out any) error {
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	err = c.patient(ctx, api, token, query, body, out)
	if !IsCode(err, 40014, 42001) {
		return err
	}
	if token, err = c.refresh(ctx, token); err != nil {
		return err
	}
	return c.patient(ctx, api, token, query, body, out)
}

// patient repeats a call that WeCom refused with "system busy", which means that nothing happened.
func (c *Client) patient(ctx context.Context, api, token string, query url.Values, body []byte, out any) error {
	pause := 100 * time.Millisecond
	for try := 0; ; try++ {
		err := c.once(ctx, api, token, query, body, out)
		if !IsCode(err, -1) || try == 3 {
			return err
		}
		if sleep(ctx, pause) != nil {
			return err
		}
		pause *= 3
	}
}

func (c *Client) once(ctx context.Context, api, token string, query url.Values, body []byte, out any) error {
	if err := c.quota.admit(ctx, api); err != nil {
		return err
	}
	q := url.Values{}
	for k, v := range query {
		q[k] = v
	}
	if token != "" {
		q.Set("access_token", token)
	}
	method, reader := http.MethodGet, io.Reader(nil)
	if body != nil {
		method, reader = http.MethodPost, bytes.NewReader(body)
	}
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, method, c.base+api+"?"+q.Encode(), reader)
	if err != nil {
		return &Error{API: api, Code: codeTransport, Msg: "make request", Cause: err}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return &Error{API: api, Code: codeTransport, Msg: "no answer", Cause: withoutURL(err), unknown: written.Load()}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil || len(raw) > maxBody {
		return &Error{API: api, Code: codeTransport, Msg: "answer broke off", Cause: err, unknown: true}
	}
	if res.StatusCode != http.StatusOK {
		return &Error{API: api, Code: codeTransport, Msg: fmt.Sprintf("HTTP status %d", res.StatusCode), unknown: res.StatusCode >= 500}
	}
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return &Error{API: api, Code: codeTransport, Msg: "answer is not JSON", Cause: err, unknown: true}
	}
	if e.Code != 0 {
		c.quota.refused(api, e.Code)
		return &Error{API: api, Code: e.Code, Msg: e.Msg}
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			return &Error{API: api, Code: codeTransport, Msg: "answer has an unexpected shape", Cause: err, unknown: true}
		}
	}
	return nil
}

// withoutURL drops the URL, which carries the token or the secret, from a transport error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
