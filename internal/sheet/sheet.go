// Package sheet reads the tables people upload (stores, orders, members) as CSV or XLSX and hands them on row by row.
//
// What a file is, it finds out itself: gzip and XLSX by their first bytes; UTF-8 (with or without a mark), UTF-16
// with a mark, or GB18030 (of which GBK is a part); comma, semicolon or tab. The caller names the columns it wants with
// the header spellings it accepts; the order and the rest of the file's columns do not matter, and title lines above
// the header are skipped.
//
// Invariants: a broken line never ends an import. It is reported with its line number and reason and left out, and
// reading goes on with the next line; a quote that is never closed costs its own line only. Every value handed out is
// valid UTF-8 without NUL. Memory is bounded by the longest record for CSV, and by the file for XLSX.
//
// It never guesses a value: a number or date it does not understand is a RowError, not a zero. It knows nothing of
// what the columns mean.
package sheet

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"qunce/internal/errs"
)

// Column is one column a caller wants. Titles are the header spellings accepted, in order of preference: when a file
// has several of them, the first named wins. They are compared after trimming, lower-casing, folding full-width
// letters and removing blanks and underscores.
type Column struct {
	Key      string
	Titles   []string
	Required bool
}

// RowError is one thing wrong with one line. Row is the line of the file as an editor or spreadsheet counts it, the
// first being 1. Column is the Column.Key, empty when the whole line is broken. Value is what stood there, cut to 40
// runes. Params fill the translated sentence; "title" is the header as the file spells it. A Warning does not keep
// the row out.
//
// Codes of this package: of lines "sheet.too_few_fields", "sheet.too_many_fields", "sheet.unclosed_quote",
// "sheet.misplaced_quote", "sheet.bad_text", "sheet.line_too_long"; of values "sheet.empty", "sheet.bad_number",
// "sheet.bad_integer", "sheet.bad_money", "sheet.bad_time". Importers add codes of their own.
type RowError struct {
	Row     int            `json:"row"`
	Column  string         `json:"column,omitempty"`
	Code    string         `json:"code"`
	Value   string         `json:"value,omitempty"`
	Params  map[string]any `json:"params,omitempty"`
	Warning bool           `json:"warning,omitempty"`
}

func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s: %q", e.Row, e.Code, e.Value)
	}
	return fmt.Sprintf("line %d, column %s: %s: %q", e.Row, e.Column, e.Code, e.Value)
}

// maxValue is how many runes of a wrong value an error repeats.
const maxValue = 40

// Cut shortens a value to what a RowError carries: 40 runes, valid UTF-8.
func Cut(s string) string {
	if len(s) > maxValue*utf8.UTFMax {
		s = s[:maxValue*utf8.UTFMax]
	}
	s = strings.ToValidUTF8(s, "�")
	if utf8.RuneCountInString(s) > maxValue {
		s = string([]rune(s)[:maxValue])
	}
	return s
}

// normalize makes two spellings of a header equal.
func normalize(title string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' {
			return -1
		}
		return unicode.ToLower(r)
	}, width.Fold.String(title))
}

// mapping says where each wanted column stands in a header row.
type mapping struct {
	index   map[string]int // Column.Key → position
	missing []Column       // required, not found
}

// match finds the wanted columns in a header row. A header serves one column only, the first that claims it.
func match(header []string, cols []Column) mapping {
	at := make(map[string]int, len(header))
	for i, h := range header {
		n := normalize(h)
		if _, twice := at[n]; n != "" && !twice {
			at[n] = i
		}
	}
	m := mapping{index: make(map[string]int, len(cols))}
	for _, c := range cols {
		found := false
		for _, title := range c.Titles {
			n := normalize(title)
			if i, ok := at[n]; ok {
				m.index[c.Key] = i
				delete(at, n)
				found = true
				break
			}
		}
		if !found && c.Required {
			m.missing = append(m.missing, c)
		}
	}
	return m
}

// missingColumn names what the file lacks, what would have been accepted, and what it has instead.
func missingColumn(name string, m mapping, header []string) error {
	type lack struct {
		Key    string   `json:"key"`
		Titles []string `json:"titles"`
	}
	var lacks []lack
	var words []string
	for _, c := range m.missing {
		lacks = append(lacks, lack{Key: c.Key, Titles: c.Titles})
		words = append(words, strings.Join(c.Titles, " / "))
	}
	found := make([]string, 0, len(header))
	for _, h := range header {
		if h = strings.TrimSpace(h); h != "" && len(found) < 30 {
			found = append(found, Cut(h))
		}
	}
	first := m.missing[0]
	return errs.E(errs.Invalid, "sheet.missing_column", "%s has no column %s; its header is: %s",
		name, strings.Join(words, ", "), strings.Join(found, ", ")).
		On(first.Key).With("file", name).With("titles", strings.Join(words, "、")).
		With("found", strings.Join(found, "、")).With("columns", lacks)
}
