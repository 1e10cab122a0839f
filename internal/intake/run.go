package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/sheet"
)

const (
	leaseTime   = 15 * time.Second // how long an import is a runner's after its last sign of life
	heartbeat   = 3 * time.Second
	sweep       = 2 * time.Second
	maxAttempts = 5
	maxStored   = 10_000 // errors kept of one import
	errorChunk  = 1_000  // errors written at once
	maxFirst    = 100    // errors returned with a Result
)

// claimed is an import in the hands of a runner.
type claimed struct {
	ID      int64
	kind    Kind
	name    string
	options Options
	size    int64
	cause   int64
	attempt int
}

// Run works imports until ctx ends: those uploaded here at once, others within two seconds.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(sweep)
	defer tick.Stop()
	for {
		if _, err := s.RunPending(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("imports", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// RunPending works every import that waits or whose runner died, oldest first, and returns how many it finished. When this
// process is at it already, it returns at once: the one at work will see what was added.
func (s *Service) RunPending(ctx context.Context) (int, error) {
	if !s.busy.TryLock() {
		return 0, nil
	}
	defer s.busy.Unlock()
	for n := 0; ; n++ {
		imp, found, err := claim(ctx, s.DB, s.Wall.Now(), leaseTime)
		if err != nil || !found {
			return n, err
		}
		if imp.attempt > maxAttempts {
			if err := s.finish(ctx, imp, Failed, Result{}, Failure{Code: "import.gave_up", Params: map[string]any{"attempts": maxAttempts}}); err != nil {
				return n, err
			}
			continue
		}
		if _, err := s.run(ctx, imp); err != nil {
			if ctx.Err() != nil || pg.IsUnavailable(err) {
				return n, err
			}
			s.Log.Warn("import failed", "import", imp.ID, "kind", imp.kind, "error", err)
		}
	}
}

// errLost means that another runner took the import over.
var errLost = errors.New("intake: the lease was lost")

// run imports one file and notes how it ended. An interruption leaves the import for the next runner; any other error
// fails it.
func (s *Service) run(ctx context.Context, imp claimed) (Result, error) {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	m := &meter{imp: imp}
	var beating sync.WaitGroup
	beating.Go(func() { s.beat(working, imp, m, stop) })

	result, err := s.work(working, imp, m)
	lost := errors.Is(context.Cause(working), errLost)
	stop(nil)
	beating.Wait()
	fpRunAfter.Hit()
	switch {
	case lost:
		return result, errLost
	case err != nil && ctx.Err() != nil:
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), heartbeat)
		defer cancel()
		_ = extend(after, s.DB, imp, m.share(), s.Wall.Now()) // let go, so that the next runner need not wait
		return result, err
	case err != nil && pg.IsUnavailable(err):
		return result, err
	case err != nil:
		failure := failureOf(err)
		if errs.KindOf(err) == errs.Internal {
			failure = Failure{Code: "internal"}
			s.Log.Error("import", "import", imp.ID, "kind", imp.kind, "error", err)
		}
		return result, errors.Join(err, s.finish(ctx, imp, Failed, result, failure))
	}
	return result, s.finish(ctx, imp, Done, result, Failure{})
}

func (s *Service) finish(ctx context.Context, imp claimed, state State, r Result, f Failure) error {
	err := s.DB.Tx(ctx, func(tx pg.Tx) error {
		if err := closeImport(ctx, tx, imp, state, r, f.text(), s.Clock.Now()); err != nil {
			return err
		}
		return deleteFile(ctx, tx, imp.ID)
	})
	if err == nil {
		fpFinishAfter.Hit()
	}
	return err
}

func (s *Service) work(ctx context.Context, imp claimed, m *meter) (Result, error) {
	importer := s.Importers[imp.kind]
	result := Result{ID: imp.ID}
	if importer == nil {
		return result, errs.E(errs.Invalid, "import.unknown_kind", "no importer for %q", imp.kind).With("kind", string(imp.kind))
	}
	if err := clearErrors(ctx, s.DB, imp.ID); err != nil {
		return result, err
	}
	file := &partReader{ctx: ctx, db: s.DB, importID: imp.ID, meter: m}
	reader, err := sheet.Open(file, imp.name, importer.Columns())
	if err != nil {
		return result, err
	}
	defer func() { _ = reader.Close() }()
	if err := noteMapping(ctx, s.DB, imp, reader.Mapping(), reader.Unmapped()); err != nil {
		return result, err
	}
	log := &errorLog{ctx: ctx, db: s.DB, importID: imp.ID}
	counts, err := importer.Import(ctx, reader, Job{ID: imp.ID, CauseID: imp.cause, Options: imp.options},
		Progress{Report: log.add, Share: m.write})
	// What was found wrong is worth keeping however the import ended.
	if flushed := log.flush(); err == nil {
		err = flushed
	}
	result.Counts, result.Warnings, result.Errors, result.First = counts, log.warnings, log.errors, log.first
	return result, err
}

// beat extends the lease and notes progress until working ends; when the lease is no longer ours, it stops the work.
func (s *Service) beat(working context.Context, imp claimed, m *meter, stop context.CancelCauseFunc) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-working.Done():
			return
		case <-tick.C:
		}
		err := extend(working, s.DB, imp, m.share(), s.Wall.Now().Add(leaseTime))
		if errors.Is(err, errLost) {
			stop(errLost)
			return
		}
		if err != nil && working.Err() == nil {
			s.Log.Warn("import heartbeat", "import", imp.ID, "error", err)
		}
	}
}

// meter knows how far an import is.
type meter struct {
	imp     claimed
	read    atomic.Int64 // bytes
	written atomic.Int64 // millionths, of importers that write after reading
}

const million = 1_000_000

// readShare is the part of the work that reading is, for an importer that writes afterwards.
const readShare = 0.4

func (m *meter) write(share float64) { m.written.Store(int64(share * million)) }

func (m *meter) share() float64 {
	read := 0.0
	if m.imp.size > 0 {
		read = float64(m.read.Load()) / float64(m.imp.size)
	}
	if m.imp.kind != Orders {
		return read
	}
	return readShare*read + (1-readShare)*float64(m.written.Load())/million
}

// partReader reads a stored file.
type partReader struct {
	ctx      context.Context
	db       *pg.DB
	importID int64
	meter    *meter
	part     int
	rest     []byte
}

func (p *partReader) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		data, there, err := readPart(p.ctx, p.db, p.importID, p.part)
		if err != nil {
			return 0, err
		}
		if !there {
			return 0, io.EOF
		}
		p.part++
		p.rest = data
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	p.meter.read.Add(int64(n))
	return n, nil
}

// errorLog counts the rows reported and stores the first of them in sets.
type errorLog struct {
	ctx      context.Context
	db       *pg.DB
	importID int64
	seq      int64
	pending  []StoredError
	warnings int
	errors   int
	first    []sheet.RowError
	failed   error
}

func (l *errorLog) add(e sheet.RowError) {
	if e.Warning {
		l.warnings++
	} else {
		l.errors++
	}
	if len(l.first) < maxFirst {
		l.first = append(l.first, e)
	}
	if l.seq >= maxStored || l.failed != nil {
		return
	}
	l.seq++
	l.pending = append(l.pending, StoredError{Seq: l.seq, RowError: e})
	if len(l.pending) >= errorChunk {
		l.failed = l.write()
	}
}

func (l *errorLog) write() error {
	if len(l.pending) == 0 {
		return nil
	}
	err := copyErrors(l.ctx, l.db, l.importID, l.pending)
	l.pending = l.pending[:0]
	return err
}

func (l *errorLog) flush() error {
	if l.failed == nil {
		l.failed = l.write()
	}
	if l.failed != nil {
		return fmt.Errorf("store row errors: %w", l.failed)
	}
	return nil
}
