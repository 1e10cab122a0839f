package sheet

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"

	"qunce/internal/errs"
)

// encoding/csv is not used: it ends or merges lines where a quote is left open and cannot go on after it, and it
// knows no delimiter or encoding of its own.

const (
	maxLine      = 1 << 20  // bytes of one line
	maxSpan      = 100      // lines a quoted field may span before its quote counts as never closed
	maxSpanBytes = 64 << 10 // and bytes
)

// csvSource reads records from text lines. Lines that were read ahead, to look for a closing quote or to choose the
// delimiter, wait in ahead.
type csvSource struct {
	in    *bufio.Reader
	enc   charset
	gb    *encoding.Decoder
	eol   byte
	delim byte
	width int // fields a record must have; 0 above the header

	ahead []textLine
	read  int // lines taken from in
	err   error
}

type textLine struct {
	no      int
	b       []byte // without its end; valid until the next line is read, those in ahead for good
	tooLong bool
}

func newCSV(in *bufio.Reader, cols []Column) *csvSource {
	s := &csvSource{in: in, gb: simplifiedchinese.GB18030.NewDecoder(), eol: '\n', delim: ','}
	head, _ := peek(in) // an error comes back with the first line
	s.enc = guess(head)
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		s.eol = '\r'
	}
	s.chooseDelim(cols)
	return s
}

func (s *csvSource) begin(width int) { s.width = width }
func (s *csvSource) close() error    { return nil }

// chooseDelim takes the delimiter under which the upper lines have the most wanted columns, then the most fields.
func (s *csvSource) chooseDelim(cols []Column) {
	best := -1
	for i := range headerSearch {
		line, ok := s.peekLine(i)
		if !ok {
			return
		}
		text, ok := s.decode(line.b)
		if !ok {
			continue
		}
		for _, d := range []byte{',', '\t', ';'} {
			fields, _, _ := splitRecord(text, d, nil)
			if score := len(match(toStrings(fields), cols).index)*1000 + min(len(fields), 999); score > best {
				best, s.delim = score, d
			}
		}
	}
}

func (s *csvSource) next() (record, error) {
	for {
		line, err := s.line()
		if err != nil {
			return record{}, err
		}
		if len(bytes.TrimSpace(line.b)) > 0 || line.tooLong {
			return s.parse(line)
		}
	}
}

// parse makes a record of a line, and of the lines after it where a quoted field spans several.
func (s *csvSource) parse(line textLine) (record, error) {
	if line.tooLong {
		return record{}, lineError(line, "sheet.line_too_long", map[string]any{"max": maxLine})
	}
	text, ok := s.decode(line.b)
	if !ok {
		return record{}, lineError(line, "sheet.bad_text", nil)
	}
	line.b = text
	fields, state, _ := splitRecord(text, s.delim, make([][]byte, 0, s.width))
	switch state {
	case misplaced:
		return record{}, lineError(line, "sheet.misplaced_quote", nil)
	case open:
		line.b = bytes.Clone(text) // looking ahead reuses the buffer
		joined, lines := s.span(line.b)
		if lines == 0 {
			return record{}, lineError(line, "sheet.unclosed_quote", nil)
		}
		fields = joined
		s.ahead = s.ahead[lines:]
	}
	if code := s.wrongWidth(fields); code != "" {
		return record{}, lineError(line, code, map[string]any{"found": len(fields), "want": s.width})
	}
	return record{line: line.no, fields: toStrings(fields)}, nil
}

// wrongWidth names what is wrong with the number of fields; blank ones too many are let pass.
func (s *csvSource) wrongWidth(fields [][]byte) string {
	switch {
	case s.width == 0:
		return ""
	case len(fields) < s.width:
		if len(fields) == 1 || len(bytes.TrimSpace(bytes.Join(fields, nil))) > 0 {
			return "sheet.too_few_fields"
		}
	case len(fields) > s.width && len(bytes.TrimSpace(bytes.Join(fields[s.width:], nil))) > 0:
		return "sheet.too_many_fields"
	}
	return ""
}

// span looks for the lines that close the quote left open on a line. It returns the fields of the joined record and
// how many lines were added, or 0 when the quote is never closed: none of the next lines ends the record cleanly.
// Lines with quotes of their own give themselves away, because their opening quote, read as a closing one, has text
// behind it.
func (s *csvSource) span(first []byte) ([][]byte, int) {
	joined := bytes.Clone(first)
	for n := range maxSpan {
		l, ok := s.peekLine(n)
		if !ok || l.tooLong || len(joined)+len(l.b) > maxSpanBytes {
			return nil, 0
		}
		text, ok := s.decode(l.b)
		if !ok {
			return nil, 0
		}
		joined = append(append(joined, '\n'), text...)
		if bytes.IndexByte(text, '"') < 0 {
			continue
		}
		// The line alone, read as if within a quote, tells how the whole ends, and spares splitting the whole each time.
		if _, state, _ := splitRecord(append([]byte{'"'}, text...), s.delim, nil); state == open {
			continue
		}
		fields, state, strict := splitRecord(joined, s.delim, nil)
		if state == closed && strict && s.wrongWidth(fields) == "" {
			return fields, n + 1
		}
		return nil, 0
	}
	return nil, 0
}

// toStrings copies fields into strings that share one allocation.
func toStrings(fields [][]byte) []string {
	size := 0
	for _, f := range fields {
		size += len(f)
	}
	buf := make([]byte, 0, size)
	for _, f := range fields {
		buf = append(buf, f...)
	}
	all := string(buf)
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i], all = all[:len(f)], all[len(f):]
	}
	return out
}

// decode turns a line into UTF-8; false when it cannot be text. It settles the encoding at the first line that shows
// it. No GB18030 character contains the byte of a delimiter, quote or line end, so lines may be cut before decoding.
func (s *csvSource) decode(b []byte) ([]byte, bool) {
	high, nul := scan(b)
	switch {
	case nul:
		return nil, false
	case !high:
		return b, true
	case s.enc != gb18030 && utf8.Valid(b):
		s.enc = utf8Text
		return b, true
	case s.enc == utf8Text:
		return nil, false
	}
	out, ok := decodeGB(s.gb, b)
	if ok {
		s.enc = gb18030
	}
	return out, ok
}

// scan reports whether a line has bytes beyond ASCII, and NUL bytes.
func scan(b []byte) (high, nul bool) {
	var or byte
	for _, c := range b {
		or |= c
	}
	return or >= utf8.RuneSelf, bytes.IndexByte(b, 0) >= 0
}

// line takes the next line, peekLine looks at the n-th after it.
func (s *csvSource) line() (textLine, error) {
	if len(s.ahead) > 0 {
		l := s.ahead[0]
		s.ahead = s.ahead[1:]
		return l, nil
	}
	return s.readLine()
}

func (s *csvSource) peekLine(n int) (textLine, bool) {
	for len(s.ahead) <= n {
		l, err := s.readLine()
		if err != nil {
			return textLine{}, false // readLine repeats the error when its turn comes
		}
		l.b = bytes.Clone(l.b)
		s.ahead = append(s.ahead, l)
	}
	return s.ahead[n], true
}

// readLine reads one physical line. Its bytes are valid until the next call.
func (s *csvSource) readLine() (textLine, error) {
	if s.err != nil {
		return textLine{}, s.err
	}
	b, err := s.in.ReadSlice(s.eol)
	tooLong := false
	if err == bufio.ErrBufferFull {
		long := bytes.Clone(b)
		for err == bufio.ErrBufferFull {
			b, err = s.in.ReadSlice(s.eol)
			if tooLong = tooLong || len(long)+len(b) > maxLine; !tooLong {
				long = append(long, b...)
			}
		}
		b = long
	}
	if err != nil {
		s.err = damaged(err)
		// A last line without an end is a line; what a damaged archive leaves over is not.
		if err != io.EOF || len(b) == 0 {
			return textLine{}, s.err
		}
	}
	s.read++
	return textLine{no: s.read, b: trimEnd(b), tooLong: tooLong}, nil
}

func trimEnd(b []byte) []byte {
	if n := len(b); n > 0 && (b[n-1] == '\n' || b[n-1] == '\r') {
		b = b[:n-1]
		if n > 1 && b[n-2] == '\r' {
			b = b[:n-2]
		}
	}
	return b
}

func lineError(l textLine, code string, params map[string]any) *RowError {
	value := bytes.ReplaceAll(l.b[:min(len(l.b), 4*maxValue)], []byte{0}, []byte("�"))
	return &RowError{Row: l.no, Code: code, Value: Cut(string(value)), Params: params}
}

type quoteState int

const (
	closed    quoteState = iota // the record is complete
	open                        // a quoted field goes on after the end
	misplaced                   // text stands behind a closing quote
)

// splitRecord cuts a record at the delimiters, appending to fields. A field that begins with a quote ends at the next
// single quote; two quotes stand for one. A quote inside an unquoted field is text, but makes strict false.
func splitRecord(b []byte, delim byte, fields [][]byte) (_ [][]byte, state quoteState, strict bool) {
	if bytes.IndexByte(b, '"') < 0 {
		for {
			i := bytes.IndexByte(b, delim)
			if i < 0 {
				return append(fields, b), closed, true
			}
			fields = append(fields, b[:i])
			b = b[i+1:]
		}
	}
	strict = true
	for {
		if len(b) > 0 && b[0] == '"' {
			field, rest, ok := quoted(b[1:])
			if !ok {
				return append(fields, field), open, strict
			}
			fields = append(fields, field)
			if len(rest) == 0 {
				return fields, closed, strict
			}
			if rest[0] != delim {
				return fields, misplaced, strict
			}
			b = rest[1:]
			continue
		}
		i := bytes.IndexByte(b, delim)
		field := b
		if i >= 0 {
			field = b[:i]
		}
		if bytes.IndexByte(field, '"') >= 0 {
			strict = false
		}
		fields = append(fields, field)
		if i < 0 {
			return fields, closed, strict
		}
		b = b[i+1:]
	}
}

// quoted reads a quoted field after its opening quote: its text, what follows the closing quote, and whether there is
// one.
func quoted(b []byte) (field, rest []byte, ok bool) {
	var unescaped []byte
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return b, nil, false
		}
		i += from
		if i+1 < len(b) && b[i+1] == '"' {
			unescaped = append(unescaped, b[from:i+1]...)
			from = i + 2
			continue
		}
		if unescaped == nil {
			return b[:i], b[i+1:], true
		}
		return append(unescaped, b[from:i]...), b[i+1:], true
	}
}

func isFlate(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.As(err, &corrupt)
}

// tooLarge is the answer to a workbook that would not fit in memory.
func tooLarge(max int64) error {
	return errs.E(errs.Invalid, "sheet.too_large", "the workbook is over %d MB: save it as .csv, which has no limit", max>>20).
		With("mb", max>>20)
}
