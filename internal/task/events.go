package task

import (
	"time"

	"qunce/internal/event"
)

// What happens to tasks. StaffID and StoreID are set; CustomerID or GroupID when the task is about one. Data is Data.
const (
	Created      event.Kind = "task.created"
	WasDone      event.Kind = "task.done"
	WasLate      event.Kind = "task.late"
	WasSkipped   event.Kind = "task.skipped"
	WasMissed    event.Kind = "task.missed"
	WasCancelled event.Kind = "task.cancelled"
)

// Ends lists the kinds that end a task.
func Ends() []event.Kind {
	return []event.Kind{WasDone, WasLate, WasSkipped, WasMissed, WasCancelled}
}

// Data says which task it is and how it stands.
type Data struct {
	TaskID     int64      `json:"task_id"`
	Kind       Kind       `json:"kind"`
	Title      string     `json:"title"`
	PlanID     int64      `json:"plan_id,omitempty"`
	StepKey    string     `json:"step_key,omitempty"`
	State      State      `json:"state"`
	Proof      Proof      `json:"proof"`
	Recipients int        `json:"recipients"`
	Delivered  int        `json:"delivered"`
	Reason     string     `json:"reason,omitempty"`
	DoneAt     *time.Time `json:"done_at,omitempty"`
}
