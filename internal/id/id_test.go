package id_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"qunce/internal/id"
)

// blocks hands out consecutive blocks like the database's sequence, and counts them.
func blocks() (take func(context.Context) (int64, error), taken *int) {
	var mu sync.Mutex
	n := 0
	return func(context.Context) (int64, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		return int64(n) * id.Block, nil
	}, &n
}

func TestNextRunsThroughABlockBeforeTheNext(t *testing.T) {
	take, taken := blocks()
	s := id.New(take)
	for i := range int64(id.Block + 1) {
		got, err := s.Next(t.Context())
		if err != nil || got != id.Block+i {
			t.Fatalf("id %d is %d, %v", i, got, err)
		}
	}
	if *taken != 2 {
		t.Fatalf("took %d blocks, want 2", *taken)
	}
}

func TestTakeSpansBlocksWithoutCollision(t *testing.T) {
	take, _ := blocks()
	s := id.New(take)
	seen := map[int64]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ids, err := s.Take(t.Context(), 2500)
			if err != nil || len(ids) != 2500 {
				t.Errorf("got %d ids, %v", len(ids), err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, i := range ids {
				if seen[i] {
					t.Errorf("%d was handed out twice", i)
				}
				seen[i] = true
			}
		})
	}
	wg.Wait()
}

func TestTakeFailures(t *testing.T) {
	away := errors.New("away")
	if _, err := id.New(func(context.Context) (int64, error) { return 0, away }).Next(t.Context()); !errors.Is(err, away) {
		t.Fatalf("got %v", err)
	}
	for _, first := range []int64{0, -1000, id.Max - 500} {
		if got, err := id.New(func(context.Context) (int64, error) { return first, nil }).Next(t.Context()); err == nil {
			t.Errorf("a block from %d yielded %d", first, got)
		}
	}
}
