package sheet

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// Writer writes a table as CSV that spreadsheets open as it is: UTF-8 with a mark, CRLF. Text that a spreadsheet would run
// as a formula is written with an apostrophe before it; numbers are not touched.
type Writer struct {
	buf *bufio.Writer
	csv *csv.Writer
}

// NewWriter begins a table with its header.
func NewWriter(w io.Writer, header ...string) (*Writer, error) {
	buf := bufio.NewWriter(w)
	if _, err := buf.WriteString("\uFEFF"); err != nil {
		return nil, err
	}
	out := &Writer{buf: buf, csv: csv.NewWriter(buf)}
	out.csv.UseCRLF = true
	return out, out.Row(header...)
}

// Row writes one line.
func (w *Writer) Row(fields ...string) error {
	safe := make([]string, len(fields))
	for i, f := range fields {
		safe[i] = harmless(f)
	}
	return w.csv.Write(safe)
}

// Close writes what is buffered; the underlying writer stays open.
func (w *Writer) Close() error {
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return err
	}
	return w.buf.Flush()
}

// harmless keeps a cell from being taken for a formula.
func harmless(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}
