package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"qunce/internal/clock"
	"qunce/internal/wecom/sim"
)

// openSim is what `qunce sim` with these flags comes to, and what it says it sends to whom.
func openSim(t *testing.T, args ...string) (*sim.Server, simFlags, sim.Receiver) {
	t.Helper()
	f, err := parseSim(append([]string{"--no-fsync"}, args...))
	if err != nil {
		t.Fatal(err)
	}
	opt, err := f.options(clock.Wall().Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := sim.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s, f, receiverOf(t, s, http.MethodGet, "")
}

func receiverOf(t *testing.T, s *sim.Server, method, body string) sim.Receiver {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), method, "http://sim.test/sim/callback", strings.NewReader(body)))
	var r sim.Receiver
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return r
}

func closeSim(t *testing.T, s *sim.Server) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// What is saved on the control page stays at the next start, except for what its command line says.
func TestFlagsWinOverWhatWasSaved(t *testing.T) {
	data := t.TempDir()
	s, _, first := openSim(t, "--data", data)
	receiverOf(t, s, http.MethodPost, `{"url":"http://saved.test/","documented":true,"retry_refused":true,"unchecked":true}`)
	closeSim(t, s)

	s, _, got := openSim(t, "--data", data)
	saved := sim.Receiver{URL: "http://saved.test/", Token: first.Token, AESKey: first.AESKey, Documented: true, RetryRefused: true}
	if got != saved {
		t.Errorf("without flags: %+v, want %+v", got, saved)
	}
	closeSim(t, s)

	s, _, got = openSim(t, "--data", data, "--callback", "http://flag.test/", "--deliver", "until-answered", "--token", "flagTOKEN")
	flagged := saved
	flagged.URL, flagged.Token, flagged.Documented = "http://flag.test/", "flagTOKEN", false
	if got != flagged {
		t.Errorf("with flags: %+v, want %+v", got, flagged)
	}
	closeSim(t, s)

	s, _, got = openSim(t, "--data", data)
	if got != flagged {
		t.Errorf("after flags: %+v, want %+v", got, flagged)
	}
	closeSim(t, s)
}

func TestTheWorldOfAUsedFolderIsKept(t *testing.T) {
	data := t.TempDir()
	if sim.Used(data + "/log") {
		t.Error("an empty folder is used")
	}
	s, f, _ := openSim(t, "--data", data)
	closeSim(t, s)
	if !sim.Used(data + "/log") {
		t.Error("the folder is not used")
	}
	f.world = "mine.json"
	if line := f.worldKept(); strings.Contains(line, "\n") || !strings.Contains(line, data) || !strings.Contains(line, "mine.json") {
		t.Errorf("says %q", line)
	}
}

func TestAWorldWithoutRatesSaysSo(t *testing.T) {
	for _, c := range []struct {
		asJSON, unrated, said bool
	}{{false, true, true}, {false, false, false}, {true, true, false}} {
		var out bytes.Buffer
		(&simFlags{asJSON: c.asJSON}).announce(&out, sim.Sandbox{Unrated: c.unrated})
		if strings.Contains(out.String(), "real_rates") != c.said || c.asJSON && strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%+v: %s", c, out.String())
		}
	}
}
