// Package task keeps the staff task (员工任务), the atom of the product: something one member of staff is to do inside a
// window, with a line that says why, what to send, and a proof of having done it.
//
// Invariants: a task belongs to one member of staff and is made once per (staff, key), however often it is asked for. It
// ends once: done inside its window, late after it, skipped with a reason, missed, or cancelled; only a report of WeCom
// that arrives later may turn a missed task into a done one. The proof says who vouches for it: WeCom's report, our page,
// or the client's word. The package sends nothing to customers and knows no plan: later features make tasks and hear of
// their ends as events.
package task

import (
	"context"
	"time"

	"qunce/internal/directory"
	"qunce/internal/pg"
)

// Kind says what the member of staff does.
type Kind string

// The kinds; the CHECK of task_task lists the same. Mass sends are confirmed in WeCom, sidebar messages are sent by one
// tap from our page, a todo is ticked.
const (
	MassSingle    Kind = "mass_single"
	MassGroup     Kind = "mass_group"
	SidebarSingle Kind = "sidebar_single"
	SidebarGroup  Kind = "sidebar_group"
	Todo          Kind = "todo"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{MassSingle, MassGroup, SidebarSingle, SidebarGroup, Todo} }

// ConfirmedInWeCom reports whether the task is confirmed in the WeCom client and proven by WeCom's report.
func (k Kind) ConfirmedInWeCom() bool { return k == MassSingle || k == MassGroup }

// State of a task.
type State string

// The states; the CHECK of task_task lists the same.
const (
	Open      State = "open"
	Done      State = "done"      // inside the window
	Late      State = "late"      // done after the window
	Skipped   State = "skipped"   // by the member of staff, with a reason
	Missed    State = "missed"    // nobody did it
	Cancelled State = "cancelled" // taken back by us
)

// States lists all of them.
func States() []State { return []State{Open, Done, Late, Skipped, Missed, Cancelled} }

// Proof says who vouches that a task was done.
type Proof string

// The proofs; the CHECK of task_task lists the same.
const (
	NoProof  Proof = "none"
	ByWeCom  Proof = "wecom"  // reported by WeCom
	ByPage   Proof = "page"   // seen by our pages
	ByClient Proof = "client" // the client's own word
)

// Proofs lists all of them.
func Proofs() []Proof { return []Proof{NoProof, ByWeCom, ByPage, ByClient} }

// Attachment is shown with a task's text: a link, or a file (image, video, file) by its id.
type Attachment struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	URL    string `json:"url"`
	FileID int64  `json:"file_id,omitempty"`
}

// Person is a recipient as the member of staff sees them.
type Person struct {
	CustomerID     int64  `json:"customer_id,omitempty"`
	GroupID        int64  `json:"group_id,omitempty"`
	Name           string `json:"name"`
	ExternalUserID string `json:"external_userid,omitempty"`
	ChatID         string `json:"chat_id,omitempty"`
}

// Body is what is to be sent and to whom. People is complete for sidebar and todo tasks; for mass sends it holds the
// first few names only.
type Body struct {
	Text        string       `json:"text"`
	Attachments []Attachment `json:"attachments,omitempty"`
	People      []Person     `json:"people,omitempty"`
	Minutes     int          `json:"minutes"` // what it will take
}

// NewTask is a task to be made. CloseAt is when nobody needs to do it any more; zero means Grace after WindowEnd.
type NewTask struct {
	StaffID     int64
	Key         string // unique per member of staff, for ever
	Kind        Kind
	Title, Why  string
	Body        Body
	StoreID     int64
	PlanID      int64
	PlanVersion int
	StepKey     string
	CustomerID  int64 // set when it is about one customer
	GroupID     int64 // set when it is about one group
	DueAt       time.Time
	WindowEnd   time.Time
	CloseAt     time.Time
	Recipients  int
	CauseID     int64
}

// Grace is how long after its window a task may still be done, unless it says otherwise.
const Grace = 2 * time.Hour

// Task is one task as it is kept.
type Task struct {
	StaffID     int64
	ID          int64
	Key         string
	Kind        Kind
	Title, Why  string
	Body        Body
	StoreID     int64
	PlanID      int64
	PlanVersion int
	StepKey     string
	CustomerID  int64
	GroupID     int64
	CreatedAt   time.Time
	DueAt       time.Time
	WindowEnd   time.Time
	CloseAt     time.Time
	State       State
	Proof       Proof
	Recipients  int
	Delivered   int
	SkipReason  string
	DoneAt      *time.Time
	CauseID     int64
}

// Completion reports a task as done. At is the corp's time of doing it. Delivered counts the recipients reached so far;
// reporting a done task again with the same proof only corrects that count.
type Completion struct {
	StaffID, TaskID int64
	At              time.Time
	Proof           Proof
	Delivered       int
}

// Withdrawal takes a task back.
type Withdrawal struct {
	StaffID, TaskID int64
	Reason          string
}

// Directory knows staff and stores; the directory does.
type Directory interface {
	StaffByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Staff, error)
	StaffOfStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]directory.Staff, error)
	StoresByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Store, error)
}

// SkipReasons are what a member of staff may answer.
func SkipReasons() []string {
	return []string{"customer_asked", "already_talked", "not_suitable", "off_duty", "other"}
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{{Name: "task_task", Owner: "task", Family: pg.ByStaff, Key: "staff_id", Personal: []string{"title", "why", "body"},
		Merge: "rewrite customer_id", Erase: "delete tasks about the customer, remove them from lists", Retention: "24 months", Sampling: "none"}}
}
