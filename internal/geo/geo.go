// Package geo converts between the three coordinate systems met in China, measures distances, and finds the nearest
// points of a set.
//
// WGS-84 is what GPS receivers report, GCJ-02 what Chinese maps and WeCom's getLocation use, BD-09 what Baidu uses.
// The same numbers read in the wrong system miss the place by up to 1.2 km, enough to send a customer to the wrong
// store, so every point that enters is converted once, at the border: Qunce stores and compares GCJ-02 only.
//
// Invariants: points of two systems are never mixed in one computation; Convert there and back is exact to 1e-6
// degrees (about 0.1 m) inside mainland China. GCJ-02 and BD-09 are defined for mainland China; elsewhere the three
// systems are taken as equal. Within about one kilometre of the border, and only there, a converted point can have
// come from either side, and a round trip may be off by the offset between the systems.
//
// It never guesses a system from the numbers, looks up addresses, or calls a map service.
package geo

import (
	"math"

	"qunce/internal/errs"
)

// System names a coordinate system.
type System string

// The systems. GCJ02 is the canonical one.
const (
	WGS84 System = "wgs84"
	GCJ02 System = "gcj02"
	BD09  System = "bd09"
)

// Systems lists every System.
var Systems = []System{WGS84, GCJ02, BD09}

// Point is a place in degrees. Its system is the context's: GCJ-02 unless a name says otherwise.
type Point struct {
	Lat float64 `json:"lat"`
	Lng float64 `json:"lng"`
}

// EarthRadius is the mean radius of the Earth in metres, which Distance uses.
const EarthRadius = 6371008.8

// Valid reports what is wrong with a point, as errs.Invalid:
// "geo.out_of_range" for NaN, infinity or degrees no place has, "geo.zero" for 0/0 (a missing value written as a
// number), "geo.swapped" when latitude and longitude have changed places (the swapped point lies in China, or is the
// only one of the two that exists).
func Valid(p Point) error {
	swapped := Point{Lat: p.Lng, Lng: p.Lat}
	switch {
	case p.Lat == 0 && p.Lng == 0:
		return invalid(p, "geo.zero", "latitude and longitude are both 0: the place is missing")
	case inRange(p):
		if !InChina(p) && InChina(swapped) {
			return invalid(p, "geo.swapped", "latitude and longitude have changed places")
		}
		return nil
	case inRange(swapped):
		return invalid(p, "geo.swapped", "latitude and longitude have changed places")
	default:
		return invalid(p, "geo.out_of_range", "latitude must be within ±90 and longitude within ±180")
	}
}

func invalid(p Point, code, msg string) error {
	return errs.E(errs.Invalid, code, "%s", msg).With("lat", finite(p.Lat)).With("lng", finite(p.Lng))
}

// finite keeps a parameter fit for JSON, which has no NaN and no infinity.
func finite(x float64) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return x
}

// inRange is false for NaN, since every comparison with NaN is.
func inRange(p Point) bool {
	return p.Lat >= -90 && p.Lat <= 90 && p.Lng >= -180 && p.Lng <= 180
}

// Distance is the great-circle distance of two points of the same system in metres (haversine on a sphere, within
// 0.5 % of the ellipsoid).
func Distance(a, b Point) float64 {
	const rad = math.Pi / 180
	lat := math.Sin((b.Lat - a.Lat) * rad / 2)
	lng := math.Sin((b.Lng - a.Lng) * rad / 2)
	h := lat*lat + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*lng*lng
	return 2 * EarthRadius * math.Asin(math.Sqrt(min(h, 1)))
}
