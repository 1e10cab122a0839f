package livecode

import (
	"context"
	"fmt"
	"time"

	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Reading is what WeCom showed of a code's way. Both ways nil: WeCom has none of that config id. At is the corp's time when
// the reading began: a code that changed after it is left alone.
type Reading struct {
	CodeID   int64
	ConfigID string
	At       time.Time
	Way      *wecom.ContactWay
	Join     *wecom.JoinWay
}

// Outcome is what came of comparing a code with a reading.
type Outcome string

// The outcomes. Open means that a call is under way or the code changed meanwhile, so that nothing can be said now. A way
// that WeCom lost is made again; that of a paused code is not, it is shown as failed.
const (
	Same      Outcome = "same"
	Open      Outcome = "open"
	Rewritten Outcome = "rewritten"
	Remade    Outcome = "remade"
	Broken    Outcome = "broken"
)

// AtWeCom returns codes that have a way at WeCom, in order of their ids, after the one given.
func (s *Service) AtWeCom(ctx context.Context, q pg.Querier, after int64, limit int) ([]Code, error) {
	return findCodes(ctx, q, `WHERE config_id <> '' AND kind <> 'locator' AND id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// WithWays returns those of the codes that have a way at WeCom.
func (s *Service) WithWays(ctx context.Context, q pg.Querier, configs []string) ([]Code, error) {
	return findCodes(ctx, q, `WHERE config_id = ANY($1) AND config_id <> '' ORDER BY id`, configs)
}

// Making reports whether a code with this state is being made: its way may stand at WeCom before we know its id.
func (s *Service) Making(ctx context.Context, q pg.Querier, state string) (bool, error) {
	codes, err := codesByState(ctx, q, []string{state})
	return codes[state].Status == Creating, err
}

// Reconcile compares codes with what WeCom showed of them and plans what makes WeCom's side right again; nothing is planned
// for a way that is as it should be. The outcomes are by code.
func (s *Service) Reconcile(ctx context.Context, tx pg.Tx, readings []Reading, cause int64) (map[int64]Outcome, error) {
	byCode := make(map[int64]Reading, len(readings))
	ids, entities := make([]int64, len(readings)), make([]string, len(readings))
	for i, r := range readings {
		byCode[r.CodeID], ids[i], entities[i] = r, r.CodeID, object(r.CodeID)
	}
	codes, err := lockCodes(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	under, err := outbox.Open(ctx, tx, entities)
	if err != nil {
		return nil, err
	}
	calls, err := s.IDs.Take(ctx, len(codes))
	if err != nil {
		return nil, err
	}
	out := make(map[int64]Outcome, len(codes))
	var changed []Code
	var plans []outbox.Plan
	for i := range codes {
		c, r := codes[i], byCode[codes[i].ID]
		if c.ConfigID != r.ConfigID || under[object(c.ID)] || c.UpdatedAt.After(r.At) {
			out[c.ID] = Open
			continue
		}
		what, err := s.judge(ctx, tx, c, r)
		if err != nil {
			return nil, err
		}
		out[c.ID] = what
		switch what {
		case Rewritten:
			plans = append(plans, updatePlan(c, calls[i], cause))
			continue
		case Remade:
			c.Status, c.StatusReason, c.ConfigID, c.QR = Creating, "", "", ""
			plans = append(plans, createPlan(c, calls[i], cause))
		case Broken:
			c.Status, c.StatusReason, c.ConfigID, c.QR = Failed, "wecom.41044", "", ""
		case Same, Open:
			continue
		}
		c.UpdatedAt = s.Clock.Now()
		changed = append(changed, c)
	}
	fpSaveBefore.Hit()
	if err := saveCodes(ctx, tx, changed); err != nil {
		return nil, err
	}
	return out, s.Outbox.Plan(ctx, tx, plans...)
}

// judge decides what a reading means for a code.
func (s *Service) judge(ctx context.Context, q pg.Querier, c Code, r Reading) (Outcome, error) {
	switch {
	case r.Way == nil && r.Join == nil && c.Status == Paused:
		return Broken, nil
	case r.Way == nil && r.Join == nil:
		return Remade, nil
	case r.Way != nil:
		users, err := s.users(ctx, q, c)
		if err != nil {
			return "", err
		}
		if len(users) > 0 && !sameWay(contactWay(c, users), *r.Way) {
			return Rewritten, nil
		}
		return Same, nil
	}
	_, differs, err := s.wanted(ctx, q, c, *r.Join)
	if err != nil || !differs {
		return Same, err
	}
	return Rewritten, nil
}

// Tagging returns which of the customers are being tagged by a call that is not closed.
func (s *Service) Tagging(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64]bool, error) {
	entities := make([]string, len(customerIDs))
	for i, id := range customerIDs {
		entities[i] = fmt.Sprintf("customer/%d", id)
	}
	under, err := outbox.Open(ctx, q, entities, markTag)
	out := make(map[int64]bool, len(under))
	for i, id := range customerIDs {
		if under[entities[i]] {
			out[id] = true
		}
	}
	return out, err
}

// Tally is how many ways this server has made at WeCom and still knows; Orphans may stand there unknown.
type Tally struct{ Staff, Group, Orphans int64 }

// Tally counts them.
func (s *Service) Tally(ctx context.Context, q pg.Querier) (t Tally, err error) {
	err = q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE kind = 'staff'), count(*) FILTER (WHERE kind = 'group'), (SELECT count(*) FROM livecode_orphan)
		FROM livecode_code WHERE config_id <> ''`).Scan(&t.Staff, &t.Group, &t.Orphans)
	if err != nil {
		return t, fmt.Errorf("count ways: %w", err)
	}
	return t, nil
}
