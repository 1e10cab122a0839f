package app

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"qunce/internal/api"
	"qunce/internal/i18n"
)

// River's own page cannot send our header: its writes must come from our own origin.
func TestSameOrigin(t *testing.T) {
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	x := api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog})
	h := sameOrigin(x, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, c := range []struct {
		method, site, origin string
		status               int
	}{
		{"GET", "cross-site", "https://evil.example", 200},
		{"POST", "same-origin", "http://qunce.example", 200},
		{"DELETE", "same-origin", "", 200},
		{"POST", "cross-site", "https://evil.example", 403},
		{"POST", "same-site", "https://other.qunce.example", 403},
		{"DELETE", "cross-site", "", 403},
		{"POST", "", "http://qunce.example", 200}, // an older browser
		{"POST", "", "https://evil.example", 403},
		{"POST", "", "null", 403},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "http://qunce.example/jobs/api", nil)
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
