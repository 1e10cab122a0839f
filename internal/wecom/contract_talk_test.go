package wecom_test

import (
	"bytes"
	"crypto/md5" //nolint:gosec // WeCom's fingerprint of a robot's picture
	"encoding/base64"
	"encoding/hex"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

// picture is a small PNG.
func (s *stage) picture() []byte {
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	img.SetGray(3, 3, color.Gray{Y: 200})
	var out bytes.Buffer
	s.must(png.Encode(&out, img))
	return out.Bytes()
}

func (s *stage) upload(kind wecom.MediaKind, name string, body []byte) string {
	s.Helper()
	m, err := s.app.UploadMedia(s.ctx, kind, name, bytes.NewReader(body), int64(len(body)))
	s.must(err)
	return m.MediaID
}

func (s *stage) media() {
	pic := s.picture()
	m, err := s.app.UploadMedia(s.ctx, wecom.MediaImage, "海报.png", bytes.NewReader(pic), int64(len(pic)))
	s.ok("UploadMedia", err, m.MediaID != "" && m.Kind == wecom.MediaImage && !m.CreatedAt.IsZero(), m)
	_, err = s.app.UploadMedia(s.ctx, wecom.MediaImage, "a.png", strings.NewReader("no picture"), 10)
	s.refused("UploadMedia", 40004, err)
	a, err := s.app.UploadAttachment(s.ctx, wecom.MediaImage, wecom.ForMoments, "a.png", bytes.NewReader(pic), int64(len(pic)))
	s.ok("UploadAttachment", err, a.MediaID != "" && !a.CreatedAt.IsZero(), a)
	_, err = s.app.UploadAttachment(s.ctx, wecom.MediaVideo, wecom.ForMoments, "a.mp4", bytes.NewReader(pic), int64(len(pic)))
	s.refused("UploadAttachment", 40004, err)
	url, err := s.app.UploadImage(s.ctx, "a.png", bytes.NewReader(pic), int64(len(pic)))
	s.ok("UploadImage", err, strings.HasPrefix(url, "http"), url)
	_, err = s.app.UploadImage(s.ctx, "a.png", strings.NewReader("abc"), 3)
	s.refused("UploadImage", 40006, err)
	var got bytes.Buffer
	err = s.app.MediaGet(s.ctx, m.MediaID, &got)
	s.ok("MediaGet", err, bytes.Equal(got.Bytes(), pic), got.Len())
	s.refused("MediaGet", 40007, s.app.MediaGet(s.ctx, "made-up", &got))

	file := bytes.Repeat([]byte("0123456789"), 100)
	originals := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "guide.pdf", time.Time{}, bytes.NewReader(file))
	}))
	defer originals.Close()
	sum := md5.Sum(file) //nolint:gosec // as above
	job, err := s.app.UploadByURL(s.ctx, wecom.URLUpload{Kind: wecom.MediaFile, Filename: "guide.pdf", URL: originals.URL + "/guide.pdf", MD5: hex.EncodeToString(sum[:])})
	s.ok("UploadByURL", err, job != "", job)
	_, err = s.app.UploadByURL(s.ctx, wecom.URLUpload{Kind: "voice", Filename: "a", URL: originals.URL, MD5: hex.EncodeToString(sum[:])})
	s.refused("UploadByURL", 40005, err)
	var r wecom.URLUploadResult
	for err = nil; err == nil && r.Status < 2; { // the simulator fetches beside everything else
		r, err = s.app.UploadByURLResult(s.ctx, job)
	}
	s.ok("UploadByURLResult", err, r.Status == 2 && r.Media.MediaID != "" && !r.Media.CreatedAt.IsZero(), r)
	_, err = s.app.UploadByURLResult(s.ctx, "made-up")
	s.refused("UploadByURLResult", 40058, err)
}

func (s *stage) welcomes() {
	_, picture, err := s.app.AddContactWay(s.ctx, wecom.ContactWay{Type: 1, Scene: 2, SkipVerify: true, State: "hello", Users: []string{"lina"}})
	s.must(err)
	s.plan(sim.Act{Kind: "add", Person: "wm5", URL: picture})
	e := s.heard(func(e callback.Event) bool { return e.WelcomeCode != "" && e.ExternalUserID == "wm5" })
	w := wecom.Welcome{Code: e.WelcomeCode, Text: &wecom.Text{Content: "你好"}, Attachments: []wecom.Attachment{
		{MsgType: "image", Image: &wecom.Image{MediaID: s.upload(wecom.MediaImage, "a.png", s.picture())}},
		{MsgType: "file", File: &wecom.Media{MediaID: s.upload(wecom.MediaFile, "a.txt", []byte("一份手册"))}},
		{MsgType: "link", Link: &wecom.Link{Title: "群", URL: "https://x.cn"}}}}
	s.ok("SendWelcome", s.app.SendWelcome(s.ctx, w), true)
	s.refused("SendWelcome", 41051, s.app.SendWelcome(s.ctx, w))
}

func (s *stage) massSends() {
	before := s.pass(0)
	id, failed, err := s.app.AddMsgTemplate(s.ctx, wecom.MsgTemplate{ChatType: wecom.ChatSingle, ExternalIDs: []string{"wm1", "wm9"}, Sender: "lina", Text: &wecom.Text{Content: "周末福利"},
		Attachments: []wecom.Attachment{{MsgType: "link", Link: &wecom.Link{Title: "券", URL: "https://x.cn"}}}})
	s.ok("AddMsgTemplate", err, id != "" && slices.Equal(failed, []string{"wm9"}), id, failed)
	_, _, err = s.app.AddMsgTemplate(s.ctx, wecom.MsgTemplate{ChatType: wecom.ChatSingle, ExternalIDs: []string{"wm9"}, Sender: "lina", Text: &wecom.Text{Content: "周末福利"}})
	s.refused("AddMsgTemplate", 41048, err)
	s.pass(time.Minute)
	list, _, err := s.app.GroupMsgList(s.ctx, wecom.GroupMsgFilter{ChatType: wecom.ChatSingle, Start: before.Add(-time.Hour).Unix(), End: before.Add(time.Hour).Unix(), Type: 0}, "")
	s.ok("GroupMsgList", err, len(list) == 1 && list[0].MsgID == id && list[0].Text.Content == "周末福利" && list[0].CreateTime > 0, list)
	_, _, err = s.app.GroupMsgList(s.ctx, wecom.GroupMsgFilter{ChatType: wecom.ChatSingle, Start: before.AddDate(0, -3, 0).Unix(), End: before.Unix()}, "")
	s.refused("GroupMsgList", 40058, err)

	var tasks []wecom.GroupMsgMember
	s.pass(12 * time.Hour)
	err = s.settled(41063, func() (err error) { tasks, _, err = s.app.GroupMsgTask(s.ctx, id, ""); return err })
	s.ok("GroupMsgTask", err, len(tasks) == 1 && tasks[0].UserID == "lina" && tasks[0].Status == 2, tasks)
	_, _, err = s.app.GroupMsgTask(s.ctx, "made-up", "")
	s.refused("GroupMsgTask", 41047, err)
	sends, _, err := s.app.GroupMsgSendResult(s.ctx, id, "lina", "")
	s.ok("GroupMsgSendResult", err, len(sends) == 1 && sends[0].ExternalUserID == "wm1" && sends[0].Status == wecom.SendDone, sends)
	_, _, err = s.app.GroupMsgSendResult(s.ctx, "made-up", "lina", "")
	s.refused("GroupMsgSendResult", 41047, err)

	idle, _, err := s.app.AddMsgTemplate(s.ctx, wecom.MsgTemplate{ChatType: wecom.ChatSingle, ExternalIDs: []string{"wm1"}, Sender: "wang", Text: &wecom.Text{Content: "不会有人发"}})
	s.must(err)
	s.ok("RemindGroupMsg", s.settled(41063, func() error { return s.app.RemindGroupMsg(s.ctx, idle) }), true)
	s.refused("RemindGroupMsg", 41047, s.app.RemindGroupMsg(s.ctx, "made-up"))
	s.ok("CancelGroupMsg", s.app.CancelGroupMsg(s.ctx, idle), true)
	s.refused("CancelGroupMsg", 41047, s.app.CancelGroupMsg(s.ctx, "made-up"))
}

func (s *stage) appMessages() {
	sent, err := s.app.SendAppMessage(s.ctx, wecom.AppMessage{ToUser: "lina|Nobody", AppBody: wecom.AppBody{MsgType: "text", Text: &wecom.Text{Content: "早"}}})
	s.ok("SendAppMessage", err, sent.MsgID != "" && slices.Equal(sent.InvalidUsers, []string{"nobody"}), sent)
	_, err = s.app.SendAppMessage(s.ctx, wecom.AppMessage{AppBody: wecom.AppBody{MsgType: "text", Text: &wecom.Text{Content: "早"}}})
	s.refused("SendAppMessage", 82001, err)
	pic := s.upload(wecom.MediaImage, "a.png", s.picture())
	for _, body := range []wecom.AppBody{
		{MsgType: "image", Image: &wecom.Media{MediaID: pic}},
		{MsgType: "file", File: &wecom.Media{MediaID: s.upload(wecom.MediaFile, "a.txt", []byte("一份手册"))}},
		{MsgType: "textcard", TextCard: &wecom.TextCard{Title: "待办", Description: "今天", URL: "https://x.cn", Button: "去做"}},
		{MsgType: "news", News: &wecom.News{Articles: []wecom.Article{{Title: "周报", URL: "https://x.cn"}}}},
		{MsgType: "mpnews", HostedNews: &wecom.HostedNews{Articles: []wecom.HostedArticle{{Title: "周报", ThumbMediaID: pic, Content: "<p>好</p>"}}}},
		{MsgType: "markdown", Markdown: &wecom.Text{Content: "**好**"}},
		{MsgType: "miniprogram_notice", MiniNotice: &wecom.MiniNotice{AppID: "wx1", Title: "到货提醒", Rows: []wecom.KeyValue{{Key: "门店", Value: "一店"}}}},
	} {
		r, err := s.app.SendAppMessage(s.ctx, wecom.AppMessage{ToUser: "lina", AppBody: body})
		s.ok("SendAppMessage", err, r.MsgID != "", body.MsgType, r)
	}

	card := &wecom.TemplateCard{Type: wecom.CardButton, TaskID: "task-1", MainTitle: &wecom.CardTitle{Title: "请确认", Desc: "今天的任务"},
		Rows: []wecom.CardRow{{Key: "门店", Value: "一店"}}, Buttons: []wecom.CardButtonDo{{Text: "完成", Style: 1, Key: "done"}, {Text: "稍后", Style: 2, Key: "later"}}}
	sent, err = s.app.SendAppMessage(s.ctx, wecom.AppMessage{ToUser: "lina|wang", AppBody: wecom.AppBody{MsgType: "template_card", Card: card}})
	s.ok("SendAppMessage", err, sent.ResponseCode != "", sent)
	bad, err := s.app.UpdateCard(s.ctx, wecom.CardUpdate{UserIDs: []string{"lina", "nobody"}, ResponseCode: sent.ResponseCode, ReplaceName: "已完成"})
	s.ok("UpdateCard", err, slices.Equal(bad, []string{"nobody"}), bad)
	_, err = s.app.UpdateCard(s.ctx, wecom.CardUpdate{All: true, ResponseCode: "made-up", ReplaceName: "已完成"})
	s.refused("UpdateCard", 60140, err)
	for _, c := range []*wecom.TemplateCard{
		{Type: wecom.CardText, MainTitle: &wecom.CardTitle{Title: "通知"}, Action: &wecom.CardJump{Type: 1, URL: "https://x.cn"}, Emphasis: &wecom.CardTitle{Title: "100"}},
		{Type: wecom.CardNews, MainTitle: &wecom.CardTitle{Title: "通知"}, Image: &wecom.CardImage{URL: "https://x.cn/a.png", Ratio: 1.5}, Action: &wecom.CardJump{Type: 1, URL: "https://x.cn"}},
		{Type: wecom.CardVote, TaskID: "task-2", MainTitle: &wecom.CardTitle{Title: "投票"}, Checkbox: &wecom.CardCheckbox{QuestionKey: "q", Mode: 1,
			Options: []wecom.CardOption{{ID: "a", Text: "甲", Checked: true}, {ID: "b", Text: "乙"}}}, SubmitButton: &wecom.CardSubmit{Text: "提交", Key: "k"}},
		{Type: wecom.CardSelect, TaskID: "task-3", MainTitle: &wecom.CardTitle{Title: "选择"}, Selections: []wecom.CardChoice{{QuestionKey: "q", Title: "门店",
			Options: []wecom.CardOption{{ID: "a", Text: "甲"}}}}, SubmitButton: &wecom.CardSubmit{Text: "提交", Key: "k"}},
	} {
		r, err := s.app.SendAppMessage(s.ctx, wecom.AppMessage{ToUser: "lina", AppBody: wecom.AppBody{MsgType: "template_card", Card: c}})
		s.ok("SendAppMessage", err, r.MsgID != "", c.Type, r)
	}
	s.ok("RecallMessage", s.app.RecallMessage(s.ctx, sent.MsgID), true)
	s.refused("RecallMessage", 40058, s.app.RecallMessage(s.ctx, "made-up"))

	chat, err := s.app.AppChatCreate(s.ctx, wecom.AppChat{ChatID: "ops1", Name: "运营群", Owner: "lina", Users: []string{"lina", "wang"}})
	s.ok("AppChatCreate", err, chat == "ops1", chat)
	_, err = s.app.AppChatCreate(s.ctx, wecom.AppChat{Name: "一个人", Users: []string{"lina"}})
	s.refused("AppChatCreate", 40031, err)
	err = s.app.AppChatUpdate(s.ctx, wecom.AppChatChange{ChatID: "ops1", Name: "运营一群", Add: []string{"noseat"}})
	read, err2 := s.app.AppChatGet(s.ctx, "ops1")
	s.ok("AppChatUpdate", err, read.Name == "运营一群" && len(read.Users) == 3, read)
	s.ok("AppChatGet", err2, read.Owner == "lina", read)
	s.refused("AppChatUpdate", 86001, s.app.AppChatUpdate(s.ctx, wecom.AppChatChange{ChatID: "none", Name: "x"}))
	_, err = s.app.AppChatGet(s.ctx, "none")
	s.refused("AppChatGet", 86001, err)
	s.ok("AppChatSend", s.app.AppChatSend(s.ctx, "ops1", wecom.AppBody{MsgType: "text", Text: &wecom.Text{Content: "早会"}}, true), true)
	s.refused("AppChatSend", 86001, s.app.AppChatSend(s.ctx, "none", wecom.AppBody{MsgType: "text", Text: &wecom.Text{Content: "早会"}}, false))
}

func (s *stage) robots() {
	pic := s.picture()
	sum := md5.Sum(pic) //nolint:gosec // as above
	file, err := s.app.RobotUpload(s.ctx, "robots-key", wecom.MediaFile, "a.txt", strings.NewReader("一份手册"), 12)
	s.ok("RobotUpload", err, file.MediaID != "", file)
	_, err = s.app.RobotUpload(s.ctx, "no-robots-key", wecom.MediaFile, "a.txt", strings.NewReader("一份手册"), 12)
	s.refused("RobotUpload", 93000, err)
	for _, m := range []wecom.RobotMessage{
		{MsgType: "text", Text: &wecom.RobotText{Content: "早", Mentioned: []string{"@all"}}},
		{MsgType: "markdown", Markdown: &wecom.Text{Content: "**好**"}},
		{MsgType: "markdown_v2", MarkdownV2: &wecom.Text{Content: "| a | b |"}},
		{MsgType: "image", Image: &wecom.RobotImage{Base64: base64.StdEncoding.EncodeToString(pic), MD5: hex.EncodeToString(sum[:])}},
		{MsgType: "news", News: &wecom.News{Articles: []wecom.Article{{Title: "周报", URL: "https://x.cn"}}}},
		{MsgType: "file", File: &wecom.Media{MediaID: file.MediaID}},
	} {
		s.ok("RobotSend", s.app.RobotSend(s.ctx, "robots-key", m), true)
	}
	s.refused("RobotSend", 93017, s.app.RobotSend(s.ctx, "robots-key", wecom.RobotMessage{MsgType: "text", Text: &wecom.RobotText{}}))
}

func (s *stage) moments() {
	pic := s.picture()
	cover, err := s.app.UploadAttachment(s.ctx, wecom.MediaImage, wecom.ForMoments, "a.png", bytes.NewReader(pic), int64(len(pic)))
	s.must(err)
	made := s.pass(0)
	job, err := s.app.AddMoment(s.ctx, wecom.Moment{Senders: []string{"lina", "nobody"}, Text: &wecom.Text{Content: "上新"},
		Attachments: []wecom.MomentAttachment{{MsgType: "image", Image: &wecom.Media{MediaID: cover.MediaID}}}})
	s.ok("AddMoment", err, job != "", job)
	_, err = s.app.AddMoment(s.ctx, wecom.Moment{Senders: []string{"lina"}})
	s.refused("AddMoment", 41089, err)
	var r wecom.MomentJob
	for range 600 {
		if r, err = s.app.MomentResult(s.ctx, job); err != nil || r.Status == 3 {
			break
		}
		s.pass(time.Second)
	}
	s.ok("MomentResult", err, r.Status == 3 && r.Code == 0 && r.MomentID != "" && slices.Equal(r.BadSenders, []string{"nobody"}), r)
	_, err = s.app.MomentResult(s.ctx, "made-up")
	s.refused("MomentResult", 40058, err)
	id := r.MomentID
	list, _, err := s.app.MomentList(s.ctx, wecom.MomentFilter{From: made.Add(-time.Hour), To: made.Add(time.Hour), Type: 2}, "")
	s.ok("MomentList", err, len(list) == 1 && list[0].MomentID == id && list[0].Text.Content == "上新" && len(list[0].Images) == 1, list)
	_, _, err = s.app.MomentList(s.ctx, wecom.MomentFilter{From: made.AddDate(0, -3, 0), To: made}, "")
	s.refused("MomentList", 40058, err)

	s.pass(12 * time.Hour)
	var tasks []wecom.MomentTask
	err = s.settled(41079, func() (err error) { tasks, _, err = s.app.MomentTasks(s.ctx, id, ""); return err })
	s.ok("MomentTasks", err, len(tasks) == 1 && tasks[0].UserID == "lina" && tasks[0].Status == 1, tasks)
	_, _, err = s.app.MomentTasks(s.ctx, "made-up", "")
	s.refused("MomentTasks", 41060, err)
	to, _, err := s.app.MomentCustomers(s.ctx, id, "lina", "")
	s.ok("MomentCustomers", err, len(to) > 0 && to[0].UserID == "lina" && to[0].ExternalUserID != "", to)
	_, _, err = s.app.MomentCustomers(s.ctx, id, "wang", "")
	s.refused("MomentCustomers", 41061, err)
	seen, _, err := s.app.MomentSendResult(s.ctx, id, "lina", "")
	s.ok("MomentSendResult", err, len(seen) > 0 && seen[0].UserID == "lina", seen)
	_, _, err = s.app.MomentSendResult(s.ctx, id, "wang", "")
	s.refused("MomentSendResult", 41061, err)
	comments, likes, err := s.app.MomentComments(s.ctx, id, "lina")
	s.ok("MomentComments", err, true, comments, likes)
	_, _, err = s.app.MomentComments(s.ctx, "made-up", "lina")
	s.refused("MomentComments", 41060, err)
	s.ok("CancelMoment", s.app.CancelMoment(s.ctx, id), true)
	s.refused("CancelMoment", 41060, s.app.CancelMoment(s.ctx, "made-up"))
}

func (s *stage) words() {
	rule := wecom.InterceptRule{Name: "禁语", Words: []string{"返利", "加微"}, Meanings: []int{wecom.InterceptPhone}, Type: wecom.InterceptWarn,
		Range: wecom.InterceptRange{Users: []string{"lina"}, Parties: []int64{2}}}
	id, err := s.app.InterceptAdd(s.ctx, rule)
	s.ok("InterceptAdd", err, id != "", id)
	_, err = s.app.InterceptAdd(s.ctx, rule)
	s.refused("InterceptAdd", 41077, err)
	list, err := s.app.InterceptList(s.ctx)
	s.ok("InterceptList", err, len(list) == 1 && list[0].ID == id && list[0].Name == "禁语" && list[0].CreateTime > 0, list)
	s.forbidden("InterceptList", "externalcontact/get_intercept_rule_list", func() error { _, err := s.app.InterceptList(s.ctx); return err })
	read, err := s.app.InterceptGet(s.ctx, id)
	s.ok("InterceptGet", err, slices.Equal(read.Words, rule.Words) && slices.Equal(read.Meanings, rule.Meanings) && slices.Equal(read.Range.Users, rule.Range.Users), read)
	_, err = s.app.InterceptGet(s.ctx, "99999")
	s.refused("InterceptGet", 41070, err)
	none := []int{}
	err = s.app.InterceptUpdate(s.ctx, id, wecom.InterceptChange{Words: []string{"返现"}, Meanings: &none, Add: wecom.InterceptRange{Users: []string{"wang"}}, Remove: wecom.InterceptRange{Users: []string{"lina"}}})
	read, err2 := s.app.InterceptGet(s.ctx, id)
	s.must(err2)
	s.ok("InterceptUpdate", err, slices.Equal(read.Words, []string{"返现"}) && len(read.Meanings) == 0 && slices.Equal(read.Range.Users, []string{"wang"}), read)
	s.refused("InterceptUpdate", 41070, s.app.InterceptUpdate(s.ctx, "99999", wecom.InterceptChange{Words: []string{"返现"}}))
	err = s.app.InterceptDelete(s.ctx, id)
	list, err2 = s.app.InterceptList(s.ctx)
	s.must(err2)
	s.ok("InterceptDelete", err, len(list) == 0, list)
	s.refused("InterceptDelete", 41070, s.app.InterceptDelete(s.ctx, "99999"))
}

func (s *stage) album() {
	pic := s.picture()
	m, err := s.app.UploadAttachment(s.ctx, wecom.MediaImage, wecom.ForAlbum, "a.png", bytes.NewReader(pic), int64(len(pic)))
	s.must(err)
	p := wecom.Product{Description: "面霜 50g", PriceFen: 12900, Number: "SKU1", Pictures: []wecom.Image{{MediaID: m.MediaID}}}
	p.ID, err = s.app.AlbumAdd(s.ctx, p)
	s.ok("AlbumAdd", err, p.ID != "", p)
	_, err = s.app.AlbumAdd(s.ctx, wecom.Product{Description: "面霜", PriceFen: 12900})
	s.refused("AlbumAdd", 41088, err)
	p.PriceFen = 9900
	err = s.app.AlbumUpdate(s.ctx, p)
	read, err2 := s.app.AlbumGet(s.ctx, p.ID)
	s.ok("AlbumUpdate", err, read.PriceFen == 9900, read)
	s.ok("AlbumGet", err2, read.Description == p.Description && read.Number == "SKU1" && len(read.Pictures) == 1 && read.CreateTime > 0, read)
	gone := p
	gone.ID, gone.Number = "made-up", ""
	s.refused("AlbumUpdate", 41074, s.app.AlbumUpdate(s.ctx, gone))
	_, err = s.app.AlbumGet(s.ctx, "made-up")
	s.refused("AlbumGet", 41074, err)
	list, _, err := s.app.AlbumList(s.ctx, "", 10)
	s.ok("AlbumList", err, len(list) == 1 && list[0].ID == p.ID && list[0].PriceFen == 9900, list)
	_, _, err = s.app.AlbumList(s.ctx, "made-up", 10)
	s.refused("AlbumList", 50100, err)
	err = s.app.AlbumDelete(s.ctx, p.ID)
	list, _, err2 = s.app.AlbumList(s.ctx, "", 10)
	s.must(err2)
	s.ok("AlbumDelete", err, len(list) == 0, list)
	s.refused("AlbumDelete", 41074, s.app.AlbumDelete(s.ctx, "made-up"))
}

func (s *stage) archived() {
	ids, err := s.archive.PermitUsers(s.ctx, wecom.ArchiveEnterprise)
	s.ok("PermitUsers", err, slices.Equal(ids, []string{"lina"}), ids)
	_, err = s.app.PermitUsers(s.ctx, 0)
	s.refused("PermitUsers", 48002, err)
	s.act("consent", map[string]any{"userid": "lina", "person": "wm1", "agree": true})
	said, err := s.archive.CheckSingleAgree(s.ctx, []wecom.ChatPair{{UserID: "lina", OpenID: "wm1"}})
	s.ok("CheckSingleAgree", err, len(said) == 1 && said[0].OpenID == "wm1" && said[0].Status == wecom.AgreeYes && said[0].ChangedAt > 0, said)
	_, err = s.archive.CheckSingleAgree(s.ctx, nil)
	s.refused("CheckSingleAgree", 40063, err)
	s.act("consent", map[string]any{"chat_id": "wrONE", "person": "wm1", "agree": false})
	said, err = s.archive.CheckRoomAgree(s.ctx, "wrONE")
	s.ok("CheckRoomAgree", err, len(said) == 1 && said[0].OpenID == "wm1" && said[0].Status == wecom.AgreeNo, said)
	_, err = s.archive.CheckRoomAgree(s.ctx, "wrNONE")
	s.refused("CheckRoomAgree", 86001, err)
	room, err := s.archive.ArchiveRoomGet(s.ctx, "ops1")
	s.ok("ArchiveRoomGet", err, room.Name == "运营一群" && len(room.Members) == 3 && room.Members[0].JoinTime > 0, room)
	_, err = s.archive.ArchiveRoomGet(s.ctx, "wrONE")
	s.refused("ArchiveRoomGet", 301059, err)
	robot, err := s.archive.ArchiveRobotGet(s.ctx, "wbONE")
	s.ok("ArchiveRobotGet", err, robot.Name == "播报" && robot.Creator == "lina", robot)
	_, err = s.archive.ArchiveRobotGet(s.ctx, "wbNONE")
	s.refused("ArchiveRobotGet", 40058, err)
}
