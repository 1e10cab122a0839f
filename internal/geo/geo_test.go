package geo_test

import (
	stdcmp "cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"qunce/internal/errs"
	"qunce/internal/geo"
)

func TestConvertKnownPlaces(t *testing.T) {
	// Pairs published by map services and converters for the same place, to the digits they give.
	for _, c := range []struct {
		name         string
		from, to     geo.System
		in, want     geo.Point
		withinMetres float64
	}{
		{"Tiananmen wgs to gcj", geo.WGS84, geo.GCJ02, geo.Point{Lat: 39.908720, Lng: 116.397480}, geo.Point{Lat: 39.910123, Lng: 116.403722}, 2},
		{"Tiananmen gcj to bd", geo.GCJ02, geo.BD09, geo.Point{Lat: 39.915, Lng: 116.404}, geo.Point{Lat: 39.92133699351022, Lng: 116.41036949371029}, 0.01},
		{"Shanghai wgs to gcj", geo.WGS84, geo.GCJ02, geo.Point{Lat: 31.1774276, Lng: 121.5272106}, geo.Point{Lat: 31.17530398364597, Lng: 121.531541859215}, 0.001},
		{"Shenzhen wgs to gcj", geo.WGS84, geo.GCJ02, geo.Point{Lat: 22.543847, Lng: 113.912316}, geo.Point{Lat: 22.540796131694766, Lng: 113.9171764808363}, 0.001},
		{"Beijing gcj to wgs", geo.GCJ02, geo.WGS84, geo.Point{Lat: 39.91334545536069, Lng: 116.38404722455657}, geo.Point{Lat: 39.911954, Lng: 116.377817}, 0.001},
		{"Tokyo", geo.WGS84, geo.GCJ02, geo.Point{Lat: 35.68, Lng: 139.76}, geo.Point{Lat: 35.68, Lng: 139.76}, 0},
		{"Hong Kong", geo.GCJ02, geo.BD09, geo.Point{Lat: 22.28, Lng: 114.16}, geo.Point{Lat: 22.28, Lng: 114.16}, 0},
		{"London", geo.BD09, geo.WGS84, geo.Point{Lat: 51.5, Lng: -0.1}, geo.Point{Lat: 51.5, Lng: -0.1}, 0},
	} {
		got, err := geo.Convert(c.in, c.from, c.to)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if d := geo.Distance(got, c.want); d > c.withinMetres {
			t.Errorf("%s: got %v, %.2f m from %v", c.name, got, d, c.want)
		}
	}
}

func TestConvertRefusesWhatIsNoPlace(t *testing.T) {
	beijing := geo.Point{Lat: 39.9, Lng: 116.4}
	for _, c := range []struct {
		p        geo.Point
		from, to geo.System
		code     string
	}{
		{beijing, "gps", geo.GCJ02, "geo.unknown_system"},
		{beijing, geo.GCJ02, "", "geo.unknown_system"},
		{geo.Point{Lat: 116.4, Lng: 39.9}, geo.GCJ02, geo.BD09, "geo.swapped"},
		{geo.Point{}, geo.GCJ02, geo.GCJ02, "geo.zero"},
	} {
		if _, err := geo.Convert(c.p, c.from, c.to); !errs.Is(err, c.code) || errs.KindOf(err) != errs.Invalid {
			t.Errorf("Convert(%v, %q, %q): %v, want %s", c.p, c.from, c.to, err, c.code)
		}
	}
}

func TestValid(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		p    geo.Point
		code string
	}{
		{geo.Point{Lat: 31.2, Lng: 121.5}, ""},
		{geo.Point{Lat: -33.9, Lng: 151.2}, ""},
		{geo.Point{Lat: 0, Lng: 9.4}, ""}, // Libreville: one zero alone is a place
		{geo.Point{Lat: 121.5, Lng: 31.2}, "geo.swapped"},
		{geo.Point{Lat: 87.6, Lng: 43.8}, "geo.swapped"}, // Ürümqi: in range either way
		{geo.Point{}, "geo.zero"},
		{geo.Point{Lat: 3120, Lng: 12150}, "geo.out_of_range"},
		{geo.Point{Lat: nan, Lng: 121}, "geo.out_of_range"},
		{geo.Point{Lat: 31, Lng: nan}, "geo.out_of_range"},
		{geo.Point{Lat: math.Inf(1), Lng: 31}, "geo.out_of_range"},
	} {
		err := geo.Valid(c.p)
		if (err == nil) != (c.code == "") || (err != nil && !errs.Is(err, c.code)) {
			t.Errorf("Valid(%v) = %v, want %q", c.p, err, c.code)
		}
	}
}

func TestInChina(t *testing.T) {
	for name, c := range map[string]struct {
		p  geo.Point
		in bool
	}{
		"Beijing": {geo.Point{Lat: 39.9, Lng: 116.4}, true}, "Mohe": {geo.Point{Lat: 52.97, Lng: 122.54}, true},
		"Sanya": {geo.Point{Lat: 18.25, Lng: 109.5}, true}, "Kashgar": {geo.Point{Lat: 39.47, Lng: 75.99}, true},
		"Lhasa": {geo.Point{Lat: 29.65, Lng: 91.12}, true}, "Dandong": {geo.Point{Lat: 40.12, Lng: 124.38}, true},
		"Ruili": {geo.Point{Lat: 24.01, Lng: 97.85}, true}, "Manzhouli": {geo.Point{Lat: 49.6, Lng: 117.43}, true},
		"Luohu": {geo.Point{Lat: 22.541, Lng: 114.12}, true}, "Shekou": {geo.Point{Lat: 22.485, Lng: 113.915}, true},
		"Zhuhai": {geo.Point{Lat: 22.222, Lng: 113.55}, true}, "Xiamen": {geo.Point{Lat: 24.48, Lng: 118.09}, true},
		"Hong Kong": {geo.Point{Lat: 22.28, Lng: 114.16}, false}, "Sheung Shui": {geo.Point{Lat: 22.502, Lng: 114.128}, false},
		"Macau": {geo.Point{Lat: 22.195, Lng: 113.545}, false}, "Taipei": {geo.Point{Lat: 25.04, Lng: 121.56}, false},
		"Kaohsiung": {geo.Point{Lat: 22.62, Lng: 120.3}, false}, "Seoul": {geo.Point{Lat: 37.57, Lng: 126.98}, false},
		"Pyongyang": {geo.Point{Lat: 39.03, Lng: 125.75}, false}, "Tokyo": {geo.Point{Lat: 35.68, Lng: 139.76}, false},
		"Vladivostok": {geo.Point{Lat: 43.12, Lng: 131.89}, false}, "Ulaanbaatar": {geo.Point{Lat: 47.92, Lng: 106.92}, false},
		"Almaty": {geo.Point{Lat: 43.24, Lng: 76.9}, false}, "Hanoi": {geo.Point{Lat: 21.03, Lng: 105.85}, false},
		"Kathmandu": {geo.Point{Lat: 27.72, Lng: 85.32}, false}, "Thimphu": {geo.Point{Lat: 27.47, Lng: 89.64}, false},
		"Mandalay": {geo.Point{Lat: 21.97, Lng: 96.08}, false}, "Singapore": {geo.Point{Lat: 1.35, Lng: 103.8}, false},
		"Khabarovsk": {geo.Point{Lat: 48.48, Lng: 135.08}, false}, "nowhere": {geo.Point{Lat: math.NaN(), Lng: 116}, false},
	} {
		if geo.InChina(c.p) != c.in {
			t.Errorf("InChina(%s) = %v", name, !c.in)
		}
	}
}

// inland draws a point of a box that lies wholly inside mainland China, away from the border.
func inland(t *rapid.T, label string) geo.Point {
	return geo.Point{
		Lat: rapid.Float64Range(26, 41).Draw(t, label+" lat"),
		Lng: rapid.Float64Range(100, 116).Draw(t, label+" lng"),
	}
}

func TestConvertThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := inland(t, "p")
		from := rapid.SampledFrom(geo.Systems).Draw(t, "from")
		via := rapid.SampledFrom(geo.Systems).Draw(t, "via")
		to := rapid.SampledFrom(geo.Systems).Draw(t, "to")
		convert := func(p geo.Point, a, b geo.System) geo.Point {
			q, err := geo.Convert(p, a, b)
			if err != nil {
				t.Fatal(err)
			}
			return q
		}
		there := convert(p, from, to)
		if back := convert(there, to, from); math.Abs(back.Lat-p.Lat) > 1e-7 || math.Abs(back.Lng-p.Lng) > 1e-7 {
			t.Fatalf("%v came back as %v", p, back)
		}
		if other := convert(convert(p, from, via), via, to); geo.Distance(there, other) > 0.02 {
			t.Fatalf("the way through %s ends %.3f m away", via, geo.Distance(there, other))
		}
		if from != to {
			if d := geo.Distance(p, there); d < 50 || d > 2000 {
				t.Fatalf("%s to %s shifts by %.0f m", from, to, d)
			}
		}
	})
}

func TestDistance(t *testing.T) {
	beijing, shanghai := geo.Point{Lat: 39.9042, Lng: 116.4074}, geo.Point{Lat: 31.2304, Lng: 121.4737}
	if d := geo.Distance(beijing, shanghai); math.Abs(d-1_067_300) > 1000 {
		t.Errorf("Beijing to Shanghai: %.0f m", d)
	}
	if d := geo.Distance(geo.Point{Lat: 0, Lng: 179.9}, geo.Point{Lat: 0, Lng: -179.9}); math.Abs(d-22239) > 5 {
		t.Errorf("across the date line: %.0f m", d)
	}
	if d := geo.Distance(geo.Point{Lat: 90}, geo.Point{Lat: -90}); math.Abs(d-math.Pi*geo.EarthRadius) > 1 {
		t.Errorf("pole to pole: %.0f m", d)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := inland(t, "a"), inland(t, "b"), inland(t, "c")
		if geo.Distance(a, b) != geo.Distance(b, a) || geo.Distance(a, a) != 0 {
			t.Fatal("distance is not symmetric")
		}
		if geo.Distance(a, c) > geo.Distance(a, b)+geo.Distance(b, c)+1e-6 {
			t.Fatal("a detour is shorter")
		}
	})
}

func TestNearestAgreesWithLookingAtAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Whole degrees make ties and identical places; the box reaches the poles and the date line.
		coarse := rapid.Bool().Draw(t, "coarse")
		place := func(label string) geo.Point {
			p := geo.Point{Lat: rapid.Float64Range(-90, 90).Draw(t, label+" lat"), Lng: rapid.Float64Range(-180, 180).Draw(t, label+" lng")}
			if coarse {
				p = geo.Point{Lat: math.Round(p.Lat), Lng: math.Round(p.Lng)}
			}
			return p
		}
		items := make([]geo.Item, rapid.IntRange(0, 60).Draw(t, "items"))
		for i := range items {
			items[i] = geo.Item{ID: int64(1000 - i), Point: place("item")}
		}
		p, n := place("p"), rapid.IntRange(0, 12).Draw(t, "n")
		keep := func(id int64) bool { return id%3 != 0 }

		var want []float64
		for _, it := range items {
			if keep(it.ID) {
				want = append(want, geo.Distance(p, it.Point))
			}
		}
		slices.Sort(want)
		want = want[:min(n, len(want))]
		got := geo.NewIndex(items).Nearest(p, n, keep)
		if len(got) != len(want) {
			t.Fatalf("%d hits, want %d", len(got), len(want))
		}
		for i, h := range got {
			if math.Abs(h.Meters-want[i]) > 0.5 { // at the antipode a metre is below float64's resolution of the angle
				t.Fatalf("hit %d is %.3f m away, want %.3f", i, h.Meters, want[i])
			}
			if !keep(h.ID) {
				t.Fatalf("item %d was not to be kept", h.ID)
			}
		}
	})
}

func TestNearestInALargeSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	place := func() geo.Point { return geo.Point{Lat: 20 + 30*rng.Float64(), Lng: 80 + 50*rng.Float64()} }
	items := make([]geo.Item, 5000)
	for i := range items {
		items[i] = geo.Item{ID: int64(i), Point: place()}
	}
	ix := geo.NewIndex(items)
	for range 40 {
		p := place()
		byDistance := slices.Clone(items)
		slices.SortFunc(byDistance, func(a, b geo.Item) int { return stdcmp.Compare(geo.Distance(p, a.Point), geo.Distance(p, b.Point)) })
		for i, h := range ix.Nearest(p, 5, nil) {
			if h.ID != byDistance[i].ID || h.Meters != geo.Distance(p, byDistance[i].Point) {
				t.Fatalf("neighbour %d of %v is %+v, want %+v", i, p, h, byDistance[i])
			}
		}
	}
}

func TestNearestOrdersTiesByID(t *testing.T) {
	p := geo.Point{Lat: 31, Lng: 121}
	var items []geo.Item
	for id := int64(40); id > 0; id-- {
		items = append(items, geo.Item{ID: id, Point: p})
	}
	items = append(items, geo.Item{ID: 99, Point: geo.Point{Lat: math.NaN(), Lng: 1}})
	ix := geo.NewIndex(items)
	if ix.Len() != 40 {
		t.Fatalf("%d items, want 40: the one without a place is left out", ix.Len())
	}
	want := []geo.Hit{{ID: 1}, {ID: 2}, {ID: 3}}
	if diff := cmp.Diff(want, ix.Nearest(p, 3, nil)); diff != "" {
		t.Fatal(diff)
	}
	if got := ix.Nearest(geo.Point{Lat: 200}, 3, nil); got != nil {
		t.Fatalf("a point off the Earth has neighbours %v", got)
	}
}

func BenchmarkNearest(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	place := func() geo.Point { return geo.Point{Lat: 20 + 30*rng.Float64(), Lng: 80 + 50*rng.Float64()} }
	items := make([]geo.Item, 100_000)
	for i := range items {
		items[i] = geo.Item{ID: int64(i), Point: place()}
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			geo.NewIndex(items)
		}
	})
	ix := geo.NewIndex(items)
	b.Run("nearest 10", func(b *testing.B) {
		for b.Loop() {
			ix.Nearest(place(), 10, nil)
		}
	})
}
