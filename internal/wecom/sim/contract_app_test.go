package sim

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func appWorld() *World {
	w := smallWorld(1)
	w.OtherApp = &OtherApp{AgentID: 1000009, Name: "另一个应用", Secret: "other-shh", Whitelisted: true}
	return w
}

func appContracts(_ *testing.T, k *stage) []contract {
	to := `"touser":"lina","agentid":1000002,`
	text := `"msgtype":"text","text":{"content":"x"}`
	api := "message/send"
	return []contract{
		line(api, "to some, and to nobody", `{"touser":"lina|NOBODY|ghost","toparty":"2|77","totag":"9","agentid":1000002,"msgtype":"text","text":{"content":"你好 $userName=lina$，$departmentName=2$ 的 <a href=\"http://x\">今天</a>"},"enable_id_trans":1}`, 0,
			is("invaliduser", "nobody|ghost"), is("invalidparty", "77"), is("invalidtag", "9"), k.keep("msg", "msgid"), kind("response_code", "nothing"), func(t *testing.T, _ map[string]any) {
				got := k.s.st.bubbles("app|lina")
				if len(got) != 1 || !strings.HasPrefix(got[0].Text, "你好 李娜，一店 的") || got[0].MsgID != k.Keep["msg"] || len(k.s.st.bubbles("app|wang")) != 1 {
					t.Errorf("inbox %+v", got)
				}
			}),
		line(api, "to all", `{"touser":"@all","agentid":1000002,`+text+`}`, 0, is("invaliduser", "")),
		line(api, "no recipients", `{"agentid":1000002,`+text+`}`, 82001),
		line(api, "all invalid", `{"touser":"nobody","toparty":"77","agentid":1000002,`+text+`}`, 81013),
		line(api, "no agent", `{"touser":"lina",`+text+`}`, 41011),
		line(api, "bad agent", `{"touser":"lina","agentid":-3,`+text+`}`, 40056),
		line(api, "another agent", `{"touser":"lina","agentid":1000009,`+text+`}`, 301002),
		line(api, "the other app's own", `{"touser":"lina","agentid":1000009,`+text+`}`, 0).by("other"),
		line(api, "agent as text", `{"touser":"lina","agentid":"1000002",`+text+`}`, 0),
		line(api, "too many", `{"touser":"`+repeat("lina|", 1000)+`x","agentid":1000002,`+text+`}`, 40032),
		line(api, "unknown type", `{`+to+`"msgtype":"poem"}`, 40008),
		line(api, "empty", `{`+to+`"msgtype":"text","text":{"content":""}}`, 44004),
		line(api, "long", `{`+to+`"msgtype":"text","text":{"content":"`+repeat("x", 2049)+`"}}`, 45002),
		line(api, "safe", `{`+to+`"safe":2,`+text+`}`, 40058),

		k.upload("image", "media/upload", "type=image", "a.png", pngOf(4, 4)),
		k.upload("voice", "media/upload", "type=voice", "a.amr", amrOf(2)),
		k.upload("video", "media/upload", "type=video", "a.mp4", mp4Of(3)),
		k.upload("file", "media/upload", "type=file", "a.txt", []byte("things to do")),
		line(api, "image", `{`+to+`"msgtype":"image","image":{"media_id":"{{image}}"}}`, 0),
		line(api, "voice", `{`+to+`"msgtype":"voice","voice":{"media_id":"{{voice}}"}}`, 0),
		line(api, "video", `{`+to+`"msgtype":"video","video":{"media_id":"{{video}}","title":"t"}}`, 0),
		line(api, "file", `{`+to+`"msgtype":"file","file":{"media_id":"{{file}}"}}`, 0),
		line(api, "no medium", `{`+to+`"msgtype":"file","file":{}}`, 40063),
		line(api, "unknown medium", `{`+to+`"msgtype":"image","image":{"media_id":"none"}}`, 40007),
		line(api, "another kind of medium", `{`+to+`"msgtype":"image","image":{"media_id":"{{voice}}"}}`, 40004),
		line(api, "video title", `{`+to+`"msgtype":"video","video":{"media_id":"{{video}}","title":"`+repeat("t", 129)+`"}}`, 40058),
		line(api, "textcard", `{`+to+`"msgtype":"textcard","textcard":{"title":"t","description":"d","url":"http://x","btntxt":"更多"}}`, 0),
		line(api, "textcard without url", `{`+to+`"msgtype":"textcard","textcard":{"title":"t","description":"d"}}`, 40063),
		line(api, "textcard button", `{`+to+`"msgtype":"textcard","textcard":{"title":"t","description":"d","url":"http://x","btntxt":"五个字太多"}}`, 40058),
		line(api, "news", `{`+to+`"msgtype":"news","news":{"articles":[{"title":"t","url":"http://x"},{"title":"t","appid":"wx1","pagepath":"p"}]}}`, 0),
		line(api, "no news", `{`+to+`"msgtype":"news","news":{"articles":[]}}`, 40063),
		line(api, "much news", `{`+to+`"msgtype":"news","news":{"articles":[`+strings.TrimSuffix(repeat(`{"title":"t","url":"http://x"},`, 9), ",")+`]}}`, 45008),
		line(api, "mpnews", `{`+to+`"safe":2,"msgtype":"mpnews","mpnews":{"articles":[{"title":"t","thumb_media_id":"{{image}}","content":"<p>c</p>"}]}}`, 0),
		line(api, "mpnews without picture", `{`+to+`"msgtype":"mpnews","mpnews":{"articles":[{"title":"t","thumb_media_id":"none","content":"c"}]}}`, 40007),
		line(api, "markdown", `{`+to+`"msgtype":"markdown","markdown":{"content":"# 今日\n> <font color=\"info\">3</font>"}}`, 0),
		line(api, "markdown long", `{`+to+`"msgtype":"markdown","markdown":{"content":"`+repeat("x", 2049)+`"}}`, 45002),
		line(api, "notice", `{`+to+`"msgtype":"miniprogram_notice","miniprogram_notice":{"appid":"wx1","title":"会员到店提醒","content_item":[{"key":"门店","value":"西湖店"}]}}`, 0),
		line(api, "notice title", `{`+to+`"msgtype":"miniprogram_notice","miniprogram_notice":{"appid":"wx1","title":"短"}}`, 40058),

		line(api, "once", `{`+to+`"enable_duplicate_check":1,"duplicate_check_interval":600,"msgtype":"text","text":{"content":"once"}}`, 0),
		line(api, "twice", `{`+to+`"enable_duplicate_check":1,"duplicate_check_interval":600,"msgtype":"text","text":{"content":"once"}}`, 0, func(t *testing.T, _ map[string]any) {
			if n := k.inboxed("lina", "once"); n != 1 {
				t.Errorf("delivered %d times", n)
			}
		}),
		line(api, "again later", `{`+to+`"enable_duplicate_check":1,"duplicate_check_interval":600,"msgtype":"text","text":{"content":"once"}}`, 0, func(t *testing.T, _ map[string]any) {
			if n := k.inboxed("lina", "once"); n != 2 {
				t.Errorf("delivered %d times", n)
			}
		}).after(passes(10 * time.Minute)),
		line(api, "too long a check", `{`+to+`"enable_duplicate_check":1,"duplicate_check_interval":14401,`+text+`}`, 40058),

		line(api, "more than a day takes", `{`+to+text+`}`, 45009).after(func(k *stage) { k.used("app", 200*4-k.s.st.Talk.Meters["app"].Day.N) }),
		line(api, "the next day", `{`+to+text+`}`, 0, k.keep("msg", "msgid")).after(passes(24 * time.Hour)),
		line("message/recall", "fresh", `{"msgid":"{{msg}}"}`, 0, func(t *testing.T, _ map[string]any) {
			for _, b := range k.s.st.bubbles("app|lina") {
				if b.MsgID == k.Keep["msg"] {
					t.Errorf("the message is still there: %+v", b)
				}
			}
		}),
		line("message/recall", "unknown", `{"msgid":"none"}`, 40058),
		line("message/recall", "none", `{}`, 40063),
		line(api, "old soon", `{`+to+text+`}`, 0, k.keep("old", "msgid")),
		line("message/recall", "a day later", `{"msgid":"{{old}}"}`, 42052).after(passes(24*time.Hour + time.Second)),
		line(api, "as much as a minute takes", `{`+to+text+`}`, 0, func(t *testing.T, _ map[string]any) {
			for i := range 35 {
				if code, _ := k.call(api, `{`+to+`"msgtype":"text","text":{"content":"flood `+strconv.Itoa(i)+`"}}`); code != 0 {
					t.Errorf("message %d is refused: %d", i, code)
				}
			}
			if n := k.inboxed("lina", "flood"); n != 29 {
				t.Errorf("%d of 35 more arrived in a minute, want 29", n)
			}
		}).after(passes(24 * time.Hour)),
	}
}

// inboxed counts what the app wrote to a member with these words in it.
func (k *stage) inboxed(user, words string) (n int) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	for _, b := range k.s.st.bubbles("app|" + user) {
		n += int(b2f(strings.Contains(b.Text, words)))
	}
	return n
}

func cardOf(kind, rest string) string {
	return `"msgtype":"template_card","template_card":{"card_type":"` + kind + `",` + rest + `}`
}

func cardContracts(_ *testing.T, k *stage) []contract {
	to, api := `{"touser":"lina|wang","agentid":1000002,`, "message/send"
	action := `"card_action":{"type":1,"url":"http://x"}`
	buttons := `"main_title":{"title":"今日任务"},"button_selection":{"question_key":"q1","title":"结果","option_list":[{"id":"a","text":"已做"},{"id":"b","text":"没做"}]},"button_list":[{"text":"完成","style":1,"key":"done"},{"text":"查看","type":1,"url":"http://x"}]`
	options := `"option_list":[{"id":"1","text":"一"},{"id":"2","text":"二"}]`
	vote := `"main_title":{"title":"投票"},"checkbox":{"question_key":"q","mode":1,` + options + `},"submit_button":{"text":"提交","key":"go"}`
	multi := `"main_title":{"title":"登记"},"select_list":[{"question_key":"q1","title":"甲",` + options + `},{"question_key":"q2","title":"乙",` + options + `}],"submit_button":{"text":"提交","key":"go"}`
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`{"id":"` + strconv.Itoa(i) + `","text":"x"},`)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	update := `{"userids":["lina","nobody"],"agentid":1000002,"response_code":"{{code}}",`
	return []contract{
		line(api, "text notice", to+cardOf(cardText, `"source":{"desc":"企业微信","desc_color":0},"main_title":{"title":"欢迎"},"emphasis_content":{"title":"100","desc":"核心数据"},"quote_area":{"type":1,"url":"http://x","title":"引用"},"sub_title_text":"下载","horizontal_content_list":[{"keyname":"邀请人","value":"张三"},{"keyname":"官网","value":"点击","type":1,"url":"http://x"},{"keyname":"员工","value":"李娜","type":3,"userid":"lina"}],"jump_list":[{"type":1,"title":"官网","url":"http://x"}],`+action)+`}`, 0, kind("response_code", "nothing")),
		line(api, "text notice without action", to+cardOf(cardText, `"main_title":{"title":"欢迎"}`)+`}`, 40063),
		line(api, "text notice without words", to+cardOf(cardText, action)+`}`, 40063),
		line(api, "news notice", to+cardOf(cardNews, `"main_title":{"title":"t"},"card_image":{"url":"http://x","aspect_ratio":1.3},"vertical_content_list":[{"title":"v"}],`+action)+`}`, 0),
		line(api, "news notice with text beside the picture", to+cardOf(cardNews, `"main_title":{"title":"t"},"image_text_area":{"type":1,"url":"http://x","title":"t","image_url":"http://x"},`+action)+`}`, 0),
		line(api, "news notice ratio", to+cardOf(cardNews, `"main_title":{"title":"t"},"card_image":{"url":"http://x","aspect_ratio":3},`+action)+`}`, 40058),
		line(api, "news notice without picture", to+cardOf(cardNews, `"main_title":{"title":"t"},`+action)+`}`, 40063),
		line(api, "menu", to+cardOf(cardText, `"task_id":"menu-1","main_title":{"title":"t"},"action_menu":{"desc":"更多","action_list":[{"text":"不再提醒","key":"mute"}]},`+action)+`}`, 0, k.keep("menu", "msgid"), kind("response_code", "string")),
		line(api, "menu without task", to+cardOf(cardText, `"main_title":{"title":"t"},"action_menu":{"action_list":[{"text":"不再提醒","key":"mute"}]},`+action)+`}`, 42014),
		line(api, "menu of four", to+cardOf(cardText, `"task_id":"m4","main_title":{"title":"t"},"action_menu":{"action_list":[`+strings.TrimSuffix(repeat(`{"text":"t","key":"k"},`, 4), ",")+`]},`+action)+`}`, 40058),
		line(api, "buttons", to+cardOf(cardButton, `"task_id":"task-1",`+buttons)+`}`, 0, k.keep("msg", "msgid"), k.keep("code", "response_code")),
		line(api, "task twice", to+cardOf(cardButton, `"task_id":"task-1",`+buttons)+`}`, 42014),
		line(api, "task shape", to+cardOf(cardButton, `"task_id":"任务",`+buttons)+`}`, 42014),
		line(api, "no task", to+cardOf(cardButton, buttons)+`}`, 42014),
		line(api, "no key", to+cardOf(cardButton, `"task_id":"b1","main_title":{"title":"t"},"button_list":[{"text":"完成"}]`)+`}`, 42017),
		line(api, "long key", to+cardOf(cardButton, `"task_id":"b1","main_title":{"title":"t"},"button_list":[{"text":"完成","key":"`+repeat("k", 1025)+`"}]`)+`}`, 42018),
		line(api, "same keys", to+cardOf(cardButton, `"task_id":"b1","main_title":{"title":"t"},"button_list":[{"text":"一","key":"k"},{"text":"二","key":"k"}]`)+`}`, 42019),
		line(api, "seven buttons", to+cardOf(cardButton, `"task_id":"b1","main_title":{"title":"t"},"button_list":[`+strings.TrimSuffix(repeat(`{"text":"一","type":1,"url":"http://x"},`, 7), ",")+`]`)+`}`, 40058),
		line(api, "vote", to+cardOf(cardVote, `"task_id":"task-2",`+vote)+`}`, 0, k.keep("vote", "msgid"), kind("response_code", "string")),
		line(api, "vote of 21", to+cardOf(cardVote, `"task_id":"v2","main_title":{"title":"投票"},"checkbox":{"question_key":"q","option_list":[`+many(21)+`]},"submit_button":{"text":"提交","key":"go"}`)+`}`, 40058),
		line(api, "vote of 20", to+cardOf(cardVote, `"task_id":"v3","main_title":{"title":"投票"},"checkbox":{"question_key":"q","option_list":[`+many(20)+`]},"submit_button":{"text":"提交","key":"go"}`)+`}`, 0),
		line(api, "vote without submit", to+cardOf(cardVote, `"task_id":"v4","main_title":{"title":"投票"},"checkbox":{"question_key":"q",`+options+`}`)+`}`, 40063),
		line(api, "selects", to+cardOf(cardMultiple, `"task_id":"task-3",`+multi)+`}`, 0, k.keep("multi", "msgid")),
		line(api, "one question twice", to+cardOf(cardMultiple, `"task_id":"m9","main_title":{"title":"登记"},"select_list":[{"question_key":"q1",`+options+`},{"question_key":"q1",`+options+`}],"submit_button":{"text":"提交","key":"go"}`)+`}`, 42019),
		line(api, "unknown kind", to+cardOf("poem", action)+`}`, 40058),
		line(api, "no card", to+`"msgtype":"template_card"}`, 40063),
		line(api, "a number for a text", to+cardOf(cardText, `"main_title":{"title":7},`+action)+`}`, 40035),

		line("message/update_template_card", "button", update+`"button":{"replace_name":"已处理"}}`, 0, entries("invaliduser", 1), is("invaliduser.0", "nobody"), func(t *testing.T, _ map[string]any) {
			k.pressed(t, `{"kind":"app_press","userid":"lina","msgid":"{{msg}}","key":"done"}`, false) // changed already
			k.pressed(t, `{"kind":"app_press","userid":"wang","msgid":"{{msg}}","key":"nope"}`, false)
			k.pressed(t, `{"kind":"app_press","userid":"wang","msgid":"{{msg}}","key":"done","selected":{"q1":["z"]}}`, false)
			k.pressed(t, `{"kind":"app_press","userid":"wang","msgid":"{{msg}}","key":"done","selected":{"q1":["a"]}}`, true)
			got := k.heardOf("template_card_event")
			if len(got) != 1 {
				t.Fatalf("callbacks %v", got)
			}
			for name, want := range map[string]string{"FromUserName": "wang", "EventKey": "done", "TaskId": "task-1", "CardType": cardButton, "AgentID": "1000002", "QuestionKey": "q1", "OptionId": "a"} {
				if v := element(got[0], name); v != want {
					t.Errorf("%s is %q, want %q in %s", name, v, want, got[0])
				}
			}
			if k.Keep["code"] = element(got[0], "ResponseCode"); k.Keep["code"] == "" {
				t.Errorf("no code in %s", got[0])
			}
			k.pressed(t, `{"kind":"app_press","userid":"wang","msgid":"{{vote}}","key":"go","selected":{"q":["1","2"]}}`, true)
			k.pressed(t, `{"kind":"app_press","userid":"wang","msgid":"{{multi}}","key":"go","selected":{"q1":["1"],"q2":["2"]}}`, true)
			k.pressed(t, `{"kind":"app_card_menu","userid":"lina","msgid":"{{menu}}","key":"mute"}`, true)
			if got := k.heardOf("template_card_menu_event"); len(got) != 1 || element(got[0], "EventKey") != "mute" || element(got[0], "CardType") != cardText {
				t.Errorf("menu callbacks %v", got)
			}
			if all := k.heardOf("template_card_event"); len(all) != 3 || strings.Count(all[1], "<OptionId>") != 2 || strings.Count(all[2], "<SelectedItem>") != 2 {
				t.Errorf("callbacks %v", all)
			}
		}),
		line("message/update_template_card", "another task", `{"userids":["wang"],"agentid":1000002,"response_code":"{{code}}","template_card":{"card_type":"button_interaction","task_id":"other","main_title":{"title":"x"},"button_list":[{"text":"x","key":"x"}]}}`, 42016),
		line("message/update_template_card", "too many", `{"userids":[`+strings.TrimSuffix(repeat(`"wang",`, 1001), ",")+`],"agentid":1000002,"response_code":"{{code}}","button":{"replace_name":"x"}}`, 40032),
		line("message/update_template_card", "the event's code", `{"userids":["wang"],"agentid":1000002,"response_code":"{{code}}","template_card":{"card_type":"text_notice","main_title":{"title":"做完了"},`+action+`}}`, 0),
		line("message/update_template_card", "once only", `{"userids":["wang"],"agentid":1000002,"response_code":"{{code}}","button":{"replace_name":"x"}}`, 60140),
		line("message/update_template_card", "made up", `{"userids":["wang"],"agentid":1000002,"response_code":"none","button":{"replace_name":"x"}}`, 60140),
		line("message/update_template_card", "another agent", `{"userids":["wang"],"agentid":1000009,"response_code":"none","button":{"replace_name":"x"}}`, 301002),
		line(api, "for later", to+cardOf(cardButton, `"task_id":"task-9",`+buttons)+`}`, 0, k.keep("code", "response_code")),
		line("message/update_template_card", "by the other app", `{"userids":["wang"],"agentid":1000009,"response_code":"{{code}}","button":{"replace_name":"x"}}`, 42015).by("other"),
		line("message/update_template_card", "nothing to say", `{"userids":["wang"],"agentid":1000002,"response_code":"{{code}}"}`, 40063),
		line("message/update_template_card", "nobody", `{"agentid":1000002,"response_code":"{{code}}","button":{"replace_name":"x"}}`, 82001),
		line("message/update_template_card", "a bad card", `{"userids":["wang"],"agentid":1000002,"response_code":"{{code}}","template_card":{"card_type":"text_notice"}}`, 40063),
		line("message/update_template_card", "72 hours later", `{"userids":["wang"],"agentid":1000002,"response_code":"{{code}}","button":{"replace_name":"x"}}`, 60140, func(t *testing.T, _ map[string]any) {
			k.byHand(`{"kind":"app_enter","userid":"lina"}`)
			k.byHand(`{"kind":"app_subscribe","userid":"lina"}`)
			k.byHand(`{"kind":"app_menu","userid":"lina","key":"menu_today"}`)
			k.byHand(`{"kind":"app_menu","userid":"lina","url":"https://crm.example.com/todo"}`)
			k.byHand(`{"kind":"app_write","userid":"lina","text":"hi"}`)
			k.advance(k.s.status().Now)
			for name, want := range map[string]string{"enter_agent": "<EventKey><![CDATA[]]></EventKey>", "subscribe": "<AgentID>1000002</AgentID>", "click": "menu_today", "view": "https://crm.example.com/todo"} {
				if got := k.heardOf(name); len(got) != 1 || !strings.Contains(got[0], want) || element(got[0], "FromUserName") != "lina" {
					t.Errorf("%s: %v", name, got)
				}
			}
			got := k.heardOf("text")
			if len(got) != 1 || element(got[0], "Content") != "hi" || element(got[0], "MsgType") != "text" || len(element(got[0], "MsgId")) != 19 || strings.Contains(got[0], "<Event>") {
				t.Errorf("text: %v", got)
			}
		}).after(passes(72*time.Hour + time.Second)),
	}
}

// pressed acts on a card by hand and waits for the callback.
func (k *stage) pressed(t *testing.T, body string, want bool) {
	t.Helper()
	if err := k.post("/sim/act", rawJSON(k.fill(body)), nil); (err == nil) != want {
		t.Errorf("%s: %v", body, err)
	}
	k.advance(k.s.status().Now)
}

func silentContracts(*testing.T, *stage) []contract {
	return []contract{line("message/send", "nobody to call back", `{"touser":"lina","agentid":1000002,`+cardOf(cardButton, `"task_id":"t","main_title":{"title":"t"},"button_list":[{"text":"完成","key":"k"}]`)+`}`, 40058)}
}

// wideWorld is one whose members the app sees all, with robots.
func wideWorld() *World {
	w := smallWorld(1)
	w.Members[2].Hidden = false
	w.Robots = []Robot{
		{Key: "good", ID: "wbGOOD", Name: "播报", Creator: "lina", ChatID: "room1"}, {Key: "alone"}, {Key: "off", Disabled: true},
		{Key: "gone", Removed: true}, {Key: "customers", ChatID: "wrONE"},
	}
	w.Archive = &Archive{Members: []string{"lina"}}
	return w
}

func narrowRoomContracts(*testing.T, *stage) []contract {
	return []contract{line("appchat/create", "not the whole corp", `{"userlist":["lina","wang"]}`, 60011)}
}

func roomContracts(_ *testing.T, k *stage) []contract {
	return []contract{
		line("appchat/create", "with an id", `{"name":"店长群","owner":"lina","userlist":["lina","WANG"],"chatid":"room1"}`, 0, is("chatid", "room1")),
		line("appchat/create", "without", `{"userlist":["lina","wang","ghost"]}`, 0, k.keep("room", "chatid")),
		line("appchat/create", "id twice", `{"userlist":["lina","wang"],"chatid":"room1"}`, 86001),
		line("appchat/create", "id shape", `{"userlist":["lina","wang"],"chatid":"群"}`, 86001),
		line("appchat/create", "alone", `{"userlist":["lina"]}`, 40031),
		line("appchat/create", "unknown member", `{"userlist":["lina","nobody"]}`, 60111),
		line("appchat/create", "owner outside", `{"owner":"ghost","userlist":["lina","wang"]}`, 40003),
		line("appchat/create", "long name", `{"name":"`+repeat("名", 51)+`","userlist":["lina","wang"]}`, 40058),
		line("appchat/get", "one", "?chatid=room1", 0, is("chat_info.name", "店长群"), is("chat_info.owner", "lina"), entries("chat_info.userlist", 2), is("chat_info.chat_type", 0)),
		line("appchat/get", "none", "?chatid=", 86003),
		line("appchat/get", "unknown", "?chatid=nope", 86001),
		line("appchat/update", "members and owner", `{"chatid":"room1","name":"新名","owner":"ghost","add_user_list":["ghost","noseat"],"del_user_list":["lina"]}`, 0),
		line("appchat/get", "changed", "?chatid=room1", 0, is("chat_info.name", "新名"), is("chat_info.owner", "ghost"), entries("chat_info.userlist", 3)),
		line("appchat/update", "back", `{"chatid":"room1","add_user_list":["lina"]}`, 0),
		line("appchat/update", "too few", `{"chatid":"room1","del_user_list":["wang","ghost","noseat"]}`, 40031),
		line("appchat/update", "unknown", `{"chatid":"nope"}`, 86001),
		line("appchat/update", "long name", `{"chatid":"room1","name":"`+repeat("名", 51)+`"}`, 40058),
		line("appchat/update", "owner outside", `{"chatid":"room1","owner":"other","del_user_list":["other"]}`, 40003),
		line("appchat/send", "text", `{"chatid":"room1","msgtype":"text","text":{"content":"开会"}}`, 0, func(t *testing.T, _ map[string]any) {
			if got := k.s.st.bubbles("room1"); len(got) != 1 || got[0].Text != "开会" {
				t.Errorf("room %+v", got)
			}
		}),
		line("appchat/send", "markdown", `{"chatid":"room1","msgtype":"markdown","markdown":{"content":"**x**"}}`, 0),
		line("appchat/send", "type", `{"chatid":"room1","msgtype":"miniprogram_notice"}`, 40008),
		line("appchat/send", "empty", `{"chatid":"room1","msgtype":"text"}`, 44004),
		line("appchat/send", "more than a minute takes", `{"chatid":"room1","msgtype":"text","text":{"content":"x"}}`, 45009).after(func(k *stage) { k.used("room", 20_000) }),
		line("appchat/send", "unknown", `{"chatid":"nope","msgtype":"text","text":{"content":"x"}}`, 86001),
	}
}

func robotContracts(_ *testing.T, k *stage) []contract {
	send := func(key, name, body string, want int, checks ...checker) contract {
		c := line("webhook/send", name, body, want, checks...).by("none")
		c.Query = map[string]string{"key": key}
		return c
	}
	hi := `{"msgtype":"text","text":{"content":"hi","mentioned_list":["lina","@all"],"mentioned_mobile_list":["13800001111"]}}`
	return []contract{
		line("appchat/create", "the robot's", `{"userlist":["lina","wang"],"chatid":"room1"}`, 0),
		send("good", "text", hi, 0, func(t *testing.T, _ map[string]any) {
			if got := k.s.st.bubbles("room1"); len(got) != 1 || got[0].From != "wbGOOD" {
				t.Errorf("room %+v", got)
			}
			if got := k.s.st.Talk.Archive.Messages; len(got) != 1 || got[0].From != "wbGOOD" || strings.HasSuffix(got[0].ID, "_external") {
				t.Errorf("archive %+v", got)
			}
		}),
		send("made-up", "unknown", hi, 93000),
		send("off", "disabled", hi, 93004),
		send("gone", "removed", hi, 93008),
		send("customers", "a customer group", hi, 93001),
		send("alone", "empty", `{"msgtype":"text","text":{"content":""}}`, 93017),
		send("alone", "long", `{"msgtype":"text","text":{"content":"`+repeat("x", 2049)+`"}}`, 45002),
		send("alone", "markdown", `{"msgtype":"markdown","markdown":{"content":"`+repeat("x", 4096)+`"}}`, 0),
		send("alone", "markdown_v2", `{"msgtype":"markdown_v2","markdown_v2":{"content":"| a | b |"}}`, 0),
		send("alone", "markdown long", `{"msgtype":"markdown_v2","markdown_v2":{"content":"`+repeat("x", 4097)+`"}}`, 45002),
		send("alone", "image", imageOf(pngOf(3, 3), ""), 0),
		send("alone", "image sum", imageOf(pngOf(3, 3), repeat("0", 32)), 301019),
		send("alone", "image size", imageOf(padded(pngOf(3, 3), 2<<20+1), ""), 93018),
		send("alone", "news", `{"msgtype":"news","news":{"articles":[{"title":"t","url":"http://x"}]}}`, 0),
		send("alone", "card", `{`+cardOf(cardText, `"main_title":{"title":"t"},"card_action":{"type":1,"url":"http://x"}`)+`}`, 0),
		send("alone", "interactive card", `{`+cardOf(cardVote, `"task_id":"t","main_title":{"title":"t"},"checkbox":{"question_key":"q","option_list":[{"id":"1","text":"一"}]},"submit_button":{"text":"提交","key":"go"}`)+`}`, 40058),
		send("alone", "type", `{"msgtype":"poem"}`, 40008),
		sent("webhook/upload_media", "key=alone&type=file", "media", "a.txt", []byte("things to do"), 0, kind("created_at", "string"), k.keep("file", "media_id")).by("none"),
		sent("webhook/upload_media", "key=alone&type=voice", "media", "a.amr", amrOf(2), 0).by("none"),
		sent("webhook/upload_media", "key=alone&type=image", "media", "a.png", pngOf(3, 3), 40005).by("none"),
		sent("webhook/upload_media", "key=made-up&type=file", "media", "a.txt", []byte("things to do"), 93000).by("none"),
		send("alone", "file", `{"msgtype":"file","file":{"media_id":"{{file}}"}}`, 0),
		send("good", "twenty a minute", hi, 45009).after(func(k *stage) {
			for range 19 {
				if code, msg := k.rig.raw("webhook/send?key=good", hi); code != 0 {
					k.t.Errorf("%d %s", code, msg)
				}
			}
		}),
		send("good", "the next minute", hi, 0).after(passes(time.Minute)),
	}
}
