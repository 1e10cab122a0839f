package wecom

import (
	"context"
	"crypto/sha1" //nolint:gosec // WeCom's signature scheme
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Identity is who opened a page inside WeCom: UserID for a member; OpenID, and ExternalUserID if one of our customers,
// for anybody else. Ticket (30 minutes) is for AuthUserDetail, and only there when the sign-in asked for private data.
type Identity struct {
	UserID         string `json:"userid"`
	OpenID         string `json:"openid"`
	ExternalUserID string `json:"external_userid"`
	Ticket         string `json:"user_ticket"`
}

// AuthUserInfo exchanges an OAuth code, which lives five minutes and works once; 40029, 42003 or 42022 otherwise.
func (c *Client) AuthUserInfo(ctx context.Context, code string) (Identity, error) {
	var out Identity
	err := c.get(ctx, "/cgi-bin/auth/getuserinfo", url.Values{"code": {code}}, &out)
	return out, err
}

// UserDetail is what a member consented to show; what was not consented to is empty. Gender: "1" man, "2" woman, "0".
type UserDetail struct {
	UserID  string     `json:"userid"`
	Gender  flexString `json:"gender"`
	Avatar  string     `json:"avatar"`
	QRCode  string     `json:"qr_code"`
	Mobile  string     `json:"mobile"`
	Email   string     `json:"email"`
	BizMail string     `json:"biz_mail"`
	Address string     `json:"address"`
}

// AuthUserDetail exchanges an Identity's ticket; 84014 or 84015 when it is over or wrong.
func (c *Client) AuthUserDetail(ctx context.Context, ticket string) (UserDetail, error) {
	in := struct {
		Ticket string `json:"user_ticket"`
	}{ticket}
	var out UserDetail
	err := c.post(ctx, "/cgi-bin/auth/getuserdetail", in, &out)
	return out, err
}

// Where people sign in: WeCom's webview, and a browser that shows a QR code.
const (
	DefaultAuthorizeBase = "https://open.weixin.qq.com"
	DefaultQRLoginBase   = "https://login.work.weixin.qq.com"
)

// AuthorizeURL is the address that sends a browser through WeCom's silent sign-in and back to redirect with a code.
// An empty base means WeCom's own; state has at most 128 letters and digits.
func (c *Client) AuthorizeURL(base, redirect, state string) string {
	return c.authorizeURL(base, redirect, state, "snsapi_base")
}

// PrivateAuthorizeURL is AuthorizeURL with WeCom asking the member whether the app may read private data.
func (c *Client) PrivateAuthorizeURL(base, redirect, state string) string {
	return c.authorizeURL(base, redirect, state, "snsapi_privateinfo")
}

func (c *Client) authorizeURL(base, redirect, state, scope string) string {
	if base == "" {
		base = DefaultAuthorizeBase
	}
	// WeCom reads the parameters in this order.
	return strings.TrimRight(base, "/") + "/connect/oauth2/authorize?appid=" + url.QueryEscape(c.corpID) +
		"&redirect_uri=" + url.QueryEscape(redirect) + "&response_type=code&scope=" + scope + "&state=" + url.QueryEscape(state) +
		"&agentid=" + strconv.Itoa(c.agentID) + "#wechat_redirect"
}

// QRLoginURL is the page on which a member scans a QR code to sign in to redirect from a browser outside WeCom; the code
// that comes back goes to AuthUserInfo. An empty base means WeCom's own; lang is zh or en.
func (c *Client) QRLoginURL(base, redirect, state, lang string) string {
	if base == "" {
		base = DefaultQRLoginBase
	}
	return strings.TrimRight(base, "/") + "/wwlogin/sso/login?login_type=CorpApp&appid=" + url.QueryEscape(c.corpID) +
		"&agentid=" + strconv.Itoa(c.agentID) + "&redirect_uri=" + url.QueryEscape(redirect) + "&state=" + url.QueryEscape(state) +
		"&lang=" + url.QueryEscape(lang)
}

// The tickets' addresses.
const (
	corpTicketAPI  = "/cgi-bin/get_jsapi_ticket"
	agentTicketAPI = "/cgi-bin/ticket/get"
)

// ticketMargin is how long before its end a ticket is fetched anew: a signature may wait on a slow phone.
const ticketMargin = 5 * time.Minute

// JSAPITicket returns the corp's ticket for wx.config and how long it lives. It is kept in the store and shared, since a
// corp may fetch 400 an hour only.
func (c *Client) JSAPITicket(ctx context.Context) (string, time.Duration, error) {
	return c.ticket(ctx, c.tickets[0], corpTicketAPI, nil)
}

// AgentTicket returns the app's ticket for wx.agentConfig and how long it lives; an app may fetch 100 an hour.
func (c *Client) AgentTicket(ctx context.Context) (string, time.Duration, error) {
	return c.ticket(ctx, c.tickets[1], agentTicketAPI, query("type", "agent_config"))
}

func (c *Client) ticket(ctx context.Context, store TokenStore, api string, q url.Values) (string, time.Duration, error) {
	old, expires, err := store.Get(ctx)
	if err != nil {
		return "", 0, err
	}
	left := expires.Sub(c.clock.Now())
	if old != "" && left > ticketMargin {
		return old, left, nil
	}
	fresh, err := store.Refresh(ctx, old, func(ctx context.Context) (string, time.Duration, error) {
		var out struct {
			Ticket  string  `json:"ticket"`
			Expires flexInt `json:"expires_in"`
		}
		if err := c.get(ctx, api, q, &out); err != nil {
			return "", 0, err
		}
		left = time.Duration(out.Expires) * time.Second
		return out.Ticket, left, nil
	})
	if err != nil {
		return "", 0, err
	}
	if left <= ticketMargin { // another caller fetched it
		if _, expires, err = store.Get(ctx); err != nil {
			return "", 0, err
		}
		left = expires.Sub(c.clock.Now())
	}
	return fresh, left, nil
}

// SignJS signs a page's address for the JS-SDK; a fragment is left out, timestamp is in Unix seconds.
func SignJS(ticket, nonce string, timestamp int64, pageURL string) string {
	pageURL, _, _ = strings.Cut(pageURL, "#")
	sum := sha1.Sum([]byte("jsapi_ticket=" + ticket + "&noncestr=" + nonce + "&timestamp=" + strconv.FormatInt(timestamp, 10) + "&url=" + pageURL)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}
