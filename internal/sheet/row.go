package sheet

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/width"
)

// Row is one line of the table. It may be kept after the next call of Next.
//
// Float, Int, Fen and Time return errors whose type is always *RowError, ready to be shown. For an empty cell that is
// "sheet.empty"; ask Has first where a value is optional.
type Row struct {
	r      *Reader
	line   int
	fields []string
}

// Line is the row's line in the file, the first being 1; for a record over several lines, its first.
func (row Row) Line() int { return row.line }

// Get returns the value of a column without blanks around it; "" when the file has no such column or the cell is empty.
func (row Row) Get(key string) string {
	i, ok := row.r.index[key]
	if !ok || i >= len(row.fields) {
		return ""
	}
	return strings.TrimSpace(row.fields[i])
}

// Has reports whether a column has a value in this row.
func (row Row) Has(key string) bool { return row.Get(key) != "" }

// Code returns a value as an identifier: full-width letters folded, the quote or ="…" by which spreadsheets keep
// digits as text taken off, and the ".0" that a numeric column leaves behind an id (17850.0) as well.
func (row Row) Code(key string) string {
	s := row.Get(key)
	if !plain(s) {
		s = strings.TrimSpace(width.Fold.String(s))
	}
	if strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) && len(s) > 3 {
		s = s[2 : len(s)-1]
	}
	s = strings.TrimPrefix(s, "'")
	if id, ok := strings.CutSuffix(s, ".0"); ok && digits(id) {
		return id
	}
	return s
}

// Error makes a RowError about a column of this row, for rules of the caller's.
func (row Row) Error(key, code string, params map[string]any) *RowError {
	e := &RowError{Row: row.line, Column: key, Code: code, Value: Cut(row.Get(key)), Params: map[string]any{}}
	for k, v := range params {
		e.Params[k] = v
	}
	if i, ok := row.r.index[key]; ok {
		e.Params["title"] = strings.TrimSpace(row.r.header[i])
	}
	return e
}

// Float reads a finite number; thousands separators and full-width digits are understood.
func (row Row) Float(key string) (float64, error) {
	s, err := row.number(key)
	if err != nil {
		return 0, err
	}
	f, perr := strconv.ParseFloat(s, 64)
	if perr != nil {
		return 0, row.Error(key, "sheet.bad_number", nil)
	}
	return f, nil
}

// Int reads a whole number; 12.0 and 1.2E+3 are whole, 12.5 is "sheet.bad_integer".
func (row Row) Int(key string) (int64, error) {
	s, err := row.number(key)
	if err != nil {
		return 0, err
	}
	if n, perr := strconv.ParseInt(s, 10, 64); perr == nil {
		return n, nil
	}
	f, perr := strconv.ParseFloat(s, 64)
	if perr != nil {
		return 0, row.Error(key, "sheet.bad_number", nil)
	}
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, row.Error(key, "sheet.bad_integer", nil)
	}
	return int64(f), nil
}

// Fen reads an amount of yuan as fen, half a fen rounded away from zero. It understands ¥ or ￥ before and 元 behind
// the number, thousands separators and full-width digits; anything else is "sheet.bad_money".
func (row Row) Fen(key string) (int64, error) {
	s := row.Get(key)
	if s == "" {
		return 0, row.Error(key, "sheet.empty", nil)
	}
	if !plain(s) {
		s = width.Fold.String(s)
	}
	s, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	for _, sign := range []string{"¥", "￥", "CNY", "RMB"} {
		s = strings.TrimPrefix(s, sign)
	}
	s = strings.TrimSpace(strings.TrimSuffix(s, "元"))
	if rest, ok := strings.CutPrefix(s, "-"); ok && !negative {
		s, negative = rest, true // ¥-12.00
	}
	fen, ok := parseFen(s)
	if !ok {
		return 0, row.Error(key, "sheet.bad_money", nil)
	}
	if negative {
		fen = -fen
	}
	return fen, nil
}

// number returns the column's text as strconv wants it, or a RowError.
func (row Row) number(key string) (string, error) {
	s := row.Get(key)
	if s == "" {
		return "", row.Error(key, "sheet.empty", nil)
	}
	if !plain(s) {
		s = strings.TrimSpace(width.Fold.String(s))
	}
	s, ok := ungroup(s)
	// ParseFloat also reads NaN, Inf, hexadecimal and underscores, which no table means as a number.
	if !ok || strings.Trim(s, "+-.0123456789eE") != "" {
		return "", row.Error(key, "sheet.bad_number", nil)
	}
	return s, nil
}

// parseFen reads an unsigned decimal with exact arithmetic; one in scientific notation, as XLSX may store it, through
// a float.
func parseFen(s string) (int64, bool) {
	s, ok := ungroup(s)
	if !ok || s == "" {
		return 0, false
	}
	if strings.ContainsAny(s, "eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || strings.Trim(s, "+-.0123456789eE") != "" || f < 0 || f > 1<<53/100 {
			return 0, false
		}
		return int64(math.Round(f * 100)), true
	}
	whole, frac, point := strings.Cut(s, ".")
	if (whole == "" && frac == "") || (whole != "" && !digits(whole)) || (point && frac != "" && !digits(frac)) {
		return 0, false
	}
	yuan := uint64(0)
	if whole != "" {
		n, err := strconv.ParseUint(whole, 10, 64)
		if err != nil {
			return 0, false
		}
		yuan = n
	}
	frac += "000"
	cents := uint64(frac[0]-'0')*10 + uint64(frac[1]-'0')
	if frac[2] >= '5' {
		cents++
	}
	high, fen := bits.Mul64(yuan, 100)
	fen += cents
	if high != 0 || fen > 1<<53 {
		return 0, false
	}
	return int64(fen), true
}

// ungroup removes thousands separators where they stand in threes (1,234,567.8); elsewhere a comma may be a decimal
// point, and the number is refused.
func ungroup(s string) (string, bool) {
	if strings.IndexByte(s, ',') < 0 {
		return s, true
	}
	whole, frac, point := strings.Cut(s, ".")
	parts := strings.Split(whole, ",")
	for i, p := range parts {
		if i == 0 {
			p = strings.TrimLeft(p, "+-")
			if len(p) < 1 || len(p) > 3 {
				return "", false
			}
		} else if len(p) != 3 {
			return "", false
		}
		if !digits(p) {
			return "", false
		}
	}
	if s = strings.Join(parts, ""); point {
		s += "." + frac
	}
	return s, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// plain reports that s is ASCII, so that folding would change nothing.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Layouts are the times understood when the caller names none. Go reads them with or without leading zeros and with
// fractions of a second.
var Layouts = []string{
	"2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2", "2006/1/2 15:4:5", "2006/1/2 15:4", "2006/1/2",
	time.RFC3339, "2006-1-2T15:4:5", "2006.1.2 15:4:5", "2006.1.2 15:4", "2006.1.2",
	"2006年1月2日 15:4:5", "2006年1月2日 15:4", "2006年1月2日15:4:5", "2006年1月2日15时4分5秒", "2006年1月2日15时4分", "2006年1月2日", "20060102150405", "20060102 15:04:05", "20060102",
}

// Time reads a point in time, taken in loc where the text has no zone of its own, by the first layout that fits (Layouts
// when none is given). In a workbook, Excel's serial dates are understood too. Years outside 1900 to 2100 are refused
// as "sheet.bad_time": they are slips.
func (row Row) Time(key string, loc *time.Location, layouts []string) (time.Time, error) {
	s := row.Get(key)
	if s == "" {
		return time.Time{}, row.Error(key, "sheet.empty", nil)
	}
	if len(layouts) == 0 {
		layouts = Layouts
	}
	t, ok := row.r.parseTime(s, loc, layouts)
	if !ok || t.Year() < 1900 || t.Year() > 2100 {
		return time.Time{}, row.Error(key, "sheet.bad_time", nil)
	}
	return t, nil
}

func (r *Reader) parseTime(s string, loc *time.Location, layouts []string) (time.Time, bool) {
	// A file keeps to one layout: trying it first saves a failed parse for every other one on every row.
	if r.layout != "" {
		for _, l := range layouts {
			if l == r.layout {
				if t, err := time.ParseInLocation(l, s, loc); err == nil {
					return t, true
				}
				break
			}
		}
	}
	if !plain(s) {
		s = width.Narrow.String(s)
	}
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, s, loc); err == nil {
			r.layout = l
			return t, true
		}
	}
	if !r.serial {
		return time.Time{}, false
	}
	days, err := strconv.ParseFloat(s, 64)
	if err != nil || !(days >= 1 && days < 100_000) {
		return time.Time{}, false
	}
	t, err := excelize.ExcelDateToTime(days, r.y1904)
	if err != nil {
		return time.Time{}, false
	}
	t = t.Round(time.Second) // a serial date is a fraction of a day and never quite a second
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc), true
}
