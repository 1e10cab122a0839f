package sim

import (
	"testing"
	"time"
)

// transfersWorld: zhao and old have customers; slow is not real-name verified, banned is, stale has not been here for a year,
// new is free to take over, full takes nobody but who is there already.
func transfersWorld() *World {
	w := smallWorld(8)
	w.Behaviour.Refuse = 0
	for _, id := range []string{"zhao", "old", "young"} {
		w.Members = append(w.Members, Member{UserID: id, Name: id, Departments: []int64{2}})
	}
	w.Members = append(w.Members, Member{UserID: "unverified", Name: "x", Departments: []int64{2}, Unverified: true},
		Member{UserID: "stale", Name: "x", Departments: []int64{2}, Stale: true}, Member{UserID: "banned", Name: "x", Departments: []int64{2}, Banned: true},
		Member{UserID: "absent", Name: "x", Departments: []int64{2}, Inactive: true})
	for i := range 6 {
		w.Friends = append(w.Friends, Friend{UserID: []string{"zhao", "old"}[i%2], ExternalUserID: w.People[i].ExternalUserID})
	}
	w.Groups = append(w.Groups, Group{ChatID: "wrZHAO", Name: "赵的群", Owner: "zhao"}, Group{ChatID: "wrOLD", Name: "旧群", Owner: "old", Members: []string{"lina", "wm0001"}},
		Group{ChatID: "wrOLD2", Name: "旧群二", Owner: "old"})
	return w
}

func transferContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/transfer_customer"
	move := func(from, to string, ids ...string) m {
		return m{"handover_userid": from, "takeover_userid": to, "external_userid": ids}
	}
	item := func(code int) func(*testing.T, map[string]any) { return has(code, "customer", 0, "errcode") }
	result := func(from, to string) m { return m{"handover_userid": from, "takeover_userid": to} }
	groups := func(owner string, ids ...string) m { return m{"chat_id_list": ids, "new_owner": owner} }
	failed := func(code int, text string) func(*testing.T, map[string]any) {
		return both(size(1, "failed_chat_list"), has(code, "failed_chat_list", 0, "errcode"), has(text, "failed_chat_list", 0, "errmsg"))
	}
	return []contract{
		{Name: "accepted", API: api, Body: move("zhao", "young", "wm0000", "wm0001", "wmNONE"), Check: both(item(0), has(40131, "customer", 1, "errcode"), has(40096, "customer", 2, "errcode"), has("wm0000", "customer", 0, "external_userid"))},
		{Name: "under way", API: api, Body: move("zhao", "lina", "wm0000"), Check: item(40129)},
		{Name: "to oneself", API: api, Body: move("zhao", "zhao", "wm0002"), Check: item(40130)},
		{Name: "not verified", API: api, Body: move("zhao", "unverified", "wm0002"), Check: item(40098)},
		{Name: "away for a year", API: api, Body: move("zhao", "stale", "wm0002"), Check: item(40205)},
		{Name: "banned", API: api, Body: move("zhao", "banned", "wm0002"), Check: item(40143)},
		{Name: "nobody", API: api, Body: move("zhao", "young"), Want: 40063},
		{Name: "too many", API: api, Body: move("zhao", "young", make([]string, 101)...), Want: 40058},
		{Name: "no seat", API: api, Body: move("zhao", "noseat", "wm0002"), Want: 84074},
		{Name: "not activated", API: api, Body: move("zhao", "absent", "wm0002"), Want: 41054},
		{Name: "unknown taker", API: api, Body: move("zhao", "nobody", "wm0002"), Want: 60111},
		{Name: "unknown giver", API: api, Body: move("nobody", "zhao", "wm0002"), Want: 60111},
		{Name: "a giver out of range", API: api, Body: move("ghost", "zhao", "wm0002"), Want: 60011},
		{Name: "a long word", API: api, Body: m{"handover_userid": "zhao", "takeover_userid": "young", "external_userid": []string{"wm0002"}, "transfer_success_msg": long + long + long + long + long + long + long}, Want: 40058},
		{Name: "waiting", API: "externalcontact/transfer_result", Body: result("zhao", "young"), Check: both(size(1, "customer"), has(2, "customer", 0, "status"), has(testStart.Add(24*time.Hour).Unix(), "customer", 0, "takeover_time"), has("", "next_cursor"))},
		{Name: "done", API: "externalcontact/transfer_result", Before: func(k *stage) { k.advance(testStart.Add(24 * time.Hour)) }, Body: result("zhao", "young"), Check: both(has(1, "customer", 0, "status"), has(testStart.Add(24*time.Hour).Unix(), "customer", 0, "takeover_time"))},
		{Name: "the taker's now", API: "externalcontact/get", Query: "external_userid=wm0000", Check: both(size(1, "follow_user"), has("young", "follow_user", 0, "userid"), has(202, "follow_user", 0, "add_way"), has("zhao", "follow_user", 0, "oper_userid"))},
		{Name: "no longer the giver's", API: api, Body: move("zhao", "lina", "wm0000"), Check: item(40131)},
		{Name: "a second time", API: api, Body: move("young", "zhao", "wm0000"), Check: item(0)},
		{Name: "a third time within 90 days", API: api, Before: func(k *stage) { k.advance(testStart.Add(48 * time.Hour)) }, Body: move("zhao", "young", "wm0000"), Check: item(40128)},
		{Name: "after 90 days", API: api, Before: func(k *stage) { k.advance(testStart.AddDate(0, 0, 90)) }, Body: move("zhao", "young", "wm0000"), Check: item(0)},
		{Name: "full", API: api, Before: func(k *stage) { k.limit(func(l *Limits) { l.Customers = 2 }) }, Body: move("zhao", "old", "wm0002"), Check: item(40099)},
		{Name: "full in the end", API: api, Body: move("zhao", "lina", "wm0002", "wm0004"), Check: item(0)},
		{Name: "full in the end", API: "externalcontact/transfer_result", Before: func(k *stage) {
			k.limit(func(l *Limits) { l.Customers = 1 })
			k.advance(testStart.AddDate(0, 0, 91))
		}, Body: result("zhao", "lina"), Check: both(has(1, "customer", 0, "status"), has(4, "customer", 1, "status"), has(0, "customer", 1, "takeover_time"))},
		{Name: "refused", API: "externalcontact/transfer_result", Before: func(k *stage) {
			k.limit(func(l *Limits) { l.Customers = 0 })
			if _, err := k.ask(contract{API: api, Body: move("old", "lina", "wm0003")}); err != nil {
				k.t.Fatal(err)
			}
			k.must(k.post("/sim/api/refuse", m{"person": "wm0003", "userid": "old"}, nil))
		}, Body: result("old", "lina"), Check: both(has(3, "customer", 0, "status"), has(0, "customer", 0, "takeover_time"))},
		{Name: "no such pair", API: "externalcontact/transfer_result", Body: result("old", "zhao"), Check: size(0, "customer")},
		{Name: "nobody", API: "externalcontact/transfer_result", Body: m{"handover_userid": "zhao"}, Want: 40063},
		{Name: "bad cursor", API: "externalcontact/transfer_result", Body: m{"handover_userid": "zhao", "takeover_userid": "young", "cursor": "x"}, Want: 50100},
		{Name: "of somebody there", API: "externalcontact/groupchat/onjob_transfer", Body: groups("young", "wrZHAO"), Check: size(0, "failed_chat_list")},
		{Name: "moved", API: "externalcontact/groupchat/get", Body: m{"chat_id": "wrZHAO"}, Check: both(has("young", "group_chat", "owner"), size(2, "group_chat", "member_list"))},
		{Name: "unchanged", API: "externalcontact/groupchat/onjob_transfer", Body: groups("young", "wrZHAO"), Check: failed(90504, "the owner of this chat is not changed")},
		{Name: "back", API: "externalcontact/groupchat/onjob_transfer", Body: groups("zhao", "wrZHAO"), Check: size(0, "failed_chat_list")},
		{Name: "too often", API: "externalcontact/groupchat/onjob_transfer", Body: groups("young", "wrZHAO"), Check: failed(40128, "transferred too often")},
		{Name: "no group", API: "externalcontact/groupchat/onjob_transfer", Body: groups("young", "wrNONE"), Check: failed(90501, "chat is not external group chat")},
		{Name: "a full group", API: "externalcontact/groupchat/onjob_transfer", Before: func(k *stage) { k.limit(func(l *Limits) { l.GroupSize = 3 }) }, Body: groups("young", "wrOLD"), Check: failed(90503, "the chat is full")},
		{Name: "enough for one day", API: "externalcontact/groupchat/onjob_transfer", Before: func(k *stage) { k.limit(func(l *Limits) { l.GroupsPerDay = 1 }) }, Body: groups("lina", "wrOLD", "wrOLD2"), Check: failed(45009, "api freq out of limit")},
		{Name: "nobody", API: "externalcontact/groupchat/onjob_transfer", Body: groups("", "wrOLD"), Want: 40063},
		{Name: "not verified", API: "externalcontact/groupchat/onjob_transfer", Body: groups("unverified", "wrOLD"), Want: 40098},
		{Name: "no seat", API: "externalcontact/groupchat/onjob_transfer", Body: groups("noseat", "wrOLD"), Want: 84074},
		{Name: "too many", API: "externalcontact/groupchat/onjob_transfer", Body: groups("young", make([]string, 101)...), Want: 40058},
	}
}

func resignedContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/resigned/transfer_customer"
	move := func(from, to string, ids ...string) m {
		return m{"handover_userid": from, "takeover_userid": to, "external_userid": ids}
	}
	item := func(code int) func(*testing.T, map[string]any) { return has(code, "customer", 0, "errcode") }
	groups := func(owner string, ids ...string) m { return m{"chat_id_list": ids, "new_owner": owner} }
	failed := func(code int) func(*testing.T, map[string]any) {
		return both(size(1, "failed_chat_list"), has(code, "failed_chat_list", 0, "errcode"))
	}
	owned := func(status int) m {
		return m{"limit": 10, "status_filter": status, "owner_filter": m{"userid_list": []string{"old"}}}
	}
	return []contract{
		{Name: "nobody has left", API: "externalcontact/get_unassigned_list", Body: m{}, Check: both(size(0, "info"), has(true, "is_last"), has("", "next_cursor"))},
		{Name: "still there", API: api, Body: move("old", "young", "wm0001"), Check: item(40097)},
		{Name: "the owner is there", API: "externalcontact/groupchat/transfer", Body: groups("young", "wrOLD"), Check: failed(90500)},
		{Name: "left", API: "externalcontact/get_unassigned_list", Before: func(k *stage) {
			if out := k.hand("resign", m{"userid": "old"}); out["unassigned"] != 3.0 || out["groups"] != 2.0 {
				k.t.Errorf("resigned: %v", out)
			}
		}, Body: m{"page_size": 2}, Check: both(size(2, "info"), has("old", "info", 0, "handover_userid"), has("wm0001", "info", 0, "external_userid"), has(testStart.Unix(), "info", 0, "dimission_time"),
			has(false, "is_last"), k.remember("unassigned", "next_cursor"))},
		{Name: "last page", API: "externalcontact/get_unassigned_list", Body: kept(func(k *stage) any { return m{"page_size": 2, "cursor": k.Keep["unassigned"]} }), Check: both(size(1, "info"), has(true, "is_last"))},
		{Name: "old paging", API: "externalcontact/get_unassigned_list", Body: m{"page_size": 2, "page_id": 1}, Check: both(size(1, "info"), has("wm0005", "info", 0, "external_userid"))},
		{Name: "bad page", API: "externalcontact/get_unassigned_list", Body: m{"page_size": 1001}, Want: 40058},
		{Name: "bad cursor", API: "externalcontact/get_unassigned_list", Body: m{"cursor": "x"}, Want: 50100},
		{Name: "nobody's customer now", API: "externalcontact/get", Query: "external_userid=wm0001", Want: 84061},
		{Name: "no member", API: "externalcontact/list", Query: "userid=old", Want: 60111},
		{Name: "an orphan is listed by its owner", API: "externalcontact/groupchat/list", Body: owned(1), Check: both(size(2, "group_chat_list"), has(1, "group_chat_list", 0, "status"))},
		{Name: "and only then", API: "externalcontact/groupchat/list", Body: m{"limit": 10, "status_filter": 1}, Check: size(0, "group_chat_list")},
		{Name: "it can be read", API: "externalcontact/groupchat/get", Body: m{"chat_id": "wrOLD"}, Check: has("old", "group_chat", "owner")},
		{Name: "on the job no more", API: "externalcontact/transfer_customer", Body: move("old", "young", "wm0001"), Want: 40003},
		{Name: "accepted", API: api, Body: move("old", "young", "wm0001", "wm0003"), Check: both(item(0), has(0, "customer", 1, "errcode"))},
		{Name: "again", API: api, Body: move("old", "young", "wm0001"), Check: item(40100)},
		{Name: "not their customer", API: api, Body: move("old", "young", "wm0000"), Check: item(40131)},
		{Name: "nobody", API: api, Body: move("old", "young"), Want: 40063},
		{Name: "to somebody who left", API: api, Body: move("old", "old", "wm0001"), Want: 60111},
		{Name: "one is left", API: "externalcontact/get_unassigned_list", Body: m{}, Check: both(size(1, "info"), has("wm0005", "info", 0, "external_userid"))},
		{Name: "waiting", API: "externalcontact/resigned/transfer_result", Body: m{"handover_userid": "old", "takeover_userid": "young"}, Check: both(size(2, "customer"), has(2, "customer", 0, "status"))},
		{Name: "nobody", API: "externalcontact/resigned/transfer_result", Body: m{}, Want: 40063},
		{Name: "not among those of members still there", API: "externalcontact/transfer_result", Body: m{"handover_userid": "old", "takeover_userid": "young"}, Check: size(0, "customer")},
		{Name: "inherit", API: "externalcontact/groupchat/transfer", Body: groups("young", "wrOLD", "wrNONE"), Check: failed(90501)},
		{Name: "under way", API: "externalcontact/groupchat/list", Body: owned(2), Check: both(size(1, "group_chat_list"), has("wrOLD", "group_chat_list", 0, "chat_id"))},
		{Name: "under way", API: "externalcontact/groupchat/transfer", Body: groups("young", "wrOLD"), Check: failed(90507)},
		{Name: "the owner has left", API: "externalcontact/groupchat/onjob_transfer", Body: groups("young", "wrOLD2"), Check: failed(90502)},
		{Name: "nobody", API: "externalcontact/groupchat/transfer", Body: groups("young"), Want: 40063},
		{Name: "no seat", API: "externalcontact/groupchat/transfer", Body: groups("noseat", "wrOLD"), Want: 84074},
		{Name: "inherited", API: "externalcontact/groupchat/list", Before: func(k *stage) { k.advance(testStart.Add(25 * time.Hour)) },
			Body: m{"limit": 10, "status_filter": 3}, Check: both(size(1, "group_chat_list"), has("wrOLD", "group_chat_list", 0, "chat_id"), has(3, "group_chat_list", 0, "status"))},
		{Name: "inherited", API: "externalcontact/groupchat/get", Body: m{"chat_id": "wrOLD"}, Check: both(has("young", "group_chat", "owner"), size(3, "group_chat", "member_list"))},
		{Name: "inherited already", API: "externalcontact/groupchat/transfer", Body: groups("lina", "wrOLD"), Check: failed(90508)},
		{Name: "done", API: "externalcontact/resigned/transfer_result", Body: m{"handover_userid": "old", "takeover_userid": "young"}, Check: both(has(1, "customer", 0, "status"), has(1, "customer", 1, "status"))},
		{Name: "the taker's now", API: "externalcontact/list", Query: "userid=young", Check: has([]any{"wm0001", "wm0003"}, "external_userid")},
		{Name: "too late", API: api, Before: func(k *stage) { k.advance(testStart.AddDate(1, 0, 2)) }, Body: move("old", "young", "wm0005"), Check: item(40131)},
	}
}
