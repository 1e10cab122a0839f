// Package chain invents a chain of tea shops, 禾光茶饮, for those who try Qunce without data of their own: its stores,
// and the orders of its members as the CSV file that the order import takes.
//
// Where the stores stand is real: centres of districts from city-geo (https://github.com/88250/city-geo, Mulan PSL v2),
// named by the administrative divisions of modood/Administrative-divisions-of-China (WTFPL v2); data/LICENCES.md says
// what was changed. Everything else (brand, names, addresses, products, members, orders) is made up and stands for
// nobody.
//
// Invariants: the same arguments give the same bytes; a longer chain begins with the shorter one's stores, and more
// members leave the purchases of the first ones as they were. Coordinates are BD-09, as in the source, so that whoever
// imports the stores has to convert them as with most real files.
package chain

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"qunce/internal/geo"
)

// Brand is the chain's name, Short how its stores begin.
const (
	Brand = "禾光茶饮"
	Short = "禾光"
)

// DefaultStores is how many stores Stores invents when it is asked for none.
const DefaultStores = 300

// CoordinateSystem is the system of Store.Lat and Store.Lng.
const CoordinateSystem = geo.BD09

// Store is a shop. Lat and Lng are degrees in BD-09. Open and Close are times of day, "07:30".
type Store struct {
	Number   string // "HG00001"
	Name     string // "禾光·杭州西湖店"
	Province string
	City     string
	District string
	Address  string
	Lat, Lng float64
	Open     string
	Close    string
}

// StoreHeader is the header of the file WriteStores writes.
var StoreHeader = []string{"门店编号", "门店名称", "省份", "城市", "区县", "地址", "纬度", "经度", "坐标系", "营业开始", "营业结束"}

//go:embed data/districts.csv.gz
var districtFile []byte

type district struct {
	province, city, name string
	at                   geo.Point
	weight               float64
}

// Stores invents n stores (0: DefaultStores) in real districts, more of them where real chains have more: in the big
// cities, and in urban districts rather than counties. The first store of a district stands at its centre, the next
// ones within two kilometres. Numbers and names are unique.
func Stores(n int, seed uint64) []Store {
	if n <= 0 {
		n = DefaultStores
	}
	districts := loadDistricts()
	cumulative := make([]float64, len(districts))
	sum := 0.0
	for i, d := range districts {
		sum += d.weight
		cumulative[i] = sum
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	count := make([]int, len(districts))
	used := make(map[string]bool, n)
	stores := make([]Store, n)
	for i := range stores {
		k := pick(rng, cumulative)
		stores[i] = open(rng, i+1, districts[k], count[k], used)
		count[k]++
	}
	return stores
}

// open invents one store, the nth of its district counted from 0.
func open(rng *rand.Rand, number int, d district, nth int, used map[string]bool) Store {
	street := streets[rng.IntN(len(streets))]
	house := 1 + rng.IntN(399)
	at, name := d.at, Short+"·"+place(d)
	if nth > 0 {
		at = around(rng, d.at)
		name += street
	}
	base := name
	for k := 2; used[name]; k++ {
		name = base + strconv.Itoa(k)
	}
	used[name] = true
	hours := openingHours[rng.IntN(len(openingHours))]
	return Store{
		Number: fmt.Sprintf("HG%05d", number), Name: name + "店",
		Province: d.province, City: d.city, District: d.name,
		Address: cityOnce(d) + d.name + address(street, house),
		Lat:     at.Lat, Lng: at.Lng, Open: hours[0], Close: hours[1],
	}
}

// address numbers houses in a street, and shops in a mall or quarter.
func address(street string, number int) string {
	for _, suffix := range []string{"路", "街", "大道"} {
		if strings.HasSuffix(street, suffix) {
			return fmt.Sprintf("%s%d号一层", street, number)
		}
	}
	return fmt.Sprintf("%s一层%03d铺", street, number)
}

// cityOnce is how an address begins; a city that is its own district is not said twice.
func cityOnce(d district) string {
	switch {
	case d.city == d.name:
		return d.province
	case d.city == d.province:
		return d.city
	}
	return d.province + d.city
}

// around moves a point by up to two kilometres, but not across the border.
func around(rng *rand.Rand, p geo.Point) geo.Point {
	const degree = 111_195.0 // metres
	for range 20 {
		r, a := 300+1700*rng.Float64(), 2*math.Pi*rng.Float64()
		moved := geo.Point{
			Lat: round5(p.Lat + r*math.Sin(a)/degree),
			Lng: round5(p.Lng + r*math.Cos(a)/degree/math.Cos(p.Lat*math.Pi/180)),
		}
		if at, err := geo.Convert(moved, CoordinateSystem, geo.GCJ02); err == nil && geo.InChina(at) && at != moved {
			return moved
		}
	}
	return p
}

func round5(x float64) float64 { return math.Round(x*1e5) / 1e5 }

// place shortens city and district as people say them: 杭州西湖, 上海浦东, 仙桃.
func place(d district) string {
	city, name := shortName(d.city), shortName(d.name)
	if city == name {
		return city
	}
	return city + name
}

// shortName takes the kind of division off a name, and the peoples off that of an autonomous one, as long as two
// characters stay.
func shortName(name string) string {
	for _, suffix := range []string{"自治州", "自治县", "自治旗", "新区", "地区", "林区", "矿区", "市", "区", "县", "旗", "盟"} {
		rest, ok := strings.CutSuffix(name, suffix)
		if !ok || len([]rune(rest)) < 2 {
			continue
		}
		if short := withoutPeoples(rest); len([]rune(short)) >= 2 {
			return short
		}
		return rest
	}
	return name
}

// withoutPeoples takes the peoples off the name of an autonomous division: 恩施土家族苗族 becomes 恩施.
func withoutPeoples(s string) string {
	for _, people := range peoples {
		s = strings.ReplaceAll(s, people, "")
	}
	return s
}

// loadDistricts reads the embedded file; it was checked when it was made, so that an error is a broken build.
func loadDistricts() []district {
	gz, err := gzip.NewReader(bytes.NewReader(districtFile))
	if err != nil {
		panic(fmt.Sprintf("chain: embedded districts: %v", err))
	}
	rows, err := csv.NewReader(gz).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("chain: embedded districts: %v", err))
	}
	out := make([]district, 0, len(rows)-1)
	for _, row := range rows[1:] {
		d := district{province: row[1], city: row[2], name: row[3]}
		lat, err1 := strconv.ParseFloat(row[4], 64)
		lng, err2 := strconv.ParseFloat(row[5], 64)
		if err1 != nil || err2 != nil {
			panic(fmt.Sprintf("chain: embedded districts: %v", row))
		}
		d.at = geo.Point{Lat: lat, Lng: lng}
		switch d.city {
		case "市辖区", "县": // the municipalities are their own city
			d.city = d.province
		case "省直辖县级行政区划", "自治区直辖县级行政区划": // and these districts are theirs
			d.city = d.name
		}
		d.weight = weight(d)
		out = append(out, d)
	}
	return out
}

// weight says how likely a store stands in a district, an urban district of an ordinary city being 1.
func weight(d district) float64 {
	w := 1.0
	for _, tier := range tiers {
		if strings.Contains(tier.cities, d.city) {
			w = tier.weight
			break
		}
	}
	switch {
	case strings.HasSuffix(d.name, "区"):
		return w
	case strings.HasSuffix(d.name, "市"):
		return max(w*0.3, 0.4)
	}
	return w * 0.12
}

// pick draws an index with the probabilities whose running sum is given.
func pick(rng *rand.Rand, cumulative []float64) int {
	x := rng.Float64() * cumulative[len(cumulative)-1]
	low, high := 0, len(cumulative)-1
	for low < high {
		if mid := (low + high) / 2; cumulative[mid] > x {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// WriteStores writes the stores as UTF-8 CSV with StoreHeader.
func WriteStores(w io.Writer, stores []Store) error {
	out := csv.NewWriter(w)
	if err := out.Write(StoreHeader); err != nil {
		return err
	}
	for _, s := range stores {
		if err := out.Write([]string{
			s.Number, s.Name, s.Province, s.City, s.District, s.Address,
			strconv.FormatFloat(s.Lat, 'f', 5, 64), strconv.FormatFloat(s.Lng, 'f', 5, 64), string(CoordinateSystem),
			s.Open, s.Close,
		}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
