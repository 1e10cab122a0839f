package archive

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/group/grouptest"
	"qunce/internal/i18n"
	"qunce/internal/pg"
)

const testKey = "key-of-the-adapter"

// program is an adapter: in production a process of the installer's, here a small server of the test's that keeps to the
// protocol, and on demand does not.
type program struct {
	*httptest.Server
	mu       sync.Mutex
	messages []Raw
	first    uint64 // the first that is still held
	files    map[string][]byte
	answer   func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
	asked    int
}

func newProgram(t testing.TB) *program {
	p := &program{files: map[string][]byte{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.answer != nil && p.answer(w, r) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+testKey {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	say := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	switch r.URL.Path {
	case "/messages":
		after, _ := strconv.ParseUint(r.FormValue("after"), 10, 64)
		limit, _ := strconv.Atoi(r.FormValue("limit"))
		out := reply{Msg: "ok", Messages: []Raw{}}
		for _, m := range p.messages {
			if m.Seq > after && m.Seq >= p.first && len(out.Messages) < limit {
				out.Messages = append(out.Messages, m)
			}
		}
		say(out)
	case "/media":
		raw, ok := p.files[r.FormValue("sdkfileid")]
		if !ok {
			say(reply{Code: codeBadFile, Msg: "fileid"})
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(raw)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// set changes what the program does while nobody asks.
func (p *program) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// put appends a message. fields are those of the decrypted message; what is common and missing is filled in.
func (p *program) put(at time.Time, from, to, room string, fields map[string]any) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seq := uint64(1)
	if n := len(p.messages); n > 0 {
		seq = p.messages[n-1].Seq + 1
	}
	return p.putAs(seq, fmt.Sprintf("msg%d_external", seq), at, from, to, room, fields)
}

func (p *program) putAs(seq uint64, id string, at time.Time, from, to, room string, fields map[string]any) string {
	m := map[string]any{"msgid": id, "action": "send", "from": from, "tolist": strings.Split(to, ","), "roomid": room, "msgtime": at.UnixMilli()}
	for k, v := range fields {
		m[k] = v
	}
	raw, _ := json.Marshal(m)
	p.messages = append(p.messages, Raw{Seq: seq, MsgID: id, KeyVersion: 1, Message: raw})
	return id
}

func says(text string) map[string]any {
	return map[string]any{"msgtype": "text", "text": map[string]any{"content": text}}
}

func (p *program) file(id string, raw []byte) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files[id] = raw
	sum := md5.Sum(raw)
	return map[string]any{"sdkfileid": id, "md5sum": hex.EncodeToString(sum[:]), "filesize": len(raw)}
}

// rig is the archive of a small brand: lina and wang of 西湖, zhou of 滨江, the groups wrWEST and wrRIVER.
type rig struct {
	*grouptest.Brand
	t   *testing.T
	p   *program
	s   *Service
	api *api.API

	mu    sync.Mutex
	heard []event.Event
}

type staffRefs struct{ *directory.Service }

func (x staffRefs) EnsureStaff(ctx context.Context, tx pg.Tx, users []string) (map[string]customer.StaffRef, error) {
	found, err := x.Service.EnsureStaff(ctx, tx, users)
	out := map[string]customer.StaffRef{}
	for u, m := range found {
		out[u] = customer.StaffRef{ID: m.ID, StoreID: m.StoreID, Name: m.Name}
	}
	return out, err
}

func newRig(t *testing.T, people int) *rig {
	t.Helper()
	b := grouptest.New(t, people)
	r := &rig{Brand: b, t: t, p: newProgram(t)}
	catalog, err := i18n.Load()
	r.Check(err)
	r.s = New(Deps{DB: b.DB, IDs: b.IDs, Clock: b.Clock, Wall: clock.Wall(), Events: b.Events, Audit: audit.New(b.IDs), Source: Adapter(r.p.URL, testKey, http.DefaultClient),
		Staff: staffRefs{b.Directory}, Directory: b.Directory, Customers: b.Customers, Groups: b.Groups, Catalog: catalog, Log: slog.New(slog.DiscardHandler)})
	r.s.Listen(b.Inbox)
	b.Events.Subscribe("archive test", func(_ context.Context, tx pg.Tx, evs []event.Event) error {
		tx.AfterCommit(func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.heard = append(r.heard, evs...)
		})
		return nil
	}, Agreed, Disagreed)
	r.api = api.New(api.Config{Title: "test", Log: slog.New(slog.DiscardHandler), Catalog: catalog, Can: func(a actor.Actor, p api.Permission) bool {
		return a.Role == actor.Owner || p == readStatus
	}})
	r.s.API(r.api)
	return r
}

// pull reads everything and expects so many new messages.
func (r *rig) pull(want int) {
	r.t.Helper()
	n, err := r.s.Pull(r.t.Context())
	r.Check(err)
	r.Is("new messages", want, n)
}

// call asks the console's API.
func (r *rig) call(who actor.Actor, method, path string) (int, map[string]any) {
	r.t.Helper()
	req := httptest.NewRequestWithContext(actor.With(r.t.Context(), who), method, path, nil)
	w := httptest.NewRecorder()
	r.api.Handler().ServeHTTP(w, req)
	var out map[string]any
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") || w.Code != http.StatusOK {
		r.Check(json.Unmarshal(w.Body.Bytes(), &out))
	}
	return w.Code, out
}

// owner sees everything.
func owner() actor.Actor {
	return actor.Actor{UserID: 1, Name: "老板", Role: actor.Owner, Scope: actor.Scope{All: true}}
}

// why is what every look at content says.
const why = "purpose=complaint&reason=%E5%AE%A2%E8%AF%89"

func (r *rig) staffID(user string) int64 {
	return int64(r.Count(`SELECT id::int FROM directory_staff WHERE userid = $1`, user))
}

// audits lists what was recorded, oldest first.
func (r *rig) audits() []audit.Entry {
	r.t.Helper()
	list, err := audit.List(r.t.Context(), r.DB, 0, 100)
	r.Check(err)
	var out []audit.Entry
	for i := len(list) - 1; i >= 0; i-- {
		if strings.HasPrefix(list[i].Action, "archive.") {
			out = append(out, list[i])
		}
	}
	return out
}
