package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

// KeyHeader carries the idempotency key of a POST.
const KeyHeader = "Idempotency-Key"

// takeover is when an unanswered first try counts as dead and the same key may run again.
const takeover = 2 * time.Minute

// maxBuffered is how much of a body is told apart by its content; of a larger one, the rest only by its length.
const maxBuffered = 4 << 20

// Idempotent makes a POST with the same key, caller and content answer what the first one answered. A POST of a signed-in
// person must carry a key. Only successes are kept, for a day: a refusal had no effect, and a failure may be tried again.
// Requests for which skip holds pass by: their bodies or answers are not to be stored, and they are safe to send twice.
func (a *API) Idempotent(db *pg.DB, corp string, wall clock.Clock, skip func(*http.Request) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := actor.From(r.Context())
		if r.Method != http.MethodPost || who.Role == "" || skip != nil && skip(r) {
			next.ServeHTTP(w, r)
			return
		}
		key := r.Header.Get(KeyHeader)
		if len(key) < 8 || len(key) > 128 {
			a.WriteError(w, r, errs.E(errs.Invalid, "api.key_required", "POST without %s", KeyHeader).On(KeyHeader))
			return
		}
		sum, err := fingerprint(r)
		if err != nil {
			a.WriteError(w, r, errs.E(errs.Invalid, "api.body_unreadable", "cannot read the body").Wrap(err))
			return
		}
		// The database keeps microseconds; the time is what tells this try from one that took it over.
		k := idempotencyKey{corp: corp, actor: actorKey(who), key: key, sum: sum, at: wall.Now().Truncate(time.Microsecond)}
		stored, err := k.claim(r.Context(), db)
		if err != nil {
			a.WriteError(w, r, err)
			return
		}
		if stored != nil {
			stored.write(w)
			return
		}
		rec := &recorder{header: http.Header{}}
		next.ServeHTTP(rec, r)
		if err := k.settle(context.WithoutCancel(r.Context()), db, rec); err != nil {
			a.config.Log.Error("idempotency", "error", err)
		}
		rec.flush(w)
	})
}

func actorKey(a actor.Actor) string {
	raw, _ := json.Marshal([]int64{a.UserID, a.StaffID})
	return string(raw)
}

// fingerprint is the hash of what is asked. It leaves the body readable.
func fingerprint(r *http.Request) ([]byte, error) {
	begin, err := io.ReadAll(io.LimitReader(r.Body, maxBuffered))
	if err != nil {
		return nil, err
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begin), r.Body), r.Body}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s %s %d\n", r.Method, r.URL.RequestURI(), r.ContentLength)
	// A browser draws a new boundary of the same length for every try of one upload.
	if _, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && len(params["boundary"]) > 8 {
		begin = bytes.ReplaceAll(begin, []byte(params["boundary"]), []byte("boundary"))
	}
	h.Write(begin)
	return h.Sum(nil), nil
}

type idempotencyKey struct {
	corp, actor, key string
	sum              []byte
	at               time.Time
}

// settle keeps a success and frees the key after anything else, unless another try has taken the key over.
func (k idempotencyKey) settle(ctx context.Context, db *pg.DB, rec *recorder) error {
	const mine = ` WHERE corp = $1 AND actor = $2 AND key = $3 AND status = 0 AND created_at = $4`
	if rec.code() >= http.StatusBadRequest {
		_, err := db.Exec(ctx, `DELETE FROM api_idempotency`+mine, k.corp, k.actor, k.key, k.at)
		return err
	}
	_, err := db.Exec(ctx, `UPDATE api_idempotency SET status = $5, header = $6, body = $7`+mine,
		k.corp, k.actor, k.key, k.at, rec.code(), rec.header.Get("Content-Type"), append([]byte{}, rec.body.Bytes()...))
	return err
}

type storedReply struct {
	status      int
	contentType string
	body        []byte
}

func (s *storedReply) write(w http.ResponseWriter) {
	if s.contentType != "" {
		w.Header().Set("Content-Type", s.contentType)
	}
	w.Header().Set("Idempotent-Replay", "true")
	w.WriteHeader(s.status)
	_, _ = w.Write(s.body)
}

// claim takes the key; it returns the stored reply of an earlier try, or nil when this one is to run.
func (k idempotencyKey) claim(ctx context.Context, db *pg.DB) (*storedReply, error) {
	tag, err := db.Exec(ctx, `INSERT INTO api_idempotency AS i (corp, actor, key, request, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (corp, actor, key) DO UPDATE SET created_at = EXCLUDED.created_at, request = EXCLUDED.request, status = 0, header = '', body = ''
		WHERE i.created_at < $7 OR i.status = 0 AND i.request = EXCLUDED.request AND i.created_at < $6`,
		k.corp, k.actor, k.key, k.sum, k.at, k.at.Add(-takeover), k.at.Add(-keyLife))
	if err != nil {
		return nil, err
	}
	if tag.RowsAffected() == 1 {
		return nil, nil
	}
	var s storedReply
	var sum []byte
	err = db.QueryRow(ctx, `SELECT request, status, header, body FROM api_idempotency WHERE corp = $1 AND actor = $2 AND key = $3`,
		k.corp, k.actor, k.key).Scan(&sum, &s.status, &s.contentType, &s.body)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, errs.E(errs.Conflict, "api.key_busy", "the first try just failed")
	case err != nil:
		return nil, err
	case !bytes.Equal(sum, k.sum):
		return nil, errs.E(errs.Conflict, "api.key_reused", "the key was used for another request")
	case s.status == 0:
		return nil, errs.E(errs.Conflict, "api.key_busy", "the first try still runs")
	}
	return &s, nil
}

// recorder holds a reply until it is stored.
type recorder struct {
	header http.Header
	status int // 0 = not said
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) code() int { return max(r.status, http.StatusOK) }

func (r *recorder) flush(w http.ResponseWriter) {
	for k, v := range r.header {
		w.Header()[k] = v
	}
	w.WriteHeader(r.code())
	_, _ = w.Write(r.body.Bytes())
}

// Guard refuses writes that a foreign page could have made: they must carry the header X-Qunce, which a form cannot set.
func (a *API) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("X-Qunce") == "" {
			a.WriteError(w, r, errs.E(errs.Forbidden, "api.header_required", "write without X-Qunce"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(p)
}

// Tables declares what this package owns, in the shared schema.
func Tables() []pg.Table {
	return []pg.Table{{Name: "api_idempotency", Owner: "api", Family: pg.Local, Personal: []string{"body"}, Merge: "keep", Erase: "delete", Retention: "1 day", Sampling: "none"}}
}

// keyLife is how long a key is remembered.
const keyLife = 24 * time.Hour

// Sweep forgets keys older than a day.
func Sweep(ctx context.Context, db *pg.DB, now time.Time) error {
	_, err := db.Exec(ctx, `DELETE FROM api_idempotency WHERE created_at < $1`, now.Add(-keyLife))
	return err
}
