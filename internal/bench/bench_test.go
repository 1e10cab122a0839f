package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Times are never tested; what is: that a quick run goes through, and that every figure comes with its limits.
func TestQuickRunPrintsEveryRow(t *testing.T) {
	report, err := Run(t.Context(), Options{Dir: t.TempDir(), Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"callback.rate":     {"insert.single", "insert.batched", "http.empty"},
		"callback.idle.p50": {"insert.single", "http.empty"},
		"callback.idle.p99": {"insert.single", "http.empty"},
		"callback.busy.p50": {"insert.single", "http.empty"},
		"callback.busy.p99": {"insert.single", "http.empty"},
		"callback.full.p50": {"insert.single"},
		"callback.full.p99": {"insert.single"},
		"order.import":      {"copy"},
		"order.reimport":    {"copy"},
		"burst.welcome.p50": {"goal", "wecom", "insert.meanwhile", "http.meanwhile"},
		"burst.welcome.p99": {"goal", "wecom", "insert.meanwhile", "http.meanwhile"},
		"burst.answer.p50":  {"goal", "wecom", "insert.meanwhile", "http.meanwhile"},
		"burst.answer.p99":  {"goal", "wecom", "insert.meanwhile", "http.meanwhile"},

		"archive.keep":         {"copy"},
		"archive.size":         {"text", "heap", "gin"},
		"archive.search.p50":   {"like", "probe"},
		"archive.search.p95":   {"like", "probe"},
		"archive.search.p99":   {"like", "probe"},
		"archive.frequent.p95": {"like", "probe"},
		"archive.medium.p95":   {"like", "probe"},
		"archive.rare.p95":     {"like", "probe"},
		"archive.piece.p95":    {"like", "probe"},
		"archive.phrase.p95":   {"like", "probe"},
		"archive.nothing.p95":  {"like", "probe"},
		"archive.filtered.p95": {"like", "probe"},
	}
	if len(report.Rows) != len(want) {
		t.Errorf("%d rows, want %d", len(report.Rows), len(want))
	}
	for _, row := range report.Rows {
		limits, known := want[row.Key]
		if !known || len(limits) != len(row.Limits) {
			t.Errorf("row %s has %d limits, want %v", row.Key, len(row.Limits), limits)
			continue
		}
		if row.Ours <= 0 {
			t.Errorf("%s = %v", row.Key, row.Ours)
		}
		for i, l := range row.Limits {
			if l.Key != limits[i] || l.Figure <= 0 || l.Ratio <= 0 {
				t.Errorf("%s: limit %+v, want a positive %s", row.Key, l, limits[i])
			}
		}
	}
	if !report.Durable || report.PostgreSQL == "" {
		t.Errorf("durable %v, PostgreSQL %q", report.Durable, report.PostgreSQL)
	}

	var text, document bytes.Buffer
	if err := report.Print(&text); err != nil {
		t.Fatal(err)
	}
	for _, row := range report.Rows {
		if !strings.Contains(text.String(), row.Title) {
			t.Errorf("the text has no row %q", row.Title)
		}
	}
	if err := report.JSON(&document); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(document.Bytes(), &back); err != nil || len(back.Rows) != len(report.Rows) {
		t.Errorf("the JSON does not read back: %v", err)
	}
}

func TestQuantiles(t *testing.T) {
	var list []time.Duration
	for i := 100; i >= 1; i-- {
		list = append(list, time.Duration(i)*time.Millisecond)
	}
	if p50, p99 := quantiles(list); p50 != 51 || p99 != 100 {
		t.Errorf("p50 %v, p99 %v; want 51, 100", p50, p99)
	}
	if p50, p99 := quantiles(nil); p50 != 0 || p99 != 0 {
		t.Errorf("of nothing: %v, %v", p50, p99)
	}
	if list[0] != 100*time.Millisecond {
		t.Error("the list was sorted in place")
	}
}

func TestFigure(t *testing.T) {
	for _, c := range []struct {
		x    float64
		unit string
		want string
	}{
		{0, "/s", "0/s"}, {999, "/s", "999/s"}, {1000, "/s", "1,000/s"}, {1234567.4, "/s", "1,234,567/s"}, {1.234, "ms", "1.23 ms"},
	} {
		if got := figure(c.x, c.unit); got != c.want {
			t.Errorf("figure(%v, %s) = %q, want %q", c.x, c.unit, got, c.want)
		}
	}
}
