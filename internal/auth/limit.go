package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"qunce/internal/errs"
	"qunce/internal/pg"
)

// limit says how many failures in a row are free before the next try has to wait.
type limit struct{ free int }

// The limits. An address gets more: a whole office may share one. The wait doubles from firstWait to lastWait, and an
// hour after the last wait all is forgotten.
var (
	emailLimit   = limit{free: 5}
	addressLimit = limit{free: 30}
)

const (
	firstWait   = 2 * time.Second
	lastWait    = 15 * time.Minute
	forgetAfter = time.Hour
)

// wait is how long nobody may try again after so many failures.
func (l limit) wait(failures int) time.Duration {
	n := failures - l.free
	if n <= 0 {
		return 0
	}
	if n > 20 {
		return lastWait
	}
	return min(firstWait<<(n-1), lastWait)
}

// subject is what tries are counted by.
type subject struct {
	key   string
	limit limit
}

// byEmail does not keep what was typed: people type passwords into the wrong field.
func byEmail(email string) subject {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(email))))
	return subject{key: "mail:" + hex.EncodeToString(sum[:16]), limit: emailLimit}
}

func byUser(id int64) subject {
	return subject{key: fmt.Sprintf("user:%d", id), limit: emailLimit}
}

// byAddress counts an IPv6 network of 64 bits as one: that is what one subscriber gets.
func byAddress(a netip.Addr) subject {
	key := a.String()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			key = p.String()
		}
	}
	return subject{key: "addr:" + key, limit: addressLimit}
}

// attempt counts a try against every subject before it is made, as if it had failed, so that tries made at once are
// counted too; forgive takes it back. If a subject has to wait it is TooMany "auth.too_many" with the parameter seconds.
// locked is true when this try, should it fail, makes a subject wait for the first time.
func (s *Service) attempt(ctx context.Context, subjects ...subject) (locked bool, err error) {
	slices.SortFunc(subjects, func(a, b subject) int { return strings.Compare(a.key, b.key) })
	now := s.Wall.Now()
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		locked = false
		counts, err := lockFailures(ctx, tx, subjects, now)
		if err != nil {
			return err
		}
		next := make([]failure, len(subjects))
		for i, sub := range subjects {
			f := counts[i]
			if wait := f.until.Sub(now); wait > 0 {
				seconds := int(wait.Round(time.Second).Seconds())
				return errs.E(errs.TooMany, "auth.too_many", "too many tries, wait %d s", seconds).With("seconds", max(seconds, 1))
			}
			if now.Sub(f.until) > forgetAfter {
				f.failures = 0
			}
			f.failures++
			f.until = now.Add(sub.limit.wait(f.failures))
			locked = locked || f.failures == sub.limit.free+1
			next[i] = f
		}
		return saveFailures(ctx, tx, subjects, next)
	})
	return locked, err
}

// forgive takes a try back that was right. The person's own count starts over; an address only gets this one try back,
// or whoever has one account could try others for ever.
func (s *Service) forgive(ctx context.Context, person subject, address *subject) error {
	if _, err := s.DB.Exec(ctx, `DELETE FROM auth_failure WHERE subject = $1`, person.key); err != nil {
		return fmt.Errorf("forgive: %w", err)
	}
	if address == nil {
		return nil
	}
	_, err := s.DB.Exec(ctx, `UPDATE auth_failure SET failures = greatest(failures - 1, 0), until_at = least(until_at, $2) WHERE subject = $1`,
		address.key, s.Wall.Now())
	if err != nil {
		return fmt.Errorf("forgive: %w", err)
	}
	return nil
}
