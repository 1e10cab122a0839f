// Package wecom is the typed client of WeCom's (企业微信) server API for one self-built app of one corp.
//
// Invariants: every failure is an *Error that names the API and WeCom's code; a stale token is refreshed once and the
// call repeated once; a call that WeCom was too busy for (-1, 6000, 45033, 45035) is repeated at most three times;
// nothing else is repeated, because only the caller knows whether a call may be repeated. Unknown tells when it cannot be
// known whether the effect happened. WeCom's limits are kept before WeCom has to (package quota); Urgently and Patiently say
// how a caller meets them. No error carries a token, a secret or a robot's key.
//
// A client speaks for one secret: an app, the chat archive, the contacts sync. The client caches nothing but tokens and
// tickets, never decides about sending, and never knows whether it talks to WeCom or to the simulator: that is a matter
// of Config.BaseURL.
package wecom

import (
	"net/http"
	"strings"
	"sync/atomic"

	"qunce/internal/clock"
	"qunce/internal/wecom/quota"
)

// DefaultBaseURL is WeCom's own address.
const DefaultBaseURL = "https://qyapi.weixin.qq.com"

// Config says which app of which corp the client speaks for.
type Config struct {
	BaseURL   string // without a trailing slash; empty = DefaultBaseURL
	CorpID    string
	Secret    string
	AgentID   int
	HTTP      *http.Client // nil = a client with a 15 s timeout
	Tokens    TokenStore   // nil = MemoryTokens
	Clock     clock.Clock  // wall time for token expiry and quota windows; nil = clock.Wall()
	PerMinute int          // calls per API and minute; 0 = WeCom's 10,000; negative = no limits (an accelerated corp)
	Share     int          // of how many calling processes this is one: each keeps to its part of the limits; 0 = 1
	Meter     quota.Meter  // counts days and months; nil = in memory

	// Tickets gives the store of a ticket of the JS-SDK by its name, "jsapi" or "agent"; nil = MemoryTokens.
	Tickets func(name string) TokenStore
}

// Client calls the API; it is safe for concurrent use.
type Client struct {
	base    string
	corpID  string
	secret  string
	agentID int
	http    *http.Client
	bulk    *http.Client // for files: the same with a longer timeout
	tokens  TokenStore
	tickets [2]TokenStore // corp, agent
	fetched atomic.Pointer[fetched]
	clock   clock.Clock
	quota   *quota.Keeper
}

// New makes a client. It does not call WeCom.
func New(c Config) *Client {
	cl := &Client{
		base: strings.TrimRight(c.BaseURL, "/"), corpID: c.CorpID, secret: c.Secret, agentID: c.AgentID,
		tokens: c.Tokens, clock: c.Clock,
	}
	if cl.base == "" {
		cl.base = DefaultBaseURL
	}
	if cl.clock == nil {
		cl.clock = clock.Wall()
	}
	cl.http, cl.bulk = connections(c.HTTP)
	if cl.tokens == nil {
		cl.tokens = NewMemoryTokens(cl.clock)
	}
	for i, name := range []string{"jsapi", "agent"} {
		cl.tickets[i] = NewMemoryTokens(cl.clock)
		if c.Tickets != nil {
			cl.tickets[i] = c.Tickets(name)
		}
	}
	cl.quota = quota.New(cl.clock, c.Meter, c.PerMinute, c.Share)
	return cl
}

// CorpID returns the corp the client speaks for.
func (c *Client) CorpID() string { return c.corpID }

// AgentID returns the app the client speaks for.
func (c *Client) AgentID() int { return c.agentID }
