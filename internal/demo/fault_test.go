package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"qunce/internal/demo"
)

// A day in which WeCom loses, doubles and reorders callbacks and refuses calls, and one in which it breaks connections
// after the effect: each ends, after a reconciling sync, with nothing lost and nothing doubled.

func oneDay(t *testing.T, faults string, town ...string) demo.Report {
	t.Helper()
	mode(t, "server", "all")
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	args := append([]string{"demo", "--data", folder(t), "--listen", "127.0.0.1:0", "--exit", "--json", "--no-fsync", "--log", "error",
		"--days", "1", "--faults", faults}, town...)
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, build(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var e ending
	if jerr := json.Unmarshal(out.Bytes(), &e.report); jerr != nil {
		t.Fatalf("%v (%v)\n%s", err, jerr, tail(errOut.String()))
	}
	check(t, faults, e)
	return e.report
}

func TestADayOfFaults(t *testing.T) {
	r := oneDay(t, `{"lose":0.05,"double":0.05,"reorder":0.1,"api_error":0.02}`, "--chain-stores", "20", "--people", "2000")
	if r.Lost == 0 || r.Adds < 100 {
		t.Errorf("%d callbacks were lost and %d people added: nothing was put to the test", r.Lost, r.Adds)
	}
}

func TestAnswersThatNeverCome(t *testing.T) {
	r := oneDay(t, `{"drop_after_effect":0.3}`, "--chain-stores", "10", "--people", "300")
	if r.Books.Orphans == 0 {
		t.Error("no code was left behind at WeCom, so no answer of a making was lost")
	}
	if r.Books.Sends.Truth < 5 {
		t.Errorf("only %d mass sends", r.Books.Sends.Truth)
	}
}
