package sim

import (
	"slices"
	"strings"

	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// staffAct is what a member does in the WeCom client by hand; unlike the same through the API, it calls back. Kind:
//
//	create_group  text = name                   → chat_id
//	rename        chat_id, text                 own group
//	dismiss       chat_id                       own group
//	notice        chat_id, text                 own group
//	admins        chat_id, add, remove          own group: members of staff who look after it
//	transfer      chat_id, text = new owner     own group
//	invite        chat_id, external_userid      a friend, into a group the member is in; text "link" = by an invitation's link
//	remove        chat_id, external_userid      own group
//	mass          text, add = customers or groups (empty = all customers)   sends at once
//	delete        external_userid               the member deletes the customer
//	tag           external_userid, add, remove  corp tags
//	remark        external_userid, text
func (s *Server) staffAct(p *phoneCall) error {
	user := s.st.member(p.UserID).UserID
	if p.Kind == "create_group" {
		name := strings.TrimSpace(p.Text)
		if name == "" {
			return dead("请填写群名")
		}
		chat := mint(s.st.World.Seed, "wr", s.st.next(), 30)
		p.t.do(op{K: opGroup, Chat: chat, Name: name, User: user})
		p.t.callback(event{Event: callback.ExternalChat, ChangeType: callback.ChatCreate, ChatID: chat})
		p.out = fields{"chat_id": chat}
		return nil
	}
	if p.Kind == "mass" {
		return s.staffMass(p, user)
	}
	if p.ChatID != "" {
		return s.staffInGroup(p, user)
	}
	e := s.st.edge(user, p.External)
	if !e.alive() {
		return dead("不是这位员工的客户")
	}
	changed := event{Event: callback.ExternalContact, ChangeType: callback.EditExternal, UserID: user, External: p.External}
	switch p.Kind {
	case "delete":
		p.t.do(op{K: opEdge, User: user, Ext: p.External, N: edgeGone})
		changed.ChangeType = callback.DelExternal
	case "tag":
		for _, id := range slices.Concat(p.Add, p.Remove) {
			if _, t := s.st.tag(id); t == nil {
				return dead("没有这个标签：" + id)
			}
		}
		p.t.do(op{K: opMark, User: user, Ext: p.External, List: p.Add, Del: p.Remove})
	case "remark":
		if chars(p.Text) > 20 {
			return dead("备注最多 20 个字")
		}
		p.t.do(op{K: opRemark, User: user, Ext: p.External, Note: &remark{Remark: &p.Text}})
	default:
		return dead("不认识的动作：" + p.Kind)
	}
	p.t.callback(changed)
	return nil
}

func (s *Server) staffInGroup(p *phoneCall, user string) error {
	g := s.st.Groups[p.ChatID]
	if g == nil || g.Dismissed || g.Members[user] == nil {
		return dead("这位员工不在这个群里")
	}
	if p.Kind != "invite" && g.Owner != user {
		return dead("只有群主可以这样做")
	}
	changed := event{Event: callback.ExternalChat, ChangeType: callback.ChatUpdate, ChatID: g.ID, LastVer: memberVersion(g)}
	switch p.Kind {
	case "rename":
		if strings.TrimSpace(p.Text) == "" {
			return dead("请填写群名")
		}
		p.t.do(op{K: opRename, Chat: g.ID, Name: strings.TrimSpace(p.Text)})
		changed.Detail = "change_name"
	case "notice":
		p.t.do(op{K: opNotice, Chat: g.ID, Text: p.Text})
		changed.Detail = "change_notice"
	case "admins":
		admins := slices.Clone(g.Admins)
		for _, id := range p.Add {
			m := g.Members[s.canonical(id)]
			if m == nil || m.Type != 1 || m.ID == user {
				return dead("管理员必须是群里的其他员工")
			}
			if !slices.Contains(admins, m.ID) {
				admins = append(admins, m.ID)
			}
		}
		admins = slices.DeleteFunc(admins, func(id string) bool { return slices.Contains(p.Remove, id) })
		p.t.do(op{K: opAdmins, Chat: g.ID, List: admins})
		return nil // nobody is told
	case "dismiss":
		p.t.do(op{K: opDismiss, Chat: g.ID})
		changed.ChangeType = callback.ChatDismiss
	case "transfer":
		to := s.st.member(p.Text)
		if to == nil || g.Members[to.UserID] == nil {
			return dead("新群主必须是群里的员工")
		}
		p.t.do(op{K: opOwner, Chat: g.ID, User: to.UserID})
		changed.Detail = "change_owner"
	case "invite":
		colleague := s.st.member(p.External) != nil
		if e := s.st.edge(user, p.External); !colleague && (e == nil || e.Status != edgeFull) || g.Members[p.External] != nil {
			return dead("只能邀请不在群里的好友或同事")
		}
		if most := s.st.World.Limits.groupSize(); len(g.Members) >= most {
			return dead("群已满 " + itoa(most) + " 人")
		}
		scene := 1
		if p.Text == "link" {
			scene = 2
		}
		s.bring(p.t, g, p.External, user, scene)
		return nil
	case "remove":
		if g.Members[p.External] == nil || p.External == user {
			return dead("这个人不在群里")
		}
		s.quit(p.t, g, p.External, 1)
		return nil
	default:
		return dead("不认识的动作：" + p.Kind)
	}
	changed.CurVer = memberVersion(g)
	p.t.callback(changed)
	return nil
}

// staffMass sends by hand to the member's own customers or groups.
func (s *Server) staffMass(p *phoneCall, user string) error {
	if strings.TrimSpace(p.Text) == "" {
		return dead("请输入要发送的内容")
	}
	kind, to := wecom.ChatSingle, p.Add
	if len(to) > 0 && s.st.Groups[to[0]] != nil {
		kind = wecom.ChatGroup
	}
	if len(to) == 0 {
		to = s.st.customers(user)
	}
	for _, id := range to {
		if kind == wecom.ChatGroup && !slices.Contains(s.st.owned(user), id) || kind == wecom.ChatSingle && !s.st.edge(user, id).alive() {
			return dead("只能发给自己的客户或自己的群")
		}
	}
	results := s.ownMass(p.t, user, kind, p.Text, to)
	if results == nil {
		return dead("没有可以发送的客户")
	}
	p.out = sendFigures(results)
	return nil
}

// sendFigures counts the results of a mass send.
func sendFigures(results []int8) fields {
	done, over, gone := 0, 0, 0
	for _, r := range results {
		switch r {
		case wecom.SendDone:
			done++
		case wecom.SendOverCap:
			over++
		case wecom.SendNotFriend:
			gone++
		}
	}
	return fields{"sent": done, "over_cap": over, "not_friend": gone}
}
