//go:build ignore

// Reduce makes data/districts.csv.gz from the public sets named in data/LICENCES.md:
//
//	go run reduce.go CENTRES.csv.gz PROVINCES.csv.gz CITIES.csv.gz AREAS.csv.gz data/districts.csv.gz
//
// It keeps the centres of districts of the current administrative division, drops those that lie outside their
// province's box, far from the other districts of their city or at one place with another district, and rounds to five decimals (about a metre).
package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"

	"qunce/internal/geo"
)

// boxes are the extents of the provinces: south, north, west, east in degrees, rounded outwards.
var boxes = map[string][4]float64{
	"北京市": {39.4, 41.1, 115.4, 117.6}, "天津市": {38.5, 40.3, 116.7, 118.1}, "河北省": {36.0, 42.7, 113.4, 119.9},
	"山西省": {34.5, 40.8, 110.2, 114.6}, "内蒙古自治区": {37.4, 53.4, 97.1, 126.1}, "辽宁省": {38.7, 43.5, 118.8, 125.8},
	"吉林省": {40.8, 46.4, 121.6, 131.4}, "黑龙江省": {43.4, 53.6, 121.1, 135.1}, "上海市": {30.6, 31.9, 120.8, 122.3},
	"江苏省": {30.7, 35.2, 116.3, 122.0}, "浙江省": {27.0, 31.2, 118.0, 123.2}, "安徽省": {29.3, 34.7, 114.8, 119.7},
	"福建省": {23.5, 28.4, 115.8, 120.8}, "江西省": {24.4, 30.1, 113.5, 118.5}, "山东省": {34.3, 38.5, 114.7, 122.8},
	"河南省": {31.3, 36.4, 110.3, 116.7}, "湖北省": {29.0, 33.3, 108.3, 116.2}, "湖南省": {24.6, 30.2, 108.7, 114.3},
	"广东省": {20.2, 25.6, 109.6, 117.4}, "广西壮族自治区": {20.9, 26.4, 104.4, 112.1}, "海南省": {15.5, 20.3, 108.5, 113.0},
	"重庆市": {28.1, 32.3, 105.2, 110.3}, "四川省": {26.0, 34.4, 97.3, 108.6}, "贵州省": {24.6, 29.3, 103.5, 109.7},
	"云南省": {21.1, 29.3, 97.5, 106.3}, "西藏自治区": {26.8, 36.6, 78.3, 99.2}, "陕西省": {31.7, 39.7, 105.4, 111.3},
	"甘肃省": {32.5, 42.9, 92.3, 108.8}, "青海省": {31.6, 39.3, 89.4, 103.1}, "宁夏回族自治区": {35.2, 39.4, 104.2, 107.7},
	"新疆维吾尔自治区": {34.3, 49.2, 73.4, 96.5},
}

type district struct {
	code, province, city, name string
	at                         geo.Point
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: go run reduce.go CENTRES PROVINCES CITIES AREAS OUT")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		log.Fatal(err)
	}
}

func run(centres, provinces, cities, areas, out string) error {
	codes, err := divisionCodes(provinces, cities, areas)
	if err != nil {
		return err
	}
	rows, err := read(centres)
	if err != nil {
		return err
	}
	var all []district
	byCity := map[string][]geo.Point{}
	for _, r := range rows {
		code, current := codes[r["province"]+"/"+r["city"]+"/"+r["area"]]
		if !current || functionalZone(r["area"]) || r["city"] == "三沙市" { // reefs without shops
			continue
		}
		lat, err1 := strconv.ParseFloat(r["lat"], 64)
		lng, err2 := strconv.ParseFloat(r["lng"], 64)
		if err1 != nil || err2 != nil {
			log.Printf("no coordinates: %v", r)
			continue
		}
		d := district{code: code, province: r["province"], city: r["city"], name: r["area"], at: geo.Point{Lat: lat, Lng: lng}}
		box := boxes[d.province]
		if lat < box[0] || lat > box[1] || lng < box[2] || lng > box[3] {
			log.Printf("outside its province: %v", d)
			continue
		}
		all = append(all, d)
		byCity[d.province+d.city] = append(byCity[d.province+d.city], d.at)
	}
	slices.SortFunc(all, func(a, b district) int { return strings.Compare(a.code, b.code) })

	file, err := os.Create(out)
	if err != nil {
		return err
	}
	defer file.Close()
	gz, _ := gzip.NewWriterLevel(file, gzip.BestCompression)
	w := csv.NewWriter(gz)
	w.Write([]string{"code", "province", "city", "district", "lat", "lng"})
	shared := map[geo.Point]int{}
	for _, d := range all {
		shared[d.at]++
	}
	kept := 0
	for _, d := range all {
		if far := geo.Distance(d.at, middle(byCity[d.province+d.city])); far > 450_000 {
			log.Printf("%.0f km from its city: %v", far/1000, d)
			continue
		}
		if shared[d.at] > 1 { // a geocoder's stand-in, such as the provincial capital
			log.Printf("at the same place as another: %v", d)
			continue
		}
		kept++
		w.Write([]string{d.code, d.province, d.city, d.name,
			strconv.FormatFloat(d.at.Lat, 'f', 5, 64), strconv.FormatFloat(d.at.Lng, 'f', 5, 64)})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	if err := gz.Close(); err != nil {
		return err
	}
	log.Printf("%d districts", kept)
	return file.Close()
}

// functionalZone tells development zones and their like from districts: they are no place a customer would name.
func functionalZone(name string) bool {
	for _, w := range []string{"开发", "园区", "示范", "管理", "管委", "保税", "产业", "新区", "实验", "食品", "名胜"} {
		if strings.Contains(name, w) && name != "浦东新区" {
			return true
		}
	}
	return strings.HasSuffix(name, "新城")
}

func middle(points []geo.Point) geo.Point {
	var lat, lng []float64
	for _, p := range points {
		lat, lng = append(lat, p.Lat), append(lng, p.Lng)
	}
	slices.Sort(lat)
	slices.Sort(lng)
	return geo.Point{Lat: lat[len(lat)/2], Lng: lng[len(lng)/2]}
}

// divisionCodes maps "province/city/area" to the division's code.
func divisionCodes(provinces, cities, areas string) (map[string]string, error) {
	names := map[string]string{}
	for _, path := range []string{provinces, cities} {
		rows, err := read(path)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			names[r["code"]] = r["name"]
		}
	}
	rows, err := read(areas)
	if err != nil {
		return nil, err
	}
	codes := map[string]string{}
	for _, r := range rows {
		codes[names[r["provinceCode"]]+"/"+names[r["cityCode"]]+"/"+r["name"]] = r["code"]
	}
	return codes, nil
}

func read(path string) ([]map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	gz, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(gz).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, h := range rows[0] {
			m[h] = row[i]
		}
		out = append(out, m)
	}
	return out, nil
}
