package sim

import (
	"strings"
	"testing"
	"time"

	"qunce/internal/wecom"
)

func massWorld() *World {
	w := groupsWorld()
	w.Members[0].Diligence = 0 // sends are confirmed when a contract says so
	w.Members = append(w.Members, Member{UserID: "absent", Name: "x", Departments: []int64{2}})
	return w
}

func massContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/"
	text := m{"content": "周三会员日"}
	send := func(more m) m {
		out := m{"text": text}
		for n, v := range more {
			out[n] = v
		}
		return out
	}
	of := func(name string, more m) func(*stage) any {
		return func(k *stage) any {
			out := m{"msgid": k.Keep[name]}
			for n, v := range more {
				out[n] = v
			}
			return out
		}
	}
	settled := func(name string) func(*stage) { return func(k *stage) { k.settle(k.Keep[name]) } }
	confirm := func(name string, more m) func(*stage) {
		return func(k *stage) {
			body := m{"msgid": k.Keep[name]}
			for n, v := range more {
				body[n] = v
			}
			k.must(k.post("/sim/api/staff/lina/confirm", body, nil))
		}
	}
	span := func(more m) m {
		out := m{"chat_type": "single", "start_time": at(0, 0).Unix(), "end_time": at(23, 0).Unix()}
		for n, v := range more {
			out[n] = v
		}
		return out
	}
	parts := func(n int, part m) []m {
		out := make([]m, n)
		for i := range out {
			out[i] = part
		}
		return out
	}
	if !k.play(k.upload("M", "media/upload", "type=image", "x.png", pngOf(4, 4))) {
		return nil
	}
	picture := m{"msgtype": "image", "image": m{"media_id": k.Keep["M"], "pic_url": "https://example.com/x.png"}}
	return []contract{
		{Name: "to customers", API: api + "add_msg_template", Body: send(m{"sender": "lina", "external_userid": []string{"wm0000", "wm0002", "wmNONE"}, "attachments": parts(9, picture)}),
			Check: both(has([]any{"wm0002", "wmNONE"}, "fail_list"), k.remember("single", "msgid"))},
		{Name: "right after", API: api + "get_groupmsg_task", Body: of("single", nil), Want: 41063},
		{Name: "right after", API: api + "get_groupmsg_send_result", Body: of("single", m{"userid": "lina"}), Want: 41063},
		{Name: "to all of a member", API: api + "add_msg_template", Body: send(m{"sender": "lina"}), Check: both(has([]any{}, "fail_list"), k.remember("all", "msgid"))},
		{Name: "by tags", API: api + "add_msg_template", Before: func(k *stage) {
			k.must(k.post("/sim/api/staff/lina/act", m{"kind": "tag", "external_userid": "wm0001", "add": []string{"etA"}}, nil))
		}, Body: send(m{"tag_filter": m{"group_list": []m{{"tag_list": []string{"etA", "etB"}}}}}), Check: k.remember("tagged", "msgid")},
		{Name: "tags of two groups", API: api + "add_msg_template", Body: send(m{"tag_filter": m{"group_list": []m{{"tag_list": []string{"etA"}}, {"tag_list": []string{"etB"}}}}}), Want: 41048},
		{Name: "no such tag", API: api + "add_msg_template", Body: send(m{"tag_filter": m{"group_list": []m{{"tag_list": []string{"etNONE"}}}}}), Want: 40068},
		{Name: "too many tags", API: api + "add_msg_template", Body: send(m{"tag_filter": m{"group_list": []m{{"tag_list": make([]string, 101)}}}}), Want: 40058},
		{Name: "to own groups", API: api + "add_msg_template", Body: send(m{"chat_type": "group", "sender": "lina", "chat_id_list": []string{"wrONE", "wrTWO", "wrWANG", "wrNONE"}, "allow_select": true}), Check: both(has([]any{"wrWANG", "wrNONE"}, "fail_list"), k.remember("groups", "msgid"))},
		{Name: "groups want a sender", API: api + "add_msg_template", Body: send(m{"chat_type": "group"}), Want: 40063},
		{Name: "nobody is named", API: api + "add_msg_template", Body: send(nil), Want: 40063},
		{Name: "nobody is left", API: api + "add_msg_template", Body: send(m{"sender": "absent"}), Want: 41048},
		{Name: "bad kind", API: api + "add_msg_template", Body: send(m{"chat_type": "both", "sender": "lina"}), Want: 40058},
		{Name: "no content", API: api + "add_msg_template", Body: m{"sender": "lina"}, Want: 44004},
		{Name: "long text", API: api + "add_msg_template", Body: m{"sender": "lina", "text": m{"content": strings.Repeat("x", 4001)}}, Want: 45002},
		{Name: "ten parts", API: api + "add_msg_template", Body: send(m{"sender": "lina", "attachments": parts(10, picture)}), Want: 41064},
		{Name: "bad part", API: api + "add_msg_template", Body: send(m{"sender": "lina", "attachments": parts(1, m{"msgtype": "poem"})}), Want: 41065},
		{Name: "no seat", API: api + "add_msg_template", Body: send(m{"sender": "noseat"}), Want: 84074},
		{Name: "too many customers", API: api + "add_msg_template", Before: func(k *stage) { k.limit(func(l *Limits) { l.MassSingle, l.MassGroup = 1, 1 }) }, Body: send(m{"external_userid": []string{"a", "b"}}), Want: 40058},
		{Name: "too many groups", API: api + "add_msg_template", Body: send(m{"chat_type": "group", "sender": "lina", "chat_id_list": []string{"a", "b"}}), Want: 40058},

		{Name: "one pair of two", API: api + "get_groupmsg_task", Before: settled("single"), Body: of("single", nil), Check: both(size(1, "task_list"), has("lina", "task_list", 0, "userid"), has(0, "task_list", 0, "status"), absent("send_time", "task_list", 0), has("", "next_cursor"))},
		{Name: "no id", API: api + "get_groupmsg_task", Body: m{}, Want: 41046},
		{Name: "bad id", API: api + "get_groupmsg_task", Body: m{"msgid": "x"}, Want: 41047},
		{Name: "bad cursor", API: api + "get_groupmsg_task", Body: of("single", m{"cursor": "x"}), Want: 50100},
		{Name: "bad cursor", API: api + "get_groupmsg_send_result", Body: of("single", m{"userid": "lina", "cursor": "x"}), Want: 50100},
		{Name: "unsent customers are listed", API: api + "get_groupmsg_send_result", Body: of("single", m{"userid": "lina"}), Check: both(size(1, "send_list"), has(0, "send_list", 0, "status"), absent("send_time", "send_list", 0), absent("chat_id", "send_list", 0))},
		{Name: "unsent groups are not", API: api + "get_groupmsg_send_result", Before: settled("groups"), Body: of("groups", m{"userid": "lina"}), Check: size(0, "send_list")},
		{Name: "sent", API: api + "get_groupmsg_send_result", Before: confirm("single", nil), Body: of("single", m{"userid": "lina"}), Check: both(has(1, "send_list", 0, "status"), has(testStart.Unix(), "send_list", 0, "send_time"), has("wm0000", "send_list", 0, "external_userid"))},
		{Name: "one group left out", API: api + "get_groupmsg_send_result", Before: confirm("groups", m{"remove": []string{"wrTWO"}}), Body: of("groups", m{"userid": "lina"}), Check: both(size(1, "send_list"), has("wrONE", "send_list", 0, "chat_id"), has(1, "send_list", 0, "status"))},
		{Name: "a friend no more", API: api + "get_groupmsg_send_result", Before: func(k *stage) {
			settled("all")(k)
			k.must(k.post("/sim/api/delete", m{"person": "wm0001", "userid": "lina"}, nil))
			confirm("all", nil)(k)
		}, Body: of("all", m{"userid": "lina", "limit": 2}), Check: both(size(2, "send_list"), has(2, "send_list", 1, "status"), k.remember("results", "next_cursor"))},
		{Name: "last page", API: api + "get_groupmsg_send_result", Body: kept(func(k *stage) any {
			return m{"msgid": k.Keep["all"], "userid": "lina", "limit": 2, "cursor": k.Keep["results"]}
		}), Check: both(size(1, "send_list"), has("", "next_cursor"))},
		{Name: "no member", API: api + "get_groupmsg_send_result", Body: of("single", nil), Want: 41009},
		{Name: "another member", API: api + "get_groupmsg_send_result", Body: of("single", m{"userid": "wang"}), Want: 40003},

		{Name: "corp and own ones", API: api + "get_groupmsg_list_v2", Before: func(k *stage) {
			k.must(k.post("/sim/api/staff/lina/act", m{"kind": "mass", "text": "我自己发的", "add": []string{"wm0000"}}, nil))
		}, Body: span(nil), Check: both(size(4, "group_msg_list"), has(0, "group_msg_list", 0, "create_type"), absent("creator", "group_msg_list", 0), has("周三会员日", "group_msg_list", 0, "text", "content"),
			has(k.Keep["M"], "group_msg_list", 0, "attachments", 0, "image", "media_id"), absent("pic_url", "group_msg_list", 0, "attachments", 0, "image"))},
		{Name: "own ones", API: api + "get_groupmsg_list_v2", Body: span(m{"filter_type": 1}), Check: both(size(1, "group_msg_list"), has("lina", "group_msg_list", 0, "creator"), has(1, "group_msg_list", 0, "create_type"))},
		{Name: "the corp's", API: api + "get_groupmsg_list_v2", Body: span(m{"filter_type": 0}), Check: size(3, "group_msg_list")},
		{Name: "of a creator", API: api + "get_groupmsg_list_v2", Body: span(m{"creator": "LINA"}), Check: size(1, "group_msg_list")},
		{Name: "groups", API: api + "get_groupmsg_list_v2", Body: span(m{"chat_type": "group"}), Check: size(1, "group_msg_list")},
		{Name: "a page", API: api + "get_groupmsg_list_v2", Body: span(m{"limit": 3}), Check: both(size(3, "group_msg_list"), k.remember("list", "next_cursor"))},
		{Name: "over the limit is the default", API: api + "get_groupmsg_list_v2", Body: kept(func(k *stage) any { return span(m{"limit": 101, "cursor": k.Keep["list"]}) }), Check: both(size(1, "group_msg_list"), has("", "next_cursor"))},
		{Name: "more than a month", API: api + "get_groupmsg_list_v2", Body: span(m{"start_time": 1}), Want: 40058},
		{Name: "no kind", API: api + "get_groupmsg_list_v2", Body: span(m{"chat_type": ""}), Want: 40058},
		{Name: "bad cursor", API: api + "get_groupmsg_list_v2", Body: span(m{"cursor": "x"}), Want: 50100},
		{Name: "bad filter", API: api + "get_groupmsg_list_v2", Body: span(m{"filter_type": 3}), Want: 40058},

		{Name: "once", API: api + "remind_groupmsg_send", Body: of("tagged", nil)},
		{Name: "twice", API: api + "remind_groupmsg_send", Body: of("tagged", nil)},
		{Name: "three times", API: api + "remind_groupmsg_send", Body: of("tagged", nil)},
		{Name: "too often", API: api + "remind_groupmsg_send", Body: of("tagged", nil), Want: 41094},
		{Name: "a day later", API: api + "remind_groupmsg_send", Before: func(k *stage) { k.advance(testStart.Add(24 * time.Hour)) }, Body: of("tagged", nil)},
		{Name: "no id", API: api + "remind_groupmsg_send", Body: m{}, Want: 41046},
		{Name: "what is not sent yet", API: api + "cancel_groupmsg_send", Body: of("tagged", nil)},
		{Name: "cancelled", API: api + "cancel_groupmsg_send", Body: of("tagged", nil), Want: 41093},
		{Name: "cancelled", API: api + "remind_groupmsg_send", Body: of("tagged", nil), Want: 41093},
		{Name: "bad id", API: api + "cancel_groupmsg_send", Body: m{"msgid": "x"}, Want: 41047},
	}
}

func welcomeContracts(_ *testing.T, k *stage) []contract {
	const api = "externalcontact/send_welcome_msg"
	code := func(person string) func(*stage) {
		return func(k *stage) {
			_, qr := k.way("s", "lina")
			k.must(k.post("/sim/api/add", m{"person": person, "qr": qr}, nil))
			k.advance(testStart)
			k.p.mu.Lock()
			defer k.p.mu.Unlock()
			k.Keep["code"] = ""
			for _, e := range k.p.events {
				if e.ExternalUserID == person {
					k.Keep["code"] = e.WelcomeCode
				}
			}
		}
	}
	with := func(more m) func(*stage) any {
		return func(k *stage) any {
			out := m{"welcome_code": k.Keep["code"], "text": m{"content": "欢迎"}}
			for n, v := range more {
				out[n] = v
			}
			return out
		}
	}
	link := wecom.Attachment{MsgType: "link", Link: &wecom.Link{Title: strings.Repeat("x", 129), URL: "https://example.com/"}}
	return []contract{
		{Name: "long title", API: api, Before: code("wm0002"), Body: with(m{"attachments": []any{link}}), Want: 40058},
		{Name: "sent", API: api, Body: with(nil)},
		{Name: "sent already", API: api, Body: with(nil), Want: 41051},
		{Name: "no code", API: api, Body: m{"text": m{"content": "x"}}, Want: 41049},
		{Name: "bad code", API: api, Body: m{"welcome_code": "x", "text": m{"content": "x"}}, Want: 41050},
		{Name: "no content", API: api, Body: m{"welcome_code": "x"}, Want: 44004},
		{Name: "WeCom users are not welcomed", API: api, Before: func(k *stage) {
			k.must(k.post("/sim/api/staff/lina/act", m{"kind": "delete", "external_userid": "wm0003"}, nil))
			code("wm0003")(k)
			if k.Keep["code"] != "" {
				k.t.Error("a WeCom user came with a welcome code")
			}
		}, Body: with(nil), Want: 41049},
	}
}
