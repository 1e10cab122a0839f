package job

import (
	"log/slog"
	"sync"
	"testing"

	"qunce/internal/pg/pgtest"
)

// Processes that start together on a new database all get River's tables.
func TestOpenTogether(t *testing.T) {
	pool := pgtest.New(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			c, err := Open(t.Context(), pool.URL(), NewWorkers(), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			c.pool.Close()
		})
	}
	all.Wait()
}
