package app

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// TestPhoneGetsOnlyWhatAPhoneNeeds: the simulator's levers and secrets cannot be reached through the demo's own address.
func TestPhoneGetsOnlyWhatAPhoneNeeds(t *testing.T) {
	var reached []string
	h, err := Phone(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached = append(reached, r.URL.Path) }))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/phone/", "/phone/sim/api/people", "/phone/sim/act", "/phone/sim/qr/w/x.png", "/phone/connect/oauth2/authorize",
		"/phone/sim/overview", "/phone/sim/callback", "/phone/sim/faults", "/phone/sim/recording", "/phone/sim/truth", "/phone/sim/"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	}
	if want := []string{"/sim/api/people", "/sim/act", "/sim/qr/w/x.png", "/connect/oauth2/authorize"}; !slices.Equal(reached, want) {
		t.Errorf("the simulator was asked for %v, want %v", reached, want)
	}
}
