package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"qunce/internal/wecom/callback"
)

// certificateSoon is how many days a certificate should still be good for.
const certificateSoon = 21

// fetched is the answer of our own public address as somebody outside would get it.
type fetched struct {
	status  int
	body    []byte
	took    time.Duration
	expires time.Time // of the certificate; zero without one
	to      string    // where a redirect leads
}

// mostAnswer bounds what is read of an answer.
const mostAnswer = 1 << 16

// fetch asks our own public address, without following redirects and without the proxies of this machine: WeCom comes
// from outside, too.
func (x *exam) fetch(ctx context.Context, path string, query url.Values) (fetched, error) {
	u := *x.public
	u.Path, u.RawQuery = strings.TrimRight(u.Path, "/")+path, query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fetched{}, err
	}
	t := &http.Transport{DisableKeepAlives: true, TLSHandshakeTimeout: Patience}
	if base, ok := transport(x.d.HTTP).(*http.Transport); ok {
		t.DialContext, t.TLSClientConfig = base.DialContext, base.TLSClientConfig.Clone()
	}
	began := x.d.Wall.Now()
	res, err := (&http.Client{Transport: t, CheckRedirect: noRedirect}).Do(req)
	if err != nil {
		return fetched{}, err
	}
	defer func() { _ = res.Body.Close() }()
	out := fetched{status: res.StatusCode, to: clip(res.Header.Get("Location"))}
	if out.body, err = io.ReadAll(io.LimitReader(res.Body, mostAnswer)); err != nil {
		return fetched{}, err
	}
	out.took = x.d.Wall.Now().Sub(began)
	if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
		out.expires = res.TLS.PeerCertificates[0].NotAfter
	}
	return out, nil
}

// whyUnreachable puts the reason of a failed request into one word and its detail.
func whyUnreachable(err error) (says string, facts Facts) {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	facts = Facts{"reason": clip(err.Error())}
	var dns *net.DNSError
	var unknownAuthority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &dns):
		return "no_name", facts
	case errors.As(err, &verify), errors.As(err, &unknownAuthority), errors.As(err, &invalid), errors.As(err, &host), errors.As(err, &record):
		return "bad_certificate", facts
	}
	return "unreachable", facts
}

// publicURL asks whether our address can be WeCom's and the customers' way in: https, a public name, ours, a certificate
// that lasts.
func (x *exam) publicURL(ctx context.Context) Finding {
	if x.public == nil {
		return skipped("no_address")
	}
	host := x.public.Hostname()
	facts := Facts{"url": x.public.String(), "host": host}
	local := isLocal(host)
	switch {
	case local && x.Corp == nil:
		return skipped("no_address")
	case local && !x.sandbox:
		return fail("local", facts)
	}
	got, err := x.fetch(ctx, "/healthz", nil)
	if err != nil {
		says, why := whyUnreachable(err)
		why["url"], why["host"] = facts["url"], host
		if says == "unreachable" && x.reachedFromOutside(ctx) {
			return warn("only_outside", why)
		}
		return fail(says, why)
	}
	facts["status"], facts["to"] = got.status, got.to
	var health struct {
		Status string `json:"status"`
	}
	switch {
	case got.status >= 300 && got.status < 400:
		return fail("redirect", facts)
	case got.status == http.StatusServiceUnavailable && json.Unmarshal(got.body, &health) == nil && health.Status != "":
		return fail("unhealthy", facts)
	case got.status != http.StatusOK || json.Unmarshal(got.body, &health) != nil || health.Status != "ok":
		return fail("not_ours", facts)
	}
	if local {
		return fine("sandbox", facts)
	}
	if !got.expires.IsZero() {
		days := int(got.expires.Sub(x.d.Wall.Now()).Hours() / 24)
		facts["days"], facts["until"] = days, x.moment(got.expires)
		if days < certificateSoon {
			return warn("certificate_soon", facts)
		}
	}
	if x.public.Scheme != "https" {
		return warn("plain", facts)
	}
	if addresses, err := resolve(ctx, host); err == nil && !slices.ContainsFunc(addresses, func(ip netip.Addr) bool { return !localIP(ip) }) {
		facts["ip"] = addresses[0].String()
		return warn("inside", facts)
	}
	return fine("ok", facts)
}

// reachedFromOutside reports whether WeCom has found its way to us lately, although this machine may not.
func (x *exam) reachedFromOutside(ctx context.Context) bool {
	if x.Verified {
		return true
	}
	db, _, ok := x.records()
	if !ok {
		return false
	}
	last, err := lastCallback(ctx, db)
	return err == nil && last != nil && x.d.Wall.Now().Sub(*last) < 24*time.Hour
}

// answerWithin is how quickly WeCom wants the address test answered.
const answerWithin = time.Second

// selfTest marks the address tests that are ours, so that they are not taken for WeCom's.
const selfTest = "qunce-doctor-"

// IsSelfTest reports whether the plain text of an address test is one that the doctor made.
func IsSelfTest(plain []byte) bool { return bytes.HasPrefix(plain, []byte(selfTest)) }

// CallbackPath is where a corp's callbacks arrive below its public address.
func CallbackPath(schema string) string { return "/callback/" + schema }

// callbackWay prepares an address test, or says why there is none.
func (x *exam) callbackWay() (*callback.Crypto, Finding, bool) {
	if f, stop := x.nobody(); stop {
		return nil, f, false
	}
	if x.public == nil {
		return nil, skipped("needs_address"), false
	}
	if x.Corp.Secrets.CallbackToken == "" {
		return nil, skipped("unset"), false
	}
	crypto, err := callback.NewCrypto(x.Corp.Secrets.CallbackToken, x.Corp.Secrets.EncodingAESKey, x.Corp.CorpID)
	if err != nil {
		return nil, fail("bad_key", nil), false
	}
	return crypto, Finding{}, true
}

// test makes one address test as WeCom makes it; token is the signature's.
func (x *exam) test(ctx context.Context, crypto *callback.Crypto, plain []byte, forge bool) (fetched, error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	ts, nonce := strconv.FormatInt(x.d.Wall.Now().Unix(), 10), rand.Text()[:10]
	sealed := crypto.Seal(plain, random)
	signature := crypto.Sign(ts, nonce, sealed)
	if forge {
		signature = strings.Repeat("0", len(signature))
	}
	return x.fetch(ctx, CallbackPath(x.Corp.Schema), url.Values{"msg_signature": {signature}, "timestamp": {ts}, "nonce": {nonce}, "echostr": {sealed}})
}

// callbackURL makes the test that WeCom makes when the address is saved: a signed and sealed text must come back bare,
// within a second.
func (x *exam) callbackURL(ctx context.Context) Finding {
	crypto, f, ok := x.callbackWay()
	if !ok {
		return f
	}
	plain := []byte(selfTest + rand.Text())
	got, err := x.test(ctx, crypto, plain, false)
	facts := Facts{"url": x.public.String() + CallbackPath(x.Corp.Schema)}
	if err != nil {
		says, why := whyUnreachable(err)
		why["url"] = facts["url"]
		if says == "unreachable" && x.reachedFromOutside(ctx) {
			return warn("only_outside", why)
		}
		return fail(says, why)
	}
	facts["ms"], facts["status"], facts["to"] = got.took.Milliseconds(), got.status, got.to
	switch {
	case got.status >= 300 && got.status < 400:
		return fail("redirect", facts)
	case got.status == http.StatusForbidden:
		return fail("key", facts)
	case got.status != http.StatusOK:
		return fail("status", facts)
	case bytes.Equal(got.body, plain) && got.took > answerWithin:
		return fail("slow", facts)
	case bytes.Equal(got.body, plain):
		return fine("ok", facts)
	case bytes.Contains(got.body, plain):
		return fail("changed", facts)
	}
	return fail("other", facts)
}

// callbackGuard makes sure that a forged test is refused. It is made on demand only, since the door counts refusals.
func (x *exam) callbackGuard(ctx context.Context) Finding {
	crypto, f, ok := x.callbackWay()
	if !ok {
		if f.State == Fail {
			return skipped("needs_callback")
		}
		return f
	}
	got, err := x.test(ctx, crypto, []byte(selfTest+rand.Text()), true)
	switch {
	case err != nil:
		return skipped("needs_callback")
	case got.status == http.StatusForbidden:
		return fine("ok", nil)
	case got.status != http.StatusOK:
		return skipped("needs_callback")
	}
	return fail("open", Facts{"status": got.status})
}

const (
	callbackQuiet = 3 * 24 * time.Hour // without a callback is long for a brand with customers
	refusalDays   = 7
)

func (x *exam) callbackSeen(ctx context.Context) Finding {
	db, f, ok := x.records()
	if !ok {
		return f
	}
	last, err := lastCallback(ctx, db)
	if err != nil {
		return unread(err)
	}
	now := x.d.Wall.Now()
	list, err := refusals(ctx, db, now.AddDate(0, 0, -refusalDays))
	if err != nil {
		return unread(err)
	}
	facts := Facts{"days": refusalDays, "refused": int64(0)}
	var newest refusal
	reasons := map[string]int64{}
	for _, r := range list {
		reasons[r.reason] = r.count
		facts["refused"] = facts["refused"].(int64) + r.count
		if r.lastAt.After(newest.lastAt) {
			newest = r
		}
	}
	if newest.count > 0 {
		facts["error"], facts["refused_at"], facts["reasons"] = newest.reason, x.moment(newest.lastAt), reasons
	}
	if last != nil {
		facts["at"] = x.moment(*last)
	}
	switch {
	case last == nil && newest.count > 0:
		return fail("only_refused", facts)
	case last == nil:
		return unknown("never", facts)
	case newest.lastAt.After(*last):
		return warn("refused", facts)
	case now.Sub(*last) > callbackQuiet:
		return warn("quiet", facts)
	case newest.count > 0:
		return fine("ok_refused", facts)
	}
	return fine("ok", facts)
}

// eventDays is how far back additions are compared with the callbacks that told of them.
const eventDays = 14

// callbackEvents finds out whether the box for customer events is ticked: additions that the sync found and that no
// callback told of.
func (x *exam) callbackEvents(ctx context.Context) Finding {
	db, f, ok := x.records()
	if !ok {
		return f
	}
	now, since, accelerated, err := corpNow(ctx, db)
	if err != nil {
		return unread(err)
	}
	if !accelerated {
		now = x.d.Wall.Now()
	}
	if from := now.AddDate(0, 0, -eventDays); from.After(since) {
		since = from
	}
	added, told, err := adds(ctx, db, since)
	if err != nil {
		return unread(err)
	}
	facts := Facts{"added": added, "told": told, "since": x.moment(since)}
	switch {
	case told > 0:
		return fine("ok", facts)
	case added > 0:
		return fail("missing", facts)
	}
	return unknown("quiet", facts)
}

// sentenceOf is the errs code whose sentence explains a finding: WeCom's errcode, or the reason of a refusal.
func sentenceOf(f Facts) string {
	if code, ok := f["error"].(string); ok {
		return code
	}
	switch n := f["errcode"].(type) {
	case int:
		if n != 0 {
			return "wecom." + strconv.Itoa(n)
		}
	case float64: // out of the database
		if n != 0 {
			return "wecom." + strconv.Itoa(int(n))
		}
	}
	return ""
}
