package wecom

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"sync"
	"time"

	"qunce/internal/clock"
)

const signInAPI = "/cgi-bin/gettoken"

// TokenStore keeps the access token of one secret, or a ticket. A secret has one token, so all processes of a corp
// should share the store.
type TokenStore interface {
	// Get returns the stored token and when it expires; an empty token means there is none.
	Get(ctx context.Context) (token string, expires time.Time, err error)
	// Refresh replaces the token old, which WeCom refused or which expired. If somebody else has replaced it
	// meanwhile, that newer token is returned and fetch is not called. One caller at a time fetches.
	Refresh(ctx context.Context, old string, fetch func(context.Context) (token string, ttl time.Duration, err error)) (string, error)
	// Refusal returns what KeepRefusal stored last; the zero value for nothing.
	Refusal(ctx context.Context) (Refusal, error)
	KeepRefusal(ctx context.Context, r Refusal) error
}

// Refusal is how WeCom last refused a token to a secret, known by a fingerprint. Until then it is not asked again:
// WeCom closes its doors for an hour to an address that keeps coming with a wrong secret.
type Refusal struct {
	Print string        `json:"print"`
	Code  int           `json:"code"`
	Msg   string        `json:"msg"`
	Pause time.Duration `json:"pause"`
	Until time.Time     `json:"until"`
}

// The pauses after refusals of a token: doubled each time, and shorter at most where WeCom needs a minute to take a
// change of the trusted addresses over.
const (
	firstPause   = 5 * time.Second
	longestPause = 10 * time.Minute
	addressPause = time.Minute
)

// next is the refusal that follows this one, at now.
func (r Refusal) next(code int, msg string, now time.Time) Refusal {
	longest := longestPause
	if code == 60020 {
		longest = addressPause
	}
	n := Refusal{Print: r.Print, Code: code, Msg: msg, Pause: min(max(2*r.Pause, firstPause), longest)}
	n.Until = now.Add(n.Pause)
	return n
}

// MemoryTokens is the TokenStore of one process.
type MemoryTokens struct {
	clock   clock.Clock
	mu      sync.Mutex
	token   string
	expires time.Time

	refusing sync.Mutex // of its own: fetch looks while mu is held
	refusal  Refusal
}

// NewMemoryTokens returns an empty store.
func NewMemoryTokens(c clock.Clock) *MemoryTokens { return &MemoryTokens{clock: c} }

// Get implements TokenStore.
func (m *MemoryTokens) Get(context.Context) (string, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token, m.expires, nil
}

// Refresh implements TokenStore; concurrent callers wait for one fetch.
func (m *MemoryTokens) Refresh(ctx context.Context, old string, fetch func(context.Context) (string, time.Duration, error)) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.token != old && m.clock.Now().Before(m.expires) {
		return m.token, nil
	}
	token, ttl, err := fetch(ctx)
	if err != nil {
		return "", err
	}
	m.token, m.expires = token, m.clock.Now().Add(ttl)
	return token, nil
}

// Refusal implements TokenStore.
func (m *MemoryTokens) Refusal(context.Context) (Refusal, error) {
	m.refusing.Lock()
	defer m.refusing.Unlock()
	return m.refusal, nil
}

// KeepRefusal implements TokenStore.
func (m *MemoryTokens) KeepRefusal(_ context.Context, r Refusal) error {
	m.refusing.Lock()
	defer m.refusing.Unlock()
	m.refusal = r
	return nil
}

// Token returns a token that is valid for at least a minute as far as is known, fetching one if needed.
func (c *Client) Token(ctx context.Context) (string, error) {
	token, expires, err := c.tokens.Get(ctx)
	if err != nil {
		return "", err
	}
	if token != "" && c.clock.Now().Add(time.Minute).Before(expires) {
		return token, nil
	}
	return c.refresh(ctx, token, c.fetched.Load())
}

// fetched is a token that this client fetched.
type fetched struct {
	token   string
	expires time.Time
}

// refresh replaces a token that was refused to a call made after the token last was fetched. A token fetched since then is
// taken even if it is the old one, as WeCom answers while it thinks it valid: many calls refused together fetch one.
func (c *Client) refresh(ctx context.Context, old string, last *fetched) (string, error) {
	return c.tokens.Refresh(ctx, old, func(ctx context.Context) (string, time.Duration, error) {
		if f := c.fetched.Load(); f != last {
			return f.token, f.expires.Sub(c.clock.Now()), nil
		}
		token, ttl, err := c.signIn(ctx)
		if err == nil {
			c.fetched.Store(&fetched{token, c.clock.Now().Add(ttl)})
		}
		return token, ttl, err
	})
}

// signIn fetches a token, unless WeCom refused one to this secret a moment ago. One caller at a time comes here.
func (c *Client) signIn(ctx context.Context) (string, time.Duration, error) {
	past, err := c.tokens.Refusal(ctx)
	if err != nil {
		return "", 0, err
	}
	stored := past
	if mark := c.fingerprint(); past.Print != mark {
		past = Refusal{Print: mark}
	}
	if left := past.Until.Sub(c.clock.Now()); left > 0 {
		return "", 0, &Error{API: signInAPI, Code: past.Code, Msg: past.Msg, after: left}
	}
	var out struct {
		Token   string  `json:"access_token"`
		Expires flexInt `json:"expires_in"`
	}
	q := url.Values{"corpid": {c.corpID}, "corpsecret": {c.secret}}
	err = c.repeated(ctx, request{api: signInAPI, query: q, take: decoded(signInAPI, &out)}, "")
	switch e := refusalOf(err); {
	case e != nil:
		next := past.next(e.Code, e.Msg, c.clock.Now())
		e.after = next.Pause
		if err := c.tokens.KeepRefusal(ctx, next); err != nil {
			return "", 0, err
		}
		return "", 0, e
	case err != nil:
		return "", 0, err
	case out.Token == "":
		return "", 0, &Error{API: signInAPI, Code: codeTransport, Msg: "answer has no token"}
	}
	if stored != (Refusal{}) {
		if err := c.tokens.KeepRefusal(ctx, Refusal{}); err != nil {
			return "", 0, err
		}
	}
	return out.Token, time.Duration(out.Expires) * time.Second, nil
}

// refusalOf is WeCom's word that the secret gets no token, as opposed to a limit or a failure on the way.
func refusalOf(err error) *Error {
	e := asError(err)
	if e == nil || e.Code <= 0 || e.Limited() || passing(e) {
		return nil
	}
	return e
}

// fingerprint knows the secret again without telling it.
func (c *Client) fingerprint() string {
	sum := sha256.Sum256([]byte(c.corpID + "\x00" + c.secret))
	return hex.EncodeToString(sum[:8])
}
