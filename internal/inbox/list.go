package inbox

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/wecom/callback"
)

// Row is a callback as administrators see it. Known is false for kinds that WeCom's documents did not know when this was
// written; their bodies are kept like all others.
type Row struct {
	ID         int64
	ReceivedAt time.Time
	CorpAt     time.Time
	Event      string
	ChangeType string
	Entity     string
	UserID     string
	External   string
	ChatID     string
	State      State
	Attempts   int
	NextAt     time.Time
	Error      string
	FinishedAt *time.Time
	CauseID    int64
	Head       []byte // where the body of a group's change says what changed
}

// Kind is the event with its change type.
func (r Row) Kind() string {
	if r.ChangeType == "" {
		return r.Event
	}
	return r.Event + "/" + r.ChangeType
}

// Documented reports whether WeCom's documents know the kind.
func (r Row) Documented() bool { return callback.Documented(r.Event, r.ChangeType) }

// Took is how long the event was here until it was closed; nil while it is not.
func (r Row) Took() *time.Duration {
	if r.FinishedAt == nil {
		return nil
	}
	d := max(0, r.FinishedAt.Sub(r.ReceivedAt))
	return &d
}

// Detail says what changed in a group (add_member, change_name, …); "" of other kinds.
func (r Row) Detail() string {
	_, after, _ := bytes.Cut(r.Head, []byte("<UpdateDetail>"))
	detail, _, ok := bytes.Cut(after, []byte("</UpdateDetail>"))
	if !ok {
		return ""
	}
	detail = bytes.TrimSuffix(bytes.TrimPrefix(bytes.TrimSpace(detail), []byte("<![CDATA[")), []byte("]]>"))
	return strings.ToValidUTF8(string(bytes.TrimSpace(detail)), "\uFFFD")
}

// Filter picks callbacks; zero fields do not filter. About names whom they are about, any of it.
type Filter struct {
	About        *About
	Event        string // "change_external_chat" or "change_external_chat/update"
	Undocumented bool   // kinds that WeCom's documents do not know
	State        State
	From, To     time.Time // received
	Before       int64
	Limit        int
}

// About is whom callbacks are about: what stands in them, or which of them led to something.
type About struct {
	Entities  []string // any id of WeCom's: a tag, a link, a job
	Externals []string
	Chats     []string
	Users     []string
	Causes    []int64
}

const rowColumns = `id, received_at, corp_at, event, change_type, entity, userid, external_userid, chat_id, state, attempts, next_at, error, finished_at, cause_id,
	CASE WHEN event = 'change_external_chat' THEN substring(body FROM 1 FOR 1024) END`

// List returns callbacks, newest first.
func List(ctx context.Context, q pg.Querier, f Filter) ([]Row, error) {
	var args []any
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	where := `true`
	if a := f.About; a != nil {
		where += ` AND (entity = ANY(` + arg(a.Entities) + `) OR entity = ANY(` + arg(a.Chats) + `) OR external_userid = ANY(` + arg(a.Externals) + `)
			OR userid = ANY(` + arg(a.Users) + `) OR members <> '{}' AND members && ` + arg(slices.Concat(a.Externals, a.Users)) + ` OR id = ANY(` + arg(a.Causes) + `))`
	}
	if f.Event != "" {
		event, change := splitKind(f.Event)
		where += ` AND event = ` + arg(event)
		if change != "" {
			where += ` AND change_type = ` + arg(change)
		}
	}
	if f.Undocumented {
		events, changes := callback.DocumentedKinds()
		where += ` AND NOT EXISTS (SELECT 1 FROM unnest(` + arg(events) + `::text[], ` + arg(changes) + `::text[]) AS k(e, c) WHERE k.e = event AND (k.c = '' OR k.c = change_type))`
	}
	if f.State != "" {
		where += ` AND state = ` + arg(f.State)
	}
	if !f.From.IsZero() {
		where += ` AND received_at >= ` + arg(f.From)
	}
	if !f.To.IsZero() {
		where += ` AND received_at < ` + arg(f.To)
	}
	if f.Before != 0 {
		where += ` AND id < ` + arg(f.Before)
	}
	rows, err := q.Query(ctx, `SELECT `+rowColumns+` FROM inbox_event WHERE `+where+` ORDER BY id DESC LIMIT `+arg(f.Limit), args...)
	if err != nil {
		return nil, fmt.Errorf("list callbacks: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Row])
}

func splitKind(kind string) (event, change string) {
	event, change, _ = strings.Cut(kind, "/")
	return event, change
}

// Get returns one callback with its decrypted body.
func Get(ctx context.Context, q pg.Querier, eventID int64) (Row, []byte, error) {
	rows, err := q.Query(ctx, `SELECT `+rowColumns+` FROM inbox_event WHERE id = $1`, eventID)
	if err != nil {
		return Row{}, nil, fmt.Errorf("get callback: %w", err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Row])
	if pg.IsNoRows(err) {
		return Row{}, nil, notFound(eventID)
	}
	if err != nil {
		return Row{}, nil, fmt.Errorf("get callback: %w", err)
	}
	var body []byte
	err = q.QueryRow(ctx, `SELECT body FROM inbox_event WHERE id = $1`, eventID).Scan(&body)
	return r, body, err
}

// recent bounds Recent.
const recent = 200

// Recent returns the callbacks about an entity that happened at or after a corp time, oldest first: what a handler has to
// know of its neighbours, which may have overtaken it.
func Recent(ctx context.Context, q pg.Querier, entity string, since time.Time) ([]Event, error) {
	rows, err := q.Query(ctx, `SELECT id, cause_id, corp_at, received_at, attempts, body FROM inbox_event WHERE entity = $1 AND corp_at >= $2 ORDER BY id DESC LIMIT $3`,
		entity, since, recent)
	if err != nil {
		return nil, fmt.Errorf("recent callbacks: %w", err)
	}
	var out []Event
	var e Event
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&e.ID, &e.CauseID, &e.At, &e.Received, &e.Attempts, &body}, func() error {
		if parsed, err := callback.Parse(body); err == nil { // another version of the program could read it
			e.Event = parsed
			out = append(out, e)
		}
		return nil
	})
	slices.Reverse(out)
	return out, err
}

func notFound(eventID int64) error {
	return errs.E(errs.NotFound, "callback.not_found", "callback %d", eventID)
}

const again = `UPDATE inbox_event SET state = 'new', attempts = 0, error = '', next_at = $1, finished_at = NULL `

// Replay lets an event be handled again. That is safe: handlers read the truth and apply differences, published events and
// planned calls have keys.
func (in *Inbox) Replay(ctx context.Context, tx pg.Tx, eventID int64) error {
	lanes, err := in.replay(ctx, tx, again+`WHERE id = $2 RETURNING lane`, eventID)
	if err == nil && lanes == 0 {
		return notFound(eventID)
	}
	return err
}

// ReplayFailed lets every event that was given up be handled again, and returns how many there are.
func (in *Inbox) ReplayFailed(ctx context.Context, tx pg.Tx) (int, error) {
	return in.replay(ctx, tx, again+`WHERE state = 'failed' RETURNING lane`)
}

func (in *Inbox) replay(ctx context.Context, tx pg.Tx, sql string, args ...any) (int, error) {
	rows, err := tx.Query(ctx, sql, append([]any{in.wall.Now()}, args...)...)
	if err != nil {
		return 0, fmt.Errorf("replay callbacks: %w", err)
	}
	lanes := map[int]bool{}
	n, lane := 0, 0
	if _, err := pgx.ForEachRow(rows, []any{&lane}, func() error { lanes[lane] = true; n++; return nil }); err != nil {
		return 0, fmt.Errorf("replay callbacks: %w", err)
	}
	tx.AfterCommit(func() {
		for lane := range lanes {
			in.wakeLane(lane)
		}
	})
	return n, nil
}

// Queue is the state of one lane for the system page.
type Queue struct {
	Lane     string   `json:"lane"`
	Waiting  int64    `json:"waiting"`
	OldestMS *float64 `json:"oldest_ms"`
	Done1h   int64    `json:"done_1h"`
}

// Queues sums the lanes: urgent and ordinary.
func (in *Inbox) Queues(ctx context.Context) ([]Queue, error) {
	now := in.wall.Now()
	rows, err := in.db.Query(ctx, `SELECT CASE WHEN u THEN 'callback_welcome' ELSE 'callback' END, coalesce(w.n, 0), w.oldest, coalesce(d.n, 0)
		FROM unnest(ARRAY[true, false]) AS u
		LEFT JOIN (SELECT urgent, count(*) AS n, extract(epoch FROM $1 - min(received_at)) * 1000 AS oldest FROM inbox_event WHERE state = 'new' GROUP BY urgent) w ON w.urgent = u
		LEFT JOIN (SELECT urgent, count(*) AS n FROM inbox_event WHERE state <> 'new' AND received_at > $1 - interval '2 hours' AND finished_at > $1 - interval '1 hour' GROUP BY urgent) d ON d.urgent = u ORDER BY u DESC`, now)
	if err != nil {
		return nil, fmt.Errorf("sum inbox: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Queue])
}
