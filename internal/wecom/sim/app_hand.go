package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// appAct is what a member does with the app in the client; each calls back, from the member.
type appAct struct {
	UserID   string              `json:"userid"`
	Key      string              `json:"key"`      // of a menu entry or a button
	URL      string              `json:"url"`      // of a menu entry that opens a page
	Text     string              `json:"text"`     // written to the app
	MsgID    string              `json:"msgid"`    // of a card
	Selected map[string][]string `json:"selected"` // question key → option ids
}

// appHands: app_enter, app_subscribe, app_unsubscribe, app_menu (key or url), app_write (text), app_press (msgid, key, selected),
// app_card_menu (msgid, key).
func appHands() map[string]hand {
	by := func(fn func(s *Server, t *transaction, user string, v *appAct) error) hand {
		return handed(func(s *Server, t *transaction, v appAct) (fields, error) {
			m := s.st.member(v.UserID)
			if m == nil || m.Hidden {
				return nil, dead("没有这位员工，或应用对他不可见")
			}
			return nil, fn(s, t, m.UserID, &v)
		})
	}
	plain := func(name string) hand {
		return by(func(s *Server, t *transaction, user string, _ *appAct) error {
			x := new(inner)
			if name == "enter_agent" {
				x.text("EventKey", "")
			}
			s.appEvent(t, user, name, x)
			return nil
		})
	}
	return map[string]hand{
		"app_enter":       plain("enter_agent"),
		"app_subscribe":   plain("subscribe"),
		"app_unsubscribe": plain("unsubscribe"),
		"app_menu": by(func(s *Server, t *transaction, user string, v *appAct) error {
			switch {
			case v.URL != "":
				s.appEvent(t, user, "view", new(inner).text("EventKey", v.URL))
			case v.Key != "":
				s.appEvent(t, user, "click", new(inner).text("EventKey", v.Key))
			default:
				return dead("请给出菜单的 key 或 url")
			}
			return nil
		}),
		"app_write": by(func(s *Server, t *transaction, user string, v *appAct) error {
			if strings.TrimSpace(v.Text) == "" {
				return dead("请输入要发送的内容")
			}
			t.do(op{K: opSay, Chat: "app|" + user, ID: user, Name: "app", Text: v.Text})
			id := 7_300_000_000_000_000_000 + s.st.next()
			x := new(inner).text("Content", v.Text).number("MsgId", id).number("AgentID", int64(s.opt.AgentID))
			t.callback(event{Type: "text", From: user, Inner: x.String(), About: "app|" + user})
			return nil
		}),
		"app_press":     by((*Server).pressCard),
		"app_card_menu": by((*Server).pressCardMenu),
	}
}

func (s *Server) appEvent(t *transaction, user, name string, x *inner) {
	s.agentEvent(t, s.opt.AgentID, user, name, x)
}

func (s *Server) agentEvent(t *transaction, agent int, user, name string, x *inner) {
	x.number("AgentID", int64(agent))
	t.callback(event{Event: name, From: user, Inner: x.String(), About: "app|" + user})
}

// held finds a card that the member has.
func (s *state) held(user, msgID string) (*appMessage, *templateCard, error) {
	m := s.Talk.App.Messages[msgID]
	if m == nil || m.Recalled || len(m.Card) == 0 || !slices.Contains(m.To, user) {
		return nil, nil, dead("这位员工没有收到这张卡片，或它已被撤回")
	}
	k := &templateCard{}
	if err := json.Unmarshal(m.Card, k); err != nil {
		return nil, nil, dead("这张卡片读不出来")
	}
	return m, k, nil
}

// pressCard presses a button of a card, or hands in what was selected on it.
func (s *Server) pressCard(t *transaction, user string, v *appAct) error {
	m, k, err := s.st.held(user, v.MsgID)
	if err != nil {
		return err
	}
	if m.Changed[user] != "" {
		return dead("这张卡片已经处理过")
	}
	known := k.Submit != nil && v.Key == k.Submit.Key
	for _, b := range k.Buttons {
		known = known || b.Type == 0 && v.Key == b.Key
	}
	if !known {
		return dead("卡片上没有这个按钮")
	}
	questions := k.questions()
	for q, ids := range v.Selected {
		options, ok := questions[q]
		if !ok {
			return dead("卡片上没有这个问题：" + q)
		}
		for _, id := range ids {
			if !slices.Contains(options, id) {
				return dead("卡片上没有这个选项：" + id)
			}
		}
	}
	x := s.cardEvent(t, m, v.Key)
	if len(questions) > 0 {
		x.nest("SelectedItems", func(x *inner) {
			for _, q := range sortedKeys(v.Selected) {
				x.nest("SelectedItem", func(x *inner) {
					x.text("QuestionKey", q)
					x.nest("OptionIds", func(x *inner) {
						for _, id := range v.Selected[q] {
							x.text("OptionId", id)
						}
					})
				})
			}
		})
	}
	s.agentEvent(t, m.Agent, user, "template_card_event", x)
	return nil
}

// questions are what can be selected on the card: question key → option ids.
func (k *templateCard) questions() map[string][]string {
	out := map[string][]string{}
	add := func(key string, options []cardOption) {
		for _, o := range options {
			out[key] = append(out[key], o.ID)
		}
	}
	if k.Selection != nil {
		add(k.Selection.QuestionKey, k.Selection.Options)
	}
	if k.Checkbox != nil {
		add(k.Checkbox.QuestionKey, k.Checkbox.Options)
	}
	for _, q := range k.Selects {
		add(q.QuestionKey, q.Options)
	}
	return out
}

// pressCardMenu takes an entry of a card's own menu.
func (s *Server) pressCardMenu(t *transaction, user string, v *appAct) error {
	m, k, err := s.st.held(user, v.MsgID)
	if err != nil {
		return err
	}
	known := false
	if k.Menu != nil {
		for _, a := range k.Menu.List {
			known = known || a.Key == v.Key
		}
	}
	if !known {
		return dead("卡片的菜单里没有这一项")
	}
	x := s.cardEvent(t, m, v.Key)
	s.agentEvent(t, m.Agent, user, "template_card_menu_event", x)
	return nil
}

// cardEvent begins a card's event, with a fresh code to change the card by.
func (s *Server) cardEvent(t *transaction, m *appMessage, key string) *inner {
	code := "RC" + mint(s.st.World.Seed, "", s.st.next(), 40)
	t.do(op{K: opAppCode, ID: code, Text: m.ID})
	return new(inner).text("EventKey", key).text("TaskId", m.TaskID).text("CardType", m.CardKind).text("ResponseCode", code)
}

// phoneCards: the cards a member was sent in the last days, newest first, as they were sent and as they are now.
func (s *Server) phoneCards(w http.ResponseWriter, r *http.Request) {
	type row struct {
		MsgID  string          `json:"msgid"`
		At     time.Time       `json:"at"`
		Kind   string          `json:"card_type"`
		TaskID string          `json:"task_id,omitempty"`
		Text   string          `json:"text"`
		Card   json.RawMessage `json:"card"`
		Now    string          `json:"changed_to,omitempty"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.st.member(r.PathValue("userid"))
	if who == nil {
		answer(w, http.StatusNotFound, problem{"sim.nobody", "没有这位员工"})
		return
	}
	items := []row{}
	for _, m := range s.st.Talk.App.Messages {
		if len(m.Card) > 0 && !m.Recalled && slices.Contains(m.To, who.UserID) {
			items = append(items, row{m.ID, msTime(m.At), m.CardKind, m.TaskID, m.Text, m.Card, m.Changed[who.UserID]})
		}
	}
	slices.SortFunc(items, func(a, b row) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(a.MsgID, b.MsgID)
	})
	answer(w, http.StatusOK, fields{"items": items[:min(len(items), 50)]})
}
