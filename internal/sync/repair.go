package sync

import (
	"context"
	"time"

	"qunce/internal/customer"
	"qunce/internal/group"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom/callback"
)

// maxListed bounds the repairs of one run that are kept one by one; all are counted.
const maxListed = 10_000

// skew is how much earlier than WeCom dates a change its callback may be dated.
const skew = time.Minute

// repair is one thing that a run put right, with where to look for the reason.
type repair struct {
	Thing  Thing
	What   What
	Reason Reason

	UserID, External, Chat, Object string
	At                             time.Time // by WeCom; zero = it does not tell
	CallbackID                     int64

	hint     *inbox.Hint // the callback that should have told; nil: there is none for such a change
	pending  bool        // a callback that was handled may have told of an earlier change: only one that was not says anything
	fallback Reason      // when no callback is found
	owner    string      // the member of staff in whose sight it lies
	customer int64       // of whom a call of ours may have changed it
}

func seatRepair(what What, user string, first bool) repair {
	r := repair{Thing: Staff, What: what, UserID: user, fallback: Range, pending: true, hint: &inbox.Hint{Event: callback.Contact, Entity: user}}
	if first {
		r.hint, r.fallback = nil, Before
	}
	return r
}

func tagRepair(what What, id string, made time.Time) repair {
	change := "create"
	if what == Ended {
		change = "delete"
	}
	return repair{Thing: Tags, What: what, Object: id, At: made, fallback: Unheard,
		hint: &inbox.Hint{Event: callback.ExternalTag, Changes: []string{change}, Entity: id}}
}

func relationRepair(x customer.Item) repair {
	r := repair{Thing: Relations, UserID: x.UserID, External: x.ExternalUserID, At: x.At, owner: x.UserID}
	hint := inbox.Hint{Event: callback.ExternalContact, Entity: x.ExternalUserID, UserID: x.UserID}
	switch x.What {
	case customer.Began, customer.Again:
		r.What, r.fallback = Added, Lost
		if x.What == customer.Again {
			r.What = Amended
		}
		hint.Changes, hint.From = []string{callback.AddExternal, callback.AddHalfExternal}, x.At.Add(-skew)
	case customer.Back: // it came back into sight
		r.What, r.fallback, r.At = Added, Range, time.Time{}
		return r
	default:
		r.What, r.fallback, r.pending = Amended, Unheard, true
		hint.Changes = []string{callback.EditExternal}
		if x.What == customer.Retag {
			r.Thing, r.customer = Tags, x.CustomerID
		}
	}
	r.hint = &hint
	return r
}

// oursIf says that what we held had gone wrong, if it is about one of the staff whose list did not move.
func (r repair) oursIf(still map[string]bool) repair {
	if still[r.UserID] && r.Thing == Relations {
		r.hint, r.fallback = nil, Ours
	}
	return r
}

func endRepair(x suspect) repair {
	return repair{Thing: Relations, What: Ended, UserID: x.UserID, External: x.ExternalUserID, owner: x.UserID, fallback: Lost,
		hint: &inbox.Hint{Event: callback.ExternalContact, Changes: []string{callback.DelExternal}, Entity: x.ExternalUserID, UserID: x.UserID, From: x.began}}
}

// groupRepairs turns what readings changed of groups into repairs.
func groupRepairs(items []group.Item) []repair {
	whole := map[string]group.What{}
	for _, x := range items {
		if x.What == group.Appeared || x.What == group.Vanish {
			whole[x.ChatID] = x.What
		}
	}
	out := make([]repair, 0, len(items))
	for _, x := range items {
		out = append(out, groupRepair(x, whole[x.ChatID]))
	}
	return out
}

// groupRepair is one of them; whole is what became of the group itself.
func groupRepair(x group.Item, whole group.What) repair {
	r := repair{Thing: Groups, Chat: x.ChatID, At: x.At, owner: x.Owner, fallback: Lost}
	hint := inbox.Hint{Event: callback.ExternalChat, Entity: x.ChatID, Member: x.Member}
	if !x.Since.IsZero() {
		hint.From = x.Since.Add(-skew)
	}
	if x.Member != "" {
		r.Thing = Members
		if customerID(x.Member) {
			r.External = x.Member
		} else {
			r.UserID = x.Member
		}
	}
	switch x.What {
	case group.Appeared:
		r.What, hint.Changes = Added, []string{callback.ChatCreate}
	case group.Altered:
		r.What, r.fallback, r.pending = Amended, Unheard, true
		hint.Changes = []string{callback.ChatUpdate}
	case group.Vanish:
		r.What, hint.Changes = Ended, []string{callback.ChatDismiss}
	case group.Entered:
		r.What, hint.Changes = Added, []string{"add_member"}
		if whole == group.Appeared { // whoever was there when it began came with it
			hint.Member, hint.Changes = "", []string{callback.ChatCreate, callback.ChatUpdate}
		}
	case group.Exited:
		r.What, hint.Changes = Ended, []string{"del_member"}
		if whole == group.Vanish {
			hint.Member, hint.Changes = "", []string{callback.ChatDismiss}
		}
	case group.Renamed:
		r.What, r.fallback = Amended, Silent
		r.hint = nil
		return r
	}
	r.hint = &hint
	return r
}

// customerID tells external members by the prefix of their ids.
func customerID(id string) bool {
	return len(id) > 2 && (id[:2] == "wm" || id[:2] == "wo")
}

// note finds out why each repair had been missing, counts it, and keeps as many one by one as there is room for.
func (r *run) note(ctx context.Context, tx pg.Tx, result *Result, list []repair) error {
	if len(list) == 0 {
		return nil
	}
	if err := r.explain(ctx, tx, list); err != nil {
		return err
	}
	for _, x := range list {
		if result.Why == nil {
			result.Why = map[Thing]map[Reason]int{}
		}
		if result.Why[x.Thing] == nil {
			result.Why[x.Thing] = map[Reason]int{}
		}
		result.Why[x.Thing][x.Reason]++
	}
	keep := list[:min(len(list), maxListed-result.Listed)]
	result.Listed += len(keep)
	ids, err := r.s.IDs.Take(ctx, len(keep))
	if err != nil {
		return err
	}
	return insertRepairs(ctx, tx, r.id, ids, keep)
}

func (r *run) explain(ctx context.Context, tx pg.Tx, list []repair) error {
	fresh, err := r.newcomers(ctx, tx)
	if err != nil {
		return err
	}
	var connected time.Time
	if r.s.Since != nil {
		connected = r.s.Since()
	}
	var ask []int
	var hints []inbox.Hint
	var customers []int64
	for i := range list {
		x := &list[i]
		switch {
		case x.hint == nil:
			x.Reason = x.fallback
		case !x.At.IsZero() && !x.At.After(connected):
			x.Reason = Before
		default:
			ask, hints = append(ask, i), append(hints, *x.hint)
			if x.customer != 0 {
				customers = append(customers, x.customer)
			}
		}
	}
	if len(ask) == 0 {
		return nil
	}
	told, err := inbox.Find(ctx, tx, hints)
	if err != nil {
		return err
	}
	under, err := r.s.Codes.Tagging(ctx, tx, customers)
	if err != nil {
		return err
	}
	now := r.s.Clock.Now()
	for k, i := range ask {
		x := &list[i]
		x.Reason, x.CallbackID = because(*x, told[k], under[x.customer], fresh[x.owner], now)
	}
	return nil
}

// because decides on the reason. A callback says most; without one, what else is known of the change.
func because(x repair, told inbox.Told, underWay, newcomer bool, now time.Time) (Reason, int64) {
	switch {
	case told.State == "new":
		return Waiting, told.ID
	case told.State == "failed":
		return Failed, told.ID
	case told.State == "ignored":
		return Unhandled, told.ID
	case told.State == "done" && !x.pending:
		return Handled, told.ID
	case underWay:
		return API, 0
	case newcomer:
		return Range, 0
	case !x.At.IsZero() && now.Sub(x.At) > inbox.Retained:
		return Unknown, 0
	}
	return x.fallback, 0
}

// newcomers are the staff whom this run is the first to see with a seat: what is theirs came into sight with them.
func (r *run) newcomers(ctx context.Context, q pg.Querier) (map[string]bool, error) {
	if r.fresh != nil {
		return r.fresh, nil
	}
	list, err := texts(ctx, q, `SELECT userid FROM sync_seat WHERE run_id = $1`, r.id)
	if err != nil {
		return nil, err
	}
	fresh := make(map[string]bool, len(list))
	for _, u := range list {
		fresh[u] = true
	}
	r.fresh = fresh
	return fresh, nil
}
