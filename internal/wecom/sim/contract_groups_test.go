package sim

import (
	"fmt"
	"strings"
	"testing"
)

// groupsWorld: lina has two groups, wang one, ghost one.
func groupsWorld() *World {
	w := friendsWorld()
	w.Groups[0].Members = []string{"wm0000", "wm0002", "wang"}
	w.Groups = append(w.Groups, Group{ChatID: "wrTWO", Name: "二群", Owner: "lina"}, Group{ChatID: "wrWANG", Name: "三群", Owner: "wang"}, Group{ChatID: "wrGHOST", Name: "外群", Owner: "ghost"})
	return w
}

func groupContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/groupchat/"
	list := api + "list"
	owners := func(ids ...string) m { return m{"limit": 10, "owner_filter": m{"userid_list": ids}} }
	return []contract{
		{Name: "all", API: list, Body: m{"limit": 10}, Check: both(size(3, "group_chat_list"), has("wrONE", "group_chat_list", 0, "chat_id"), has(0, "group_chat_list", 0, "status"), has("", "next_cursor"))},
		{Name: "of an owner", API: list, Body: owners("WANG"), Check: both(size(1, "group_chat_list"), has("wrWANG", "group_chat_list", 0, "chat_id"))},
		{Name: "first page", API: list, Body: m{"limit": 2}, Check: both(size(2, "group_chat_list"), k.remember("groups", "next_cursor"))},
		{Name: "last page", API: list, Body: kept(func(k *stage) any { return m{"limit": 2, "cursor": k.Keep["groups"]} }), Check: both(size(1, "group_chat_list"), has("", "next_cursor"))},
		{Name: "nobody has left", API: list, Body: m{"limit": 10, "status_filter": 1}, Check: size(0, "group_chat_list")},
		{Name: "no limit", API: list, Body: m{}, Want: 40058},
		{Name: "too large a limit", API: list, Body: m{"limit": 1001}, Want: 40058},
		{Name: "bad status", API: list, Body: m{"limit": 10, "status_filter": 4}, Want: 40058},
		{Name: "too many owners", API: list, Body: owners(make([]string, 101)...), Want: 40032},
		{Name: "unknown owner", API: list, Body: owners("nobody"), Want: 60111},
		{Name: "owner out of range", API: list, Body: owners("ghost"), Want: 60011},
		{Name: "bad cursor", API: list, Body: m{"limit": 10, "cursor": "x"}, Want: 50100},
		{Name: "detail", API: api + "get", Body: m{"chat_id": "wrONE"}, Check: both(has("lina", "group_chat", "owner"), has("", "group_chat", "notice"), size(4, "group_chat", "member_list"), has([]any{}, "group_chat", "admin_list"),
			func(t *testing.T, a map[string]any) {
				rows, _ := dig(a, "group_chat", "member_list").([]any)
				for _, row := range rows {
					r, _ := row.(map[string]any)
					if r["userid"] == "wm0002" && (r["type"] != 2.0 || r["join_scene"] != 1.0 || r["unionid"] != "un0002" || dig(r, "invitor", "userid") != "lina" || r["name"] != nil || r["state"] != nil) {
						t.Errorf("row %v", r)
					}
					if r["userid"] == "lina" && (r["type"] != 1.0 || r["unionid"] != nil) {
						t.Errorf("row %v", r)
					}
				}
				if v, _ := dig(a, "group_chat", "member_version").(string); len(v) != 32 {
					t.Errorf("version %q", v)
				}
			})},
		{Name: "with names", API: api + "get", Body: m{"chat_id": "wrTWO", "need_name": 1}, Check: has("李娜", "group_chat", "member_list", 0, "name")},
		{Name: "notice, admins, an invitation by link", API: api + "get", Before: func(k *stage) {
			for _, body := range []m{
				{"kind": "notice", "chat_id": "wrONE", "text": "周三会员日"}, {"kind": "admins", "chat_id": "wrONE", "add": []string{"wang"}},
				{"kind": "invite", "chat_id": "wrTWO", "external_userid": "wm0001", "text": "link"},
			} {
				k.must(k.post("/sim/api/staff/lina/act", body, nil))
			}
		}, Body: m{"chat_id": "wrONE"}, Check: both(has("周三会员日", "group_chat", "notice"), has("wang", "group_chat", "admin_list", 0, "userid"))},
		{Name: "joined by link", API: api + "get", Body: m{"chat_id": "wrTWO"}, Check: both(has(2, "group_chat", "member_list", 1, "join_scene"), has("lina", "group_chat", "member_list", 1, "invitor", "userid"))},
		{Name: "no id", API: api + "get", Body: m{}, Want: 86003},
		{Name: "unknown", API: api + "get", Body: m{"chat_id": "wrNONE"}, Want: 90501},
		{Name: "owner out of range", API: api + "get", Body: m{"chat_id": "wrGHOST"}, Want: 60011},
		{Name: "dismissed", API: api + "get", Before: func(k *stage) {
			k.must(k.post("/sim/api/staff/wang/act", m{"kind": "dismiss", "chat_id": "wrWANG"}, nil))
		}, Body: m{"chat_id": "wrWANG"}, Want: 49008},
		{Name: "dismissed ones disappear", API: list, Body: m{"limit": 10}, Check: size(2, "group_chat_list")},
		{Name: "own", API: "externalcontact/opengid_to_chatid", Body: kept(func(k *stage) any {
			var chat struct {
				OpenGID string `json:"opengid"`
			}
			k.must(k.get("/sim/api/chat?chat_id=wrONE", &chat))
			return m{"opengid": chat.OpenGID}
		}), Check: has("wrONE", "chat_id")},
		{Name: "owner out of range", API: "externalcontact/opengid_to_chatid", Body: m{"opengid": openGID("wrGHOST")}, Want: 60011},
		{Name: "unknown", API: "externalcontact/opengid_to_chatid", Body: m{"opengid": "GOxx"}, Want: 90511},
		{Name: "dismissed", API: "externalcontact/opengid_to_chatid", Body: m{"opengid": openGID("wrWANG")}, Want: 90511},
		{Name: "none", API: "externalcontact/opengid_to_chatid", Body: m{}, Want: 40063},
		{Name: "too many members to list all groups", API: list, Before: func(k *stage) {
			for i := range 1000 {
				k.s.mu.Lock()
				k.s.st.hire(Member{UserID: fmt.Sprintf("extra%04d", i), Name: "x", Departments: []int64{2}})
				k.s.mu.Unlock()
			}
		}, Body: m{"limit": 10}, Want: 81017},
		{Name: "by owner still", API: list, Body: owners("lina"), Check: size(2, "group_chat_list")},
	}
}

func templatesWorld() *World {
	w := groupsWorld()
	w.Limits.Templates = 3
	return w
}

func greetContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/group_welcome_template/"
	of := func(name string, more m) func(*stage) any {
		return func(k *stage) any {
			out := m{"template_id": k.Keep[name]}
			for n, v := range more {
				out[n] = v
			}
			return out
		}
	}
	link := m{"title": "福利", "url": "https://example.com/", "desc": "看看", "picurl": "https://example.com/p.png"}
	if !k.play(k.upload("V", "media/upload", "type=video", "x.mp4", mp4Of(3))) || !k.play(sent("media/uploadimg", "", "media", "i.png", pngOf(4, 4), 0, k.keep("url", "url"))) {
		return nil
	}
	return []contract{
		{Name: "text and picture", API: api + "add", Body: m{"text": m{"content": "欢迎 %NICKNAME%"}, "image": m{"pic_url": k.Keep["url"]}, "link": link, "notify": 0}, Check: k.remember("one", "template_id")},
		{Name: "link", API: api + "add", Body: m{"link": link}, Check: k.remember("two", "template_id")},
		{Name: "nothing", API: api + "add", Body: m{}, Want: 44004},
		{Name: "long text", API: api + "add", Body: m{"text": m{"content": strings.Repeat("x", 3001)}}, Want: 45002},
		{Name: "half a link", API: api + "add", Body: m{"link": m{"title": "t"}}, Want: 40063},
		{Name: "long title", API: api + "add", Body: m{"link": m{"title": strings.Repeat("x", 129), "url": "https://example.com/"}}, Want: 40058},
		{Name: "empty file", API: api + "add", Body: m{"file": m{"media_id": ""}}, Want: 40063},
		{Name: "unknown file", API: api + "add", Body: m{"file": m{"media_id": "none"}}, Want: 40007},
		{Name: "another's picture", API: api + "add", Body: m{"image": m{"pic_url": "https://example.com/i.png"}}, Want: 40058},
		{Name: "bad notify", API: api + "add", Body: m{"text": m{"content": "x"}, "notify": 2}, Want: 40058},
		{Name: "picture before link", API: api + "get", Body: of("one", nil), Check: both(has("欢迎 %NICKNAME%", "text", "content"), has(k.Keep["url"], "image", "pic_url"), absent("link"))},
		{Name: "link", API: api + "get", Body: of("two", nil), Check: both(has("福利", "link", "title"), has("看看", "link", "desc"), absent("text"))},
		{Name: "replace", API: api + "edit", Body: of("two", m{"text": m{"content": "新"}, "video": m{"media_id": k.Keep["V"]}})},
		{Name: "replaced", API: api + "get", Body: of("two", nil), Check: both(has("新", "text", "content"), has(k.Keep["V"], "video", "media_id"), absent("link"))},
		{Name: "nothing", API: api + "edit", Body: of("two", nil), Want: 44004},
		{Name: "no id", API: api + "edit", Body: m{"text": m{"content": "x"}}, Want: 40063},
		{Name: "unknown", API: api + "edit", Body: m{"template_id": "x", "text": m{"content": "x"}}, Want: 40058},
		{Name: "the administrator's", API: api + "edit", Before: func(k *stage) {
			k.Keep["theirs"], _ = k.hand("template_create", m{"text": "欢迎"})["template_id"].(string)
		}, Body: of("theirs", m{"text": m{"content": "x"}}), Want: 41058},
		{Name: "full", API: api + "add", Body: m{"text": m{"content": "x"}}, Want: 41055},
		{Name: "no id", API: api + "get", Body: m{}, Want: 40063},
		{Name: "the administrator's", API: api + "del", Body: of("theirs", nil), Want: 41058},
		{Name: "own", API: api + "del", Body: of("two", nil)},
		{Name: "gone", API: api + "del", Body: of("two", nil), Want: 40058},
	}
}

func linksWorld() *World {
	w := friendsWorld()
	w.Limits.Links = 3
	return w
}

func linkContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/customer_acquisition/"
	of := func(more m) func(*stage) any {
		return func(k *stage) any {
			out := m{"link_id": k.Keep["link"]}
			for n, v := range more {
				out[n] = v
			}
			return out
		}
	}
	users := m{"user_list": []string{"lina"}}
	day := func(hour int) int64 { return at(hour, 0).Unix() }
	return []contract{
		{Name: "new", API: api + "create_link", Body: m{"link_name": "广告一", "range": m{"user_list": []string{"lina"}, "department_list": []int{2}}, "priority_option": m{"priority_type": 2, "priority_userid_list": []string{"wang"}}},
			Check: both(k.remember("link", "link", "link_id"), k.remember("url", "link", "url"), has("广告一", "link", "link_name"), has(testStart.Unix(), "link", "create_time"), absent("skip_verify", "link"))},
		{Name: "another", API: api + "create_link", Body: m{"link_name": "广告二", "range": users, "skip_verify": false, "mark_source": true}, Check: k.remember("second", "link", "link_id")},
		{Name: "no name", API: api + "create_link", Body: m{"range": users}, Want: 40063},
		{Name: "no range", API: api + "create_link", Body: m{"link_name": "x"}, Want: 40063},
		{Name: "empty range", API: api + "create_link", Body: m{"link_name": "x", "range": m{}}, Want: 40063},
		{Name: "long name", API: api + "create_link", Body: m{"link_name": long, "range": users}, Want: 40058},
		{Name: "no seat", API: api + "create_link", Body: m{"link_name": "x", "range": m{"user_list": []string{"noseat"}}}, Want: 84074},
		{Name: "no such department", API: api + "create_link", Body: m{"link_name": "x", "range": m{"department_list": []int{77}}}, Want: 60003},
		{Name: "bad priority", API: api + "create_link", Body: m{"link_name": "x", "range": users, "priority_option": m{"priority_type": 3}}, Want: 40058},
		{Name: "priority of nobody", API: api + "create_link", Body: m{"link_name": "x", "range": users, "priority_option": m{"priority_type": 2}}, Want: 40063},
		{Name: "read back", API: api + "get", Body: of(nil), Check: both(has(true, "link", "skip_verify"), has(false, "link", "mark_source"), has([]any{"lina"}, "range", "user_list"), has([]any{2}, "range", "department_list"),
			has(2, "priority_option", "priority_type"), has([]any{"wang"}, "priority_option", "priority_userid_list"), absent("link_id"))},
		{Name: "no id", API: api + "get", Body: m{}, Want: 40063},
		{Name: "unknown", API: api + "get", Body: m{"link_id": "x"}, Want: 40058},
		{Name: "first page", API: api + "list_link", Body: m{"limit": 1}, Check: both(size(1, "link_id_list"), k.remember("links", "next_cursor"))},
		{Name: "last page", API: api + "list_link", Body: kept(func(k *stage) any { return m{"limit": 1, "cursor": k.Keep["links"]} }), Check: both(size(1, "link_id_list"), has("", "next_cursor"))},
		{Name: "bad limit", API: api + "list_link", Body: m{"limit": 101}, Want: 40058},
		{Name: "bad cursor", API: api + "list_link", Body: m{"cursor": "x"}, Want: 50100},
		{Name: "replaces the range", API: api + "update_link", Body: of(m{"link_name": "广告三", "range": users, "priority_option": m{"priority_type": 1}})},
		{Name: "replaced", API: api + "get", Body: of(nil), Check: both(has("广告三", "link", "link_name"), has([]any{}, "range", "department_list"), has(1, "priority_option", "priority_type"))},
		{Name: "unknown", API: api + "update_link", Body: m{"link_id": "x"}, Want: 40058},
		{Name: "empty range", API: api + "update_link", Body: of(m{"range": m{"user_list": []string{}}}), Want: 40063},
		{Name: "somebody comes", API: api + "customer", Before: func(k *stage) {
			address := k.Keep["url"] + "?customer_channel=ad_42"
			k.must(k.post("/sim/api/scan", m{"person": "wm0002", "url": address}, nil))
			k.must(k.post("/sim/api/add", m{"person": "wm0002", "qr": address}, nil))
		}, Body: of(nil), Check: both(size(1, "customer_list"), has("wm0002", "customer_list", 0, "external_userid"), has("lina", "customer_list", 0, "userid"), has("ad_42", "customer_list", 0, "state"),
			has(0, "customer_list", 0, "chat_status"), has("", "next_cursor"))},
		{Name: "and writes", API: api + "customer", Before: func(k *stage) {
			for range 3 {
				k.hand("ask", m{"person": "wm0002", "userid": "lina"})
			}
			k.advance(testStart)
		}, Body: of(m{"limit": 1}), Check: has(1, "customer_list", 0, "chat_status")},
		{Name: "unknown", API: api + "customer", Body: m{"link_id": "x"}, Want: 40058},
		{Name: "bad cursor", API: api + "customer", Body: of(m{"cursor": "x"}), Want: 50100},
		{Name: "of the third message", API: api + "get_chat_info", Body: kept(func(k *stage) any {
			k.p.mu.Lock()
			defer k.p.mu.Unlock()
			for _, e := range k.p.events {
				if _, rest, ok := strings.Cut(string(e.Raw), "<ChatKey><![CDATA["); ok {
					k.Keep["key"], _, _ = strings.Cut(rest, "]")
				}
			}
			return m{"chat_key": k.Keep["key"]}
		}), Check: both(has("lina", "userid"), has("wm0002", "external_userid"), has(3, "chat_info", "recv_msg_cnt"), has("ad_42", "chat_info", "state"),
			func(t *testing.T, a map[string]any) { wants(t, a, k.Keep["link"], "chat_info", "link_id") })},
		{Name: "unknown", API: api + "get_chat_info", Body: m{"chat_key": "x"}, Want: 41201},
		{Name: "none", API: api + "get_chat_info", Body: m{}, Want: 40063},
		{Name: "half an hour later", API: api + "get_chat_info", Before: func(k *stage) { k.advance(at(8, 31)) }, Body: kept(func(k *stage) any { return m{"chat_key": k.Keep["key"]} }), Want: 41201},
		{Name: "today arrives tomorrow", API: api + "statistic", Body: of(m{"start_time": day(0), "end_time": day(23)}), Check: both(has(0, "click_link_customer_cnt"), has(0, "new_customer_cnt"))},
		{Name: "the next day", API: api + "statistic", Before: func(k *stage) { k.advance(at(24, 1)) }, Body: of(m{"start_time": day(0), "end_time": day(23)}), Check: both(has(1, "click_link_customer_cnt"), has(1, "new_customer_cnt"))},
		{Name: "no time", API: api + "statistic", Body: of(nil), Want: 40063},
		{Name: "too long a time", API: api + "statistic", Body: of(m{"start_time": day(0) - 31*86400, "end_time": day(23)}), Want: 40058},
		{Name: "one is used", API: "externalcontact/customer_acquisition_quota", Check: both(has(1000, "total"), has(999, "balance"), size(1, "quota_list"), has(999, "quota_list", 0, "balance"))},
		{Name: "delete", API: api + "delete_link", Body: of(nil)},
		{Name: "deleted", API: api + "delete_link", Body: of(nil), Want: 40058},
		{Name: "not listed", API: api + "list_link", Body: m{}, Check: size(1, "link_id_list")},
		{Name: "full", API: api + "create_link", Before: func(k *stage) { k.limit(func(l *Limits) { l.Links = 1 }) }, Body: m{"link_name": "x", "range": users}, Want: 41095},
	}
}

func noLinksWorld() *World {
	w := friendsWorld()
	w.Acquisition.Closed = true
	return w
}

func noLinkContracts(*testing.T, *stage) []contract {
	return []contract{
		{Name: "another industry", API: "externalcontact/customer_acquisition/list_link", Body: m{}, Want: 41200},
		{Name: "another industry", API: "externalcontact/customer_acquisition_quota", Want: 41200},
	}
}
