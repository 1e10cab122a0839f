package wecom

import (
	"context"
	"net/url"
	"sync"
	"time"

	"qunce/internal/clock"
)

const signIn = "/cgi-bin/gettoken"

// TokenStore keeps the app's access token. An app has one token, so all processes of a corp should share the store.
type TokenStore interface {
	// Get returns the stored token and when it expires; an empty token means there is none.
	Get(ctx context.Context) (token string, expires time.Time, err error)
	// Refresh replaces the token old, which WeCom refused or which expired. If somebody else has replaced it
	// meanwhile, that newer token is returned and fetch is not called.
	Refresh(ctx context.Context, old string, fetch func(context.Context) (token string, ttl time.Duration, err error)) (string, error)
}

// MemoryTokens is the TokenStore of one process.
type MemoryTokens struct {
	clock   clock.Clock
	mu      sync.Mutex
	token   string
	expires time.Time
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

// Token returns a token that is valid for at least a minute as far as is known, fetching one if needed.
func (c *Client) Token(ctx context.Context) (string, error) {
	token, expires, err := c.tokens.Get(ctx)
	if err != nil {
		return "", err
	}
	if token != "" && c.clock.Now().Add(time.Minute).Before(expires) {
		return token, nil
	}
	return c.refresh(ctx, token)
}

func (c *Client) refresh(ctx context.Context, old string) (string, error) {
	return c.tokens.Refresh(ctx, old, func(ctx context.Context) (string, time.Duration, error) {
		var out struct {
			Token   string `json:"access_token"`
			Expires int    `json:"expires_in"`
		}
		q := url.Values{"corpid": {c.corpID}, "corpsecret": {c.secret}}
		if err := c.patient(ctx, request{api: signIn, query: q, take: decoded(signIn, &out)}, ""); err != nil {
			return "", 0, err
		}
		if out.Token == "" {
			return "", 0, &Error{API: signIn, Code: codeTransport, Msg: "answer has no token"}
		}
		return out.Token, time.Duration(out.Expires) * time.Second, nil
	})
}
