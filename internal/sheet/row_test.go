package sheet_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
	"qunce/internal/sheet"
)

// cell makes a row whose only column v holds a value.
func cell(t *testing.T, value string) sheet.Row {
	t.Helper()
	quoted := `"` + strings.ReplaceAll(value, `"`, `""`) + `",x`
	r, err := sheet.Open(strings.NewReader("值,其他\n"+quoted+"\n"), "f", []sheet.Column{{Key: "v", Titles: []string{"值"}}})
	if err != nil {
		t.Fatal(err)
	}
	row, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func code(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *sheet.RowError
	if !errors.As(err, &e) {
		t.Fatalf("%v is no RowError", err)
	}
	if e.Row != 2 || e.Column != "v" || e.Params["title"] != "值" {
		t.Errorf("the error does not say where: %+v", e)
	}
	return e.Code
}

func TestFen(t *testing.T) {
	for in, want := range map[string]int64{
		"12": 1200, "12.5": 1250, "12.50": 1250, "0.01": 1, ".5": 50, "5.": 500, "-3.20": -320, "1,234.56": 123456, "1,234,567": 123456700,
		"¥12.00": 1200, "￥12": 1200, "¥ 12": 1200, "12元": 1200, "12.3 元": 1230, "¥-1.5": -150, "-¥1.5": -150, "１２．５": 1250, "￥１，２３４．５": 123450,
		"178.79999999999998": 17880, "0.005": 1, "0.0049": 0, "1.2E+3": 120000, "0": 0, "-0": 0, "90071992547409.92": 9007199254740992,
	} {
		if got, err := cell(t, in).Fen("v"); err != nil || got != want {
			t.Errorf("Fen(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{
		"NaN", "nan", "Inf", "-inf", "abc", "1,5", "12,34.5", "1.2.3", "--1", "-", ".", "¥", "元", "1e400", "0x10", "1_000", "1.2万", "$5", "12 34",
		"99999999999999999999", "184467440737095517", "90071992547409.93", "+", "1,234,5", ",123", "1.5-",
	} {
		if got, err := cell(t, in).Fen("v"); code(t, err) != "sheet.bad_money" {
			t.Errorf("Fen(%q) = %d, %v; want sheet.bad_money", in, got, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]struct {
		f    float64
		code string
	}{
		"12": {12, ""}, "-1.5": {-1.5, ""}, "1,234.5": {1234.5, ""}, "３１．２": {31.2, ""}, "1e3": {1000, ""}, "NaN": {0, "sheet.bad_number"},
		"Inf": {0, "sheet.bad_number"}, "0x1p4": {0, "sheet.bad_number"}, "1_0": {0, "sheet.bad_number"}, "十二": {0, "sheet.bad_number"},
		"1e999": {0, "sheet.bad_number"}, "1,5": {0, "sheet.bad_number"}, " ": {0, "sheet.empty"},
	} {
		if f, err := cell(t, in).Float("v"); f != want.f || code(t, err) != want.code {
			t.Errorf("Float(%q) = %v, %v", in, f, err)
		}
	}
	for in, want := range map[string]struct {
		n    int64
		code string
	}{
		"12": {12, ""}, "-6": {-6, ""}, "+6": {6, ""}, "12.0": {12, ""}, "1.2E+3": {1200, ""}, "１２": {12, ""}, "9007199254740993": {9007199254740993, ""},
		"12.5": {0, "sheet.bad_integer"}, "1e30": {0, "sheet.bad_integer"}, "x": {0, "sheet.bad_number"}, "": {0, "sheet.empty"},
	} {
		if n, err := cell(t, in).Int("v"); n != want.n || code(t, err) != want.code {
			t.Errorf("Int(%q) = %v, %v", in, n, err)
		}
	}
}

func TestTime(t *testing.T) {
	want := time.Date(2026, 9, 1, 8, 5, 0, 0, clock.Shanghai)
	for _, in := range []string{
		"2026-09-01 08:05:00", "2026/9/1 8:05", "2026-9-1 8:05", "2026年9月1日 08:05", "2026年9月1日8时5分", "2026-09-01T08:05:00+08:00", "2026-09-01T00:05:00Z",
		"20260901080500", "２０２６-０９-０１ ０８：０５", "2026.9.1 8:05", "2026-09-01 08:05:00.000",
	} {
		if got, err := cell(t, in).Time("v", clock.Shanghai, nil); err != nil || !got.Equal(want) {
			t.Errorf("Time(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"2026-13-01", "2026-02-30", "yesterday", "0000-00-00 00:00:00", "1026-09-01", "44123.5", "01/09/2026"} {
		if got, err := cell(t, in).Time("v", clock.Shanghai, nil); code(t, err) != "sheet.bad_time" {
			t.Errorf("Time(%q) = %v, %v; want sheet.bad_time", in, got, err)
		}
	}
	if got, err := cell(t, "01/09/2026").Time("v", clock.Shanghai, []string{"02/01/2006"}); err != nil || got.Month() != time.September {
		t.Errorf("a layout of the caller's: %v %v", got, err)
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"17850.0": "17850", "'0012": "0012", `="0012"`: "0012", "ＨＧ０１": "HG01", "1.5": "1.5", "a.0": "a.0", "": "", "v1.0": "v1.0", ".0": ".0",
	} {
		if got := cell(t, in).Code("v"); got != want {
			t.Errorf("Code(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRowErrorCutsTheValue(t *testing.T) {
	_, err := cell(t, strings.Repeat("很长", 500)).Float("v")
	var e *sheet.RowError
	if !errors.As(err, &e) || utf8.RuneCountInString(e.Value) != 40 {
		t.Fatalf("%+v", e)
	}
}

func TestRowsStayValid(t *testing.T) {
	r, err := sheet.Open(strings.NewReader("值\n甲\n乙\n"), "f", []sheet.Column{{Key: "v", Titles: []string{"值"}}})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := r.Next()
	second, _ := r.Next()
	if diff := cmp.Diff([]string{"甲", "乙", ""}, []string{first.Get("v"), second.Get("v"), first.Get("no such column")}); diff != "" {
		t.Error(diff)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// Whatever the bytes: reading ends, lines rise, values are clean text, and every error says where.
func FuzzReader(f *testing.F) {
	for _, s := range []string{"值,b\n1,2\n", "值;b\n\"1;2\n3;4\n", "\xff\xfe值", "\x1f\x8b", "PK\x03\x04", "值\tb\r\n\"a\"\"\r\n\"\t2", "a\n\n值\n\x81\x30\x81\x30\n\xce\xd2\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := sheet.Open(strings.NewReader(string(data)), "f", []sheet.Column{{Key: "v", Titles: []string{"值"}}, {Key: "w", Titles: []string{"b"}}})
		if err != nil {
			return
		}
		defer r.Close()
		line := 0
		for {
			row, err := r.Next()
			if err != nil {
				break
			}
			if row.Line() <= line {
				t.Fatalf("line %d after %d", row.Line(), line)
			}
			line = row.Line()
			for _, key := range []string{"v", "w"} {
				if s := row.Get(key); !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
					t.Fatalf("unclean text %q", s)
				}
				row.Float(key)
				row.Int(key)
				row.Fen(key)
				row.Time(key, time.UTC, nil)
				row.Code(key)
			}
		}
		for _, e := range r.Errors() {
			if !utf8.ValidString(e.Value) || e.Row == 0 || e.Code == "" {
				t.Fatalf("%+v", e)
			}
		}
	})
}
