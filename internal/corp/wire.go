package corp

import (
	"context"
	"slices"
	"time"

	"qunce/internal/analytics"
	"qunce/internal/archive"
	"qunce/internal/customer"
	"qunce/internal/customerapp"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/intake"
	"qunce/internal/job"
	"qunce/internal/pg"
	"qunce/internal/send"
	"qunce/internal/sop"
	"qunce/internal/staffapp"
)

// wireLater builds what stands on top of the line: plans, figures, files.
func (c *Corp) wireLater() {
	now := c.Time.Clock()
	c.SOP = sop.New(sop.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Events: c.Events, Audit: c.Audit, Customers: c.Customers, Groups: c.Groups,
		Directory: c.Directory, Touch: c.Touch, Tasks: c.Tasks, Sends: c.Sends, Media: c.Media})
	c.Events.Subscribe("customer", c.endOfFriends, send.NotFriend)
	c.Analytics = analytics.New(analytics.Deps{DB: c.DB, Clock: now})
	c.Archive = archive.New(c.archiveDeps())
	c.Intake = intake.New(intake.Deps{DB: c.DB, IDs: c.IDs, Clock: now, Wall: c.Wall, Audit: c.Audit, Catalog: c.Catalog, Log: c.Log,
		Importers: map[intake.Kind]intake.Importer{intake.Stores: intake.StoreImporter(c.Directory), intake.Orders: intake.OrderImporter(c.Orders),
			intake.Members: intake.MemberImporter(c.DB, c.Customers)},
		Wake: c.wakeIntake})
	c.wireDoctor()
}

// endOfFriends ends a relation when a mass send comes back from somebody who is no friend any more: no callback may have
// told, and WeCom's readings still show the relation one-way.
func (c *Corp) endOfFriends(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	for _, e := range evs {
		d := e.Data.(send.Data)
		end := customer.End{UserID: d.UserID, ExternalUserID: d.To, By: customer.DeletedByCustomer, At: e.At}
		if err := c.Customers.End(ctx, tx, []customer.End{end}, e.CauseID); err != nil {
			return err
		}
	}
	return nil
}

// wakeIntake wakes a runner of imports in whatever process has one.
func (c *Corp) wakeIntake(ctx context.Context) error {
	jobs := c.jobs.Load()
	if jobs == nil {
		return errs.E(errs.Unavailable, "job.closed", "the queue is not open in this process")
	}
	return jobs.Enqueue(ctx, intake.WakeArgs{Corp: c.Schema})
}

// importTimeout bounds one import job; the import itself resumes after a cut.
const importTimeout = time.Hour

// RegisterJobs adds the corp's workers.
func (c *Corp) RegisterJobs(w *job.Workers) {
	job.Handle(w, importTimeout, func(ctx context.Context, _ intake.WakeArgs) error {
		_, err := c.Intake.RunPending(ctx)
		return err
	})
}

// UseJobs gives the corp the queue once it is open.
func (c *Corp) UseJobs(j *job.Client) { c.jobs.Store(j) }

func (c *Corp) customerPlans(ctx context.Context, customerID int64) ([]customer.SOPPart, error) {
	return c.SOP.Part(ctx, customerID)
}

func (c *Corp) groupPlans(ctx context.Context, groupID int64) ([]customer.SOPPart, error) {
	return c.SOP.GroupPart(ctx, groupID)
}

// StaffPages is what the staff's pages work with.
func (c *Corp) StaffPages() staffapp.Deps {
	return staffapp.Deps{DB: c.DB, Clock: c.Time.Clock(), Directory: c.Directory, Tasks: c.Tasks, SOP: c.SOP, Codes: c.Codes, CorpName: c.BrandName(),
		WeCom: c.WeCom, Wall: c.Wall, PublicURL: c.Address(), AddsSince: c.Customers.AddsSince}
}

// CustomerPages is what the customers' pages work with.
func (c *Corp) CustomerPages() customerapp.Deps {
	return customerapp.Deps{DB: c.DB, Clock: c.Time.Clock(), Codes: c.Codes, Directory: c.Directory, Brand: c.BrandName()}
}

// StoresUnder widens a person's departments to their stores.
func (c *Corp) StoresUnder(ctx context.Context, departmentIDs []int64) ([]int64, error) {
	return c.Directory.ScopeFor(ctx, c.DB, nil, departmentIDs)
}

// StoreNames names stores for the users' page.
func (c *Corp) StoreNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	return c.names().Stores(ctx, ids)
}

// refreshStoreCodes lets the codes of stores follow the staff and groups that a sync found.
func (c *Corp) refreshStoreCodes(ctx context.Context, cause int64) error {
	doors, err := c.Codes.StoresWithDoors(ctx)
	if err != nil || len(doors) == 0 {
		return err
	}
	stores := make([]int64, 0, len(doors))
	for id := range doors {
		stores = append(stores, id)
	}
	slices.Sort(stores)
	_, err = c.Codes.EnsureStoreCodes(ctx, stores, cause)
	return err
}
