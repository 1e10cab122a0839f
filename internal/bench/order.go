package bench

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/audit"
	"qunce/internal/chain"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/order"
	"qunce/internal/sheet"
)

// orderFigures measures the import of a file of invented orders, of the same file again, and a bare COPY of the rows
// that came of it.
func (r *run) orderFigures(ctx context.Context) error {
	r.say("orders: writing a file of at least %d rows", r.orderLines)
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, clock.Shanghai)
	stores := chain.Stores(r.stores, 1)
	var file bytes.Buffer
	if err := chain.WriteOrders(&file, chain.OrderOptions{Start: start, Members: r.members, Stores: stores, Seed: 1}); err != nil {
		return err
	}
	rows := bytes.Count(file.Bytes(), []byte("\n")) - 1
	if rows < r.orderLines {
		return fmt.Errorf("the file has %d rows, must have %d at least", rows, r.orderLines)
	}

	// The clock stands after the last order, so that none is left out as being in the future.
	now := clock.NewManual(start.AddDate(0, 0, chain.DefaultDays+1))
	bus := event.New(r.ids, r.wall)
	places := directory.New(directory.Deps{DB: r.db, IDs: r.ids, Clock: now, Audit: audit.New(r.ids), Log: r.log})
	if err := r.importStores(ctx, places, stores); err != nil {
		return err
	}
	people := customer.New(customer.Deps{DB: r.db, IDs: r.ids, Clock: now, Events: bus, Log: r.log})
	orders := order.New(order.Deps{DB: r.db, IDs: r.ids, Clock: now, Events: bus, Members: people, Stores: places, Log: r.log})

	if err := r.settle(ctx); err != nil {
		return err
	}
	r.say("orders: importing %d rows", rows)
	first, did, err := r.importOrders(ctx, orders, file.Bytes())
	if err != nil {
		return err
	}
	if did.Rows != rows || did.Created == 0 || did.Skipped != 0 {
		return fmt.Errorf("the import read %d of %d rows, placed %d orders and left %d rows out", did.Rows, rows, did.Created, did.Skipped)
	}
	placed := did.Created
	if err := r.count(ctx, "order_order", placed); err != nil {
		return err
	}
	r.say("orders: importing the same file again")
	again, did, err := r.importOrders(ctx, orders, file.Bytes())
	if err != nil {
		return err
	}
	if did.Unchanged != placed || did.Created != 0 {
		return fmt.Errorf("the second import placed %d orders and found %d of %d unchanged", did.Created, did.Unchanged, placed)
	}
	r.say("orders: COPY of the same rows")
	bare, err := r.copyOrders(ctx)
	if err != nil {
		return err
	}
	limit := Limit{Key: "copy", Title: "COPY 到同样的表和索引 COPY into the same tables and indexes", Figure: perSecond(rows, bare)}
	r.report.add("order.import", "订单导入：文件行数 order import, rows of the file", "/s", perSecond(rows, first), limit)
	r.report.add("order.reimport", "同一文件再导一次，全部不变 the same file again, all unchanged", "/s", perSecond(rows, again), limit)
	return nil
}

func (r *run) importStores(ctx context.Context, d *directory.Service, stores []chain.Store) error {
	var file bytes.Buffer
	if err := chain.WriteStores(&file, stores); err != nil {
		return err
	}
	table, err := sheet.Open(&file, "stores.csv", directory.StoreColumns())
	if err != nil {
		return err
	}
	defer func() { _ = table.Close() }()
	cause, err := r.ids.Next(ctx)
	if err != nil {
		return err
	}
	did, err := d.ImportStores(ctx, table, directory.ImportOptions{System: chain.CoordinateSystem, CauseID: cause, Report: func(sheet.RowError) {}})
	if err == nil && did.Created != len(stores) {
		err = fmt.Errorf("%d of %d stores were imported", did.Created, len(stores))
	}
	return err
}

func (r *run) importOrders(ctx context.Context, s *order.Service, file []byte) (took time.Duration, did order.ImportResult, err error) {
	importID, err := r.ids.Next(ctx)
	if err != nil {
		return 0, did, err
	}
	wrong := 0
	took, err = r.time(func() error {
		table, err := sheet.Open(bytes.NewReader(file), "orders.csv", order.Columns())
		if err != nil {
			return err
		}
		defer func() { _ = table.Close() }()
		did, err = s.ImportOrders(ctx, table, order.ImportOptions{ImportID: importID, CauseID: importID, Report: func(e sheet.RowError) {
			if !e.Warning {
				wrong++
			}
		}})
		return err
	})
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%d rows of the invented file are wrong", wrong)
	}
	return took, did, err
}

// copyOrders loads the imported rows into empty tables of the same shape, from bytes that are ready before the clock
// starts: what the database takes for the rows alone. One COPY a table, one commit each.
func (r *run) copyOrders(ctx context.Context) (time.Duration, error) {
	conn, err := r.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var total time.Duration
	for _, like := range []string{"order_order", "order_line"} {
		var rows bytes.Buffer
		tag, err := conn.PgConn().CopyTo(ctx, &rows, `COPY `+like+` TO STDOUT (FORMAT binary)`)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", like, err)
		}
		table, err := r.emptyTable(ctx, like)
		if err != nil {
			return 0, err
		}
		took, err := r.time(func() error {
			_, err := conn.PgConn().CopyFrom(ctx, &rows, `COPY `+table+` FROM STDIN (FORMAT binary)`)
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("copy into %s: %w", table, err)
		}
		if err := r.count(ctx, table, int(tag.RowsAffected())); err != nil {
			return 0, err
		}
		total += took
	}
	return total, nil
}

// connect opens a connection of its own in the schema of the benchmark.
func (r *run) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(r.pool.URL())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	config.RuntimeParams["search_path"] = Schema
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}
