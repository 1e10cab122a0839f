package wecom_test

import (
	"slices"
	"strings"
	"time"

	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

func (s *stage) kf() {
	id, err := s.app.KfAccountAdd(s.ctx, "售后", s.upload(wecom.MediaImage, "a.png", s.picture()))
	s.ok("KfAccountAdd", err, id != "", id)
	_, err = s.app.KfAccountAdd(s.ctx, "", "")
	s.refused("KfAccountAdd", 95006, err)
	s.ok("KfAccountUpdate", s.app.KfAccountUpdate(s.ctx, wecom.KfAccount{OpenKfID: id, Name: "售后一组"}), true)
	s.refused("KfAccountUpdate", 95000, s.app.KfAccountUpdate(s.ctx, wecom.KfAccount{OpenKfID: "wkNONE", Name: "售后一组"}))
	list, err := s.app.KfAccountList(s.ctx, 0, 100)
	s.ok("KfAccountList", err, len(list) == 2 && slices.ContainsFunc(list, func(a wecom.KfAccount) bool { return a.OpenKfID == id && a.Name == "售后一组" }), list)
	_, err = s.app.KfAccountList(s.ctx, 0, 1000)
	s.refused("KfAccountList", 40058, err)
	s.ok("KfAccountDel", s.app.KfAccountDel(s.ctx, id), true)
	s.refused("KfAccountDel", 95004, s.app.KfAccountDel(s.ctx, id))

	const kf = "wkONE"
	address, err := s.app.KfContactWay(s.ctx, kf, "poster")
	s.ok("KfContactWay", err, strings.HasPrefix(address, "http"), address)
	_, err = s.app.KfContactWay(s.ctx, kf, "not a scene")
	s.refused("KfContactWay", 40058, err)
	items, err := s.app.KfServicerAdd(s.ctx, kf, []string{"lina", "wang"}, []int64{2})
	s.ok("KfServicerAdd", err, len(items) == 3 && items[0].Code == 0, items)
	_, err = s.app.KfServicerAdd(s.ctx, "wkNONE", []string{"wang"}, nil)
	s.refused("KfServicerAdd", 95000, err)
	servicers, err := s.app.KfServicerList(s.ctx, kf)
	s.ok("KfServicerList", err, slices.ContainsFunc(servicers, func(v wecom.KfServicer) bool { return v.UserID == "wang" && v.Status == 0 }) &&
		slices.ContainsFunc(servicers, func(v wecom.KfServicer) bool { return v.Department == 2 }), servicers)
	_, err = s.app.KfServicerList(s.ctx, "wkNONE")
	s.refused("KfServicerList", 95000, err)
	items, err = s.app.KfServicerDel(s.ctx, kf, []string{"wang"}, []int64{2})
	s.ok("KfServicerDel", err, len(items) == 2 && items[0].Code == 0, items)
	_, err = s.app.KfServicerDel(s.ctx, kf, nil, nil)
	s.refused("KfServicerDel", 40063, err)

	s.act("kf_enter", map[string]any{"person": "wm1", "url": address + "&scene_param=table9"})
	s.act("kf_say", map[string]any{"person": "wm1", "open_kfid": kf, "text": "在吗"})
	e := s.heard(func(e callback.Event) bool { return e.Event == "kf_msg_or_event" })
	msgs, next, more, err := s.app.KfSync(s.ctx, e.OpenKfID, e.Token, "", 0)
	said := slices.IndexFunc(msgs, func(m wecom.KfMessage) bool { return m.MsgType == "text" && m.Text.Content == "在吗" })
	entered := slices.IndexFunc(msgs, func(m wecom.KfMessage) bool { return m.MsgType == "event" && m.Event.Type == "enter_session" })
	s.ok("KfSync", err, said >= 0 && entered >= 0 && next != "" && !more && msgs[said].ExternalUserID == "wm1" && len(msgs[said].Raw) > 0 &&
		msgs[entered].Event.Scene == "poster" && msgs[entered].Event.SceneParam == "table9", msgs)
	_, _, _, err = s.app.KfSync(s.ctx, kf, "made-up", "", 0)
	s.refused("KfSync", 95007, err)

	hello := wecom.KfBody{MsgID: "hello1", MsgType: "msgmenu", Menu: &wecom.KfMenu{Head: "您好", Items: []wecom.KfMenuItem{{Type: "click", ID: "1", Content: "转人工"},
		{Type: "view", URL: "https://x.cn", Content: "官网"}, {Type: "text", Content: "请选择"}}}}
	sent, err := s.app.KfSendOnEvent(s.ctx, msgs[entered].Event.WelcomeCode, hello)
	s.ok("KfSendOnEvent", err, sent == "hello1", sent)
	_, err = s.app.KfSendOnEvent(s.ctx, "made-up", hello)
	s.refused("KfSendOnEvent", 95007, err)
	sent, err = s.app.KfSend(s.ctx, kf, "wm1", wecom.KfBody{MsgID: "answer1", MsgType: "text", Text: &wecom.KfText{Content: "在的"}})
	s.ok("KfSend", err, sent == "answer1", sent)
	_, err = s.app.KfSend(s.ctx, kf, "wm1", wecom.KfBody{MsgID: "answer1", MsgType: "text", Text: &wecom.KfText{Content: "在的"}})
	s.refused("KfSend", 95033, err)
	for _, m := range []wecom.KfBody{
		{MsgType: "link", Link: &wecom.KfLink{Title: "官网", URL: "https://x.cn", ThumbMediaID: s.upload(wecom.MediaImage, "a.png", s.picture())}},
		{MsgType: "location", Location: &wecom.KfLocation{Name: "一店", Latitude: 30.2, Longitude: 120.1}},
	} {
		_, err := s.app.KfSend(s.ctx, kf, "wm1", m)
		s.ok("KfSend", err, true, m.MsgType)
	}

	s.ok("KfUpgradeService", s.app.KfUpgradeService(s.ctx, wecom.KfUpgrade{OpenKfID: kf, ExternalUserID: "wm1", UserID: "wang", Wording: "专属顾问"}), true)
	s.refused("KfUpgradeService", 60030, s.app.KfUpgradeService(s.ctx, wecom.KfUpgrade{OpenKfID: kf, ExternalUserID: "wm1", ChatID: "wrTHREE"}))
	s.ok("KfCancelUpgrade", s.app.KfCancelUpgrade(s.ctx, kf, "wm1"), true)
	s.refused("KfCancelUpgrade", 95000, s.app.KfCancelUpgrade(s.ctx, "wkNONE", "wm1"))
	offered, err := s.app.KfUpgradeConfig(s.ctx)
	s.ok("KfUpgradeConfig", err, slices.Equal(offered.UserIDs, []string{"wang"}) && slices.Equal(offered.ChatIDs, []string{"wrONE"}), offered)
	s.forbidden("KfUpgradeConfig", "kf/customer/get_upgrade_service_config", func() error { _, err := s.app.KfUpgradeConfig(s.ctx); return err })

	state, _, err := s.app.KfStateGet(s.ctx, kf, "wm1")
	s.ok("KfStateGet", err, state == wecom.KfBot, state)
	_, _, err = s.app.KfStateGet(s.ctx, "wkNONE", "wm1")
	s.refused("KfStateGet", 95000, err)
	code, err := s.app.KfStateTrans(s.ctx, kf, "wm1", wecom.KfPool, "")
	s.ok("KfStateTrans", err, code != "", code)
	_, err = s.app.KfStateTrans(s.ctx, kf, "wm1", wecom.KfBot, "")
	s.refused("KfStateTrans", 95016, err)
	_, err = s.app.KfStateTrans(s.ctx, kf, "wm1", wecom.KfHuman, "lina")
	s.must(err)
	s.act("kf_answer", map[string]any{"userid": "lina", "person": "wm1", "open_kfid": kf, "text": "我来为您处理"})
	people, bad, err := s.app.KfCustomers(s.ctx, []string{"wm1", "wm9"}, true)
	s.ok("KfCustomers", err, len(people) == 1 && people[0].Nickname == "小白" && people[0].Entered.Scene == "poster" && slices.Equal(bad, []string{"wm9"}), people, bad)
	_, _, err = s.app.KfCustomers(s.ctx, nil, false)
	s.refused("KfCustomers", 40063, err)

	now := s.pass(24 * time.Hour)
	days, err := s.app.KfCorpStatistic(s.ctx, kf, now.AddDate(0, 0, -1), now.AddDate(0, 0, -1))
	s.ok("KfCorpStatistic", err, len(days) == 1 && days[0].Customers == 1, days)
	_, err = s.app.KfCorpStatistic(s.ctx, kf, now.AddDate(0, -3, 0), now)
	s.refused("KfCorpStatistic", 40058, err)
	days, err = s.app.KfServicerStatistic(s.ctx, kf, "lina", now.AddDate(0, 0, -1), now.AddDate(0, 0, -1))
	s.ok("KfServicerStatistic", err, len(days) == 1 && days[0].Day > 0, days)
	_, err = s.app.KfServicerStatistic(s.ctx, kf, "lina", now.AddDate(0, -3, 0), now)
	s.refused("KfServicerStatistic", 40058, err)
}

// knowledge is the questions and answers of kf's bot.
func (s *stage) knowledge() {
	id, err := s.app.KfTopicAdd(s.ctx, "营业")
	s.ok("KfTopicAdd", err, id != "", id)
	_, err = s.app.KfTopicAdd(s.ctx, "")
	s.refused("KfTopicAdd", 40063, err)
	s.ok("KfTopicRename", s.app.KfTopicRename(s.ctx, id, "营业时间"), true)
	s.refused("KfTopicRename", 40058, s.app.KfTopicRename(s.ctx, "made-up", "营业时间"))
	topics, next, more, err := s.app.KfTopics(s.ctx, "", 1)
	s.ok("KfTopics", err, len(topics) == 1 && topics[0].Default == 1 && more && next != "", topics)
	topics, _, more, err = s.app.KfTopics(s.ctx, next, 1)
	s.ok("KfTopics", err, len(topics) == 1 && topics[0].ID == id && topics[0].Name == "营业时间" && !more, topics)
	_, _, _, err = s.app.KfTopics(s.ctx, "made-up", 1)
	s.refused("KfTopics", 50100, err)

	q := wecom.KfIntent{TopicID: id, Asked: "几点关门", Similar: []string{"营业到几点"}, Answers: []wecom.KfAnswer{{Text: wecom.Text{Content: "晚上九点"},
		Attachments: []wecom.KfAnswerMaterial{{MsgType: "image", Image: &wecom.KfAnswerFile{MediaID: s.upload(wecom.MediaImage, "时间.png", s.picture())}}}}}}
	q.ID, err = s.app.KfIntentAdd(s.ctx, q)
	s.ok("KfIntentAdd", err, q.ID != "", q.ID)
	_, err = s.app.KfIntentAdd(s.ctx, wecom.KfIntent{TopicID: "made-up"})
	s.refused("KfIntentAdd", 40058, err)
	list, _, _, err := s.app.KfIntents(s.ctx, id, "", 10)
	s.ok("KfIntents", err, len(list) == 1 && list[0].Asked == "几点关门" && slices.Equal(list[0].Similar, q.Similar) && list[0].Answers[0].Attachments[0].Image.Name == "时间.png", list)
	_, _, _, err = s.app.KfIntents(s.ctx, id, "made-up", 10)
	s.refused("KfIntents", 50100, err)
	q.Answers = []wecom.KfAnswer{{Text: wecom.Text{Content: "晚上十点"}}}
	s.ok("KfIntentUpdate", s.app.KfIntentUpdate(s.ctx, q), true)
	s.refused("KfIntentUpdate", 40058, s.app.KfIntentUpdate(s.ctx, wecom.KfIntent{ID: "made-up", Asked: "x", Answers: q.Answers}))
	s.ok("KfIntentDel", s.app.KfIntentDel(s.ctx, q.ID), true)
	s.refused("KfIntentDel", 40058, s.app.KfIntentDel(s.ctx, q.ID))
	s.ok("KfTopicDel", s.app.KfTopicDel(s.ctx, id), true)
	s.refused("KfTopicDel", 40058, s.app.KfTopicDel(s.ctx, id))
}
