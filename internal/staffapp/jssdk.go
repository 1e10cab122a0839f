package staffapp

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/wecom"
)

// WeCom gives the tickets with which pages are signed; wecom.Client does.
type WeCom interface {
	CorpID() string
	AgentID() int
	JSAPITicket(ctx context.Context) (string, time.Duration, error)
	AgentTicket(ctx context.Context) (string, time.Duration, error)
}

// JSSDK is what a page needs to register with the WeCom client as a page of the corp and of its app. Both signatures are
// over the same nonce, time and address.
type JSSDK struct {
	CorpID          string `json:"corp_id"`
	AgentID         int    `json:"agent_id"`
	Timestamp       int64  `json:"timestamp" doc:"Unix seconds"`
	Nonce           string `json:"nonce"`
	ConfigSignature string `json:"config_signature"`
	AgentSignature  string `json:"agent_signature"`
}

// jssdk signs the address of one of our pages. Errors: Invalid "staff.jssdk_url" for a page of somebody else, Unavailable
// "staff.jssdk_ticket" when WeCom gives no ticket.
func (s *Service) jssdk(ctx context.Context, pageURL string) (JSSDK, error) {
	if _, err := s.self(ctx); err != nil {
		return JSSDK{}, err
	}
	if s.PublicURL == "" || !strings.HasPrefix(pageURL, s.PublicURL+"/") {
		return JSSDK{}, errs.E(errs.Invalid, "staff.jssdk_url", "%q is not under %q", pageURL, s.PublicURL).On("url").With("public_url", s.PublicURL)
	}
	config, err := s.corpTicket.get(ctx, s.Wall, s.WeCom.JSAPITicket)
	if err != nil {
		return JSSDK{}, err
	}
	agent, err := s.agentTicket.get(ctx, s.Wall, s.WeCom.AgentTicket)
	if err != nil {
		return JSSDK{}, err
	}
	out := JSSDK{CorpID: s.WeCom.CorpID(), AgentID: s.WeCom.AgentID(), Timestamp: s.Wall.Now().Unix(), Nonce: rand.Text()}
	out.ConfigSignature = wecom.SignJS(config, out.Nonce, out.Timestamp, pageURL)
	out.AgentSignature = wecom.SignJS(agent, out.Nonce, out.Timestamp, pageURL)
	return out, nil
}

// ticketMargin is how long before its end a ticket is fetched anew: a signature may wait on a slow phone.
const ticketMargin = 5 * time.Minute

// ticket keeps one of WeCom's tickets until shortly before it ends, since a corp may fetch few in an hour. Whoever comes
// while it is fetched waits for that one.
type ticket struct {
	mu    sync.Mutex
	value string
	until time.Time
}

func (t *ticket) get(ctx context.Context, now clock.Clock, fetch func(context.Context) (string, time.Duration, error)) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value != "" && now.Now().Before(t.until) {
		return t.value, nil
	}
	value, ttl, err := fetch(ctx)
	if err != nil {
		return "", errs.E(errs.Unavailable, "staff.jssdk_ticket", "WeCom gives no ticket").Wrap(err)
	}
	t.value, t.until = value, now.Now().Add(ttl-ticketMargin)
	return value, nil
}
