package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"qunce/internal/actor"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/sheet"
)

// Deps are what the service works with. Wake (may be nil) wakes a runner, here or in another process, after an upload; it is
// a hint, since runners also look by themselves.
type Deps struct {
	DB        *pg.DB
	IDs       *id.Source
	Clock     clock.Clock // the corp's
	Wall      clock.Clock
	Audit     *audit.Log
	Catalog   *i18n.Catalog
	Log       *slog.Logger
	Importers map[Kind]Importer
	Wake      func(ctx context.Context) error
}

// Service is the use cases.
type Service struct {
	Deps
	busy sync.Mutex    // one import at a time in this process
	wake chan struct{} // an upload of this process
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d, wake: make(chan struct{}, 1)} }

// MaxFile bounds a file, as it is uploaded.
const MaxFile = 512 << 20

// partSize is how a file is cut for storing.
const partSize = 1 << 20

var (
	fpUploadBefore = failpoint.New("intake.upload.before")
	fpUploadAfter  = failpoint.New("intake.upload.after")
	fpRunAfter     = failpoint.New("intake.run.after")
	fpFinishAfter  = failpoint.New("intake.finish.after")
)

// Upload stores a file and queues its import; it returns the import's id. Errors: Invalid "import.unknown_kind",
// "import.source_required", "import.legal_basis_required", "import.empty_file", "import.too_large".
func (s *Service) Upload(ctx context.Context, kind Kind, name string, file io.Reader, o Options) (int64, error) {
	imp, err := s.accept(ctx, kind, name, file, o, Queued)
	if err != nil {
		return 0, err
	}
	fpUploadAfter.Hit()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	if s.Wake != nil {
		if err := s.Wake(ctx); err != nil {
			s.Log.Warn("no runner was woken; the next look will find the import", "import", imp.ID, "error", err)
		}
	}
	return imp.ID, nil
}

// RunFile stores and imports a file at once and returns how that ended, for the command line and the demo. It is the same
// path as an upload: if the process dies in between, a runner finishes the import.
func (s *Service) RunFile(ctx context.Context, kind Kind, name string, file io.Reader, o Options) (Result, error) {
	imp, err := s.accept(ctx, kind, name, file, o, Running)
	if err != nil {
		return Result{}, err
	}
	return s.run(ctx, imp)
}

// accept stores the file and its row in one transaction.
func (s *Service) accept(ctx context.Context, kind Kind, name string, file io.Reader, o Options, state State) (claimed, error) {
	imp := claimed{kind: kind, name: baseName(name), options: o, attempt: 1}
	if s.Importers[kind] == nil {
		return imp, errs.E(errs.Invalid, "import.unknown_kind", "no importer for %q", kind).On("kind").With("kind", string(kind))
	}
	o.Source, o.LegalBasis = strings.TrimSpace(o.Source), strings.TrimSpace(o.LegalBasis)
	imp.options = o
	if err := o.check(kind); err != nil {
		return imp, err
	}
	var err error
	if imp.ID, err = s.IDs.Next(ctx); err != nil {
		return imp, err
	}
	imp.cause = imp.ID
	fpUploadBefore.Hit()
	stored := false
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		if stored { // the file was read and cannot be read again
			return errs.E(errs.Unavailable, "import.try_again", "the file was not stored")
		}
		stored = true
		if imp.size, err = storeFile(ctx, tx, imp.ID, file); err != nil {
			return err
		}
		who := actor.From(ctx)
		if err := insertImport(ctx, tx, imp, state, who, s.Clock.Now(), s.Wall.Now().Add(leaseTime)); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "import.upload", fmt.Sprintf("import/%d", imp.ID), map[string]any{
			"kind": kind, "file": imp.name, "bytes": imp.size, "source": o.Source, "legal_basis": o.LegalBasis, "coord_system": o.CoordSystem,
		})
	})
	return imp, err
}

// storeFile cuts the file into parts of one megabyte.
func storeFile(ctx context.Context, q pg.Querier, importID int64, file io.Reader) (size int64, err error) {
	buf := make([]byte, partSize)
	for part := 0; ; part++ {
		n, err := io.ReadFull(file, buf)
		if n > 0 {
			if size += int64(n); size > MaxFile {
				return size, errs.E(errs.Invalid, "import.too_large", "more than %d bytes", MaxFile).On("file").With("max_mb", MaxFile>>20)
			}
			if err := insertPart(ctx, q, importID, part, buf[:n]); err != nil {
				return size, err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			if size == 0 {
				return 0, errs.E(errs.Invalid, "import.empty_file", "the file is empty").On("file")
			}
			return size, nil
		case err != nil:
			return size, fmt.Errorf("read upload: %w", err)
		}
	}
}

// baseName keeps of a file's name what is safe to show.
func baseName(name string) string {
	name = filepath.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name)
	const longest = 200
	if utf8.RuneCountInString(name) > longest {
		name = string([]rune(name)[:longest])
	}
	return name
}

func asError(err error) (*errs.Error, bool) {
	var e *errs.Error
	ok := errors.As(err, &e)
	return e, ok
}

// Get returns one import; errs.NotFound "import.not_found".
func (s *Service) Get(ctx context.Context, importID int64) (Import, error) {
	list, err := findImports(ctx, s.DB, `WHERE id = $1`, importID)
	if err != nil {
		return Import{}, err
	}
	if len(list) == 0 {
		return Import{}, errs.E(errs.NotFound, "import.not_found", "no import %d", importID)
	}
	return list[0], nil
}

// RowErrors returns up to limit wrong or doubtful rows of an import after the given seq, in the order they were met.
func (s *Service) RowErrors(ctx context.Context, importID, after int64, limit int) ([]StoredError, error) {
	return findErrors(ctx, s.DB, importID, after, limit)
}

// StoredError is a row error with its place in the import's list, from 1.
type StoredError struct {
	Seq int64
	sheet.RowError
}

// Finished reports whether an import of the kind was ever done.
func (s *Service) Finished(ctx context.Context, kind Kind) (done bool, err error) {
	err = s.DB.QueryRow(ctx, `SELECT EXISTS (SELECT FROM intake_import WHERE kind = $1 AND state = 'done')`, string(kind)).Scan(&done)
	return done, err
}
