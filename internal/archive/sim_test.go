package archive

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/inbox"
	"qunce/internal/pg/pgtest"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
	"qunce/internal/wecom/sim"
)

// The simulator keeps an archive and serves it by the adapter protocol: two days of its people's life come in whole, with
// consents, recalls and files, its notices wake the reader, and WeCom's own answers about seats and consents agree.
func TestTheSimulatorsArchive(t *testing.T) {
	const corpID, token, key, secret = "wwarchive0000001", "archiveTOKEN", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "archive-shh"
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)
	pool := pgtest.New(t)
	db, ids, now, wall, log := pool.Corp(pgtest.CorpSchema), id.New(pool.IDBlock), clock.NewManual(start), clock.Wall(), slog.New(slog.DiscardHandler)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(event.Found(t.Context(), db, start))
	in := inbox.New(db, ids, wall, log)
	crypto, err := callback.NewCrypto(token, key, corpID)
	check(err)
	door := httptest.NewServer(inbox.NewIngress(in, crypto))
	t.Cleanup(door.Close)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = in.Ingest(ctx) }()
	t.Cleanup(func() { stop(); <-ended })

	w := sim.World{Seed: 5, Start: start, Limits: sim.Limits{HalfAdd: -1}, Departments: []sim.Department{{ID: 1, Name: "禾光"}},
		Members:   []sim.Member{{UserID: "lina", Name: "李娜", Departments: []int64{1}}, {UserID: "wang", Name: "王强", Departments: []int64{1}}},
		Groups:    []sim.Group{{ChatID: "wrWEST", Name: "福利群", Owner: "lina", Members: []string{"wang"}}},
		Behaviour: sim.Behaviour{Scan: 1, Add: 1, Join: 1}}
	w.Archive = &sim.Archive{Members: []string{"lina"}, Consent: 0.7, Lively: 1, Recall: 0.5}
	for i := range 12 {
		w.People = append(w.People, sim.Person{ExternalUserID: fmt.Sprintf("wm%02d", i), Name: fmt.Sprintf("顾客%02d", i)})
		w.Friends = append(w.Friends, sim.Friend{UserID: "lina", ExternalUserID: fmt.Sprintf("wm%02d", i)})
	}
	server, err := sim.New(sim.Options{Dir: t.TempDir(), World: &w, CallbackURL: door.URL, Token: token, EncodingAESKey: key, CorpID: corpID, Secret: "shh", AgentID: 2, ArchiveSecret: secret})
	check(err)
	t.Cleanup(func() { _ = server.Close() })
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	client := wecom.New(wecom.Config{BaseURL: web.URL, CorpID: corpID, Secret: "shh", AgentID: 2, PerMinute: -1})
	adapter := web.URL + "/sim/archive"

	bus, audits := event.New(ids, wall), audit.New(ids)
	d := directory.New(directory.Deps{DB: db, IDs: ids, Clock: now, WeCom: client, Audit: audits, Log: log})
	people := customer.New(customer.Deps{DB: db, IDs: ids, Clock: now, Wall: wall, Events: bus, WeCom: client, Audit: audits, Staff: staffRefs{d}, Log: log})
	groups := group.New(group.Deps{DB: db, IDs: ids, Clock: now, Wall: wall, Events: bus, WeCom: client, Staff: staffRefs{d}, Customers: people, Log: log})
	s := New(Deps{DB: db, IDs: ids, Clock: now, Wall: wall, Events: bus, Audit: audits, Source: Adapter(adapter, secret, http.DefaultClient),
		People: wecom.New(wecom.Config{BaseURL: web.URL, CorpID: corpID, Secret: secret, PerMinute: -1}), Staff: staffRefs{d}, Directory: d, Customers: people, Groups: groups, Log: log})
	d.Register(in)
	people.Listen(in)
	groups.Listen(in)
	s.Listen(in)
	_, err = d.SyncDirectory(t.Context())
	check(err)

	control := sim.Control{URL: web.URL}
	total := 0
	for hour := 1; hour <= 48; hour++ {
		at := start.Add(time.Duration(hour) * time.Hour)
		_, err := control.Advance(t.Context(), at)
		check(err)
		line := fmt.Sprintf(`{"person":"wm%02d","peer":"lina","text":"第%d个小时，还有优惠券吗？"}`, hour%12, hour)
		res, err := http.Post(web.URL+"/sim/api/reply", "application/json", strings.NewReader(line)) //nolint:noctx // a test
		check(err)
		if _ = res.Body.Close(); res.StatusCode >= 300 {
			t.Fatalf("a reply: %s", res.Status)
		}
		now.Set(at)
		for worked := 1; worked > 0; {
			worked = 0
			for lane := range inbox.Lanes + 1 {
				n, err := in.RunOnce(t.Context(), lane)
				check(err)
				worked += n
			}
		}
		if open, err := s.Open(t.Context()); err != nil || !open {
			check(err)
			continue // nothing was said that hour
		}
		n, err := s.Pull(t.Context())
		check(err)
		total += n
	}
	n, err := s.Pull(t.Context())
	check(err)
	count := func(sql string) (n int) {
		t.Helper()
		check(db.QueryRow(t.Context(), sql).Scan(&n))
		return n
	}
	total += n // what was said in the last hour, after its notice
	if n > 2 || total < 30 || total != count(`SELECT count(*) FROM archive_message`) || count(`SELECT strange FROM archive_state`) != 0 {
		t.Errorf("%d messages, %d without a notice, %d of strange kinds", total, n, count(`SELECT strange FROM archive_state`))
	}
	if ok, err := CheckAdapter(t.Context(), adapter, secret, http.DefaultClient, func(l Line) {
		if l.Verdict == Bad {
			t.Errorf("the simulator's adapter: %s", l.En)
		}
	}); err != nil || !ok {
		t.Error(err)
	}

	// The consents of messages and callbacks are those that WeCom answers with.
	agreed := count(`SELECT count(*) FROM archive_consent WHERE state = 'agree'`)
	if agreed == 0 {
		t.Error("nobody agreed")
	}
	check(s.Ask(t.Context()))
	if again := count(`SELECT count(*) FROM archive_consent WHERE state = 'agree'`); again != agreed {
		t.Errorf("%d had agreed, WeCom says %d", agreed, again)
	}
	if seats := count(`SELECT count(*) FROM archive_seat WHERE ended_at IS NULL`); seats != 1 {
		t.Errorf("%d seats", seats)
	}
	if count(`SELECT count(*) FROM archive_message WHERE recalled_at IS NOT NULL`) == 0 || count(`SELECT count(*) FROM archive_media`) == 0 {
		t.Error("nothing was recalled, or no file was sent: the test looks at too little")
	}
	check(s.SaveSettings(t.Context(), Settings{RetentionMonths: 6, FetchMedia: true, MediaMaxMB: 20}))
	for more := true; more; {
		if more, err = s.FetchMedia(t.Context()); err != nil && !errs.Is(err, "archive.media_gone") {
			t.Fatal(err)
		}
	}
	if left := count(`SELECT count(*) FROM archive_media WHERE state <> 'stored'`); left > 0 {
		t.Errorf("%d files did not come", left)
	}
	got, err := s.Search(t.Context(), Query{Text: "优惠券吗?", source: source{view: view{all: true}}})
	if err != nil || len(got.Items) < 10 {
		t.Errorf("%d finds, %v", len(got.Items), err)
	}
}
