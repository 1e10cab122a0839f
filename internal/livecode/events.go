package livecode

import "qunce/internal/event"

// What happens at the doors. CodeID is set; CustomerID, StaffID and StoreID where they are known.
const (
	Scanned       event.Kind = "livecode.scanned"    // a landing page was opened; Data ScannedData
	Located       event.Kind = "livecode.located"    // a visitor chose a store; Data ScannedData, StoreID
	WelcomeSent   event.Kind = "welcome.sent"        // Data WelcomeSentData
	WelcomeFailed event.Kind = "welcome.failed"      // Data WelcomeFailedData
	Attributed    event.Kind = "livecode.attributed" // an order is owed to a code; Data AttributedData
)

// ScannedData names the visitor by the random number of their browser; nothing about the person is known.
type ScannedData struct {
	Visitor string `json:"visitor"`
}

// WelcomeSentData says what was sent and how long after the callback, in wall time.
type WelcomeSentData struct {
	LatencyMS int64  `json:"latency_ms"`
	Text      string `json:"text"`
	Group     bool   `json:"group"` // with the card that leads to the store's group
}

// WelcomeFailedData says why no welcome went out: "expired", a touch reason, or an error code.
type WelcomeFailedData struct {
	Reason string `json:"reason"`
}

// AttributedData is the order and the code's name at that time.
type AttributedData struct {
	OrderID int64  `json:"order_id"`
	OrderNo string `json:"order_no"`
	NetFen  int64  `json:"net_fen"`
	Code    string `json:"code"`
	First   bool   `json:"first"` // the first order since the add
}
