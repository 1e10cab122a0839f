package sim

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func dealingSuites() []suite {
	return []suite{
		{Name: "customers", World: friendsWorld, Cases: customerContracts},
		{Name: "tags", World: tagsWorld, Cases: tagContracts},
		{Name: "ways", World: friendsWorld, Cases: wayContracts},
		{Name: "join ways", World: friendsWorld, Cases: joinContracts},
		{Name: "groups", World: groupsWorld, Cases: groupContracts},
		{Name: "templates", World: templatesWorld, Cases: greetContracts},
		{Name: "links", World: linksWorld, Cases: linkContracts},
		{Name: "no links", World: noLinksWorld, Cases: noLinkContracts},
		{Name: "transfers", World: transfersWorld, Cases: transferContracts},
		{Name: "resigned", World: transfersWorld, Cases: resignedContracts},
		{Name: "statistics", World: statsWorld, Cases: statContracts},
		{Name: "mass sends", World: massWorld, Cases: massContracts},
		{Name: "welcomes", World: friendsWorld, Cases: welcomeContracts},
	}
}

// m is a body or a part of one.
type m = map[string]any

// kept is a body made when its turn has come.
func kept(fn func(k *stage) any) func(*stage) any { return fn }

// hand acts by hand.
func (k *stage) hand(kind string, body m) map[string]any {
	k.t.Helper()
	in := m{"kind": kind}
	for name, v := range body {
		in[name] = v
	}
	out := map[string]any{}
	k.must(k.post("/sim/act", in, &out))
	return out
}

// wants reports what an answer has at a path instead of what it should.
func wants(t *testing.T, a map[string]any, want any, path ...any) {
	t.Helper()
	got := dig(a, path...)
	if mustJSON(got) != mustJSON(want) {
		t.Errorf("%v is %s, want %s, in %.400s", path, mustJSON(got), mustJSON(want), mustJSON(a))
	}
}

func has(want any, path ...any) func(*testing.T, map[string]any) {
	return func(t *testing.T, a map[string]any) { t.Helper(); wants(t, a, want, path...) }
}

// both joins checks.
func both(checks ...func(*testing.T, map[string]any)) func(*testing.T, map[string]any) {
	return func(t *testing.T, a map[string]any) {
		t.Helper()
		for _, c := range checks {
			c(t, a)
		}
	}
}

// size says how many rows a list has.
func size(n int, path ...any) func(*testing.T, map[string]any) {
	return func(t *testing.T, a map[string]any) {
		t.Helper()
		if l, ok := dig(a, path...).([]any); !ok || len(l) != n {
			t.Errorf("%v should have %d rows: %.400s", path, n, mustJSON(a))
		}
	}
}

// absent says that a field must not be there.
func absent(name string, path ...any) func(*testing.T, map[string]any) {
	return func(t *testing.T, a map[string]any) {
		t.Helper()
		at, _ := dig(a, path...).(map[string]any)
		if _, there := at[name]; there {
			t.Errorf("%s must not be in %.400s", name, mustJSON(a))
		}
	}
}

func mustJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// remember keeps a text of an answer under a name.
func (k *stage) remember(name string, path ...any) func(*testing.T, map[string]any) {
	return func(t *testing.T, a map[string]any) {
		t.Helper()
		s, ok := dig(a, path...).(string)
		if !ok || s == "" {
			t.Fatalf("%v is no text in %.400s", path, mustJSON(a))
		}
		k.Keep[name] = s
	}
}

var long = strings.Repeat("长", 31)

// friendsWorld: wm0000 and wm0001 are lina's, wm0000 also wang's; wm0002 is nobody's, wm0003 a WeCom user of another corp.
func friendsWorld() *World {
	w := smallWorld(4)
	w.People[3].Corp, w.People[3].Position = "隔壁公司", "采购"
	w.Friends = []Friend{{UserID: "lina", ExternalUserID: "wm0000", State: "s0"}, {UserID: "lina", ExternalUserID: "wm0001"}, {UserID: "wang", ExternalUserID: "wm0000"},
		{UserID: "lina", ExternalUserID: "wm0003"}}
	w.Groups[0].Members = []string{"wm0002"}
	return w
}

func customerContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/"
	note := func(body m) m {
		body["userid"], body["external_userid"] = "lina", "wm0000"
		return body
	}
	return []contract{
		{Name: "seats", API: api + "get_follow_user_list", Check: has([]any{"lina", "wang"}, "follow_user")},
		{Name: "sorted ids", API: api + "list", Query: "userid=lina", Check: has([]any{"wm0000", "wm0001", "wm0003"}, "external_userid")},
		{Name: "no userid", API: api + "list", Want: 41009},
		{Name: "unknown", API: api + "list", Query: "userid=nobody", Want: 60111},
		{Name: "out of range", API: api + "list", Query: "userid=ghost", Want: 60011},
		{Name: "no seat", API: api + "list", Query: "userid=noseat", Want: 84074},
		{Name: "WeChat user", API: api + "get", Query: "external_userid=wm0000", Check: both(has(1, "external_contact", "type"), has("un0000", "external_contact", "unionid"),
			absent("corp_name", "external_contact"), size(2, "follow_user"), has("lina", "follow_user", 0, "userid"), has("s0", "follow_user", 0, "state"),
			has(1, "follow_user", 0, "add_way"), has("wm0000", "follow_user", 0, "oper_userid"), has([]any{}, "follow_user", 0, "remark_mobiles"), has([]any{}, "follow_user", 0, "tags"),
			absent("state", "follow_user", 1), absent("next_cursor"))},
		{Name: "WeCom user", API: api + "get", Query: "external_userid=wm0003", Check: both(has(2, "external_contact", "type"), has("隔壁公司", "external_contact", "corp_full_name"),
			has("采购", "external_contact", "position"), absent("unionid", "external_contact"))},
		{Name: "nobody's", API: api + "get", Query: "external_userid=wm0002", Want: 84061},
		{Name: "unknown", API: api + "get", Query: "external_userid=wmNONE", Want: 40096},
		{Name: "no id", API: api + "get", Want: 41035},
		{Name: "clamped", API: api + "batch/get_by_user", Body: m{"userid_list": []string{"lina", "wang"}, "limit": 5000}, Check: both(size(4, "external_contact_list"),
			has("wm0000", "external_contact_list", 0, "external_contact", "external_userid"), has("lina", "external_contact_list", 0, "follow_info", "userid"),
			has([]any{}, "external_contact_list", 0, "follow_info", "tag_id"), has("", "next_cursor"), has([]any{}, "fail_info", "unlicensed_userid_list"))},
		{Name: "first page", API: api + "batch/get_by_user", Body: m{"userid_list": []string{"lina", "wang"}, "limit": 3}, Check: both(size(3, "external_contact_list"), k.remember("batch", "next_cursor"))},
		{Name: "last page", API: api + "batch/get_by_user", Body: kept(func(k *stage) any {
			return m{"userid_list": []string{"lina", "wang"}, "limit": 3, "cursor": k.Keep["batch"]}
		}), Check: both(size(1, "external_contact_list"), has("", "next_cursor"))},
		{Name: "no users", API: api + "batch/get_by_user", Body: m{"userid_list": []string{}}, Want: 40031},
		{Name: "too many users", API: api + "batch/get_by_user", Body: m{"userid_list": make([]string, 101)}, Want: 40032},
		{Name: "no customers", API: api + "batch/get_by_user", Body: m{"userid_list": []string{"noseat"}}, Want: 84061},
		{Name: "bad cursor", API: api + "batch/get_by_user", Body: m{"userid_list": []string{"lina"}, "cursor": "x"}, Want: 50100},
		{Name: "everything", API: api + "remark", Body: note(m{"remark": "老客", "description": "喜欢新品", "remark_mobiles": []string{"13800000000", "13900000000"}, "remark_company": "一家公司"})},
		{Name: "read back", API: api + "get", Query: "external_userid=wm0000", Check: both(has("老客", "follow_user", 0, "remark"), has("喜欢新品", "follow_user", 0, "description"),
			has("一家公司", "follow_user", 0, "remark_corp_name"), has([]any{"13800000000", "13900000000"}, "follow_user", 0, "remark_mobiles"), has("", "follow_user", 1, "remark"))},
		{Name: "clear phones", API: api + "remark", Body: note(m{"remark_mobiles": []string{""}})},
		{Name: "cleared", API: api + "get", Query: "external_userid=wm0000", Check: both(has([]any{}, "follow_user", 0, "remark_mobiles"), has("老客", "follow_user", 0, "remark"))},
		{Name: "remark too long", API: api + "remark", Body: note(m{"remark": long[:63]}), Want: 40058},
		{Name: "description too long", API: api + "remark", Body: note(m{"description": strings.Repeat("长", 151)}), Want: 40058},
		{Name: "unknown picture", API: api + "remark", Body: note(m{"remark_pic_mediaid": "NONE"}), Want: 40007},
		{Name: "nothing", API: api + "remark", Body: note(m{}), Want: 40063},
		{Name: "wrong pair", API: api + "remark", Body: m{"userid": "wang", "external_userid": "wm0001", "remark": "x"}, Want: 84061},
		{Name: "everybody", API: api + "contact_list", Body: m{}, Check: both(size(5, "info_list"), has(true, "info_list", 0, "is_customer"), has("wm0000", "info_list", 0, "external_userid"),
			has("lina", "info_list", 0, "follow_userid"), absent("name", "info_list", 0), has(false, "info_list", 4, "is_customer"), has("顾**", "info_list", 4, "name"),
			has("wrONE", "info_list", 4, "chat_id"), absent("external_userid", "info_list", 4), has("", "next_cursor"))},
		{Name: "a page", API: api + "contact_list", Body: m{"limit": 2}, Check: both(size(2, "info_list"), k.remember("contacts", "next_cursor"), k.remember("tmp", "info_list", 1, "tmp_openid"))},
		{Name: "same ids in one traversal", API: api + "contact_list", Body: kept(func(k *stage) any { return m{"limit": 2, "cursor": k.Keep["contacts"]} }), Check: size(2, "info_list")},
		{Name: "an old cursor", API: api + "contact_list", Before: func(k *stage) { k.advance(at(12, 1)) }, Body: kept(func(k *stage) any { return m{"limit": 2, "cursor": k.Keep["contacts"]} }), Want: 50100},
		{Name: "other ids in another", API: api + "contact_list", Body: m{"limit": 2}, Check: func(t *testing.T, a map[string]any) {
			if dig(a, "info_list", 1, "tmp_openid") == k.Keep["tmp"] {
				t.Error("a temporary id outlived its traversal")
			}
		}},
		{Name: "bad limit", API: api + "contact_list", Body: m{"limit": -1}, Want: 40058},
	}
}

func tagsWorld() *World {
	w := friendsWorld()
	w.Limits.Tags, w.Limits.EdgeTags = 6, 2
	return w
}

func tagContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/"
	mark := func(add, remove []string) m {
		return m{"userid": "lina", "external_userid": "wm0000", "add_tag": add, "remove_tag": remove}
	}
	id := func(names ...string) func(*stage) any {
		return func(k *stage) any {
			var ids []string
			for _, n := range names {
				ids = append(ids, k.Keep[n])
			}
			return m{"tag_id": ids}
		}
	}
	return []contract{
		{Name: "new group", API: api + "add_corp_tag", Body: m{"group_name": "生命周期", "order": 5, "tag": []m{{"name": "新客", "order": 1}, {"name": "沉睡", "order": 9}, {"name": "新客"}}},
			Check: both(size(2, "tag_group", "tag"), has("沉睡", "tag_group", "tag", 0, "name"), has(9, "tag_group", "tag", 0, "order"), k.remember("group", "tag_group", "group_id"),
				k.remember("asleep", "tag_group", "tag", 0, "id"), k.remember("fresh", "tag_group", "tag", 1, "id"), absent("deleted", "tag_group", "tag", 0))},
		{Name: "into a group by name", API: api + "add_corp_tag", Body: m{"group_name": "生命周期", "order": 1, "tag": []m{{"name": "流失"}}}, Check: both(size(1, "tag_group", "tag"), has(5, "tag_group", "order"), k.remember("lost", "tag_group", "tag", 0, "id"))},
		{Name: "into a group by id", API: api + "add_corp_tag", Body: kept(func(k *stage) any {
			return m{"group_id": k.Keep["group"], "group_name": "别的名字", "tag": []m{{"name": "复购"}}}
		}), Check: both(has("生命周期", "tag_group", "group_name"), k.remember("again", "tag_group", "tag", 0, "id"))},
		{Name: "limit", API: api + "add_corp_tag", Body: m{"group_name": "新组", "tag": []m{{"name": "一"}}}, Want: 40126},
		{Name: "name exists", API: api + "add_corp_tag", Body: m{"group_name": "来源", "tag": []m{{"name": "扫码"}}}, Want: 40071},
		{Name: "no such group", API: api + "add_corp_tag", Body: m{"group_id": "etNONE", "tag": []m{{"name": "一"}}}, Want: 40068},
		{Name: "no group", API: api + "add_corp_tag", Body: m{"tag": []m{{"name": "一"}}}, Want: 40072},
		{Name: "long name", API: api + "add_corp_tag", Body: m{"group_name": "来源", "tag": []m{{"name": long}}}, Want: 40072},
		{Name: "no tags", API: api + "add_corp_tag", Body: m{"group_name": "来源", "tag": []m{}}, Want: 40063},
		{Name: "bad order", API: api + "add_corp_tag", Body: m{"group_name": "来源", "tag": []m{{"name": "一", "order": 1 << 32}}}, Want: 40058},
		{Name: "all, larger orders first", API: api + "get_corp_tag_list", Body: m{}, Check: both(size(2, "tag_group"), has("生命周期", "tag_group", 0, "group_name"), has("来源", "tag_group", 1, "group_name"), absent("deleted", "tag_group", 0))},
		{Name: "groups count alone", API: api + "get_corp_tag_list", Body: kept(func(k *stage) any { return m{"tag_id": []string{k.Keep["fresh"]}, "group_id": []string{"etG"}} }), Check: both(size(1, "tag_group"), has("来源", "tag_group", 0, "group_name"))},
		{Name: "wrong type", API: api + "get_corp_tag_list", Body: m{"tag_id": "etA"}, Want: 40035},
		{Name: "mark", API: api + "mark_tag", Body: kept(func(k *stage) any { return mark([]string{"etA", k.Keep["lost"]}, nil) })},
		{Name: "the same again", API: api + "mark_tag", Body: mark([]string{"etA"}, nil)},
		{Name: "too many on one customer", API: api + "mark_tag", Body: mark([]string{"etB"}, nil), Want: 40144},
		{Name: "neither", API: api + "mark_tag", Body: mark(nil, nil), Want: 40063},
		{Name: "unknown tag", API: api + "mark_tag", Body: mark([]string{"etNONE"}, nil), Want: 40068},
		{Name: "wrong pair", API: api + "mark_tag", Body: m{"userid": "wang", "external_userid": "wm0001", "add_tag": []string{"etA"}}, Want: 84061},
		{Name: "unknown customer", API: api + "mark_tag", Body: m{"userid": "wang", "external_userid": "wmNONE", "add_tag": []string{"etA"}}, Want: 40096},
		{Name: "rename", API: api + "edit_corp_tag", Body: kept(func(k *stage) any { return m{"id": k.Keep["fresh"], "name": "新顾客", "order": 20} })},
		{Name: "rename a group", API: api + "edit_corp_tag", Body: kept(func(k *stage) any { return m{"id": k.Keep["group"], "name": "生命阶段"} })},
		{Name: "renamed", API: api + "get_corp_tag_list", Body: id("fresh"), Check: both(has("生命阶段", "tag_group", 0, "group_name"), size(1, "tag_group", 0, "tag"), has("新顾客", "tag_group", 0, "tag", 0, "name"), has(false, "tag_group", 0, "tag", 0, "deleted"))},
		{Name: "name exists", API: api + "edit_corp_tag", Body: kept(func(k *stage) any { return m{"id": k.Keep["fresh"], "name": "沉睡"} }), Want: 40071},
		{Name: "group name exists", API: api + "edit_corp_tag", Body: kept(func(k *stage) any { return m{"id": k.Keep["group"], "name": "来源"} }), Want: 40071},
		{Name: "long name", API: api + "edit_corp_tag", Body: kept(func(k *stage) any { return m{"id": k.Keep["fresh"], "name": long} }), Want: 40072},
		{Name: "somebody else's", API: api + "edit_corp_tag", Body: m{"id": "etA", "name": "改名"}, Want: 60011},
		{Name: "somebody else's group", API: api + "edit_corp_tag", Body: m{"id": "etG", "name": "改名"}, Want: 60011},
		{Name: "unknown", API: api + "edit_corp_tag", Body: m{"id": "etNONE", "name": "改名"}, Want: 40068},
		{Name: "nothing", API: api + "edit_corp_tag", Body: m{}, Want: 40063},
		{Name: "one", API: api + "del_corp_tag", Body: id("lost")},
		{Name: "off the customers", API: api + "get", Query: "external_userid=wm0000", Check: size(1, "follow_user", 0, "tags")},
		{Name: "deleted ones by id", API: api + "get_corp_tag_list", Body: id("lost"), Check: both(has(true, "tag_group", 0, "tag", 0, "deleted"), has(false, "tag_group", 0, "deleted"))},
		{Name: "a deleted tag", API: api + "mark_tag", Body: kept(func(k *stage) any { return mark([]string{k.Keep["lost"]}, nil) }), Want: 40068},
		{Name: "a deleted tag again", API: api + "del_corp_tag", Body: id("lost"), Want: 40068},
		{Name: "somebody else's", API: api + "del_corp_tag", Body: m{"tag_id": []string{"etB"}}, Want: 60011},
		{Name: "somebody else's group", API: api + "del_corp_tag", Body: m{"group_id": []string{"etG"}}, Want: 60011},
		{Name: "neither", API: api + "del_corp_tag", Body: m{"tag_id": []string{}}, Want: 40063},
		{Name: "the last ones take the group along", API: api + "del_corp_tag", Body: id("fresh", "asleep", "again")},
		{Name: "gone", API: api + "get_corp_tag_list", Body: m{}, Check: both(size(1, "tag_group"), has("来源", "tag_group", 0, "group_name"))},
		{Name: "gone, by id", API: api + "get_corp_tag_list", Body: kept(func(k *stage) any { return m{"group_id": []string{k.Keep["group"]}} }), Check: has(true, "tag_group", 0, "deleted")},
		{Name: "the name is free again", API: api + "add_corp_tag", Body: m{"group_name": "生命阶段", "tag": []m{{"name": "新客"}}}, Check: func(t *testing.T, a map[string]any) {
			if dig(a, "tag_group", "group_id") == k.Keep["group"] {
				t.Error("a deleted group came back")
			}
		}},
		{Name: "a group at once", API: api + "del_corp_tag", Before: func(k *stage) {
			g, err := k.c.CorpTags(context.Background(), nil, nil)
			k.must(err)
			for _, x := range g {
				if x.GroupName == "生命阶段" {
					k.Keep["second"] = x.GroupID
				}
			}
		}, Body: kept(func(k *stage) any { return m{"group_id": []string{k.Keep["second"]}} })},
	}
}

func wayContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/"
	way := func(more m) m {
		out := m{"type": 1, "scene": 2, "user": []string{"lina"}}
		for name, v := range more {
			out[name] = v
		}
		return out
	}
	config := func(name string, more m) func(*stage) any {
		return func(k *stage) any {
			out := m{"config_id": k.Keep[name]}
			for n, v := range more {
				out[n] = v
			}
			return out
		}
	}
	if !k.play(k.upload("MEDIA", "media/upload", "type=image", "x.png", pngOf(4, 4))) {
		return nil
	}
	return []contract{
		{Name: "QR", API: api + "add_contact_way", Body: way(m{"remark": "前台", "state": "store12", "skip_verify": false, "mark_source": true}), Check: both(k.remember("one", "config_id"), k.remember("qr", "qr_code"))},
		{Name: "mini-program", API: api + "add_contact_way", Body: way(m{"scene": 1, "style": 2}), Check: both(k.remember("mini", "config_id"), absent("qr_code"))},
		{Name: "department", API: api + "add_contact_way", Body: m{"type": 2, "scene": 2, "party": []int{1}}, Check: k.remember("dept", "config_id")},
		{Name: "temporary", API: api + "add_contact_way", Body: way(m{"is_temp": true, "expires_in": 3600, "chat_expires_in": 7200, "unionid": "un0002", "conclusions": m{"text": m{"content": "再见"}, "image": m{"media_id": k.Keep["MEDIA"]}}}), Check: both(k.remember("temp", "config_id"), k.remember("tempQR", "qr_code"))},
		{Name: "an unknown picture", API: api + "add_contact_way", Body: way(m{"is_temp": true, "conclusions": m{"image": m{"media_id": "none"}}}), Want: 40007},
		{Name: "no type", API: api + "add_contact_way", Body: m{"scene": 2, "user": []string{"lina"}}, Want: 41037},
		{Name: "no scene", API: api + "add_contact_way", Body: m{"type": 1, "user": []string{"lina"}}, Want: 41038},
		{Name: "bad type", API: api + "add_contact_way", Body: way(m{"type": 3}), Want: 41039},
		{Name: "bad scene", API: api + "add_contact_way", Body: way(m{"scene": 3}), Want: 41040},
		{Name: "two for one", API: api + "add_contact_way", Body: way(m{"user": []string{"lina", "wang"}}), Want: 41041},
		{Name: "nobody", API: api + "add_contact_way", Body: m{"type": 2, "scene": 2}, Want: 41041},
		{Name: "bad style", API: api + "add_contact_way", Body: way(m{"scene": 1, "style": 4}), Want: 41042},
		{Name: "long state", API: api + "add_contact_way", Body: way(m{"state": long}), Want: 40058},
		{Name: "long remark", API: api + "add_contact_way", Body: way(m{"remark": long}), Want: 40058},
		{Name: "no seat", API: api + "add_contact_way", Body: way(m{"user": []string{"noseat"}}), Want: 84074},
		{Name: "no such department", API: api + "add_contact_way", Body: m{"type": 2, "scene": 2, "party": []int{77}}, Want: 60003},
		{Name: "temporary for too long", API: api + "add_contact_way", Body: way(m{"is_temp": true, "expires_in": 15 * 86400}), Want: 40058},
		{Name: "temporary for two", API: api + "add_contact_way", Body: m{"type": 2, "scene": 2, "is_temp": true, "user": []string{"lina", "wang"}}, Want: 41041},
		{Name: "a long ending", API: api + "add_contact_way", Body: way(m{"is_temp": true, "conclusions": m{"text": m{"content": strings.Repeat("x", 4001)}}}), Want: 45002},
		{Name: "read back", API: api + "get_contact_way", Body: config("one", nil), Check: both(has("store12", "contact_way", "state"), has(false, "contact_way", "skip_verify"), has(true, "contact_way", "mark_source"),
			has([]any{"lina"}, "contact_way", "user"), has([]any{}, "contact_way", "party"), has(false, "contact_way", "is_temp"), absent("conclusions", "contact_way"))},
		{Name: "mini-program read back", API: api + "get_contact_way", Body: config("mini", nil), Check: both(has(2, "contact_way", "style"), has(true, "contact_way", "skip_verify"), absent("qr_code", "contact_way"))},
		{Name: "temporary read back", API: api + "get_contact_way", Body: config("temp", nil), Check: both(has(3600, "contact_way", "expires_in"), has(7200, "contact_way", "chat_expires_in"), has("un0002", "contact_way", "unionid"),
			has("再见", "contact_way", "conclusions", "text", "content"), has("http://phone.test/phone/sim/pic/"+k.Keep["MEDIA"], "contact_way", "conclusions", "image", "pic_url"))},
		{Name: "no id", API: api + "get_contact_way", Body: m{}, Want: 41043},
		{Name: "bad id", API: api + "get_contact_way", Body: m{"config_id": "x"}, Want: 41044},
		{Name: "temporary ones are not listed", API: api + "list_contact_way", Body: m{}, Check: both(size(3, "contact_way"), absent("next_cursor"))},
		{Name: "not those of then", API: api + "list_contact_way", Body: m{"start_time": 1, "end_time": 1000}, Check: size(0, "contact_way")},
		{Name: "bad cursor", API: api + "list_contact_way", Body: m{"cursor": "x"}, Want: 50100},
		{Name: "replaces members", API: api + "update_contact_way", Body: config("dept", m{"user": []string{"lina", "wang"}, "state": "new"})},
		{Name: "replaced", API: api + "get_contact_way", Body: config("dept", nil), Check: both(has([]any{"lina", "wang"}, "contact_way", "user"), has([]any{}, "contact_way", "party"), has("new", "contact_way", "state"), has("", "contact_way", "remark"))},
		{Name: "two for one", API: api + "update_contact_way", Body: config("one", m{"user": []string{"lina", "wang"}}), Want: 41041},
		{Name: "no id", API: api + "update_contact_way", Body: m{"state": "x"}, Want: 41043},
		{Name: "bad id", API: api + "update_contact_way", Body: m{"config_id": "x"}, Want: 41044},
		{Name: "not a chat", API: api + "close_temp_chat", Body: m{"userid": "lina", "external_userid": "wm0000"}, Want: 84061},
		{Name: "a temporary chat", API: api + "close_temp_chat", Before: func(k *stage) {
			if k.post("/sim/api/add", m{"person": "wm0001", "qr": k.Keep["tempQR"]}, nil) == nil {
				k.t.Error("the way is for somebody else")
			}
			k.must(k.post("/sim/api/add", m{"person": "wm0002", "qr": k.Keep["tempQR"]}, nil))
		}, Body: m{"userid": "lina", "external_userid": "wm0002"}},
		{Name: "ended already", API: api + "close_temp_chat", Body: m{"userid": "lina", "external_userid": "wm0002"}, Want: 84061},
		{Name: "delete", API: api + "del_contact_way", Body: config("one", nil)},
		{Name: "deleted", API: api + "del_contact_way", Body: config("one", nil), Want: 41044},
		{Name: "no id", API: api + "del_contact_way", Body: m{}, Want: 41043},
		{Name: "quota", API: api + "add_contact_way", Before: func(k *stage) { k.limit(func(l *Limits) { l.Ways = 2 }) }, Body: way(nil), Want: 41045},
		{Name: "quota of temporary ones", API: api + "add_contact_way", Before: func(k *stage) { k.limit(func(l *Limits) { l.TempWays = 1 }) }, Body: way(m{"is_temp": true}), Want: 41045},
		{Name: "next day", API: api + "add_contact_way", Before: func(k *stage) { k.advance(at(24, 1)) }, Body: way(m{"is_temp": true})},
	}
}

func joinContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/groupchat/"
	way := func(more m) m {
		out := m{"scene": 2, "chat_id_list": []string{"wrONE"}}
		for name, v := range more {
			out[name] = v
		}
		return out
	}
	of := func(more m) func(*stage) any {
		return func(k *stage) any {
			out := m{"config_id": k.Keep["join"]}
			for n, v := range more {
				out[n] = v
			}
			return out
		}
	}
	return []contract{
		{Name: "only the id", API: api + "add_join_way", Body: way(m{"remark": long, "state": "g1", "room_base_name": "福利群", "room_base_id": 10}), Check: both(k.remember("join", "config_id"), absent("qr_code"))},
		{Name: "read back", API: api + "get_join_way", Body: of(nil), Check: both(has(strings.Repeat("长", 30), "join_way", "remark"), has(1, "join_way", "auto_create_room"), has("福利群", "join_way", "room_base_name"),
			has(10, "join_way", "room_base_id"), has([]any{"wrONE"}, "join_way", "chat_id_list"), has("g1", "join_way", "state"), has(false, "join_way", "mark_source"), k.remember("joinQR", "join_way", "qr_code"))},
		{Name: "no groups", API: api + "add_join_way", Body: m{"scene": 2}, Want: 40063},
		{Name: "six groups", API: api + "add_join_way", Body: way(m{"chat_id_list": make([]string, 6)}), Want: 41091},
		{Name: "no such group", API: api + "add_join_way", Body: way(m{"chat_id_list": []string{"wrNONE"}}), Want: 90501},
		{Name: "bad scene", API: api + "add_join_way", Body: way(m{"scene": 0}), Want: 40058},
		{Name: "long state", API: api + "add_join_way", Body: way(m{"state": long}), Want: 40058},
		{Name: "long name", API: api + "add_join_way", Body: way(m{"room_base_name": strings.Repeat("长", 41)}), Want: 40058},
		{Name: "quota", API: api + "add_join_way", Before: func(k *stage) { k.limit(func(l *Limits) { l.Ways = 1 }) }, Body: way(nil), Want: 41045},
		{Name: "no id", API: api + "get_join_way", Body: m{}, Want: 41043},
		{Name: "bad id", API: api + "get_join_way", Body: m{"config_id": "x"}, Want: 41044},
		{Name: "replaces everything", API: api + "update_join_way", Body: of(way(m{"auto_create_room": 0}))},
		{Name: "replaced", API: api + "get_join_way", Body: of(nil), Check: both(has("", "join_way", "state"), has("", "join_way", "remark"), has(0, "join_way", "auto_create_room"), has("", "join_way", "room_base_name"),
			func(t *testing.T, a map[string]any) { wants(t, a, k.Keep["joinQR"], "join_way", "qr_code") })},
		{Name: "without groups", API: api + "update_join_way", Body: of(m{"scene": 2}), Want: 40063},
		{Name: "no id", API: api + "update_join_way", Body: way(nil), Want: 41043},
		{Name: "delete", API: api + "del_join_way", Body: of(nil)},
		{Name: "deleted", API: api + "del_join_way", Body: of(nil), Want: 41044},
	}
}

// limit changes the world's limits while it runs.
func (k *stage) limit(fn func(l *Limits)) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	fn(&k.s.st.World.Limits)
}
