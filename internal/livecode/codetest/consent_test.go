package codetest_test

import (
	"fmt"
	"testing"
	"time"

	"qunce/internal/livecode/codetest"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

// With the archive on, the code of the add is refused until the customer agrees, and agreeing brings a code of its own:
// the first is given up at once, so that the second is used, and nobody is welcomed twice.
func TestWelcomeAfterConsent(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	code := b.Create(poster(b))
	const refused = "externalcontact/send_welcome_msg"
	if err := b.Sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{refused: 41053}}); err != nil {
		t.Fatal(err)
	}
	b.Do("add", map[string]any{"person": codetest.Person(0), "qr": code.QR})
	if got := codetest.One[string](b, `SELECT string_agg(state || ' ' || reason, ',') FROM livecode_welcome`); got != "not_possible consent" {
		t.Fatalf("before the consent: %q", got)
	}
	if n := codetest.One[int64](b, `SELECT sum(attempts)::bigint FROM outbox_call WHERE kind = 'send_welcome_msg'`); n != 1 {
		t.Errorf("the first code was tried %d times", n)
	}

	if err := b.Sim.Faults(t.Context(), sim.Faults{}); err != nil {
		t.Fatal(err)
	}
	plain := fmt.Sprintf(`<xml><FromUserName>sys</FromUserName><CreateTime>%d</CreateTime><MsgType>event</MsgType><Event>change_external_contact</Event>`+
		`<ChangeType>msg_audit_approved</ChangeType><UserID>lina</UserID><ExternalUserID>%s</ExternalUserID><WelcomeCode>WC-consent</WelcomeCode></xml>`,
		b.Clock.Now().Add(time.Minute).Unix(), codetest.Person(0))
	e, err := callback.Parse([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Inbox.Put(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	// The simulator did not give this code out, so it calls it expired; that it was used is what counts here.
	if n := codetest.One[int64](b, `SELECT count(*) FROM outbox_call WHERE kind = 'send_welcome_msg' AND attempts = 1`); n != 2 {
		t.Errorf("%d welcomes were sent for two codes", n)
	}
	if got := codetest.One[string](b, `SELECT string_agg(reason, ',' ORDER BY id) FROM livecode_welcome`); got != "consent,expired" {
		t.Errorf("welcomes: %q", got)
	}
}
