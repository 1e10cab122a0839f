package archive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"qunce/internal/errs"
	"qunce/internal/group/grouptest"
	"qunce/internal/pg"
)

func TestPullKeepsWhatCame(t *testing.T) {
	r := newRig(t, 4)
	r.Add(grouptest.Person(0), "lina")
	r.Pass(time.Minute)
	r.Work()
	at := grouptest.Start.Add(time.Hour)
	r.Clock.Set(at.Add(time.Minute))
	first := r.p.put(at, "wm00", "lina", "", says("你好，ＡＢＣ"))
	r.p.put(at.Add(time.Second), "lina", "wm00", "", says("您好"))
	r.p.put(at.Add(2*time.Second), "wm01", "lina,wang,wm00", "wrWEST", says("群里的"))
	r.p.put(at.Add(3*time.Second), "zhou", "lina", "", says("内部的"))
	r.p.put(at.Add(4*time.Second), "lina", "wm00", "", map[string]any{"action": "recall", "msgtype": "revoke", "revoke": map[string]any{"pre_msgid": first}})
	r.p.put(at.Add(5*time.Second), "wm00", "lina", "", map[string]any{"msgtype": "hologram", "hologram": map[string]any{"depth": 3}})
	r.p.put(at.Add(6*time.Second), "", "", "", map[string]any{"action": "switch", "user": "lina", "time": at.UnixMilli()})
	r.pull(6)
	r.pull(0)

	r.Is("chats", map[string]string{"s/lina/wm00": "4 single", "r/wrWEST": "1 room", "i/lina/zhou": "1 internal"},
		r.Pairs(`SELECT key, messages || ' ' || place FROM archive_chat`))
	r.Is("members", map[string]string{"wm00 text": "lina", "lina text": "lina", "wm01 text": "", "zhou text": "zhou", "lina revoke": "lina", "wm00 hologram": "lina"},
		r.Pairs(`SELECT m.sender || ' ' || m.kind, coalesce(s.userid, '') FROM archive_message m LEFT JOIN directory_staff s ON s.id = m.staff_id`))
	r.Is("searched as", map[string]string{"你好，ＡＢＣ": "你好,abc", "您好": "=", "群里的": "=", "内部的": "=", "": "="},
		r.Pairs(`SELECT body, coalesce(norm, '=') FROM archive_message`))
	r.Is("recalled", 1, r.Count(`SELECT count(*) FROM archive_message WHERE recalled_at = $1 AND msg_id = $2`, at.Add(4*time.Second), first))
	r.Is("recipients", 3, r.Count(`SELECT recipients FROM archive_message WHERE place = 'room'`))
	r.Is("the rest of a strange one", 3, r.Count(`SELECT (payload -> 'hologram' ->> 'depth')::int FROM archive_message WHERE kind = 'hologram'`))
	r.Is("books", map[string]string{"7": "6 0 1 1"}, r.Pairs(`SELECT seq::text, concat_ws(' ', messages, duplicates, switches, strange) FROM archive_state`))
	r.Is("caught up", 1, r.Count(`SELECT count(*) FROM archive_state WHERE caught_up_at = $1 AND wanted_at IS NULL AND failures = 0`, r.Clock.Now()))
}

// The same messages may come again: under the same numbers when a position was set back, under others after an adapter
// was put up anew.
func TestPullKeepsAMessageOnce(t *testing.T) {
	r := newRig(t, 1)
	at := grouptest.Start.Add(time.Hour)
	r.Clock.Set(at)
	for i := range 2500 {
		r.p.put(at.Add(time.Duration(i)*time.Millisecond), "wm00", "lina", "", says(fmt.Sprintf("第%d句", i)))
	}
	r.pull(2500)
	_, err := r.DB.Exec(t.Context(), `UPDATE archive_state SET seq = 700`)
	r.Check(err)
	r.p.set(func() {
		for i := range r.p.messages {
			r.p.messages[i].Seq += 100_000
		}
	})
	last := r.p.messages[len(r.p.messages)-1]
	r.p.set(func() { r.p.messages = append(r.p.messages, Raw{last.Seq + 1, last.MsgID, 1, last.Message}) })
	r.pull(0)
	r.Is("messages", 2500, r.Count(`SELECT count(*) FROM archive_message`))
	r.Is("counted", 2500, r.Count(`SELECT messages FROM archive_chat`))
	r.Is("doubles", 2501, r.Count(`SELECT duplicates FROM archive_state`))
	r.Is("position", 102_501, r.Count(`SELECT seq FROM archive_state`))
}

// Messages at the turn of a month, and one with a time that cannot be true.
func TestPullMakesItsMonths(t *testing.T) {
	r := newRig(t, 1)
	march := time.Date(2026, 3, 1, 0, 0, 0, 0, grouptest.Start.Location())
	r.p.put(march.Add(-time.Millisecond), "wm00", "lina", "", says("二月的最后一刻"))
	r.p.put(march, "wm00", "lina", "", says("三月的第一刻"))
	r.p.put(time.Date(1970, 3, 1, 0, 0, 0, 0, time.UTC), "wm00", "lina", "", says("很久以前"))
	r.p.put(time.Date(2998, 3, 1, 0, 0, 0, 0, time.UTC), "wm00", "lina", "", says("很久以后"))
	r.pull(4)
	r.Is("parts", map[string]string{"二月的最后一刻": "archive_message_y2026m02", "三月的第一刻": "archive_message_y2026m03", "很久以前": "archive_message_y2026m03", "很久以后": "archive_message_y2026m03"},
		r.Pairs(`SELECT body, tableoid::regclass::text FROM archive_message`))
	r.Is("just now", 2, r.Count(`SELECT count(*) FROM archive_message WHERE at = $1`, r.Clock.Now()))
}

func TestGaps(t *testing.T) {
	r := newRig(t, 1)
	day := 24 * time.Hour
	say := func(text string) { r.p.put(r.Clock.Now(), "wm00", "lina", "", says(text)) }
	pass := func(d time.Duration) { r.Clock.Set(r.Clock.Now().Add(d)) }
	gapped := func(what string, want map[string]string) {
		t.Helper()
		r.Is(what, want, r.Pairs(`SELECT after_seq || '→' || coalesce(before_seq::text, '?'),
			extract(epoch FROM from_at - $1)::int / 3600 || '–' || extract(epoch FROM to_at - $1)::int / 3600 FROM archive_gap`, grouptest.Start))
	}
	say("一")
	r.pull(1)
	none := map[string]string{}
	gapped("the beginning is no gap", none)
	pass(4 * day)
	say("二")
	r.pull(1)
	gapped("four days are within what WeCom keeps", none)
	pass(6 * day) // nothing was said, or it is lost: nobody knows yet
	r.pull(0)
	unknown := map[string]string{"2→?": "96–120"} // from day 4, the last reading, to day 5, the first that is still held
	gapped("silence after a long break", unknown)
	pass(time.Hour)
	say("三")
	r.pull(1)
	gapped("a later message does not tell", unknown)

	pass(2 * day)
	say("丢")
	say("了")
	pass(7 * day)
	say("四")
	r.p.set(func() { r.p.first = r.p.messages[len(r.p.messages)-1].Seq })
	r.pull(1)
	gapped("two are missing", map[string]string{"2→?": "96–120", "3→6": "241–337"})

	pass(6 * day)
	say("五")
	r.p.set(func() { r.p.first = 0 })
	r.pull(1)
	gapped("the next one came: nothing is missing", map[string]string{"2→?": "96–120", "3→6": "241–337"})
}

// An adapter that passes WeCom's "too old" on is asked from the first that is held.
func TestPullStartsAgainAtTheFirstThatIsHeld(t *testing.T) {
	r := newRig(t, 1)
	for i := range 3 {
		r.p.put(r.Clock.Now(), "wm00", "lina", "", says(fmt.Sprint("第", i)))
	}
	r.pull(3)
	r.p.put(r.Clock.Now(), "wm00", "lina", "", says("新的"))
	r.p.set(func() {
		r.p.answer = func(w http.ResponseWriter, q *http.Request) bool {
			if q.FormValue("after") == "0" || q.FormValue("after") == "4" {
				return false
			}
			_, _ = w.Write([]byte(`{"errcode":10010,"errmsg":"too old"}`))
			return true
		}
	})
	r.pull(1)
	r.Is("doubles", 0, r.Count(`SELECT duplicates FROM archive_state`))
}

func TestPullBearsABadAdapter(t *testing.T) {
	r := newRig(t, 1)
	r.p.put(r.Clock.Now(), "wm00", "lina", "", says("你好"))
	good := string(r.p.messages[0].Message)
	page := func(messages string) string { return `{"errcode":0,"errmsg":"ok","messages":[` + messages + `]}` }
	item := func(seq, id string) string {
		return `{"seq":` + seq + `,"msgid":"` + id + `","publickey_ver":1,"message":` + good + `}`
	}
	for name, c := range map[string]struct {
		status int
		body   string
		code   string
	}{
		"not the key":        {401, "", "archive.adapter_key"},
		"no such path":       {404, "not found", "archive.adapter_path"},
		"a page of a proxy":  {200, "<html>", "archive.adapter_wrong"},
		"nothing":            {200, "", "archive.adapter_wrong"},
		"a broken server":    {500, "oops", "archive.adapter_trouble"},
		"a network of WeCom": {200, `{"errcode":10001,"errmsg":"network"}`, "archive.adapter_trouble"},
		"the wrong key pair": {400, `{"errcode":10008,"errmsg":"decrypt"}`, "archive.adapter_decrypt"},
		"an unknown address": {200, `{"errcode":10009,"errmsg":"ip"}`, "archive.adapter_ip"},
		"not bought":         {200, `{"errcode":301053,"errmsg":"x"}`, "archive.not_enabled"},
		"an old library":     {200, `{"errcode":301111,"errmsg":"x"}`, "archive.adapter_sdk"},
		"another code":       {200, `{"errcode":12345,"errmsg":"x"}`, "archive.adapter_refused"},
		"out of order":       {200, page(item("5", "a") + "," + item("4", "b")), "archive.adapter_wrong"},
		"twice the same":     {200, page(item("5", "a") + "," + item("5", "b")), "archive.adapter_wrong"},
		"a huge number":      {200, page(item("18446744073709551615", "a")), "archive.adapter_wrong"},
		"zero":               {200, page(item("0", "a")), "archive.adapter_wrong"},
		"no id":              {200, page(item("5", "")), "archive.adapter_wrong"},
		"a negative number":  {200, page(item("-5", "a")), "archive.adapter_wrong"},
	} {
		r.p.set(func() {
			r.p.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
				return true
			}
		})
		n, err := r.s.Pull(t.Context())
		if n != 0 || !errs.Is(err, c.code) {
			t.Errorf("%s: %d messages, %v, want %s", name, n, err, c.code)
		}
		r.Is(name+": kept", 1, r.Count(`SELECT count(*) FROM archive_state WHERE failures > 0 AND error_code = $1 AND seq = 0`, c.code))
		_, state := r.call(owner(), "GET", "/api/archive/state")
		if p, _ := state["problem"].(map[string]any); p == nil || p["code"] != c.code || len(p["message"].(string)) < 20 {
			t.Errorf("%s: the page says %v", name, state["problem"])
		}
	}
	r.p.set(func() { r.p.answer = nil })
	r.pull(1)
	r.Is("mended", 0, r.Count(`SELECT count(*) FROM archive_state WHERE failures > 0 OR error_code <> ''`))

	// More than was asked for.
	r.p.set(func() {
		r.p.answer = func(w http.ResponseWriter, q *http.Request) bool {
			all := ""
			for i := range PageSize + 1 {
				all += "," + item(fmt.Sprint(100+i), fmt.Sprint("x", i))
			}
			_, _ = w.Write([]byte(page(all[1:])))
			return true
		}
	})
	if _, err := r.s.Pull(t.Context()); !errs.Is(err, "archive.adapter_wrong") {
		t.Error(err)
	}
	// Nobody there.
	r.p.Close()
	if _, err := r.s.Pull(t.Context()); !errs.Is(err, "archive.adapter_away") {
		t.Error(err)
	}
}

// Two processes read at once, as when a lease changes hands: one of them moves the position, nothing is lost or doubled.
func TestTwoReadersAtOnce(t *testing.T) {
	r := newRig(t, 1)
	for i := range 3500 {
		r.p.put(r.Clock.Now().Add(time.Duration(i)*time.Millisecond), "wm00", "lina", "", says(fmt.Sprintf("第%d句", i)))
	}
	r.Clock.Set(r.Clock.Now().Add(time.Hour))
	done := make(chan error, 3)
	for range cap(done) {
		go func() { _, err := r.s.Pull(t.Context()); done <- err }()
	}
	for range cap(done) {
		r.Check(<-done)
	}
	r.pull(0)
	r.Is("messages", 3500, r.Count(`SELECT count(*) FROM archive_message`))
	r.Is("counted", 3500, r.Count(`SELECT messages FROM archive_state`))
	r.Is("in the chat", 3500, r.Count(`SELECT messages FROM archive_chat`))
}

func TestANoticeWakesTheReader(t *testing.T) {
	r := newRig(t, 1)
	open := func(want bool) {
		t.Helper()
		got, err := r.s.Open(t.Context())
		r.Check(err)
		r.Is("open", want, got)
	}
	open(false)
	r.Check(r.Tx(func(tx pg.Tx) error { return r.s.onNotify(t.Context(), tx, nil, nil) }))
	open(true)
	select {
	case <-r.s.wakePull:
	default:
		t.Error("nobody was woken")
	}
	r.p.put(r.Clock.Now(), "wm00", "lina", "", says("你好"))
	r.pull(1)
	open(false)
	r.Check(r.Tx(func(tx pg.Tx) error { return r.s.onNotify(t.Context(), tx, nil, nil) }))
	r.p.set(func() {
		r.p.answer = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true }
	})
	if _, err := r.s.Pull(t.Context()); err == nil {
		t.Error("no error")
	}
	open(false) // an adapter that fails must not stop an accelerated clock
}

// Work goes on until it is told to stop, with or without anything to do: a part that ends by itself would end its corp's.
func TestWorkEndsWithItsContext(t *testing.T) {
	r := newRig(t, 1)
	r.p.put(r.Clock.Now(), "wm00", "lina", "", says("你好"))
	for name, source := range map[string]Source{"an adapter": r.s.Source, "nothing": nil} {
		r.s.Source = source
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.s.Work(ctx) }()
		if source != nil {
			for r.Count(`SELECT count(*) FROM archive_message`) == 0 {
				select {
				case err := <-done:
					t.Fatalf("%s: ended by itself: %v", name, err)
				case <-t.Context().Done():
				case <-time.After(time.Millisecond):
				}
			}
		}
		select {
		case err := <-done:
			t.Errorf("%s: ended by itself: %v", name, err)
		default:
		}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
