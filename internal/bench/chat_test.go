package bench

import (
	"slices"
	"testing"
	"unicode/utf8"

	"qunce/internal/archive"
)

// What is invented must be like speech where the index of pairs is concerned: a few pairs in every tenth message, most of
// them rare, the same with every run.
func TestInventedSpeechIsLikeSpeech(t *testing.T) {
	const n = 20_000
	c, same := newChatter(1), newChatter(1)
	grams, runes := map[int32]int{}, 0
	for range n {
		text := c.message()
		if text != same.message() {
			t.Fatal("two with the same seed differ")
		}
		runes += utf8.RuneCountInString(text)
		for _, g := range archive.Grams(text) {
			grams[g]++
		}
	}
	var often []int
	for _, k := range grams {
		often = append(often, k)
	}
	slices.Sort(often)
	slices.Reverse(often)
	share := func(rank int) float64 { return float64(often[rank]) / n }
	if mean := float64(runes) / n; mean < 8 || mean > 25 {
		t.Errorf("messages have %.1f characters", mean)
	}
	for _, c := range []struct {
		rank     int
		from, to float64
	}{{0, 0.05, 0.15}, {100, 0.005, 0.03}, {1000, 0.0005, 0.004}, {10_000, 0.00003, 0.0004}} {
		if s := share(c.rank); s < c.from || s > c.to {
			t.Errorf("the pair of rank %d is in %.5f of the messages, want %v to %v", c.rank, s, c.from, c.to)
		}
	}
	if len(often) < 20_000 {
		t.Errorf("only %d pairs", len(often))
	}
}
