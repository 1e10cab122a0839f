package callback

import (
	"maps"
	"slices"
)

// Values of Event.Event that the platform acts upon.
const (
	ExternalContact = "change_external_contact"
	ExternalChat    = "change_external_chat"
	ExternalTag     = "change_external_tag"
	Contact         = "change_contact"
	MsgAuditNotify  = "msgaudit_notify"
)

// Values of Event.ChangeType.
const (
	AddExternal      = "add_external_contact"
	AddHalfExternal  = "add_half_external_contact"
	EditExternal     = "edit_external_contact"
	DelExternal      = "del_external_contact" // the member deleted the customer
	DelFollow        = "del_follow_user"      // the customer deleted the member; the relation stays one-way
	TransferFail     = "transfer_fail"
	MsgAuditApproved = "msg_audit_approved" // the customer agreed to the archive
	ChatCreate       = "create"
	ChatUpdate       = "update"
	ChatDismiss      = "dismiss"
)

// DeleteByTransfer is the Source of a del_external_contact that a transfer on the job caused.
const DeleteByTransfer = "DELETE_BY_TRANSFER"

// Message is the kind of what a member writes to the app; its change type is the message's own type.
const Message = "message"

// kinds are what WeCom documents, with the change types of each; nil where there are none.
var kinds = map[string][]string{
	ExternalContact: {AddExternal, AddHalfExternal, EditExternal, DelExternal, DelFollow, TransferFail, MsgAuditApproved},
	ExternalChat:    {ChatCreate, ChatUpdate, ChatDismiss},
	ExternalTag:     {"create", "update", "delete", "shuffle"},
	Contact:         {"create_user", "update_user", "delete_user", "create_party", "update_party", "delete_party", "update_tag"},
	"customer_acquisition": {"balance_low", "balance_exhausted", "balance_increased", "quota_expire_soon", "link_unavailable", "delete_link",
		"open_profile", "friend_request", "customer_start_chat", "message_from_customer"},
	Message:                    {"text", "image", "voice", "video", "location", "link"},
	MsgAuditNotify:             nil,
	"enter_agent":              nil,
	"subscribe":                nil,
	"unsubscribe":              nil,
	"click":                    nil,
	"view":                     nil,
	"template_card_event":      nil,
	"template_card_menu_event": nil,
	"upload_media_job_finish":  nil,
	"batch_job_result":         nil,
	"kf_msg_or_event":          nil,
	"kf_account_auth_change":   nil,
	"inactive_alert":           nil,
	"low_active_alert":         nil,
	"close_inactive_agent":     nil,
	"reopen_inactive_agent":    nil,
	"low_active":               nil,
	"active_restored":          nil,
}

// Kind names what a callback is: the event and its change type, or Message and the message's type.
func (e Event) Kind() (event, change string) {
	if e.MsgType != "event" {
		return Message, e.MsgType
	}
	return e.Event, e.ChangeType
}

// Documented reports whether WeCom's documents know the kind. Others are kept and shown all the same: WeCom adds kinds.
func Documented(event, change string) bool {
	changes, ok := kinds[event]
	return ok && (changes == nil || slices.Contains(changes, change))
}

// DocumentedKinds lists what WeCom's documents know, as pairs; the change type is "" for kinds that have none.
func DocumentedKinds() (events, changes []string) {
	for _, event := range slices.Sorted(maps.Keys(kinds)) {
		list := kinds[event]
		if list == nil {
			list = []string{""}
		}
		for _, change := range list {
			events, changes = append(events, event), append(changes, change)
		}
	}
	return events, changes
}
