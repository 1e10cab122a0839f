package setup

import (
	"net/http"
	"time"

	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/wecom/callback"
)

// staleAfter is how old the signature of a test may be.
const staleAfter = 10 * time.Minute

// Door answers WeCom's test of the callback address as soon as its token and key are there, so that the settings can be
// saved in WeCom's console before there is a corp. Events are turned away: nobody would handle them, WeCom sends them
// again, and the first sync finds what they tell.
func (s *Service) Door() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, err := s.load(r.Context(), s.Pool.Shared())
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		c := t.draft.corp()
		if c.Secrets.CallbackToken == "" || c.Schema == "" || r.URL.Path != doctor.CallbackPath(c.Schema) {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet {
			w.Header().Set("Retry-After", "60")
			http.Error(w, "not set up yet", http.StatusServiceUnavailable)
			return
		}
		crypto, err := callback.NewCrypto(c.Secrets.CallbackToken, c.Secrets.EncodingAESKey, c.CorpID)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		q := r.URL.Query()
		plain, err := crypto.Within(staleAfter, s.Wall).Verify(q.Get("msg_signature"), q.Get("timestamp"), q.Get("nonce"), q.Get("echostr"))
		how := "ok"
		if err != nil {
			how = errs.CodeOf(err)
		}
		// A stranger's test must not hide that WeCom's succeeded, and only WeCom's test of the address counts.
		if !doctor.IsSelfTest(plain) && (err == nil || !t.verified()) && s.limits.knock() {
			if nerr := s.noteKnock(r.Context(), s.Wall.Now(), how); nerr != nil {
				s.Log.Error("setup", "error", nerr)
			}
		}
		if err != nil {
			s.Log.Warn("test of the callback address refused", "code", how, "error", err)
			http.Error(w, "not accepted", http.StatusForbidden)
			return
		}
		_, _ = w.Write(plain)
	})
}
