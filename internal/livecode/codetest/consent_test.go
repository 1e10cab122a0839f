package codetest_test

import (
	"fmt"
	"strings"
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
	put := func(code, user string, person int) {
		t.Helper()
		e, err := callback.Parse(fmt.Appendf(nil, `<xml><FromUserName>sys</FromUserName><CreateTime>%d</CreateTime><MsgType>event</MsgType><Event>change_external_contact</Event>`+
			`<ChangeType>msg_audit_approved</ChangeType><UserID>%s</UserID><ExternalUserID>%s</ExternalUserID><WelcomeCode>%s</WelcomeCode></xml>`,
			b.Clock.Now().Add(time.Minute).Unix(), user, codetest.Person(person), code))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Inbox.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	put("WC-consent", "lina", 0)
	b.Settle()
	// The simulator did not give this code out, so it calls it expired; that it was used is what counts here.
	if n := codetest.One[int64](b, `SELECT count(*) FROM outbox_call WHERE kind = 'send_welcome_msg' AND attempts = 1`); n != 2 {
		t.Errorf("%d welcomes were sent for two codes", n)
	}
	if got := codetest.One[string](b, `SELECT string_agg(reason, ',' ORDER BY id) FROM livecode_welcome`); got != "consent,expired" {
		t.Errorf("welcomes: %q", got)
	}

	// Who agrees while the first welcome waits is welcomed by the code of the consent; who was welcomed is not again.
	b.Do("add", map[string]any{"person": codetest.Person(1), "qr": code.QR})
	user := codetest.One[string](b, `SELECT userid FROM customer_relation WHERE external_userid = $1`, codetest.Person(1))
	put("WC-agreed", user, 1)
	b.Settle()
	if n := codetest.One[int64](b, `SELECT count(*) FROM livecode_welcome`); n != 3 {
		t.Errorf("%d welcomes, want no second one for who has one", n)
	}
	if _, err := b.DB.Exec(t.Context(), `UPDATE livecode_welcome SET state = 'planned' WHERE state = 'sent'`); err != nil {
		t.Fatal(err)
	}
	put("WC-agreed-again", user, 1)
	b.Settle()
	if n := codetest.One[int64](b, `SELECT count(*) FROM livecode_welcome`); n != 4 {
		t.Errorf("%d welcomes: one that waits holds up the consent's", n)
	}
}

// WeCom does not let us read the customer, or takes too long: the welcome does not wait for it, and the customer is read
// later.
func TestWelcomeWithoutAReading(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	code := b.Create(poster(b))
	rule := sim.FaultRule{API: "externalcontact/get", Code: -1, Times: 4} // the client tries again by itself
	if err := b.Sim.Faults(t.Context(), sim.Faults{Rules: []sim.FaultRule{rule}}); err != nil {
		t.Fatal(err)
	}
	b.Do("add", map[string]any{"person": codetest.Person(0), "qr": code.QR})
	b.Settle()
	if got := codetest.One[string](b, `SELECT string_agg(state || reason, ',') FROM livecode_welcome`); got != "sent" {
		t.Errorf("welcomes: %q", got)
	}
	if text := codetest.One[string](b, `SELECT text FROM livecode_welcome`); !strings.HasPrefix(text, "朋友") {
		t.Errorf("the welcome knows what was not read: %q", text)
	}
	if n := codetest.One[int64](b, `SELECT count(*) FROM customer_relation WHERE state = 'active' AND code_id = $1`, code.ID); n != 1 {
		t.Errorf("%d relations after the second look", n)
	}
	if n := codetest.One[int64](b, `SELECT attempts FROM inbox_event WHERE change_type = 'add_external_contact'`); n != 1 {
		t.Errorf("looked again %d times", n)
	}
}
