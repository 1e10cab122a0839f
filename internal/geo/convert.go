package geo

import (
	"math"

	"qunce/internal/errs"
)

// Convert expresses a point of one system in another. It answers errs.Invalid "geo.unknown_system", or what Valid
// answers for a point that cannot be a place. Outside mainland China the point comes back unchanged.
func Convert(p Point, from, to System) (Point, error) {
	if err := known(from); err != nil {
		return Point{}, err
	}
	if err := known(to); err != nil {
		return Point{}, err
	}
	if err := Valid(p); err != nil {
		return Point{}, err
	}
	if from == to {
		return p, nil
	}
	return fromGCJ(toGCJ(p, from), to), nil
}

func known(s System) error {
	for _, k := range Systems {
		if s == k {
			return nil
		}
	}
	return errs.E(errs.Invalid, "geo.unknown_system", "coordinate system %q is not one of wgs84, gcj02, bd09", string(s)).
		With("system", string(s)).With("systems", Systems)
}

func toGCJ(p Point, from System) Point {
	switch from {
	case WGS84:
		if InChina(p) {
			return wgsToGCJ(p)
		}
	case BD09:
		if q := invert(gcjToBD, p); InChina(q) {
			return q
		}
	}
	return p
}

func fromGCJ(p Point, to System) Point {
	switch to {
	case WGS84:
		if q := invert(wgsToGCJ, p); InChina(q) {
			return q
		}
	case BD09:
		if InChina(p) {
			return gcjToBD(p)
		}
	}
	return p
}

// The Krasovsky 1940 ellipsoid, on which GCJ-02's shift is defined: semi-major axis in metres and squared eccentricity.
const (
	krasovskyA  = 6378245.0
	krasovskyE2 = 0.00669342162296594323
)

// wgsToGCJ adds the shift of GCJ-02: metres north and east, as polynomials and sine waves of the place relative to
// 105° E 35° N, turned into degrees on the Krasovsky ellipsoid.
func wgsToGCJ(p Point) Point {
	x, y := p.Lng-105, p.Lat-35
	root := 0.1 * math.Sqrt(math.Abs(x))
	common := waves(x, [][2]float64{{20, 6}, {20, 2}})
	north := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 2*root +
		common + waves(y, [][2]float64{{20, 1}, {40, 1. / 3}, {160, 1. / 12}, {320, 1. / 30}})
	east := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + root +
		common + waves(x, [][2]float64{{20, 1}, {40, 1. / 3}, {150, 1. / 12}, {300, 1. / 30}})

	lat := p.Lat * math.Pi / 180
	w := 1 - krasovskyE2*math.Sin(lat)*math.Sin(lat)
	meridian := krasovskyA * (1 - krasovskyE2) / (w * math.Sqrt(w))
	parallel := krasovskyA / math.Sqrt(w) * math.Cos(lat)
	return Point{
		Lat: p.Lat + north/meridian*180/math.Pi,
		Lng: p.Lng + east/parallel*180/math.Pi,
	}
}

// waves sums two thirds of amplitude·sin(frequency·π·v) over the terms {amplitude, frequency}.
func waves(v float64, terms [][2]float64) float64 {
	sum := 0.0
	for _, t := range terms {
		sum += t[0] * math.Sin(t[1]*math.Pi*v)
	}
	return sum * 2 / 3
}

// gcjToBD adds Baidu's second shift: a ripple in the polar coordinates of (lng, lat), then a constant.
func gcjToBD(p Point) Point {
	const k = math.Pi * 3000 / 180
	r := math.Hypot(p.Lng, p.Lat) + 0.00002*math.Sin(p.Lat*k)
	a := math.Atan2(p.Lat, p.Lng) + 0.000003*math.Cos(p.Lng*k)
	return Point{Lat: r*math.Sin(a) + 0.006, Lng: r*math.Cos(a) + 0.0065}
}

// invert finds the point that forward maps to q. Both shifts are nearly constant over their own length, so the fixed
// point iteration gains two digits a step; published closed forms of the inverse stop at 1e-5 degrees.
func invert(forward func(Point) Point, q Point) Point {
	p := q
	for range 20 {
		f := forward(p)
		lat, lng := q.Lat-f.Lat, q.Lng-f.Lng
		p.Lat += lat
		p.Lng += lng
		if math.Abs(lat) < 1e-10 && math.Abs(lng) < 1e-10 {
			break
		}
	}
	return p
}
