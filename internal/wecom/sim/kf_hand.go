package sim

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qunce/internal/wecom"
)

const (
	actKfVisit  = "kf.visit"  // Person, Chat account: opens the chat and writes
	actKfSay    = "kf.say"    // Person, Chat, Try: writes again
	actKfAnswer = "kf.answer" // User, Person, Chat: a servicer answers
	actKfTake   = "kf.take"   // Person, Chat: somebody takes a session out of the pool
)

var (
	kfQuestions = []string{"你好，请问在吗", "这款还有货吗", "我的券怎么用不了", "想问下最近的门店在哪", "可以退换吗", "会员积分怎么查", "周末营业到几点"}
	kfReplies   = []string{"您好，我来帮您看一下", "已经为您登记，稍后回复您", "可以的，到店出示即可", "这边查到了，请您放心"}
)

func kfDeeds() map[string]deed {
	return map[string]deed{
		actKfFail: func(s *Server, t *transaction, a *act) {
			s.kfEvent(t, a.Chat, a.Person, "msg_send_fail", fields{"fail_msgid": a.Msg, "fail_type": 10}) // refused by the customer
		},
		actKfAccept: (*Server).kfAccept,
		actKfVisit: func(s *Server, t *transaction, a *act) {
			k := s.st.Talk.Kf.Accounts[a.Chat]
			if k == nil || k.Deleted {
				return
			}
			s.kfEnter(t, k, a.Person, a.State, "")
			r := dice(s.st.World.Seed, "kf.visit", a.Chat, a.Person, strconv.FormatInt(t.At, 10))
			t.later(t.At+5*second+r.Int64N(40*second), act{Kind: actKfSay, Person: a.Person, Chat: a.Chat, Text: a.Text})
		},
		actKfSay: func(s *Server, t *transaction, a *act) {
			k := s.st.Talk.Kf.Accounts[a.Chat]
			if k == nil || k.Deleted {
				return
			}
			r := dice(s.st.World.Seed, "kf.say", a.Chat, a.Person, strconv.FormatInt(t.At, 10))
			text := a.Text
			if text == "" {
				text = kfQuestions[r.IntN(len(kfQuestions))]
			}
			s.kfSays(t, k, a.Person, "text", fields{"content": text})
			if a.Try < 2 && r.Float64() < 0.4 {
				t.later(t.At+30*second+r.Int64N(5*minuteMS), act{Kind: actKfSay, Person: a.Person, Chat: a.Chat, Try: a.Try + 1})
			}
		},
		actKfAnswer: func(s *Server, t *transaction, a *act) {
			k := s.st.Talk.Kf.Accounts[a.Chat]
			r := dice(s.st.World.Seed, "kf.words", a.Chat, a.Person, strconv.FormatInt(t.At, 10))
			if k != nil && s.kfAnswers(t, k, a.Person, a.User, kfReplies[r.IntN(len(kfReplies))]) && r.Float64() < 0.3 {
				s.kfEnds(t, k, a.Person)
			}
		},
		actKfTake: func(s *Server, t *transaction, a *act) {
			k := s.st.Talk.Kf.Accounts[a.Chat]
			if k == nil || k.Deleted {
				return
			}
			serves := s.st.kfServes(k)
			var free []string
			for _, id := range sortedKeys(serves) {
				if m := s.st.member(id); serves[id].Status == 0 && m != nil && !m.Inactive {
					free = append(free, id)
				}
			}
			if len(free) == 0 {
				return
			}
			s.kfTakes(t, k, a.Person, free[dice(s.st.World.Seed, "kf.take", a.Chat, a.Person, strconv.FormatInt(t.At, 10)).IntN(len(free))])
		},
	}
}

// kfAccept lets a customer add the member, or join the group, that was offered and has not been withdrawn.
func (s *Server) kfAccept(t *transaction, a *act) {
	x := s.st.kfSession(a.Chat, a.Person)
	if x.Offered != a.Msg {
		return
	}
	count := kfTally{Kf: a.Chat}
	kind, id, _ := strings.Cut(a.Msg, "|")
	if g := s.st.Groups[id]; kind == "group" && g != nil && !g.Dismissed && g.Members[a.Person] == nil {
		s.enter(t, g, a.Person, &wecom.JoinWay{})
		count.UpgradedRoom = 1
	}
	if e := s.st.edge(id, a.Person); kind == "member" && (e == nil || e.Status != edgeFull) {
		s.befriend(t, id, a.Person, "")
		count.UpgradedMember = 1
	}
	if count.UpgradedMember+count.UpgradedRoom > 0 {
		t.change(op{K: opKfCount}, count)
	}
}

// kfAct is what is done in a kf chat by hand.
type kfAct struct {
	Person string `json:"person"`
	Kf     string `json:"open_kfid"` // or URL
	URL    string `json:"url"`       // a link from kf/add_contact_way, with scene_param as the platform put it on
	UserID string `json:"userid"`
	Scene  string `json:"scene"`
	Param  string `json:"scene_param"`
	Text   string `json:"text"`
	Menu   string `json:"menu_id"` // of a menu message's entry that was clicked
	MsgID  string `json:"msgid"`   // to take back
	Status *int   `json:"status"`  // 1 serves, 2 stopped
	Stop   int    `json:"stop_type"`
	Refuse bool   `json:"refuse"`
	Agree  bool   `json:"agree"` // the app may manage the account

	Type string          `json:"msgtype"` // of kf_say; empty = text
	Obj  json.RawMessage `json:"message"` // of another type than text: location, link, miniprogram, …
}

// kfHands: kf_enter (person, open_kfid or url), kf_say (person, open_kfid, text, menu_id; or msgtype and message),
// kf_recall (person, open_kfid, msgid), kf_refuse (person, open_kfid, refuse); of servicers kf_answer, kf_take, kf_end
// (userid, person, open_kfid, text), kf_servicer_recall (userid, person, open_kfid, msgid), kf_reject (userid, person, open_kfid,
// refuse) and kf_serve (userid, open_kfid, status, stop_type); of the administrator kf_authorize (open_kfid, agree).
func kfHands() map[string]hand {
	by := func(needs string, fn func(s *Server, t *transaction, a *kfAccount, v *kfAct) (fields, error)) hand {
		return handed(func(s *Server, t *transaction, v kfAct) (fields, error) {
			if v.URL != "" {
				var ok bool
				if v.Kf, v.Scene, v.Param, ok = s.st.kfOpen(v.URL); !ok {
					return nil, dead("这不是客服链接，或它已经失效")
				}
			}
			a := s.st.Talk.Kf.Accounts[v.Kf]
			switch {
			case a == nil || a.Deleted:
				return nil, dead("没有这个客服账号")
			case strings.Contains(needs, "person") && s.st.people[v.Person] == nil:
				return nil, dead("没有这个人")
			}
			if strings.Contains(needs, "staff") {
				m := s.st.member(v.UserID)
				if m == nil || s.st.kfServes(a)[m.UserID] == nil {
					return nil, dead("这位员工不是这个客服账号的接待人员")
				}
				v.UserID = m.UserID
			}
			return fn(s, t, a, &v)
		})
	}
	done := func(ok bool, otherwise string) (fields, error) {
		if !ok {
			return nil, dead(otherwise)
		}
		return nil, nil
	}
	return map[string]hand{
		"kf_enter": by("person", func(s *Server, t *transaction, a *kfAccount, v *kfAct) (fields, error) {
			s.kfEnter(t, a, v.Person, v.Scene, v.Param)
			return fields{"open_kfid": a.ID, "name": a.Name}, nil
		}),
		"kf_say":    by("person", (*Server).kfSayByHand),
		"kf_recall": by("person", (*Server).kfRecallByHand),
		"kf_refuse": by("person", func(s *Server, t *transaction, a *kfAccount, v *kfAct) (fields, error) {
			x := s.st.kfSession(a.ID, v.Person)
			x.Refuses = v.Refuse
			t.change(op{K: opKfSession}, x)
			return nil, nil
		}),
		"kf_answer": by("person staff", func(s *Server, t *transaction, a *kfAccount, v *kfAct) (fields, error) {
			if strings.TrimSpace(v.Text) == "" {
				return nil, dead("请输入要发送的内容")
			}
			return done(s.kfAnswers(t, a, v.Person, v.UserID, v.Text), "这位顾客现在不由这位员工接待")
		}),
		"kf_take": by("person staff", func(s *Server, t *transaction, a *kfAccount, v *kfAct) (fields, error) {
			return done(s.kfTakes(t, a, v.Person, v.UserID), "这位顾客不在待接入池里，也没有可以重新接入的会话")
		}),
		"kf_end": by("person staff", func(s *Server, t *transaction, a *kfAccount, v *kfAct) (fields, error) {
			return done(s.kfEnds(t, a, v.Person), "这位顾客现在没有人工接待中的会话")
		}),
		"kf_serve":           by("staff", (*Server).kfServeByHand),
		"kf_servicer_recall": by("person staff", (*Server).kfServicerRecall),
		"kf_reject":          by("person staff", (*Server).kfReject),
		"kf_authorize":       by("", (*Server).kfAuthorize),
	}
}

// kfServicerRecall lets a servicer take back what the servicer wrote.
func (s *Server) kfServicerRecall(t *transaction, a *kfAccount, v *kfAct) (fields, error) {
	for _, e := range s.st.Talk.Kf.Log {
		if e.ID == v.MsgID && e.Kf == a.ID && e.Ext == v.Person && e.Origin == kfFromServicer && e.Servicer == v.UserID {
			s.kfEvent(t, a.ID, v.Person, "servicer_recall_msg", fields{"recall_msgid": v.MsgID, "servicer_userid": v.UserID})
			return nil, nil
		}
	}
	return nil, dead("没有这条消息，或不是这位接待人员发的")
}

// kfReject lets a servicer take no more messages of a customer, or take them again.
func (s *Server) kfReject(t *transaction, a *kfAccount, v *kfAct) (fields, error) {
	x := s.st.kfSession(a.ID, v.Person)
	if x.Rejects == v.Refuse {
		return nil, dead("已经是这个状态")
	}
	x.Rejects = v.Refuse
	t.change(op{K: opKfSession}, x)
	s.kfEvent(t, a.ID, v.Person, "reject_customer_msg_switch_change", fields{"servicer_userid": v.UserID, "reject_switch": int(b2f(v.Refuse))})
	return nil, nil
}

// kfAuthorize gives the app the account to manage, or takes it away.
func (s *Server) kfAuthorize(t *transaction, a *kfAccount, v *kfAct) (fields, error) {
	if a.Unmanaged == !v.Agree {
		return nil, dead("已经是这个状态")
	}
	next := *a
	next.Unmanaged = !v.Agree
	t.change(op{K: opKfAccount}, next)
	name := "AuthDelOpenKfId"
	if v.Agree {
		name = "AuthAddOpenKfId"
	}
	t.callback(event{Event: "kf_account_auth_change", Inner: new(inner).text(name, a.ID).String(), About: "kf|" + a.ID})
	return nil, nil
}

var kfTypes = []string{"text", "image", "voice", "video", "file", "location", "link", "business_card", "miniprogram", "channels_shop_product", "channels_shop_order", "merged_msg", "channels", "meeting", "schedule", "note"}

func (s *Server) kfSayByHand(t *transaction, a *kfAccount, v *kfAct) (fields, error) {
	if v.Type == "" || v.Type == "text" {
		if strings.TrimSpace(v.Text) == "" {
			return nil, dead("请输入要发送的内容")
		}
		body := fields{"content": v.Text}
		if v.Menu != "" {
			body["menu_id"] = v.Menu
		}
		return s.kfSaid(s.kfSays(t, a, v.Person, "text", body))
	}
	if !slices.Contains(kfTypes, v.Type) {
		return nil, dead("不认识的消息类型：" + v.Type)
	}
	body := map[string]any{}
	if len(v.Obj) > 0 && json.Unmarshal(v.Obj, &body) != nil {
		return nil, dead("message 不是 JSON 对象")
	}
	if kind := map[string]string{"image": mediaImage, "voice": mediaVoice, "file": mediaFile}[v.Type]; kind != "" && body["media_id"] == nil {
		m, err := s.invent(t, kind, v.Person)
		if err != nil {
			return nil, err
		}
		body = map[string]any{"media_id": m.ID}
	}
	return s.kfSaid(s.kfSays(t, a, v.Person, v.Type, body))
}

func (s *Server) kfSaid(id string) (fields, error) {
	if id == "" {
		return nil, dead("接待人员拒收这位顾客的消息")
	}
	return fields{"msgid": id}, nil
}

func (s *Server) kfRecallByHand(t *transaction, a *kfAccount, v *kfAct) (fields, error) {
	for _, e := range s.st.Talk.Kf.Log {
		if e.ID == v.MsgID && e.Kf == a.ID && e.Ext == v.Person && e.Origin == kfFromCustomer {
			s.kfEvent(t, a.ID, v.Person, "user_recall_msg", fields{"recall_msgid": v.MsgID})
			return nil, nil
		}
	}
	return nil, dead("没有这条消息，或不是这位顾客发的")
}

func (s *Server) kfServeByHand(t *transaction, a *kfAccount, v *kfAct) (fields, error) {
	if v.Status == nil || *v.Status != 1 && *v.Status != 2 {
		return nil, dead("status 应为 1（接待中）或 2（停止接待）")
	}
	next := *a
	next.Servicers = slices.Clone(a.Servicers)
	i := slices.IndexFunc(next.Servicers, func(x kfServicer) bool { return x.User == v.UserID })
	if i < 0 { // serves through a department: from now on by name, too
		next.Servicers = append(next.Servicers, kfServicer{User: v.UserID})
		i = len(next.Servicers) - 1
	}
	next.Servicers[i].Status, next.Servicers[i].Stop = *v.Status-1, v.Stop
	t.change(op{K: opKfAccount}, next)
	more := fields{"servicer_userid": v.UserID, "status": *v.Status}
	if *v.Status == 2 {
		more["stop_type"] = v.Stop
	}
	s.kfEvent(t, a.ID, "", "servicer_status_change", more)
	return nil, nil
}

// kfOpen reads a link that add_contact_way gave.
func (s *state) kfOpen(address string) (kf, scene, param string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || path.Base(path.Dir(u.Path)) != "kf" {
		return "", "", "", false
	}
	l := s.Talk.Kf.Links[u.Query().Get("enc_scene")]
	if l == nil || l.Kf != path.Base(u.Path) {
		return "", "", "", false
	}
	if param = u.Query().Get("scene_param"); l.Scene == "" || len(param) > 128 {
		param = ""
	}
	return l.Kf, l.Scene, param, true
}

var kfFile = regexp.MustCompile(`^[0-9A-Za-z_.-]+$`)

func kfRoutes(s *Server, mux *http.ServeMux) {
	mux.HandleFunc("GET /sim/kf/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		a := s.st.Talk.Kf.Accounts[r.PathValue("id")]
		s.mu.Unlock()
		if a == nil || a.Deleted || !kfFile.MatchString(a.ID) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "<!doctype html><meta charset=utf-8><title>%[1]s</title><p>这是模拟器里的微信客服“%[1]s”。用 POST /sim/act 的 kf_enter、kf_say 替一位顾客咨询。</p>\n", html.EscapeString(a.Name))
	})
	mux.HandleFunc("GET /sim/api/kf/{id}/chat/{person}", s.phoneKf)
}

// phoneKf: what was said between an account and a person in the last three days, with the session's state.
func (s *Server) phoneKf(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, p := s.st.Talk.Kf.Accounts[r.PathValue("id")], s.st.people[r.PathValue("person")]
	if a == nil || p == nil {
		answer(w, http.StatusNotFound, problem{"sim.no_chat", "没有这个客服账号，或没有这个人"})
		return
	}
	type row struct {
		MsgID    string          `json:"msgid"`
		At       int64           `json:"send_time"`
		From     string          `json:"from"` // customer, system, servicer, api
		Servicer string          `json:"servicer_userid,omitempty"`
		Type     string          `json:"msgtype"`
		Body     json.RawMessage `json:"message"`
	}
	from := map[int]string{kfFromCustomer: "customer", kfFromSystem: "system", kfFromServicer: "servicer", kfFromAPI: "api"}
	items := []row{}
	for _, e := range s.st.Talk.Kf.Log {
		if e.Kf == a.ID && e.Ext == p.ExternalUserID {
			items = append(items, row{e.ID, e.At / 1000, from[e.Origin], e.Servicer, e.Type, e.Body})
		}
	}
	x := s.st.kfSession(a.ID, p.ExternalUserID)
	answer(w, http.StatusOK, fields{"open_kfid": a.ID, "name": a.Name, "person": p.ExternalUserID, "service_state": x.State, "servicer_userid": x.Servicer, "refuses": x.Refuses, "messages": items})
}
