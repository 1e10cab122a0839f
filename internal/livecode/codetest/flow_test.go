package codetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/customer"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/inbox"
	"qunce/internal/livecode"
	"qunce/internal/livecode/codetest"
	"qunce/internal/order"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/sim"
)

func poster(b *codetest.Brand) livecode.NewCode {
	return livecode.NewCode{Kind: livecode.StaffCode, Name: "西湖店海报", Channel: livecode.StorePoster, StoreID: b.West, TagIDs: []string{"etPOSTER"},
		WelcomeText: "{name}，我是{store}的{staff}", OfferGroup: true}
}

// The whole line: a code is made, a customer comes in, is welcomed and tagged, joins the group, orders, and the code shows it.
func TestFromCodeToOrder(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	ctx := t.Context()
	room := b.Create(livecode.NewCode{Kind: livecode.GroupCode, Name: "西湖店进群", Channel: livecode.TableCard, StoreID: b.West})
	code := b.Create(poster(b))
	if code.Status != livecode.Active || code.QR == "" || room.Status != livecode.Active || room.QR == "" {
		t.Fatalf("codes are not active: %+v %+v", code, room)
	}
	if len(code.StaffIDs) != 2 || !code.FollowStore {
		t.Errorf("the code follows the store's two staff, got %v", code.StaffIDs)
	}

	b.Do("add", map[string]any{"person": codetest.Person(0), "qr": code.QR})
	b.Do("join", map[string]any{"person": codetest.Person(0), "qr": room.QR})
	customerID := codetest.One[int64](b, `SELECT customer_id FROM customer_identity WHERE kind = 'external_userid' AND value = $1`, codetest.Person(0))

	if got := codetest.One[int64](b, `SELECT code_id FROM customer_relation WHERE customer_id = $1`, customerID); got != code.ID {
		t.Errorf("the relation began through code %d, want %d", got, code.ID)
	}
	if got := codetest.One[string](b, `SELECT state FROM livecode_welcome WHERE customer_id = $1 AND latency_ms < 20000`, customerID); got != "sent" {
		t.Errorf("welcome is %s", got)
	}
	text := codetest.One[string](b, `SELECT text FROM livecode_welcome WHERE customer_id = $1`, customerID)
	if text != "顾客0，我是禾光·西湖店的李娜" && text != "顾客0，我是禾光·西湖店的王强" {
		t.Errorf("welcome says %q", text)
	}
	if got := codetest.One[string](b, `SELECT outcome FROM touch_customer WHERE customer_id = $1 AND channel = 'welcome'`, customerID); got != "delivered" {
		t.Errorf("the ledger says %s", got)
	}
	if got := codetest.One[string](b, `SELECT tag_id FROM customer_relation_tag WHERE customer_id = $1`, customerID); got != "etPOSTER" {
		t.Errorf("tag %s", got)
	}
	truth, err := b.Sim.Truth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(truth.Tags) != 1 || len(truth.Welcomes) != 1 || truth.Welcomes[0][2].(float64) != 1 {
		t.Errorf("WeCom has tags %v, welcomes %v", truth.Tags, truth.Welcomes)
	}
	if got := codetest.One[int64](b, `SELECT code_id FROM group_member WHERE member_id = $1`, codetest.Person(0)); got != room.ID {
		t.Errorf("joined through code %d, want %d", got, room.ID)
	}

	// The customer's member number becomes known, and they buy twice.
	if _, err := b.DB.Exec(ctx, `INSERT INTO customer_identity (kind, value, customer_id, source, created_at) VALUES ('member_no', 'M1', $1, 'test', $2)`, customerID, codetest.Start); err != nil {
		t.Fatal(err)
	}
	buy := func(no string, at time.Time, fen int64) {
		t.Helper()
		if _, err := b.Orders.Place(ctx, []order.NewOrder{{OrderNo: no, PlacedAt: at, MemberNo: "M1", StoreNumber: "HG00001", NetFen: fen,
			Lines: []order.Line{{SKU: "T1", Name: "茉莉奶绿", Quantity: 1, UnitFen: fen}}}}, b.ID()); err != nil {
			t.Fatal(err)
		}
	}
	buy("O-before", codetest.Start.AddDate(0, 0, -1), 900)
	buy("O-second", codetest.Start.Add(48*time.Hour), 2500)
	buy("O-first", codetest.Start.Add(24*time.Hour), 1800)
	buy("O-late", codetest.Start.Add(livecode.Window+time.Hour), 3000)
	rows, err := b.DB.Query(ctx, `SELECT order_no, attributed_code_id = $1 FROM order_order ORDER BY order_no`, code.ID)
	if err != nil {
		t.Fatal(err)
	}
	owed := map[string]bool{}
	for rows.Next() {
		var no string
		var is bool
		if err := rows.Scan(&no, &is); err != nil {
			t.Fatal(err)
		}
		owed[no] = is
	}
	if diff := cmp.Diff(map[string]bool{"O-before": false, "O-first": true, "O-second": true, "O-late": false}, owed); diff != "" {
		t.Errorf("owed to the code: %s", diff)
	}
	if got := codetest.One[string](b, `SELECT o.order_no FROM livecode_attribution a JOIN order_order o ON o.id = a.object_id WHERE a.step = 'first_order'`); got != "O-first" {
		t.Errorf("first order is %s, want the earliest one though it came later", got)
	}

	counts, err := b.Codes.CountsOf(ctx, b.DB, []int64{code.ID, room.ID})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]livecode.Counts{code.ID: {Adds: 1, Joins: 1, FirstOrders: 1}, room.ID: {Joins: 1}}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("people of the codes: %s", diff)
	}
	days, err := b.Codes.Daily(ctx, b.DB, code.ID, 2)
	if err != nil {
		t.Fatal(err)
	}
	if days[1].Adds != 1 || days[0].Adds != 0 || days[1].FirstOrders != 0 {
		t.Errorf("days: %+v", days)
	}
}

// A join that is handled before the add it followed, as when callbacks overtake each other, is credited all the same.
func TestJoinBeforeAddIsCredited(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	room := b.Create(livecode.NewCode{Kind: livecode.GroupCode, Name: "西湖店进群", Channel: livecode.TableCard, StoreID: b.West})
	code := b.Create(poster(b))
	b.Do("join", map[string]any{"person": codetest.Person(1), "qr": room.QR})
	counts, err := b.Codes.CountsOf(t.Context(), b.DB, []int64{room.ID})
	if err != nil || counts[room.ID].Joins != 1 {
		t.Fatalf("a stranger's join counts: %+v, %v", counts, err)
	}
	b.Do("add", map[string]any{"person": codetest.Person(1), "qr": code.QR})
	counts, err = b.Codes.CountsOf(t.Context(), b.DB, []int64{room.ID, code.ID})
	if err != nil {
		t.Fatal(err)
	}
	if counts[room.ID].Joins != 1 || counts[code.ID] != (livecode.Counts{Adds: 1, Joins: 1}) {
		t.Errorf("counts %+v", counts)
	}
	if n := codetest.One[int64](b, `SELECT count(*) FROM livecode_attribution WHERE customer_id = 0`); n != 0 {
		t.Errorf("%d joins are still a stranger's", n)
	}

	// The same for somebody who was known already, as another's friend who came without a code.
	known := customer.Seen{Contact: wecom.ExternalContact{ExternalUserID: codetest.Person(2), Name: "老友"}, Follow: wecom.Follow{UserID: "zhou", CreateTime: codetest.Start.Unix()}}
	if err := b.DB.Tx(t.Context(), func(tx pg.Tx) error {
		_, err := b.Customers.Apply(t.Context(), tx, []customer.Seen{known}, "", b.ID())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b.Do("join", map[string]any{"person": codetest.Person(2), "qr": room.QR})
	b.Do("add", map[string]any{"person": codetest.Person(2), "qr": code.QR})
	counts, err = b.Codes.CountsOf(t.Context(), b.DB, []int64{room.ID, code.ID})
	if err != nil || counts[room.ID].Joins != 2 || counts[code.ID] != (livecode.Counts{Adds: 2, Joins: 2}) {
		t.Errorf("counts %+v, %v", counts, err)
	}
}

// A welcome whose answer was lost is asked for again; WeCom's "already sent" is then our own first try.
func TestLostWelcomeIsSentOnce(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	ctx := t.Context()
	code := b.Create(poster(b))
	if err := b.Sim.Plan(ctx, sim.Plan{Acts: []sim.Act{{At: codetest.Start.Add(time.Minute), Kind: "add", Person: codetest.Person(0), URL: code.QR}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Sim.Advance(ctx, codetest.Start.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Inbox.RunOnce(ctx, inbox.Lanes); err != nil || n != 1 {
		t.Fatalf("%d urgent events, %v", n, err)
	}
	if err := b.Sim.Faults(ctx, sim.Faults{DropAfterEffect: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Outbox.RunOnce(ctx, outbox.Welcome, 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Sim.Faults(ctx, sim.Faults{}); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	if got := codetest.One[string](b, `SELECT state || ' ' || reason FROM livecode_welcome WHERE latency_ms IS NOT NULL`); got != "sent " {
		t.Errorf("welcome is %q", got)
	}
	truth, err := b.Sim.Truth(ctx)
	if err != nil || len(truth.Welcomes) != 1 || truth.Welcomes[0][2].(float64) != 1 {
		t.Errorf("WeCom delivered %v, %v", truth.Welcomes, err)
	}
	if n := codetest.One[int64](b, `SELECT count(*) FROM event_event WHERE kind = 'welcome.sent'`); n != 1 {
		t.Errorf("%d events", n)
	}
}

// Group codes move on to the next group before one is full, WeCom is written to only then, and nobody is left outside.
func TestNextGroup(t *testing.T) {
	b := codetest.New(t, codetest.Options{People: 8, InWest: 177})
	room := b.Create(livecode.NewCode{Kind: livecode.GroupCode, Name: "西湖店进群", Channel: livecode.TableCard, StoreID: b.West})
	updates := func() int64 {
		return codetest.One[int64](b, `SELECT count(*) FROM outbox_call WHERE kind = 'update_join_way'`)
	}
	b.Do("join", map[string]any{"person": codetest.Person(0), "qr": room.QR})
	if _, due, err := b.Codes.NextDue(t.Context()); err != nil || due {
		t.Errorf("work is reported for ever: due %v, %v", due, err)
	}
	if n := updates(); n != 0 {
		t.Errorf("WeCom was written to %d times though nothing differed", n)
	}
	// Members: 177, the owner, and these: 180 is nearly full, and there is no other group.
	b.Do("join", map[string]any{"person": codetest.Person(1), "qr": room.QR})
	b.Do("join", map[string]any{"person": codetest.Person(2), "qr": room.QR})
	got, err := b.Codes.Get(t.Context(), room.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.GroupIDs) != 1 || got.Status != livecode.Active {
		t.Errorf("with its only group nearly full the code keeps it, for WeCom opens the next from it: %+v", got)
	}
	// An open group comes to the store: it takes the full one's place, at WeCom as well.
	if _, err := b.DB.Exec(t.Context(), `UPDATE group_group SET store_id = $1 WHERE chat_id = 'wrRIVER'`, b.West); err != nil {
		t.Fatal(err)
	}
	b.Do("join", map[string]any{"person": codetest.Person(3), "qr": room.QR})
	way, err := b.WeCom.GetJoinWay(t.Context(), got.ConfigID)
	if err != nil || !slices.Equal(way.ChatIDs, []string{"wrRIVER"}) || updates() != 1 {
		t.Errorf("WeCom has %v after %d rewrites, %v", way.ChatIDs, updates(), err)
	}
	if who := codetest.One[string](b, `SELECT convert_from(e.body, 'UTF8') FROM outbox_call c JOIN inbox_event e ON e.cause_id = c.cause_id WHERE c.kind = 'update_join_way'`); !strings.Contains(who, codetest.Person(3)) {
		t.Errorf("the rewrite is said to come of %s", who)
	}
}

// A half add, of a customer whose relation stands only when the member's phone has agreed, is welcomed within its seconds.
func TestHalfAddIsWelcomed(t *testing.T) {
	b := codetest.New(t, codetest.Options{Limits: sim.Limits{HalfAdd: 1}})
	code := b.Create(poster(b))
	b.Do("add", map[string]any{"person": codetest.Person(0), "qr": code.QR})
	b.Advance(codetest.Start.Add(time.Hour))
	if got := codetest.One[string](b, `SELECT string_agg(state || reason, ',') FROM livecode_welcome`); got != "sent" {
		t.Errorf("welcomes: %q, want one, sent", got)
	}
	if n := codetest.One[int64](b, `SELECT count(*) FROM livecode_attribution WHERE step = 'add' AND code_id = $1`, code.ID); n != 1 {
		t.Errorf("%d adds are owed to the code", n)
	}
}

// The second half of an adding may bring a code of its own before our welcome has landed. Whoever is being added once is
// welcomed once; who comes back later is welcomed again.
func TestOneAddingOneWelcome(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	code := b.Create(poster(b))
	b.Do("add", map[string]any{"person": codetest.Person(0), "qr": code.QR})
	b.Settle()
	customerID := codetest.One[int64](b, `SELECT customer_id FROM livecode_welcome`)
	staffID := codetest.One[int64](b, `SELECT staff_id FROM livecode_welcome`)
	at := codetest.One[time.Time](b, `SELECT at FROM livecode_welcome`)
	for i, later := range []time.Duration{time.Second, 2 * time.Hour} {
		err := b.DB.Tx(t.Context(), func(tx pg.Tx) error {
			ev := event.Event{Kind: customer.Welcomed, At: at.Add(later), CustomerID: customerID, StaffID: staffID, CauseID: b.ID(),
				Data: customer.WelcomeData{UserID: "nobody", ExternalUserID: codetest.Person(0), Code: fmt.Sprintf("second-%d", i), Received: time.Time{}}}
			return b.Events.Publish(t.Context(), tx, ev, ev)
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := codetest.One[int64](b, `SELECT count(*) FROM livecode_welcome`); n != int64(1+i) {
			t.Errorf("%s after the first code there are %d welcomes, want %d", later, n, 1+i)
		}
	}
}

func TestWeComOpensTheNextGroup(t *testing.T) {
	b := codetest.New(t, codetest.Options{People: 10, Limits: sim.Limits{JoinByQR: 4}})
	room := b.Create(livecode.NewCode{Kind: livecode.GroupCode, Name: "西湖店进群", Channel: livecode.TableCard, StoreID: b.West})
	for i := range 9 {
		b.Do("join", map[string]any{"person": codetest.Person(i), "qr": room.QR})
	}
	got, err := b.Codes.Get(t.Context(), room.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.GroupIDs) < 3 {
		t.Errorf("groups that WeCom opened stand behind the code: %v", got.GroupIDs)
	}
	if n := codetest.One[int64](b, `SELECT count(*) FROM group_group WHERE store_id = $1`, b.West); n < 3 {
		t.Errorf("%d groups belong to the store", n)
	}
	way, err := b.WeCom.GetJoinWay(t.Context(), got.ConfigID)
	if err != nil {
		t.Fatal(err)
	}
	if len(way.ChatIDs) != len(got.GroupIDs) {
		t.Errorf("WeCom has %v, we have %v", way.ChatIDs, got.GroupIDs)
	}
	if n := codetest.One[int64](b, `SELECT count(*) FROM group_member WHERE type = 2 AND left_at IS NULL AND code_id = $1`, room.ID); n != 9 {
		t.Errorf("%d of 9 people came in through the code", n)
	}
}

func TestEnsureStoreCodes(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	ctx := t.Context()
	stores := []int64{b.West, b.River}
	did, err := b.Codes.EnsureStoreCodes(ctx, stores, b.ID())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(livecode.Ensured{Created: 4}, did); diff != "" {
		t.Errorf("first run: %s", diff)
	}
	b.Settle()
	doors, err := b.Codes.OfStores(ctx, b.DB, stores)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range stores {
		if d := doors[id]; d.Staff == nil || d.Group == nil {
			t.Errorf("store %d has doors %+v", id, d)
		}
	}
	calls := codetest.One[int64](b, `SELECT count(*) FROM outbox_call`)
	if did, err = b.Codes.EnsureStoreCodes(ctx, stores, b.ID()); err != nil || did != (livecode.Ensured{Unchanged: 4}) {
		t.Errorf("second run: %+v, %v", did, err)
	}
	if n := codetest.One[int64](b, `SELECT count(*) FROM outbox_call`); n != calls {
		t.Errorf("the second run planned %d calls", n-calls)
	}
	// Somebody leaves: the code is rewritten, and only that one.
	if _, err := b.DB.Exec(ctx, `UPDATE directory_staff SET active = false WHERE userid = 'wang'`); err != nil {
		t.Fatal(err)
	}
	if did, err = b.Codes.EnsureStoreCodes(ctx, stores, b.ID()); err != nil || did != (livecode.Ensured{Unchanged: 3, Rewritten: 1}) {
		t.Errorf("after a leave: %+v, %v", did, err)
	}
	b.Settle()
	way, err := b.WeCom.GetContactWay(ctx, doors[b.West].Staff.ConfigID)
	if err != nil || !slices.Equal(way.Users, []string{"lina"}) {
		t.Errorf("WeCom has %v, %v", way.Users, err)
	}
	// Two at once make no double.
	if _, err := b.DB.Exec(ctx, `DELETE FROM livecode_code`); err != nil {
		t.Fatal(err)
	}
	made := make(chan int, 2)
	cause := b.ID()
	for range 2 {
		go func() {
			did, err := b.Codes.EnsureStoreCodes(ctx, stores, cause)
			if err != nil {
				t.Error(err)
			}
			made <- did.Created
		}()
	}
	if n := <-made + <-made; n != 4 {
		t.Errorf("two runs at once made %d codes, want 4", n)
	}
}

// A call whose answer was lost is found again at WeCom by its state, not made twice.
func TestLostAnswerIsFound(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	ctx := t.Context()
	codeID, err := b.Codes.Create(codetest.As(ctx), poster(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Sim.Faults(ctx, sim.Faults{DropAfterEffect: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Outbox.RunOnce(ctx, outbox.Write, 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Sim.Faults(ctx, sim.Faults{}); err != nil {
		t.Fatal(err)
	}
	if state := codetest.One[string](b, `SELECT state FROM outbox_call WHERE kind = 'add_contact_way'`); state != "unknown" {
		t.Fatalf("the call is %s, want unknown", state)
	}
	b.Settle()
	c, err := b.Codes.Get(ctx, codeID)
	if err != nil || c.Status != livecode.Active {
		t.Fatalf("code %+v, %v", c, err)
	}
	configs, _, err := b.WeCom.ListContactWay(ctx, codetest.Start.Add(-time.Hour).Unix(), 0, "", 100)
	if err != nil || !slices.Equal(configs, []string{c.ConfigID}) {
		t.Errorf("WeCom has ways %v, want only %s (%v)", configs, c.ConfigID, err)
	}
}

// A join way whose answer was lost cannot be found; it is counted, and a second one is made.
func TestLostJoinWayIsCounted(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	ctx := t.Context()
	codeID, err := b.Codes.Create(codetest.As(ctx), livecode.NewCode{Kind: livecode.GroupCode, Name: "进群", Channel: livecode.Receipt, StoreID: b.River})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Sim.Faults(ctx, sim.Faults{DropAfterEffect: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Outbox.RunOnce(ctx, outbox.Write, 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Sim.Faults(ctx, sim.Faults{}); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	c, err := b.Codes.Get(ctx, codeID)
	if err != nil || c.Status != livecode.Active {
		t.Errorf("code %+v, %v", c, err)
	}
	if n, err := b.Codes.Orphans(ctx); err != nil || n != 1 {
		t.Errorf("%d orphans counted, want 1 (%v)", n, err)
	}
}

// What WeCom refuses shows on the code with its reason, and a change tries again.
func TestRefusedCodeIsRetried(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	ctx := codetest.As(t.Context())
	if _, err := b.DB.Exec(ctx, `UPDATE directory_staff SET userid = 'nobody' WHERE userid = 'zhou'`); err != nil {
		t.Fatal(err)
	}
	c := b.Create(livecode.NewCode{Kind: livecode.StaffCode, Name: "滨江店", Channel: livecode.Package, StoreID: b.River})
	if c.Status != livecode.Failed || c.StatusReason == "" {
		t.Fatalf("code %+v", c)
	}
	if _, err := b.DB.Exec(ctx, `UPDATE directory_staff SET userid = 'zhou' WHERE userid = 'nobody'`); err != nil {
		t.Fatal(err)
	}
	if err := b.Codes.Update(ctx, c.ID, livecode.Change{}); err != nil {
		t.Fatal(err)
	}
	b.Settle()
	if c, err := b.Codes.Get(ctx, c.ID); err != nil || c.Status != livecode.Active || c.StatusReason != "" {
		t.Errorf("after the retry: %+v, %v", c, err)
	}
}

func TestCreateRefusals(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	good := poster(b)
	for name, c := range map[string]struct {
		change func(n *livecode.NewCode)
		code   string
	}{
		"no name":            {func(n *livecode.NewCode) { n.Name = " " }, "code.name"},
		"unknown kind":       {func(n *livecode.NewCode) { n.Kind = "x" }, "code.kind"},
		"unknown channel":    {func(n *livecode.NewCode) { n.Channel = "x" }, "code.channel"},
		"unknown store":      {func(n *livecode.NewCode) { n.StoreID = 999 }, "code.store"},
		"nobody":             {func(n *livecode.NewCode) { n.StoreID = 0 }, "code.staff"},
		"unknown staff":      {func(n *livecode.NewCode) { n.StaffIDs = []int64{999} }, "code.staff"},
		"too many staff":     {func(n *livecode.NewCode) { n.StaffIDs = make([]int64, 101) }, "code.too_many_staff"},
		"unknown group":      {func(n *livecode.NewCode) { n.Kind, n.GroupIDs = livecode.GroupCode, []int64{999} }, "code.group"},
		"too many groups":    {func(n *livecode.NewCode) { n.Kind, n.GroupIDs = livecode.GroupCode, make([]int64, 6) }, "code.too_many_groups"},
		"a very long letter": {func(n *livecode.NewCode) { n.WelcomeText = string(make([]byte, 3001)) }, "code.welcome_too_long"},
	} {
		n := good
		c.change(&n)
		if _, err := b.Codes.Create(codetest.As(t.Context()), n); !errs.Is(err, c.code) {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}
