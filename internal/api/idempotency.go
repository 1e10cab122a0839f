package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
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
const takeover = time.Minute

// maxBuffered is the largest body that is hashed in memory; larger uploads are told apart by length and type alone.
const maxBuffered = 4 << 20

// Idempotent makes a POST with the same key, caller and content answer what the first one answered. A POST of a signed-in
// person must carry a key. Keys live a day.
func (a *API) Idempotent(db *pg.DB, corp string, wall clock.Clock, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := actor.From(r.Context())
		if r.Method != http.MethodPost || who.Role == "" {
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
		k := idempotencyKey{corp: corp, actor: actorKey(who), key: key, sum: sum}
		stored, err := k.claim(r.Context(), db, wall.Now())
		if err != nil {
			a.WriteError(w, r, err)
			return
		}
		if stored != nil {
			stored.write(w)
			return
		}
		rec := &recorder{header: http.Header{}, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		ctx := context.WithoutCancel(r.Context())
		if rec.status >= 500 {
			_, err = db.Exec(ctx, `DELETE FROM api_idempotency WHERE corp = $1 AND actor = $2 AND key = $3`, k.corp, k.actor, k.key)
		} else {
			_, err = db.Exec(ctx, `UPDATE api_idempotency SET status = $4, header = $5, body = $6 WHERE corp = $1 AND actor = $2 AND key = $3`,
				k.corp, k.actor, k.key, rec.status, rec.header.Get("Content-Type"), rec.body.Bytes())
		}
		if err != nil {
			a.config.Log.Error("idempotency", "error", err)
		}
		rec.flush(w)
	})
}

func actorKey(a actor.Actor) string {
	raw, _ := json.Marshal([]int64{a.UserID, a.StaffID})
	return string(raw)
}

func fingerprint(r *http.Request) ([]byte, error) {
	h := sha256.New()
	h.Write([]byte(r.Method + " " + r.URL.RequestURI() + "\n"))
	if r.ContentLength > maxBuffered || r.ContentLength < 0 {
		raw, _ := json.Marshal([]any{r.ContentLength})
		h.Write(raw)
		return h.Sum(nil), nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBuffered))
	if err != nil {
		return nil, err
	}
	_ = r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) > 0 && body[0] != '-' { // a multipart body begins with its random boundary
		h.Write(body)
	}
	return h.Sum(nil), nil
}

type idempotencyKey struct {
	corp, actor, key string
	sum              []byte
}

type storedReply struct {
	status      int
	contentType string
	body        []byte
}

func (s *storedReply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", s.contentType)
	w.Header().Set("Idempotent-Replay", "true")
	w.WriteHeader(s.status)
	_, _ = w.Write(s.body)
}

// claim takes the key; it returns the stored reply of an earlier try, or nil when this one is to run.
func (k idempotencyKey) claim(ctx context.Context, db *pg.DB, now time.Time) (*storedReply, error) {
	tag, err := db.Exec(ctx, `INSERT INTO api_idempotency (corp, actor, key, request, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (corp, actor, key) DO UPDATE SET created_at = EXCLUDED.created_at
		WHERE api_idempotency.status = 0 AND api_idempotency.request = EXCLUDED.request AND api_idempotency.created_at < $6`,
		k.corp, k.actor, k.key, k.sum, now, now.Add(-takeover))
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
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

func (r *recorder) flush(w http.ResponseWriter) {
	for k, v := range r.header {
		w.Header()[k] = v
	}
	w.WriteHeader(r.status)
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
