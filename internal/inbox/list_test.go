package inbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"qunce/internal/pg"
)

func newContext(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func (r *rig) list(f Filter) []string {
	r.t.Helper()
	if f.Limit == 0 {
		f.Limit = 50
	}
	rows, err := List(r.t.Context(), r.db, f)
	if err != nil {
		r.t.Fatal(err)
	}
	out := []string{}
	for _, x := range rows {
		out = append(out, x.Kind()+" "+x.Entity)
	}
	return out
}

func TestFilters(t *testing.T) {
	r := newRig(t)
	r.ingest()
	r.put(added("wmA", 1), added("wmB", 1))
	r.wall.Set(start.Add(time.Hour))
	r.put(chat("wrX", 1), `<xml><MsgType>event</MsgType><Event>sprouted</Event><UserID>wang</UserID></xml>`,
		`<xml><MsgType>event</MsgType><Event>change_external_tag</Event><ChangeType>create</ChangeType><Id>etT</Id></xml>`,
		`<xml><MsgType>event</MsgType><Event>change_external_tag</Event><ChangeType>sprouted</ChangeType><Id>etT</Id></xml>`)
	const a, b, x = "change_external_contact/add_external_contact wmA", "change_external_contact/add_external_contact wmB", "change_external_chat/update wrX"
	const grown, tag, grownTag = "sprouted wang", "change_external_tag/create etT", "change_external_tag/sprouted etT"
	r.put(`<xml><MsgType>event</MsgType><Event>change_external_chat</Event><ChangeType>update</ChangeType><ChatId>wrX</ChatId><UpdateDetail>add_member</UpdateDetail>` +
		`<MemChangeList><Item>wmA</Item><Item>wang</Item></MemChangeList></xml>`)
	causeOfB := int64(r.count(`SELECT cause_id FROM inbox_event WHERE external_userid = 'wmB'`))
	for name, c := range map[string]struct {
		f    Filter
		want []string
	}{
		"all":             {Filter{}, []string{x, grownTag, tag, grown, x, b, a}},
		"a customer":      {Filter{About: &About{Externals: []string{"wmA"}}}, []string{x, a}},
		"who joined":      {Filter{About: &About{Users: []string{"wang"}}}, []string{x, grown}},
		"a group":         {Filter{About: &About{Chats: []string{"wrX"}}}, []string{x, x}},
		"staff":           {Filter{About: &About{Users: []string{"lina"}}}, []string{b, a}},
		"any id":          {Filter{About: &About{Entities: []string{"etT"}}}, []string{grownTag, tag}},
		"what led to it":  {Filter{About: &About{Externals: []string{"wmA"}, Causes: []int64{causeOfB}}}, []string{x, b, a}},
		"nobody":          {Filter{About: &About{}}, []string{}},
		"an event":        {Filter{Event: "change_external_tag"}, []string{grownTag, tag}},
		"a change":        {Filter{Event: "change_external_tag/create"}, []string{tag}},
		"not documented":  {Filter{Undocumented: true}, []string{grownTag, grown}},
		"since":           {Filter{From: start.Add(time.Minute)}, []string{x, grownTag, tag, grown, x}},
		"until":           {Filter{To: start.Add(time.Minute)}, []string{b, a}},
		"a state":         {Filter{State: Failed}, []string{}},
		"two at a time":   {Filter{Limit: 2}, []string{x, grownTag}},
		"of a kind since": {Filter{Event: "change_external_contact", From: start.Add(time.Minute)}, []string{}},
	} {
		r.is(name, c.want, r.list(c.f))
	}
}

// All that was given up is taken up again at once, whatever its lane.
func TestReplayFailed(t *testing.T) {
	r := newRig(t)
	r.ingest()
	for i := range 30 {
		who := fmt.Sprintf("wm%02d", i)
		r.put(added(who, 1))
		if i%3 == 0 {
			r.sick[who] = errors.New("no")
		}
	}
	r.db.Exec(t.Context(), `UPDATE inbox_event SET attempts = $1`, maxAttempts-1) //nolint:errcheck // counted below
	r.round()
	r.is("failed", 10, r.count(`SELECT count(*) FROM inbox_event WHERE state = 'failed'`))
	r.took()
	r.sick = map[string]error{}
	n := 0
	if err := r.db.Tx(t.Context(), func(tx pg.Tx) (err error) { n, err = r.in.ReplayFailed(t.Context(), tx); return err }); err != nil {
		t.Fatal(err)
	}
	r.is("to be handled again", 10, n)
	r.round()
	r.is("handled again, and no other", 10, len(r.took()))
	r.is("done", 30, r.count(`SELECT count(*) FROM inbox_event WHERE state = 'done' AND error = ''`))
}

// Two features may react to one kind: both or none.
func TestSeveralHandlersOfOneKind(t *testing.T) {
	r := newRig(t)
	r.ingest()
	var second []string
	fail := true
	r.in.Register("change_external_chat", Handler{Apply: func(_ context.Context, tx pg.Tx, evs []Event, read any) error {
		if read != nil {
			t.Errorf("read %v without a Read", read)
		}
		if fail {
			return errors.New("not yet")
		}
		tx.AfterCommit(func() { second = append(second, evs[0].ChatID) })
		return nil
	}})
	r.put(chat("wrX", 1))
	r.round()
	r.is("after a failure of the second", []string(nil), r.took())
	fail = false
	r.wall.Set(start.Add(time.Minute))
	r.round()
	r.is("the first", []string{"wrX 1"}, r.took())
	r.is("the second", []string{"wrX"}, second)
}

func TestSweep(t *testing.T) {
	r := newRig(t)
	r.ingest()
	r.put(added("wmOLD", 1), added("wmSTUCK", 1), `<xml><MsgType>event</MsgType><Event>sprouted</Event></xml>`)
	r.sick["wmSTUCK"] = errors.New("no")
	r.round()
	r.wall.Set(start.Add(31 * 24 * time.Hour))
	r.put(added("wmNEW", 1))
	sweep := func() {
		if err := r.in.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	r.is("keys after a month", 1, r.count(`SELECT count(*) FROM inbox_key`))
	r.is("events after a month", 4, r.count(`SELECT count(*) FROM inbox_event`))
	r.wall.Set(start.Add(181 * 24 * time.Hour))
	sweep()
	r.is("events after half a year: the new one, and the one still to be handled", 2, r.count(`SELECT count(*) FROM inbox_event`))
}

// A handler that sees less than the event says looks again; what it wrote stands, and later events of the entity wait.
func TestLookAgain(t *testing.T) {
	r := newRig(t)
	r.ingest()
	var seen []string
	r.handleChats(func(ctx context.Context, e Event) {
		seen = append(seen, fmt.Sprintf("%s %s %d", e.ChatID, e.CurMemVer, e.Attempts))
		if e.CurMemVer == "1" && e.Attempts < 2 {
			LookAgain(ctx, e, Pause(e.Attempts))
		}
	})
	r.put(chat("wrX", 1), chat("wrY", 2))
	r.round()
	r.put(chat("wrX", 3))
	r.round()
	r.is("at first", []string{"wrX 1 0", "wrY 2 0"}, sorted(seen))
	seen = nil
	r.wall.Set(start.Add(time.Second))
	r.round()
	r.is("after a second, with what waited", []string{"wrX 1 1", "wrX 3 0"}, seen)
	seen = nil
	r.wall.Set(start.Add(3 * time.Second))
	r.round()
	r.is("and then", []string{"wrX 1 2"}, seen)
	r.is("done", 3, r.count(`SELECT count(*) FROM inbox_event WHERE state = 'done'`))
}

func (r *rig) handleChats(each func(ctx context.Context, e Event)) {
	r.in.handlers["change_external_chat"] = []Handler{{Apply: func(ctx context.Context, _ pg.Tx, evs []Event, _ any) error {
		for _, e := range evs {
			each(ctx, e)
		}
		return nil
	}}}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func TestDetailOfAGroupsChange(t *testing.T) {
	for body, want := range map[string]string{
		"<xml><UpdateDetail><![CDATA[add_member]]></UpdateDetail></xml>": "add_member",
		"<xml><UpdateDetail> change_name </UpdateDetail></xml>":          "change_name",
		"<xml><UpdateDetail>a\xff</UpdateDetail></xml>":                  "a\uFFFD",
		"<xml><UpdateDetail>cut off":                                     "",
		"":                                                               "",
	} {
		if got := (Row{Head: []byte(body)}).Detail(); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}

func TestRecent(t *testing.T) {
	r := newRig(t)
	r.ingest()
	r.put(chat("wrX", 1), chat("wrX", 2), chat("wrY", 3))
	evs, err := Recent(t.Context(), r.db, "wrX", time.Unix(1772413200, 0))
	if err != nil || len(evs) != 2 || evs[0].CurMemVer != "1" || evs[1].CurMemVer != "2" || evs[0].ID == 0 {
		t.Errorf("%+v, %v", evs, err)
	}
	if evs, err = Recent(t.Context(), r.db, "wrX", time.Unix(1772413201, 0)); err != nil || len(evs) != 0 {
		t.Errorf("later: %+v, %v", evs, err)
	}
}
