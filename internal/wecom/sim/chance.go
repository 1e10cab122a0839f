package sim

import (
	"encoding/hex"
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// dice draws for one decision. It is made from the seed and the decision's name, so that a decision comes out the same
// whatever was drawn before it, and whatever ids and addresses the platform made up.
func dice(seed uint64, parts ...string) *rand.Rand {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
		_, _ = h.Write([]byte{0})
	}
	return rand.New(rand.NewPCG(seed, h.Sum64())) //nolint:gosec // a simulation
}

// longTail draws a delay whose median is m, with few much longer ones.
func longTail(r *rand.Rand, m float64) float64 { return m * math.Exp(0.8*r.NormFloat64()) }

// mint makes an id that looks like WeCom's: opaque, and the same for the same seed and number.
func mint(seed uint64, prefix string, n int64, size int) string {
	r := rand.New(rand.NewPCG(seed, uint64(n)*2+1)) //nolint:gosec // a simulation; n is positive
	b := make([]byte, (size+1)/2)
	for i := range b {
		b[i] = byte(r.Uint32()) //nolint:gosec // low byte
	}
	return prefix + hex.EncodeToString(b)[:size]
}
