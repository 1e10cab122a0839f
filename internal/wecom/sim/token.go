package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// tokenLife is how long an access token lives, in wall time.
const tokenLife = 7200 * time.Second

// secretKind names a secret of the corp, each with a token of its own.
type secretKind string

const (
	secretApp      secretKind = ""         // the app's
	secretContacts secretKind = "contacts" // of contacts sync (通讯录同步)
	secretArchive  secretKind = "archive"  // of the chat archive (会话内容存档)
	secretOther    secretKind = "other"    // another app's of the corp
)

// secrets lists what the corp has, the app's first.
func (s *Server) secrets() []secretKind {
	out := []secretKind{secretApp}
	for _, k := range []secretKind{secretContacts, secretArchive, secretOther} {
		if s.secret(k) != "" {
			out = append(out, k)
		}
	}
	return out
}

func (s *Server) secret(k secretKind) string {
	switch k {
	case secretContacts:
		return s.opt.ContactsSecret
	case secretArchive:
		return s.opt.ArchiveSecret
	case secretOther:
		if o := s.st.World.OtherApp; o != nil {
			return o.Secret
		}
		return ""
	}
	return s.opt.Secret
}

// token is made from its generation, so that it survives a restart without being kept.
func (s *Server) token(k secretKind, gen int64) string {
	h := hmac.New(sha256.New, []byte(s.secret(k)))
	_, _ = fmt.Fprintf(h, "%s/%d", s.opt.CorpID, gen)
	return hex.EncodeToString(h.Sum(nil)) + "-" + strconv.FormatInt(gen, 10)
}

func (s *state) tokenLine(k secretKind) tokenLine {
	if k == secretApp {
		return tokenLine{s.Token, s.TokenTo}
	}
	return s.Corp.Tokens[k]
}

func (t *transaction) setToken(k secretKind, v tokenLine) {
	if k == secretApp {
		t.do(op{K: opToken, N: v.Gen, M: v.To})
		return
	}
	t.change(op{K: opCorpToken, ID: string(k)}, v)
}

// getToken answers the same token until it expires, as WeCom does.
func (c *call) getToken() (fields, error) {
	corp, secret := c.q.Get("corpid"), c.q.Get("corpsecret")
	switch {
	case corp == "":
		return nil, refuse(41002, "corpid missing")
	case secret == "":
		return nil, refuse(41004, "corpsecret missing")
	case corp != c.s.opt.CorpID:
		return nil, refuse(40013, "invalid corpid")
	}
	for _, k := range c.s.secrets() {
		if !hmac.Equal([]byte(secret), []byte(c.s.secret(k))) {
			continue
		}
		if k == secretApp && c.st.World.Permissions.Disabled {
			return nil, refuse(50003, "app disabled")
		}
		now, line := c.s.wall.Now().Unix(), c.st.tokenLine(k)
		if now >= line.To {
			line = tokenLine{line.Gen + 1, now + int64(tokenLife/time.Second)}
			c.t.setToken(k, line)
		}
		return fields{"access_token": c.s.token(k, line.Gen), "expires_in": line.To - now}, nil
	}
	c.s.gate.guessed(c.ip)
	return nil, refuse(40001, "invalid credential")
}

// checkToken finds out which secret's token it is and notes it as the caller.
func (c *call) checkToken() error {
	token := c.q.Get("access_token")
	if token == "" {
		return refuse(41001, "access_token missing")
	}
	_, g, _ := strings.Cut(token, "-")
	gen, err := strconv.ParseInt(g, 10, 64)
	if err != nil {
		return refuse(40014, "invalid access_token")
	}
	for _, k := range c.s.secrets() {
		line := c.st.tokenLine(k)
		if gen > line.Gen || !hmac.Equal([]byte(token), []byte(c.s.token(k, gen))) {
			continue
		}
		c.caller = k
		switch {
		case gen == line.Gen && line.To == 0:
			return refuse(40014, "invalid access_token")
		case gen == line.Gen && c.s.wall.Now().Unix() < line.To:
			return nil
		}
		return refuse(42001, "access_token expired")
	}
	return refuse(40014, "invalid access_token")
}

// agentID is the app that the caller speaks for; 0 for the secrets that belong to no app.
func (c *call) agentID() int {
	switch c.caller {
	case secretApp:
		return c.s.opt.AgentID
	case secretOther:
		return c.st.World.OtherApp.AgentID
	}
	return 0
}

// invalidateTokens makes the present tokens of all secrets stop working.
func (s *Server) invalidateTokens(t *transaction) {
	for _, k := range s.secrets() {
		t.setToken(k, tokenLine{Gen: s.st.tokenLine(k).Gen})
	}
}
