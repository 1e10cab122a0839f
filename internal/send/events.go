package send

import "qunce/internal/event"

// What becomes of messages. CustomerID or GroupID and StaffID are set; Data is Data.
const (
	WasDelivered event.Kind = "message.delivered"
	WasFailed    event.Kind = "message.failed"
	NotFriend    event.Kind = "send.not_friend" // WeCom says the customer has deleted the sender; besides message.failed
)

// Data is one recipient's result. Reason is a status of a recipient, for a failure.
type Data struct {
	SendID   int64  `json:"send_id"`
	TaskID   int64  `json:"task_id"`
	TouchID  int64  `json:"touch_id"`
	ChatType string `json:"chat_type"`
	UserID   string `json:"userid"`
	To       string `json:"to"`
	Text     string `json:"text"`
	Reason   string `json:"reason,omitempty"`
}
