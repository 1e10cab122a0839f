package livecode

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"qunce/internal/customer"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/order"
	"qunce/internal/outbox"
	"qunce/internal/pg"
)

// Steps that are owed to a code; the CHECK of livecode_attribution lists the same. A scan is a visitor's, not a person's,
// and stands in livecode_scan.
const (
	stepAdd   = "add"
	stepJoin  = "join"
	stepOrder = "first_order"
)

// Steps lists all of them.
func Steps() []string { return []string{stepAdd, stepJoin, stepOrder} }

// markTag is our own kind: other features may mark tags as well.
const markTag = "livecode.mark_tag"

type step struct {
	CustomerID int64
	CodeID     int64
	Step       string
	Ref        int64
	At         time.Time
	ObjectID   int64
	AmountFen  int64
	Member     string
	CauseID    int64
}

// join is a step into a group that is owed to a code.
func join(customerID, codeID, groupID int64, at time.Time, cause int64) step {
	return step{CustomerID: customerID, CodeID: codeID, Step: stepJoin, Ref: groupID, At: at, ObjectID: groupID, CauseID: cause}
}

// firstAdd is where a customer came in for the first time.
type firstAdd struct {
	CodeID int64
	At     time.Time
}

// owes reports whether something at a time is owed to the first add.
func (f firstAdd) owes(at time.Time) bool {
	return f.CodeID != 0 && !at.Before(f.At) && at.Before(f.At.Add(Window))
}

// onAdded notes through which code people came and plans the tags the code sets.
func (s *Service) onAdded(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	var states []string
	for _, e := range evs {
		if state := e.Data.(customer.AddedData).WayState; state != "" {
			states = append(states, state)
		}
	}
	codes, err := codesByState(ctx, tx, states)
	if err != nil || len(codes) == 0 {
		return err
	}
	var of []customer.CodeOf
	var steps []step
	var plans []outbox.Plan
	for _, e := range evs {
		data := e.Data.(customer.AddedData)
		c, ok := codes[data.WayState]
		if !ok {
			continue
		}
		of = append(of, customer.CodeOf{CustomerID: e.CustomerID, StaffID: e.StaffID, CodeID: c.ID})
		steps = append(steps, step{CustomerID: e.CustomerID, CodeID: c.ID, Step: stepAdd, Ref: e.StaffID, At: e.At, CauseID: e.CauseID})
		if len(c.TagIDs) > 0 {
			plans = append(plans, outbox.Plan{Key: fmt.Sprintf("code/tag/%d", e.ID), Kind: markTag, Entity: fmt.Sprintf("customer/%d", e.CustomerID),
				Payload: tagCall{CustomerID: e.CustomerID, StaffID: e.StaffID, UserID: data.UserID, ExternalUserID: data.ExternalUserID, TagIDs: c.TagIDs},
				CauseID: e.CauseID})
		}
	}
	if err := s.Customers.SetCode(ctx, tx, of); err != nil {
		return err
	}
	if err := insertSteps(ctx, tx, steps); err != nil {
		return err
	}
	if err := s.catchUp(ctx, tx, evs, codes); err != nil {
		return err
	}
	return s.Outbox.Plan(ctx, tx, plans...)
}

// late is how old an add may be before what happened since is looked up in the customer's history.
const late = time.Hour

// catchUp gives an add what overtook it: joins that were handled before it, as callbacks do not come in order, and, for an
// add that only a sync found, orders that were imported meanwhile.
func (s *Service) catchUp(ctx context.Context, tx pg.Tx, evs []event.Event, codes map[string]Code) error {
	var customers, overdue []int64
	var externals []string
	idOf, causeOf := map[string]int64{}, map[int64]int64{}
	now := s.Clock.Now()
	for _, e := range evs {
		data := e.Data.(customer.AddedData)
		if _, ours := codes[data.WayState]; !ours {
			continue
		}
		customers, externals = append(customers, e.CustomerID), append(externals, data.ExternalUserID)
		idOf[data.ExternalUserID], causeOf[e.CustomerID] = e.CustomerID, e.CauseID
		if data.Found != "" || now.Sub(e.At) > late {
			overdue = append(overdue, e.CustomerID)
		}
	}
	adopted, err := adoptStrangers(ctx, tx, externals)
	if err != nil {
		return err
	}
	joins, err := joinsOf(ctx, tx, customers)
	if err != nil {
		return err
	}
	adds, err := firstAdds(ctx, tx, customers)
	if err != nil {
		return err
	}
	var steps []step
	for _, j := range adopted {
		who := idOf[j.Member]
		j = join(who, j.CodeID, j.ObjectID, j.At, causeOf[who])
		steps, joins = append(steps, j), append(joins, j)
	}
	for _, j := range joins {
		if first := adds[j.CustomerID]; first.owes(j.At) {
			steps = append(steps, join(j.CustomerID, first.CodeID, j.ObjectID, j.At, causeOf[j.CustomerID]))
		}
	}
	if err := insertSteps(ctx, tx, steps); err != nil {
		return err
	}
	return s.catchUpOrders(ctx, tx, overdue)
}

// catchUpOrders goes through the history of the few whose add came to light late; handling an order again is harmless.
func (s *Service) catchUpOrders(ctx context.Context, tx pg.Tx, customers []int64) error {
	const depth = 200 // events of a customer
	var missed []event.Event
	for _, id := range customers {
		history, err := event.Timeline(ctx, tx, id, event.Before{}, depth)
		if err != nil {
			return err
		}
		for _, r := range history {
			if r.Kind != order.Placed && r.Kind != order.Refunded {
				continue
			}
			var data order.PlacedData
			if err := json.Unmarshal(r.Data, &data); err != nil {
				return fmt.Errorf("data of event %d: %w", r.ID, err)
			}
			missed = append(missed, event.Event{ID: r.ID, Kind: r.Kind, At: r.At, CustomerID: r.CustomerID, StoreID: r.StoreID, Data: data, CauseID: r.CauseID})
		}
	}
	if len(missed) == 0 {
		return nil
	}
	return s.onOrders(ctx, tx, missed)
}

type tagCall struct {
	CustomerID     int64    `json:"customer_id"`
	StaffID        int64    `json:"staff_id"`
	UserID         string   `json:"userid"`
	ExternalUserID string   `json:"external_userid"`
	TagIDs         []string `json:"tag_ids"`
}

// fresh is how long after the reading of an add what we hold of its tags is taken for what WeCom has.
const fresh = 10 * time.Minute

// doMarkTag sets the tags that the relation does not have; none is left when somebody was quicker.
func (s *Service) doMarkTag(ctx context.Context, call outbox.Call) (any, error) {
	var t tagCall
	if err := json.Unmarshal(call.Payload, &t); err != nil {
		return nil, fmt.Errorf("payload of %s: %w", call.Key, err)
	}
	lacking := t.TagIDs
	if s.Wall.Now().Sub(call.CreatedAt) < fresh {
		held, err := s.Customers.TagsOf(ctx, s.DB, t.CustomerID, t.StaffID)
		if err != nil {
			return nil, err
		}
		lacking = slices.DeleteFunc(slices.Clone(lacking), func(id string) bool { return slices.Contains(held, id) })
	}
	if len(lacking) == 0 {
		return struct{}{}, nil
	}
	return struct{}{}, s.WeCom.MarkTag(ctx, t.UserID, t.ExternalUserID, lacking, nil)
}

// tagsMarked keeps the tags: WeCom sends no callback for what the API changed.
func (s *Service) tagsMarked(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	var changes []customer.TagChange
	now := s.Clock.Now()
	for _, f := range calls {
		var t tagCall
		if err := json.Unmarshal(f.Payload, &t); err != nil {
			return fmt.Errorf("payload of %s: %w", f.Key, err)
		}
		for _, id := range t.TagIDs {
			changes = append(changes, customer.TagChange{CustomerID: t.CustomerID, StaffID: t.StaffID, UserID: t.UserID,
				ExternalUserID: t.ExternalUserID, TagID: id, Added: true, At: now, By: "system", CauseID: f.CauseID})
		}
	}
	return s.Customers.RecordTags(ctx, tx, changes)
}

// onJoined notes through which code people came into groups: the group code they scanned, and besides, within 30 days of
// it, the code of their first add, so that a staff code shows how many of its people ended up in a group.
func (s *Service) onJoined(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	var states []string
	var customers []int64
	marks := make([]mark, len(evs))
	for i, e := range evs {
		if state := e.Data.(group.JoinedData).WayState; state != "" {
			states = append(states, state)
		}
		if e.CustomerID != 0 {
			customers = append(customers, e.CustomerID)
		}
		marks[i] = mark{groupID: e.GroupID, cause: e.CauseID}
	}
	codes, err := codesByState(ctx, tx, states)
	if err != nil {
		return err
	}
	adds, err := firstAdds(ctx, tx, customers)
	if err != nil {
		return err
	}
	var of []group.CodeOf
	var steps []step
	for _, e := range evs {
		data := e.Data.(group.JoinedData)
		first := adds[e.CustomerID]
		if first.owes(e.At) {
			steps = append(steps, join(e.CustomerID, first.CodeID, e.GroupID, e.At, e.CauseID))
		}
		c, ok := codes[data.WayState]
		if !ok {
			continue
		}
		of = append(of, group.CodeOf{GroupID: e.GroupID, MemberID: data.MemberID, Stay: data.Stay, CodeID: c.ID})
		switch {
		case e.CustomerID == 0 && data.Stay == 1: // nobody's friend: counted once per group, told apart by the event
			stranger := join(0, c.ID, e.GroupID, e.At, e.CauseID)
			stranger.Ref, stranger.Member = e.ID, data.MemberID
			steps = append(steps, stranger)
		case e.CustomerID != 0 && c.ID != first.CodeID:
			steps = append(steps, join(e.CustomerID, c.ID, e.GroupID, e.At, e.CauseID))
		}
	}
	if err := s.Groups.SetCode(ctx, tx, of); err != nil {
		return err
	}
	if err := insertSteps(ctx, tx, steps); err != nil {
		return err
	}
	return markChecks(ctx, tx, marks, s.Clock.Now())
}

// onOrders notes which orders are owed to the code of the customer's first add: placed within 30 days of it. A refund in
// that time is owed as well, so that the sum is what was kept.
func (s *Service) onOrders(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	var customers []int64
	for _, e := range evs {
		if e.CustomerID != 0 {
			customers = append(customers, e.CustomerID)
		}
	}
	adds, err := firstAdds(ctx, tx, customers)
	if err != nil || len(adds) == 0 {
		return err
	}
	var owed []order.Attribution
	var mine []event.Event
	var ids []int64
	firsts := map[int64]step{}
	for _, e := range evs {
		add := adds[e.CustomerID]
		if !add.owes(e.At) {
			continue
		}
		data := e.Data.(order.PlacedData)
		owed = append(owed, order.Attribution{CustomerID: e.CustomerID, OrderID: data.OrderID, CodeID: add.CodeID})
		if e.Kind != order.Placed {
			continue
		}
		e.CodeID = add.CodeID
		mine, ids = append(mine, e), append(ids, add.CodeID)
		if first, ok := firsts[e.CustomerID]; !ok || e.At.Before(first.At) {
			firsts[e.CustomerID] = step{CustomerID: e.CustomerID, CodeID: add.CodeID, Step: stepOrder, At: e.At, ObjectID: data.OrderID, AmountFen: data.NetFen, CauseID: e.CauseID}
		}
	}
	if err := s.Orders.Attribute(ctx, tx, owed); err != nil {
		return err
	}
	steps := make([]step, 0, len(firsts))
	for _, st := range firsts {
		steps = append(steps, st)
	}
	slices.SortFunc(steps, func(a, b step) int { return int(a.CustomerID - b.CustomerID) })
	won, err := insertFirstOrders(ctx, tx, steps)
	if err != nil {
		return err
	}
	names, err := codeNames(ctx, tx, ids)
	if err != nil {
		return err
	}
	out := make([]event.Event, 0, len(mine))
	for _, e := range mine {
		data := e.Data.(order.PlacedData)
		out = append(out, event.Event{Kind: Attributed, At: e.At, CustomerID: e.CustomerID, StoreID: e.StoreID, CodeID: e.CodeID, CauseID: e.CauseID,
			Key: fmt.Sprintf("livecode.attributed/%d", data.OrderID),
			Data: AttributedData{OrderID: data.OrderID, OrderNo: data.OrderNo, NetFen: data.NetFen, Code: names[e.CodeID],
				First: won[data.OrderID]}})
	}
	return s.Events.Publish(ctx, tx, out...)
}

// FirstOrder returns the first order that a code brought of a customer; ok is false if none.
func (s *Service) FirstOrder(ctx context.Context, q pg.Querier, customerID int64) (codeID, orderID int64, at time.Time, ok bool, err error) {
	return firstOrder(ctx, q, customerID)
}
