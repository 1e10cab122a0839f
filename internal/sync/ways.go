package sync

import (
	"context"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"qunce/internal/livecode"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

const (
	waysPerPage = 64
	maxStrays   = 2_000 // strays that are read one by one; the others are counted
)

// firstWay is when WeCom began to list ways: older ones can only be asked for by their id.
func firstWay() int64 { return time.Date(2021, 7, 10, 0, 0, 0, 0, time.UTC).Unix() }

// ways reads the way of every code and compares: what WeCom lost is made again, what differs is rewritten, what is as it
// should be is left alone. Ways that no code of ours uses are kept to be shown; nothing deletes them, printed paper lives long.
func (r *run) ways(ctx context.Context) error {
	if err := r.doors(ctx); err != nil {
		return err
	}
	last := r.lastCode()
	if r.at.Of == 0 {
		held, err := counts(ctx, r.s.DB)
		if err != nil {
			return err
		}
		r.at.Of = held[Ways] + held[JoinWays]
	}
	for r.at.And == "" {
		codes, err := r.s.Codes.AtWeCom(ctx, r.s.DB, last, waysPerPage)
		if err != nil {
			return err
		}
		if err := r.codePage(ctx, codes); err != nil {
			return err
		}
		if len(codes) < waysPerPage {
			break
		}
		last = codes[len(codes)-1].ID
	}
	return r.strays(ctx)
}

// doors lets the codes of stores follow the staff and groups that this run found. What it plans is under way, or done, when
// codes are compared. It looks at every store, so a check does it only when staff or groups moved.
func (r *run) doors(ctx context.Context) error {
	if r.s.Doors == nil || r.at.After != "" || r.at.And != "" {
		return nil
	}
	moved := 0
	for _, c := range []Counts{r.result.Missing, r.result.Extra, r.result.Amended} {
		moved += c[Staff] + c[Groups]
	}
	if r.kind == Check && moved == 0 {
		return nil
	}
	if err := r.s.Doors(ctx, r.id); err != nil {
		return passing{err}
	}
	return nil
}

func (r *run) lastCode() int64 {
	n, _ := strconv.ParseInt(r.at.After, 10, 64)
	return n
}

// wayList is a check's part: the list of ids alone, and the ways of codes it does not name.
func (r *run) wayList(ctx context.Context) error {
	if err := r.doors(ctx); err != nil {
		return err
	}
	return r.strays(ctx)
}

// codePage compares some codes.
func (r *run) codePage(ctx context.Context, codes []livecode.Code) error {
	readings, err := r.readWays(ctx, codes)
	if err != nil {
		return err
	}
	return r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
		found := map[Thing]int{Ways: 0, JoinWays: 0}
		for i, x := range readings {
			if x.Way != nil || x.Join != nil {
				found[wayThing(codes[i])]++
			}
		}
		for t, n := range found {
			result.Remote.set(t, result.Remote[t]+n)
		}
		at.Done += len(codes)
		if len(codes) > 0 {
			at.After = strconv.FormatInt(codes[len(codes)-1].ID, 10)
		}
		if len(codes) < waysPerPage {
			at.And = "codes"
		}
		return r.mendCodes(ctx, tx, result, codes, readings)
	})
}

func wayThing(c livecode.Code) Thing {
	if c.Kind == livecode.GroupCode {
		return JoinWays
	}
	return Ways
}

func (r *run) mendCodes(ctx context.Context, tx pg.Tx, result *Result, codes []livecode.Code, readings []livecode.Reading) error {
	outcomes, err := r.s.Codes.Reconcile(ctx, tx, readings, r.id)
	if err != nil {
		return err
	}
	var list []repair
	for _, c := range codes {
		x := repair{Thing: wayThing(c), Object: c.ConfigID, fallback: Silent}
		switch outcomes[c.ID] {
		case livecode.Rewritten:
			result.Amended.bump(x.Thing, 1)
			x.What = Amended
		case livecode.Remade, livecode.Broken:
			result.Extra.bump(x.Thing, 1)
			x.What = Ended
		case livecode.Same, livecode.Open:
			continue
		}
		list = append(list, x)
	}
	return r.note(ctx, tx, result, list)
}

func (r *run) readWays(ctx context.Context, codes []livecode.Code) ([]livecode.Reading, error) {
	now := r.s.Clock.Now()
	out := make([]livecode.Reading, len(codes))
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(askers)
	for i, c := range codes {
		g.Go(func() error {
			r.calls.Add(1)
			x := livecode.Reading{CodeID: c.ID, ConfigID: c.ConfigID, At: now}
			if c.Kind == livecode.GroupCode {
				w, err := r.s.WeCom.GetJoinWay(asking, c.ConfigID)
				if err != nil && !wecom.IsCode(err, 41044) {
					return err
				}
				if err == nil {
					x.Join = &w
				}
			} else {
				w, err := r.s.WeCom.GetContactWay(asking, c.ConfigID)
				if err != nil && !wecom.IsCode(err, 41044) {
					return err
				}
				if err == nil {
					x.Way = &w
				}
			}
			out[i] = x
			return nil
		})
	}
	return out, g.Wait()
}

// strays lists the ids of all contact ways and sorts out those that belong to no code of ours. In a check it also finds the
// codes whose way is gone.
func (r *run) strays(ctx context.Context) error {
	listed, err := r.listWays(ctx)
	if err != nil {
		return err
	}
	owned := map[string]bool{}
	for part := range slices.Chunk(listed, 1000) {
		codes, err := r.s.Codes.WithWays(ctx, r.s.DB, part)
		if err != nil {
			return err
		}
		for _, c := range codes {
			owned[c.ConfigID] = true
		}
	}
	if r.kind == Check {
		if err := r.missingWays(ctx, listed, owned); err != nil {
			return err
		}
	}
	var strange []string
	for _, c := range listed {
		if !owned[c] {
			strange = append(strange, c)
		}
	}
	var known map[string]bool
	if err := r.page(ctx, func(tx pg.Tx, _ *progress, result *Result) (err error) {
		result.Strays = len(strange)
		known, err = knownStrays(ctx, tx, append([]string{}, strange...))
		return err
	}); err != nil {
		return err
	}
	var found []Stray
	made := 0
	for _, c := range strange {
		if known[c] || len(found)+len(known) >= maxStrays {
			continue
		}
		x, ours, err := r.readStray(ctx, c)
		switch {
		case err != nil:
			return err
		case ours:
			made++
		default:
			found = append(found, x)
		}
	}
	return r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
		result.Strays -= made
		at.Over = true
		return saveStrays(ctx, tx, r.id, found)
	})
}

// readStray reads a way that no code has. ours says that it is none: it is gone, or belongs to a code that is being made.
func (r *run) readStray(ctx context.Context, config string) (x Stray, ours bool, err error) {
	r.calls.Add(1)
	w, err := r.s.WeCom.GetContactWay(ctx, config)
	if wecom.IsCode(err, 41044) {
		return x, true, nil
	}
	if err != nil {
		return x, false, err
	}
	ours, err = r.s.Codes.Making(ctx, r.s.DB, w.State)
	return Stray{ConfigID: config, State: w.State, Remark: w.Remark, Users: append([]string{}, w.Users...), FoundAt: r.s.Clock.Now()}, ours, err
}

func (r *run) listWays(ctx context.Context) ([]string, error) {
	var out []string
	cursor := ""
	for again := 0; ; {
		r.calls.Add(1)
		page, next, err := r.s.WeCom.ListContactWay(ctx, firstWay(), 0, cursor, 1000)
		if wecom.IsCode(err, 50100) && cursor != "" && again < 3 { // the cursor is too old
			cursor, out = "", nil
			again++
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, page...)
		if next == "" {
			slices.Sort(out)
			return slices.Compact(out), nil
		}
		cursor = next
	}
}

// missingWays asks for the ways of codes that the list does not name; ways from before WeCom listed them are still there.
func (r *run) missingWays(ctx context.Context, listed []string, owned map[string]bool) error {
	var after int64
	n := 0
	for {
		codes, err := r.s.Codes.AtWeCom(ctx, r.s.DB, after, 1000)
		if err != nil {
			return err
		}
		if len(codes) == 0 {
			break
		}
		after = codes[len(codes)-1].ID
		var ask []livecode.Code
		for _, c := range codes {
			switch {
			case c.Kind != livecode.StaffCode:
			case owned[c.ConfigID]:
				n++
			default:
				ask = append(ask, c)
			}
		}
		for part := range slices.Chunk(ask, waysPerPage) {
			readings, err := r.readWays(ctx, part)
			if err != nil {
				return err
			}
			for _, x := range readings {
				if x.Way != nil {
					n++
				}
			}
			if err := r.page(ctx, func(tx pg.Tx, _ *progress, result *Result) error {
				return r.mendCodes(ctx, tx, result, part, readings)
			}); err != nil {
				return err
			}
		}
	}
	return r.page(ctx, func(_ pg.Tx, _ *progress, result *Result) error {
		result.Remote.set(Ways, n)
		return nil
	})
}
