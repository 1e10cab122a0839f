package sheet_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/sheet"
)

var cols = []sheet.Column{
	{Key: "number", Titles: []string{"订单号", "订单编号", "Order No"}, Required: true},
	{Key: "amount", Titles: []string{"实付金额", "金额"}, Required: true},
	{Key: "time", Titles: []string{"下单时间", "Order Time"}},
	{Key: "note", Titles: []string{"备注"}},
}

type result struct {
	rows   [][]string // line, number, amount, note
	errors []string   // line:code
	reader *sheet.Reader
}

func readAll(t *testing.T, data []byte) result {
	t.Helper()
	r, err := sheet.Open(bytes.NewReader(data), "orders.csv", cols)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	res := result{reader: r}
	for {
		row, err := r.Next()
		for _, e := range r.Errors() {
			res.errors = append(res.errors, strconv.Itoa(e.Row)+":"+e.Code)
		}
		if err == io.EOF {
			return res
		}
		if err != nil {
			t.Fatal(err)
		}
		res.rows = append(res.rows, []string{strconv.Itoa(row.Line()), row.Get("number"), row.Get("amount"), row.Get("note")})
	}
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func gbk(t *testing.T, s string) []byte {
	t.Helper()
	b, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryDressOfATextFile(t *testing.T) {
	const plain = "订单编号,金额 ,备注\nA1,12.50,桂花乌龙\nA2,3,\n"
	want := [][]string{{"2", "A1", "12.50", "桂花乌龙"}, {"3", "A2", "3", ""}}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte(strings.ReplaceAll(plain, ",", "\t")))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"utf-8":           []byte(plain),
		"with a mark":     []byte("\ufeff" + plain),
		"gbk":             gbk(t, plain),
		"gzip":            gz([]byte(plain)),
		"gzip of gbk":     gz(gbk(t, plain)),
		"semicolon":       []byte(strings.ReplaceAll(plain, ",", ";")),
		"tab, gbk":        gbk(t, strings.ReplaceAll(plain, ",", "\t")),
		"crlf":            []byte(strings.ReplaceAll(plain, "\n", "\r\n")),
		"cr":              []byte(strings.ReplaceAll(plain, "\n", "\r")),
		"no last newline": []byte(strings.TrimSuffix(plain, "\n")),
		"utf-16":          utf16,
		"quoted":          []byte("\"订单编号\",\"金额 \",\"备注\"\n\"A1\",\"12.50\",\"桂花乌龙\"\n\"A2\",\"3\",\"\"\n"),
		"full-width":      []byte("订单编号,金　额,备_注\nA1,12.50,桂花乌龙\nA2,3,\n"),
		"other order":     []byte("备注,金额,渠道,订单编号,,\n桂花乌龙,12.50,x,A1,,\n,3,y,A2,,\n"),
		"empty behind":    []byte("订单编号,金额,备注\nA1,12.50,桂花乌龙,,\nA2,3,,\n"),
	} {
		res := readAll(t, data)
		if diff := cmp.Diff(want, res.rows); diff != "" || res.errors != nil {
			t.Errorf("%s: %v\n%s", name, res.errors, diff)
		}
	}
}

func TestTitleLinesAboveTheHeader(t *testing.T) {
	res := readAll(t, []byte("九月订单,,\n\n订单号,金额,备注\n1,2,x\n"))
	if diff := cmp.Diff([][]string{{"4", "1", "2", "x"}}, res.rows); diff != "" {
		t.Error(diff)
	}
}

func TestMapping(t *testing.T) {
	res := readAll(t, []byte("金额,订单编号 ,实付金额, 渠道\n9,1,2,x\n"))
	want := map[string]string{"number": "订单编号", "amount": "实付金额"}
	if diff := cmp.Diff(want, res.reader.Mapping()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"金额", "渠道"}, res.reader.Unmapped()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"2", "1", "2", ""}}, res.rows); diff != "" {
		t.Error("the preferred title must win: " + diff)
	}
}

func TestBrokenLinesCostOnlyThemselves(t *testing.T) {
	const head = "订单号,金额,备注\n"
	for name, c := range map[string]struct {
		body   string
		rows   string // number@line
		errors string
	}{
		"too few":                     {"1,2,a\n2,3\n3,4,c\n", "1@2 3@4", "3:sheet.too_few_fields"},
		"too many":                    {"1,2,a\n2,3,b,c\n3,4,c\n", "1@2 3@4", "3:sheet.too_many_fields"},
		"open quote, plain after":     {"1,2,\"a\n2,3,b\n3,4,c\n", "2@3 3@4", "2:sheet.unclosed_quote"},
		"open quote, quoted after":    {"1,2,\"a\n2,3,\"b, b\"\n3,4,\"c\"\n", "2@3 3@4", "2:sheet.unclosed_quote"},
		"two open quotes":             {"1,2,\"a\n2,3,\"b\n3,4,c\n", "3@4", "2:sheet.unclosed_quote 3:sheet.unclosed_quote"},
		"open quote, empty after":     {"1,2,\"a\n2,3,\"\"\n3,4,c\n", "2@3 3@4", "2:sheet.unclosed_quote"},
		"open quote at the end":       {"1,2,a\n2,3,\"b", "1@2", "3:sheet.unclosed_quote"},
		"text behind a quote":         {"1,2,\"a\"b\n2,3,c\n", "2@3", "2:sheet.misplaced_quote"},
		"quote within text":           {"1,2,6\" pipe\n2,3,c\n", "1@2 2@3", ""},
		"several lines":               {"1,2,\"a\nb\n\nc\"\n2,3,c\n", "1@2 2@6", ""},
		"several lines with commas":   {"1,2,\"a,b\nb,c\"\n2,3,c\n", "1@2 2@4", ""},
		"doubled quotes":              {"1,2,\"say \"\"hi\"\"\nnow\"\n2,3,c\n", "1@2 2@4", ""},
		"a broken line before a long": {"1,2\n1,2,\"a\nb\"\n2,3,c\n", "1@3 2@5", "2:sheet.too_few_fields"},
		"invalid utf-8":               {"1,2,好\n2,3,\xff\xfe\n3,4,c\n", "1@2 3@4", "3:sheet.bad_text"},
		"nul":                         {"1,2,a\n2,3,\x00\n3,4,c\n", "1@2 3@4", "3:sheet.bad_text"},
		"blank lines":                 {"\n1,2,a\n , ,\n\n3,4,c\n", "1@3 3@6", ""},
		"very long line":              {"1,2,a\n2,3," + strings.Repeat("x", 2<<20) + "\n3,4,c\n", "1@2 3@4", "3:sheet.line_too_long"},
		"long line":                   {"1,2," + strings.Repeat("x", 200<<10) + "\n3,4,c\n", "1@2 3@3", ""},
	} {
		res := readAll(t, []byte(head+c.body))
		var rows []string
		for _, r := range res.rows {
			rows = append(rows, r[1]+"@"+r[0])
		}
		if got := strings.Join(rows, " "); got != c.rows {
			t.Errorf("%s: rows %q, want %q", name, got, c.rows)
		}
		if got := strings.Join(res.errors, " "); got != c.errors {
			t.Errorf("%s: errors %q, want %q", name, got, c.errors)
		}
	}
}

func TestFieldOverSeveralLines(t *testing.T) {
	res := readAll(t, []byte("订单号,金额,备注\r\n1,2,\"甲 \"\"乙\"\"\r\n丙\"\r\n"))
	if diff := cmp.Diff([][]string{{"2", "1", "2", "甲 \"乙\"\n丙"}}, res.rows); diff != "" {
		t.Error(diff)
	}
}

func TestEncodingShowsLate(t *testing.T) {
	head := "Order No,金额\n"
	head = strings.Replace(head, "金额", "Amount", 1)
	latin := []sheet.Column{{Key: "number", Titles: []string{"Order No"}}, {Key: "amount", Titles: []string{"amount"}}}
	body := head + strings.Repeat("12345678,90\n", 10_000)
	for name, tail := range map[string][]byte{"gbk": gbk(t, "x,上海\n"), "utf-8": []byte("x,上海\n")} {
		r, err := sheet.Open(bytes.NewReader(append([]byte(body), tail...)), "x.csv", latin)
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		for {
			row, err := r.Next()
			if err != nil {
				break
			}
			last = row.Get("amount")
		}
		if last != "上海" || r.Broken() != 0 {
			t.Errorf("%s: last row reads %q, broken %v", name, last, r.Errors())
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"nothing":        {nil, "sheet.empty_file"},
		"blank":          {[]byte("\n\n  \n"), "sheet.empty_file"},
		"missing column": {[]byte("订单号,渠道\n1,2\n"), "sheet.missing_column"},
		"old excel":      {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1......"), "sheet.old_excel"},
		"a zip":          {[]byte("PK\x03\x04 but no workbook"), "sheet.bad_xlsx"},
		"bad gzip":       {[]byte("\x1f\x8bnope"), "sheet.bad_gzip"},
	} {
		_, err := sheet.Open(bytes.NewReader(c.data), "f", cols)
		if !errs.Is(err, c.code) || errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	_, err := sheet.Open(strings.NewReader("订单号,渠道\n1,2\n"), "九月.csv", cols)
	var e *errs.Error
	if !errors.As(err, &e) || e.Params["titles"] != "实付金额 / 金额" || e.Params["found"] != "订单号、渠道" || e.Params["file"] != "九月.csv" || e.Field != "amount" {
		t.Errorf("the error must name what is missing and what there is: %+v", e)
	}
	broken := errors.New("line is down")
	if _, err := sheet.Open(io.MultiReader(strings.NewReader("订单号"), failing{broken}), "f", cols); !errors.Is(err, broken) {
		t.Errorf("a failing reader: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestCutGzip(t *testing.T) {
	var b strings.Builder
	b.WriteString("订单号,金额\n")
	for i := range 20_000 {
		b.WriteString(strconv.Itoa(i*7919) + "," + strconv.Itoa(i) + "\n")
	}
	whole := gz([]byte(b.String()))
	r, err := sheet.Open(bytes.NewReader(whole[:len(whole)/2]), "f", cols)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		if _, err = r.Next(); err != nil {
			break
		}
		n++
	}
	if !errs.Is(err, "sheet.truncated") || n < 1000 || n > 19_000 {
		t.Fatalf("%d rows, then %v", n, err)
	}
}

func TestWorkbook(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	if _, err := f.NewSheet("订单"); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 9, 1, 13, 45, 7, 0, time.UTC)
	for cell, v := range map[string]any{
		"B1": "说明：以下为订单", "A3": "订单号", "B3": "实付金额", "C3": "下单时间", "D3": "备注",
		"A4": "A1", "B4": 1234.5, "C4": at, "D4": "好", "A7": 13800138000, "B7": "￥１，２３４．５", "C7": "2026-9-2 8:00", "F7": "旁注",
	} {
		if err := f.SetCellValue("订单", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	r, err := sheet.Open(&b, "订单.xlsx", cols)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	type line struct {
		Line   int
		Number string
		Fen    int64
		At     time.Time
		Note   string
	}
	var got []line
	for {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		fen, err1 := row.Fen("amount")
		when, err2 := row.Time("time", clock.Shanghai, nil)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		got = append(got, line{row.Line(), row.Code("number"), fen, when, row.Get("note")})
	}
	want := []line{
		{4, "A1", 123450, time.Date(2026, 9, 1, 13, 45, 7, 0, clock.Shanghai), "好"},
		{7, "13800138000", 123450, time.Date(2026, 9, 2, 8, 0, 0, 0, clock.Shanghai), ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// dataFile opens one of the real files, which are not part of this repository; QUNCE_TEST_DATA names their folder.
func dataFile(tb testing.TB, name string) *os.File {
	tb.Helper()
	dir := os.Getenv("QUNCE_TEST_DATA")
	if dir == "" {
		tb.Skip("QUNCE_TEST_DATA is not set: the real files are not here")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		tb.Skip(err)
	}
	tb.Cleanup(func() { f.Close() })
	return f
}

func TestRealOrders(t *testing.T) {
	r, err := sheet.Open(dataFile(t, "tmall-orders-dev.csv.gz"), "tmall", []sheet.Column{
		{Key: "number", Titles: []string{"订单编号"}, Required: true}, {Key: "total", Titles: []string{"总金额"}, Required: true},
		{Key: "paid at", Titles: []string{"订单付款时间"}, Required: true}, {Key: "created", Titles: []string{"订单创建时间"}, Required: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, paid := 0, 0
	for {
		row, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows++
		if _, err := row.Fen("total"); err != nil {
			t.Error(err)
		}
		if _, err := row.Time("created", clock.Shanghai, nil); err != nil {
			t.Error(err)
		}
		if row.Has("paid at") {
			paid++
		}
	}
	if rows != 14_059 || paid == 0 || paid == rows || r.Broken() != 0 {
		t.Errorf("%d rows, %d paid, broken: %v", rows, paid, r.Errors())
	}
}

func BenchmarkRetail(b *testing.B) {
	raw, err := io.ReadAll(dataFile(b, "online-retail-dev.csv.gz"))
	if err != nil {
		b.Fatal(err)
	}
	retail := []sheet.Column{
		{Key: "number", Titles: []string{"InvoiceNo"}}, {Key: "item", Titles: []string{"Description"}}, {Key: "n", Titles: []string{"Quantity"}},
		{Key: "at", Titles: []string{"InvoiceDate"}}, {Key: "price", Titles: []string{"UnitPrice"}}, {Key: "customer", Titles: []string{"CustomerID"}},
	}
	for b.Loop() {
		r, err := sheet.Open(bytes.NewReader(raw), "retail", retail)
		if err != nil {
			b.Fatal(err)
		}
		rows := 0
		for {
			row, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			if _, err := row.Time("at", time.UTC, nil); err != nil {
				b.Fatal(err)
			}
			if _, err := row.Int("n"); err != nil {
				b.Fatal(err)
			}
			if _, err := row.Fen("price"); err != nil {
				b.Fatal(err)
			}
			row.Code("customer")
			rows++
		}
		if rows != 320_705 || r.Broken() != 0 {
			b.Fatalf("%d rows, broken %v", rows, r.Errors())
		}
	}
}
