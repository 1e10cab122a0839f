// Package touch is the ledger of everything that goes to a customer or a group (触达台账): one place that decides about
// every message of every feature, and remembers what it decided and why.
//
//	rule.go     the pure rules: relation, consent, quiet hours, promotion caps, the platform's receive quota
//	setting.go  their numbers
//	reason.go   reasons as codes, with a sentence each
//	service.go  deciding and settling, always in sets
//
// Invariants: nothing passes an opt-out. Decisions about one subject are made one after the other, however many callers
// ask at once, so no cap is ever overbooked. A source key is decided once: asking again returns the earlier decision,
// except that a deferred one is decided anew. What was allowed and then failed or was released gives its quota back.
// All times are the corp's. The ledger sends nothing.
package touch

import (
	"context"
	"time"

	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/group"
	"qunce/internal/pg"
)

// Channels of a touch. Mass sends spend WeCom's receive quota; sidebar messages, the welcome and Moments do not.
const (
	Welcome       = "welcome"
	MassSingle    = "mass_single"
	MassGroup     = "mass_group"
	SidebarSingle = "sidebar_single"
	SidebarGroup  = "sidebar_group"
	Moments       = "moments"
)

// Verdicts on a candidate; the CHECKs of the ledger's tables list the same.
const (
	Allow  = "allow"
	Defer  = "defer"  // ask again at Until
	Refuse = "refuse" // with Reason
)

// Outcomes of an allowed touch; the CHECKs list these and "pending".
const (
	Pending   = "pending"
	Delivered = "delivered"
	Failed    = "failed"   // the platform did not take it; gives the quota back
	Released  = "released" // was never sent; gives the quota back
)

// Candidate is a message that somebody wants to send: to a customer (CustomerID) or a group (GroupID).
type Candidate struct {
	CustomerID, GroupID, StaffID int64
	Channel                      string
	Purpose                      string
	Promo                        bool // an advertisement; service and claimed benefits are not
	Quota                        bool // spends WeCom's receive quota
	ExternalUserID               string
	Source                       string // "sop", "livecode"
	SourceKey                    string // unique per subject
	WindowEnd                    time.Time
	CauseID                      int64
}

// Decision is the ledger's answer. TouchID is the ledger row, for Settle.
type Decision struct {
	Candidate
	TouchID int64
	Verdict string
	Reason  string    // for Defer and Refuse
	Until   time.Time // for Defer
}

// Outcome is what became of an allowed touch. At is when it was delivered, in the corp's time; it may be zero.
type Outcome struct {
	CustomerID, GroupID int64 // exactly one
	TouchID             int64
	Outcome             string
	At                  time.Time
}

// standing is what the rule needs to know of a customer.
type standing struct {
	customer.Standing
	Complained time.Time // the last complaint; zero = none
}

// room is what the rule needs to know of a group.
type room struct {
	Alive    bool // not dissolved
	HasOwner bool // the owner is still with the corp
	Type     string
}

// Customers knows the customers; the customer feature does. Unknown ids are left out of the maps.
type Customers interface {
	Standings(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64]customer.Standing, error)
	NamesOf(ctx context.Context, customerIDs []int64) (map[int64]string, error)
}

// Groups knows the groups; the group feature does.
type Groups interface {
	ByIDs(ctx context.Context, q pg.Querier, groupIDs []int64) (map[int64]group.Ref, error)
	NamesOf(ctx context.Context, groupIDs []int64) (map[int64]string, error)
}

// Directory knows the staff; the directory does.
type Directory interface {
	StaffByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Staff, error)
	StaffOfStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]directory.Staff, error)
}

// Complaints tells when customers last complained; a feature that handles complaints may be wired to it.
type Complaints interface {
	LastComplaints(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64]time.Time, error)
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "touch"
	return []pg.Table{
		{Name: "touch_setting", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "all"},
		{Name: "touch_person", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Merge: "keep one", Erase: "delete", Retention: "follow customer", Sampling: "none"},
		{Name: "touch_room", Owner: owner, Family: pg.ByGroup, Key: "group_id", Merge: "keep", Erase: "keep", Retention: "follow group", Sampling: "none"},
		{Name: "touch_customer", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Merge: "move", Erase: "delete", Retention: "24 months", Sampling: "follow customer"},
		{Name: "touch_group", Owner: owner, Family: pg.ByGroup, Key: "group_id", Merge: "keep", Erase: "keep", Retention: "24 months", Sampling: "follow group"},
	}
}
