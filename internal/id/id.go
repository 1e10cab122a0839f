// Package id hands out the ids of all rows: int64 within 53 bits, so that JSON and JavaScript keep them whole.
//
// A process takes blocks of 1,000 from one sequence of the database, so ids are roughly ordered in time and never
// collide; ids of a block that a process did not use are lost. Nothing may rely on ids being dense or strictly ordered:
// pages sort by (time, id), and public links carry random tokens instead.
package id

import (
	"context"
	"fmt"
	"sync"
)

// Block is how many ids one take yields.
const Block = 1000

// Max is the largest id: what a float64 holds exactly.
const Max = 1<<53 - 1

// Source hands out ids; safe for concurrent use.
type Source struct {
	take func(ctx context.Context) (first int64, err error)

	mu         sync.Mutex
	next, last int64 // the unused rest of the present block; next > last means empty
}

// New returns a source fed by take, which yields the first id of a fresh block of 1,000.
func New(take func(ctx context.Context) (first int64, err error)) *Source {
	return &Source{take: take, next: 1}
}

// Next returns one id; it asks for a block when the last is used up.
func (s *Source) Next(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refill(ctx); err != nil {
		return 0, err
	}
	got := s.next
	s.next++
	return got, nil
}

// Take returns n ids in rising order within each block; n may exceed a block.
func (s *Source) Take(ctx context.Context, n int) ([]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]int64, 0, n)
	for len(out) < n {
		if err := s.refill(ctx); err != nil {
			return nil, err
		}
		for s.next <= s.last && len(out) < n {
			out = append(out, s.next)
			s.next++
		}
	}
	return out, nil
}

// refill takes a block if none is left. The lock is held meanwhile: everybody else needs the block as well.
func (s *Source) refill(ctx context.Context) error {
	if s.next <= s.last {
		return nil
	}
	first, err := s.take(ctx)
	if err != nil {
		return fmt.Errorf("take ids: %w", err)
	}
	if first <= 0 || first > Max-Block+1 {
		return fmt.Errorf("take ids: a block from %d leaves the 53 bits", first)
	}
	s.next, s.last = first, first+Block-1
	return nil
}
