package gram

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"你好":              "你好",
		"ＡＢＣ１２３":          "abc123",
		"Wi-Fi ，好":        "wi-fi ,好",
		" \t多\n 个  空格 　":  "多 个 空格",
		"零\u200b宽\ufeff字": "零宽字",
		"㎏ ①":             "kg 1",
		"é":               "é",
		"國":               "國",
		"❤\ufe0f":         "❤",
		"":                "",
		" ":               "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
	if n := utf8.RuneCountInString(Fold(strings.Repeat("长", 3*maxFolded))); n != maxFolded {
		t.Errorf("%d characters are searched", n)
	}
}

func TestPairs(t *testing.T) {
	if got := Pairs("好的好的"); len(got) != 2 || !slices.IsSorted(got) {
		t.Errorf("%v", got)
	}
	for _, short := range []string{"", "好"} {
		if got := Pairs(short); len(got) != 0 {
			t.Errorf("%q has %v", short, got)
		}
	}
	if pair('好', '的') == pair('的', '好') || pair('a', 'b') == pair('b', 'a') {
		t.Error("the order is lost")
	}
}

// Whatever a text holds, the pairs of each of its pieces are among its own: otherwise a search would miss it.
func TestPairsOfAPieceAreAmongThoseOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := Fold(rapid.String().Draw(t, "text"))
		runes := []rune(whole)
		if len(runes) < 2 {
			return
		}
		from := rapid.IntRange(0, len(runes)-2).Draw(t, "from")
		to := rapid.IntRange(from+2, len(runes)).Draw(t, "to")
		all := Pairs(whole)
		for _, g := range Pairs(string(runes[from:to])) {
			if _, there := slices.BinarySearch(all, g); !there {
				t.Fatalf("the pair %x of %q is not among those of %q", g, string(runes[from:to]), whole)
			}
		}
	})
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("甲", 60) + "优惠券" + strings.Repeat("乙", 200) + "优惠券"
	for name, c := range map[string]struct {
		text, query string
		want        []Part
	}{
		"whole":         {"你好，优惠券", "优惠", []Part{{Text: "你好，"}, {Text: "优惠", Hit: true}, {Text: "券"}}},
		"twice":         {"好的好的", "好的", []Part{{Text: "好的", Hit: true}, {Text: "好的", Hit: true}}},
		"overlapping":   {"哈哈哈", "哈哈", []Part{{Text: "哈哈", Hit: true}, {Text: "哈"}}},
		"full-width":    {"用ＡＰＰ下单", "app下", []Part{{Text: "用"}, {Text: "ＡＰＰ下", Hit: true}, {Text: "单"}}},
		"a mark inside": {"优\u200b惠", "优惠", []Part{{Text: "优\u200b惠", Hit: true}}},
		"cut":           {long, "优惠券", []Part{{Text: "…"}, {Text: strings.Repeat("甲", 24)}, {Text: "优惠券", Hit: true}, {Text: strings.Repeat("乙", 93)}, {Text: "…"}}},
		"nowhere":       {"你好", "再见", []Part{{Text: "你好"}}},
		"no query":      {"你好", "", []Part{{Text: "你好"}}},
		"empty":         {"", "优惠", []Part{}},
	} {
		if diff := cmp.Diff(c.want, Snippet(c.text, Fold(c.query))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A snippet is a piece of its text, whatever the text: nothing is lost at its joints and no character is cut in two.
func TestSnippetIsAPieceOfItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		query := Fold(rapid.StringN(0, 4, -1).Draw(t, "query"))
		var b strings.Builder
		for _, p := range Snippet(text, query) {
			b.WriteString(p.Text)
			if p.Hit && Fold(p.Text) != query && !strings.Contains(Fold(p.Text), strings.TrimSpace(query)) {
				t.Fatalf("%q is marked for %q", p.Text, query)
			}
		}
		got := strings.TrimSuffix(strings.TrimPrefix(b.String(), "…"), "…")
		if !strings.Contains(text, got) {
			t.Fatalf("%q is no piece of %q", got, text)
		}
	})
}

// Texts of plain characters take a shorter way, which must come out where the long one does.
func TestThePlainWayComesOutTheSame(t *testing.T) {
	signs := []rune("aZ9 \t-，。！？：；（）～Ａｚ９　、《》「」好的优惠券一鿿")
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.SampledFrom(signs)).Draw(t, "text"))
		if !plain(text) {
			t.Fatalf("%q is not plain", text)
		}
		want := strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(text))), " ")
		if got := Fold(text); got != want {
			t.Fatalf("%q folds to %q, want %q", text, got, want)
		}
	})
	for _, other := range []string{"é", "e\u0301", "①", "ﾊﾟ", "😊", "\u200b", "が"} {
		if plain("好" + other) {
			t.Errorf("%q is taken for plain", other)
		}
	}
}
