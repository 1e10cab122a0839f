package callback

import (
	"crypto/sha256"
	"encoding/xml"
	"strconv"
	"strings"

	"qunce/internal/errs"
)

// Values of Event.Event that the platform acts upon.
const (
	ExternalContact = "change_external_contact"
	ExternalChat    = "change_external_chat"
	ExternalTag     = "change_external_tag"
	Contact         = "change_contact"
)

// Values of Event.ChangeType.
const (
	AddExternal     = "add_external_contact"
	AddHalfExternal = "add_half_external_contact"
	EditExternal    = "edit_external_contact"
	DelExternal     = "del_external_contact" // the member deleted the customer
	DelFollow       = "del_follow_user"      // the customer deleted the member; the relation stays one-way
	TransferFail    = "transfer_fail"
	ChatCreate      = "create"
	ChatUpdate      = "update"
	ChatDismiss     = "dismiss"
)

// Event is a decrypted callback, whatever its kind; fields the kind does not have are empty. CreateTime is in Unix
// seconds. Kinds we do not know are kept as they are.
type Event struct {
	ToUser         string
	FromUser       string
	CreateTime     int64
	MsgType        string
	Event          string
	ChangeType     string
	UserID         string
	ExternalUserID string
	State          string
	WelcomeCode    string
	Source         string
	FailReason     string
	ChatID         string
	UpdateDetail   string   // add_member, del_member, change_owner, change_name, change_notice
	JoinScene      int      // 0 invited, 3 QR
	QuitScene      int      // 0 left, 1 removed
	MemChange      []string // who joined or left
	LastMemVer     string
	CurMemVer      string
	ID             string // tag, tag group or department
	TagType        string // tag, tag_group
	NewUserID      string
	Department     string // "1,3"
	Raw            []byte
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
	NewUserID      string
	Department     string
}

// Parse reads a decrypted callback; callback.bad_event if it is not the XML of one.
func Parse(plain []byte) (Event, error) {
	if len(plain) > MaxBody {
		return Event{}, errs.E(errs.Invalid, "callback.too_large", "event has %d bytes", len(plain))
	}
	var w wire
	if err := xml.Unmarshal(plain, &w); err != nil {
		return Event{}, errs.E(errs.Invalid, "callback.bad_event", "event is not XML").Wrap(err)
	}
	if strings.TrimSpace(w.MsgType) == "" {
		return Event{}, errs.E(errs.Invalid, "callback.bad_event", "event has no MsgType")
	}
	t := strings.TrimSpace
	e := Event{
		ToUser: t(w.ToUserName), FromUser: t(w.FromUserName), MsgType: t(w.MsgType), Event: t(w.Event), ChangeType: t(w.ChangeType),
		UserID: t(w.UserID), ExternalUserID: t(w.ExternalUserID), State: w.State, WelcomeCode: t(w.WelcomeCode), Source: t(w.Source),
		FailReason: t(w.FailReason), ChatID: t(w.ChatID), UpdateDetail: t(w.UpdateDetail), LastMemVer: t(w.LastMemVer),
		CurMemVer: t(w.CurMemVer), ID: t(w.ID), TagType: t(w.TagType), NewUserID: t(w.NewUserID), Department: t(w.Department),
		Raw: plain,
	}
	e.CreateTime, _ = strconv.ParseInt(t(w.CreateTime), 10, 64)
	e.JoinScene, _ = strconv.Atoi(t(w.JoinScene))
	e.QuitScene, _ = strconv.Atoi(t(w.QuitScene))
	for _, item := range w.MemChangeList.Item {
		if item = t(item); item != "" {
			e.MemChange = append(e.MemChange, item)
		}
	}
	return e, nil
}

// Hash identifies the callback: WeCom's own suggestion (sender and second) loses events of the same second.
func (e Event) Hash() [32]byte { return sha256.Sum256(e.Raw) }

// Entity is what the event is about; events of one entity must be handled in order, others need not.
func (e Event) Entity() string {
	for _, s := range []string{e.ChatID, e.ExternalUserID, e.UserID, e.ID} {
		if s != "" {
			return s
		}
	}
	return e.Event
}
