// Package order keeps what customers bought: orders and their lines, as other systems (till, shop, CRM) report them by
// file or feed.
//
// There is one write path, Service.Place, for the importer and for every feed. An order is known by its number and
// compared by a hash of its content: the same again changes nothing, a different one replaces the lines and corrects
// the customer's totals, a new one is added. So a file may be imported any number of times, and an import that was
// killed is simply run again.
//
// Invariants: money is int64 fen and NetFen is what the brand keeps of an order (after refunds; negative for a refund
// document); order_customer equals the sums over the customer's orders; an order of nobody known stands under customer 0,
// which has no totals. Placing publishes events in the same transaction. One transaction at a time writes orders, so
// sets of orders need no order of locking. The package never writes to another system, and never decides which code an
// order is attributed to: livecode does and calls Attribute.
package order

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"time"

	"qunce/internal/pg"
)

// Kind of a document.
type Kind string

// The kinds; the CHECK of order_order lists the same. A refund is a document of its own with a negative amount.
const (
	Sale   Kind = "sale"
	Refund Kind = "refund"
)

// State of an order.
type State string

// The states; the CHECK of order_order lists the same. A document of kind Refund is always Refunded.
const (
	Paid           State = "paid"
	Unpaid         State = "unpaid" // brings no revenue and no event
	FullyRefunded  State = "refunded"
	PartlyRefunded State = "partly_refunded"
)

// Kinds and States list all of them.
func Kinds() []Kind   { return []Kind{Sale, Refund} }
func States() []State { return []State{Paid, Unpaid, FullyRefunded, PartlyRefunded} }

// Line is one product of an order. UnitFen is its list price.
type Line struct {
	SKU      string
	Name     string
	Quantity int
	UnitFen  int64
}

// NewOrder is an order as another system reports it. The customer is found by MemberNo ("" for nobody known), the store
// by StoreNumber unless StoreID is given. State "" means Paid. NetFen is what was paid after refunds; a sale that lost
// money is written as a refund. ImportID is 0 for orders that came by a feed. Row is the order's first line in a file.
type NewOrder struct {
	OrderNo     string
	PlacedAt    time.Time
	MemberNo    string
	StoreNumber string
	StoreID     int64
	Channel     string
	State       State
	NetFen      int64
	Lines       []Line
	ImportID    int64
	Row         int
}

// kind is Refund for a document that takes money back.
func (o *NewOrder) kind() Kind {
	if o.NetFen < 0 {
		return Refund
	}
	return Sale
}

// state is the order's state made consistent: an unpaid order earns nothing, a refund is refunded.
func (o *NewOrder) normalize() {
	switch {
	case o.NetFen < 0:
		o.State = FullyRefunded
	case o.State == "":
		o.State = Paid
	}
	if o.State == Unpaid {
		o.NetFen = 0
	}
	o.PlacedAt = o.PlacedAt.UTC().Truncate(time.Microsecond) // as the database keeps it
}

// items is how many pieces were sold.
func (o *NewOrder) items() int {
	n := 0
	for _, l := range o.Lines {
		n += l.Quantity
	}
	return n
}

// bought reports whether an order counts as a purchase: paid for and not wholly given back.
func bought(kind Kind, state State) bool {
	return kind == Sale && (state == Paid || state == PartlyRefunded)
}

// gaveBack reports whether an order counts as a refund.
func gaveBack(kind Kind, state State) bool {
	return kind == Refund || state == FullyRefunded || state == PartlyRefunded
}

// hashSize is how much of the SHA-256 is kept: 16 bytes tell any number of orders apart.
const hashSize = 16

// contentHash identifies what an order says. The customer is not part of it: a merge of customers moves an order without
// changing it.
func (o *NewOrder) contentHash(h hash.Hash, buf []byte) (sum []byte, scratch []byte) {
	h.Reset()
	buf = buf[:0]
	text := func(s string) {
		buf = binary.AppendUvarint(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	text(o.MemberNo)
	text(o.Channel)
	text(string(o.State))
	buf = binary.AppendVarint(buf, o.PlacedAt.UnixMicro())
	buf = binary.AppendVarint(buf, o.StoreID)
	buf = binary.AppendVarint(buf, o.NetFen)
	for _, l := range o.Lines {
		text(l.SKU)
		text(l.Name)
		buf = binary.AppendVarint(buf, int64(l.Quantity))
		buf = binary.AppendVarint(buf, l.UnitFen)
	}
	h.Write(buf)
	return h.Sum(nil)[:hashSize], buf
}

func newHash() hash.Hash { return sha256.New() }

// eventKey makes an event of an order happen once for each content of it.
func eventKey(orderNo string, sum []byte) string {
	return "order/" + orderNo + "/" + hex.EncodeToString(sum[:4])
}

// Attribution says which code brought a customer to an order.
type Attribution struct {
	CustomerID int64
	OrderID    int64
	CodeID     int64
}

// Summary is what a customer bought so far. FirstAt and LastAt are nil when nothing was bought. Orders counts paid sales
// that were not wholly refunded, Refunds what came back, NetFen is the sum over everything.
type Summary struct {
	Orders  int
	Refunds int
	NetFen  int64
	FirstAt *time.Time
	LastAt  *time.Time
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "order"
	return []pg.Table{
		{Name: "order_key", Owner: owner, Family: pg.ByValue, Key: "order_no", Merge: "point to the kept customer", Erase: "point to customer 0", Retention: "36 months", Sampling: "follow customer"},
		{Name: "order_order", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Personal: []string{"member_no"}, Merge: "move", Erase: "move to customer 0 without member number", Retention: "36 months", Sampling: "follow customer"},
		{Name: "order_line", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Merge: "move", Erase: "move to customer 0", Retention: "36 months", Sampling: "follow customer"},
		{Name: "order_customer", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Merge: "add up", Erase: "delete", Retention: "follow customer", Sampling: "follow customer"},
		{Name: "order_stage", Owner: owner, Family: pg.Local, Personal: []string{"body"}, Merge: "keep", Erase: "keep", Retention: "until the import ends", Sampling: "none"},
	}
}
