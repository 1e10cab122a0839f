package archive

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"qunce/internal/actor"
)

var png = append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, chunkBytes+5)...)

// picture puts a message with a file and returns where the console finds it.
func (r *rig) picture(id string, raw []byte, at time.Time) string {
	r.t.Helper()
	r.p.put(at, "wm00", "lina", "", map[string]any{"msgtype": "file", "file": with(r.p.file(id, raw), "filename", id)})
	r.pull(1)
	var chat, message int64
	r.Check(r.DB.QueryRow(r.t.Context(), `SELECT chat_id, id, at FROM archive_message ORDER BY id DESC LIMIT 1`).Scan(&chat, &message, &at))
	return fmt.Sprintf("/api/archive/chats/%d/messages/%d/files/0?at=%s&", chat, message, url.QueryEscape(at.Format(time.RFC3339Nano)))
}

func with(m map[string]any, key string, v any) map[string]any { m[key] = v; return m }

// get asks for a file.
func (r *rig) get(who actor.Actor, path string) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(actor.With(r.t.Context(), who), "GET", path, nil)
	w := httptest.NewRecorder()
	r.api.Handler().ServeHTTP(w, req)
	return w
}

func (r *rig) fileState() string {
	r.t.Helper()
	var state, code string
	r.Check(r.DB.QueryRow(r.t.Context(), `SELECT state, error_code FROM archive_media ORDER BY message_id DESC LIMIT 1`).Scan(&state, &code))
	return state + " " + code
}

func TestAFileIsFetchedWhenSomebodyLooksAtIt(t *testing.T) {
	r := newRig(t, 1)
	path := r.picture("茶单.png", png, r.Clock.Now())
	r.Is("before", "listed ", r.fileState())
	for name, c := range map[string]struct {
		who    actor.Actor
		query  string
		status int
	}{
		"nobody":          {actor.Actor{}, why, 401},
		"another role":    {actor.Actor{Role: actor.Operator, Scope: actor.Scope{All: true}}, why, 403},
		"no purpose":      {owner(), "reason=x", 422},
		"no reason":       {owner(), "purpose=legal", 422},
		"another's scope": {actor.Actor{Role: actor.Owner, Scope: actor.Scope{Staff: r.staffID("zhou")}}, why, 404},
	} {
		if w := r.get(c.who, path+c.query); w.Code != c.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	r.Is("nobody has seen it", 0, len(r.audits()))
	asked := r.p.asked
	for range 2 {
		w := r.get(owner(), path+why)
		if w.Code != 200 || !bytes.Equal(w.Body.Bytes(), png) {
			t.Fatalf("%d, %d bytes", w.Code, w.Body.Len())
		}
		h := w.Header()
		if h.Get("Content-Type") != "image/png" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") == "" || h.Get("Cache-Control") != "private, no-store" {
			t.Errorf("headers: %v", h)
		}
	}
	r.Is("asked once", asked+1, r.p.asked)
	r.Is("after", "stored ", r.fileState())
	r.Is("pieces", 2, r.Count(`SELECT count(*) FROM archive_chunk`))
	r.Is("recorded", 2, len(r.audits()))

	// What strangers send is never run in our pages.
	page := r.get(owner(), r.picture("bill.html", []byte("<html><script>alert(1)</script>"), r.Clock.Now())+why)
	if h := page.Header(); page.Code != 200 || h.Get("Content-Type") != "application/octet-stream" || h.Get("Content-Disposition") != `attachment; filename=bill.html` {
		t.Errorf("%d %v", page.Code, h)
	}
}

func TestFilesThatCannotBeHad(t *testing.T) {
	r := newRig(t, 1)
	fails := func(what, path string, status int, code, state string) {
		t.Helper()
		w := r.get(owner(), path+why)
		if w.Code != status || !bytes.Contains(w.Body.Bytes(), []byte(code)) {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
		r.Is(what, state, r.fileState())
	}
	path := r.picture("F1", []byte("whole"), r.Clock.Now())
	r.p.set(func() { r.p.files["F1"] = []byte("other") })
	fails("another content", path, 503, "archive.media_damaged", "listed archive.media_damaged")
	r.p.set(func() { r.p.files["F1"] = []byte("whole") })
	if w := r.get(owner(), path+why); w.Code != 200 || w.Body.String() != "whole" {
		t.Errorf("mended: %d %s", w.Code, w.Body)
	}

	path = r.picture("F2", []byte("x"), r.Clock.Now())
	r.p.set(func() { delete(r.p.files, "F2") })
	fails("unknown there", path, 404, "archive.media_unknown", "failed archive.media_unknown")

	path = r.picture("F3", []byte("x"), r.Clock.Now())
	r.p.set(func() {
		r.p.answer = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"errcode":10010,"errmsg":"too old"}`))
			return true
		}
	})
	fails("too old there", path, 404, "archive.media_gone", "expired archive.media_gone")
	r.p.set(func() { r.p.answer = nil })

	r.Check(r.s.SaveSettings(t.Context(), Settings{RetentionMonths: 6, MediaMaxMB: 1}))
	big := make([]byte, 1<<20+1)
	path = r.picture("F4", big, r.Clock.Now())
	fails("too large", path, 422, "archive.media_large", "too_large ")
	r.p.put(r.Clock.Now(), "wm00", "lina", "", map[string]any{"msgtype": "file", "file": with(with(r.p.file("F5", big), "filesize", 5), "md5sum", "")}) // it lies about its size
	r.pull(1)
	r.Check(r.s.SaveSettings(t.Context(), Settings{RetentionMonths: 6, MediaMaxMB: 1, FetchMedia: true}))
	_, err := r.s.FetchMedia(t.Context())
	r.Check(err)
	r.Is("larger than it says", "too_large archive.media_large", r.fileState())

	path = r.picture("F6", []byte("x"), r.Clock.Now().Add(-KeptAtWeCom-time.Hour))
	fails("older than WeCom keeps", path, 404, "archive.media_gone", "listed ")
	r.Is("nothing of a refused file stays", 1, r.Count(`SELECT count(*) FROM archive_chunk`))
}

// Turned on, files come by themselves, those of the last five days included; one that fails is tried again later, and at
// last given up.
func TestFilesComeByThemselves(t *testing.T) {
	r := newRig(t, 1)
	r.picture("old", []byte("old"), r.Clock.Now().Add(-KeptAtWeCom-time.Hour))
	r.picture("F0", []byte("before"), r.Clock.Now())
	more, err := r.s.FetchMedia(t.Context())
	r.Check(err)
	r.Is("off", 0, r.Count(`SELECT count(*) FROM archive_media WHERE state <> 'listed'`))
	r.Is("more", false, more)
	r.Check(r.s.SaveSettings(t.Context(), Settings{RetentionMonths: 6, MediaMaxMB: 20, FetchMedia: true}))
	for i := range mediaBatch + 3 {
		r.picture(fmt.Sprint("N", i), []byte(fmt.Sprint("file", i)), r.Clock.Now())
	}
	r.p.set(func() { delete(r.p.files, "N3"); r.p.files["N4"] = []byte("broken") })
	more, err = r.s.FetchMedia(t.Context())
	r.Check(err)
	r.Is("more", true, more)
	_, err = r.s.FetchMedia(t.Context())
	r.Check(err)
	r.Is("states", map[string]string{"listed": "1", "stored": "22", "failed": "1", "wanted": "1"}, r.Pairs(`SELECT state, count(*)::text FROM archive_media GROUP BY state`))
	for range mediaAttempts {
		_, err = r.DB.Exec(t.Context(), `UPDATE archive_media SET next_at = $1 WHERE state = 'wanted'`, r.s.Wall.Now())
		r.Check(err)
		_, err = r.s.FetchMedia(t.Context())
		r.Check(err)
	}
	r.Is("given up", map[string]string{"listed": "1", "stored": "22", "failed": "2"}, r.Pairs(`SELECT state, count(*)::text FROM archive_media GROUP BY state`))
}
