package inbox

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/clock"
	"qunce/internal/pg"
)

// Outcome of a knock at the door.
type Outcome string

// The outcomes; the CHECK of inbox_door lists the same.
const (
	Taken    Outcome = "stored"
	Doubled  Outcome = "duplicate" // the same event again; answered as if it were stored
	Verified Outcome = "verified"  // WeCom tested the address
	Refused  Outcome = "refused"   // with a reason: an error code
)

// Outcomes lists all of them.
func Outcomes() []Outcome { return []Outcome{Taken, Doubled, Verified, Refused} }

// knock is a kind of outcome on one day.
type knock struct {
	day     time.Time
	outcome Outcome
	reason  string
}

type count struct {
	n    int64
	last time.Time
	from string
}

type slot struct {
	day  time.Time
	atUS int64
}

// tally counts in memory and is written down in sets: whoever knocks without being WeCom must not make us write.
type tally struct {
	wall clock.Clock

	mu      sync.Mutex
	knocks  map[knock]*count
	answers map[slot]int64
	said    map[string]time.Time // when a reason was last put into the log
	total   map[Outcome]int64    // since the start of the process
}

func newTally(wall clock.Clock) *tally {
	return &tally{wall: wall, knocks: map[knock]*count{}, answers: map[slot]int64{}, said: map[string]time.Time{}, total: map[Outcome]int64{}}
}

func (t *tally) add(o Outcome, reason, from string) {
	now := t.wall.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total[o]++
	k := knock{clock.Day(now), o, reason}
	c := t.knocks[k]
	if c == nil {
		c = &count{}
		t.knocks[k] = c
	}
	c.n, c.last, c.from = c.n+1, now, from
}

func (t *tally) count(o Outcome) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total[o]
}

// sayEvery is how often one reason may stand in the log: strangers must not fill the disk.
const sayEvery = time.Minute

// loud reports whether a refusal for this reason may be logged now.
func (t *tally) loud(reason string) bool {
	now := t.wall.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.said[reason]; ok && now.Sub(last) < sayEvery {
		return false
	}
	t.said[reason] = now
	return true
}

// Answer times are counted in steps of a tenth: each is known to be at most its step.
const (
	firstStep = 100.0 // µs
	stepUp    = 1.1
	lastStep  = 10_000_000 // µs
)

// step is the upper end of a duration's step, in µs.
func step(d time.Duration) int64 {
	us := float64(d.Microseconds())
	if us <= firstStep {
		return int64(firstStep)
	}
	k := math.Ceil(math.Log(us/firstStep)/math.Log(stepUp) - 1e-9)
	return min(int64(math.Ceil(firstStep*math.Pow(stepUp, k))), lastStep)
}

// answered counts how long WeCom waited for the answer to an event.
func (t *tally) answered(took time.Duration) {
	s := slot{clock.Day(t.wall.Now()), step(took)}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers[s]++
}

// take returns what is not written down yet, and forgets it.
func (t *tally) take() (map[knock]*count, map[slot]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, a := t.knocks, t.answers
	t.knocks, t.answers = map[knock]*count{}, map[slot]int64{}
	return k, a
}

// giveBack adds what could not be written down.
func (t *tally) giveBack(knocks map[knock]*count, answers map[slot]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, c := range knocks {
		if now := t.knocks[k]; now != nil {
			now.n += c.n
		} else {
			t.knocks[k] = c
		}
	}
	for s, n := range answers {
		t.answers[s] += n
	}
}

// bookEvery is how often the books are written.
const bookEvery = 2 * time.Second

// keepBooks writes the tally down every other second, and once more at the end. What a killed process had counted since is
// lost; the events are not.
func (in *Inbox) keepBooks(ctx context.Context) {
	tick := time.NewTicker(bookEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			if err := in.WriteBooks(ctx); err != nil && ctx.Err() == nil {
				in.log.Warn("the door's books", "error", err)
			}
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookEvery)
	defer cancel()
	if err := in.WriteBooks(last); err != nil && !pg.IsUnavailable(err) {
		in.log.Warn("the door's books", "error", err)
	}
}

// WriteBooks writes down what the door of this process counted since the last time.
func (in *Inbox) WriteBooks(ctx context.Context) error {
	knocks, answers := in.tally.take()
	if len(knocks)+len(answers) == 0 {
		return nil
	}
	err := in.db.Tx(ctx, func(tx pg.Tx) error {
		if err := addKnocks(ctx, tx, knocks); err != nil {
			return err
		}
		return addAnswers(ctx, tx, answers)
	})
	if err != nil {
		in.tally.giveBack(knocks, answers)
		return fmt.Errorf("write the door's books: %w", err)
	}
	return nil
}

func addKnocks(ctx context.Context, tx pg.Tx, knocks map[knock]*count) error {
	var days, last []time.Time
	var outcomes, reasons, from []string
	var n []int64
	for k, c := range knocks {
		days, outcomes, reasons = append(days, k.day), append(outcomes, string(k.outcome)), append(reasons, k.reason)
		n, last, from = append(n, c.n), append(last, c.last), append(from, c.from)
	}
	_, err := tx.Exec(ctx, `INSERT INTO inbox_door AS d (day, outcome, reason, n, last_at, last_from)
		SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::text[]) AS u(da, o, r, n, l, f) ORDER BY da, o, r
		ON CONFLICT (day, outcome, reason) DO UPDATE SET n = d.n + EXCLUDED.n, last_at = greatest(d.last_at, EXCLUDED.last_at), last_from = EXCLUDED.last_from`,
		days, outcomes, reasons, n, last, from)
	return err
}

func addAnswers(ctx context.Context, tx pg.Tx, answers map[slot]int64) error {
	var days []time.Time
	var at, n []int64
	for s, c := range answers {
		days, at, n = append(days, s.day), append(at, s.atUS), append(n, c)
	}
	_, err := tx.Exec(ctx, `INSERT INTO inbox_answer AS a (day, at_most_us, n) SELECT * FROM unnest($1::date[], $2::bigint[], $3::bigint[]) AS u(d, s, n) ORDER BY d, s
		ON CONFLICT (day, at_most_us) DO UPDATE SET n = a.n + EXCLUDED.n`, days, at, n)
	return err
}

// Refusal is one reason for which the door refused, over some days. From is where the last came from; Text, what to do
// about it, is for the API to fill in.
type Refusal struct {
	Reason string    `json:"reason"`
	Text   string    `json:"text"`
	N      int64     `json:"n"`
	Today  int64     `json:"today"`
	LastAt time.Time `json:"last_at"`
	From   string    `json:"from"`
}

// Door sums the door's books over the last days, today included, and counts what stands in the inbox. The quantiles are of
// today's answers, each a bound: at most so long. They are nil on a day without answers.
type Door struct {
	Days       int       `json:"days"`
	Stored     int64     `json:"stored"`
	Duplicates int64     `json:"duplicates"`
	Verified   int64     `json:"verified"`
	Refused    int64     `json:"refused"`
	Refusals   []Refusal `json:"refusals"`
	Waiting    int64     `json:"waiting"`
	Failed     int64     `json:"failed"`
	Answers    int64     `json:"answers"`
	P50MS      *float64  `json:"p50_ms"`
	P99MS      *float64  `json:"p99_ms"`
}

// Books reads the door's books of the last days.
func (in *Inbox) Books(ctx context.Context, days int) (Door, error) {
	today := clock.Day(in.wall.Now())
	d := Door{Days: days, Refusals: []Refusal{}}
	rows, err := in.db.Query(ctx, `SELECT outcome, reason, sum(n)::bigint, coalesce(sum(n) FILTER (WHERE day = $2::date), 0)::bigint, max(last_at),
			(array_agg(last_from ORDER BY last_at DESC))[1]
		FROM inbox_door WHERE day > $1::date GROUP BY outcome, reason ORDER BY max(last_at) DESC, reason`, today.AddDate(0, 0, -days), today)
	if err != nil {
		return d, fmt.Errorf("read the door's books: %w", err)
	}
	var outcome Outcome
	var r Refusal
	_, err = pgx.ForEachRow(rows, []any{&outcome, &r.Reason, &r.N, &r.Today, &r.LastAt, &r.From}, func() error {
		switch outcome {
		case Taken:
			d.Stored += r.N
		case Doubled:
			d.Duplicates += r.N
		case Verified:
			d.Verified += r.N
		case Refused:
			d.Refused += r.N
			d.Refusals = append(d.Refusals, r)
		}
		return nil
	})
	if err != nil {
		return d, fmt.Errorf("read the door's books: %w", err)
	}
	if err := in.db.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'new'), count(*) FILTER (WHERE state = 'failed') FROM inbox_event WHERE state IN ('new','failed')`).
		Scan(&d.Waiting, &d.Failed); err != nil {
		return d, fmt.Errorf("count callbacks: %w", err)
	}
	rows, err = in.db.Query(ctx, `SELECT at_most_us, n FROM inbox_answer WHERE day = $1::date`, today)
	if err != nil {
		return d, fmt.Errorf("read answer times: %w", err)
	}
	steps := map[int64]int64{}
	var at, n int64
	if _, err := pgx.ForEachRow(rows, []any{&at, &n}, func() error { steps[at] = n; return nil }); err != nil {
		return d, fmt.Errorf("read answer times: %w", err)
	}
	for _, n := range steps {
		d.Answers += n
	}
	d.P50MS, d.P99MS = quantile(steps, 0.50), quantile(steps, 0.99)
	return d, nil
}

// quantile is the step, in ms, at or below which the share q of all answers lies; nil of nothing.
func quantile(steps map[int64]int64, q float64) *float64 {
	var total, sum int64
	for _, n := range steps {
		total += n
	}
	for _, at := range slices.Sorted(maps.Keys(steps)) {
		if sum += steps[at]; total > 0 && float64(sum) >= q*float64(total) {
			ms := float64(at) / 1000
			return &ms
		}
	}
	return nil
}
