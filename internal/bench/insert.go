package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"qunce/internal/wecom/callback"
)

// inboxRow is a stored callback, as the columns of inbox_event.
type inboxRow struct {
	id                                                  int64
	lane                                                int16
	at                                                  time.Time
	event, change, entity, userID, externalUserID, chat string
	body                                                []byte
}

func rowsOf(events []callback.Event) []inboxRow {
	out := make([]inboxRow, len(events))
	for i, e := range events {
		out[i] = inboxRow{id: int64(i), lane: int16(i % 4), at: time.Unix(e.CreateTime, 0), event: e.Event, change: e.ChangeType, //nolint:gosec // 0..3
			entity: e.Entity(), userID: e.UserID, externalUserID: e.ExternalUserID, chat: e.ChatID, body: e.Raw}
	}
	return out
}

// emptyTable makes a table like another one, with its indexes and checks.
func (r *run) emptyTable(ctx context.Context, like string) (string, error) {
	name := "bench_" + like
	if _, err := r.db.Exec(ctx, `DROP TABLE IF EXISTS `+name); err != nil {
		return "", err
	}
	if _, err := r.db.Exec(ctx, `CREATE TABLE `+name+` (LIKE `+like+` INCLUDING ALL)`); err != nil {
		return "", fmt.Errorf("make %s: %w", name, err)
	}
	return name, r.settle(ctx)
}

const inboxColumns = `(id, lane, urgent, received_at, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, state, next_at, cause_id)`

// bareInserts writes the rows one at a time, each with its own commit, on as many connections.
func (r *run) bareInserts(ctx context.Context, rows []inboxRow, connections int) (delivery, error) {
	table, err := r.emptyTable(ctx, "inbox_event")
	if err != nil {
		return delivery{}, err
	}
	d, err := r.spread(len(rows), connections, func(int) (func(i int) error, func(), error) {
		return func(i int) error {
			return r.insertOne(ctx, table, rows[i])
		}, func() {}, nil
	})
	if err != nil {
		return d, err
	}
	return d, r.count(ctx, table, len(rows))
}

// insertOne writes one row with a commit of its own.
func (r *run) insertOne(ctx context.Context, table string, x inboxRow) error {
	_, err := r.db.Exec(ctx, `INSERT INTO `+table+` `+inboxColumns+` VALUES ($1, $2, false, $3, $3, $4, $5, $6, $7, $8, $9, $10, 'new', $3, $1)`,
		x.id, x.lane, x.at, x.event, x.change, x.entity, x.userID, x.externalUserID, x.chat, x.body)
	return err
}

const (
	batchRows  = 512 // a set, as large as the door's largest group commit
	batchConns = 2   // as many as the door has committers
)

// batchedInserts writes the rows in sets and returns rows per second.
func (r *run) batchedInserts(ctx context.Context, rows []inboxRow) (float64, error) {
	table, err := r.emptyTable(ctx, "inbox_event")
	if err != nil {
		return 0, err
	}
	sql := `INSERT INTO ` + table + ` ` + inboxColumns + `
		SELECT id, lane, false, at, at, event, change, entity, userid, external, chat, body, 'new', at, id
		FROM unnest($1::bigint[], $2::smallint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[])
			AS u(id, lane, at, event, change, entity, userid, external, chat, body)`
	sets := (len(rows) + batchRows - 1) / batchRows
	d, err := r.spread(sets, batchConns, func(int) (func(i int) error, func(), error) {
		return func(i int) error {
			set := rows[i*batchRows : min(len(rows), (i+1)*batchRows)]
			n := len(set)
			ids, lanes, at, bodies := make([]int64, n), make([]int16, n), make([]time.Time, n), make([][]byte, n)
			texts := [6][]string{}
			for k := range texts {
				texts[k] = make([]string, n)
			}
			for j, x := range set {
				ids[j], lanes[j], at[j], bodies[j] = x.id, x.lane, x.at, x.body
				for k, text := range []string{x.event, x.change, x.entity, x.userID, x.externalUserID, x.chat} {
					texts[k][j] = text
				}
			}
			_, err := r.db.Exec(ctx, sql, ids, lanes, at, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], bodies)
			return err
		}, func() {}, nil
	})
	if err != nil {
		return 0, err
	}
	return d.rate * float64(len(rows)) / float64(sets), r.count(ctx, table, len(rows))
}

// delivery is how fast pieces of work went: pieces a second, and how long each took.
type delivery struct {
	rate float64
	took []time.Duration
}

// spread does n pieces of work on as many workers, piece i by worker i modulo workers. open gives a worker its function
// and what to call at its end; opening is not measured.
func (r *run) spread(n, workers int, open func(worker int) (do func(i int) error, end func(), err error)) (delivery, error) {
	type worker struct {
		do  func(i int) error
		end func()
	}
	list := make([]worker, 0, workers)
	defer func() {
		for _, w := range list {
			w.end()
		}
	}()
	for i := range workers {
		do, end, err := open(i)
		if err != nil {
			return delivery{}, err
		}
		list = append(list, worker{do, end})
	}
	d := delivery{took: make([]time.Duration, n)}
	failed := make(chan error, workers)
	var wg sync.WaitGroup
	total, _ := r.time(func() error {
		for k, w := range list {
			wg.Go(func() {
				for i := k; i < n; i += workers {
					took, err := r.time(func() error { return w.do(i) })
					if err != nil {
						failed <- err
						return
					}
					d.took[i] = took
				}
			})
		}
		wg.Wait()
		return nil
	})
	select {
	case err := <-failed:
		return d, err
	default:
	}
	d.rate = perSecond(n, total)
	return d, nil
}
