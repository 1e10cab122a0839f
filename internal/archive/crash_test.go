package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/group"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

// The crash tests read in a process of its own, kill it at a failpoint, and read on in another one.

const childEnv = "QUNCE_ARCHIVE_CHILD"

func TestMain(m *testing.M) {
	if raw := os.Getenv(childEnv); raw != "" {
		if err := child(context.Background(), raw); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

type childConfig struct {
	Database, Adapter string
	Now               time.Time
}

func child(ctx context.Context, raw string) error {
	var c childConfig
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return err
	}
	pool, err := pg.Open(ctx, pg.Options{URL: c.Database})
	if err != nil {
		return err
	}
	defer pool.Close()
	s := lone(pool, c.Adapter, clock.NewManual(c.Now))
	if _, err := s.Pull(ctx); err != nil {
		return err
	}
	_, err = s.FetchMedia(ctx)
	return err
}

// lone is the archive without a brand around it.
func lone(pool *pg.Pool, adapter string, now clock.Clock) *Service {
	db, ids, wall, log := pool.Corp(pgtest.CorpSchema), id.New(pool.IDBlock), clock.Wall(), slog.New(slog.DiscardHandler)
	bus, audits := event.New(ids, wall), audit.New(ids)
	d := directory.New(directory.Deps{DB: db, IDs: ids, Clock: now, Audit: audits, Log: log})
	people := customer.New(customer.Deps{DB: db, IDs: ids, Clock: now, Events: bus, Log: log})
	groups := group.New(group.Deps{DB: db, IDs: ids, Clock: now, Wall: wall, Events: bus, Customers: people, Log: log})
	return New(Deps{DB: db, IDs: ids, Clock: now, Wall: wall, Events: bus, Audit: audits, Source: Adapter(adapter, testKey, http.DefaultClient), Staff: staffRefs{d}, Directory: d,
		Customers: people, Groups: groups, Log: log})
}

// read runs a child; killed says whether it died at a failpoint.
func (c childConfig) read(t *testing.T, arm string) (killed bool) {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$") //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), childEnv+"="+string(raw), failpoint.Env+"="+arm)
	out, err := cmd.CombinedOutput()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("with %q: %v\n%s", arm, err, out)
	}
	return false
}

// Killed at any point of any page, reading goes on where it stood: every message is here once, with its files, its
// recalls and its consents, and every sum is right.
func TestKilledReadersLoseAndDoubleNothing(t *testing.T) {
	pool := pgtest.New(t)
	db := pool.Corp(pgtest.CorpSchema)
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, clock.Shanghai)
	if err := event.Found(t.Context(), db, now); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t)
	const total = 11 * 900
	picture := make([]byte, 2*chunkBytes+17)
	for i := range total {
		at := now.Add(-time.Hour + time.Duration(i)*time.Millisecond)
		switch i % 11 {
		case 3:
			p.put(at, "wm1", "lina", "", map[string]any{"action": "recall", "msgtype": "revoke", "revoke": map[string]any{"pre_msgid": fmt.Sprintf("msg%d_external", i-1)}})
		case 5:
			p.put(at, fmt.Sprint("wm", i), "lina", "", map[string]any{"msgtype": "agree", "agree": map[string]any{"userid": fmt.Sprint("wm", i), "agree_time": at.UnixMilli()}})
		case 7:
			if i < 100 {
				p.put(at, "wm1", "lina", "", map[string]any{"msgtype": "image", "image": p.file(fmt.Sprint("F", i), picture)})
				continue
			}
			fallthrough
		default:
			p.put(at, "wm1", "lina", "", says(fmt.Sprintf("第%d句", i)))
		}
	}
	if err := lone(pool, p.URL, clock.NewManual(now)).SaveSettings(t.Context(), Settings{RetentionMonths: 6, FetchMedia: true, MediaMaxMB: 20}); err != nil {
		t.Fatal(err)
	}
	c := childConfig{Database: pool.URL(), Adapter: p.URL, Now: now}
	for _, point := range []string{"archive.page.before", "archive.page.inside", "archive.page.after", "event.publish.before", "event.publish.after", "archive.media.before", "archive.media.after"} {
		for n := 1; n <= 2; n++ {
			if !c.read(t, fmt.Sprintf("%s=%d", point, n)) && n == 1 {
				t.Errorf("%s was not passed", point)
			}
		}
	}
	for range 10 { // what is left of the files
		c.read(t, "")
	}
	count := func(what string, want int, sql string) {
		t.Helper()
		var n int
		if err := db.QueryRow(t.Context(), sql).Scan(&n); err != nil || n != want {
			t.Errorf("%s: %d, want %d (%v)", what, n, want, err)
		}
	}
	count("messages", total, `SELECT count(*) FROM archive_message`)
	count("different ones", total, `SELECT count(DISTINCT msg_id) FROM archive_message`)
	count("ids", total, `SELECT count(*) FROM archive_key`)
	count("counted", total, `SELECT messages FROM archive_state`)
	count("in chats", total, `SELECT sum(messages)::int FROM archive_chat`)
	count("position", total, `SELECT seq FROM archive_state`)
	count("recalled", total/11, `SELECT count(*) FROM archive_message WHERE recalled_at IS NOT NULL`)
	count("consents", total/11, `SELECT count(*) FROM archive_consent WHERE state = 'agree'`)
	count("published", total/11, `SELECT count(*) FROM event_event WHERE kind = 'archive.agreed'`)
	count("files", 9, `SELECT count(*) FROM archive_media WHERE state = 'stored'`)
	count("files of the right size", 9, fmt.Sprintf(`SELECT count(*) FROM (SELECT sum(length(data)) AS n FROM archive_chunk GROUP BY chat_id, at, message_id, n) x WHERE x.n = %d`, len(picture)))
}
