package touch

import (
	"time"

	"qunce/internal/event"
)

// What the ledger decided. CustomerID or GroupID, and StaffID, are set; Data is Data.
const (
	WasAllowed  event.Kind = "touch.allowed"
	WasDeferred event.Kind = "touch.deferred"
	WasRefused  event.Kind = "touch.refused"
)

// Data is one decision.
type Data struct {
	TouchID int64      `json:"touch_id"`
	Channel string     `json:"channel"`
	Purpose string     `json:"purpose"`
	Promo   bool       `json:"promo"`
	Source  string     `json:"source"`
	Reason  string     `json:"reason,omitempty"`
	Until   *time.Time `json:"until,omitempty"`
}
