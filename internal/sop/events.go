package sop

import "qunce/internal/event"

// What happens to runs. CustomerID or GroupID, StaffID and StoreID are set; Data is Data.
const (
	Started event.Kind = "sop.started"
	Ended   event.Kind = "sop.ended"
)

// Data is one run's beginning or end. Reason is empty for a run that went to its last step.
type Data struct {
	RunID    int64  `json:"run_id"`
	PlanID   int64  `json:"plan_id"`
	Code     string `json:"code"`
	PlanName string `json:"plan_name"`
	Version  int    `json:"version"`
	Reason   string `json:"reason,omitempty"`
}
