package archive

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/gram"
	"qunce/internal/pg"
)

// A search goes back in time and stops when a page is full and the finds are counted, or are more than anybody wants to
// know. It first walks over the newest messages, comparing each: a word that people use all the time is found there at
// once. What it saw there tells how rare the words are, and so how far back it is likely to have to go: that stretch it
// takes from the index of pairs, the messages that hold all pairs of the query, comparing each, and then stretches that
// grow, until the end. When only some chats are asked for and they are small, all their messages are compared and no
// index is used.

// Query is a search. Text is required; zero fields do not filter, the view always does.
type Query struct {
	Text   string
	Kinds  []string
	From   time.Time // included
	To     time.Time // not included
	Before Mark      // only what is older than that
	Limit  int
	Count  bool // count the finds as well

	source
}

// Mark is a message's place in time.
type Mark struct {
	At time.Time
	ID int64
}

// source is whose messages are looked through: all of them, a member's, or those of some chats, and of what is there only
// what the view may see.
type source struct {
	staffID int64
	chats   []int64  // nil: any
	whole   []int64  // of these chats, everything; of the others only what speakers wrote
	speaker []string // nil: everybody
	view    view
}

// view is the part of the archive that somebody may see: everything, or the single chats of some members and some rooms.
type view struct {
	all   bool
	staff []int64
	rooms []int64
}

// Found is one message of a result.
type Found struct {
	ChatID   int64
	ID       int64
	At       time.Time
	Place    Place
	Kind     string
	Sender   string
	StaffID  int64
	Body     string
	Recalled *time.Time
	MsgID    string
}

// Result is a page of finds, newest first. Total counts all finds of the search, whatever the page, up to countCap; it is
// set when it was asked for. More says that there are older ones.
type Result struct {
	Items []Found
	More  bool
	Total int
}

const (
	minQuery = 2
	maxQuery = 64
	// walkRows is how many of the newest messages are compared first. A word in one of eighty is found within them.
	walkRows = 4000
	// scanRows is how many messages of chosen chats are compared without asking the index.
	scanRows = 20_000
	countCap = 1000
)

// normalQuery folds what somebody searches for. Errors: Invalid "archive.query_short", "archive.query_long".
func normalQuery(text string) (string, error) {
	q := gram.Fold(text)
	switch n := utf8.RuneCountInString(q); {
	case n < minQuery:
		return "", errs.E(errs.Invalid, "archive.query_short", "a query of %d characters", n).On("q")
	case n > maxQuery:
		return "", errs.E(errs.Invalid, "archive.query_long", "a query of %d characters", n).On("q").With("max", maxQuery)
	}
	return q, nil
}

// Search finds messages. Its statements read one moment of the database.
func (s *Service) Search(ctx context.Context, q Query) (Result, error) {
	folded, err := normalQuery(q.Text)
	if err != nil {
		return Result{}, err
	}
	f := finder{Query: q, folded: folded, grams: gram.Pairs(folded), walkRows: walkRows, scanRows: scanRows, countCap: countCap}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	if f.To.IsZero() {
		f.To = s.Clock.Now().Add(maxAhead)
	}
	return f.find(ctx, s.DB)
}

// find runs the search in a transaction of its own.
func (f *finder) find(ctx context.Context, db *pg.DB) (Result, error) {
	var out Result
	err := db.Tx(ctx, func(tx pg.Tx) error {
		// The planner does not know how many finds a month has; going through a whole one is never the cheaper way. And it has
		// to see each search's own words and times: a plan for any of them walks over the index of time, all of it.
		if _, err := tx.Exec(ctx, `SELECT set_config('transaction_read_only', 'on', true), set_config('enable_seqscan', 'off', true),
			set_config('plan_cache_mode', 'force_custom_plan', true)`); err != nil {
			return err
		}
		var err error
		out, err = f.run(ctx, tx)
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("search the archive: %w", err)
	}
	return out, nil
}

// finder is one search under way.
type finder struct {
	Query
	folded string
	grams  []int32

	walkRows, scanRows, countCap int
}

func (f *finder) run(ctx context.Context, q pg.Querier) (Result, error) {
	months, err := f.months(ctx, q)
	if err != nil || len(months) == 0 {
		return Result{}, err
	}
	span := whole(months)
	if f.chats != nil {
		n, err := sizeOf(ctx, q, f.chats)
		if err != nil {
			return Result{}, err
		}
		if n <= int64(f.scanRows) {
			return f.scan(ctx, q)
		}
		return f.probe(ctx, q, widening(months))
	}
	list, err := f.walk(ctx, q, span)
	if err != nil || len(list) > f.Limit && !f.Count {
		return f.result(list), err
	}
	seen, err := f.look(ctx, q, span)
	if err != nil {
		return Result{}, err
	}
	if seen.rows < f.walkRows && len(list) <= f.Limit { // these were all messages that there are
		r := f.result(list)
		r.Total = len(list)
		return r, nil
	}
	r, err := f.probe(ctx, q, f.stretches(span, seen, len(list)))
	if len(list) > f.Limit { // the same finds, as they were found first
		total := r.Total
		r = f.result(list)
		r.Total = total
	}
	return r, err
}

// slice is a stretch of time; its end is not included.
type slice struct{ from, to time.Time }

// months are those that the search may look into, newest first, cut to its time.
func (f *finder) months(ctx context.Context, q pg.Querier) ([]slice, error) {
	all, err := months(ctx, q)
	if err != nil {
		return nil, err
	}
	to := f.To
	if !f.Before.At.IsZero() && f.Before.At.Before(to) {
		to = f.Before.At.Add(time.Microsecond) // the mark's own instant may hold more
	}
	var out []slice
	for _, m := range all {
		s := slice{m, m.AddDate(0, 1, 0)}
		if s.from.Before(f.From) {
			s.from = f.From
		}
		if s.to.After(to) {
			s.to = to
		}
		if s.from.Before(s.to) {
			out = append(out, s)
		}
	}
	return out, nil
}

// widening puts months together: the newest alone, then two, then four. Where the newest is not enough there is little to
// find, and one statement over several months is quicker than one for each.
func widening(months []slice) []slice {
	var out []slice
	for n := 1; len(months) > 0; n *= 2 {
		n = min(n, len(months))
		out = append(out, slice{months[n-1].from, months[0].to})
		months = months[n:]
	}
	return out
}

// whole is the time from the first of some months to the last.
func whole(months []slice) slice { return slice{months[len(months)-1].from, months[0].to} }

// sample is what the newest messages are like: how many there are, up to walkRows, how many of them hold all pairs of the
// query, and over what time they go.
type sample struct {
	rows, candidates int
	first, last      time.Time
}

// look looks at the messages that walk compares.
func (f *finder) look(ctx context.Context, q pg.Querier, span slice) (sample, error) {
	var a args
	newest := f.newest(&a, span)
	var x sample
	err := q.QueryRow(ctx, `SELECT count(*)::int, count(*) FILTER (WHERE m.grams @> `+a.add(f.grams)+`::int4[])::int, coalesce(min(m.at), 'epoch'), coalesce(max(m.at), 'epoch')
		FROM (`+newest+`) m`, a...).Scan(&x.rows, &x.candidates, &x.first, &x.last)
	return x, err
}

const (
	// wantFinds is how many finds the first stretch is meant to hold: enough for a page and to know that there are many.
	wantFinds = 1500
	// wantCandidates bounds how many messages the first stretch is meant to compare.
	wantCandidates = 30_000
	shortest       = time.Hour
	widen          = 4 // times as long as the one before
)

// stretches go from the newest message back to the end of the span. The first is as long as it takes to find enough, if
// the words are as frequent everywhere as among the newest messages; the next ones grow.
func (f *finder) stretches(span slice, seen sample, finds int) []slice {
	share := (float64(finds) + 0.5) / float64(seen.rows)
	compared := (float64(seen.candidates) + 0.5) / float64(seen.rows)
	rows := min(wantFinds/share, wantCandidates/compared)
	width := max(time.Duration(rows/float64(seen.rows)*float64(seen.last.Sub(seen.first))), shortest)
	var out []slice
	for to, from := span.to, seen.last; ; to, width = from, width*widen {
		if from = from.Add(-width); width > span.to.Sub(span.from) || from.Before(span.from) {
			from = span.from
		}
		out = append(out, slice{from, to})
		if !from.After(span.from) {
			return out
		}
	}
}

// args collects the arguments of a statement.
type args []any

func (a *args) add(v any) string {
	*a = append(*a, v)
	return fmt.Sprintf("$%d", len(*a))
}

// within is the condition that a message lies in a slice and before the mark.
func (f *finder) within(a *args, s slice) string {
	sql := `m.at >= ` + a.add(s.from) + ` AND m.at < ` + a.add(s.to)
	if !f.Before.At.IsZero() {
		sql += ` AND (m.at, m.id) < (` + a.add(f.Before.At) + `, ` + a.add(f.Before.ID) + `)`
	}
	return sql
}

// fits is the condition that a message is a find; the pairs are left to the caller.
func (f *finder) fits(a *args) string {
	sql := `strpos(coalesce(m.norm, m.body), ` + a.add(f.folded) + `) > 0`
	if len(f.Kinds) > 0 {
		sql += ` AND m.kind = ANY(` + a.add(f.Kinds) + `)`
	}
	return sql + f.source.condition(a)
}

// condition limits messages m to those of the source.
func (s source) condition(a *args) string {
	sql := ""
	if s.staffID != 0 {
		sql += ` AND m.staff_id = ` + a.add(s.staffID)
	}
	if s.chats != nil {
		sql += ` AND m.chat_id = ANY(` + a.add(s.chats) + `)`
	}
	if s.speaker != nil {
		sql += ` AND (m.chat_id = ANY(` + a.add(s.whole) + `) OR m.sender = ANY(` + a.add(s.speaker) + `))`
	}
	return sql + s.view.condition(a)
}

func (v view) condition(a *args) string {
	if v.all {
		return ""
	}
	return ` AND (m.place = 'single' AND m.staff_id = ANY(` + a.add(v.staff) + `) OR m.place = 'room' AND m.chat_id = ANY(` + a.add(v.rooms) + `))`
}

const foundColumns = `m.chat_id, m.id, m.at, m.place, m.kind, m.sender, m.staff_id, m.body, m.recalled_at, m.msg_id`

func (f *finder) collect(ctx context.Context, q pg.Querier, sql string, a args) ([]Found, error) {
	rows, err := q.Query(ctx, sql, a...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Found])
}

// newest selects the messages of the source that walk compares.
func (f *finder) newest(a *args, span slice) string {
	sql := `SELECT * FROM archive_message m WHERE ` + f.within(a, span)
	if f.staffID != 0 {
		sql += ` AND m.staff_id = ` + a.add(f.staffID)
	}
	return sql + ` ORDER BY m.at DESC, m.id DESC LIMIT ` + a.add(f.walkRows)
}

// walk compares the newest messages one by one and returns up to one find more than the page holds.
func (f *finder) walk(ctx context.Context, q pg.Querier, span slice) ([]Found, error) {
	var a args
	sql := `SELECT ` + foundColumns + ` FROM (` + f.newest(&a, span) + `) m WHERE ` + f.fits(&a)
	return f.collect(ctx, q, sql+` LIMIT `+a.add(f.Limit+1), a)
}

// scan compares everything in the chosen chats.
func (f *finder) scan(ctx context.Context, q pg.Querier) (Result, error) {
	var a args
	span := slice{f.From, f.To}
	if !f.Before.At.IsZero() && f.Before.At.Before(f.To) {
		span.to = f.Before.At.Add(time.Microsecond)
	}
	sql := `WITH hit AS MATERIALIZED (SELECT ` + foundColumns + ` FROM unnest(` + a.add(f.chats) + `::bigint[]) AS u(c) CROSS JOIN LATERAL
			(SELECT * FROM archive_message m WHERE m.chat_id = u.c AND ` + f.within(&a, span) + `) m WHERE ` + f.fits(&a) + `)
		SELECT *, (SELECT count(*) FROM hit)::int FROM hit ORDER BY at DESC, id DESC LIMIT ` + a.add(f.Limit+1)
	list, total, err := f.counted(ctx, q, sql, a)
	r := f.result(list)
	r.Total = total
	return r, err
}

func (f *finder) counted(ctx context.Context, q pg.Querier, sql string, a args) ([]Found, int, error) {
	rows, err := q.Query(ctx, sql, a...)
	if err != nil {
		return nil, 0, err
	}
	type counted struct {
		Found
		Total int
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[counted])
	out, total := make([]Found, len(list)), 0
	for i, x := range list {
		out[i], total = x.Found, x.Total
	}
	return out, total, err
}

// probe goes back in time along the index of pairs, stretch by stretch, until the page is full and, when they are
// counted, the finds are more than anybody wants to know.
func (f *finder) probe(ctx context.Context, q pg.Querier, slices []slice) (Result, error) {
	var found []Found
	total := 0
	for _, s := range slices {
		if len(found) > f.Limit && (!f.Count || total > f.countCap) {
			break
		}
		if len(found) > f.Limit {
			var err error
			if total, err = f.count(ctx, q, s, total); err != nil {
				return Result{}, err
			}
			continue
		}
		var a args
		sql := `WITH hit AS MATERIALIZED (SELECT ` + foundColumns + ` FROM archive_message m WHERE m.grams @> ` + a.add(f.grams) + `::int4[]
				AND ` + f.within(&a, s) + ` AND ` + f.fits(&a) + `)
			SELECT *, (SELECT count(*) FROM hit)::int FROM hit ORDER BY at DESC, id DESC LIMIT ` + a.add(f.Limit+1-len(found))
		list, n, err := f.counted(ctx, q, sql, a)
		if err != nil {
			return Result{}, err
		}
		found, total = append(found, list...), total+n
	}
	r := f.result(found)
	r.Total = total
	return r, nil
}

// count adds the finds of a slice to a number of finds, and stops beyond countCap.
func (f *finder) count(ctx context.Context, q pg.Querier, s slice, total int) (int, error) {
	var a args
	sql := `SELECT count(*)::int FROM (SELECT FROM archive_message m WHERE m.grams @> ` + a.add(f.grams) + `::int4[] AND ` + f.within(&a, s) +
		` AND ` + f.fits(&a) + ` LIMIT ` + a.add(f.countCap+1-total) + `) m`
	var n int
	err := q.QueryRow(ctx, sql, a...).Scan(&n)
	return total + n, err
}

func (f *finder) result(list []Found) Result {
	r := Result{Items: list}
	if len(list) > f.Limit {
		r.Items, r.More = list[:f.Limit], true
	}
	return r
}

// sizeOf counts what is in chats.
func sizeOf(ctx context.Context, q pg.Querier, chats []int64) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT coalesce(sum(messages), 0)::bigint FROM archive_chat WHERE id = ANY($1)`, chats).Scan(&n)
	return n, err
}
