package metric

import (
	"encoding/json"
	"math"
	"testing"

	"qunce/internal/i18n"
)

func TestRate(t *testing.T) {
	for _, c := range []struct {
		name     string
		num, den int64
		value    float64
		known    bool
		ranged   bool
	}{
		{"nothing to divide by", 0, 0, 0, false, false},
		{"small sample has a range", 3, 10, 0.3, true, true},
		{"one below the border", 29, 29, 1, true, true},
		{"at the border", 15, 30, 0.5, true, false},
		{"more hits than cases is no share", 12, 10, 1.2, true, false},
	} {
		v := Rate(AddRate, c.num, c.den)
		if (v.Value != nil) != c.known || c.known && math.Abs(*v.Value-c.value) > 1e-9 {
			t.Errorf("%s: value %v, want %v (known %v)", c.name, v.Value, c.value, c.known)
		}
		if (v.Low != nil) != c.ranged || (v.High != nil) != c.ranged {
			t.Errorf("%s: low %v high %v, want a range %v", c.name, v.Low, v.High, c.ranged)
		}
	}
}

// The expected intervals were worked out from Wilson's formula with a desk calculator.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		hits, n   int64
		low, high float64
	}{
		{0, 10, 0, 0.2775},
		{10, 10, 0.7225, 1},
		{3, 10, 0.1078, 0.6032},
		{1, 1, 0.2065, 1},
	} {
		low, high := Wilson(c.hits, c.n)
		if math.Abs(low-c.low) > 5e-4 || math.Abs(high-c.high) > 5e-4 {
			t.Errorf("Wilson(%d, %d) = %.4f, %.4f; want %.4f, %.4f", c.hits, c.n, low, high, c.low, c.high)
		}
	}
}

func TestUnknownIsNotZero(t *testing.T) {
	raw, err := json.Marshal(Unknown(GMV, NoImport))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"rev.gmv","version":1,"value":null,"state":"missing","unit":"fen","note_code":"no_import","note":"还没有导入订单，无法得知"}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
}

func TestDictionaryIsComplete(t *testing.T) {
	seen := map[ID]bool{}
	for _, d := range All() {
		if seen[d.ID] {
			t.Errorf("%s is defined twice", d.ID)
		}
		seen[d.ID] = true
		for what, text := range map[string]string{
			"NameZh": d.NameZh, "NameEn": d.NameEn, "Unit": string(d.Unit), "Formula": d.Formula,
			"Window": d.Window, "Key": d.Key, "Source": d.Source, "Pitfall": d.Pitfall,
		} {
			if text == "" {
				t.Errorf("%s has no %s", d.ID, what)
			}
		}
		if d.Version < 1 {
			t.Errorf("%s has version %d", d.ID, d.Version)
		}
	}
	for _, n := range Notes() {
		if n.Sentence(i18n.Chinese) == "" || n.Sentence(i18n.English) == "" {
			t.Errorf("note %s has no sentence", n)
		}
	}
}
