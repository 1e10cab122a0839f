package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"qunce/internal/errs"
)

// Source is where archived messages come from.
//
// Messages returns up to limit messages whose Seq is greater than after, in the order of Seq; none means that there is
// nothing more for now. Asking again for what was given before is allowed. When messages after that place are older than
// what is still held, the first ones held are returned.
//
// Media writes a file's bytes. It may have written some of them when it fails.
//
// Errors are *errs.Error: Unavailable when asking again may help, NotFound "archive.media_gone" for a file that is older
// than WeCom keeps, Invalid or Forbidden for what somebody must mend.
type Source interface {
	Messages(ctx context.Context, after uint64, limit int) ([]Raw, error)
	Media(ctx context.Context, fileID string, w io.Writer) error
}

// Raw is a message as the source gives it: Message is the decrypted JSON, KeyVersion names the key that opened it.
type Raw struct {
	Seq        uint64          `json:"seq"`
	MsgID      string          `json:"msgid"`
	KeyVersion int             `json:"publickey_ver"`
	Message    json.RawMessage `json:"message"`
}

// PageSize is how many messages are asked for at once: as many as WeCom gives.
const PageSize = 1000

const (
	maxAnswer  = 64 << 20
	errorBytes = 4096
	maxSeq     = 1<<53 - 1 // what JSON and its readers keep whole
)

// adapter speaks the adapter protocol: a process of the installer's holds WeCom's closed library and serves what it
// gives over HTTP.
type adapter struct {
	base string
	key  string
	http *http.Client
}

// Adapter is the source behind an address that speaks the adapter protocol. key is what the adapter wants to see.
func Adapter(base, key string, client *http.Client) Source {
	return &adapter{base: strings.TrimRight(base, "/"), key: key, http: client}
}

// Probe asks an adapter for one message, which changes nothing, and returns what is wrong with it.
func Probe(ctx context.Context, base, key string, client *http.Client) error {
	_, err := Adapter(base, key, client).Messages(ctx, 0, 1)
	return err
}

// reply is the adapter's answer; an error has a code alone.
type reply struct {
	Code     int    `json:"errcode"`
	Msg      string `json:"errmsg"`
	Messages []Raw  `json:"messages"`
}

func (a *adapter) Messages(ctx context.Context, after uint64, limit int) ([]Raw, error) {
	q := url.Values{"after": {strconv.FormatUint(after, 10)}, "limit": {strconv.Itoa(limit)}}
	res, err := a.get(ctx, "/messages", q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, away("the answer broke off").Wrap(err)
	}
	if len(raw) > maxAnswer {
		return nil, wrong("an answer of more than %d MB", maxAnswer>>20)
	}
	var r reply
	if err := json.Unmarshal(raw, &r); err != nil {
		if res.StatusCode != http.StatusOK {
			return nil, refused(res.StatusCode, 0, "", false)
		}
		return nil, wrong("the answer is not JSON of the protocol").Wrap(err)
	}
	if r.Code != 0 || res.StatusCode != http.StatusOK {
		return nil, refused(res.StatusCode, r.Code, r.Msg, false)
	}
	return r.Messages, inOrder(r.Messages, after, limit)
}

// inOrder checks what the position relies on.
func inOrder(list []Raw, after uint64, limit int) error {
	if len(list) > limit {
		return wrong("%d messages where %d were asked for", len(list), limit)
	}
	last := uint64(0)
	for i, m := range list {
		switch {
		case m.Seq > maxSeq:
			return wrong("message %d has the number %d", i, m.Seq)
		case m.Seq <= last && i > 0 || m.Seq == 0:
			return wrong("message %d has the number %d after %d", i, m.Seq, last)
		case m.Seq <= after && after > 0:
			return wrong("message %d has the number %d, which lies before %d", i, m.Seq, after)
		case m.MsgID == "":
			return wrong("message %d has no msgid", i)
		}
		last = m.Seq
	}
	return nil
}

func (a *adapter) Media(ctx context.Context, fileID string, w io.Writer) error {
	res, err := a.get(ctx, "/media", url.Values{"sdkfileid": {fileID}})
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK || strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		raw, _ := io.ReadAll(io.LimitReader(res.Body, errorBytes))
		var r reply
		if json.Unmarshal(raw, &r) == nil && r.Code != 0 || res.StatusCode != http.StatusOK {
			return refused(res.StatusCode, r.Code, r.Msg, true)
		}
		// A file may be JSON itself: these are its first bytes.
		if _, err := w.Write(raw); err != nil {
			return err
		}
	}
	var sink tracked
	sink.w = w
	if _, err := io.Copy(&sink, res.Body); err != nil {
		if sink.err != nil {
			return sink.err
		}
		return away("the file broke off").Wrap(err)
	}
	return nil
}

// tracked remembers whether it was the writer that failed.
type tracked struct {
	w   io.Writer
	err error
}

func (t *tracked) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.err = err
	return n, err
}

func (a *adapter) get(ctx context.Context, path string, q url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path+"?"+q.Encode(), nil) //nolint:gosec // the administrator says where the adapter stands
	if err != nil {
		return nil, errs.E(errs.Invalid, "archive.adapter_url", "the adapter's address is no address").Wrap(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Accept", "application/json")
	res, err := a.http.Do(req) //nolint:gosec // as above
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address may name a file
		}
		return nil, away("no answer").Wrap(err)
	}
	return res, nil
}

// The codes that mean something to us: those of WeCom's library, and of the calls it makes. An adapter asks again itself
// on 10001 to 10003.
const (
	codeBadParam   = 10000
	codeNetwork    = 10001
	codeParse      = 10002
	codeSystem     = 10003
	codeBadFile    = 10005
	codeDecrypt    = 10006
	codeDecryptMsg = 10008
	codeBadIP      = 10009
	codeTooOld     = 10010
	codeTLS        = 10011
	codeBadSecret  = 40001
	codeNoIP       = 60020
	codeNoFile     = 301048
	codeExpired    = 301052
	codeNotEnabled = 301053
	codeOldSDK     = 301111
)

func away(msg string, args ...any) *errs.Error {
	return errs.E(errs.Unavailable, "archive.adapter_away", msg, args...)
}

func wrong(msg string, args ...any) *errs.Error {
	return errs.E(errs.Invalid, "archive.adapter_wrong", msg, args...).With("problem", fmt.Sprintf(msg, args...))
}

// refused turns an adapter's refusal into ours; file says that a file was asked for. Its own text is for logs alone.
func refused(status, code int, msg string, file bool) *errs.Error {
	detail := fmt.Sprintf("status %d, errcode %d: %s", status, code, clip(clean(msg), 200))
	e := func(kind errs.Kind, name string) *errs.Error {
		return errs.E(kind, name, "%s", detail).With("errcode", code).With("status", status)
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return e(errs.Forbidden, "archive.adapter_key")
	case code == codeTooOld || file && code == codeExpired: // of a file or of the service: WeCom has one code for both
		return e(errs.NotFound, "archive.media_gone")
	case code == codeBadFile || code == codeNoFile:
		return e(errs.NotFound, "archive.media_unknown")
	case code == codeDecrypt || code == codeDecryptMsg:
		return e(errs.Conflict, "archive.adapter_decrypt")
	case code == codeBadIP || code == codeNoIP:
		return e(errs.Forbidden, "archive.adapter_ip")
	case code == codeBadSecret || code == codeBadParam:
		return e(errs.Forbidden, "archive.adapter_secret")
	case code == codeExpired || code == codeNotEnabled:
		return e(errs.Forbidden, "archive.not_enabled")
	case code == codeOldSDK:
		return e(errs.Conflict, "archive.adapter_sdk")
	case code == codeNetwork || code == codeParse || code == codeSystem || code == codeTLS || code == -1 || status >= http.StatusInternalServerError:
		return e(errs.Unavailable, "archive.adapter_trouble")
	case code == 0 && status == http.StatusNotFound:
		return e(errs.Invalid, "archive.adapter_path")
	}
	return e(errs.Conflict, "archive.adapter_refused")
}
