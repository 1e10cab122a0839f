// Package intake takes files in: lists of stores, orders and members, uploaded in the console or given to the command line.
//
// An upload is stored whole in the database before anything is read, and a row says that it waits. A runner takes it under
// a lease, hands it to the importer of its kind, and notes progress, counts and every wrong row by line and reason. A runner
// that dies leaves a lease that lapses; the next one starts the import over, which is safe since importers compare by
// content. The file itself is deleted when its import is over.
//
// Invariants: one runner at a time works an import (the lease's attempt number guards every write); counts are exact,
// errors are kept up to 10,000; a bad row never keeps the good ones out. A list of members needs to say where it comes
// from and on what legal basis. The package knows nothing of what columns mean: the features' importers do.
package intake

import (
	"context"
	"encoding/json"
	"time"

	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/pg"
	"qunce/internal/sheet"
)

// Kind of a file.
type Kind string

// The kinds; the CHECK of intake_import lists the same.
const (
	Stores  Kind = "stores"
	Orders  Kind = "orders"
	Members Kind = "members"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{Stores, Orders, Members} }

// State of an import.
type State string

// The states; the CHECK of intake_import lists the same. Failed means that the file as a whole could not be read or the
// import could not be finished; wrong rows alone do not fail an import.
const (
	Queued  State = "queued"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

// States lists all of them.
func States() []State { return []State{Queued, Running, Done, Failed} }

// Options are what the person who imports declares. CoordSystem is for stores. Source and LegalBasis are required for
// members. Future lets orders in that are later than the corp's clock.
type Options struct {
	CoordSystem geo.System `json:"coord_system,omitempty"`
	Source      string     `json:"source,omitempty"`
	LegalBasis  string     `json:"legal_basis,omitempty"`
	Future      bool       `json:"future,omitempty"`
}

// LegalBases are the grounds on which a list of members may be processed (PIPL art. 13) that make sense for one.
func LegalBases() []string { return []string{"consent", "contract"} }

// check tells what is missing or wrong in the options of a kind.
func (o Options) check(k Kind) error {
	if o.CoordSystem != "" {
		known := false
		for _, s := range geo.Systems {
			known = known || s == o.CoordSystem
		}
		if !known {
			return errs.E(errs.Invalid, "geo.unknown_system", "coordinate system %q", o.CoordSystem).On("coord_system").With("system", o.CoordSystem)
		}
	}
	if k != Members {
		return nil
	}
	if o.Source == "" {
		return errs.E(errs.Invalid, "import.source_required", "a list of members needs its source").On("source")
	}
	for _, b := range LegalBases() {
		if o.LegalBasis == b {
			return nil
		}
	}
	return errs.E(errs.Invalid, "import.legal_basis_required", "a list of members needs a legal basis").On("legal_basis")
}

// Progress is how an importer speaks while it works. Report hears of wrong and doubtful rows; Share, of an importer that
// reads first and writes afterwards, how much is written, 0 to 1.
type Progress struct {
	Report func(sheet.RowError)
	Share  func(float64)
}

// Job is the import an importer works on. CauseID is the id to hand on to events.
type Job struct {
	ID      int64
	CauseID int64
	Options Options
}

// Counts are what an importer did: Rows and Skipped are rows of the file, the others what the rows are about.
type Counts struct{ Rows, Created, Updated, Unchanged, Skipped int }

// Importer imports one kind of file. Import may be cut off anywhere and is then run again from the start.
type Importer interface {
	Columns() []sheet.Column
	Import(ctx context.Context, r *sheet.Reader, j Job, p Progress) (Counts, error)
}

// Result is how an import ended. Warnings and Errors count rows; First holds the first of them.
type Result struct {
	ID int64
	Counts
	Warnings int
	Errors   int
	First    []sheet.RowError
}

// Import is one import as it stands.
type Import struct {
	ID         int64
	Kind       Kind
	FileName   string
	State      State
	Options    Options
	Mapping    map[string]string
	Unmapped   []string
	Counts     Counts
	Warnings   int
	Errors     int
	Progress   float64
	Failure    Failure
	By         string
	CreatedAt  time.Time
	FinishedAt *time.Time
}

// Failure is why an import failed, as a code for the translated sentence.
type Failure struct {
	Code   string         `json:"code,omitempty"`
	Params map[string]any `json:"params,omitempty"`
}

// failureOf keeps of an error what may be shown.
func failureOf(err error) Failure {
	f := Failure{Code: errs.CodeOf(err)}
	if e, ok := asError(err); ok {
		f.Params = e.Params
	}
	return f
}

func (f Failure) text() string {
	if f.Code == "" {
		return ""
	}
	raw, err := json.Marshal(f)
	if err != nil { // a parameter that JSON cannot write
		raw, _ = json.Marshal(Failure{Code: f.Code})
	}
	return string(raw)
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "intake"
	return []pg.Table{
		{Name: "intake_import", Owner: owner, Family: pg.Local, Personal: []string{"by_name"}, Merge: "keep", Erase: "keep", Retention: "36 months", Sampling: "none"},
		{Name: "intake_file", Owner: owner, Family: pg.Local, Personal: []string{"data"}, Merge: "keep", Erase: "delete", Retention: "until the import ends", Sampling: "none"},
		{Name: "intake_error", Owner: owner, Family: pg.Local, Personal: []string{"value"}, Merge: "keep", Erase: "delete", Retention: "6 months", Sampling: "none"},
	}
}
