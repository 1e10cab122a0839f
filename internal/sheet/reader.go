package sheet

import (
	"io"
	"strings"

	"qunce/internal/errs"
)

// source yields the records of one file format. next returns a record, io.EOF, a *RowError for a record that is
// broken (reading goes on after it), or another error that ends the file.
type source interface {
	next() (record, error)
	// begin is called below the header: from now on records have width fields.
	begin(width int)
	close() error
}

type record struct {
	line   int
	fields []string
}

// headerSearch is how many non-blank lines may stand above the data before the header is given up.
const headerSearch = 5

// maxErrors is how many broken lines are kept between two calls of Errors; Broken counts on.
const maxErrors = 10_000

// Reader reads one table. It is not safe for concurrent use. Close it.
type Reader struct {
	name   string
	src    source
	cols   []Column
	header []string
	index  map[string]int
	serial bool // numbers may be Excel's serial dates
	y1904  bool // counted from 1904 instead of 1900

	errs   []RowError
	broken int
	layout string // the time layout that fitted last
}

// Open finds out what r holds and reads up to the header. name is the file's name for messages; its ending is not
// trusted. Errors are errs.Invalid: "sheet.empty_file", "sheet.missing_column" (naming the titles accepted and those
// found), "sheet.old_excel" (an .xls of before 2007), "sheet.bad_xlsx", "sheet.bad_gzip", "sheet.too_large"; a failing r
// comes back wrapped.
func Open(r io.Reader, name string, cols []Column) (*Reader, error) {
	in, kind, err := sniff(r)
	if err != nil {
		return nil, named(err, name)
	}
	rd := &Reader{name: name, cols: cols}
	if kind == kindXLSX {
		if rd.src, rd.y1904, err = openXLSX(in, cols); err != nil {
			return nil, named(err, name)
		}
		rd.serial = true
	} else {
		rd.src = newCSV(in, cols)
	}
	if err := rd.readHeader(); err != nil {
		rd.src.close()
		return nil, named(err, name)
	}
	return rd, nil
}

func named(err error, name string) error {
	if e, ok := err.(*errs.Error); ok && e.Params["file"] == nil {
		return e.With("file", name)
	}
	return err
}

// readHeader takes the first of the upper lines that has all required columns. When none has, it complains about the
// one that came nearest.
func (r *Reader) readHeader() error {
	var best *mapping
	var bestHeader []string
	for range headerSearch {
		rec, err := r.src.next()
		if err == io.EOF {
			break
		}
		if _, broken := err.(*RowError); broken {
			continue // a title line that is no table row; if it was the header, the complaint below says so
		}
		if err != nil {
			return err
		}
		m := match(rec.fields, r.cols)
		if len(m.missing) == 0 && (len(m.index) > 0 || len(r.cols) == 0) {
			r.header, r.index = trimBlank(rec.fields), m.index
			r.src.begin(len(r.header))
			return nil
		}
		if best == nil || len(m.index) > len(best.index) {
			best, bestHeader = &m, rec.fields
		}
	}
	if best == nil {
		return errs.E(errs.Invalid, "sheet.empty_file", "the file has no header line")
	}
	if len(best.missing) == 0 { // nothing is required, and nothing was found either
		best.missing = r.cols
	}
	return missingColumn(r.name, *best, bestHeader)
}

// Next returns the next row, io.EOF at the end, or an error that ends the file early: errs.Invalid "sheet.truncated"
// for a damaged archive, or the error of the underlying reader. Broken lines are skipped and reported by Errors.
func (r *Reader) Next() (Row, error) {
	for {
		rec, err := r.src.next()
		if err != nil {
			if e, ok := err.(*RowError); ok {
				r.report(*e)
				continue
			}
			return Row{}, named(err, r.name)
		}
		if blank(rec.fields) {
			continue
		}
		return Row{r: r, line: rec.line, fields: rec.fields}, nil
	}
}

func (r *Reader) report(e RowError) {
	r.broken++
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, e)
	}
}

// Errors returns the broken lines met since it was last called, in the order of the file, 10,000 at most; call it
// after Next, io.EOF included.
func (r *Reader) Errors() []RowError {
	e := r.errs
	r.errs = nil
	return e
}

// Broken counts the broken lines met so far, those that Errors had no room for included.
func (r *Reader) Broken() int { return r.broken }

// Mapping tells which header of the file serves each column: key → header as written.
func (r *Reader) Mapping() map[string]string {
	m := make(map[string]string, len(r.index))
	for key, i := range r.index {
		m[key] = strings.TrimSpace(r.header[i])
	}
	return m
}

// Unmapped lists the headers of the file that serve no column, in the file's order.
func (r *Reader) Unmapped() []string {
	used := make(map[int]bool, len(r.index))
	for _, i := range r.index {
		used[i] = true
	}
	var out []string
	for i, h := range r.header {
		if h = strings.TrimSpace(h); h != "" && !used[i] {
			out = append(out, h)
		}
	}
	return out
}

// Close frees what the reader holds (XLSX keeps temporary files). It does not close the reader given to Open.
func (r *Reader) Close() error { return r.src.close() }

// trimBlank drops the empty cells at the end, which spreadsheets leave behind a table.
func trimBlank(fields []string) []string {
	for len(fields) > 0 && strings.TrimSpace(fields[len(fields)-1]) == "" {
		fields = fields[:len(fields)-1]
	}
	return fields
}

func blank(fields []string) bool {
	for _, f := range fields {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return true
}
