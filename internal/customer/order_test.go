package customer_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"qunce/internal/customer"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

// deliver puts a callback of ours beside those of the simulator: what it does not send, or sends otherwise.
func (b *brand) deliver(event, change, fields string) {
	b.t.Helper()
	plain := fmt.Sprintf(`<xml><FromUserName>sys</FromUserName><CreateTime>%d</CreateTime><MsgType>event</MsgType><Event>%s</Event><ChangeType>%s</ChangeType>%s</xml>`,
		b.clock.Now().Unix(), event, change, fields)
	e, err := callback.Parse([]byte(plain))
	b.check(err)
	b.check(b.in.Put(b.t.Context(), e))
}

func (b *brand) contact(change, user, person, more string) {
	b.t.Helper()
	b.deliver(callback.ExternalContact, change, "<UserID>"+user+"</UserID><ExternalUserID>"+person+"</ExternalUserID>"+more)
}

// lose lets all callbacks of the simulator get lost, so that a test delivers its own in the order it wants.
func (b *brand) lose() {
	b.t.Helper()
	b.check(b.sim.Faults(b.t.Context(), sim.Faults{Lose: 1}))
}

// WeCom sends the half first and the whole after it, mostly. Either may come alone, late, or twice.
func TestHalvesInAnyOrder(t *testing.T) {
	const half, whole = callback.AddHalfExternal, callback.AddExternal
	for name, order := range map[string][]string{
		"the whole alone":    {whole},
		"the half alone":     {half}, // the member has confirmed since, and WeCom shows the relation
		"half, whole":        {half, whole},
		"whole, half":        {whole, half},
		"half, whole, whole": {half, whole, whole},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrand(t, sim.Limits{})
			b.lose()
			b.add("wm00", "lina")
			b.pass(time.Minute)
			for i, change := range order {
				b.contact(change, "lina", "wm00", fmt.Sprintf("<State>way-lina</State><N>%d</N>", i))
				b.work()
			}
			b.is("heard", []string{"customer.added wm00 lina way-lina new=true again=0"}, b.took())
			b.is("relations", map[string]string{"wm00 lina": "active 1  "}, b.relations())
		})
	}
}

// An edit may be the first that we hear of somebody.
func TestAnEditAlone(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.lose()
	b.add("wm00", "lina")
	b.phone("staff/lina/act", map[string]any{"kind": "tag", "external_userid": "wm00", "add": []string{"etA"}})
	b.pass(time.Minute)
	b.contact(callback.EditExternal, "lina", "wm00", "")
	b.work()
	b.is("heard", []string{"customer.added wm00 lina way-lina new=true again=0", "customer.tagged etA 扫码"}, b.took())
	b.phone("staff/lina/act", map[string]any{"kind": "remark", "external_userid": "wm00", "text": "常客"})
	b.contact(callback.EditExternal, "lina", "wm00", "<Again/>")
	b.work()
	b.is("relations", map[string]string{"wm00 lina": "active 1 常客 etA"}, b.relations())
	b.contact(callback.EditExternal, "lina", "wmNOBODY", "") // of somebody whom nobody in sight knows
	b.work()
	b.is("people", 1, b.count(`SELECT count(*) FROM customer_customer`))
}

// Agreeing to the archive may bring a welcome code: the first could not be used without it.
func TestConsentBringsAWelcome(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.lose()
	b.add("wm00", "lina")
	b.pass(time.Minute)
	b.contact(callback.MsgAuditApproved, "lina", "wm00", "")
	b.work()
	b.is("heard first", []string{"customer.added wm00 lina way-lina new=true again=0"}, b.took())
	b.contact(callback.MsgAuditApproved, "lina", "wm00", "<WelcomeCode>WC-consent</WelcomeCode>")
	b.work()
	b.is("heard with a code", []string{"customer.welcome_due wm00 lina 顾客00"}, b.took())
}

func TestTransfers(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.add("wm00", "lina")
	b.pass(time.Minute)
	b.work()
	b.took()
	b.lose()

	b.contact(callback.TransferFail, "zhou", "wm00", "<FailReason>customer_refused</FailReason>")
	b.contact(callback.TransferFail, "zhou", "wmNOBODY", "<FailReason>customer_limit_exceed</FailReason>") // no timeline to tell it on
	b.work()
	if n := b.count(`SELECT count(*) FROM event_event WHERE kind = 'customer.transfer_failed'`); n != 1 {
		t.Errorf("%d failures are told, want that of the one customer we know", n)
	}
	var raw []byte
	var taker int64
	b.check(b.db.QueryRow(t.Context(), `SELECT data, staff_id FROM event_event WHERE kind = 'customer.transfer_failed'`).Scan(&raw, &taker))
	var d customer.TransferFailedData
	b.check(json.Unmarshal(raw, &d))
	b.is("told", customer.TransferFailedData{UserID: "zhou", ExternalUserID: "wm00", Reason: "customer_refused"}, d)
	b.is("the taker", int64(b.count(`SELECT id FROM directory_staff WHERE userid = 'zhou'`)), taker)
	b.is("the relation stays", map[string]string{"wm00 lina": "active 1  "}, b.relations())

	b.contact(callback.DelExternal, "lina", "wm00", "<Source>DELETE_BY_TRANSFER</Source>")
	b.work()
	b.is("handed on", 1, b.count(`SELECT count(*) FROM event_event WHERE kind = 'customer.ended' AND data->>'by' = 'staff' AND (data->>'transferred')::bool`))

	// Handled again, nothing is told twice.
	b.check(b.db.Tx(t.Context(), func(tx pg.Tx) error {
		for id := range b.ids64(`SELECT id FROM inbox_event`) {
			if err := b.in.Replay(t.Context(), tx, id); err != nil {
				return err
			}
		}
		return nil
	}))
	events := b.count(`SELECT count(*) FROM event_event`)
	b.work()
	b.is("events after a replay", events, b.count(`SELECT count(*) FROM event_event`))
}

func (b *brand) ids64(sql string) map[int64]bool {
	b.t.Helper()
	rows, err := b.db.Query(b.t.Context(), sql)
	b.check(err)
	defer rows.Close()
	out := map[int64]bool{}
	for rows.Next() {
		var id int64
		b.check(rows.Scan(&id))
		out[id] = true
	}
	return out
}

// Tags that the console's people make, rename, delete and reorder: the callbacks name an id at most.
func TestTagCallbacks(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.add("wm00", "lina")
	b.pass(time.Minute)
	b.work()
	tags := func() map[string]string {
		rows, err := b.db.Query(t.Context(), `SELECT id, name FROM customer_tag`)
		b.check(err)
		defer rows.Close()
		out := map[string]string{}
		for rows.Next() {
			var id, name string
			b.check(rows.Scan(&id, &name))
			out[id] = name
		}
		return out
	}
	made, err := b.we.AddCorpTag(t.Context(), wecom.AddCorpTagRequest{GroupName: "喜好", Tags: []wecom.NewTag{{Name: "少糖"}}})
	b.check(err)
	fresh := made.Tags[0].ID
	b.deliver(callback.ExternalTag, "create", "<Id>"+fresh+"</Id><TagType>tag</TagType>")
	b.work()
	b.is("made", map[string]string{"etA": "扫码", "etB": "老客", fresh: "少糖"}, tags())

	b.check(b.we.MarkTag(t.Context(), "lina", "wm00", []string{fresh}, nil))
	b.contact(callback.EditExternal, "lina", "wm00", "")
	b.check(b.we.EditCorpTag(t.Context(), fresh, "不要糖", nil))
	b.deliver(callback.ExternalTag, "update", "<Id>"+fresh+"</Id><TagType>tag</TagType>")
	b.deliver(callback.ExternalTag, "shuffle", "<Id></Id><StrategyId>1</StrategyId>")
	b.work()
	b.is("renamed", "不要糖", tags()[fresh])
	b.is("worn", map[string]string{"wm00 lina": "active 1  " + fresh}, b.relations())

	old := b.s.Wall.Now().Add(-time.Hour)
	b.check(b.db.Tx(t.Context(), func(tx pg.Tx) error { return b.s.ApplyTagReading(t.Context(), tx, []wecom.CorpTagGroup{}, old) }))
	b.is("after a reading that is an hour old", 3, len(tags()))

	b.check(b.we.DelCorpTag(t.Context(), nil, []string{made.GroupID})) // its tags go with it, without callbacks of their own
	b.deliver(callback.ExternalTag, "delete", "<Id>"+made.GroupID+"</Id><TagType>tag_group</TagType>")
	b.work()
	b.is("deleted", map[string]string{"etA": "扫码", "etB": "老客"}, tags())
	b.is("worn no more", map[string]string{"wm00 lina": "active 1  "}, b.relations())
}

// Many tag callbacks at once are one reading a lane, not one each.
func TestTagCallbacksAreReadInASet(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	const read = "/cgi-bin/externalcontact/get_corp_tag_list"
	before := b.calls[read]
	for i := range 40 {
		b.deliver(callback.ExternalTag, "create", fmt.Sprintf("<Id>et%02d</Id><TagType>tag</TagType>", i))
	}
	b.work()
	if n := b.calls[read] - before; n < 1 || n > inbox.Lanes {
		t.Errorf("%d readings of the tags for 40 callbacks", n)
	}
}

// What WeCom shows lags behind what it tells: an add that is not shown yet is looked at again, its welcome does not wait.
func TestAnAddThatIsNotShownYet(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.lose()
	b.contact(callback.AddExternal, "lina", "wm00", "<State>way-lina</State><WelcomeCode>WC-early</WelcomeCode>")
	b.urgent()
	b.is("heard at once", []string{"customer.welcome_due wm00 lina "}, b.took())
	b.is("to be looked at again", 1, b.count(`SELECT attempts FROM inbox_event WHERE state = 'new' AND error = ''`))
	b.add("wm00", "lina")
	b.pass(time.Minute)
	b.due()
	b.urgent()
	b.is("heard then", []string{"customer.added wm00 lina way-lina new=true again=0"}, b.took())
	b.is("done", 1, b.count(`SELECT count(*) FROM inbox_event WHERE state = 'done'`))

	// It is never shown: one that was taken back is not waited for, another one not for ever.
	b.contact(callback.DelExternal, "lina", "wm01", "")
	b.ordinary()
	b.contact(callback.AddExternal, "lina", "wm01", "")
	b.ordinary()
	b.contact(callback.AddExternal, "lina", "wm02", "")
	for range inbox.Looks + 1 {
		b.ordinary()
		b.due()
	}
	b.is("waiting", 0, b.count(`SELECT count(*) FROM inbox_event WHERE state = 'new'`))
	b.is("looks", map[bool]int{true: 0, false: inbox.Looks}, map[bool]int{
		true:  b.count(`SELECT attempts FROM inbox_event WHERE external_userid = 'wm01' AND change_type = 'add_external_contact'`),
		false: b.count(`SELECT attempts FROM inbox_event WHERE external_userid = 'wm02'`)})
}

// due lets what waits for its time be due at once.
func (b *brand) due() {
	b.t.Helper()
	_, err := b.db.Exec(b.t.Context(), `UPDATE inbox_event SET next_at = received_at WHERE state = 'new'`)
	b.check(err)
}
