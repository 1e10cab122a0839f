// Package customer keeps who the brand's customers are, who of the staff they are friends with, and what they are tagged
// as. It is the reference feature: every pattern of the code base stands here once.
//
//	customer.go  types and pure rules: what differs between what WeCom shows and what we hold
//	service.go   use cases; each owns its transaction or takes the caller's
//	store.go     all SQL, in sets, on a pg.Querier
//	inbox.go     what callbacks make us read and apply
//	member.go    identities that other systems bring: member number, unionid, phone
//	api.go       HTTP, and nothing but HTTP
//	events.go    what others may hear
//
// Invariants: a person is one row however many staff know them; tags, state and remark live on the relation between a
// customer and a member of staff; an identity value points to one customer. A relation that ended stays, with who ended
// it. Nothing here calls WeCom inside a transaction, and nothing writes to WeCom: that is the outbox's work.
package customer

import (
	"time"

	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// State of a relation.
type State string

// The states; the CHECK of customer_relation lists the same.
const (
	Active            State = "active"
	DeletedByCustomer State = "deleted_by_customer" // the relation survives one-way at WeCom, but nothing reaches them
	DeletedByStaff    State = "deleted_by_staff"
)

// States lists all of them.
func States() []State { return []State{Active, DeletedByCustomer, DeletedByStaff} }

// Seen is one relation as WeCom shows it. Tags holds corp tag ids; nil means the reading did not include tags. ReadAt is
// the wall time at which the reading began: what we wrote ourselves after that is newer than what it shows.
type Seen struct {
	ReadAt  time.Time
	Contact wecom.ExternalContact
	Follow  wecom.Follow
	Tags    []string
	TagName map[string]string
}

// SeenIn splits a reading of one customer, begun at readAt, into its relations.
func SeenIn(e wecom.External, readAt time.Time) []Seen {
	out := make([]Seen, 0, len(e.Follows))
	for _, f := range e.Follows {
		s := Seen{ReadAt: readAt, Contact: e.Contact, Follow: f, Tags: []string{}, TagName: map[string]string{}}
		for _, t := range f.Tags {
			if t.TagID != "" { // personal tags have no id and stay with the member of staff
				s.Tags = append(s.Tags, t.TagID)
				s.TagName[t.TagID] = t.TagName
			}
		}
		out = append(out, s)
	}
	return out
}

// Relation is a customer's friendship with one member of staff.
type Relation struct {
	CustomerID     int64
	StaffID        int64
	StoreID        int64
	UserID         string
	ExternalUserID string
	State          State
	AddedAt        time.Time
	EndedAt        *time.Time
	Adds           int
	AddWay         int
	WayState       string
	CodeID         int64
	Remark         string
}

// change is what a reading asks of a relation.
type change int

const (
	keep   change = iota
	insert        // never seen before
	revive        // it began again
	amend         // same friendship, other remark or state
)

// compare decides what a reading means for what we hold. WeCom gives a relation that begins again a new beginning, and
// callbacks get lost, so a later beginning counts even where we never heard of the end. A reading cannot tell that the
// customer deleted the member, and it may be older than an end we know: an ended relation only begins again when its
// beginning is later than the end. Beginnings have whole seconds; a relation that the staff ended is shown no more, so for
// that one a new beginning within the second of the end is later, too.
func compare(held *Relation, seen Seen) change {
	if held == nil {
		return insert
	}
	began := time.Unix(seen.Follow.CreateTime, 0)
	later := began.After(held.AddedAt)
	switch {
	case held.State == Active && later:
		return revive
	case held.State == Active && (held.Remark != seen.Follow.Remark || held.WayState != seen.Follow.State && seen.Follow.State != ""):
		return amend
	case held.State == DeletedByCustomer && later && began.After(*held.EndedAt):
		return revive
	case held.State == DeletedByStaff && later && !began.Before(held.EndedAt.Truncate(time.Second)):
		return revive
	}
	return keep
}

// heldTag is a tag we hold; writtenAt is the wall time at which we wrote it.
type heldTag struct {
	id        string
	writtenAt time.Time
}

// tagDiff lists which tags to add and to remove so that held becomes what a reading begun at readAt shows. A tag written
// after the reading began is not missing from it: the reading is old.
func tagDiff(held []heldTag, seen []string, readAt time.Time) (add, remove []string) {
	have := map[string]bool{}
	for _, t := range held {
		have[t.id] = true
	}
	for _, t := range seen {
		if !have[t] {
			add = append(add, t)
		}
		delete(have, t)
	}
	for _, t := range held {
		if have[t.id] && t.writtenAt.Before(readAt) {
			remove = append(remove, t.id)
		}
	}
	return add, remove
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "customer"
	return []pg.Table{
		{Name: "customer_customer", Owner: owner, Family: pg.ByCustomer, Key: "id", Personal: []string{"name", "name_key", "gender"}, Merge: "keep the older row", Erase: "delete", Retention: "24 months since last contact", Sampling: "pick"},
		{Name: "customer_identity", Owner: owner, Family: pg.ByValue, Key: "value", Personal: []string{"value"}, Merge: "point to the kept row", Erase: "delete", Retention: "follow customer", Sampling: "follow customer"},
		{Name: "customer_relation", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Personal: []string{"external_userid", "remark"}, Merge: "move, active wins", Erase: "delete", Retention: "follow customer", Sampling: "follow customer"},
		{Name: "customer_relation_tag", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Merge: "move", Erase: "delete", Retention: "follow customer", Sampling: "follow customer"},
		{Name: "customer_tag_group", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "all"},
		{Name: "customer_tag_reading", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none"},
		{Name: "customer_tag", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "all"},
	}
}
