package customer_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/errs"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/sim"
)

func TestAnAdd(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.check(b.sim.Faults(t.Context(), sim.Faults{Double: 1})) // every callback comes twice
	b.add("wm00", "lina")
	b.pass(time.Second)
	b.work()
	b.is("heard", []string{"customer.added wm00 lina way-lina new=true again=0", "customer.welcome_due wm00 lina 顾客00"}, b.took())
	b.is("relations", map[string]string{"wm00 lina": "active 1  "}, b.relations())

	b.add("wm00", "zhou") // the same person, another store
	b.phone("staff/lina/act", map[string]any{"kind": "tag", "external_userid": "wm00", "add": []string{"etA", "etB"}})
	b.phone("staff/lina/act", map[string]any{"kind": "remark", "external_userid": "wm00", "text": "爱喝乌龙"})
	b.pass(time.Minute)
	b.work()
	b.is("customers", 1, b.count(`SELECT count(*) FROM customer_customer`))
	b.is("relations", map[string]string{"wm00 lina": "active 1 爱喝乌龙 etA,etB", "wm00 zhou": "active 1  "}, b.relations())
	heard := map[string]int{}
	for _, h := range b.took() {
		heard[h]++
	}
	b.is("heard", map[string]int{"customer.added wm00 zhou way-zhou new=false again=0": 1, "customer.welcome_due wm00 zhou 顾客00": 1, "customer.tagged etA 扫码": 1, "customer.tagged etB 老客": 1}, heard)

	b.phone("staff/lina/act", map[string]any{"kind": "tag", "external_userid": "wm00", "remove": []string{"etA"}})
	b.pass(time.Minute)
	b.work()
	b.is("heard", []string{"customer.untagged etA 扫码"}, b.took())
	if n := b.count(`SELECT count(*) FROM customer_relation r JOIN directory_staff s ON s.id = r.staff_id AND s.store_id = r.store_id WHERE r.store_id IN ($1, $2)`, b.store["西湖"], b.store["滨江"]); n != 2 {
		t.Errorf("%d relations stand in their store", n)
	}
}

func TestEndsAndNewBeginnings(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.add("wm00", "lina")
	b.add("wm01", "lina")
	b.pass(time.Minute)
	b.work()
	b.took()
	b.leave("wm00", "lina")
	b.drop("wm01", "lina")
	b.pass(time.Minute)
	b.work()
	b.is("relations", map[string]string{"wm00 lina": "deleted_by_customer 1  ", "wm01 lina": "deleted_by_staff 1  "}, b.relations())
	heard := map[string]bool{}
	for _, h := range b.took() {
		heard[h] = true
	}
	b.is("heard", map[string]bool{"customer.ended wm00 lina by customer": true, "customer.ended wm01 lina by staff": true}, heard)

	b.phone("staff/lina/act", map[string]any{"kind": "remark", "external_userid": "wm00", "text": "已删我"}) // WeCom shows the relation still
	b.pass(time.Minute)
	b.work()
	if r := b.relations()["wm00 lina"]; r != "deleted_by_customer 1  " {
		t.Errorf("an edit revived it: %s", r)
	}

	b.add("wm00", "lina")
	b.add("wm01", "lina")
	b.pass(time.Minute)
	b.work()
	if r := b.relations(); r["wm00 lina"][:8] != "active 2" || r["wm01 lina"][:8] != "active 2" {
		t.Errorf("after coming back: %v", r)
	}
	n := 0
	for _, h := range b.took() {
		if h == "customer.added wm00 lina way-lina new=false again=1" || h == "customer.added wm01 lina way-lina new=false again=1" {
			n++
		}
	}
	b.is("came back", 2, n)
	b.is("ended_at is empty", 2, b.count(`SELECT count(*) FROM customer_relation WHERE ended_at IS NULL`))
}

// ordinary works the ordinary lanes and leaves the urgent one, where adds wait with their welcome codes; urgent does that.
func (b *brand) ordinary() {
	b.t.Helper()
	for lane := range inbox.Lanes {
		_, err := b.in.RunOnce(b.t.Context(), lane)
		b.check(err)
	}
}

func (b *brand) urgent() {
	b.t.Helper()
	_, err := b.in.RunOnce(b.t.Context(), inbox.Lanes)
	b.check(err)
}

// The end is heard of before the beginning.
func TestEndBeforeBeginning(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.add("wm00", "lina")
	b.add("wm01", "lina")
	b.pass(time.Minute)
	b.leave("wm00", "lina")
	b.drop("wm01", "lina")
	b.pass(time.Minute)
	b.ordinary()
	b.is("heard first", []string{"customer.added wm00 lina way-lina new=true again=0", "customer.ended wm00 lina by customer"}, b.took())
	b.urgent()
	b.is("relations", map[string]string{"wm00 lina": "deleted_by_customer 1  "}, b.relations()) // nobody shows wm01 any more
	for _, h := range b.took() {
		if h[:17] != "customer.welcome_" {
			t.Errorf("heard %s", h)
		}
	}
	b.is("people", 2, b.count(`SELECT count(*) FROM customer_customer`))
}

// The customer left and came back; the news of the return overtakes that of the leaving.
func TestALateEndDoesNotEndTheNewBeginning(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.add("wm00", "lina")
	b.pass(time.Minute)
	b.work()
	b.leave("wm00", "lina")
	b.pass(time.Minute)
	b.add("wm00", "lina")
	b.pass(time.Minute)
	b.took()
	b.urgent()
	b.is("heard", []string{"customer.added wm00 lina way-lina new=false again=1", "customer.welcome_due wm00 lina 顾客00"}, b.took())
	b.ordinary()
	b.is("heard later", []string{}, b.took())
	b.is("relations", map[string]string{"wm00 lina": "active 2  "}, b.relations())
}

// A half add shows no relation yet, but its welcome cannot wait; when it is completed, there is no second welcome.
func TestHalfAdd(t *testing.T) {
	b := newBrand(t, sim.Limits{HalfAdd: 1})
	b.add("wm00", "lina")
	b.pass(0)
	b.work()
	b.is("heard", []string{"customer.welcome_due wm00 lina "}, b.took())
	b.is("relations", map[string]string{}, b.relations())
	b.is("people", 1, b.count(`SELECT count(*) FROM customer_customer WHERE first_added_at IS NULL`))
	person := b.count(`SELECT id::int FROM customer_customer`)
	b.pass(10 * time.Minute)
	b.work()
	heard := b.took()
	if len(heard) == 0 || heard[0] != "customer.added wm00 lina way-lina new=true again=0" {
		t.Errorf("heard %v", heard)
	}
	b.is("relations", map[string]string{"wm00 lina": "active 1  "}, b.relations())
	b.is("the same person, named", person, b.count(`SELECT id::int FROM customer_customer WHERE name = '顾客00'`))
}

func (b *brand) members(rows ...customer.MemberRow) customer.MemberResult {
	b.t.Helper()
	var res customer.MemberResult
	b.check(b.db.Tx(b.t.Context(), func(tx pg.Tx) (err error) {
		res, err = b.s.Members(b.t.Context(), tx, rows, 1)
		return err
	}))
	return res
}

func TestAMemberImportedBeforeIsTheSamePerson(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.is("import", customer.MemberResult{Created: 2}, b.members(customer.MemberRow{MemberNo: "M1", UnionID: "un00", Phone: "13800000000", Name: "王女士"}, customer.MemberRow{MemberNo: "M2"}))
	b.add("wm00", "lina")
	b.pass(time.Minute)
	b.work()
	b.is("people", 2, b.count(`SELECT count(*) FROM customer_customer`))
	b.is("values of wm00", 4, b.count(`SELECT count(*) FROM customer_identity WHERE customer_id = (SELECT customer_id FROM customer_identity WHERE value = 'wm00') AND value IN ('wm00', 'un00', 'M1', '13800000000')`))
	b.is("named by WeCom", 1, b.count(`SELECT count(*) FROM customer_customer WHERE name = '顾客00'`))
	b.is("heard", "customer.added wm00 lina way-lina new=true again=0", b.took()[0])

	// The list again: nothing changes. A new value is linked; values of two people are left apart.
	b.is("again", customer.MemberResult{Unchanged: 2}, b.members(customer.MemberRow{MemberNo: "M1", UnionID: "un00", Phone: "13800000000", Name: "王女士"}, customer.MemberRow{MemberNo: "M2"}))
	b.is("linked", customer.MemberResult{Updated: 1}, b.members(customer.MemberRow{MemberNo: "M2", UnionID: "un77"}))
	b.is("apart", customer.MemberResult{Apart: []int{1}, Created: 1}, b.members(customer.MemberRow{MemberNo: "M3"}, customer.MemberRow{MemberNo: "M1", UnionID: "un77"}))
	b.is("within one list", customer.MemberResult{Created: 1, Updated: 1, Unchanged: 1},
		b.members(customer.MemberRow{MemberNo: "M9", UnionID: "u9"}, customer.MemberRow{UnionID: "u9", Phone: "139"}, customer.MemberRow{Phone: "139"}))
	b.is("name kept", 1, b.count(`SELECT count(*) FROM customer_customer WHERE name = '顾客00'`))
}

func TestConcurrentImportsMakeOnePersonANumber(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	var wg sync.WaitGroup
	var nos []string
	for i := range 50 {
		nos = append(nos, fmt.Sprintf("M%02d", i))
	}
	for w := range 4 {
		wg.Go(func() {
			err := b.db.Tx(t.Context(), func(tx pg.Tx) error {
				if w%2 == 0 {
					got, err := b.s.EnsureMembers(t.Context(), tx, nos, 1)
					if err == nil && len(got) != 50 {
						t.Errorf("%d of 50", len(got))
					}
					return err
				}
				var rows []customer.MemberRow
				for _, n := range nos {
					rows = append(rows, customer.MemberRow{MemberNo: n, UnionID: "u" + n})
				}
				_, err := b.s.Members(t.Context(), tx, rows, 1)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b.is("people", 50, b.count(`SELECT count(*) FROM customer_customer`))
	b.is("people with both values", 50, b.count(`SELECT count(*) FROM customer_identity a JOIN customer_identity u ON u.value = 'u' || a.value AND u.customer_id = a.customer_id`))
}

func seen(external, user string, began time.Time, tags ...string) customer.Seen {
	return customer.Seen{ReadAt: began, Contact: wecom.ExternalContact{ExternalUserID: external, UnionID: "u" + external, Name: external},
		Follow: wecom.Follow{UserID: user, CreateTime: began.Unix()}, Tags: append([]string{}, tags...)}
}

func (b *brand) apply(list ...customer.Seen) (did customer.Applied) {
	b.t.Helper()
	err := b.db.Tx(b.t.Context(), func(tx pg.Tx) (err error) {
		did, err = b.s.Apply(b.t.Context(), tx, list, "sync", 9)
		return err
	})
	if err != nil {
		b.t.Error(err)
	}
	did.Items = nil // sync's tests look at them
	return did
}

// Many lanes meet the same new people at once, in different orders.
func TestConcurrentAddsMakeOneCustomer(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	users := []string{"lina", "wang", "zhou"}
	// Some are known without ever having been added, so that nothing but their row tells who was first.
	b.check(b.db.Tx(t.Context(), func(tx pg.Tx) error {
		var rows []customer.MemberRow
		for i := range 10 {
			rows = append(rows, customer.MemberRow{UnionID: fmt.Sprintf("uwx%02d", i)})
		}
		_, err := b.s.Members(t.Context(), tx, rows, 1)
		return err
	}))
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			for i := range 20 {
				b.apply(seen(fmt.Sprintf("wx%02d", (i*7+w*3)%20), users[w%3], start))
			}
		})
	}
	wg.Wait()
	b.is("people", 20, b.count(`SELECT count(*) FROM customer_customer`))
	b.is("relations", 60, b.count(`SELECT count(*) FROM customer_relation WHERE adds = 1`))
	added, fresh := 0, map[int64]int{}
	for _, e := range b.heard {
		if e.Kind == customer.Added {
			added++
			if e.Data.(customer.AddedData).NewPerson {
				fresh[e.CustomerID]++
			}
		}
	}
	b.is("added", 60, added)
	b.is("people who are new", 20, len(fresh))
	for c, n := range fresh {
		if n != 1 {
			t.Errorf("customer %d is called new %d times", c, n)
		}
	}
}

func TestApplyWritesOnlyDifferences(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	list := []customer.Seen{seen("wx1", "lina", start, "etA"), seen("wx1", "wang", start), seen("wx2", "lina", start, "etA", "etB"), seen("wx2", "lina", start, "etA", "etB")}
	b.is("first", customer.Applied{Customers: 2, Added: 3, Tags: 3}, b.apply(list...))
	written := func() int {
		return b.count(`SELECT sum(xmin::text::bigint)::bigint::int FROM (SELECT xmin FROM customer_relation UNION ALL SELECT xmin FROM customer_customer UNION ALL SELECT xmin FROM customer_relation_tag UNION ALL SELECT xmin FROM customer_identity) x`)
	}
	before := written()
	b.took()
	b.is("again", customer.Applied{}, b.apply(list...))
	if written() != before || len(b.heard) != 0 {
		t.Error("rows were written, or events published, for a reading without a difference")
	}
	renamed := seen("wx1", "lina", start, "etB")
	renamed.Contact.Name = "新名字"
	renamed.ReadAt = clock.Wall().Now().Add(time.Hour)
	b.is("changed", customer.Applied{Tags: 2}, b.apply(renamed))
	b.is("renamed", 1, b.count(`SELECT count(*) FROM customer_customer WHERE name = '新名字' AND name_key = 'xinmingzi'`))
	b.is("heard", []string{"customer.tagged etB 老客", "customer.untagged etA 扫码"}, b.took())
}

// A reading that was on its way while the relation ended must not bring it back.
func TestAnOldReadingDoesNotReviveAnEnd(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	old := seen("wx1", "lina", start)
	b.apply(old)
	b.check(b.db.Tx(t.Context(), func(tx pg.Tx) error {
		return b.s.End(t.Context(), tx, []customer.End{{UserID: "lina", ExternalUserID: "wx1", By: customer.DeletedByStaff, At: start.Add(time.Minute)}}, 5)
	}))
	old.Follow.Remark = "新备注"
	b.is("applied", customer.Applied{}, b.apply(old))
	b.is("relation", map[string]string{"wx1 lina": "deleted_by_staff 1  "}, b.relations())
	// Nor does an end that is older than the beginning we hold end anything.
	b.apply(seen("wx1", "lina", start.Add(time.Hour)))
	b.check(b.db.Tx(t.Context(), func(tx pg.Tx) error {
		return b.s.End(t.Context(), tx, []customer.End{{UserID: "lina", ExternalUserID: "wx1", By: customer.DeletedByCustomer, At: start.Add(2 * time.Minute)}}, 5)
	}))
	b.is("relation", map[string]string{"wx1 lina": "active 2  "}, b.relations())
}

// A relation with somebody the directory did not know yet gets its store when it is read again.
func TestTheStoreIsFilledInLater(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.apply(seen("wx1", "newcomer", start))
	b.is("without a store", 1, b.count(`SELECT count(*) FROM customer_relation WHERE store_id = 0`))
	_, err := b.db.Exec(t.Context(), `UPDATE directory_staff SET store_id = $1 WHERE userid = 'newcomer'`, b.store["滨江"])
	b.check(err)
	b.is("applied", customer.Applied{Amended: 1}, b.apply(seen("wx1", "newcomer", start)))
	b.is("with its store", 1, b.count(`SELECT count(*) FROM customer_relation WHERE store_id = $1`, b.store["滨江"]))
}

func TestTagsThatVanishAreDropped(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.apply(seen("wx1", "lina", start, "etA", "etB"))
	keep := []wecom.CorpTagGroup{{GroupID: "etG", GroupName: "来源", Tags: []wecom.CorpTag{{ID: "etB", Name: "常客"}}}}
	for _, list := range [][]wecom.CorpTagGroup{keep, {}} {
		b.check(b.db.Tx(t.Context(), func(tx pg.Tx) error { return b.s.ApplyTags(t.Context(), tx, list, true) }))
		b.is("tags", len(list), b.count(`SELECT count(*) FROM customer_tag`))
		b.is("groups", len(list), b.count(`SELECT count(*) FROM customer_tag_group`))
		b.is("marks", len(list), b.count(`SELECT count(*) FROM customer_relation_tag`))
	}
}

func TestOptOut(t *testing.T) {
	b := newBrand(t, sim.Limits{})
	b.apply(seen("wx1", "lina", start))
	b.took()
	who := int64(b.count(`SELECT id::int FROM customer_customer`))
	b.check(b.s.OptOut(t.Context(), who, "说不要再发"))
	b.check(b.s.OptOut(t.Context(), who, "again"))
	st, err := b.s.Standings(t.Context(), b.db, []int64{who, 1})
	if err != nil || len(st) != 1 || !st[who].OptedOut || len(st[who].Active) != 1 || !st[who].FirstAdded.Equal(start) {
		t.Errorf("%+v, %v", st, err)
	}
	b.check(b.s.OptIn(t.Context(), who))
	b.check(b.s.OptIn(t.Context(), who))
	b.is("heard", []string{"customer.opted_out", "customer.opted_in"}, b.took())
	b.is("audited", 2, b.count(`SELECT count(*) FROM audit_entry WHERE action LIKE 'customer.%'`))
	b.is("the first reason was kept until then", 0, b.count(`SELECT count(*) FROM customer_customer WHERE opt_out_reason <> ''`))
	if err := b.s.OptOut(t.Context(), 1, "x"); errs.KindOf(err) != errs.NotFound {
		t.Errorf("nobody: %v", err)
	}
}
