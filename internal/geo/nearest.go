package geo

import (
	"cmp"
	"math"
	"slices"
)

// Item is a point with the id of what stands there.
type Item struct {
	ID int64
	Point
}

// Hit is an item found, with its great-circle distance in metres.
type Hit struct {
	ID     int64
	Meters float64
}

// Index answers which items are nearest to a place. It is immutable and safe for concurrent use.
//
// It is a k-d tree over unit vectors. Compared with a grid over degrees it needs no cell size (half of a chain's
// stores stand in a few cities) and knows neither poles nor a date line, since chord length grows with distance
// everywhere. The tree is implicit: the middle of every slice is its root.
type Index struct {
	nodes []node
}

type node struct {
	at [3]float64
	Item
}

// leaf is the size below which a slice is simply walked through.
const leaf = 8

// NewIndex builds an index over the items, which must be of one system. Points that are out of range are left out.
// Building takes O(n log n) time.
func NewIndex(items []Item) *Index {
	ix := &Index{nodes: make([]node, 0, len(items))}
	for _, it := range items {
		if inRange(it.Point) {
			ix.nodes = append(ix.nodes, node{at: vector(it.Point), Item: it})
		}
	}
	build(ix.nodes, 0)
	return ix
}

// Len is the number of items in the index.
func (ix *Index) Len() int { return len(ix.nodes) }

// Nearest returns the n items nearest to p that keep accepts (nil accepts all), the nearest first and items at the
// same distance by id. It returns fewer when there are fewer, and none when p is not a place on Earth. The answer is
// exact. keep may be called for items that do not make it into the answer.
func (ix *Index) Nearest(p Point, n int, keep func(id int64) bool) []Hit {
	if n <= 0 || !inRange(p) {
		return nil
	}
	s := search{at: vector(p), n: min(n, len(ix.nodes)), keep: keep}
	s.walk(ix.nodes, 0)
	hits := make([]Hit, len(s.best))
	for i, c := range s.best {
		hits[i] = Hit{ID: c.node.ID, Meters: Distance(p, c.node.Point)}
	}
	return hits
}

func vector(p Point) [3]float64 {
	const rad = math.Pi / 180
	sinLat, cosLat := math.Sincos(p.Lat * rad)
	sinLng, cosLng := math.Sincos(p.Lng * rad)
	return [3]float64{cosLat * cosLng, cosLat * sinLng, sinLat}
}

func build(nodes []node, depth int) {
	if len(nodes) <= leaf {
		return
	}
	axis, mid := depth%3, len(nodes)/2
	// Sorting at every level costs a factor log n over selecting the median, and 100,000 points still take well
	// under a second.
	slices.SortFunc(nodes, func(a, b node) int { return cmp.Compare(a.at[axis], b.at[axis]) })
	build(nodes[:mid], depth+1)
	build(nodes[mid+1:], depth+1)
}

type candidate struct {
	chord2 float64
	node   *node
}

func (c candidate) compare(d candidate) int {
	return cmp.Or(cmp.Compare(c.chord2, d.chord2), cmp.Compare(c.node.ID, d.node.ID))
}

// search keeps its best candidates sorted: n is small, so inserting beats a heap.
type search struct {
	at   [3]float64
	n    int
	keep func(int64) bool
	best []candidate
}

func (s *search) walk(nodes []node, depth int) {
	if len(nodes) <= leaf {
		for i := range nodes {
			s.offer(&nodes[i])
		}
		return
	}
	axis, mid := depth%3, len(nodes)/2
	near, far := nodes[:mid], nodes[mid+1:]
	gap := s.at[axis] - nodes[mid].at[axis]
	if gap > 0 {
		near, far = far, near
	}
	s.walk(near, depth+1)
	s.offer(&nodes[mid])
	// "<=" so that a tie on the far side is seen and decided by id.
	if len(s.best) < s.n || gap*gap <= s.best[len(s.best)-1].chord2 {
		s.walk(far, depth+1)
	}
}

func (s *search) offer(nd *node) {
	dx, dy, dz := s.at[0]-nd.at[0], s.at[1]-nd.at[1], s.at[2]-nd.at[2]
	c := candidate{chord2: dx*dx + dy*dy + dz*dz, node: nd}
	full := len(s.best) == s.n
	if full && c.compare(s.best[s.n-1]) >= 0 {
		return
	}
	if s.keep != nil && !s.keep(nd.ID) {
		return
	}
	if full {
		s.best = s.best[:s.n-1]
	}
	i, _ := slices.BinarySearchFunc(s.best, c, candidate.compare)
	s.best = slices.Insert(s.best, i, c)
}
