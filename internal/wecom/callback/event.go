package callback

import (
	"cmp"
	"crypto/sha256"
	"encoding/xml"
	"strconv"
	"strings"

	"qunce/internal/errs"
)

// Event is a decrypted callback, whatever its kind; fields the kind does not have are empty. CreateTime is in Unix
// seconds. Kinds we do not know are kept as they are. All text is valid UTF-8 without zeros.
type Event struct {
	ToUser     string
	FromUser   string // "sys", or the member who did something in an app
	CreateTime int64
	MsgType    string // "event", or the type of a message
	Event      string
	ChangeType string
	AgentID    int64

	// Customers (change_external_contact).
	UserID         string
	ExternalUserID string
	State          string
	WelcomeCode    string
	Source         string
	FailReason     string

	// Groups (change_external_chat).
	ChatID       string
	UpdateDetail string   // add_member, del_member, change_owner, change_name, change_notice
	JoinScene    int      // 0 invited, 3 QR
	QuitScene    int      // 0 left, 1 removed
	MemChange    []string // who joined or left
	LastMemVer   string
	CurMemVer    string

	// Tags (change_external_tag), departments and members (change_contact). ID is a tag, a tag group or a department.
	ID         string
	TagType    string // tag, tag_group
	StrategyID string
	NewUserID  string
	Department string // "1,3"
	Name       string
	ParentID   string
	TagID      string // a tag of members
	AddUsers   []string
	DelUsers   []string
	AddParties []string
	DelParties []string

	// Acquisition links (customer_acquisition).
	LinkID      string
	ChatKey     string
	ExpireTime  int64 // Unix s
	ExpireQuota int64

	// Apps: menus, cards, messages to the app, and the app's own life.
	EventKey     string
	TaskID       string
	CardType     string
	ResponseCode string
	Selected     []Selection
	MsgID        string
	Content      string
	MediaID      string
	EffectTime   int64 // Unix s; from when an inactive app is closed

	// Jobs (upload_media_job_finish, batch_job_result).
	JobID   string
	JobType string
	JobCode int
	JobText string

	// Customer service (kf_…).
	Token    string
	OpenKfID string
	AuthAdd  []string
	AuthDel  []string

	Raw []byte // as it was decrypted
}

// Selection is what somebody chose in a card's question.
type Selection struct {
	Question string
	Options  []string
}

// wire is Event as XML; numbers are read as text, since a hostile or new one must not lose the event.
type wire struct {
	XMLName        xml.Name `xml:"xml"`
	ToUserName     string
	FromUserName   string
	CreateTime     string
	MsgType        string
	Event          string
	ChangeType     string
	AgentID        string
	UserID         string
	ExternalUserID string
	State          string
	WelcomeCode    string
	Source         string
	FailReason     string
	ChatID         string `xml:"ChatId"`
	UpdateDetail   string
	JoinScene      string
	QuitScene      string
	MemChangeList  struct{ Item []string }
	LastMemVer     string
	CurMemVer      string
	ID             string `xml:"Id"`
	TagType        string
	StrategyID     string `xml:"StrategyId"`
	NewUserID      string
	Department     string
	Name           string
	ParentID       string `xml:"ParentId"`
	TagID          string `xml:"TagId"`
	AddUserItems   string
	DelUserItems   string
	AddPartyItems  string
	DelPartyItems  string
	LinkID         string `xml:"LinkId"`
	ChatKey        string
	ExpireTime     string
	ExpireQuotaNum string
	EventKey       string
	TaskID         string `xml:"TaskId"`
	CardType       string
	ResponseCode   string
	SelectedItems  struct {
		SelectedItem []struct {
			QuestionKey string
			OptionIDs   struct {
				OptionID []string `xml:"OptionId"`
			} `xml:"OptionIds"`
		}
	}
	MsgID      string `xml:"MsgId"`
	Content    string
	MediaID    string `xml:"MediaId"`
	EffectTime string
	JobID      string `xml:"JobId"`
	BatchJob   struct {
		JobID   string `xml:"JobId"`
		JobType string
		ErrCode string
		ErrMsg  string
	}
	Token           string
	OpenKfID        string   `xml:"OpenKfId"`
	AuthAddOpenKfID []string `xml:"AuthAddOpenKfId"`
	AuthDelOpenKfID []string `xml:"AuthDelOpenKfId"`
}

// Parse reads a decrypted callback. Errors: callback.too_large, callback.json, callback.bad_encoding, callback.hostile,
// and callback.bad_event if it is not the XML of one.
func Parse(plain []byte) (Event, error) {
	if len(plain) > MaxBody {
		return Event{}, errs.E(errs.Invalid, "callback.too_large", "event has %d bytes", len(plain))
	}
	if err := guard(plain, eventBounds); err != nil {
		return Event{}, err
	}
	var w wire
	if err := xml.Unmarshal(clean(plain), &w); err != nil {
		return Event{}, errs.E(errs.Invalid, "callback.bad_event", "event is not XML").Wrap(err)
	}
	if strings.TrimSpace(w.MsgType) == "" {
		return Event{}, errs.E(errs.Invalid, "callback.bad_event", "event has no MsgType")
	}
	e := w.event()
	e.Raw = plain
	return e, nil
}

func (w *wire) event() Event {
	t := strings.TrimSpace
	e := Event{
		ToUser: t(w.ToUserName), FromUser: t(w.FromUserName), CreateTime: number(w.CreateTime), MsgType: t(w.MsgType), Event: t(w.Event),
		ChangeType: t(w.ChangeType), AgentID: number(w.AgentID),
		UserID: t(w.UserID), ExternalUserID: t(w.ExternalUserID), State: w.State, WelcomeCode: t(w.WelcomeCode), Source: t(w.Source), FailReason: t(w.FailReason),
		ChatID: t(w.ChatID), UpdateDetail: t(w.UpdateDetail), JoinScene: int(number(w.JoinScene)), QuitScene: int(number(w.QuitScene)),
		MemChange: words(w.MemChangeList.Item...), LastMemVer: t(w.LastMemVer), CurMemVer: t(w.CurMemVer),
		ID: t(w.ID), TagType: t(w.TagType), StrategyID: t(w.StrategyID), NewUserID: t(w.NewUserID), Department: t(w.Department), Name: t(w.Name),
		ParentID: t(w.ParentID), TagID: t(w.TagID), AddUsers: words(strings.Split(w.AddUserItems, ",")...), DelUsers: words(strings.Split(w.DelUserItems, ",")...),
		AddParties: words(strings.Split(w.AddPartyItems, ",")...), DelParties: words(strings.Split(w.DelPartyItems, ",")...),
		LinkID: t(w.LinkID), ChatKey: t(w.ChatKey), ExpireTime: number(w.ExpireTime), ExpireQuota: number(w.ExpireQuotaNum),
		EventKey: t(w.EventKey), TaskID: t(w.TaskID), CardType: t(w.CardType), ResponseCode: t(w.ResponseCode),
		MsgID: t(w.MsgID), Content: w.Content, MediaID: t(w.MediaID), EffectTime: number(w.EffectTime),
		JobID: t(w.JobID), JobType: t(w.BatchJob.JobType), JobCode: int(number(w.BatchJob.ErrCode)), JobText: t(w.BatchJob.ErrMsg),
		Token: t(w.Token), OpenKfID: t(w.OpenKfID), AuthAdd: words(w.AuthAddOpenKfID...), AuthDel: words(w.AuthDelOpenKfID...),
	}
	if e.JobID == "" {
		e.JobID = t(w.BatchJob.JobID)
	}
	for _, s := range w.SelectedItems.SelectedItem {
		e.Selected = append(e.Selected, Selection{Question: t(s.QuestionKey), Options: words(s.OptionIDs.OptionID...)})
	}
	return e
}

// number reads a number; what is none is 0.
func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// words trims and leaves out the empty ones; nil if none is left.
func words(list ...string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Hash identifies the callback: WeCom's own suggestion (sender and second) loses events of the same second.
func (e Event) Hash() [32]byte { return sha256.Sum256(e.Raw) }

// Member is the member of staff the callback is about, or who did something in an app; "" if none.
func (e Event) Member() string {
	if e.UserID != "" || e.FromUser == "sys" {
		return e.UserID
	}
	return e.FromUser
}

// Entity is what the event is about; events of one entity must be handled in order, others need not.
func (e Event) Entity() string {
	for _, s := range []string{e.ChatID, e.ExternalUserID, e.Member(), e.ID, e.OpenKfID, e.JobID, e.LinkID, e.TagID} {
		if s != "" {
			return s
		}
	}
	event, _ := e.Kind()
	return cmp.Or(event, "event")
}
