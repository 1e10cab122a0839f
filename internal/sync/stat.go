package sync

import (
	"context"
	"slices"

	"qunce/internal/pg"
	"qunce/internal/statistic"
)

const (
	asksPerPage = 8  // calls for statistics between two savings
	maxRefusals = 20 // refusals that are kept one by one
	hopeless    = 24 // refusals in a run that got nothing at all: it would be refused everything
)

// statistics fills the archive: a full run as far back as WeCom remembers, a check the last days. What is held is not asked
// for again, so an interrupted run goes on with what is missing. WeCom's refusal of all ends the step, that of one member is
// noted, and neither ends the run: statistics are no part of what the statement proves.
func (r *run) statistics(ctx context.Context) error {
	if r.s.Statistics == nil {
		r.skip("statistics")
		return nil
	}
	users, err := r.users(ctx)
	if err != nil {
		return err
	}
	back := statistic.All
	if r.kind == Check {
		back = statistic.Lately
	}
	lost, err := lostSeats(ctx, r.s.DB)
	if err != nil {
		return err
	}
	for _, u := range users { // it came back since
		delete(lost, u)
	}
	asks, err := r.s.Statistics.Missing(ctx, users, lost, back)
	if err != nil {
		return err
	}
	r.at.Of = r.at.Done + len(asks)
	if r.result.Archive == nil {
		r.result.Archive = &Archive{}
	}
	for part := range slices.Chunk(asks, asksPerPage) {
		got, err := r.s.Statistics.Read(ctx, part)
		r.calls.Add(int64(got.Calls))
		if code, refused := statistic.Refused(err); refused {
			r.result.Archive.Error = code
			r.skip("statistics")
			return r.save(ctx)
		}
		if err != nil {
			return err
		}
		err = r.page(ctx, func(tx pg.Tx, at *progress, result *Result) error {
			a := result.Archive
			for _, d := range got.Staff {
				a.note(d.Given, &a.StaffDays)
			}
			for _, d := range got.Owners {
				a.note(d.Given, &a.OwnerDays)
			}
			result.Unread += got.Hidden
			a.Refused += len(got.Refused)
			a.Refusals = append(a.Refusals, got.Refused[:min(len(got.Refused), max(0, maxRefusals-len(a.Refusals)))]...)
			at.Done += len(part)
			return r.s.Statistics.Save(ctx, tx, got)
		})
		if err != nil {
			return err
		}
		if a := r.result.Archive; a.Refused >= hopeless && a.StaffDays+a.OwnerDays+a.Absent == 0 {
			a.Error = a.Refusals[0].Code
			r.skip("statistics")
			return r.save(ctx)
		}
	}
	return nil
}

// note counts one day.
func (a *Archive) note(given bool, days *int) {
	if given {
		*days++
	} else {
		a.Absent++
	}
}
