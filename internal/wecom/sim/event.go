package sim

import (
	"crypto/md5" //nolint:gosec // looks like WeCom's versions, protects nothing
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"qunce/internal/wecom/callback"
)

// event is a callback before it is written as XML.
type event struct {
	ID         int64    `json:"id"`
	CreateTime int64    `json:"t"` // Unix s
	Event      string   `json:"e"`
	Type       string   `json:"m,omitempty"` // of a message that is no event: text, image…
	ChangeType string   `json:"c"`
	UserID     string   `json:"u,omitempty"`
	External   string   `json:"x,omitempty"`
	State      string   `json:"s,omitempty"`
	Code       string   `json:"w,omitempty"`
	ChatID     string   `json:"g,omitempty"`
	Detail     string   `json:"d,omitempty"`
	JoinScene  int      `json:"j,omitempty"`
	QuitScene  int      `json:"q,omitempty"`
	People     []string `json:"p,omitempty"`
	LastVer    string   `json:"v,omitempty"`
	CurVer     string   `json:"n,omitempty"`
	From       string   `json:"f,omitempty"` // a member; empty = sys
	Inner      string   `json:"y,omitempty"` // of the events of areas: the elements after Event, instead of all others
	About      string   `json:"o,omitempty"` // of the events of areas: the entity
}

// entity is what the event is about; events of one entity keep their order.
func (e *event) entity() string {
	for _, id := range []string{e.ChatID, e.External, e.About} {
		if id != "" {
			return id
		}
	}
	return e.Event
}

// name is Event/ChangeType.
func (e *event) name() string {
	if e.ChangeType != "" {
		return e.Event + "/" + e.ChangeType
	}
	if _, rest, ok := strings.Cut(e.Inner, "<ChangeType>"); ok {
		kind, _, _ := strings.Cut(rest, "</ChangeType>")
		return e.Event + "/" + strings.TrimSuffix(strings.TrimPrefix(kind, "<![CDATA["), "]]>")
	}
	return e.Event
}

// xml writes the event as WeCom does.
func (e *event) xml(corpID string) []byte {
	var b strings.Builder
	text := func(name, v string) {
		b.WriteString("<" + name + "><![CDATA[" + strings.ReplaceAll(v, "]]>", "") + "]]></" + name + ">")
	}
	number := func(name string, v int64) {
		b.WriteString("<" + name + ">" + strconv.FormatInt(v, 10) + "</" + name + ">")
	}
	optional := func(name, v string) {
		if v != "" {
			text(name, v)
		}
	}
	b.WriteString("<xml>")
	text("ToUserName", corpID)
	from := e.From
	if from == "" {
		from = "sys"
	}
	if e.Event != eventKf {
		text("FromUserName", from)
	}
	number("CreateTime", e.CreateTime)
	if e.Type != "" {
		text("MsgType", e.Type)
	} else {
		text("MsgType", "event")
		text("Event", e.Event)
	}
	switch {
	case e.Inner != "":
		b.WriteString(e.Inner)
	case e.Event == callback.ExternalChat:
		text("ChatId", e.ChatID)
		text("ChangeType", e.ChangeType)
		if e.ChangeType == callback.ChatUpdate {
			text("UpdateDetail", e.Detail)
		}
		if len(e.People) > 0 {
			number("JoinScene", int64(e.JoinScene))
			number("QuitScene", int64(e.QuitScene))
			number("MemChangeCnt", int64(len(e.People)))
			b.WriteString("<MemChangeList>")
			for _, p := range e.People {
				b.WriteString("<Item>")
				_ = xml.EscapeText(&b, []byte(p)) // a Builder cannot fail
				b.WriteString("</Item>")
			}
			b.WriteString("</MemChangeList>")
			text("LastMemVer", e.LastVer)
			text("CurMemVer", e.CurVer)
		}
	default:
		text("ChangeType", e.ChangeType)
		text("UserID", e.UserID)
		text("ExternalUserID", e.External)
		optional("State", e.State)
		optional("WelcomeCode", e.Code)
	}
	b.WriteString("</xml>")
	return []byte(b.String())
}

// memberVersion is the group's version as WeCom shows one.
func memberVersion(g *group) string {
	sum := md5.Sum(fmt.Appendf(nil, "%s/%d", g.ID, g.Version)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

func sortedEvents(m map[int64]*event) []int64 {
	out := make([]int64, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}
