package order

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"qunce/internal/clock"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/pg"
)

// Members resolves member numbers to customers and makes customers of those nobody has heard of; customer does.
type Members interface {
	EnsureMembers(ctx context.Context, tx pg.Tx, memberNos []string, cause int64) (map[string]int64, error)
}

// Stores resolves store numbers; the directory does. Unknown numbers are absent from the answer.
type Stores interface {
	StoreIDsByNumber(ctx context.Context, q pg.Querier, numbers []string) (map[string]int64, error)
}

// Deps are what the service works with. The functions answer for other features, and any may be nil: the names then stay
// null, a search takes its text for an order number, and a customer's orders are limited to the stores one may see.
type Deps struct {
	DB      *pg.DB
	IDs     *id.Source
	Clock   clock.Clock // the corp's
	Events  *event.Bus
	Members Members
	Stores  Stores
	Log     *slog.Logger

	CustomerNames func(ctx context.Context, customerIDs []int64) (map[int64]string, error)
	StoreNames    func(ctx context.Context, storeIDs []int64) (map[int64]string, error)
	CodeNames     func(ctx context.Context, codeIDs []int64) (map[int64]string, error)
	FindMember    func(ctx context.Context, memberNo string) (customerID int64, ok bool, err error)
	MaySee        func(ctx context.Context, customerID int64) (bool, error)
}

// Service is the use cases.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

var (
	fpPlaceBefore = failpoint.New("order.place.before")
	fpPlaceAfter  = failpoint.New("order.place.after")
)

// Result counts what became of orders that were placed.
type Result struct{ Created, Updated, Unchanged int }

// Add sums two results.
func (r Result) Add(o Result) Result {
	return Result{Created: r.Created + o.Created, Updated: r.Updated + o.Updated, Unchanged: r.Unchanged + o.Unchanged}
}

// maxLines bounds the lines, and so the orders, of one transaction.
const maxLines = 20_000

// Place writes orders in sets, as the package comment says, and publishes Placed and Refunded. Of two orders with the same
// number in one call the later one counts. It makes the event partitions it needs. Transactions hold up to 20,000 lines;
// when a later one fails, the earlier ones stand, and calling again is safe.
func (s *Service) Place(ctx context.Context, orders []NewOrder, cause int64) (Result, error) {
	var total Result
	if len(orders) == 0 {
		return total, nil
	}
	if err := s.ensurePartitions(ctx, orders); err != nil {
		return total, err
	}
	for start := 0; start < len(orders); {
		end, lines := start, 0
		for end < len(orders) && (end == start || lines+len(orders[end].Lines)+1 <= maxLines) {
			lines += len(orders[end].Lines) + 1
			end++
		}
		did, err := s.placeSet(ctx, orders[start:end], cause)
		if err != nil {
			return total, err
		}
		total = total.Add(did)
		start = end
	}
	return total, nil
}

// Feed places orders at the moment they happen: those later than the corp's clock are left out and counted in later.
func (s *Service) Feed(ctx context.Context, orders []NewOrder, cause int64) (did Result, later int, err error) {
	now := s.Clock.Now()
	due := make([]NewOrder, 0, len(orders))
	for _, o := range orders {
		if o.PlacedAt.After(now) {
			later++
		} else {
			due = append(due, o)
		}
	}
	did, err = s.Place(ctx, due, cause)
	return did, later, err
}

// ensurePartitions makes the event partitions of the months the orders cover. It runs outside the transactions that write:
// making a partition locks the whole table.
func (s *Service) ensurePartitions(ctx context.Context, orders []NewOrder) error {
	months := map[time.Time]bool{}
	for i := range orders {
		months[monthOf(orders[i].PlacedAt)] = true
	}
	return s.ensureMonths(ctx, months)
}

func (s *Service) ensureMonths(ctx context.Context, months map[time.Time]bool) error {
	for m := range months {
		err := event.EnsurePartitions(ctx, s.DB, m, m)
		if pg.IsUnique(err, "") || isDuplicateTable(err) { // somebody else was making it at the same moment
			err = event.EnsurePartitions(ctx, s.DB, m, m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func monthOf(t time.Time) time.Time {
	t = t.In(clock.Shanghai)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, clock.Shanghai)
}

func isDuplicateTable(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "42P07"
}

// placing is an order on its way into the tables.
type placing struct {
	NewOrder
	id         int64
	customerID int64
	kind       Kind
	sum        []byte
	old        *stored // what stood there, if the number was known
}

func (s *Service) placeSet(ctx context.Context, orders []NewOrder, cause int64) (Result, error) {
	var did Result
	err := s.DB.Tx(ctx, func(tx pg.Tx) (err error) {
		fpPlaceBefore.Hit()
		did, err = s.placeIn(ctx, tx, orders, cause)
		return err
	})
	if err == nil {
		fpPlaceAfter.Hit()
	}
	return did, err
}

func (s *Service) placeIn(ctx context.Context, tx pg.Tx, orders []NewOrder, cause int64) (Result, error) {
	var did Result
	if err := lockOrders(ctx, tx); err != nil {
		return did, err
	}
	set, err := s.prepare(ctx, tx, orders)
	if err != nil {
		return did, err
	}
	fresh, changed, err := s.compare(ctx, tx, set)
	if err != nil {
		return did, err
	}
	did = Result{Created: len(fresh), Updated: len(changed), Unchanged: len(set) - len(fresh) - len(changed)}
	if len(fresh)+len(changed) == 0 {
		return did, nil
	}
	if err := s.resolveCustomers(ctx, tx, cause, fresh, changed); err != nil {
		return did, err
	}
	if err := s.assignIDs(ctx, fresh); err != nil {
		return did, err
	}
	if err := removeStored(ctx, tx, changed); err != nil {
		return did, err
	}
	write := append(append(make([]*placing, 0, len(fresh)+len(changed)), fresh...), changed...)
	known, err := summaries(ctx, tx, customersOf(write))
	if err != nil {
		return did, err
	}
	if err := writeKeys(ctx, tx, fresh, changed); err != nil {
		return did, err
	}
	if err := copyOrders(ctx, tx, write, cause); err != nil {
		return did, err
	}
	if err := addToSummaries(ctx, tx, fresh); err != nil {
		return did, err
	}
	if err := recountSummaries(ctx, tx, customersTouched(changed)); err != nil {
		return did, err
	}
	return did, s.Events.Publish(ctx, tx, eventsOf(write, known, cause)...)
}

// prepare resolves stores, keeps the last order of each number, and computes the hashes.
func (s *Service) prepare(ctx context.Context, tx pg.Tx, orders []NewOrder) ([]*placing, error) {
	var numbers []string
	asked := map[string]bool{}
	for i := range orders {
		if n := orders[i].StoreNumber; n != "" && orders[i].StoreID == 0 && !asked[n] {
			asked[n] = true
			numbers = append(numbers, n)
		}
	}
	stores := map[string]int64{}
	if len(numbers) > 0 {
		var err error
		if stores, err = s.Stores.StoreIDsByNumber(ctx, tx, numbers); err != nil {
			return nil, err
		}
	}
	at := make(map[string]int, len(orders))
	set := make([]*placing, 0, len(orders))
	h, scratch := newHash(), []byte(nil)
	for i := range orders {
		p := &placing{NewOrder: orders[i]}
		if p.StoreID == 0 {
			p.StoreID = stores[p.StoreNumber]
		}
		p.normalize()
		p.kind = p.NewOrder.kind()
		p.sum, scratch = p.contentHash(h, scratch)
		if j, twice := at[p.OrderNo]; twice {
			set[j] = p
			continue
		}
		at[p.OrderNo] = len(set)
		set = append(set, p)
	}
	return set, nil
}

// compare tells the new orders and the changed ones from those that say the same as before.
func (s *Service) compare(ctx context.Context, tx pg.Tx, set []*placing) (fresh, changed []*placing, err error) {
	numbers := make([]string, len(set))
	for i, p := range set {
		numbers[i] = p.OrderNo
	}
	held, err := findKeys(ctx, tx, numbers)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range set {
		k, known := held[p.OrderNo]
		switch {
		case !known:
			fresh = append(fresh, p)
		case !bytes.Equal(k.hash, p.sum):
			p.id = k.orderID
			p.old = &stored{customerID: k.customerID}
			changed = append(changed, p)
		}
	}
	if len(changed) == 0 {
		return fresh, nil, nil
	}
	return fresh, changed, loadStored(ctx, tx, changed)
}

func (s *Service) resolveCustomers(ctx context.Context, tx pg.Tx, cause int64, sets ...[]*placing) error {
	var members []string
	asked := map[string]bool{}
	for _, set := range sets {
		for _, p := range set {
			if p.MemberNo != "" && !asked[p.MemberNo] {
				asked[p.MemberNo] = true
				members = append(members, p.MemberNo)
			}
		}
	}
	if len(members) == 0 {
		return nil
	}
	found, err := s.Members.EnsureMembers(ctx, tx, members, cause)
	if err != nil {
		return fmt.Errorf("resolve members: %w", err)
	}
	for _, set := range sets {
		for _, p := range set {
			if p.MemberNo == "" {
				continue
			}
			if p.customerID = found[p.MemberNo]; p.customerID == 0 {
				return fmt.Errorf("member of order %s was not resolved", p.OrderNo)
			}
		}
	}
	return nil
}

func (s *Service) assignIDs(ctx context.Context, fresh []*placing) error {
	ids, err := s.IDs.Take(ctx, len(fresh))
	if err != nil {
		return err
	}
	for i, p := range fresh {
		p.id = ids[i]
	}
	return nil
}

func customersOf(set []*placing) []int64 {
	seen := map[int64]bool{}
	var out []int64
	for _, p := range set {
		if p.customerID != 0 && !seen[p.customerID] {
			seen[p.customerID] = true
			out = append(out, p.customerID)
		}
	}
	return out
}

// customersTouched are those whose totals a change concerns: the order's customer now and the one before.
func customersTouched(changed []*placing) []int64 {
	seen := map[int64]bool{0: true}
	var out []int64
	for _, p := range changed {
		for _, c := range []int64{p.customerID, p.old.customerID} {
			if !seen[c] {
				seen[c] = true
				out = append(out, c)
			}
		}
	}
	return out
}

// eventsOf decides what is told to others, oldest order first. A new purchase is Placed; a new refund document is
// Refunded; an order that changed is Placed when it was not bought before, and Refunded by the difference when money was
// given back. An order first seen wholly refunded earned nothing and is not told.
func eventsOf(write []*placing, known map[int64]Summary, cause int64) []event.Event {
	list := append([]*placing(nil), write...)
	sort.SliceStable(list, func(i, j int) bool { return list[i].PlacedAt.Before(list[j].PlacedAt) })
	buyers := map[int64]bool{}
	var out []event.Event
	for _, p := range list {
		data := PlacedData{OrderID: p.id, OrderNo: p.OrderNo, NetFen: p.NetFen, Items: p.items()}
		wasBought, oldNet := false, int64(0)
		if p.old != nil {
			wasBought, oldNet = bought(p.old.kind, p.old.state), p.old.netFen
		}
		kind := event.Kind("")
		switch {
		case bought(p.kind, p.State) && !wasBought:
			kind = Placed
			data.First = p.customerID != 0 && known[p.customerID].Orders == 0 && !buyers[p.customerID]
			buyers[p.customerID] = true
		case p.old == nil && p.kind == Refund, p.old != nil && p.NetFen < oldNet:
			kind = Refunded
			data.NetFen = p.NetFen - oldNet
		default:
			continue
		}
		out = append(out, event.Event{Kind: kind, At: p.PlacedAt, CustomerID: p.customerID, StoreID: p.StoreID,
			Key: eventKey(p.OrderNo, p.sum), Data: data, CauseID: cause})
	}
	return out
}

// Attribute notes which code brought the customer to each order. An order keeps the first code it was given.
func (s *Service) Attribute(ctx context.Context, tx pg.Tx, list []Attribution) error {
	return attribute(ctx, tx, list)
}

// Summaries returns what customers bought; those who bought nothing are absent.
func (s *Service) Summaries(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64]Summary, error) {
	return summaries(ctx, q, customerIDs)
}
