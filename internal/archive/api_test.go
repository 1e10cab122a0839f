package archive

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/group/grouptest"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

func esc(s string) string { return url.QueryEscape(s) }

// newTown is a rig in which people have talked.
func newTown(t *testing.T) *rig {
	r := newRig(t, 3)
	for i := range 2 {
		r.Add(grouptest.Person(i), "lina")
		r.Join(grouptest.Person(i), "wrWEST")
	}
	r.Pass(time.Minute)
	r.Work()
	at := r.Clock.Now()
	for i := range 40 {
		r.p.put(at.Add(time.Duration(i)*time.Second), "wm00", "lina", "", says(fmt.Sprintf("第%d次问优惠券", i)))
	}
	r.p.put(at.Add(time.Minute), "wm01", "lina", "wrWEST", says("群里有优惠券吗？"))
	r.p.put(at.Add(2*time.Minute), "lina", "zhou", "", map[string]any{"msgtype": "link", "link": map[string]any{"title": "优惠券说明", "link_url": "https://x.example/a"}})
	r.p.put(at.Add(3*time.Minute), "wm02", "lina", "", map[string]any{"msgtype": "link", "link": map[string]any{"title": "坏链接", "link_url": "javascript:alert(1)"}})
	r.Clock.Set(at.Add(time.Hour))
	r.pull(43)
	return r
}

func TestContentNeedsAPurposeAndIsRecorded(t *testing.T) {
	r := newTown(t)
	chat := r.chatIDs()[0]
	paths := []string{"/api/archive/search?q=" + esc("优惠"), "/api/archive/chats?x=1", fmt.Sprintf("/api/archive/chats/%d/messages?x=1", chat)}
	analyst, clerk := owner(), owner()
	analyst.Masked, clerk.Role = true, actor.Operator
	for _, path := range paths {
		for name, c := range map[string]struct {
			who    actor.Actor
			query  string
			status int
			code   string
		}{
			"no purpose":         {owner(), "&reason=abc", 422, "archive.purpose_required"},
			"an unknown purpose": {owner(), "&purpose=fun&reason=abc", 422, "archive.purpose_required"},
			"no reason":          {owner(), "&purpose=legal&reason=%20%20a%20", 422, "archive.reason_required"},
			"masked":             {analyst, "&" + why, 403, "archive.masked"},
			"another role":       {clerk, "&" + why, 403, "auth.forbidden"},
		} {
			if code, body := r.call(c.who, "GET", path+c.query); code != c.status || body["code"] != c.code {
				t.Errorf("%s %s: %d %v", path, name, code, body)
			}
		}
	}
	r.Is("nothing was seen", 0, len(r.audits()))
	for _, path := range paths {
		if code, body := r.call(owner(), "GET", path+"&"+why); code != 200 {
			t.Errorf("%s: %d %v", path, code, body)
		}
	}
	seen := map[string]map[string]any{}
	for _, e := range r.audits() {
		var d map[string]any
		r.Check(json.Unmarshal(e.Detail, &d))
		seen[e.Action+" "+e.Object] = d
		if d["purpose"] != "complaint" || d["reason"] != "客诉" || e.Actor != "老板" {
			t.Errorf("recorded: %+v %v", e, d)
		}
	}
	r.Is("records", 3, len(seen))
	r.Is("the query", "优惠", seen["archive.search archive"]["q"])
	r.Is("the finds", 42.0, seen["archive.search archive"]["hits"])
	r.Is("the stretch", true, seen[fmt.Sprintf("archive.read archive_chat/%d", chat)]["messages"].(float64) > 0)
}

func TestSearchAPI(t *testing.T) {
	r := newTown(t)
	search := func(query string) map[string]any {
		t.Helper()
		code, out := r.call(owner(), "GET", "/api/archive/search?"+why+"&"+query)
		if code != 200 {
			t.Fatalf("%s: %d %v", query, code, out)
		}
		return out
	}
	first := search("limit=20&q=" + esc("优惠券"))
	r.Is("total", 42.0, first["total"])
	r.Is("capped", false, first["capped"])
	items := first["items"].([]any)
	newest, second := items[0].(map[string]any), items[1].(map[string]any)
	r.Is("kind", "link", newest["kind"])
	r.Is("place", "internal", newest["chat"].(map[string]any)["place"])
	r.Is("members", "李娜 周舟", fmt.Sprint(newest["chat"].(map[string]any)["member"].(map[string]any)["name"], " ", newest["chat"].(map[string]any)["peer"].(map[string]any)["name"]))
	r.Is("group", "西湖店福利群", second["chat"].(map[string]any)["name"])
	r.Is("sender", "顾客01", second["sender"].(map[string]any)["name"])
	r.Is("marked", []any{map[string]any{"text": "群里有"}, map[string]any{"text": "优惠券", "hit": true}, map[string]any{"text": "吗？"}}, second["parts"])
	seen := map[string]bool{}
	for page := first; ; page = search("limit=20&q=" + esc("优惠券") + "&cursor=" + page["next"].(string)) {
		for _, it := range page["items"].([]any) {
			seen[fmt.Sprint(it.(map[string]any)["id"])] = true
		}
		if page["next"] == "" {
			r.Is("the last page counts nothing", nil, page["total"])
			break
		}
	}
	r.Is("all pages", 42, len(seen))
	r.Is("filtered", 1.0, search("q=" + esc("优惠券") + "&kind=link")["total"])
	r.Is("of a time", 10.0, search("q=" + esc("优惠券") + "&to=" + esc(r.Clock.Now().Add(-time.Hour+10*time.Second).Format(time.RFC3339)))["total"])
	r.Is("nothing", 0.0, search("q=" + esc("没有人说过"))["total"])
	if code, body := r.call(owner(), "GET", "/api/archive/search?"+why+"&q=a"); code != 422 || body["code"] != "archive.query_short" {
		t.Errorf("one character: %d %v", code, body)
	}
	if code, body := r.call(owner(), "GET", "/api/archive/search?"+why+"&customer_id=99&q="+esc("好")); code != 422 {
		t.Errorf("one character of nobody: %d %v", code, body)
	}
}

func TestAConversationIsReadInStretches(t *testing.T) {
	r := newTown(t)
	var chat, middle int64
	var at time.Time
	r.Check(r.DB.QueryRow(t.Context(), `SELECT chat_id, id, at FROM archive_message WHERE body = '第20次问优惠券'`).Scan(&chat, &middle, &at))
	read := func(query string) (first, last string, before, after bool, n int, place url.Values) {
		t.Helper()
		code, out := r.call(owner(), "GET", fmt.Sprintf("/api/archive/chats/%d/messages?limit=10&%s&%s", chat, why, query))
		if code != 200 {
			t.Fatalf("%s: %d %v", query, code, out)
		}
		items := out["items"].([]any)
		if len(items) == 0 {
			return "", "", out["before"].(bool), out["after"].(bool), 0, nil
		}
		a, b := items[0].(map[string]any), items[len(items)-1].(map[string]any)
		edge := b
		if strings.Contains(query, "before") {
			edge = a
		}
		place = url.Values{"at": {edge["at"].(string)}, "message_id": {fmt.Sprintf("%.0f", edge["id"])}}
		return a["body"].(string), b["body"].(string), out["before"].(bool), out["after"].(bool), len(items), place
	}
	expect := func(query, want string) url.Values {
		t.Helper()
		a, b, before, after, n, place := read(query)
		r.Is(query, want, fmt.Sprintf("%d %s…%s %v %v", n, a, b, before, after))
		return place
	}
	around := url.Values{"at": {at.Format(time.RFC3339Nano)}, "message_id": {fmt.Sprint(middle)}}.Encode()
	expect(around, "10 第16次问优惠券…第25次问优惠券 true true")
	expect("", "10 第30次问优惠券…第39次问优惠券 true false")
	at1 := expect(around+"&direction=before", "10 第10次问优惠券…第19次问优惠券 true true")
	at2 := expect(at1.Encode()+"&direction=before", "10 第0次问优惠券…第9次问优惠券 false true")
	expect(at2.Encode()+"&direction=before", "0 … false true")
	at3 := expect(around+"&direction=after", "10 第21次问优惠券…第30次问优惠券 true true")
	expect(at3.Encode()+"&direction=after", "9 第31次问优惠券…第39次问优惠券 true false")

	_, out := r.call(owner(), "GET", fmt.Sprintf("/api/archive/chats/%d/messages?%s", chat, why))
	r.Is("nothing was ever said of consent", nil, out["consent"])
	r.p.put(r.Clock.Now(), "wm00", "lina", "", map[string]any{"msgtype": "disagree", "disagree": map[string]any{"userid": "wm00", "disagree_time": r.Clock.Now().UnixMilli()}})
	r.pull(1)
	_, out = r.call(owner(), "GET", fmt.Sprintf("/api/archive/chats/%d/messages?%s", chat, why))
	r.Is("withdrawn", "disagree", out["consent"])
	r.Is("what was said before stays", 30, len(out["items"].([]any)))
	if code, _ := r.call(owner(), "GET", "/api/archive/chats/1/messages?"+why); code != 404 {
		t.Errorf("no such chat: %d", code)
	}
	code, one := r.call(owner(), "GET", fmt.Sprintf("/api/archive/chats/%d/messages/%d?at=%s&%s", chat, middle, esc(at.Format(time.RFC3339Nano)), why))
	if code != 200 || one["msg_id"] != "msg21_external" || one["rest"] != nil {
		t.Errorf("one message: %d %v", code, one)
	}
}

func TestLinksAreOfTheWeb(t *testing.T) {
	r := newTown(t)
	links := map[string]any{}
	for _, chat := range r.chatIDs() {
		_, out := r.call(owner(), "GET", fmt.Sprintf("/api/archive/chats/%d/messages?%s", chat, why))
		for _, it := range out["items"].([]any) {
			if m := it.(map[string]any); m["kind"] == "link" {
				links[m["body"].(string)] = m["link"]
			}
		}
	}
	r.Is("links", map[string]any{"优惠券说明": "https://x.example/a", "坏链接": nil}, links)
}

func TestConversationsAreListed(t *testing.T) {
	r := newTown(t)
	list := func(query string) (names []string) {
		t.Helper()
		cursor := ""
		for {
			code, page := r.call(owner(), "GET", "/api/archive/chats?limit=2&"+why+"&cursor="+cursor+"&"+query)
			if code != 200 {
				t.Fatalf("%d %v", code, page)
			}
			for _, it := range page["items"].([]any) {
				c := it.(map[string]any)
				names = append(names, fmt.Sprintf("%v %v %v", c["place"], c["name"], c["messages"]))
			}
			if cursor = page["next"].(string); cursor == "" {
				return names
			}
		}
	}
	r.Is("all, the latest first", []string{"single  1", "internal  1", "room 西湖店福利群 1", "single  40"}, list(""))
	r.Is("of a member", []string{"single  1", "internal  1", "single  40"}, list(fmt.Sprint("staff_id=", r.staffID("lina"))))
	customers, err := r.Customers.ByExternal(t.Context(), r.DB, []string{"wm01"})
	r.Check(err)
	r.Is("of a customer: the group", []string{"room 西湖店福利群 1"}, list(fmt.Sprint("customer_id=", customers["wm01"])))
}

func TestStateTellsTheTruth(t *testing.T) {
	r := newRig(t, 1)
	_, out := r.call(owner(), "GET", "/api/archive/state")
	if out["enabled"] != true || out["can_ask"] != false || out["caught_up_at"] != nil || out["problem"] != nil || len(out["gaps"].([]any)) != 0 {
		t.Errorf("before anything: %v", out)
	}
	r.p.put(r.Clock.Now(), "wm00", "lina", "", says("你好"))
	r.pull(1)
	_, out = r.call(owner(), "GET", "/api/archive/state")
	months := out["months"].([]any)
	if out["messages"] != 1.0 || out["position"] != 1.0 || out["caught_up_at"] == nil || len(months) != 1 || months[0].(map[string]any)["messages"] != nil {
		t.Errorf("after a message: %v", out)
	}
	r.s.Source = nil
	for _, path := range []string{"/api/archive/pull", "/api/archive/ask"} {
		if code, body := r.call(owner(), http.MethodPost, path); code != 409 {
			t.Errorf("%s: %d %v", path, code, body)
		}
	}
	_, out = r.call(owner(), "GET", "/api/archive/state")
	r.Is("not set up", false, out["enabled"])
}

func TestSettings(t *testing.T) {
	r := newRig(t, 0)
	for _, bad := range []Settings{{RetentionMonths: 0, MediaMaxMB: 20}, {RetentionMonths: 61, MediaMaxMB: 20}, {RetentionMonths: 6, MediaMaxMB: 0}, {RetentionMonths: 6, MediaMaxMB: 101}} {
		if err := r.s.SaveSettings(t.Context(), bad); !errs.Is(err, "archive.bad_setting") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	got, err := r.s.Settings(t.Context(), r.DB)
	if err != nil || got != Defaults() {
		t.Errorf("%+v, %v", got, err)
	}
	want := Settings{RetentionMonths: 12, MediaMaxMB: 5, FetchMedia: true}
	r.Check(r.s.SaveSettings(t.Context(), want))
	r.Check(r.s.SaveSettings(t.Context(), want))
	if got, err = r.s.Settings(t.Context(), r.DB); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	r.Is("recorded once", 1, len(r.audits()))
}

func TestMonthsWhoseTimeIsOverGo(t *testing.T) {
	r := newRig(t, 1)
	for i := range 4 {
		r.p.put(r.Clock.Now(), "wm00", "lina", "", map[string]any{"msgtype": "file", "file": r.p.file(fmt.Sprint("F", i), []byte{byte(i)})})
		r.pull(1)
		r.Clock.Set(r.Clock.Now().AddDate(0, 1, 0))
	}
	sweep := func() {
		t.Helper()
		at, ok, err := r.s.NextDue(t.Context())
		r.Check(err)
		if !ok {
			t.Fatal("no sweep is due")
		}
		r.Clock.Set(at)
		n, err := r.s.RunDue(t.Context())
		r.Check(err)
		r.Is("swept", 1, n)
		n, err = r.s.RunDue(t.Context())
		r.Check(err)
		r.Is("once a day", 0, n)
	}
	held := func() map[string]string {
		return r.Pairs(`SELECT to_char(at AT TIME ZONE 'Asia/Shanghai', 'MM-DD'), '' FROM archive_message`)
	}
	sweep()
	r.Is("six months", map[string]string{"03-02": "", "04-02": "", "05-02": "", "06-02": ""}, held())
	r.Is("ids of the last forty days", 1, r.Count(`SELECT count(*) FROM archive_key`))
	r.Check(r.s.SaveSettings(t.Context(), Settings{RetentionMonths: 2, MediaMaxMB: 20}))
	sweep()
	r.Is("two months", map[string]string{"05-02": "", "06-02": ""}, held())
	r.Is("files", 2, r.Count(`SELECT count(*) FROM archive_media`))
	r.Is("the next month is there", 1, r.Count(`SELECT count(*) FROM pg_class WHERE relname = 'archive_message_y2026m08' AND relnamespace = current_schema()::regnamespace`))
	r.Is("the chat stays", 1, r.Count(`SELECT count(*) FROM archive_chat`))
	for range 62 {
		sweep()
	}
	r.Is("nothing", 0, len(held()))
	r.Is("nor a chat", 0, r.Count(`SELECT count(*) FROM archive_chat`))
}

// A consent outlives the messages of its chat: it is neither asked for nor told a second time.
func TestConsentsOutliveTheirMessages(t *testing.T) {
	r := newRig(t, 2)
	r.Add("wm00", "lina")
	r.Add("wm01", "lina")
	r.Pass(time.Minute)
	r.Work()
	at := r.Clock.Now()
	r.p.put(at, "wm00", "lina", "", map[string]any{"msgtype": "agree", "agree": map[string]any{"userid": "wm00", "agree_time": at.UnixMilli()}})
	r.p.put(at, "wm00", "lina", "", says("我要退款"))
	r.p.put(at, "wm01", "lina", "", says("在吗"))
	r.p.put(at, "lina", "wm01", "", says("在的"))
	r.pull(4)
	r.Check(r.s.SaveSettings(t.Context(), Settings{RetentionMonths: 2, MediaMaxMB: 20}))
	r.Clock.Set(at.AddDate(0, 4, 0))
	later := r.Clock.Now()
	r.p.put(later, "wm01", "lina", "", says("又来了"))
	r.pull(1)
	r.Is("published", []string{"archive.agreed wm00 by message, customer true"}, r.published())
	chats := func() map[string]string {
		return r.Pairs(`SELECT key, messages || ' ' || coalesce(to_char(first_at AT TIME ZONE 'Asia/Shanghai', 'MM'), '-') || ' ' || coalesce(to_char(last_at AT TIME ZONE 'Asia/Shanghai', 'MM'), '-') FROM archive_chat`)
	}
	r.Is("before", map[string]string{"s/lina/wm00": "2 03 03", "s/lina/wm01": "3 03 07"}, chats())
	before := r.Count(`SELECT id::int FROM archive_chat WHERE key = 's/lina/wm00'`)
	due, _, err := r.s.NextDue(t.Context())
	r.Check(err)
	r.Clock.Set(due)
	_, err = r.s.RunDue(t.Context())
	r.Check(err)
	r.Is("after", map[string]string{"s/lina/wm00": "0 - -", "s/lina/wm01": "1 07 07"}, chats())
	_, page := r.call(owner(), "GET", "/api/archive/chats?"+why)
	r.Is("conversations on the page", 1, len(page["items"].([]any)))

	o := &office{seats: []string{"lina"}, agreed: map[wecom.ChatPair]wecom.Agreement{
		{UserID: "lina", OpenID: "wm00"}: {ChangedAt: wecom.Seconds(at.Unix()), Status: wecom.AgreeYes}}}
	r.s.People = o
	r.Check(r.s.Ask(t.Context()))
	r.Is("consents", map[string]string{"lina wm00": "agree message", "lina wm01": "unknown check"}, r.states())
	r.Is("rows", 2, r.Count(`SELECT count(*) FROM archive_consent`))
	r.Is("the same chat", before, r.Count(`SELECT chat_id::int FROM archive_consent WHERE external_userid = 'wm00'`))
	r.Is("published again", 0, len(r.published()))
}

// Consents that lost their chat and were asked for again are joined by the migration, the newest word first.
func TestDoubleConsentsAreJoined(t *testing.T) {
	r := newRig(t, 3)
	r.Add("wm00", "lina")
	r.Work()
	lina := r.staffID("lina")
	at := r.Clock.Now()
	row := func(chat int, who, place, room, state string, staff int64, days int) {
		_, err := r.DB.Exec(t.Context(), `INSERT INTO archive_consent (chat_id, external_userid, place, staff_id, room_id, state, since, source, changed_at, checked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 'check', $7, $7)`, chat, who, place, staff, room, state, at.AddDate(0, 0, days))
		r.Check(err)
	}
	_, err := r.DB.Exec(t.Context(), `INSERT INTO archive_chat (key, id, place, staff_id, peer, room_id) VALUES ('s/lina/wm00', 12, 'single', $1, 'wm00', ''), ('r/wrWEST', 22, 'room', 0, '', 'wrWEST')`, lina)
	r.Check(err)
	row(11, "wm00", "single", "", "disagree", lina, 0) // its chat is gone
	row(12, "wm00", "single", "", "unknown", lina, 5)
	row(21, "wm00", "room", "wrWEST", "agree", 0, 0)
	row(22, "wm00", "room", "wrWEST", "disagree", 0, 5)
	row(31, "wm01", "single", "", "agree", lina, 0) // without any chat, twice
	row(32, "wm01", "single", "", "disagree", lina, 5)
	row(41, "wm02", "room", "wrRIVER", "agree", 0, 0)
	sql, err := os.ReadFile("../pg/migration/corp/00011_archive_consent.sql")
	r.Check(err)
	for _, one := range strings.Split(string(sql), ";\n") {
		_, err := r.DB.Exec(t.Context(), one)
		r.Check(err)
	}
	r.Is("consents", map[string]string{"12 wm00": "disagree 2026-03-02", "22 wm00": "disagree 2026-03-07", "32 wm01": "disagree 2026-03-07", "41 wm02": "agree 2026-03-02"},
		r.Pairs(`SELECT chat_id || ' ' || external_userid, state || ' ' || to_char(since AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') FROM archive_consent`))
	r.Is("chats", map[string]string{"s/lina/wm00": "12", "r/wrWEST": "22", "s/lina/wm01": "32", "r/wrRIVER": "41"}, r.Pairs(`SELECT key, id::text FROM archive_chat`))
}

func TestErase(t *testing.T) {
	r := newRig(t, 2)
	at := r.Clock.Now()
	for _, who := range []string{"wm00", "wm01"} {
		r.p.put(at, who, "lina", "", says("我要退款"))
		r.p.put(at, "lina", who, "", says("好的"))
		r.p.put(at, who, "lina,zhou", "wrWEST", map[string]any{"msgtype": "file", "file": r.p.file("F"+who, []byte(who))})
		r.p.put(at, who, "lina", "", map[string]any{"msgtype": "agree", "agree": map[string]any{"userid": who, "agree_time": at.UnixMilli()}})
		r.p.put(at, who, "zhou", "wrWEST", map[string]any{"msgtype": "agree", "agree": map[string]any{"userid": who, "agree_time": at.UnixMilli()}})
	}
	r.pull(10)
	r.Check(r.s.SaveSettings(t.Context(), Settings{RetentionMonths: 6, MediaMaxMB: 20, FetchMedia: true}))
	_, err := r.s.FetchMedia(t.Context())
	r.Check(err)
	r.Check(r.Tx(func(tx pg.Tx) error { return r.s.Erase(t.Context(), tx, nil) }))
	r.Is("nobody", 10, r.Count(`SELECT count(*) FROM archive_message`))
	r.Check(r.Tx(func(tx pg.Tx) error { return r.s.Erase(t.Context(), tx, []string{"wm00"}) }))
	for table, want := range map[string]int{"archive_message": 5, "archive_media": 1, "archive_chunk": 1, "archive_consent": 2, "archive_chat": 2} {
		r.Is(table, want, r.Count(`SELECT count(*) FROM `+table))
	}
	for _, table := range []string{"archive_message", "archive_media", "archive_chunk", "archive_consent", "archive_chat", "archive_key"} {
		r.Is("no trace in "+table, 0, r.Count(`SELECT count(*) FROM `+table+` x WHERE x::text LIKE '%wm00%'`))
	}
	r.Is("the group's count", 2, r.Count(`SELECT messages FROM archive_chat WHERE place = 'room'`))
}
