package intake

import (
	"context"

	"qunce/internal/directory"
	"qunce/internal/order"
	"qunce/internal/sheet"
)

// StoreImporter imports lists of stores into the directory.
func StoreImporter(s *directory.Service) Importer { return storeImporter{s} }

type storeImporter struct{ directory *directory.Service }

func (i storeImporter) Columns() []sheet.Column { return directory.StoreColumns() }

func (i storeImporter) Import(ctx context.Context, r *sheet.Reader, j Job, p Progress) (Counts, error) {
	did, err := i.directory.ImportStores(ctx, r, directory.ImportOptions{System: j.Options.CoordSystem, CauseID: j.CauseID, Report: p.Report})
	return Counts{Rows: did.Rows, Created: did.Created, Updated: did.Updated, Unchanged: did.Unchanged}, err
}

// OrderImporter imports orders.
func OrderImporter(s *order.Service) Importer { return orderImporter{s} }

type orderImporter struct{ orders *order.Service }

func (i orderImporter) Columns() []sheet.Column { return order.Columns() }

func (i orderImporter) Import(ctx context.Context, r *sheet.Reader, j Job, p Progress) (Counts, error) {
	did, err := i.orders.ImportOrders(ctx, r, order.ImportOptions{ImportID: j.ID, CauseID: j.CauseID, Future: j.Options.Future,
		Report: p.Report, Progress: p.Share})
	return Counts{Rows: did.Rows, Created: did.Created, Updated: did.Updated, Unchanged: did.Unchanged, Skipped: did.Skipped}, err
}
