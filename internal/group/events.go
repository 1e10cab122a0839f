package group

import "qunce/internal/event"

// What happens to groups. GroupID, StoreID and StaffID (the owner) are set; CustomerID when the member is a known customer.
const (
	Created   event.Kind = "group.created"
	Dissolved event.Kind = "group.dissolved"
	Joined    event.Kind = "group.joined" // Data JoinedData
	Left      event.Kind = "group.left"   // Data LeftData
	Changed   event.Kind = "group.changed"
)

// JoinedData is one external member's entry. Scene: 1 invited, 2 by invitation link, 3 by QR code.
type JoinedData struct {
	MemberID string `json:"member_id"`
	Name     string `json:"name"`
	Scene    int    `json:"scene"`
	Invitor  string `json:"invitor,omitempty"`
	WayState string `json:"state,omitempty"`
	Stay     int    `json:"stay"` // 1 for the first time in this group
}

// LeftData is one external member's exit. Scene: 0 left, 1 removed by owner or admin, -1 not known (found by sync).
type LeftData struct {
	MemberID string `json:"member_id"`
	Scene    int    `json:"scene"`
	Stay     int    `json:"stay"`
}

// ChangedData is a change of owner, name or notice.
type ChangedData struct {
	What string `json:"what"`
	From string `json:"from"`
	To   string `json:"to"`
}
