package sim

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// kfWorld has an account that the world began with; nobody answers by themselves.
func kfWorld() *World {
	w := smallWorld(4)
	w.Members[0].Diligence = 0
	w.Members = append(w.Members, Member{UserID: "new", Name: "新人", Departments: []int64{2}, Inactive: true})
	w.Kf = []Service{{OpenKfID: "wkONE", Name: "福利官", Servicers: []string{"lina", "new"}}}
	w.Upgrade = Upgrade{Members: []string{"lina"}, Groups: []string{"wrONE"}}
	w.Limits.KfAccounts = 3
	w.Behaviour.Add, w.Behaviour.Join = 1, 1
	return w
}

func kfContracts(_ *testing.T, k *stage) []contract {
	return []contract{
		k.upload("face", "media/upload", "type=image", "face.png", pngOf(4, 4)),
		line("kf/account/add", "one", `{"name":"西湖店客服","media_id":"{{face}}"}`, 0, k.keep("kf", "open_kfid"), kind("open_kfid", "string")),
		line("kf/account/add", "no picture", `{"name":"x"}`, 40063),
		line("kf/account/add", "unknown picture", `{"name":"x","media_id":"none"}`, 40007),
		line("kf/account/add", "long name", `{"name":"`+repeat("名", 17)+`","media_id":"{{face}}"}`, 95006),
		line("kf/account/add", "no name", `{"media_id":"{{face}}"}`, 95006),
		line("kf/account/list", "all", `{}`, 0, entries("account_list", 2), is("account_list.0.open_kfid", "wkONE"), is("account_list.0.name", "福利官"), is("account_list.0.manage_privilege", true), kind("account_list.1.avatar", "string")),
		line("kf/account/list", "from one on", `{"offset":1,"limit":100}`, 0, entries("account_list", 1), is("account_list.0.name", "西湖店客服")),
		line("kf/account/list", "too many", `{"limit":101}`, 40058),
		line("kf/account/update", "name", `{"open_kfid":"{{kf}}","name":"新名字"}`, 0),
		line("kf/account/update", "nothing", `{"open_kfid":"{{kf}}"}`, 40063),
		line("kf/account/update", "unknown", `{"open_kfid":"wk0","name":"x"}`, 95000),
		line("kf/account/add", "third", `{"name":"三","media_id":"{{face}}"}`, 0, k.keep("third", "open_kfid")),
		line("kf/account/add", "full", `{"name":"四","media_id":"{{face}}"}`, 95005),
		line("kf/account/del", "third", `{"open_kfid":"{{third}}"}`, 0),
		line("kf/account/del", "gone", `{"open_kfid":"{{third}}"}`, 95004),
		line("kf/account/del", "unknown", `{"open_kfid":"wk0"}`, 95000),

		line("kf/add_contact_way", "with a scene", `{"open_kfid":"wkONE","scene":"store_12"}`, 0, k.keep("url", "url")),
		line("kf/add_contact_way", "scene shape", `{"open_kfid":"wkONE","scene":"门店"}`, 40058),
		line("kf/add_contact_way", "long scene", `{"open_kfid":"wkONE","scene":"`+repeat("a", 33)+`"}`, 40058),
		line("kf/add_contact_way", "unknown", `{"open_kfid":"wk0"}`, 95000),

		line("kf/servicer/add", "some", `{"open_kfid":"{{kf}}","userid_list":["wang","WANG","nobody"],"department_id_list":[2,99]}`, 0, is("result_list.0.errmsg", "success"), is("result_list.0.errcode", 0),
			is("result_list.1.errmsg", "ignored"), is("result_list.2.errcode", 60111), is("result_list.3.department_id", 2), is("result_list.4.errcode", 60003)),
		line("kf/servicer/add", "nobody", `{"open_kfid":"{{kf}}"}`, 40063),
		line("kf/servicer/add", "too many", `{"open_kfid":"{{kf}}","userid_list":[`+strings.TrimSuffix(repeat(`"lina",`, 101), ",")+`]}`, 40058),
		line("kf/servicer/list", "all", "?open_kfid={{kf}}", 0, entries("servicer_list", 2), is("servicer_list.0.userid", "wang"), is("servicer_list.0.status", 0), is("servicer_list.1.department_id", 2)),
		line("kf/servicer/list", "unknown", "?open_kfid=wk0", 95000),
		line("kf/servicer/del", "one", `{"open_kfid":"{{kf}}","userid_list":["Wang"],"department_id_list":[77]}`, 0, is("result_list.0.errmsg", "success"), is("result_list.1.errmsg", "ignored")),
		line("kf/servicer/del", "nobody", `{"open_kfid":"{{kf}}"}`, 40063),

		line("kf/service_state/get", "not begun", `{"open_kfid":"wkONE","external_userid":"wm0000"}`, 0, is("service_state", 4), kind("servicer_userid", "nothing")),
		line("kf/service_state/get", "unknown person", `{"open_kfid":"wkONE","external_userid":"wm9999"}`, 40096),
		line("kf/service_state/get", "no person", `{"open_kfid":"wkONE"}`, 41035),
		line("kf/service_state/trans", "no state", `{"open_kfid":"wkONE","external_userid":"wm0000"}`, 40063),
		line("kf/service_state/trans", "no such state", `{"open_kfid":"wkONE","external_userid":"wm0000","service_state":5}`, 40058),
		line("kf/service_state/trans", "not begun", `{"open_kfid":"wkONE","external_userid":"wm0000","service_state":1}`, 95016),

		line("kf/customer/batchget", "known and unknown", `{"external_userid_list":["wm0000","wm0001","wm9999"],"need_enter_session_context":1}`, 0, entries("customer_list", 1), is("customer_list.0.nickname", "顾客0"),
			is("customer_list.0.unionid", "un0000"), is("customer_list.0.enter_session_context.scene", "store_12"), is("customer_list.0.enter_session_context.scene_param", "a=1"), entries("invalid_external_userid", 2)).after(func(k *stage) {
			k.Keep["link"] = k.Keep["url"] + "&scene_param=a%3D1"
			k.byHand(`{"kind":"kf_enter","person":"wm0000","url":"{{link}}"}`)
		}),
		line("kf/customer/batchget", "nobody", `{}`, 40063),
		line("kf/customer/batchget", "too many", `{"external_userid_list":[`+strings.TrimSuffix(repeat(`"wm0000",`, 101), ",")+`]}`, 40058),
		line("kf/customer/get_upgrade_service_config", "all", "?", 0, is("member_range.userid_list.0", "lina"), entries("member_range.department_id_list", 0), is("groupchat_range.chat_id_list.0", "wrONE")),
		line("kf/customer/upgrade_service", "never wrote", `{"open_kfid":"wkONE","external_userid":"wm0000","type":1,"member":{"userid":"lina"}}`, 95002),
		line("kf/customer/upgrade_service", "a member", `{"open_kfid":"wkONE","external_userid":"wm0000","type":1,"member":{"userid":"lina","wording":"加我"}}`, 0).after(func(k *stage) {
			k.byHand(`{"kind":"kf_say","person":"wm0000","open_kfid":"wkONE","text":"在吗"}`)
		}),
		line("kf/customer/upgrade_service", "outside the range", `{"open_kfid":"wkONE","external_userid":"wm0000","type":1,"member":{"userid":"wang"}}`, 60030),
		line("kf/customer/upgrade_service", "no member", `{"open_kfid":"wkONE","external_userid":"wm0000","type":1}`, 40063),
		line("kf/customer/upgrade_service", "type", `{"open_kfid":"wkONE","external_userid":"wm0000","type":3}`, 40058),
		line("kf/customer/cancel_upgrade_service", "unknown", `{"open_kfid":"wk0","external_userid":"wm0000"}`, 95000),
		line("kf/customer/upgrade_service", "a group", `{"open_kfid":"wkONE","external_userid":"wm0000","type":2,"groupchat":{"chat_id":"wrONE"}}`, 0, func(t *testing.T, _ map[string]any) {
			if e := k.s.st.edge("lina", "wm0000"); e == nil || e.Status != edgeFull {
				t.Errorf("the customer did not take up the member: %+v", e)
			}
		}).after(passes(10 * time.Minute)),
		line("kf/customer/cancel_upgrade_service", "in time", `{"open_kfid":"wkONE","external_userid":"wm0000"}`, 0),
		line("externalcontact/groupchat/get", "nobody came", `{"chat_id":"wrONE"}`, 0, entries("group_chat.member_list", 1)).after(passes(time.Hour)),
	}
}

func kfMessageContracts(_ *testing.T, k *stage) []contract {
	pair := `"open_kfid":"wkONE","external_userid":"wm0000"`
	sync, send, event := "kf/sync_msg", "kf/send_msg", "kf/send_msg_on_event"
	to := `{"touser":"wm0000","open_kfid":"wkONE",`
	say := func(person, text string) func(*stage) {
		return func(k *stage) {
			k.byHand(`{"kind":"kf_say","person":"` + person + `","open_kfid":"wkONE","text":"` + text + `"}`)
			k.advance(k.s.status().Now)
			got := k.heardOf("kf_msg_or_event")
			k.Keep["token"] = element(got[len(got)-1], "Token")
		}
	}
	enter := func(person string) func(*stage) {
		return func(k *stage) {
			k.byHand(`{"kind":"kf_enter","person":"` + person + `","open_kfid":"wkONE"}`)
			k.advance(k.s.status().Now)
			got := k.heardOf("kf_msg_or_event")
			k.Keep["token"] = element(got[len(got)-1], "Token")
		}
	}
	hand := func(body string) func(*stage) { return func(k *stage) { k.byHand(body) } }
	all := `{"open_kfid":"wkONE","token":"{{token}}"`
	text := `"msgtype":"text","text":{"content":"好的"}}`
	return []contract{
		k.upload("image", "media/upload", "type=image", "a.png", pngOf(4, 4)),
		line(sync, "entering", all+`}`, 0, entries("msg_list", 1), is("has_more", 0), is("msg_list.0.origin", 4), is("msg_list.0.msgtype", "event"), is("msg_list.0.event.event_type", "enter_session"),
			is("msg_list.0.event.open_kfid", "wkONE"), is("msg_list.0.event.external_userid", "wm0000"), kind("msg_list.0.open_kfid", "nothing"), k.keep("welcome", "msg_list.0.event.welcome_code"), k.keep("cursor", "next_cursor"),
			func(t *testing.T, _ map[string]any) {
				got := k.heardOf("kf_msg_or_event")
				if len(got) != 1 || element(got[0], "OpenKfId") != "wkONE" || strings.Contains(got[0], "FromUserName") {
					t.Errorf("callbacks %v", got)
				}
			}).after(enter("wm0000")),
		line(send, "before the customer wrote", to+text, 95002),
		line(event, "welcome", `{"code":"{{welcome}}","msgtype":"msgmenu","msgmenu":{"head_content":"您好","list":[{"type":"click","click":{"id":"101","content":"查订单"}},{"type":"text","text":{"content":"或直接留言"}}]}}`, 0, kind("msgid", "string")),
		line(event, "welcome twice", `{"code":"{{welcome}}",`+text, 95007),
		line(event, "made up", `{"code":"none",`+text, 95007),
		line(sync, "entering again", all+`,"cursor":"{{cursor}}"}`, 0, entries("msg_list", 1), kind("msg_list.0.event.welcome_code", "nothing"), k.keep("cursor", "next_cursor")).after(enter("wm0000")),
		line(sync, "a message", all+`,"cursor":"{{cursor}}"}`, 0, entries("msg_list", 1), is("msg_list.0.origin", 3), is("msg_list.0.msgtype", "text"), is("msg_list.0.text.content", "在吗"), is("msg_list.0.open_kfid", "wkONE"),
			is("msg_list.0.external_userid", "wm0000"), kind("msg_list.0.send_time", "number"), k.keep("said", "msg_list.0.msgid")).after(say("wm0000", "在吗")),
		line(sync, "what the API sent leaves an empty page", all+`,"cursor":"{{cursor}}","limit":1}`, 0, entries("msg_list", 1), is("has_more", 1), k.keep("next", "next_cursor")).after(func(k *stage) {
			if code, msg := k.call(send, k.fill(to+`"msgid":"mine-1",`+text)); code != 0 {
				k.t.Errorf("%d %s", code, msg)
			}
			say("wm0000", "还在吗")(k)
		}),
		line(sync, "empty, but there is more", all+`,"cursor":"{{next}}","limit":1}`, 0, entries("msg_list", 0), is("has_more", 1), k.keep("next", "next_cursor")),
		line(sync, "the last", all+`,"cursor":"{{next}}","limit":1}`, 0, entries("msg_list", 1), is("has_more", 0), is("msg_list.0.text.content", "还在吗"), k.keep("cursor", "next_cursor")),
		line(sync, "cursor", all+`,"cursor":"made up"}`, 50100),
		line(sync, "limit", all+`,"limit":1001}`, 40058),
		line(sync, "token", `{"open_kfid":"wkONE","token":"made up"}`, 95007),
		line(sync, "unknown account", `{"open_kfid":"wk0"}`, 95000),
		line(sync, "too often without a token", `{"open_kfid":"wkONE"}`, 45009).after(func(k *stage) {
			for range 10 {
				if code, msg := k.call(sync, `{"open_kfid":"wkONE"}`); code != 0 {
					k.t.Errorf("%d %s", code, msg)
				}
			}
		}),
		line("kf/service_state/get", "the bot's", `{`+pair+`}`, 0, is("service_state", 1)),

		line(send, "image", to+`"msgtype":"image","image":{"media_id":"{{image}}"}}`, 0),
		line(send, "id twice", to+`"msgid":"mine-1",`+text, 95033),
		line(send, "id shape", to+`"msgid":"`+repeat("a", 33)+`",`+text, 40058),
		line(send, "unknown type", to+`"msgtype":"poem"}`, 40008),
		line(send, "empty", to+`"msgtype":"text","text":{"content":""}}`, 44004),
		line(send, "long", to+`"msgtype":"text","text":{"content":"`+repeat("x", 2049)+`"}}`, 45002),
		line(send, "unknown medium", to+`"msgtype":"file","file":{"media_id":"none"}}`, 40007),
		line(send, "eleven taps", to+`"msgtype":"msgmenu","msgmenu":{"head_content":"h","list":[`+strings.TrimSuffix(repeat(`{"type":"view","view":{"url":"http://x","content":"c"}},`, 11), ",")+`]}}`, 95008),
		line(send, "link", to+`"msgtype":"link","link":{"title":"t","desc":"d","url":"http://x","thumb_media_id":"{{image}}"}}`, 0),
		line(send, "miniprogram", to+`"msgtype":"miniprogram","miniprogram":{"appid":"wx1","title":"t","thumb_media_id":"{{image}}","pagepath":"p"}}`, 0),
		line(send, "location", to+`"msgtype":"location","location":{"name":"店","address":"路","latitude":30.2,"longitude":120.1}}`, 0),
		line(send, "nowhere", to+`"msgtype":"location","location":{"name":"店","latitude":95,"longitude":120.1}}`, 40058),
		line(send, "link to acquisition", to+`"msgtype":"ca_link","ca_link":{"link_url":"https://work.weixin.qq.com/ca/x"}}`, 0),
		line(send, "the sixth", to+text, 95001),
		line(send, "after the customer wrote", to+text, 0).after(say("wm0000", "谢谢")),
		line(send, "unknown person", `{"touser":"wm9999","open_kfid":"wkONE",`+text, 40096),
		line(send, "unknown account", `{"touser":"wm0000","open_kfid":"wk0",`+text, 95000),

		line("kf/service_state/trans", "no servicer", `{`+pair+`,"service_state":3}`, 95014),
		line("kf/service_state/trans", "not a servicer", `{`+pair+`,"service_state":3,"servicer_userid":"wang"}`, 95014),
		line("kf/service_state/trans", "not activated", `{`+pair+`,"service_state":3,"servicer_userid":"new"}`, 95014),
		line("kf/service_state/trans", "stopped", `{`+pair+`,"service_state":3,"servicer_userid":"lina"}`, 95019).after(hand(`{"kind":"kf_serve","userid":"lina","open_kfid":"wkONE","status":2,"stop_type":1}`)),
		line("kf/servicer/list", "stopped", "?open_kfid=wkONE", 0, is("servicer_list.0.status", 1), is("servicer_list.0.stop_type", 1)),
		line("kf/service_state/trans", "into the pool", `{`+pair+`,"service_state":2}`, 0, k.keep("pool", "msg_code")).after(hand(`{"kind":"kf_serve","userid":"lina","open_kfid":"wkONE","status":1}`)),
		line(event, "menu in the pool", `{"code":"{{pool}}","msgtype":"msgmenu","msgmenu":{"head_content":"x"}}`, 40008),
		line(event, "in the pool", `{"code":"{{pool}}",`+text, 0),
		line(send, "in the pool", to+text, 95018),
		line("kf/service_state/trans", "back to the bot", `{`+pair+`,"service_state":1}`, 95016),
		line("kf/service_state/trans", "to a member", `{`+pair+`,"service_state":3,"servicer_userid":"LINA"}`, 0, k.keep("joined", "msg_code")),
		line("kf/service_state/get", "a member's", `{`+pair+`}`, 0, is("service_state", 3), is("servicer_userid", "lina")),
		line(sync, "what the member wrote", all+`,"cursor":"{{cursor}}"}`, 0, is("has_more", 0), k.keep("cursor", "next_cursor"), func(t *testing.T, a map[string]any) {
			l, _ := a["msg_list"].([]any)
			last, _ := l[len(l)-1].(map[string]any)
			if dig(last, "origin") != 5.0 || dig(last, "servicer_userid") != "lina" || dig(last, "text", "content") != "您好" {
				t.Errorf("last message %v", last)
			}
			states := 0
			for _, m := range l {
				states += int(b2f(dig(m, "event", "event_type") == "servicer_status_change"))
			}
			if states != 2 {
				t.Errorf("%d changes of the servicer's status in %v", states, l)
			}
		}).after(hand(`{"kind":"kf_answer","person":"wm0000","userid":"lina","open_kfid":"wkONE","text":"您好"}`)),
		line(sync, "the member ended it", all+`,"cursor":"{{cursor}}"}`, 0, entries("msg_list", 1), is("msg_list.0.event.event_type", "session_status_change"), is("msg_list.0.event.change_type", 3),
			is("msg_list.0.event.old_servicer_userid", "lina"), k.keep("end", "msg_list.0.event.msg_code"), k.keep("cursor", "next_cursor")).after(hand(`{"kind":"kf_end","person":"wm0000","userid":"lina","open_kfid":"wkONE"}`)),
		line(send, "after the end", to+text, 95013),
		line(event, "joined, but over", `{"code":"{{joined}}",`+text, 95018),
		line(event, "farewell", `{"code":"{{end}}",`+text, 0),
		line(sync, "taken back", all+`,"cursor":"{{cursor}}"}`, 0, is("msg_list.0.event.event_type", "user_recall_msg"), func(t *testing.T, a map[string]any) {
			if got := dig(a, "msg_list", 0, "event", "recall_msgid"); got != k.Keep["said"] {
				t.Errorf("taken back %v, want %s", got, k.Keep["said"])
			}
		}).after(func(k *stage) {
			k.byHand(`{"kind":"kf_recall","person":"wm0000","open_kfid":"wkONE","msgid":"{{said}}"}`)
		}),
		line("kf/service_state/trans", "ended", `{`+pair+`,"service_state":4}`, 95016),
		line("kf/service_state/trans", "another end", `{`+pair+`,"service_state":4}`, 0, k.keep("end", "msg_code")).after(say("wm0000", "再问一下")),
		line(event, "20 seconds later", `{"code":"{{end}}",`+text, 95007).after(func(k *stage) { k.s.talk.made[k.Keep["end"]] = k.s.wall.Now().Add(-21 * time.Second) }),

		line(send, "not taken", `{"touser":"wm0001","open_kfid":"wkONE","msgid":"lost-1",`+text, 0).after(func(k *stage) {
			k.byHand(`{"kind":"kf_refuse","person":"wm0001","open_kfid":"wkONE","refuse":true}`)
			say("wm0001", "在吗")(k)
		}),
		line(sync, "it failed", all+`}`, 0, func(t *testing.T, a map[string]any) {
			l, _ := a["msg_list"].([]any)
			if last := l[len(l)-1]; dig(last, "event", "event_type") != "msg_send_fail" || dig(last, "event", "fail_msgid") != "lost-1" || dig(last, "event", "fail_type") != 10.0 {
				t.Errorf("last %v", last)
			}
		}).after(passes(2 * time.Second)),
		line(sync, "token ten minutes later", all+`}`, 95007).after(passes(11 * time.Minute)),
		line(send, "49 hours later", `{"touser":"wm0001","open_kfid":"wkONE",`+text, 95002).after(passes(49 * time.Hour)),
		line(sync, "three days later", `{"open_kfid":"wkONE"}`, 0, entries("msg_list", 0), is("has_more", 0)).after(passes(48 * time.Hour)),
	}
}

func kfStatisticContracts(_ *testing.T, k *stage) []contract {
	day := testStart.Unix()
	of := func(who string, from, to int64) string {
		return `{"open_kfid":"wkONE"` + who + `,"start_time":` + strconv.FormatInt(from, 10) + `,"end_time":` + strconv.FormatInt(to, 10) + `}`
	}
	corp, servicer := "kf/get_corp_statistic", "kf/get_servicer_statistic"
	return []contract{
		line(corp, "today", of("", day, day), 40058).after(func(k *stage) {
			for i, person := range []string{"wm0000", "wm0001"} {
				k.byHand(`{"kind":"kf_say","person":"` + person + `","open_kfid":"wkONE","text":"一"}`)
				k.byHand(`{"kind":"kf_say","person":"` + person + `","open_kfid":"wkONE","text":"二"}`)
				state := `"service_state":1`
				if i == 1 {
					state = `"service_state":3,"servicer_userid":"lina"`
				}
				if code, msg := k.call("kf/service_state/trans", `{"open_kfid":"wkONE","external_userid":"`+person+`",`+state+`}`); code != 0 {
					k.t.Errorf("%d %s", code, msg)
				}
			}
			passes(30 * time.Second)(k)
			k.byHand(`{"kind":"kf_answer","person":"wm0001","userid":"lina","open_kfid":"wkONE","text":"您好"}`)
		}),
		line(corp, "yesterday", of("", day, day+60), 0, entries("statistic_list", 1), is("statistic_list.0.stat_time", int(at(0, 0).Unix())), is("statistic_list.0.statistic.session_cnt", 2), is("statistic_list.0.statistic.customer_cnt", 2),
			is("statistic_list.0.statistic.customer_msg_cnt", 4), is("statistic_list.0.statistic.ai_session_reply_cnt", 1), is("statistic_list.0.statistic.ai_transfer_rate", 0)).after(passes(24 * time.Hour)),
		line(servicer, "all", of("", day, day), 0, is("statistic_list.0.statistic.session_cnt", 1), is("statistic_list.0.statistic.reply_rate", 1), is("statistic_list.0.statistic.first_reply_average_sec", 30)),
		line(servicer, "one", of(`,"servicer_userid":"lina"`, day, day), 0, is("statistic_list.0.statistic.session_cnt", 1)),
		line(servicer, "who did nothing", of(`,"servicer_userid":"wang"`, day, day), 0, entries("statistic_list", 0)),
		line(servicer, "unknown member", of(`,"servicer_userid":"nobody"`, day, day), 60111),
		line(servicer, "unknown account", `{"open_kfid":"wk0","start_time":1,"end_time":1}`, 95000),
		line(corp, "a day without anything", of("", day+86_400, day+86_400), 40058),
		line(corp, "too long", of("", day-40*86_400, day), 40058),
		line(corp, "181 days back", of("", day-181*86_400, day-180*86_400), 40058),
		line(corp, "forgotten", of("", day, day), 40058).after(passes(180 * 24 * time.Hour)),
	}
}
