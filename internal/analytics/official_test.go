package analytics_test

import (
	"math"
	"testing"

	"qunce/internal/actor"
	"qunce/internal/livecode/codetest"
	"qunce/internal/metric"
)

// archive writes the days from..to of a member of staff; chats nil is a day that WeCom did not give.
func archive(t testing.TB, b *codetest.Brand, user, from, to string, chats *int, contacts int, final bool) {
	t.Helper()
	_, err := b.DB.Exec(t.Context(), `INSERT INTO statistic_staff_day (staff_id, day, given, chats, messages, reply_percent, reply_minutes, negative, applies, contacts, final, read_at)
		SELECT s.id, d::date, $4::int IS NOT NULL, $4, $4::int * 5, CASE WHEN $4::int > 0 THEN 50 END, CASE WHEN $4::int > 0 THEN 12 END, CASE WHEN $4::int IS NOT NULL THEN 1 END,
			CASE WHEN $4::int IS NOT NULL THEN 2 END, CASE WHEN $4::int IS NOT NULL THEN $5::int END, $6, $7
		FROM directory_staff s, generate_series($2::date, $3::date, interval '1 day') d WHERE s.userid = $1`, user, from, to, chats, contacts, final, b.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
}

func number(n int) *int { return &n }

func TestOfficialFigures(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	b.Advance(codetest.Start.AddDate(0, 0, 21)) // 2026-03-23
	archive(t, b, "lina", "2026-03-09", "2026-03-22", number(10), 1, true)
	archive(t, b, "wang", "2026-03-09", "2026-03-22", number(0), 0, true)
	archive(t, b, "zhou", "2026-03-10", "2026-03-21", number(0), 0, true)
	archive(t, b, "zhou", "2026-03-22", "2026-03-22", nil, 0, true)
	if _, err := b.DB.Exec(t.Context(), `INSERT INTO statistic_owner_day (staff_id, day, given, groups, new_groups, active_groups, members, new_members, active_members, messages, final, read_at)
		SELECT id, '2026-03-22', true, 4, 1, 3, 200, 9, 50, 1000, true, $1 FROM directory_staff WHERE userid = 'lina'`, b.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	r := ask(t, b, everybody, "/api/statistics/summary?days=14")
	if r.Date != "2026-03-22" || len(r.Tiles) != 11 || len(r.Series[0].Points) != 14 {
		t.Fatalf("%s, %d tiles, %d points", r.Date, len(r.Tiles), len(r.Series[0].Points))
	}
	shows(t, r.tile(t, metric.StaffChats), 10, metric.Partial) // of zhou there is nothing
	shows(t, r.tile(t, metric.StaffMessages), 50, metric.Partial)
	shows(t, r.tile(t, metric.ReplyTime), 12*60, metric.Partial)
	shows(t, r.tile(t, metric.Negative), 2, metric.Partial)
	shows(t, r.tile(t, metric.IdleStaff), 1, metric.Partial)                                                                  // wang; zhou's fortnight is not whole
	unknown(t, ask(t, b, everybody, "/api/statistics/summary?date=2026-03-20").tile(t, metric.IdleStaff), metric.NotArchived) // nobody has a fortnight
	if v := r.tile(t, metric.ReplyShare); v.Value == nil || *v.Numerator != 5 || *v.Denominator != 10 {
		t.Errorf("answered: %+v", v)
	}
	if v := r.tile(t, metric.Pass); v.Value == nil || *v.Numerator != 7 || *v.Denominator != 7*4+6*2 || math.Abs(*v.Value-0.175) > 1e-9 {
		t.Errorf("accepted: %+v", v)
	}
	shows(t, r.tile(t, metric.GroupTotal), 4, metric.Complete)
	shows(t, r.tile(t, metric.GroupActive), 0.75, metric.Complete)
	shows(t, r.tile(t, metric.GroupSpoke), 0.25, metric.Complete)

	unknown(t, ask(t, b, everybody, "/api/statistics/summary?date=2026-03-05").tile(t, metric.StaffChats), metric.NotArchived)
	unknown(t, ask(t, b, everybody, "/api/statistics/summary?date=2026-03-23").tile(t, metric.StaffChats), metric.NotStarted)
	shows(t, ask(t, b, everybody, "/api/statistics/summary?date=2026-03-21").tile(t, metric.StaffChats), 10, metric.Complete)

	west := actor.Actor{UserID: 2, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{b.West}}}
	r = ask(t, b, west, "/api/statistics/summary")
	shows(t, r.tile(t, metric.StaffChats), 10, metric.Complete) // zhou is of another store
	shows(t, r.tile(t, metric.Negative), 2, metric.Complete)
	river := actor.Actor{UserID: 3, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{b.River}}}
	unknown(t, ask(t, b, river, "/api/statistics/summary").tile(t, metric.GroupTotal), metric.NotArchived)

	// A day that was read early may change.
	if _, err := b.DB.Exec(t.Context(), `UPDATE statistic_staff_day SET final = false WHERE day = '2026-03-20'`); err != nil {
		t.Fatal(err)
	}
	if v := ask(t, b, everybody, "/api/statistics/summary?date=2026-03-20").tile(t, metric.StaffChats); v.State != metric.Partial || v.NoteCode != metric.ReadEarly {
		t.Errorf("%+v", v)
	}
}
