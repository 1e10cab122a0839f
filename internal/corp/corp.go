// Package corp is the service graph of one WeCom corp: every feature with what it needs, wired once and in one place.
// Read it first to see how the features hang together.
//
// A corp is a schema and a graph. Open builds the graph and touches no network; Work does the corp's work (inbox, outbox,
// due rows, syncs) while it holds the corp's lease, so of several processes one works and the others wait.
package corp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"qunce/internal/analytics"
	"qunce/internal/archive"
	"qunce/internal/audit"
	"qunce/internal/blob"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/doctor"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/inbox"
	"qunce/internal/intake"
	"qunce/internal/job"
	"qunce/internal/livecode"
	"qunce/internal/media"
	"qunce/internal/order"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/send"
	"qunce/internal/sop"
	"qunce/internal/statistic"
	"qunce/internal/sync"
	"qunce/internal/task"
	"qunce/internal/tenant"
	"qunce/internal/touch"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// Deps are what a corp is built from.
type Deps struct {
	Pool      *pg.Pool
	IDs       *id.Source
	Wall      clock.Clock
	Sealer    *tenant.Sealer
	Registry  *tenant.Service // of all corps; nil where nothing of the registration is changed
	HTTP      *http.Client
	PublicURL string         // of the process; the corp's own wins
	Processes int            // that share the database and WeCom's limits; 0 = 1
	Machine   doctor.Machine // what the process knows of itself, for the doctor
	KeysUsed  func()         // WeCom has used the callback's next token and key; may be nil
	Start     *time.Time     // where an accelerated clock starts, for a corp that has no clock yet
	Catalog   *i18n.Catalog
	Log       *slog.Logger
}

// Corp is one corp's services.
type Corp struct {
	tenant.Corp
	Deps
	DB   *pg.DB
	Time *Time

	WeCom     *wecom.Client
	Events    *event.Bus
	Audit     *audit.Log
	Inbox     *inbox.Inbox
	Outbox    *outbox.Outbox
	Media     *media.Service
	Ingress   *inbox.Ingress
	Directory *directory.Service
	Customers *customer.Service
	Groups    *group.Service
	Orders    *order.Service
	Touch     *touch.Service
	Tasks     *task.Service
	Sends     *send.Service
	Codes     *livecode.Service
	SOP       *sop.Service
	Analytics *analytics.Service
	Statistic *statistic.Service
	Archive   *archive.Service
	Sync      *sync.Service
	Intake    *intake.Service
	Doctor    *doctor.Service

	due    []named
	jobs   atomic.Pointer[job.Client]
	meters meters
}

// staleAfter is how old a callback's signature may be.
const staleAfter = 10 * time.Minute

// Open migrates the corp's schema and builds its graph.
func Open(ctx context.Context, t tenant.Corp, d Deps) (*Corp, error) {
	if err := pg.MigrateCorp(ctx, d.Pool, t.Schema); err != nil {
		return nil, fmt.Errorf("migrate %s: %w", t.Schema, err)
	}
	c := &Corp{Corp: t, Deps: d, DB: d.Pool.Corp(t.Schema)}
	var err error
	if c.Time, err = openTime(ctx, c.DB, d.Wall, d.Start); err != nil {
		return nil, err
	}
	if err := event.Found(ctx, c.DB, c.Time.Started()); err != nil {
		return nil, err
	}
	if err := event.EnsurePartitions(ctx, c.DB, c.Time.Now(), c.Time.Now().AddDate(0, 2, 0)); err != nil {
		return nil, err
	}
	crypto, err := callback.NewCrypto(t.Secrets.CallbackToken, t.Secrets.EncodingAESKey, t.CorpID)
	if err != nil {
		return nil, err
	}
	app := fmt.Sprintf("agent/%d", t.AgentID)
	c.WeCom = wecom.New(wecom.Config{BaseURL: t.Settings.WeComBaseURL, CorpID: t.CorpID, Secret: t.Secrets.Secret, AgentID: t.AgentID,
		HTTP: d.HTTP, Tokens: tenant.TokenStore(c.DB, d.Sealer, d.Wall, app), Clock: d.Wall,
		Tickets:   func(name string) wecom.TokenStore { return tenant.TokenStore(c.DB, d.Sealer, d.Wall, app+"/"+name) },
		PerMinute: c.callsPerMinute(), Share: d.Processes, Meter: tenant.Meter(c.DB)})
	c.Events = event.New(d.IDs, d.Wall)
	c.Audit = audit.New(d.IDs)
	c.Inbox = inbox.New(c.DB, d.IDs, d.Wall, d.Log)
	c.Outbox = outbox.New(c.DB, d.IDs, d.Wall, d.Log)
	if crypto, err = c.withNextKeys(crypto.Within(staleAfter, d.Wall)); err != nil {
		return nil, err
	}
	c.Ingress = inbox.NewIngress(c.Inbox, crypto)
	c.wire()
	return c, nil
}

// wire builds the features in the order of the code base: each knows only those before it, and hears of the others by
// events or through the small adapters of adapter.go.
func (c *Corp) wire() {
	now, wall, log := c.Time.Clock(), c.Wall, c.Log
	public := c.Address()
	c.Directory = directory.New(directory.Deps{DB: c.DB, IDs: c.IDs, Clock: now, WeCom: c.WeCom, Audit: c.Audit, Log: log,
		GroupCounts: func(ctx context.Context, ids []int64) (map[int64]int, error) { return c.Groups.CountByStore(ctx, ids) },
		CustomerCounts: func(ctx context.Context, ids []int64) (map[int64]int, error) {
			return c.Customers.CountByStaff(ctx, ids)
		},
		CodeOf: c.staffCodeOf})
	c.Media = media.New(media.Deps{DB: c.DB, IDs: c.IDs, Clock: now, WeCom: c.WeCom})
	names := c.names()
	c.Customers = customer.New(customer.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Wall: wall, Events: c.Events, WeCom: c.WeCom, Audit: c.Audit,
		Staff: staffRefs{c.Directory}, Names: names, Parts: c.parts(), Log: log})
	c.Groups = group.New(group.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Wall: wall, Events: c.Events, WeCom: c.WeCom, Staff: staffRefs{c.Directory},
		Customers: c.Customers, Names: names, Plans: c.groupPlans, JoinCode: c.joinCodeOf, Log: log})
	c.Groups.Subscribe(c.Events)
	c.Orders = order.New(order.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Events: c.Events, Members: c.Customers, Stores: c.Directory, Log: log,
		CustomerNames: c.customerNames, StoreNames: names.Stores, CodeNames: names.Codes,
		FindMember: c.Customers.FindMember, MaySee: c.Customers.MaySee})
	c.Touch = touch.New(touch.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Events: c.Events, Audit: c.Audit, Customers: c.Customers, Groups: c.Groups, Directory: c.Directory})
	c.Tasks = task.New(task.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Events: c.Events, Outbox: c.Outbox, WeCom: c.WeCom, Audit: c.Audit,
		Directory: c.Directory, Log: log, PublicURL: public})
	c.Codes = livecode.New(livecode.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Wall: wall, Events: c.Events, Outbox: c.Outbox, WeCom: c.WeCom,
		Audit: c.Audit, Log: log, Directory: c.Directory, Groups: c.Groups, Customers: c.Customers, Orders: c.Orders, Touches: c.Touch, Media: c.Media,
		TagNames:  c.Customers.TagNames,
		PublicURL: public, Brand: c.BrandName()})
	c.Sends = send.New(send.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Events: c.Events, Outbox: c.Outbox, WeCom: c.WeCom, Tasks: c.Tasks, Touch: c.Touch, Media: c.Media, Log: log})
	c.wireLater()
	c.Statistic = statistic.New(statistic.Deps{DB: c.DB, Clock: now, WeCom: c.WeCom, Audit: c.Audit, Directory: c.Directory, Log: log,
		Owners: func(ctx context.Context) ([]int64, error) { return c.Groups.Owners(ctx, c.DB) }})
	c.Sync = sync.New(sync.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Wall: wall, WeCom: c.WeCom, Audit: c.Audit, Directory: c.Directory, Customers: c.Customers, Groups: c.Groups,
		Codes: c.Codes, Statistics: c.Statistic, Catalog: c.Catalog, Log: log, Doors: c.refreshStoreCodes, Since: c.Time.Started, Every: c.checksEvery()})
	c.Directory.Register(c.Inbox)
	c.Customers.Listen(c.Inbox)
	c.Groups.Listen(c.Inbox)
	c.Archive.Listen(c.Inbox)
	c.due = []named{{"livecode", c.Codes}, {"sop", c.SOP}, {"send", c.Sends}, {"task", c.Tasks}, {"sync", c.Sync}, {"archive", c.Archive}}
}

// callsPerMinute is WeCom's limit per API; a simulated week has more calls in a minute than a real one.
func (c *Corp) callsPerMinute() int {
	if c.Time.Accelerated() {
		return -1
	}
	return 0
}

// checksEvery is the pause between a sync and the next check. On an accelerated clock an hour is a moment, and every check
// holds the barrier: there one between two daily runs is enough.
func (c *Corp) checksEvery() time.Duration {
	if c.Time.Accelerated() {
		return 12 * time.Hour
	}
	return time.Hour
}

// Address is where browsers and WeCom reach the corp's pages, without a trailing slash.
func (c *Corp) Address() string {
	if c.Settings.PublicURL != "" {
		return c.Settings.PublicURL
	}
	return c.PublicURL
}

// Tables lists what all packages declare in a corp's schema.
func Tables() []pg.Table {
	var all []pg.Table
	for _, tables := range []func() []pg.Table{job.Tables, event.Tables, audit.Tables, outbox.Tables, inbox.Tables, blob.Tables, media.Tables, directory.Tables, customer.Tables,
		group.Tables, tenant.Tables, order.Tables, task.Tables, touch.Tables, livecode.Tables, send.Tables, sop.Tables, statistic.Tables, sync.Tables, intake.Tables, archive.Tables, doctor.Tables, ownTables} {
		all = append(all, tables()...)
	}
	return all
}

func ownTables() []pg.Table {
	return []pg.Table{
		{Name: "corp_clock", Owner: "corp", Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "copy"},
	}
}

// Receive stores callbacks until ctx ends; every process with the role ingress does it.
func (c *Corp) Receive(ctx context.Context) error { return c.Inbox.Ingest(ctx) }

// Work does the corp's work while it holds the lease, until ctx ends. Due work runs every second on a real clock; on an
// accelerated one whoever drives the clock calls Settle.
func (c *Corp) Work(ctx context.Context, owner string) error {
	return job.Hold(ctx, c.DB, c.Pool.URL(), "worker", owner, c.Wall, func(ctx context.Context, lease *job.Lease) error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		work := []func(context.Context) error{
			func(ctx context.Context) error { return c.Inbox.Run(ctx, lease) },
			func(ctx context.Context) error { return c.Outbox.Run(ctx, lease) },
			c.Sync.Work,
			c.Intake.Run,
			c.examine,
			c.Archive.Work,
			c.tick,
		}
		done := make(chan error, len(work))
		for _, w := range work {
			go func() { done <- w(ctx) }()
		}
		var first error
		for range work {
			if err := <-done; err != nil && first == nil {
				first = err
			}
			stop()
		}
		return first
	})
}

func (c *Corp) tick(ctx context.Context) error {
	if c.Time.Accelerated() {
		<-ctx.Done()
		return ctx.Err()
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
		if _, err := c.runDue(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("due work", "error", err)
		}
		if err := event.EnsurePartitions(ctx, c.DB, c.Time.Now(), c.Time.Now().AddDate(0, 2, 0)); err != nil && ctx.Err() == nil {
			c.Log.Error("partitions", "error", err)
		}
	}
}
