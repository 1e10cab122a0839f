package doctor

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qunce/internal/pg"
	"qunce/internal/tenant"
)

func TestWorkerAndQueues(t *testing.T) {
	r := newRig(t, world())
	now := r.wall.Now()
	r.finds("worker", Fail, "never")
	r.exec(`INSERT INTO job_lease (name, owner, epoch, until_at) VALUES ('worker', 'host/1', 1, $1)`, now.Add(-time.Minute))
	r.finds("worker", Fail, "free")
	r.exec(`UPDATE job_lease SET until_at = $1`, now.Add(time.Minute))
	r.finds("worker", OK, "ok")

	event := func(id int, state string, at time.Time) {
		r.exec(`INSERT INTO inbox_event (id, lane, urgent, received_at, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, state, next_at, cause_id)
			VALUES ($1, 0, false, $2, $2, 'change_contact', '', '', '', '', '', '', $3, $2, 1)`, id, at, state)
	}
	call := func(id int, state string, at time.Time) {
		r.exec(`INSERT INTO outbox_call (id, key, kind, class, lane, entity, payload, state, next_at, created_at, cause_id)
			VALUES ($1::bigint, $1::bigint::text, 'k', 'repeatable', 'write', '', '{}', $3, $2, $2, 1)`, id, at, state)
	}
	r.finds("queues", OK, "ok")
	event(1, "failed", now.Add(-48*time.Hour))
	call(1, "planned", now.Add(time.Hour)) // not due yet
	r.finds("queues", OK, "ok")
	call(2, "failed", now.Add(-time.Hour))
	r.finds("queues", Warn, "failed")
	event(2, "new", now.Add(-2*time.Minute))
	r.finds("queues", Warn, "slow")
	call(3, "planned", now.Add(-time.Hour))
	if f := r.finds("queues", Fail, "stuck"); f.Facts["oldest"] != "1h" || f.Facts["calls"] != int64(1) || f.Facts["callbacks"] != int64(1) {
		t.Errorf("%+v", f.Facts)
	}
}

func TestCallbacksAndEvents(t *testing.T) {
	r := newRig(t, world())
	now := r.wall.Now()
	r.exec(`INSERT INTO corp_clock (id, now, accelerated, playing, speed, started_at) VALUES (1, $1, false, false, 1, $2)`, now, now.AddDate(0, 0, -30))
	r.finds("callback_seen", Unknown, "never")
	r.finds("callback_events", Unknown, "quiet")
	relation := func(id int, at time.Time) {
		r.exec(`INSERT INTO customer_customer (id, name, name_key, created_at, updated_at) VALUES ($1, '', '', $2, $2)`, id, at)
		r.exec(`INSERT INTO customer_relation (customer_id, staff_id, store_id, userid, external_userid, state, added_at, updated_at) VALUES ($1::bigint, 1, 0, 'lina', $1::bigint::text, 'active', $2, $2)`, id, at)
	}
	event := func(id int, kind string, at time.Time) {
		r.exec(`INSERT INTO inbox_event (id, lane, urgent, received_at, corp_at, event, change_type, entity, userid, external_userid, chat_id, body, state, next_at, cause_id)
			VALUES ($1, 0, false, $2, $2, $3, 'add_external_contact', '', '', '', '', '', 'done', $2, 1)`, id, at, kind)
	}
	relation(1, now.AddDate(0, 0, -40)) // before anything was set up
	r.finds("callback_events", Unknown, "quiet")
	relation(2, now.AddDate(0, 0, -1))
	r.finds("callback_events", Fail, "missing")
	event(1, "change_contact", now.AddDate(0, 0, -5))
	r.finds("callback_events", Fail, "missing")
	r.finds("callback_seen", Warn, "quiet")
	event(2, "change_external_contact", now.Add(-time.Minute))
	r.finds("callback_events", OK, "ok")
	r.finds("callback_seen", OK, "ok")
	refused := func(reason string, n int, at time.Time) {
		r.exec(`INSERT INTO inbox_door (day, outcome, reason, n, last_at) VALUES ($1::date, 'refused', $2, $3, $4)`, at.UTC().Format(time.DateOnly), reason, n, at)
	}
	refused("callback.stale", 5, now.AddDate(0, 0, -20))
	r.finds("callback_seen", OK, "ok")
	refused("callback.bad_signature", 2, now.Add(-time.Hour))
	if f := r.finds("callback_seen", OK, "ok_refused"); f.Facts["refused"] != int64(2) {
		t.Errorf("%+v", f.Facts)
	}
	refused("callback.bad_cipher", 1, now)
	if f := r.finds("callback_seen", Warn, "refused"); !strings.Contains(words(t).View("zh-CN", f).Found, "EncodingAESKey") {
		t.Errorf("%s", words(t).View("zh-CN", f).Found)
	}
	r.exec(`DELETE FROM inbox_event`)
	r.finds("callback_seen", Fail, "only_refused")
}

func TestSyncAndWelcome(t *testing.T) {
	r := newRig(t, world())
	now := r.wall.Now()
	r.exec(`INSERT INTO corp_clock (id, now, accelerated, playing, speed, started_at) VALUES (1, $1, false, false, 1, $1)`, now)
	sync := func(id int, state string, at time.Time, complete bool) {
		r.exec(`INSERT INTO sync_run (id, kind, state, started_at, finished_at, corp_at, cause_id, result) VALUES ($1, 'full', $2, $3, $3, $3, 1,
			jsonb_build_object('complete', $4::boolean, 'remote', jsonb_build_object('staff', 3, 'relations', 5, 'groups', 2)))`, id, state, at, complete)
	}
	r.finds("sync", Warn, "never")
	sync(1, "running", now, false)
	r.finds("sync", Unknown, "first")
	r.exec(`UPDATE sync_run SET state = 'failed'`)
	r.finds("sync", Fail, "failed")
	sync(2, "done", now.Add(-40*time.Hour), true)
	r.finds("sync", Warn, "old")
	sync(3, "done", now, false)
	r.finds("sync", Warn, "incomplete")
	sync(4, "done", now, true)
	if f := r.finds("sync", OK, "ok"); f.Facts["relations"] != int64(5) {
		t.Errorf("%+v", f.Facts)
	}
	sync(5, "failed", now, false)
	r.finds("sync", Warn, "failed_since")

	welcome := func(n, from int, state, reason string) {
		r.exec(`INSERT INTO livecode_welcome (customer_id, staff_id, id, at, state, reason, cause_id) SELECT i, 1, i, $3, $4, $5, 1 FROM generate_series($2::int, $2::int + $1::int - 1) i`,
			n, from, now.Add(-time.Hour), state, reason)
	}
	r.finds("welcome", Unknown, "none")
	welcome(100, 1, "sent", "")
	welcome(3, 200, "sent", "already")
	r.finds("welcome", OK, "ok")
	r.exec(`INSERT INTO livecode_welcome (customer_id, staff_id, id, at, state, reason, cause_id) SELECT customer_id, staff_id, id + 1000, at, 'not_possible', 'expired', 1 FROM livecode_welcome WHERE id < 50`)
	r.finds("welcome", OK, "ok") // they had another
	welcome(7, 300, "sent", "already")
	r.finds("welcome", Warn, "race")
	welcome(20, 400, "not_possible", "expired")
	r.finds("welcome", Warn, "late")
	welcome(40, 500, "failed", "wecom.84074")
	r.finds("welcome", Warn, "failing")
}

// The chat archive: nobody there, another key, reading that fails, that stopped, and what it left out.
func TestChatArchive(t *testing.T) {
	r := newRig(t, world())
	now := r.wall.Now()
	r.exec(`INSERT INTO corp_clock (id, now, accelerated, playing, speed, started_at) VALUES (1, $1, false, false, 1, $1)`, now)
	r.finds("archive", Skipped, "unset")
	adapter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("Authorization") != "Bearer "+archiveSecret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"errcode":0,"errmsg":"ok","messages":[]}`))
	}))
	t.Cleanup(adapter.Close)
	r.corp.Settings.ArchiveURL, r.corp.Secrets.ArchiveKey = "http://127.0.0.1:1", archiveSecret
	if f := r.finds("archive", Fail, "no_answer"); f.Facts["error"] != "archive.adapter_away" {
		t.Errorf("%+v", f.Facts)
	}
	r.corp.Settings.ArchiveURL, r.corp.Secrets.ArchiveKey = adapter.URL, "another"
	if f := r.finds("archive", Fail, "no_answer"); f.Facts["error"] != "archive.adapter_key" {
		t.Errorf("%+v", f.Facts)
	}
	r.corp.Secrets.ArchiveKey = archiveSecret
	r.finds("archive", Unknown, "first")
	failing := func(caughtUp *time.Time) {
		r.exec(`UPDATE archive_state SET caught_up_at = $1, failures = 4, error_code = 'archive.adapter_trouble', error_params = '{"errcode": 10001}'`, caughtUp)
	}
	failing(nil)
	r.finds("archive", Fail, "never")
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	failing(ago(time.Minute)) // the next try is in minutes
	r.finds("archive", OK, "ok")
	failing(ago(7 * time.Hour))
	if f := r.finds("archive", Warn, "failing"); f.Facts["failures"] != int64(4) || f.Facts["behind"] != "7h" {
		t.Errorf("%+v", f.Facts)
	}
	failing(ago(97 * time.Hour))
	r.finds("archive", Fail, "losing")
	r.exec(`UPDATE archive_state SET failures = 0, error_code = '', error_params = '{}'`)
	r.finds("archive", Warn, "behind")
	r.exec(`UPDATE corp_clock SET accelerated = true`)
	r.finds("archive", OK, "ok")
	r.exec(`UPDATE corp_clock SET accelerated = false`)
	r.exec(`UPDATE archive_state SET caught_up_at = $1`, now)
	r.exec(`INSERT INTO archive_gap (id, from_at, to_at, after_seq, found_at) VALUES (1, $1, $1, 5, $1), (2, $2, $2, 9, $2)`, ago(40*24*time.Hour), ago(24*time.Hour))
	if f := r.finds("archive", Warn, "gaps"); f.Facts["gaps"] != int64(1) {
		t.Errorf("%+v", f.Facts)
	}
	r.exec(`DELETE FROM archive_gap WHERE id = 2`)
	r.finds("archive", OK, "ok")
}

// WeCom's statistics: how long it has refused them counts from the first full sync after the last good one.
func TestStatistics(t *testing.T) {
	r := newRig(t, world())
	now := r.wall.Now()
	id := 0
	sync := func(days int, kind, archive string) {
		id++
		r.exec(`INSERT INTO sync_run (id, kind, state, started_at, finished_at, corp_at, cause_id, result) VALUES ($1, $2, 'done', $3, $3, $3, 1, jsonb_build_object('complete', true, 'archive', $4::jsonb))`,
			id, kind, now.AddDate(0, 0, -days), archive)
	}
	r.finds("statistics", Unknown, "none")
	sync(60, "full", `{"error": "wecom.48002"}`)
	if f := r.finds("statistics", Fail, "refused_long"); f.Facts["left"] != 120 {
		t.Errorf("%+v", f.Facts)
	}
	sync(50, "full", `{"staff_days": 3}`)
	r.exec(`INSERT INTO statistic_staff_day (staff_id, day, given, final, read_at) VALUES (1, '2026-03-01', true, true, $1), (1, '2026-03-02', false, true, $1)`, now)
	if f := r.finds("statistics", OK, "ok"); f.Facts["last"] != "2026-03-01" {
		t.Errorf("%+v", f.Facts)
	}
	sync(5, "full", `{"error": "wecom.48002"}`)
	sync(4, "check", `{}`)
	sync(3, "full", `null`) // it never came to the statistics
	sync(2, "full", `{"error": "wecom.48002"}`)
	if f := r.finds("statistics", Warn, "refused_lately"); f.Facts["days"] != 5 || f.Facts["error"] != "wecom.48002" {
		t.Errorf("%+v", f.Facts)
	}
}

func TestServer(t *testing.T) {
	r := newRig(t, world())
	r.finds("fsync", Fail, "off") // tests run without
	r.finds("database", OK, "ok")
	r.finds("schema", OK, "ok")
	r.exec(`INSERT INTO goose_db_version (version_id, is_applied, tstamp) VALUES (99999, true, $1)`, r.wall.Now())
	r.finds("schema", Fail, "ahead")
	r.exec(`DELETE FROM goose_db_version WHERE version_id >= $1`, pg.CorpVersion())
	r.finds("schema", Fail, "behind")

	r.finds("secret_key", Fail, "lost")
	key := filepath.Join(r.dir, tenant.KeyFile)
	r.check(os.WriteFile(key, []byte("x"), 0o600))
	r.check(os.Chmod(r.dir, 0o700))
	r.finds("secret_key", OK, "ok")
	r.check(os.Chmod(r.dir, 0o777)) //nolint:gosec // that is the point
	r.finds("secret_key", Warn, "folder")
	r.check(os.Chmod(key, 0o644)) //nolint:gosec // as above
	r.finds("secret_key", Fail, "exposed")

	s := r.subject()
	s.Machine.MaxConns = 100_000
	if f := r.examine(s, "connections")["connections"]; f.State != Warn || f.Says != "few" {
		t.Errorf("%+v", f)
	}
	s.Machine.Private = true
	if f := r.examine(s, "binaries")["binaries"]; f.State != OK || f.Says != "fresh" {
		t.Errorf("%+v", f)
	}
	cluster := filepath.Join(r.dir, "pg", "cluster")
	r.check(os.MkdirAll(cluster, 0o700))
	r.check(os.WriteFile(filepath.Join(cluster, "PG_VERSION"), []byte("9\n"), 0o600))
	if f := r.examine(s, "binaries")["binaries"]; f.State != Fail || f.Says != "other" || f.Facts["want"] != 9 {
		t.Errorf("%+v", f)
	}
	r.finds("clock", OK, "ok_both")
	s = r.subject()
	ahead := Doctor{Wall: offset{r.wall, 90 * time.Second}}
	if f := ahead.Examine(t.Context(), s, "clock")[0]; f.State != Warn || f.Says != "off" {
		t.Errorf("%+v", f)
	}
	far := Doctor{Wall: offset{r.wall, -20 * time.Minute}}
	found := byCheck(far.Examine(t.Context(), s, "clock", "callback_url"))
	if found["clock"].Says != "wrong" || found["callback_url"].Says != "key" {
		t.Errorf("%+v", found)
	}
}

// offset is a clock that goes wrong.
type offset struct {
	right interface{ Now() time.Time }
	by    time.Duration
}

func (o offset) Now() time.Time { return o.right.Now().Add(o.by) }

func TestSize(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KB", 5 << 30: "5 GB", 3 << 40: "3 TB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{3 * time.Second: "3s", 90 * time.Second: "1m", 5 * time.Hour: "5h"} {
		if got := span(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
