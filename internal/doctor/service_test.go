package doctor

import (
	"log/slog"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/wecom/sim"
)

func TestFindingsAreKeptAndChangesToo(t *testing.T) {
	r := newRig(t, world())
	wall := clock.NewManual(clock.Wall().Now())
	s := New(Deps{Doctor: r.doctor(), DB: r.db, IDs: id.New(r.pool.IDBlock), Wall: wall, Words: words(t), Log: slog.New(slog.DiscardHandler), Subject: r.subject})
	before, err := s.Last(t.Context(), i18n.Chinese)
	r.check(err)
	if before.CheckedAt != nil || len(before.Items) != 0 || before.State != Unknown {
		t.Errorf("before the first: %+v", before)
	}
	first, err := s.Check(t.Context(), i18n.Chinese)
	r.check(err)
	if len(first.Items) != len(IDs()) || first.Items[0].ID != "secret" || first.State != Fail || len(first.Changes) != 0 || first.CheckedAt == nil {
		t.Errorf("the first: %d items, state %s, %d changes", len(first.Items), first.State, len(first.Changes))
	}
	began := first.Items[0].Since

	// Whoever asks again at once gets the same.
	r.check(r.sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{"agent/get": 50003}}))
	again, err := s.Check(t.Context(), i18n.Chinese)
	r.check(err)
	if !again.CheckedAt.Equal(*first.CheckedAt) {
		t.Error("a second examination at once")
	}

	wall.Set(wall.Now().Add(time.Minute))
	red, err := s.Check(t.Context(), i18n.English)
	r.check(err)
	if len(red.Changes) == 0 || red.Changes[len(red.Changes)-1].Check == "" {
		t.Fatalf("changes: %+v", red.Changes)
	}
	var agent *Change
	for i := range red.Changes {
		if red.Changes[i].Check == "agent" {
			agent = &red.Changes[i]
		}
	}
	if agent == nil || agent.Before != OK || agent.State != Fail || agent.Title != "The app's AgentId" || agent.Found == "" || !agent.At.Equal(*red.CheckedAt) {
		t.Errorf("the change of the agent: %+v", agent)
	}
	for _, v := range red.Items {
		if v.ID == "secret" && !v.Since.Equal(*began) {
			t.Error("a state that stayed has a new beginning")
		}
		if v.ID == "agent" && !v.Since.Equal(*red.CheckedAt) {
			t.Error("a new state has an old beginning")
		}
	}

	// By itself it looks every hour, without the checks that leave traces.
	if did, err := s.RunDue(t.Context()); err != nil || did {
		t.Errorf("due at once: %v, %v", did, err)
	}
	wall.Set(wall.Now().Add(time.Hour))
	if did, err := s.RunDue(t.Context()); err != nil || !did {
		t.Errorf("not due after an hour: %v, %v", did, err)
	}
	last, err := s.Last(t.Context(), i18n.Chinese)
	r.check(err)
	for _, v := range last.Items {
		if fresh := v.CheckedAt.Equal(*last.CheckedAt); fresh == (v.ID == "callback_guard") {
			t.Errorf("%s was examined again: %v", v.ID, fresh)
		}
	}
}

// What failed when the setup was finished is told until it has passed once; what was never examined is, at once.
func TestWhatTheSetupLeftRed(t *testing.T) {
	r := newRig(t, world())
	wall := clock.NewManual(clock.Wall().Now())
	r.corp.CreatedAt = wall.Now()
	s := New(Deps{Doctor: r.doctor(), DB: r.db, IDs: id.New(r.pool.IDBlock), Wall: wall, Words: words(t), Log: slog.New(slog.DiscardHandler), Subject: r.subject})
	left := []Finding{{Check: "fsync", Area: Server, State: Fail, Says: "off"}, {Check: "agent", Area: WeCom, State: Fail, Says: "closed", Facts: Facts{"agent_id": 1}}}
	r.check(r.db.Tx(t.Context(), func(tx pg.Tx) error { return Keep(t.Context(), tx, left, r.corp.CreatedAt) }))
	red := func(when, want string) {
		t.Helper()
		report, err := s.Last(t.Context(), i18n.Chinese)
		r.check(err)
		got := ""
		for _, v := range report.Items {
			if v.FromSetup {
				got += v.ID + " "
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	red("before the first examination", "agent fsync ")
	wall.Set(wall.Now().Add(time.Minute))
	if did, err := s.RunDue(t.Context()); err != nil || !did {
		t.Fatalf("the first examination is not due: %v, %v", did, err)
	}
	red("when one has passed", "fsync ") // the database of tests runs without fsync
	if did, err := s.RunDue(t.Context()); err != nil || did {
		t.Errorf("due again: %v, %v", did, err)
	}
	r.check(r.sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{"agent/get": 50003}}))
	wall.Set(wall.Now().Add(time.Hour))
	_, err := s.RunDue(t.Context())
	r.check(err)
	red("when it fails anew", "fsync ")
}
