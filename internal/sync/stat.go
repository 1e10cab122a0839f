package sync

import (
	"context"
	"slices"

	"qunce/internal/pg"
	"qunce/internal/statistic"
)

// asksPerPage is how many calls for statistics lie between two savings.
const asksPerPage = 8

// statistics fills the archive: a full run as far back as WeCom remembers, a check the last days. What is held is not asked
// for again, so an interrupted run goes on with what is missing. WeCom's refusal ends the step, not the run: statistics
// are no part of what the statement proves.
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
	asks, err := r.s.Statistics.Missing(ctx, users, back)
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
			at.Done += len(part)
			return r.s.Statistics.Save(ctx, tx, got)
		})
		if err != nil {
			return err
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
