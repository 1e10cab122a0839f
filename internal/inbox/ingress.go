package inbox

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"qunce/internal/errs"
	"qunce/internal/wecom/callback"
)

// Ingress is the door that WeCom knocks at: it verifies, decrypts, stores and answers, and does nothing else. A callback
// that cannot be stored is answered with 503, so that WeCom sends it again; one that is not WeCom's with 403. Anybody may
// knock: what a stranger can make us do is bounded in bytes, in time and in number, and never writes to the database.
type Ingress struct {
	// From names where a request comes from, for the page of refusals; nil means the peer's address.
	From func(r *http.Request) string

	inbox  *Inbox
	crypto *callback.Crypto
	seats  chan struct{}
	body   time.Duration // how long a body may take to arrive
}

// seats is how many requests are read and kept in memory at once; the next ones wait for a free seat.
const seats = 256

// NewIngress returns the door of one corp.
func NewIngress(in *Inbox, crypto *callback.Crypto) *Ingress {
	return &Ingress{inbox: in, crypto: crypto, seats: make(chan struct{}, seats), body: readWithin}
}

const (
	// answerWithin is how long a callback may take, its commit included: WeCom hangs up after 5 s.
	answerWithin = 4 * time.Second
	// readWithin is how long a body may take to arrive.
	readWithin = 2 * time.Second
)

func (g *Ingress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := g.inbox.wall.Now()
	var err error
	switch r.Method {
	case http.MethodGet:
		err = g.verify(w, r)
	case http.MethodPost:
		err = g.receive(w, r)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "GET to verify, POST to deliver", http.StatusMethodNotAllowed)
		return
	}
	switch {
	case err != nil:
		g.refuse(w, r, err)
	case r.Method == http.MethodPost:
		g.inbox.tally.answered(g.inbox.wall.Now().Sub(began))
	}
}

// verify answers WeCom's test of the address with the plain echo: no quotes, no newline.
func (g *Ingress) verify(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	if q.Get("msg_signature") == "" {
		return errUnsigned
	}
	plain, err := g.crypto.Verify(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), q.Get("echostr"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(plain)
	g.inbox.tally.add(Verified, "", "")
	return nil
}

var (
	errUnsigned = errs.E(errs.Forbidden, "callback.unsigned", "the address has no signature")
	errBusy     = errs.E(errs.Unavailable, "callback.busy", "no free seat")
	errSlow     = errs.E(errs.Invalid, "callback.slow", "the body did not arrive in time")
)

// receive stores one callback; no error means that it is stored, or was before, and that WeCom has its 200.
func (g *Ingress) receive(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	sig, ts, nonce := q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce")
	switch { // what can be refused before a body is read
	case sig == "":
		return errUnsigned
	case r.ContentLength > callback.MaxBody:
		return errs.E(errs.Invalid, "callback.too_large", "the body has %d bytes", r.ContentLength)
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
	defer cancel()
	select {
	case g.seats <- struct{}{}:
		defer func() { <-g.seats }()
	case <-ctx.Done():
		return errBusy
	}
	body, err := g.read(w, r)
	if err != nil {
		return err
	}
	g.inbox.knocking.Add(1)
	defer g.inbox.knocking.Add(-1)
	plain, err := g.crypto.Decrypt(sig, ts, nonce, body)
	if err != nil {
		return err
	}
	ev, err := callback.Parse(plain)
	if err != nil {
		return err
	}
	fresh, err := g.inbox.keep(ctx, ev)
	if err != nil {
		return errs.E(errs.Unavailable, "callback.not_stored", "the event could not be stored").Wrap(err)
	}
	outcome := Doubled
	if fresh {
		outcome = Taken
	}
	g.inbox.tally.add(outcome, "", "")
	w.WriteHeader(http.StatusOK)
	return nil
}

// read reads the body; one that trickles in is cut off.
func (g *Ingress) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	late := time.AfterFunc(g.body, func() { _ = control.SetReadDeadline(longAgo) })
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, callback.MaxBody))
	inTime := late.Stop()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, errs.E(errs.Invalid, "callback.too_large", "the body is too large").Wrap(err)
	case !inTime:
		return nil, errSlow
	case err != nil:
		return nil, errs.E(errs.Invalid, "callback.incomplete", "the body broke off").Wrap(err)
	}
	return body, nil
}

// longAgo is a deadline that is over.
var longAgo = time.Unix(1, 0)

func (g *Ingress) refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := errs.CodeOf(err)
	from := g.from(r)
	g.inbox.tally.add(Refused, code, from)
	if g.inbox.tally.loud(code) {
		g.inbox.log.Warn("callback refused", "code", code, "from", from, "error", err)
	}
	if errs.KindOf(err) == errs.Unavailable {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Connection", "close")
	http.Error(w, "not accepted", http.StatusForbidden)
}

func (g *Ingress) from(r *http.Request) string {
	if g.From != nil {
		return g.From(r)
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// Refused counts callbacks and tests of the address that were refused since the start of the process.
func (g *Ingress) Refused() int64 { return g.inbox.tally.count(Refused) }

// Stored counts callbacks that were answered with 200, doubles included, since the start of the process.
func (g *Ingress) Stored() int64 {
	return g.inbox.tally.count(Taken) + g.inbox.tally.count(Doubled)
}
