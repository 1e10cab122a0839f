package archive

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A search compares what people see as the same: full-width and half-width letters, capital and small ones, and any run
// of blanks are equal, marks that show nothing are left out. Traditional and simplified characters stay apart.

// fold is one piece of a text's folded form, with the bytes of the text it comes from.
type fold struct {
	r          rune
	start, end int
}

// folded runs through the folded form of a text. Characters that combine are folded together and share their place.
func folded(text string, yield func(fold) bool) {
	blank := true // blanks at the beginning are left out
	one := func(r rune, start, end int) bool {
		switch {
		case unicode.IsSpace(r) || r == 0:
			if blank {
				return true
			}
			blank, r = true, ' '
		case r < handsOff: // CJK and what is below it has few marks
			if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) {
				return true
			}
			blank, r = false, unicode.ToLower(r)
		case r > lastHan && (unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r)):
			return true
		default:
			blank, r = false, unicode.ToLower(r)
		}
		return yield(fold{r, start, end})
	}
	if plain(text) {
		for i, r := range text {
			width := utf8.RuneLen(r)
			if r >= firstWide && r <= lastWide {
				r -= firstWide - '!'
			}
			if !one(r, i, i+width) {
				return
			}
		}
		return
	}
	var it norm.Iter
	it.InitString(norm.NFKC, text)
	for !it.Done() {
		start := it.Pos()
		piece := string(it.Next())
		for _, r := range piece {
			if !one(r, start, it.Pos()) {
				return
			}
		}
	}
}

const (
	handsOff, lastHan   = 0x4E00, 0x9FFF // the common Han characters, which nothing is done to
	firstWide, lastWide = 0xFF01, 0xFF5E // full-width letters, digits and signs
)

// plain reports that a text has only characters that stand alone and fold one by one: ASCII, common Han characters,
// full-width forms and Chinese punctuation. Most messages are such, and need no more than a look at each character.
func plain(text string) bool {
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf, r >= handsOff && r <= lastHan, r >= firstWide && r <= lastWide:
		case r >= 0x3000 && r <= 0x3011: // 　、。〈〉《》「」【】 and the like
		default:
			return false
		}
	}
	return true
}

// maxFolded is how many characters of one message can be searched; WeCom's longest texts have a tenth of that.
const maxFolded = 20_000

// normal is the form of a text that searches compare, without a blank at its end.
func normal(text string) string {
	var b strings.Builder
	n := 0
	folded(text, func(f fold) bool {
		b.WriteRune(f.r)
		n++
		return n < maxFolded
	})
	return strings.TrimSuffix(b.String(), " ")
}

// gram packs two neighbouring characters into an integer. Within the basic plane no two pairs share one; a rarer character
// may share it with another one, which costs a comparison and finds nothing wrong, since every find is compared in full.
func gram(a, b rune) int32 { return int32(uint32(a)<<16 | uint32(b)&0xffff) }

// grams are the pairs of a folded text, each once, in rising order.
func grams(normal string) []int32 {
	out := make([]int32, 0, len(normal)/2)
	last := rune(-1)
	for _, r := range normal {
		if last >= 0 {
			out = append(out, gram(last, r))
		}
		last = r
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Grams are the pairs of characters by which a text is found.
func Grams(text string) []int32 { return grams(normal(text)) }

// Part is a piece of a snippet; Hit marks what was searched for.
type Part struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit,omitempty"`
}

// Around the first hit, a snippet shows that many characters before and, with it, in all.
const (
	snippetBefore = 24
	snippetLength = 120
)

// snippet cuts a text around the first place where it holds wanted, a folded text, and marks every place within the cut.
// A text that holds it nowhere is shown from its beginning.
func snippet(text, wanted string) []Part {
	var runes []rune
	var at []fold
	folded(text, func(f fold) bool {
		runes, at = append(runes, f.r), append(at, f)
		return len(runes) < maxFolded
	})
	query := []rune(wanted)
	var hits [][2]int // bytes of text
	for i := 0; len(query) > 0 && i+len(query) <= len(runes); {
		if !slices.Equal(runes[i:i+len(query)], query) {
			i++
			continue
		}
		hits = append(hits, [2]int{at[i].start, at[i+len(query)-1].end})
		i += len(query)
	}
	start := 0
	if len(hits) > 0 {
		start = back(text, hits[0][0], snippetBefore)
	}
	end := forth(text, start, snippetLength)
	if len(hits) > 0 {
		end = max(end, hits[0][1])
	}
	var out []Part
	add := func(from, to int, hit bool) {
		if from < to {
			out = append(out, Part{Text: text[from:to], Hit: hit})
		}
	}
	if start > 0 {
		out = append(out, Part{Text: "…"})
	}
	pos := start
	for _, h := range hits {
		if h[1] > end || h[0] < pos {
			continue // beyond the cut, or one character that folds into several
		}
		add(pos, h[0], false)
		add(h[0], h[1], true)
		pos = h[1]
	}
	add(pos, end, false)
	if end < len(text) {
		out = append(out, Part{Text: "…"})
	}
	if out == nil {
		out = []Part{}
	}
	return out
}

// back goes n characters back from a byte of a text, forth n characters on.
func back(text string, from, n int) int {
	for i := from; i > 0; {
		if n == 0 {
			return i
		}
		i--
		for i > 0 && !isStart(text[i]) {
			i--
		}
		n--
	}
	return 0
}

func forth(text string, from, n int) int {
	for i := range text[from:] {
		if n == 0 {
			return from + i
		}
		n--
	}
	return len(text)
}

// isStart reports whether a byte begins a character.
func isStart(b byte) bool { return b&0xC0 != 0x80 }
