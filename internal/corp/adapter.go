package corp

import (
	"context"

	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/pg"
)

// The adapters let an earlier feature ask a later one, or put one feature's answer into the words of another. They hold
// no rules.

type staffRefs struct{ directory *directory.Service }

func (s staffRefs) EnsureStaff(ctx context.Context, tx pg.Tx, userIDs []string) (map[string]customer.StaffRef, error) {
	found, err := s.directory.EnsureStaff(ctx, tx, userIDs)
	out := make(map[string]customer.StaffRef, len(found))
	for u, x := range found {
		out[u] = customer.StaffRef{ID: x.ID, StoreID: x.StoreID, Name: x.Name}
	}
	return out, err
}

func (c *Corp) names() customer.Names {
	return customer.Names{
		Staff: c.staffNames,
		Stores: func(ctx context.Context, ids []int64) (map[int64]string, error) {
			found, err := c.Directory.StoresByIDs(ctx, c.DB, ids)
			out := make(map[int64]string, len(found))
			for i, s := range found {
				out[i] = s.Name
			}
			return out, err
		},
		Codes:  func(ctx context.Context, ids []int64) (map[int64]string, error) { return c.Codes.Names(ctx, c.DB, ids) },
		Groups: func(ctx context.Context, ids []int64) (map[int64]string, error) { return c.Groups.NamesOf(ctx, ids) },
	}
}

func (c *Corp) staffNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	found, err := c.Directory.StaffByIDs(ctx, c.DB, ids)
	out := make(map[int64]string, len(found))
	for i, s := range found {
		out[i] = s.Name
	}
	return out, err
}

func (c *Corp) customerNames(ctx context.Context, ids []int64) (map[int64]string, error) {
	return c.Customers.NamesOf(ctx, ids)
}

// parts puts a customer's page together.
func (c *Corp) parts() customer.Parts {
	return customer.Parts{
		Groups: func(ctx context.Context, id int64) ([]customer.GroupPart, error) { return c.Groups.StaysOf(ctx, id) },
		Orders: func(ctx context.Context, ids []int64) (map[int64]customer.OrderPart, error) {
			found, err := c.Orders.Summaries(ctx, c.DB, ids)
			out := make(map[int64]customer.OrderPart, len(found))
			for i, s := range found {
				out[i] = customer.OrderPart{Count: s.Orders, NetFen: s.NetFen, FirstAt: s.FirstAt, LastAt: s.LastAt}
			}
			return out, err
		},
		Touch:   func(ctx context.Context, id int64) (customer.TouchPart, error) { return c.Touch.Part(ctx, id) },
		SOP:     func(ctx context.Context, id int64) ([]customer.SOPPart, error) { return c.customerPlans(ctx, id) },
		First:   c.firstAttributed,
		Archive: func(ctx context.Context, id int64) (*customer.ArchivePart, error) { return c.archivePart(ctx, id) },
		Present: func(ctx context.Context, ids []int64) (map[int64]int, error) { return c.Groups.PresentIn(ctx, ids) },
	}
}

func (c *Corp) firstAttributed(ctx context.Context, customerID int64) (*customer.AttributedPart, error) {
	o, ok, err := c.Orders.FirstAttributed(ctx, c.DB, customerID)
	if err != nil || !ok {
		return nil, err
	}
	names, err := c.Codes.Names(ctx, c.DB, []int64{o.CodeID})
	return &customer.AttributedPart{CodeID: o.CodeID, Name: names[o.CodeID], OrderNo: o.OrderNo, At: o.PlacedAt}, err
}

func (c *Corp) staffCodeOf(ctx context.Context, storeIDs []int64) (map[int64]int64, error) {
	doors, err := c.Codes.OfStores(ctx, c.DB, storeIDs)
	out := map[int64]int64{}
	for store, d := range doors {
		if d.Staff != nil {
			out[store] = d.Staff.ID
		}
	}
	return out, err
}

func (c *Corp) joinCodeOf(ctx context.Context, storeID int64) (*int64, error) {
	doors, err := c.Codes.OfStores(ctx, c.DB, []int64{storeID})
	if d := doors[storeID]; err == nil && d.Group != nil {
		return &d.Group.ID, nil
	}
	return nil, err
}
