package api

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/clock"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, clock.Shanghai)

// till counts what it was asked to do, and answers with the number.
type till struct {
	t     *testing.T
	db    *pg.DB
	wall  *clock.Manual
	h     http.Handler
	ran   atomic.Int64
	serve func(w http.ResponseWriter, r *http.Request, n int64)
}

func newTill(t *testing.T) *till {
	t.Helper()
	x := &till{t: t, db: pgtest.New(t).Shared(), wall: clock.NewManual(start)}
	x.serve = func(w http.ResponseWriter, r *http.Request, n int64) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"n":%d,"length":%d}`, n, len(body))
	}
	skip := func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/secret") }
	x.h = newAPI(t).Idempotent(x.db, "corp_test", x.wall, skip, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { x.serve(w, r, x.ran.Add(1)) }))
	return x
}

func (x *till) post(key, path, body string) *httptest.ResponseRecorder {
	return call(x.h, actor.Owner, "POST", path, body, KeyHeader, key)
}

func (x *till) rows() (n int) {
	x.t.Helper()
	if err := x.db.QueryRow(x.t.Context(), `SELECT count(*) FROM api_idempotency`).Scan(&n); err != nil {
		x.t.Fatal(err)
	}
	return n
}

func TestTheSameRequestIsAnsweredTwiceAndDoneOnce(t *testing.T) {
	x := newTill(t)
	first := x.post("key-00001", "/pay", `{"a":1}`)
	again := x.post("key-00001", "/pay", `{"a":1}`)
	if first.Code != 201 || again.Code != 201 || first.Body.String() != again.Body.String() || again.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s, then %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	if again.Header().Get("Idempotent-Replay") == "" || first.Header().Get("Idempotent-Replay") != "" {
		t.Error("the replay is not marked, or the first is")
	}
	if x.ran.Load() != 1 {
		t.Errorf("done %d times", x.ran.Load())
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"another body": x.post("key-00001", "/pay", `{"a":2}`), "another path": x.post("key-00001", "/give", `{"a":1}`), "another query": x.post("key-00001", "/pay?x=1", `{"a":1}`),
	} {
		if w.Code != 409 || problemOf(t, w).Code != "api.key_reused" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	x.post("key-00002", "/pay", `{"a":1}`)
	if x.ran.Load() != 2 {
		t.Errorf("another key: done %d times", x.ran.Load())
	}
}

func TestAPostNeedsAKey(t *testing.T) {
	x := newTill(t)
	for _, key := range []string{"", "short", strings.Repeat("x", 129)} {
		if w := x.post(key, "/pay", `{}`); w.Code != 422 || problemOf(t, w).Code != "api.key_required" {
			t.Errorf("key %q: %d %s", key, w.Code, w.Body)
		}
	}
	if x.ran.Load() != 0 {
		t.Error("it was done")
	}
	if w := call(x.h, "", "POST", "/login", `{}`); w.Code != 201 { // nobody is signed in yet
		t.Errorf("without a session: %d", w.Code)
	}
	if w := call(x.h, actor.Owner, "GET", "/pay", ""); w.Code != 201 {
		t.Errorf("GET: %d", w.Code)
	}
	if x.rows() != 0 {
		t.Error("something was stored")
	}
}

func TestSecretsAreNotStored(t *testing.T) {
	x := newTill(t)
	x.post("key-00001", "/secret/login", `{"password":"hunter2"}`)
	x.post("key-00001", "/secret/login", `{"password":"hunter2"}`)
	if x.ran.Load() != 2 || x.rows() != 0 {
		t.Errorf("ran %d times, %d rows", x.ran.Load(), x.rows())
	}
}

func TestOneKeyOfTwoPeopleIsTwoKeys(t *testing.T) {
	x := newTill(t)
	x.post("key-00001", "/pay", `{}`)
	r := httptest.NewRequestWithContext(actor.With(t.Context(), actor.Actor{UserID: 2, Role: actor.Owner}), "POST", "/pay", strings.NewReader(`{}`))
	r.Header.Set(KeyHeader, "key-00001")
	w := httptest.NewRecorder()
	x.h.ServeHTTP(w, r)
	if x.ran.Load() != 2 || w.Header().Get("Idempotent-Replay") != "" {
		t.Error("somebody got another's answer")
	}
}

func TestFailuresAndRefusalsMayBeTriedAgain(t *testing.T) {
	x := newTill(t)
	good := x.serve
	for _, status := range []int{500, 503, 409, 422, 429} {
		x.serve = func(w http.ResponseWriter, _ *http.Request, _ int64) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "no")
		}
		key := fmt.Sprintf("key-%05d", status)
		if w := x.post(key, "/pay", `{"a":1}`); w.Code != status || w.Body.String() != "no" {
			t.Errorf("%d: %d %s", status, w.Code, w.Body)
		}
		x.serve = good
		if w := x.post(key, "/pay", `{"a":2}`); w.Code != 201 {
			t.Errorf("mended after %d: %d %s", status, w.Code, w.Body)
		}
	}
}

func TestAtOnce(t *testing.T) {
	x := newTill(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	good := x.serve
	x.serve = func(w http.ResponseWriter, r *http.Request, n int64) {
		close(entered)
		<-leave
		good(w, r, n)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if w := x.post("key-00001", "/pay", `{}`); w.Code != 201 {
			t.Errorf("the first: %d", w.Code)
		}
	})
	<-entered
	for range 5 {
		if w := x.post("key-00001", "/pay", `{}`); w.Code != 409 || problemOf(t, w).Code != "api.key_busy" {
			t.Errorf("meanwhile: %d %s", w.Code, w.Body)
		}
	}
	close(leave)
	wg.Wait()
	if w := x.post("key-00001", "/pay", `{}`); w.Code != 201 || x.ran.Load() != 1 {
		t.Errorf("after it: %d, done %d times", w.Code, x.ran.Load())
	}
}

// A process died at it: after a while the key may run again, and a late end of the first try changes nothing.
func TestADeadTryIsTakenOver(t *testing.T) {
	x := newTill(t)
	good := x.serve
	entered, leave := make(chan struct{}), make(chan struct{})
	x.serve = func(w http.ResponseWriter, r *http.Request, n int64) {
		if n == 1 {
			close(entered)
			<-leave
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		good(w, r, n)
	}
	done := make(chan int)
	go func() { done <- x.post("key-00001", "/pay", `{}`).Code }()
	<-entered
	x.wall.Set(start.Add(takeover + time.Second))
	if w := x.post("key-00001", "/pay", `{}`); w.Code != 201 {
		t.Fatalf("taken over: %d %s", w.Code, w.Body)
	}
	close(leave)
	if code := <-done; code != 500 {
		t.Errorf("the first ends with %d", code)
	}
	if w := x.post("key-00001", "/pay", `{}`); w.Header().Get("Idempotent-Replay") == "" || x.ran.Load() != 2 {
		t.Errorf("the kept answer is gone: %d, done %d times", w.Code, x.ran.Load())
	}
}

func TestKeysLiveADay(t *testing.T) {
	x := newTill(t)
	x.post("key-00001", "/pay", `{"a":1}`)
	x.wall.Set(start.Add(keyLife + time.Second))
	if w := x.post("key-00001", "/pay", `{"a":2}`); w.Code != 201 || x.ran.Load() != 2 {
		t.Errorf("a day later: %d %s", w.Code, w.Body)
	}
	x.wall.Set(start.Add(3 * keyLife))
	if err := Sweep(t.Context(), x.db, x.wall.Now()); err != nil || x.rows() != 0 {
		t.Errorf("%d rows after sweeping, %v", x.rows(), err)
	}
}

// upload is a multipart body as a browser makes it, with a boundary of its own every time.
func upload(t *testing.T, content []byte) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile("file", "orders.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(content)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), m.FormDataContentType()
}

func TestUploadsAreToldApart(t *testing.T) {
	for name, size := range map[string]int{"small": 1000, "larger than the buffer": maxBuffered + 1000} {
		t.Run(name, func(t *testing.T) {
			x := newTill(t)
			content := bytes.Repeat([]byte("x"), size)
			send := func(content []byte) *httptest.ResponseRecorder {
				body, contentType := upload(t, content)
				return call(x.h, actor.Owner, "POST", "/import", body, KeyHeader, "key-00001", "Content-Type", contentType)
			}
			first, again := send(content), send(content)
			if first.Code != 201 || again.Header().Get("Idempotent-Replay") == "" || first.Body.String() != again.Body.String() {
				t.Errorf("%d %s, then %d %s", first.Code, first.Body, again.Code, again.Body)
			}
			if !strings.Contains(first.Body.String(), fmt.Sprint(size/1000)) {
				t.Errorf("the handler did not get the whole body: %s", first.Body)
			}
			other := bytes.Clone(content)
			other[10] = 'y' // the same length
			if w := send(other); w.Code != 409 {
				t.Errorf("another file: %d %s", w.Code, w.Body)
			}
		})
	}
}

// A body sent in chunks has no length to go by.
func TestChunkedBodiesAreToldApart(t *testing.T) {
	x := newTill(t)
	send := func(body string) int {
		r := httptest.NewRequestWithContext(actor.With(t.Context(), actor.Actor{UserID: 1, Role: actor.Owner}), "POST", "/pay", io.NopCloser(strings.NewReader(body)))
		r.ContentLength = -1
		r.Header.Set(KeyHeader, "key-00001")
		w := httptest.NewRecorder()
		x.h.ServeHTTP(w, r)
		return w.Code
	}
	if a, b, c := send(`{"a":1}`), send(`{"a":1}`), send(`{"a":2}`); a != 201 || b != 201 || c != 409 || x.ran.Load() != 1 {
		t.Errorf("%d %d %d, done %d times", a, b, c, x.ran.Load())
	}
}
