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

// Of everything that must not happen twice some answer is surely lost, of the rest now and then.
func TestAnswersThatNeverCome(t *testing.T) {
	r := oneDay(t, `{"drop_after_effect":0.1,"rules":[
		{"api":"externalcontact/add_msg_template","drop_after":true,"times":2},
		{"api":"externalcontact/add_contact_way","drop_after":true,"times":2},
		{"api":"externalcontact/groupchat/add_join_way","drop_after":true,"times":2},
		{"api":"externalcontact/send_welcome_msg","drop_after":true,"chance":0.4},
		{"api":"externalcontact/mark_tag","drop_after":true,"chance":0.4}]}`, "--chain-stores", "10", "--people", "300")
	if b := r.Books; b.Orphans < 2 || b.Sends.Truth < 3 || b.Codes.Truth < 3 || b.Welcomes.Truth < 15 || b.Tags.Truth < 15 {
		t.Errorf("too little was put to the test: %+v", b)
	}
}
