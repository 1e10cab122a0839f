package wecom_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

func (s *stage) customers() {
	seats, err := s.app.FollowUsers(s.ctx)
	s.ok("FollowUsers", err, slices.Contains(seats, "lina") && !slices.Contains(seats, "noseat"), seats)
	s.forbidden("FollowUsers", "externalcontact/get_follow_user_list", func() error { _, err := s.app.FollowUsers(s.ctx); return err })
	ids, err := s.app.ExternalList(s.ctx, "lina")
	s.ok("ExternalList", err, slices.Equal(ids, []string{"wm1", "wm2"}), ids)
	_, err = s.app.ExternalList(s.ctx, "nobody")
	s.refused("ExternalList", 60111, err)
	one, err := s.app.ExternalGet(s.ctx, "wm1")
	s.ok("ExternalGet", err, one.Contact.Name == "小白" && one.Contact.UnionID == "un1" && len(one.Follows) == 2, one)
	_, err = s.app.ExternalGet(s.ctx, "wm9")
	s.refused("ExternalGet", 40096, err)
	var edges []wecom.ExternalFollow
	for cursor := ""; ; {
		page, next, err := s.app.BatchGetByUser(s.ctx, []string{"lina", "wang"}, cursor, 2)
		s.must(err)
		edges = append(edges, page...)
		if cursor = next; cursor == "" {
			break
		}
	}
	s.ok("BatchGetByUser", nil, len(edges) == 3 && edges[0].Follow.UserID == "lina", edges)
	_, _, err = s.app.BatchGetByUser(s.ctx, []string{"lina"}, "made-up", 2)
	s.refused("BatchGetByUser", 50100, err)
	served, next, err := s.app.ServedContacts(s.ctx, "", 2)
	s.ok("ServedContacts", err, len(served) == 2 && next != "" && served[0].TempID != "", served)
	_, _, err = s.app.ServedContacts(s.ctx, "made-up", 2)
	s.refused("ServedContacts", 50100, err)

	words := "老客户"
	err = s.app.Remark(s.ctx, wecom.RemarkRequest{UserID: "lina", ExternalUserID: "wm1", Remark: &words, RemarkMobiles: []string{"13900000001"}})
	one, err2 := s.app.ExternalGet(s.ctx, "wm1")
	s.must(err2)
	i := slices.IndexFunc(one.Follows, func(f wecom.Follow) bool { return f.UserID == "lina" })
	s.ok("Remark", err, one.Follows[i].Remark == words && slices.Equal(one.Follows[i].RemarkMobiles, []string{"13900000001"}), one.Follows)
	s.refused("Remark", 84061, s.app.Remark(s.ctx, wecom.RemarkRequest{UserID: "wang", ExternalUserID: "wm2", Remark: &words}))
}

func (s *stage) tags() {
	made, err := s.app.AddCorpTag(s.ctx, wecom.AddCorpTagRequest{GroupName: "阶段", Tags: []wecom.NewTag{{Name: "新客"}, {Name: "沉睡"}}})
	s.ok("AddCorpTag", err, made.GroupName == "阶段" && len(made.Tags) == 2 && made.Tags[0].ID != "", made)
	_, err = s.app.AddCorpTag(s.ctx, wecom.AddCorpTagRequest{GroupID: "etNONE", Tags: []wecom.NewTag{{Name: "新客"}}})
	s.refused("AddCorpTag", 40068, err)
	tag := made.Tags[0].ID
	order := int64(5)
	err = s.app.EditCorpTag(s.ctx, tag, "首单", &order)
	all, err2 := s.app.CorpTags(s.ctx, []string{tag}, nil)
	s.must(err2)
	s.ok("EditCorpTag", err, all[0].Tags[0].Name == "首单" && all[0].Tags[0].Order == 5, all)
	s.refused("EditCorpTag", 40071, s.app.EditCorpTag(s.ctx, tag, "沉睡", nil))
	all, err = s.app.CorpTags(s.ctx, nil, nil)
	s.ok("CorpTags", err, len(all) == 2, all)
	s.forbidden("CorpTags", "externalcontact/get_corp_tag_list", func() error { _, err := s.app.CorpTags(s.ctx, nil, nil); return err })

	err = s.app.MarkTag(s.ctx, "lina", "wm1", []string{tag}, nil)
	one, err2 := s.app.ExternalGet(s.ctx, "wm1")
	s.must(err2)
	marked := slices.ContainsFunc(one.Follows, func(f wecom.Follow) bool {
		return f.UserID == "lina" && len(f.Tags) == 1 && f.Tags[0].TagID == tag && f.Tags[0].GroupName == "阶段"
	})
	s.ok("MarkTag", err, marked, one.Follows)
	s.refused("MarkTag", 84061, s.app.MarkTag(s.ctx, "wang", "wm2", []string{tag}, nil))
	err = s.app.DelCorpTag(s.ctx, []string{made.Tags[1].ID}, nil)
	all, err2 = s.app.CorpTags(s.ctx, nil, []string{made.GroupID})
	s.must(err2)
	s.ok("DelCorpTag", err, len(all) == 1 && len(slices.DeleteFunc(all[0].Tags, func(t wecom.CorpTag) bool { return t.Deleted })) == 1, all)
	s.refused("DelCorpTag", 40068, s.app.DelCorpTag(s.ctx, []string{"etNONE"}, nil))
}

func (s *stage) ways() {
	id, picture, err := s.app.AddContactWay(s.ctx, wecom.ContactWay{Type: 1, Scene: 2, Remark: "门口", SkipVerify: true, State: "door", Users: []string{"lina"}})
	s.ok("AddContactWay", err, id != "" && picture != "", id, picture)
	_, _, err = s.app.AddContactWay(s.ctx, wecom.ContactWay{Type: 1, Scene: 2, Users: []string{"lina", "wang"}})
	s.refused("AddContactWay", 41041, err)
	way, err := s.app.GetContactWay(s.ctx, id)
	s.ok("GetContactWay", err, way.State == "door" && slices.Equal(way.Users, []string{"lina"}) && way.QRCode == picture, way)
	_, err = s.app.GetContactWay(s.ctx, "made-up")
	s.refused("GetContactWay", 41044, err)
	ids, _, err := s.app.ListContactWay(s.ctx, 0, 0, "", 100)
	s.ok("ListContactWay", err, slices.Equal(ids, []string{id}), ids)
	_, _, err = s.app.ListContactWay(s.ctx, 0, 0, "made-up", 100)
	s.refused("ListContactWay", 50100, err)
	way.Users, way.Remark = []string{"wang"}, "收银台"
	err = s.app.UpdateContactWay(s.ctx, way)
	way, err2 := s.app.GetContactWay(s.ctx, id)
	s.must(err2)
	s.ok("UpdateContactWay", err, way.Remark == "收银台" && slices.Equal(way.Users, []string{"wang"}), way)
	way.Users = []string{"noseat"}
	s.refused("UpdateContactWay", 84074, s.app.UpdateContactWay(s.ctx, way))
	err = s.app.DelContactWay(s.ctx, id)
	_, gone := s.app.GetContactWay(s.ctx, id)
	s.ok("DelContactWay", err, wecom.IsCode(gone, 41044))
	s.refused("DelContactWay", 41044, s.app.DelContactWay(s.ctx, "made-up"))

	temp, picture, err := s.app.AddContactWay(s.ctx, wecom.ContactWay{Type: 1, Scene: 2, State: "temp", Users: []string{"lina"}, IsTemp: true, ExpiresIn: 86400,
		ChatExpiresIn: 3600, UnionID: "un6", Conclusions: &wecom.Conclusions{Text: &wecom.Text{Content: "再见"}, Link: &wecom.Link{Title: "官网", URL: "https://x.cn"}}})
	s.ok("AddContactWay", err, temp != "", temp)
	way, err = s.app.GetContactWay(s.ctx, temp)
	s.ok("GetContactWay", err, way.IsTemp && way.ChatExpiresIn == 3600 && way.UnionID == "un6" && way.Conclusions.Link.URL == "https://x.cn", way)
	s.plan(sim.Act{Kind: "add", Person: "wm6", URL: picture})
	s.ok("CloseTempChat", s.app.CloseTempChat(s.ctx, "lina", "wm6"), true)
	s.refused("CloseTempChat", 84061, s.app.CloseTempChat(s.ctx, "lina", "wm5"))
}

func (s *stage) acquisition() {
	link, err := s.app.LinkCreate(s.ctx, wecom.AcquisitionLink{LinkName: "春季投放", SkipVerify: true, Users: []string{"lina"}})
	s.ok("LinkCreate", err, link.LinkID != "" && link.URL != "", link)
	_, err = s.app.LinkCreate(s.ctx, wecom.AcquisitionLink{LinkName: "没有席位", Users: []string{"noseat"}})
	s.refused("LinkCreate", 84074, err)
	ids, _, err := s.app.LinkList(s.ctx, "", 10)
	s.ok("LinkList", err, slices.Equal(ids, []string{link.LinkID}), ids)
	_, _, err = s.app.LinkList(s.ctx, "", 1000)
	s.refused("LinkList", 40058, err)
	changed := link
	changed.LinkName, changed.Users, changed.Priority = "夏季投放", []string{"lina", "wang"}, &wecom.LinkPriority{Type: 2, Users: []string{"lina"}}
	err = s.app.LinkUpdate(s.ctx, changed)
	read, err2 := s.app.LinkGet(s.ctx, link.LinkID)
	s.must(err2)
	s.ok("LinkUpdate", err, read.LinkName == "夏季投放" && len(read.Users) == 2, read)
	s.ok("LinkGet", err2, read.URL == link.URL && read.SkipVerify && read.Priority.Type == 2 && read.CreateTime > 0, read)
	changed.LinkID = "made-up"
	s.refused("LinkUpdate", 40058, s.app.LinkUpdate(s.ctx, changed))
	_, err = s.app.LinkGet(s.ctx, "made-up")
	s.refused("LinkGet", 40058, err)

	s.plan(sim.Act{Kind: "scan", Person: "wm4", URL: link.URL + "?customer_channel=ad42"})
	var came []wecom.LinkCustomer
	for range 48 { // the population takes its time
		if came, _, err = s.app.LinkCustomers(s.ctx, link.LinkID, "", 100); err != nil || len(came) > 0 {
			break
		}
		s.pass(time.Hour)
	}
	s.ok("LinkCustomers", err, len(came) == 1 && came[0].ExternalUserID == "wm4" && came[0].State == "ad42", came)
	_, _, err = s.app.LinkCustomers(s.ctx, "made-up", "", 100)
	s.refused("LinkCustomers", 40058, err)
	quota, err := s.app.LinkQuota(s.ctx)
	s.ok("LinkQuota", err, quota.Total == 1000 && quota.Balance == 999 && len(quota.Parts) == 1 && quota.Parts[0].Expires > 0, quota)
	s.forbidden("LinkQuota", "externalcontact/customer_acquisition_quota", func() error { _, err := s.app.LinkQuota(s.ctx); return err })

	for i := range 3 {
		s.plan(sim.Act{Kind: "reply", Person: "wm4", UserID: came[0].UserID, Text: fmt.Sprint("你好", i)})
	}
	e := s.heard(func(e callback.Event) bool { return e.ChatKey != "" })
	chat, err := s.app.ChatInfo(s.ctx, e.ChatKey)
	s.ok("ChatInfo", err, chat.ExternalUserID == "wm4" && chat.Info.Received >= 3 && chat.Info.State == "ad42", chat)
	_, err = s.app.ChatInfo(s.ctx, "made-up")
	s.refused("ChatInfo", 41201, err)

	now := s.pass(36 * time.Hour)
	clicks, added, err := s.app.LinkStatistic(s.ctx, link.LinkID, now.AddDate(0, 0, -4), now.AddDate(0, 0, -1))
	s.ok("LinkStatistic", err, clicks == 1 && added == 1, clicks, added)
	_, _, err = s.app.LinkStatistic(s.ctx, link.LinkID, now.AddDate(0, -3, 0), now)
	s.refused("LinkStatistic", 40058, err)
	err = s.app.LinkDelete(s.ctx, link.LinkID)
	ids, _, err2 = s.app.LinkList(s.ctx, "", 10)
	s.must(err2)
	s.ok("LinkDelete", err, len(ids) == 0, ids)
	s.refused("LinkDelete", 40058, s.app.LinkDelete(s.ctx, "made-up"))
}

func (s *stage) groups() {
	list, _, err := s.app.GroupList(s.ctx, wecom.GroupFilter{Owners: []string{"lina"}}, "")
	s.ok("GroupList", err, len(list) == 2, list)
	_, _, err = s.app.GroupList(s.ctx, wecom.GroupFilter{}, "made-up")
	s.refused("GroupList", 50100, err)
	g, err := s.app.GroupGet(s.ctx, "wrONE", true)
	s.ok("GroupGet", err, g.Name == "一店福利群" && g.Owner == "lina" && len(g.Members) == 3 && g.Version != "", g)
	_, err = s.app.GroupGet(s.ctx, "wrNONE", false)
	s.refused("GroupGet", 90501, err)
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.sim.URL+"/sim/api/chat?chat_id=wrONE", nil)
	s.must(err)
	gid := s.openGID(req)
	chat, err := s.app.ChatIDByOpenGID(s.ctx, gid)
	s.ok("ChatIDByOpenGID", err, chat == "wrONE", chat)
	_, err = s.app.ChatIDByOpenGID(s.ctx, "GOmadeup")
	s.refused("ChatIDByOpenGID", 90511, err)

	id, err := s.app.AddJoinWay(s.ctx, wecom.JoinWay{Scene: 2, Remark: "门口", AutoCreateRoom: 1, RoomBaseName: "一店福利群", RoomBaseID: 2, ChatIDs: []string{"wrONE"}, State: "door"})
	s.ok("AddJoinWay", err, id != "", id)
	_, err = s.app.AddJoinWay(s.ctx, wecom.JoinWay{Scene: 2, ChatIDs: slices.Repeat([]string{"wrONE"}, 6)})
	s.refused("AddJoinWay", 41091, err)
	way, err := s.app.GetJoinWay(s.ctx, id)
	s.ok("GetJoinWay", err, way.State == "door" && way.QRCode != "" && slices.Equal(way.ChatIDs, []string{"wrONE"}), way)
	_, err = s.app.GetJoinWay(s.ctx, "made-up")
	s.refused("GetJoinWay", 41044, err)
	way.ChatIDs, way.AutoCreateRoom = []string{"wrTHREE"}, 0
	err = s.app.UpdateJoinWay(s.ctx, way)
	way, err2 := s.app.GetJoinWay(s.ctx, id)
	s.must(err2)
	s.ok("UpdateJoinWay", err, slices.Equal(way.ChatIDs, []string{"wrTHREE"}) && way.AutoCreateRoom == 0, way)
	way.ConfigID = "made-up"
	s.refused("UpdateJoinWay", 41044, s.app.UpdateJoinWay(s.ctx, way))
	err = s.app.DelJoinWay(s.ctx, id)
	_, gone := s.app.GetJoinWay(s.ctx, id)
	s.ok("DelJoinWay", err, wecom.IsCode(gone, 41044))
	s.refused("DelJoinWay", 41044, s.app.DelJoinWay(s.ctx, "made-up"))

	quiet := 0
	template, err := s.app.GroupWelcomeAdd(s.ctx, wecom.GroupWelcome{Text: &wecom.Text{Content: "欢迎 %NICKNAME%"}, Link: &wecom.Link{Title: "群规", URL: "https://x.cn"}, Notify: &quiet})
	s.ok("GroupWelcomeAdd", err, template != "", template)
	_, err = s.app.GroupWelcomeAdd(s.ctx, wecom.GroupWelcome{})
	s.refused("GroupWelcomeAdd", 44004, err)
	err = s.app.GroupWelcomeEdit(s.ctx, template, wecom.GroupWelcome{Text: &wecom.Text{Content: "你好"}})
	welcome, err2 := s.app.GroupWelcomeGet(s.ctx, template)
	s.ok("GroupWelcomeEdit", err, welcome.Text != nil && welcome.Text.Content == "你好" && welcome.Link == nil, welcome)
	s.ok("GroupWelcomeGet", err2, welcome.TemplateID == template, welcome)
	s.refused("GroupWelcomeEdit", 40058, s.app.GroupWelcomeEdit(s.ctx, "made-up", wecom.GroupWelcome{Text: &wecom.Text{Content: "你好"}}))
	_, err = s.app.GroupWelcomeGet(s.ctx, "made-up")
	s.refused("GroupWelcomeGet", 40058, err)
	err = s.app.GroupWelcomeDelete(s.ctx, template)
	_, gone = s.app.GroupWelcomeGet(s.ctx, template)
	s.ok("GroupWelcomeDelete", err, wecom.IsCode(gone, 40058))
	s.refused("GroupWelcomeDelete", 40058, s.app.GroupWelcomeDelete(s.ctx, "made-up"))
}

// openGID reads a group's id as a mini-program opened from it learns it.
func (s *stage) openGID(req *http.Request) string {
	s.Helper()
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	s.must(err)
	_, rest, ok := strings.Cut(string(body), `"opengid":"`)
	if !ok {
		s.Fatalf("%s answers %.300s", req.URL.Path, body)
	}
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func (s *stage) transfers() {
	rows, err := s.app.TransferCustomer(s.ctx, wecom.Transfer{Handover: "lina", Takeover: "wang", ExternalIDs: []string{"wm2", "wm9"}, Message: "以后由王强为您服务"})
	s.ok("TransferCustomer", err, len(rows) == 2 && rows[0].Code == 0 && rows[1].Code == 40096, rows)
	_, err = s.app.TransferCustomer(s.ctx, wecom.Transfer{Handover: "lina", Takeover: "noseat", ExternalIDs: []string{"wm2"}})
	s.refused("TransferCustomer", 84074, err)
	state, _, err := s.app.TransferResult(s.ctx, "lina", "wang", "")
	s.ok("TransferResult", err, len(state) == 1 && state[0].Status == wecom.TakeoverWaiting && state[0].Time > 0, state)
	_, _, err = s.app.TransferResult(s.ctx, "lina", "nobody", "")
	s.refused("TransferResult", 60111, err)

	s.act("resign", map[string]any{"userid": "gone"})
	left, _, err := s.app.Unassigned(s.ctx, "", 0)
	s.ok("Unassigned", err, len(left) == 1 && left[0].Handover == "gone" && left[0].ExternalUserID == "wm3" && left[0].LeftAt > 0, left)
	_, _, err = s.app.Unassigned(s.ctx, "made-up", 10)
	s.refused("Unassigned", 50100, err)
	rows, err = s.app.TransferResigned(s.ctx, wecom.Transfer{Handover: "gone", Takeover: "lina", ExternalIDs: []string{"wm3"}, Message: "not taken here"})
	s.ok("TransferResigned", err, len(rows) == 1 && rows[0].Code == 0, rows)
	_, err = s.app.TransferResigned(s.ctx, wecom.Transfer{Handover: "gone", Takeover: "noseat", ExternalIDs: []string{"wm3"}})
	s.refused("TransferResigned", 84074, err)
	state, _, err = s.app.TransferResignedResult(s.ctx, "gone", "lina", "")
	s.ok("TransferResignedResult", err, len(state) == 1 && state[0].ExternalUserID == "wm3", state)
	_, _, err = s.app.TransferResignedResult(s.ctx, "gone", "nobody", "")
	s.refused("TransferResignedResult", 60111, err)

	failed, err := s.app.TransferGroups(s.ctx, []string{"wrTWO", "wrONE"}, "wang")
	s.ok("TransferGroups", err, len(failed) == 1 && failed[0].ChatID == "wrONE" && failed[0].Code == 90500, failed)
	_, err = s.app.TransferGroups(s.ctx, []string{"wrTWO"}, "noseat")
	s.refused("TransferGroups", 84074, err)
	failed, err = s.app.TransferGroupsOnJob(s.ctx, []string{"wrTHREE", "wrNONE"}, "wang")
	s.ok("TransferGroupsOnJob", err, len(failed) == 1 && failed[0].ChatID == "wrNONE", failed)
	_, err = s.app.TransferGroupsOnJob(s.ctx, []string{"wrTHREE"}, "noseat")
	s.refused("TransferGroupsOnJob", 84074, err)
}

func (s *stage) statistics() {
	now := s.pass(24 * time.Hour)
	from, to := now.AddDate(0, 0, -2), now.AddDate(0, 0, -1)
	days, err := s.app.UserBehavior(s.ctx, []string{"lina"}, from, to)
	s.ok("UserBehavior", err, len(days) == 2 && days[0].Day > 0, days)
	_, err = s.app.UserBehavior(s.ctx, []string{"lina"}, now.AddDate(0, -3, 0), to)
	s.refused("UserBehavior", 40058, err)
	rows, total, next, err := s.app.GroupStatistic(s.ctx, []string{"lina", "wang"}, from, to, wecom.ByMembers, 0, 1)
	s.ok("GroupStatistic", err, len(rows) == 1 && total == 2 && next == 1 && rows[0].Data.Groups > 0, rows, total, next)
	_, _, _, err = s.app.GroupStatistic(s.ctx, []string{"lina"}, now.AddDate(0, -3, 0), to, wecom.ByGroups, 0, 10)
	s.refused("GroupStatistic", 40058, err)
	byDay, err := s.app.GroupStatisticByDay(s.ctx, []string{"lina"}, from, to)
	s.ok("GroupStatisticByDay", err, len(byDay) == 2 && byDay[0].Day > 0, byDay)
	_, err = s.app.GroupStatisticByDay(s.ctx, []string{"lina"}, now.AddDate(0, -3, 0), to)
	s.refused("GroupStatisticByDay", 40058, err)
}
