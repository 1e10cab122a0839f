package sim

import (
	"slices"
	"strings"

	"qunce/internal/wecom/callback"
)

// staffAct is what a member does in the WeCom client by hand; unlike the same through the API, it calls back. Kind:
//
//	create_group  text = name                   → chat_id
//	rename        chat_id, text                 own group
//	dismiss       chat_id                       own group
//	transfer      chat_id, text = new owner     own group
//	invite        chat_id, external_userid      a friend, into a group the member is in
//	remove        chat_id, external_userid      own group
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
		if len(g.Members) >= 500 {
			return dead("群已满 500 人")
		}
		p.t.do(op{K: opEnter, Chat: g.ID, Ext: p.External, N: 1})
		changed.Detail, changed.People = "add_member", []string{p.External}
	case "remove":
		if g.Members[p.External] == nil || p.External == user {
			return dead("这个人不在群里")
		}
		p.t.do(op{K: opLeave, Chat: g.ID, Ext: p.External})
		changed.Detail, changed.QuitScene, changed.People = "del_member", 1, []string{p.External}
	default:
		return dead("不认识的动作：" + p.Kind)
	}
	changed.CurVer = memberVersion(g)
	p.t.callback(changed)
	return nil
}
