package sim

import "testing"

// statsWorld: lina answers, wang does not; they have a group each.
func statsWorld() *World {
	w := friendsWorld()
	w.Members[0].Diligence = 0 // nobody acts by themselves: what is counted is what the contracts do
	w.Groups = append(w.Groups, Group{ChatID: "wrWANG", Name: "王群", Owner: "wang", Members: []string{"wm0000"}})
	return w
}

func statContracts(_ *testing.T, k *stage) []contract {
	const (
		users  = "externalcontact/get_user_behavior_data"
		groups = "externalcontact/groupchat/statistic"
		days   = "externalcontact/groupchat/statistic_group_by_day"
	)
	day := func(n int) int64 { return at(24*n, 0).Unix() }
	of := func(from, to int, ids ...string) m {
		return m{"userid": ids, "start_time": day(from) + 3600, "end_time": day(to) + 7200}
	}
	owners := func(from, to int, more m, ids ...string) m {
		out := m{"day_begin_time": day(from) + 3600, "owner_filter": m{"userid_list": ids}}
		if to != from {
			out["day_end_time"] = day(to)
		}
		for n, v := range more {
			out[n] = v
		}
		return out
	}
	talk := func(k *stage) {
		k.hand("ask", m{"person": "wm0000", "userid": "lina", "text": "在吗"})
		k.hand("ask", m{"person": "wm0000", "userid": "lina", "text": "有新品吗"})
		k.hand("ask", m{"person": "wm0001", "userid": "lina", "text": "几点关门"})
		k.hand("ask", m{"person": "wm0000", "userid": "wang", "text": "在吗"})
		k.hand("ask", m{"person": "wm0002", "chat_id": "wrONE", "text": "大家好"})
		k.advance(at(8, 10))
		k.hand("write", m{"userid": "lina", "external_userid": "wm0000", "text": "在的"})
		k.hand("write", m{"userid": "lina", "external_userid": "wm0000", "text": "请看"})
		k.hand("write", m{"userid": "lina", "external_userid": "wm0003", "text": "您好"})
		k.hand("apply", m{"userid": "lina", "external_userid": "wm0002"})
		k.hand("block", m{"person": "wm0001", "userid": "lina"})
		k.must(k.post("/sim/api/delete", m{"person": "wm0000", "userid": "lina"}, nil))
		_, qr := k.way("s", "wang")
		k.must(k.post("/sim/api/add", m{"person": "wm0001", "qr": qr}, nil))
	}
	return []contract{
		{Name: "today is not there", API: users, Before: talk, Body: of(0, 0, "lina"), Check: size(0, "behavior_data")},
		{Name: "tomorrow it is", API: users, Before: func(k *stage) { k.advance(at(24, 5)) }, Body: of(0, 0, "lina"), Check: both(size(1, "behavior_data"), has(day(0), "behavior_data", 0, "stat_time"),
			has(2, "behavior_data", 0, "chat_cnt"), has(3, "behavior_data", 0, "message_cnt"), has(50, "behavior_data", 0, "reply_percentage"), has(10, "behavior_data", 0, "avg_reply_time"),
			has(2, "behavior_data", 0, "negative_feedback_cnt"), has(1, "behavior_data", 0, "new_apply_cnt"), has(0, "behavior_data", 0, "new_contact_cnt"))},
		{Name: "nobody answered", API: users, Body: of(0, 0, "wang"), Check: both(has(0, "behavior_data", 0, "reply_percentage"), has(0, "behavior_data", 0, "chat_cnt"), has(1, "behavior_data", 0, "new_contact_cnt"))},
		{Name: "two are one row", API: users, Body: of(0, 0, "lina", "wang"), Check: both(size(1, "behavior_data"), has(33.33, "behavior_data", 0, "reply_percentage"), has(3, "behavior_data", 0, "message_cnt"), has(1, "behavior_data", 0, "new_contact_cnt"))},
		{Name: "by department", API: users, Body: m{"partyid": []int{2}, "start_time": day(0), "end_time": day(0)}, Check: has(3, "behavior_data", 0, "message_cnt")},
		{Name: "without talk", API: users, Before: func(k *stage) { k.advance(at(49, 0)) }, Body: of(0, 1, "lina"), Check: both(size(2, "behavior_data"), has(day(1), "behavior_data", 1, "stat_time"), has(0, "behavior_data", 1, "new_contact_cnt"), absent("reply_percentage", "behavior_data", 1), absent("avg_reply_time", "behavior_data", 1))},
		{Name: "of nobody", API: users, Body: of(0, 0), Want: 40063},
		{Name: "no time", API: users, Body: m{"userid": []string{"lina"}}, Want: 40063},
		{Name: "unknown", API: users, Body: of(0, 0, "nobody"), Want: 60111},
		{Name: "no such department", API: users, Body: m{"partyid": []int{77}, "start_time": day(0), "end_time": day(0)}, Want: 60003},
		{Name: "more than 30 days", API: users, Body: of(-29, 1, "lina"), Want: 40058},
		{Name: "backwards", API: users, Body: of(1, 0, "lina"), Want: 40058},
		{Name: "too many", API: users, Body: of(0, 0, make([]string, 101)...), Want: 40032},

		{Name: "by new groups", API: groups, Body: owners(0, 0, nil, "lina", "wang"), Check: both(has(2, "total"), has(2, "next_offset"), size(2, "items"), has("lina", "items", 0, "owner"), has(1, "items", 0, "data", "new_chat_cnt"),
			has(1, "items", 0, "data", "chat_total"), has(1, "items", 0, "data", "chat_has_msg"), has(2, "items", 0, "data", "member_total"), has(1, "items", 0, "data", "member_has_msg"), has(1, "items", 0, "data", "msg_total"),
			has(2, "items", 0, "data", "new_member_cnt"), has(0, "items", 1, "data", "msg_total"))},
		{Name: "next day nothing is new", API: groups, Body: owners(1, 1, nil, "lina"), Check: both(has(0, "items", 0, "data", "new_member_cnt"), has(1, "items", 0, "data", "msg_total"))},
		{Name: "a span", API: groups, Body: owners(0, 1, m{"order_by": 2, "order_asc": 1, "limit": 1, "offset": 1}, "lina", "wang"), Check: both(has(2, "total"), has(2, "next_offset"), size(1, "items"))},
		{Name: "of nobody", API: groups, Body: m{"day_begin_time": day(0)}, Want: 40063},
		{Name: "bad order", API: groups, Body: owners(0, 0, m{"order_by": 5}, "lina"), Want: 40058},
		{Name: "bad offset", API: groups, Body: owners(0, 0, m{"offset": 9}, "lina"), Want: 40058},
		{Name: "unknown", API: groups, Body: owners(0, 0, nil, "nobody"), Want: 60111},
		{Name: "the owners together", API: days, Body: owners(0, 1, nil, "lina", "wang"), Check: both(size(2, "items"), has(day(0), "items", 0, "stat_time"), has(2, "items", 0, "data", "chat_total"), has(4, "items", 1, "data", "member_total"))},
		{Name: "too many", API: days, Body: owners(0, 0, nil, make([]string, 101)...), Want: 40032},
		{Name: "forgotten", API: days, Before: func(k *stage) { k.advance(at(24*181, 5)) }, Body: owners(0, 0, nil, "lina"), Want: 40058},
		{Name: "forgotten", API: users, Body: of(0, 0, "lina"), Want: 40058},
		{Name: "not yet forgotten", API: days, Body: owners(1, 1, nil, "lina"), Check: size(1, "items")},
	}
}
