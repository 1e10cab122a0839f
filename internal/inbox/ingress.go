package inbox

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"qunce/internal/errs"
	"qunce/internal/wecom/callback"
)

// Ingress is the door that WeCom knocks at: it verifies, decrypts, stores and answers, and does nothing else. A callback
// that cannot be stored is answered with 503, so that WeCom sends it again; one that is not WeCom's with 403.
type Ingress struct {
	inbox   *Inbox
	crypto  *callback.Crypto
	refused atomic.Int64
	stored  atomic.Int64
}

// NewIngress returns the door of one corp.
func NewIngress(in *Inbox, crypto *callback.Crypto) *Ingress {
	return &Ingress{inbox: in, crypto: crypto}
}

// putPatience is how long a callback may wait for its commit: WeCom hangs up after 5 s.
const putPatience = 4 * time.Second

func (g *Ingress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	sig, ts, nonce := q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce")
	switch r.Method {
	case http.MethodGet:
		plain, err := g.crypto.Verify(sig, ts, nonce, q.Get("echostr"))
		if err != nil {
			g.refuse(w, err)
			return
		}
		_, _ = w.Write(plain)
	case http.MethodPost:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, callback.MaxBody))
		if err != nil {
			g.refuse(w, errs.E(errs.Invalid, "callback.too_large", "the body is too large or broke off").Wrap(err))
			return
		}
		plain, err := g.crypto.Decrypt(sig, ts, nonce, body)
		if err != nil {
			g.refuse(w, err)
			return
		}
		ev, err := callback.Parse(plain)
		if err != nil {
			g.refuse(w, err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), putPatience)
		defer cancel()
		if err := g.inbox.Put(ctx, ev); err != nil {
			g.inbox.log.Error("callback not stored", "event", ev.Event, "error", err)
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		g.stored.Add(1)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "GET to verify, POST to deliver", http.StatusMethodNotAllowed)
	}
}

func (g *Ingress) refuse(w http.ResponseWriter, err error) {
	g.refused.Add(1)
	g.inbox.log.Warn("callback refused", "code", errs.CodeOf(err), "error", err)
	http.Error(w, "not accepted", http.StatusForbidden)
}

// Refused and Stored count callbacks since the start of the process.
func (g *Ingress) Refused() int64 { return g.refused.Load() }

// Stored counts callbacks that were answered with 200.
func (g *Ingress) Stored() int64 { return g.stored.Load() }
