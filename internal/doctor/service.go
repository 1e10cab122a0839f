package doctor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg"
)

// Deps are what the service of a registered corp works with.
type Deps struct {
	Doctor  Doctor
	DB      *pg.DB
	IDs     *id.Source
	Wall    clock.Clock
	Words   *Words
	Log     *slog.Logger
	Subject func() Subject // the corp as it is now
}

// Service examines a corp on demand and every hour, keeps the last finding of every check, and each change of a state.
type Service struct {
	Deps
	turn sync.Mutex // one examination of this process at a time
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Report is the last finding of every check, in words, and the newest changes.
type Report struct {
	CheckedAt *time.Time `json:"checked_at" doc:"of the newest finding; null before the first examination"`
	State     State      `json:"state" enum:"ok,warn,fail,unknown,skipped" doc:"the worst of all"`
	Items     []View     `json:"items"`
	Changes   []Change   `json:"changes" doc:"newest first"`
}

// Change is a check that ended otherwise than before.
type Change struct {
	ID     int64     `json:"id"`
	Check  string    `json:"check"`
	Title  string    `json:"title"`
	At     time.Time `json:"at"`
	Before State     `json:"before" enum:"ok,warn,fail,unknown,skipped"`
	State  State     `json:"state" enum:"ok,warn,fail,unknown,skipped"`
	Found  string    `json:"found"`
}

const (
	hourly      = time.Hour
	fresh       = 3 * time.Second // an examination that ended so short ago answers whoever waited for it
	shownChange = 50
	keepChanges = 365 * 24 * time.Hour
)

// Check examines now and returns the report. Whoever asks while an examination runs gets its result.
func (s *Service) Check(ctx context.Context, lang i18n.Lang) (Report, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	at, all, err := s.kept(ctx)
	if err != nil {
		return Report{}, err
	}
	if now := s.Wall.Now(); at == nil || !all || now.Sub(*at) > fresh || at.After(now) {
		if err := s.run(ctx, func(check) bool { return true }); err != nil {
			return Report{}, err
		}
	}
	return s.Last(ctx, lang)
}

func (s *Service) run(ctx context.Context, wanted func(check) bool) error {
	list := s.Doctor.examine(ctx, s.Subject(), wanted)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := s.Wall.Now()
	var turned []change
	err := s.DB.Tx(ctx, func(tx pg.Tx) (err error) {
		turned, err = s.keep(ctx, tx, list, now)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range turned {
		if c.state == Fail {
			s.Log.Warn("a check has turned red", "check", c.check, "says", c.says)
		}
	}
	return nil
}

// keep stores the findings and returns the checks that ended otherwise than before.
func (s *Service) keep(ctx context.Context, tx pg.Tx, list []Finding, now time.Time) ([]change, error) {
	before, err := lockStates(ctx, tx)
	if err != nil {
		return nil, err
	}
	var turned []change
	for _, f := range list {
		old, known := before[f.Check]
		if !known || old == f.State {
			continue
		}
		next, err := s.IDs.Next(ctx)
		if err != nil {
			return nil, err
		}
		turned = append(turned, change{next, f.Check, now, old, f.State, f.Says, f.Facts})
	}
	if err := saveFindings(ctx, tx, list, now); err != nil {
		return nil, err
	}
	return turned, saveChanges(ctx, tx, turned, now.Add(-keepChanges))
}

// Last is the report of what was found last, without examining.
func (s *Service) Last(ctx context.Context, lang i18n.Lang) (Report, error) {
	r := Report{State: Unknown, Items: []View{}, Changes: []Change{}}
	kept, err := findings(ctx, s.DB)
	if err != nil {
		return r, err
	}
	var registered time.Time
	if c := s.Subject().Corp; c != nil {
		registered = c.CreatedAt
	}
	var list []Finding
	for _, c := range checks() { // in the checks' order, without those that are gone
		k, there := kept[c.id]
		if !there {
			continue
		}
		k.Area = c.area
		v := s.Words.View(lang, k.Finding)
		v.CheckedAt, v.Since = &k.at, &k.since
		v.FromSetup = k.State == Fail && !registered.IsZero() && !k.since.After(registered)
		r.Items = append(r.Items, v)
		list = append(list, k.Finding)
		if r.CheckedAt == nil || k.at.After(*r.CheckedAt) {
			r.CheckedAt = &k.at
		}
	}
	if len(list) > 0 {
		r.State = Worst(list)
	}
	changes, err := newestChanges(ctx, s.DB, shownChange)
	for _, c := range changes {
		v := s.Words.View(lang, Finding{Check: c.check, State: c.state, Says: c.says, Facts: c.facts})
		r.Changes = append(r.Changes, Change{ID: c.id, Check: c.check, Title: v.Title, At: c.at, Before: c.before, State: c.state, Found: v.Found})
	}
	return r, err
}

// Work examines every hour until ctx ends. It is for the process that holds the corp's lease.
func (s *Service) Work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
		}
		if _, err := s.RunDue(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("doctor", "error", err)
		}
	}
}

// RunDue examines if the last time is an hour ago, or some checks were never made, and reports whether it did.
func (s *Service) RunDue(ctx context.Context) (bool, error) {
	at, all, err := s.kept(ctx)
	if err != nil || at != nil && s.Wall.Now().Sub(*at) < hourly && all {
		return false, err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	return true, s.run(ctx, func(c check) bool { return !c.rare })
}

// kept tells when the last examination was, nil = never, and whether every hourly check has been made: what the first-run
// wizard hands over is not all.
func (s *Service) kept(ctx context.Context) (at *time.Time, all bool, err error) {
	if at, err = lastChecked(ctx, s.DB); err != nil {
		return nil, false, err
	}
	found, err := findings(ctx, s.DB)
	return at, !slices.ContainsFunc(checks(), func(c check) bool { _, there := found[c.id]; return !c.rare && !there }), err
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{
		{Name: "doctor_finding", Owner: "doctor", Family: pg.Local, Personal: []string{"facts"}, Merge: "keep", Erase: "keep, no customer stands in it", Retention: "until the next examination", Sampling: "none"},
		{Name: "doctor_change", Owner: "doctor", Family: pg.Local, Personal: []string{"facts"}, Merge: "keep", Erase: "keep, no customer stands in it", Retention: "12 months", Sampling: "none"},
	}
}

type kept struct {
	Finding
	at, since time.Time
}

type change struct {
	id            int64
	check         string
	at            time.Time
	before, state State
	says          string
	facts         Facts
}

func lastChecked(ctx context.Context, q pg.Querier) (at *time.Time, err error) {
	if err := q.QueryRow(ctx, `SELECT max(checked_at) FROM doctor_finding`).Scan(&at); err != nil {
		return nil, fmt.Errorf("read the last examination: %w", err)
	}
	return at, nil
}

// lockStates returns the states as kept; two processes that examine at once keep their findings one after the other.
func lockStates(ctx context.Context, tx pg.Tx) (map[string]State, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/doctor', 0))`); err != nil {
		return nil, fmt.Errorf("lock findings: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT id, state FROM doctor_finding`)
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	out := map[string]State{}
	var check string
	var state State
	_, err = pgx.ForEachRow(rows, []any{&check, &state}, func() error { out[check] = state; return nil })
	return out, err
}

// Keep stores findings of an examination that was made before the corp was registered.
func Keep(ctx context.Context, tx pg.Tx, list []Finding, at time.Time) error {
	if len(list) == 0 {
		return nil
	}
	return saveFindings(ctx, tx, list, at)
}

func saveFindings(ctx context.Context, tx pg.Tx, list []Finding, now time.Time) error {
	ids, areas, states, says := make([]string, len(list)), make([]string, len(list)), make([]string, len(list)), make([]string, len(list))
	facts, took := make([]Facts, len(list)), make([]int32, len(list))
	for i, f := range list {
		ids[i], areas[i], states[i], says[i], took[i] = f.Check, string(f.Area), string(f.State), f.Says, int32(f.Took.Milliseconds()) //nolint:gosec // bounded by Patience
		if facts[i] = f.Facts; facts[i] == nil {
			facts[i] = Facts{}
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO doctor_finding AS d (id, area, state, says, facts, took_ms, checked_at, since)
		SELECT id, area, state, says, facts, took, $7, $7 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::integer[])
			AS t(id, area, state, says, facts, took)
		ON CONFLICT (id) DO UPDATE SET area = EXCLUDED.area, state = EXCLUDED.state, says = EXCLUDED.says, facts = EXCLUDED.facts,
			took_ms = EXCLUDED.took_ms, checked_at = EXCLUDED.checked_at, since = CASE WHEN d.state = EXCLUDED.state THEN d.since ELSE EXCLUDED.since END`,
		ids, areas, states, says, facts, took, now)
	if err != nil {
		return fmt.Errorf("save findings: %w", err)
	}
	return nil
}

func saveChanges(ctx context.Context, tx pg.Tx, list []change, forget time.Time) error {
	for _, c := range list { // a handful at most
		if c.facts == nil {
			c.facts = Facts{}
		}
		_, err := tx.Exec(ctx, `INSERT INTO doctor_change (id, check_id, at, before, state, says, facts) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			c.id, c.check, c.at, string(c.before), string(c.state), c.says, c.facts)
		if err != nil {
			return fmt.Errorf("save change: %w", err)
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM doctor_change WHERE at < $1`, forget); err != nil {
		return fmt.Errorf("forget changes: %w", err)
	}
	return nil
}

func findings(ctx context.Context, q pg.Querier) (map[string]kept, error) {
	rows, err := q.Query(ctx, `SELECT id, state, says, facts, took_ms, checked_at, since FROM doctor_finding`)
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k kept, err error) {
		var ms int64
		err = row.Scan(&k.Check, &k.State, &k.Says, &k.Facts, &ms, &k.at, &k.since)
		k.Took = time.Duration(ms) * time.Millisecond
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	out := map[string]kept{}
	for _, k := range list {
		out[k.Check] = k
	}
	return out, nil
}

func newestChanges(ctx context.Context, q pg.Querier, limit int) ([]change, error) {
	rows, err := q.Query(ctx, `SELECT id, check_id, at, before, state, says, facts FROM doctor_change ORDER BY at DESC, id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read changes: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c change, err error) {
		err = row.Scan(&c.id, &c.check, &c.at, &c.before, &c.state, &c.says, &c.facts)
		return c, err
	})
}
