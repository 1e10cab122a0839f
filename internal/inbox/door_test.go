package inbox

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom/callback"
)

func (k visitor) books() Door {
	k.r.t.Helper()
	if err := k.r.in.WriteBooks(k.r.t.Context()); err != nil {
		k.r.t.Fatal(err)
	}
	d, err := k.r.in.Books(k.r.t.Context(), 7)
	if err != nil {
		k.r.t.Fatal(err)
	}
	return d
}

// Each refusal is counted by its reason, what is stored twice as a double, and nothing of it is written while it happens.
func TestTheDoorKeepsItsBooks(t *testing.T) {
	k := newVisitor(t)
	k.r.ingest()
	k.ingress.From = func(*http.Request) string { return "203.0.113.9" }
	query, body := k.sealed(added("wmA", 1), start)
	k.post(query, body)
	k.post(query, body)
	k.post(query, []byte(`{"encrypt":"x"}`))
	k.post(query, []byte(`<!DOCTYPE xml><xml><Encrypt>a</Encrypt></xml>`))
	k.post(query, []byte(`<!DOCTYPE xml><xml><Encrypt>b</Encrypt></xml>`))
	k.post("", nil)
	echo := k.crypto.Seal([]byte("42"), [16]byte{1})
	ts := fmt.Sprint(start.Unix())
	k.ingress.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet,
		"/callback?"+url.Values{"msg_signature": {k.crypto.Sign(ts, "n", echo)}, "timestamp": {ts}, "nonce": {"n"}, "echostr": {echo}}.Encode(), http.NoBody))
	k.r.is("written meanwhile", 0, k.r.count(`SELECT count(*) FROM inbox_door`))

	d := k.books()
	k.r.is("stored, doubles, tests of the address, refused, waiting", []int64{1, 1, 1, 4, 1}, []int64{d.Stored, d.Duplicates, d.Verified, d.Refused, d.Waiting})
	got := map[string]int64{}
	for _, r := range d.Refusals {
		got[r.Reason] = r.N
		if r.From != "203.0.113.9" || !r.LastAt.Equal(start) || r.Today != r.N {
			t.Errorf("%+v", r)
		}
	}
	k.r.is("refused", map[string]int64{"callback.json": 1, "callback.hostile": 2, "callback.unsigned": 1}, got)
	if d.Answers != 2 || d.P50MS == nil || d.P99MS == nil {
		t.Errorf("answers: %d, %v, %v; want those of the two that were stored", d.Answers, d.P50MS, d.P99MS)
	}

	k.r.wall.Set(start.Add(24 * time.Hour)) // the next day adds up with the first, and has answers of its own
	query, body = k.sealed(added("wmB", 1), start.Add(24*time.Hour))
	k.post(query, body)
	k.post("", nil)
	d = k.books()
	k.r.is("after two days", []int64{2, 1, 5, 1}, []int64{d.Stored, d.Duplicates, d.Refused, d.Answers})
	for _, r := range d.Refusals {
		if want := map[string]int64{"callback.unsigned": 1}[r.Reason]; r.Today != want {
			t.Errorf("%s: %d today, want %d", r.Reason, r.Today, want)
		}
	}
}

// What could not be written down while the database was away is written later.
func TestBooksSurviveADatabaseThatIsAway(t *testing.T) {
	k := newVisitor(t)
	k.post("", nil)
	if _, err := k.r.db.Exec(t.Context(), `ALTER TABLE inbox_door RENAME TO inbox_gone`); err != nil {
		t.Fatal(err)
	}
	if err := k.r.in.WriteBooks(t.Context()); err == nil {
		t.Fatal("written into nothing")
	}
	k.post("", nil)
	if _, err := k.r.db.Exec(t.Context(), `ALTER TABLE inbox_gone RENAME TO inbox_door`); err != nil {
		t.Fatal(err)
	}
	k.r.is("refused", int64(2), k.books().Refused)
}

func TestRefusalsDoNotFloodTheLog(t *testing.T) {
	wall := clock.NewManual(start)
	x := newTally(wall)
	said := 0
	for range 1000 {
		if x.loud("callback.unsigned") {
			said++
		}
	}
	if !x.loud("callback.hostile") {
		t.Error("another reason is not said")
	}
	wall.Set(start.Add(sayEvery))
	if said != 1 || !x.loud("callback.unsigned") {
		t.Errorf("said %d times within a minute, want once, and again after it", said)
	}
}

func TestStepsAndQuantiles(t *testing.T) {
	for _, d := range []time.Duration{0, time.Microsecond, 99 * time.Microsecond, 101 * time.Microsecond, time.Millisecond, 12345 * time.Microsecond, time.Second, 4 * time.Second} {
		at := time.Duration(step(d)) * time.Microsecond
		if at < d || d > 200*time.Microsecond && float64(at) > 1.11*float64(d) {
			t.Errorf("%s is counted as at most %s", d, at)
		}
	}
	if got := step(time.Hour); got != lastStep {
		t.Errorf("an hour is step %d", got)
	}
	steps := map[int64]int64{1000: 98, 2000: 1, 50_000: 1}
	if p50, p99 := quantile(steps, 0.5), quantile(steps, 0.99); *p50 != 1 || *p99 != 2 {
		t.Errorf("p50 %v, p99 %v", *p50, *p99)
	}
	if quantile(nil, 0.5) != nil {
		t.Error("a quantile of nothing")
	}
}

// Text that PostgreSQL does not know, and names longer than an index takes, are events like any other.
func TestHostileTextIsStored(t *testing.T) {
	k := newVisitor(t)
	k.r.ingest()
	long := strings.Repeat("群", 40_000)
	for i, plain := range []string{
		"<xml><MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType><UserID>li\x00na</UserID><ExternalUserID>wm\xff</ExternalUserID></xml>",
		"<xml><MsgType>event</MsgType><Event>" + long + "</Event><ChangeType>" + long + "</ChangeType><UserID>" + long + "a</UserID></xml>",
		"<xml><MsgType>event</MsgType><Event>x</Event><UserID>" + long + "b</UserID></xml>",
		"<xml><MsgType>event</MsgType><Event>x</Event><CreateTime>99999999999999999999</CreateTime></xml>",
		"<xml><MsgType>\x01</MsgType></xml>",
	} {
		query, body := k.sealed(plain, start)
		if code := k.post(query, body); code != http.StatusOK {
			t.Errorf("%d: status %d", i, code)
		}
	}
	k.r.is("stored", 5, k.r.count(`SELECT count(*) FROM inbox_event`))
	k.r.is("two long names", 2, k.r.count(`SELECT count(DISTINCT entity) FROM inbox_event WHERE entity LIKE '群%'`))
	k.r.is("whole bodies", 2, k.r.count(`SELECT count(*) FROM inbox_event WHERE length(body) > 120000`))
	k.r.round()
	k.r.is("waiting", 0, k.r.count(`SELECT count(*) FROM inbox_event WHERE state = 'new'`))
}

// The door as WeCom reaches it, over a real connection.
func (k visitor) open() (address string) {
	server := httptest.NewServer(k.ingress)
	k.r.t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func say(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	raw, _ := io.ReadAll(conn)
	line, _, _ := strings.Cut(string(raw), "\r\n")
	return line
}

func TestABodyThatTricklesIsCutOff(t *testing.T) {
	k := newVisitor(t)
	k.ingress.body = 10 * time.Millisecond
	query, body := k.sealed(added("wmA", 1), start)
	got := say(t, k.open(), fmt.Sprintf("POST /callback?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", query, len(body), body[:len(body)/2]))
	if got != "HTTP/1.1 403 Forbidden" {
		t.Errorf("answered %q", got)
	}
	k.r.is("refused", "callback.slow", k.books().Refusals[0].Reason)
}

func TestALargeBodyIsNotRead(t *testing.T) {
	k := newVisitor(t)
	query, _ := k.sealed(added("wmA", 1), start)
	address := k.open()
	if got := say(t, address, fmt.Sprintf("POST /callback?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", query, callback.MaxBody+1)); got != "HTTP/1.1 403 Forbidden" {
		t.Errorf("answered %q", got)
	}
	res, err := http.Post("http://"+address+"/callback?"+query, "text/xml", io.LimitReader(zeros{}, callback.MaxBody+1)) // its length is not announced
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", res.StatusCode)
	}
	k.r.is("refused", []Refusal{{Reason: "callback.too_large", N: 2, Today: 2, LastAt: start, From: "127.0.0.1"}}, utc(k.books().Refusals))
}

func utc(list []Refusal) []Refusal {
	for i := range list {
		list[i].LastAt = list[i].LastAt.In(start.Location())
	}
	return list
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Whoever is one too many waits, and is sent away when no seat gets free in time.
func TestSeats(t *testing.T) {
	k := newVisitor(t)
	k.r.ingest()
	k.ingress.seats = make(chan struct{}, 1)
	k.ingress.seats <- struct{}{}
	query, body := k.sealed(added("wmA", 1), start)
	answers := make(chan int, 1)
	go func() { answers <- k.post(query, body) }()
	<-k.ingress.seats
	if code := <-answers; code != http.StatusOK {
		t.Errorf("status %d after a seat got free", code)
	}
	if len(k.ingress.seats) != 0 {
		t.Error("the seat is not given back")
	}
	k.ingress.seats <- struct{}{}
	ctx, gone := newContext(t)
	w := httptest.NewRecorder()
	gone()
	k.ingress.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/callback?"+query, bytes.NewReader(body)).WithContext(ctx))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d without a seat, want 503", w.Code)
	}
	k.r.is("refused", "callback.busy", k.books().Refusals[0].Reason)
}
