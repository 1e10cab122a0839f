package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Record is one API call with its answer, one try to deliver a callback with the platform's answer, or a browser on its way
// through a sign-in. Secrets and tokens are left out, and long bodies are cut.
type Record struct {
	N      int64     `json:"n"`
	Kind   string    `json:"kind"` // api, callback, browser
	Wall   time.Time `json:"wall"` // when it began
	Sim    time.Time `json:"sim"`  // the simulator's clock
	MS     float64   `json:"ms"`   // how long it took, wall
	Fault  string    `json:"fault,omitempty"`
	Status int       `json:"status"`          // HTTP; 0 = there was no answer
	Error  string    `json:"error,omitempty"` // why there was none

	Method  string `json:"method,omitempty"` // of an API call
	API     string `json:"api,omitempty"`
	Query   string `json:"query,omitempty"`
	Caller  string `json:"caller,omitempty"` // app, contacts, archive, other
	IP      string `json:"ip,omitempty"`
	Errcode int    `json:"errcode"`
	Effect  bool   `json:"effect,omitempty"` // something changed

	Event string `json:"event,omitempty"` // of a callback: Event/ChangeType
	About string `json:"about,omitempty"` // its entity
	Try   int    `json:"try,omitempty"`   // from 1

	Body   string `json:"body,omitempty"`   // what was sent; of a callback the decrypted XML
	Answer string `json:"answer,omitempty"` // what came back; to a browser, where it was sent

	Undelivered bool `json:"undelivered,omitempty"` // a fault kept the answer from the caller
}

// recorded keeps what a browser asked for and where it was sent.
func (s *Server) recorded(fn http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := s.wall.Now()
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		rec := &Record{Kind: "browser", Wall: began, Sim: s.status().Now, Method: r.Method, API: strings.TrimPrefix(r.URL.Path, "/"), Query: withoutSecrets(r.URL.Query()), IP: host}
		seen := &watched{ResponseWriter: w, status: http.StatusOK}
		fn(seen, r)
		rec.Status, rec.Answer = seen.status, w.Header().Get("Location")
		rec.MS = float64(s.wall.Now().Sub(began).Microseconds()) / 1000
		s.tape.add(rec)
	}
}

// watched notes the status of an answer.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

const (
	recordsKept = 5000
	recordBytes = 64 << 20 // of all records kept
	recordBody  = 32 << 10 // of one body
)

// tape keeps the last records, and writes all to a file if it has one.
type tape struct {
	mu    sync.Mutex
	last  int64
	keep  int
	ring  []*Record // oldest first
	bytes int
	file  *os.File
}

// newTape keeps keep records (0 = recordsKept) and appends all to the file, if one is named.
func newTape(keep int, name string) (*tape, error) {
	t := &tape{keep: keep}
	if t.keep <= 0 {
		t.keep = recordsKept
	}
	if name != "" {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("sim: recording: %w", err)
		}
		t.file = f
	}
	return t, nil
}

func (t *tape) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

func (r *Record) size() int { return len(r.Body) + len(r.Answer) + len(r.Query) + 256 }

func (t *tape) add(r *Record) {
	r.Body, r.Answer = cutBody(r.Body), cutBody(r.Answer)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	r.N = t.last
	t.ring = append(t.ring, r)
	t.bytes += r.size()
	for len(t.ring) > t.keep || t.bytes > recordBytes && len(t.ring) > 1 {
		t.bytes -= t.ring[0].size()
		t.ring = t.ring[1:]
	}
	if t.file != nil {
		if b, err := json.Marshal(r); err == nil {
			_, _ = t.file.Write(append(b, '\n')) // a full disk ends the recording, not the simulation
		}
	}
}

func cutBody(s string) string {
	if len(s) <= recordBody {
		return s
	}
	return strings.ToValidUTF8(s[:recordBody], "") + fmt.Sprintf("… (%d B)", len(s))
}

// recordQuery narrows what is read from the tape.
type recordQuery struct {
	after int64  // only newer ones
	api   string // pattern of the API or the event
	q     string // a word in the query, the body or the answer
	kind  string
	fail  bool // only what was refused, not answered, or hit by a fault
	limit int  // the newest so many; 0 = all
}

func (q *recordQuery) fits(r *Record) bool {
	if r.N <= q.after || q.kind != "" && r.Kind != q.kind {
		return false
	}
	if q.api != "" && !matches(q.api, r.API+r.Event) && !strings.Contains(r.API+r.Event, q.api) {
		return false
	}
	if q.fail && r.Errcode == 0 && r.Fault == "" && (r.Status == http.StatusOK || r.Status == http.StatusFound) {
		return false
	}
	if q.q == "" {
		return true
	}
	for _, s := range []string{r.API, r.Event, r.About, r.Query, r.Body, r.Answer, r.Fault, r.Error} {
		if strings.Contains(s, q.q) {
			return true
		}
	}
	return q.q == strconv.Itoa(r.Errcode)
}

// read returns the records that fit, oldest first, and the number of the newest of all.
func (t *tape) read(q recordQuery) ([]*Record, int64) {
	t.mu.Lock()
	all, last := t.ring[:len(t.ring):len(t.ring)], t.last
	t.mu.Unlock()
	out := []*Record{}
	for i := len(all) - 1; i >= 0 && (q.limit <= 0 || len(out) < q.limit) && all[i].N > q.after; i-- {
		if q.fits(all[i]) {
			out = append(out, all[i])
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, last
}

// withoutSecrets is a query without what must not be shown.
func withoutSecrets(q url.Values) string {
	out := url.Values{}
	for name, v := range q {
		switch name {
		case "access_token", "corpsecret", "key", "provider_access_token", "suite_access_token":
			out.Set(name, "…")
		default:
			out[name] = v
		}
	}
	return strings.ReplaceAll(out.Encode(), url.QueryEscape("…"), "…")
}

// maskedAnswer leaves out the one secret that an answer carries.
func maskedAnswer(api string, b []byte) string {
	if api != "gettoken" {
		return readable(b)
	}
	var m map[string]any
	if json.Unmarshal(b, &m) != nil {
		return ""
	}
	if m["access_token"] != nil {
		m["access_token"] = "…"
	}
	b, _ = json.Marshal(m) // what was decoded encodes
	return string(b)
}

// readable is a body as text; bytes that are none are only counted.
func readable(b []byte) string {
	if probe := b[:min(len(b), 4096)]; !utf8.Valid(trimRune(probe)) || strings.ContainsRune(string(probe), 0) {
		return fmt.Sprintf("(%d B)", len(b))
	}
	return string(b)
}

// trimRune drops a rune that a cut left incomplete.
func trimRune(b []byte) []byte {
	for i := 1; i <= 3 && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

func recordQueryOf(r *http.Request) recordQuery {
	v := r.URL.Query()
	after, _ := strconv.ParseInt(v.Get("after"), 10, 64)
	limit, _ := strconv.Atoi(v.Get("limit"))
	return recordQuery{after: after, api: strings.TrimPrefix(v.Get("api"), "/cgi-bin/"), q: v.Get("q"), kind: v.Get("kind"), fail: v.Get("fail") == "1", limit: limit}
}

// serveRecording: ?after=&api=&q=&kind=api|callback|browser&fail=1&limit=; at most 1,000 of the newest, oldest first.
func (s *Server) serveRecording(w http.ResponseWriter, r *http.Request) {
	q := recordQueryOf(r)
	if q.limit <= 0 || q.limit > 1000 {
		q.limit = 1000
	}
	items, last := s.tape.read(q)
	answer(w, http.StatusOK, fields{"items": items, "last": last})
}

// serveRecordingFile is the same as a file of JSON lines, without a limit.
func (s *Server) serveRecordingFile(w http.ResponseWriter, r *http.Request) {
	items, _ := s.tape.read(recordQueryOf(r))
	w.Header().Set("Content-Type", "application/x-ndjson; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="wecom-recording.jsonl"`)
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	for _, one := range items {
		_ = e.Encode(one) // the reader may be gone
	}
	_ = b.Flush()
}
