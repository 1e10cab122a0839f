package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// chatty: 40 customers each of lina, who answers, and wang, who never does; all of them in lina's group.
func chatty() *World {
	w := smallWorld(80)
	w.Members[0].Diligence, w.Members[0].WorkFrom, w.Members[0].WorkTo = 0.9, "09:00", "21:00"
	w.Behaviour = Behaviour{Ask: 0.4, Chat: 0.3, Contacted: 0.2}
	for i, p := range w.People {
		w.Friends = append(w.Friends, Friend{UserID: []string{"lina", "wang"}[i%2], ExternalUserID: p.ExternalUserID})
		w.Groups[0].Members = append(w.Groups[0].Members, p.ExternalUserID)
	}
	return w
}

func TestFiguresAreWhatWasSaid(t *testing.T) {
	r := newRig(t, chatty())
	if st := r.s.status(); st.Next == nil || !st.Next.Equal(at(9, 30)) {
		t.Errorf("next is %v", st.Next)
	}
	r.advance(at(10, 0)) // the morning has drawn who talks today
	if st := r.s.status(); st.Next == nil || !st.Next.Equal(at(33, 30)) {
		t.Errorf("a driver would stop for what nobody hears of: %v", st.Next)
	}
	r.advance(at(72, 5))
	said := map[string]int{}
	for chat, list := range r.s.st.Chats {
		for _, x := range list {
			if chat == "wrONE" {
				said["group "+x.Kind]++
				continue
			}
			if x.Kind == "chat" {
				said["by "+x.From]++
				if h := msTime(x.At).In(testStart.Location()).Hour(); h < 9 || h >= 21 {
					t.Errorf("%s wrote at %d o'clock", x.From, h)
				}
			}
		}
	}
	k := &stage{rig: r, Tokens: map[string]func() string{"": func() string { token, _ := r.c.Token(t.Context()); return token }}, Keep: map[string]string{}}
	figures := func(user string) (sum map[string]float64, row map[string]any) {
		a, err := k.ask(contract{API: "externalcontact/get_user_behavior_data", Body: m{"userid": []string{user}, "start_time": at(0, 0).Unix(), "end_time": at(71, 0).Unix()}})
		r.must(err)
		rows, _ := a["behavior_data"].([]any)
		if len(rows) != 3 {
			t.Fatalf("%s: %v", user, a)
		}
		sum = map[string]float64{}
		for _, x := range rows {
			row, _ = x.(map[string]any)
			for name, v := range row {
				sum[name] += v.(float64)
			}
		}
		return sum, row
	}
	lina, day := figures("lina")
	if int(lina["message_cnt"]) != said["by lina"] || lina["message_cnt"] < 30 {
		t.Errorf("lina wrote %d messages, the figures say %v", said["by lina"], lina)
	}
	if p, _ := day["reply_percentage"].(float64); p < 70 || p > 100 {
		t.Errorf("lina answered %v", day)
	}
	if wait, _ := day["avg_reply_time"].(float64); wait < 1 || wait > 60 {
		t.Errorf("lina let wait %v", day)
	}
	wang, day := figures("wang")
	if wang["message_cnt"] != 0 || wang["chat_cnt"] != 0 || day["reply_percentage"] != 0.0 || day["avg_reply_time"] != 0.0 {
		t.Errorf("wang, who never answers: %v", wang)
	}
	a, err := k.ask(contract{API: "externalcontact/groupchat/statistic", Body: m{"day_begin_time": at(48, 0).Unix(), "owner_filter": m{"userid_list": []string{"lina"}}}})
	r.must(err)
	if got := dig(a, "items", 0, "data", "msg_total"); got != float64(said["group reply"]+said["group chat"]) || got == 0.0 {
		t.Errorf("%v messages in the group, said %v", got, said)
	}
	if got := dig(a, "items", 0, "data", "member_total"); got != 81.0 {
		t.Errorf("members %v", a)
	}
	again := newRig(t, chatty())
	again.advance(at(72, 5))
	if d := cmp.Diff(fmt.Sprint(r.s.st.Stats), fmt.Sprint(again.s.st.Stats)); len(r.s.st.Chats) != len(again.s.st.Chats) || r.s.Truth().Counts != again.s.Truth().Counts {
		t.Errorf("a second life of the same world: %s", d)
	}
}

func TestByHandIsNotAnsweredTwice(t *testing.T) {
	r := newRig(t, chatty())
	r.advance(at(9, 10))
	r.must(r.post("/sim/api/reply", m{"person": "wm0000", "peer": "lina", "text": "在吗"}, nil))
	r.must(r.post("/sim/api/staff/lina/sidebar", m{"external_userid": "wm0000", "text": "在的，我是真人"}, nil))
	r.advance(at(9, 29))
	list := r.s.st.Chats[chatOf("lina", "wm0000")]
	if last := list[len(list)-1]; last.Text != "在的，我是真人" {
		t.Errorf("the chat ends with %+v", last)
	}
	r.must(r.post("/sim/api/reply", m{"person": "wm0002", "peer": "lina", "text": "在吗"}, nil))
	r.advance(at(9, 29).Add(6 * time.Hour))
	list = r.s.st.Chats[chatOf("lina", "wm0002")]
	if last := list[len(list)-1]; last.From != "lina" && last.Kind != "reply" {
		t.Errorf("the chat ends with %+v", last)
	}
}

func TestMembersAskStrangersOfTheirGroups(t *testing.T) {
	w := smallWorld(10)
	w.Members[0].Applies = 3
	w.Behaviour = Behaviour{Scan: 1, Accept: 1}
	for _, p := range w.People {
		w.Groups[0].Members = append(w.Groups[0].Members, p.ExternalUserID)
	}
	r := newRig(t, w)
	r.advance(at(24, 1))
	added := 0
	for _, e := range r.s.st.Edges {
		if e.AddWay != addGroup || e.Oper != "lina" {
			t.Errorf("edge %+v", e)
		}
		added++
	}
	if u := r.s.st.Stats.Users["lina"][dayNo(at(12, 0).UnixMilli())]; added != 3 || u == nil || u.Applied != 3 || u.Befriended != 3 {
		t.Errorf("%d added, figures %+v", added, u)
	}
	if got := r.p.heard(); len(got) != 3 {
		t.Errorf("heard %v", got)
	}
}
