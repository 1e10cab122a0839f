package chain_test

import (
	"bytes"
	"encoding/csv"
	"hash/fnv"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/chain"
	"qunce/internal/clock"
	"qunce/internal/geo"
)

func TestStores(t *testing.T) {
	stores := chain.Stores(20_000, 7)
	if len(stores) != 20_000 {
		t.Fatalf("%d stores", len(stores))
	}
	names, numbers, cities := map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, s := range stores {
		if names[s.Name] || numbers[s.Number] {
			t.Fatalf("%s %s occurs twice", s.Number, s.Name)
		}
		names[s.Name], numbers[s.Number] = true, true
		cities[s.City]++
		if !strings.HasPrefix(s.Name, chain.Short+"·") || !strings.HasSuffix(s.Name, "店") || s.Address == "" || s.Open >= s.Close {
			t.Errorf("odd store %+v", s)
		}
		if n := len([]rune(s.Name)); n < 6 || n > 20 || strings.Contains(s.Name, "自治") || strings.Contains(s.Name, "市辖") {
			t.Errorf("nobody would call a store %s", s.Name)
		}
		p, err := geo.Convert(geo.Point{Lat: s.Lat, Lng: s.Lng}, chain.CoordinateSystem, geo.GCJ02)
		if err != nil || !geo.InChina(p) {
			t.Errorf("%s stands at %v: %v", s.Name, p, err)
		}
	}
	if cities["上海市"] < 10*cities["兰州市"]/2 || cities["兰州市"] == 0 {
		t.Errorf("上海 has %d stores, 兰州 %d: big cities should have far more", cities["上海市"], cities["兰州市"])
	}
	if got := chain.Stores(0, 7); len(got) != chain.DefaultStores || !cmp.Equal(got, stores[:chain.DefaultStores]) {
		t.Error("a longer chain must begin with the shorter one's stores")
	}
	if cmp.Equal(chain.Stores(10, 8), stores[:10]) {
		t.Error("another seed must give another chain")
	}
}

// Places known from the map, with the distance within which the district's centre must lie.
func TestStoresStandWhereTheirNamesSay(t *testing.T) {
	places := map[string]geo.Point{ // GCJ-02
		"上海市黄浦区": {Lat: 31.231, Lng: 121.474}, "北京市东城区": {Lat: 39.917, Lng: 116.416}, "深圳市福田区": {Lat: 22.541, Lng: 114.055},
		"成都市武侯区": {Lat: 30.641, Lng: 104.043}, "广州市天河区": {Lat: 23.125, Lng: 113.361},
	}
	found := 0
	for _, s := range chain.Stores(2000, 1) {
		want, ok := places[s.City+s.District]
		if !ok {
			continue
		}
		found++
		got, err := geo.Convert(geo.Point{Lat: s.Lat, Lng: s.Lng}, chain.CoordinateSystem, geo.GCJ02)
		if err != nil {
			t.Fatal(err)
		}
		if d := geo.Distance(got, want); d > 5000 {
			t.Errorf("%s stands %.0f m from %s%s", s.Name, d, s.City, s.District)
		}
	}
	if found < 10 {
		t.Errorf("only %d stores in the districts looked at", found)
	}
}

func TestWriteStores(t *testing.T) {
	var b bytes.Buffer
	if err := chain.WriteStores(&b, chain.Stores(3, 1)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 4 || !cmp.Equal(rows[0], chain.StoreHeader) || rows[1][8] != "bd09" {
		t.Fatalf("%v %v", rows, err)
	}
}

func writeOrders(t *testing.T, o chain.OrderOptions) [][]string {
	t.Helper()
	var b bytes.Buffer
	if err := chain.WriteOrders(&b, o); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(rows[0], chain.OrderHeader) {
		t.Fatalf("header %v", rows[0])
	}
	return rows[1:]
}

func TestWriteOrders(t *testing.T) {
	start := time.Date(2026, 11, 2, 9, 0, 0, 0, clock.Shanghai)
	stores := chain.Stores(50, 3)
	hours := map[string][2]string{}
	for _, s := range stores {
		hours[s.Number] = [2]string{s.Open, s.Close}
	}
	rows := writeOrders(t, chain.OrderOptions{Start: start, HistoryDays: 60, Days: 10, Members: 3000, Stores: stores, Seed: 9})

	from, to := clock.Day(start).AddDate(0, 0, -60), clock.Day(start).AddDate(0, 0, 10)
	type order struct{ head, member string }
	orders := map[string]order{}
	amount := map[string]float64{}
	before := map[string]map[string]bool{} // member → orders
	last, weekday := "", map[time.Weekday]int{}
	for _, r := range rows {
		at, err := time.ParseInLocation(time.DateTime, r[1], clock.Shanghai)
		if err != nil || at.Before(from) || !at.Before(to) || r[1] < last {
			t.Fatalf("row %v: %v", r, err)
		}
		last = r[1]
		open, ok := hours[r[3]]
		if clockTime := r[1][11:16]; !ok || clockTime < open[0] || clockTime >= open[1] {
			t.Fatalf("the store was shut (%v): %v", open, r)
		}
		head := strings.Join(r[1:4], ",")
		if o, seen := orders[r[0]]; seen && o.head != head {
			t.Fatalf("order %s has two heads: %q and %q", r[0], o.head, head)
		} else if !seen {
			weekday[at.Weekday()]++
		}
		orders[r[0]] = order{head, r[2]}
		n, err1 := strconv.Atoi(r[5])
		price, err2 := strconv.ParseFloat(r[6], 64)
		paid, err3 := strconv.ParseFloat(r[7], 64)
		if err1 != nil || err2 != nil || err3 != nil || n < 1 || paid <= 0 || paid > float64(n)*price+1e-9 {
			t.Fatalf("row %v", r)
		}
		amount[r[0]] += paid
		if r[2] != "" {
			if before[r[2]] == nil {
				before[r[2]] = map[string]bool{}
			}
			before[r[2]][r[0]] = true
		}
	}

	// The shape: most members buy again, a few buy very often; baskets lean to the right.
	once, often := 0, 0
	for _, o := range before {
		switch {
		case len(o) == 1:
			once++
		case len(o) >= 10:
			often++
		}
	}
	total, logs, logs2 := 0.0, 0.0, 0.0
	for _, a := range amount {
		total += a
		logs += math.Log(a)
		logs2 += math.Log(a) * math.Log(a)
	}
	n := float64(len(amount))
	mean, geometric, sigma := total/n, math.Exp(logs/n), math.Sqrt(logs2/n-logs/n*logs/n)
	t.Logf("%d rows, %d orders, %d members, %d once, %d ten times or more, basket mean %.2f, geometric mean %.2f, sigma %.2f, weekdays %v",
		len(rows), len(orders), len(before), once, often, mean, geometric, sigma, weekday)
	if len(before) < 1200 || len(before) > 3000 || once < len(before)/8 || once > len(before)*6/10 || often < len(before)/50 {
		t.Error("members do not buy as they should")
	}
	if mean < 1.05*geometric || geometric < 18 || geometric > 40 || sigma < 0.3 || sigma > 0.8 {
		t.Error("baskets are not log-normal")
	}
	if weekday[time.Saturday] < weekday[time.Tuesday] {
		t.Error("the weekend should be busier")
	}
	guests := len(orders)
	for _, o := range before {
		guests -= len(o)
	}
	if share := float64(guests) / float64(len(orders)); share < 0.1 || share > 0.16 {
		t.Errorf("%.2f of the orders are guests'", share)
	}
}

func TestMoreMembersLeaveTheFirstOnesAlone(t *testing.T) {
	o := chain.OrderOptions{Start: time.Date(2026, 11, 2, 0, 0, 0, 0, clock.Shanghai), HistoryDays: 30, Members: 200, Stores: chain.Stores(5, 1), Seed: 2}
	ofFirst := func(o chain.OrderOptions) (out []string) {
		for _, r := range writeOrders(t, o) {
			if r[2] != "" && r[2] <= chain.MemberNumber(200) {
				out = append(out, strings.Join(r[1:], ","))
			}
		}
		return out
	}
	few := ofFirst(o)
	o.Members = 400
	if diff := cmp.Diff(few, ofFirst(o)); diff != "" {
		t.Fatal(diff)
	}
}

func TestOrdersAreTheSameEveryTime(t *testing.T) {
	sum := func(seed uint64) uint64 {
		h := fnv.New64a()
		o := chain.OrderOptions{Start: time.Date(2026, 11, 2, 0, 0, 0, 0, clock.Shanghai), Members: 500, Stores: chain.Stores(20, 1), Seed: seed}
		if err := chain.WriteOrders(h, o); err != nil {
			t.Fatal(err)
		}
		return h.Sum64()
	}
	if sum(1) != sum(1) || sum(1) == sum(2) {
		t.Fatal("the seed must decide")
	}
}

func TestOrdersOfStoresWithoutHours(t *testing.T) {
	o := chain.OrderOptions{Start: time.Date(2026, 11, 2, 0, 0, 0, 0, clock.Shanghai), Members: 100, Seed: 1, Stores: []chain.Store{{Number: "A"}, {Number: "B", Open: "18:00", Close: "02:00"}}}
	if len(writeOrders(t, o)) == 0 {
		t.Fatal("no orders")
	}
	if err := chain.WriteOrders(io.Discard, chain.OrderOptions{}); err == nil {
		t.Fatal("orders without start and stores must be refused")
	}
}

func BenchmarkOrders(b *testing.B) {
	stores := chain.Stores(300, 1)
	for b.Loop() {
		if err := chain.WriteOrders(io.Discard, chain.OrderOptions{Start: time.Date(2026, 11, 2, 0, 0, 0, 0, clock.Shanghai), Stores: stores}); err != nil {
			b.Fatal(err)
		}
	}
}
