package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"time"

	"qunce/internal/chain"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/intake"
	"qunce/internal/livecode"
	"qunce/internal/order"
	"qunce/internal/sheet"
	"qunce/internal/tenant"
)

const (
	builtInStores = 300
	builtInPeople = 30000
	historyDays   = 90
	feedDays      = 60
	staffPath     = "/staff"
)

func brand(s state) string {
	if s.Stores == "" {
		return chain.Brand
	}
	return "示例连锁"
}

// prepare does what needs no running server: files, the corp's clock, its stores, the simulated town, the simulator.
func (d *Demo) prepare(ctx context.Context, t tenant.Corp) error {
	if err := d.writeBuiltIn(); err != nil {
		return err
	}
	var err error
	if d.feed, err = readFeed(d.ordersPath()); err != nil {
		return err
	}
	if d.state.Start.IsZero() {
		d.state.Start = d.feed.middle()
		if err := d.saveState(); err != nil {
			return err
		}
	}
	err = d.patiently(ctx, func(ctx context.Context) (err error) {
		if d.corp, err = d.app.Corp(ctx, t, &d.state.Start); err != nil || d.state.Ready {
			return err
		}
		if err := d.importOnce(ctx, intake.Stores, d.storesPath(), intake.Options{CoordSystem: d.coords()}); err != nil {
			return err
		}
		return d.writeWorld(ctx)
	})
	if err != nil {
		return err
	}
	d.sim, err = startChild(ctx, d.o.Self, d.secrets(t), filepath.Join(d.dir, "sim.pid"), d.simLog())
	return err
}

func (d *Demo) simLog() io.Writer {
	f, err := os.OpenFile(filepath.Join(d.dir, "sim.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return io.Discard
	}
	return f
}

func (d *Demo) storesPath() string {
	if d.state.Stores != "" {
		return d.state.Stores
	}
	return filepath.Join(d.dir, "门店.csv")
}

func (d *Demo) ordersPath() string {
	if d.state.Orders != "" {
		return d.state.Orders
	}
	return filepath.Join(d.dir, "订单.csv")
}

func (d *Demo) coords() geo.System {
	switch {
	case d.state.Stores == "":
		return chain.CoordinateSystem
	case d.state.Coords == "":
		return geo.GCJ02
	}
	return geo.System(d.state.Coords)
}

func (d *Demo) people() int {
	if d.state.People > 0 {
		return d.state.People
	}
	return builtInPeople
}

// writeBuiltIn writes the fictional chain's files where the user gave none.
func (d *Demo) writeBuiltIn() error {
	n := d.state.MaxStores
	if n == 0 {
		n = builtInStores
	}
	stores := chain.Stores(n, d.state.Seed)
	write := func(path string, fill func(io.Writer) error) error {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		var b bytes.Buffer
		if err := fill(&b); err != nil {
			return err
		}
		return writeFile(path, b.Bytes())
	}
	if d.state.Stores == "" {
		if err := write(d.storesPath(), func(w io.Writer) error { return chain.WriteStores(w, stores) }); err != nil {
			return err
		}
	}
	if d.state.Orders != "" {
		return nil
	}
	today := clock.Day(d.app.Wall.Now())
	start := startOfDay(today.AddDate(0, 0, -(int(today.Weekday())+6)%7)) // this week's Monday
	o := chain.OrderOptions{Start: start, HistoryDays: historyDays, Days: feedDays, Members: d.people(), Seed: d.state.Seed}
	if d.state.Stores == "" {
		o.Stores = stores
	}
	if d.state.Start.IsZero() {
		d.state.Start = start
		if err := d.saveState(); err != nil { // the week changes, the demo's beginning does not
			return err
		}
	}
	o.Start = d.state.Start
	return write(d.ordersPath(), func(w io.Writer) error { return chain.WriteOrders(w, o) })
}

// importOnce imports a file through the importer that the console uses, unless an earlier start did.
func (d *Demo) importOnce(ctx context.Context, kind intake.Kind, path string, o intake.Options) error {
	done, err := d.corp.Intake.Finished(ctx, kind)
	if err != nil || done {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return errs.E(errs.Invalid, "demo.no_file", "cannot read %s", path).Wrap(err)
	}
	defer f.Close()
	r, err := d.corp.Intake.RunFile(ctx, kind, filepath.Base(path), f, o)
	if err != nil {
		return err
	}
	d.say("导入 %s：%s", filepath.Base(path), r)
	return nil
}

// writeWorld makes the simulated town from the stores that were imported.
func (d *Demo) writeWorld(ctx context.Context) error {
	stores, err := d.corp.Directory.Stores(ctx, d.corp.DB)
	if err != nil {
		return err
	}
	if len(stores) == 0 {
		return errs.E(errs.Invalid, "demo.no_stores", "the stores file has no usable row")
	}
	sort.Slice(stores, func(i, j int) bool { return stores[i].Number < stores[j].Number })
	t := build(stores, d.feed.members(), d.people(), d.state.Start, d.state.Seed, d.o.Config.PublicURL+staffPath)
	raw, err := json.Marshal(t.world)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(d.dir, "world.json"), raw); err != nil {
		return err
	}
	// What the chain's member system knows: numbers, and the unionid from its mini-program.
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"会员号", "unionid", "姓名"}}
	for _, m := range t.members {
		rows = append(rows, []string{m.memberNo, m.UnionID, ""})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return writeFile(d.membersPath(), b.Bytes())
}

func (d *Demo) membersPath() string { return filepath.Join(d.dir, "会员.csv") }

// setup does what needs the running server, the first time: members, past orders, what WeCom holds, plans, codes, and
// people who will come. Every step may be repeated.
func (d *Demo) setup(ctx context.Context) error {
	if d.state.Ready {
		return nil
	}
	c := d.corp
	if _, err := c.Directory.SyncDirectory(ctx); err != nil {
		return fmt.Errorf("read the directory: %w", err)
	}
	if err := d.importOnce(ctx, intake.Members, d.membersPath(), intake.Options{Source: "会员系统", LegalBasis: "contract"}); err != nil {
		return err
	}
	if err := d.importOnce(ctx, intake.Orders, d.ordersPath(), intake.Options{}); err != nil {
		return err
	}
	if err := d.fullSync(ctx); err != nil {
		return err
	}
	if err := c.Settle(ctx); err != nil {
		return err
	}
	for _, code := range []string{"T3", "T11"} {
		if err := c.SOP.Activate(ctx, code); err != nil {
			return fmt.Errorf("activate plan %s: %w", code, err)
		}
	}
	entries, native, locator, err := d.openDoors(ctx)
	if err != nil {
		return err
	}
	if err := d.world().Plan(ctx, arrivals(d.state.Start, d.people(), entries, locator, native)); err != nil {
		return err
	}
	d.state.Ready = true
	return d.saveState()
}

// fullSync runs a reconciling sync to its end.
func (d *Demo) fullSync(ctx context.Context) error {
	run, err := d.corp.Sync.Start(ctx)
	if err != nil {
		return err
	}
	for {
		state, text, err := d.corp.Sync.State(ctx, run)
		switch {
		case err != nil:
			return err
		case state == "done":
			return nil
		case state == "failed":
			return fmt.Errorf("sync failed: %s", text)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// openDoors gives every store its codes and the brand its store locator, and returns where people come in: landing pages,
// and the printed WeCom codes themselves, which show no scans.
func (d *Demo) openDoors(ctx context.Context) (entries, native []entrance, locator string, err error) {
	c := d.corp
	stores, err := c.Directory.Stores(ctx, c.DB)
	if err != nil {
		return nil, nil, "", err
	}
	ids := make([]int64, len(stores))
	numbers := map[int64]string{}
	for i, s := range stores {
		ids[i], numbers[s.ID] = s.ID, s.Number
	}
	cause, err := c.IDs.Next(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	if _, err := c.Codes.EnsureStoreCodes(ctx, ids, cause); err != nil {
		return nil, nil, "", fmt.Errorf("make store codes: %w", err)
	}
	if err := c.Settle(ctx); err != nil {
		return nil, nil, "", err
	}
	doors, err := c.Codes.OfStores(ctx, c.DB, ids)
	if err != nil {
		return nil, nil, "", err
	}
	if err := d.tagDoors(ctx, doors); err != nil {
		return nil, nil, "", err
	}
	for _, id := range ids {
		if x := doors[id].Staff; x != nil {
			entries = append(entries, entrance{numbers[id], c.Codes.URL(x.Token)})
			if x.QR != "" {
				native = append(native, entrance{numbers[id], x.QR})
			}
		}
	}
	found, ok, err := c.Codes.Locator(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	if !ok {
		id, err := c.Codes.Create(ctx, livecode.NewCode{Kind: livecode.Locator, Name: "找附近门店", Channel: livecode.Article, OfferGroup: true})
		if err != nil {
			return nil, nil, "", err
		}
		if found, err = c.Codes.Get(ctx, id); err != nil {
			return nil, nil, "", err
		}
	}
	return entries, native, c.Codes.URL(found.Token), nil
}

// tagDoors lets every store's staff code set the channel's tag, as an operator would.
func (d *Demo) tagDoors(ctx context.Context, doors map[int64]livecode.Doors) error {
	tags := []string{ChannelTag}
	for _, x := range doors {
		if x.Staff == nil || len(x.Staff.TagIDs) > 0 {
			continue
		}
		if err := d.corp.Codes.Update(ctx, x.Staff.ID, livecode.Change{TagIDs: &tags}); err != nil {
			return fmt.Errorf("tag a code: %w", err)
		}
	}
	return nil
}

// feed is the orders file, by time: what is earlier than the corp's start is history, the rest arrives at its own time.
type feed struct {
	orders []order.NewOrder
}

func readFeed(path string) (*feed, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errs.E(errs.Invalid, "demo.no_file", "cannot read %s", path).Wrap(err)
	}
	defer f.Close()
	r, err := sheet.Open(f, filepath.Base(path), order.Columns())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out := &feed{}
	// Bad rows are reported by the import of the same file.
	err = order.ReadOrders(r, func(sheet.RowError) {}, func(o order.NewOrder) error { out.orders = append(out.orders, o); return nil })
	if err != nil {
		return nil, err
	}
	if len(out.orders) == 0 {
		return nil, errs.E(errs.Invalid, "demo.no_orders", "the orders file has no usable row")
	}
	sort.SliceStable(out.orders, func(i, j int) bool { return out.orders[i].PlacedAt.Before(out.orders[j].PlacedAt) })
	return out, nil
}

// middle is the morning of a Monday about the middle of the file, so that there is a past and a future.
func (f *feed) middle() time.Time {
	first, last := f.orders[0].PlacedAt, f.orders[len(f.orders)-1].PlacedAt
	day := clock.Day(first.Add(last.Sub(first) / 2))
	return startOfDay(day.AddDate(0, 0, -(int(day.Weekday())+6)%7))
}

// members lists the member numbers of the file, sorted.
func (f *feed) members() []string {
	seen := map[string]bool{}
	var out []string
	for _, o := range f.orders {
		if o.MemberNo != "" && !seen[o.MemberNo] {
			seen[o.MemberNo] = true
			out = append(out, o.MemberNo)
		}
	}
	sort.Strings(out)
	return out
}

// between returns the orders placed after from and not after to.
func (f *feed) between(from, to time.Time) []order.NewOrder {
	lo := sort.Search(len(f.orders), func(i int) bool { return f.orders[i].PlacedAt.After(from) })
	hi := sort.Search(len(f.orders), func(i int) bool { return f.orders[i].PlacedAt.After(to) })
	return f.orders[lo:hi]
}

// next is when the first order after t was placed.
func (f *feed) next(t time.Time) (time.Time, bool) {
	i := sort.Search(len(f.orders), func(i int) bool { return f.orders[i].PlacedAt.After(t) })
	if i == len(f.orders) {
		return time.Time{}, false
	}
	return f.orders[i].PlacedAt, true
}
