// Package pinyin makes the keys by which Chinese names are sorted and searched: the reading of every character in
// lower-case letters, without tones and without blanks, everything else as it stands. The database orders such keys by
// bytes, so a list sorts the same on every machine.
//
// Invariants: the same name gives the same key, so a stored key never needs rebuilding unless the name changes; a key
// holds no upper case and no blanks. A key is for machines: it is never shown.
package pinyin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	gopinyin "github.com/mozillazg/go-pinyin"
	"golang.org/x/text/width"
)

// Key is the sort key of a name: 杭州西湖店 → "hangzhouxihudian", "Lily 王" → "lilywang".
func Key(name string) string {
	name = strings.TrimSpace(width.Fold.String(name))
	var b strings.Builder
	b.Grow(len(name) * 2)
	args := gopinyin.NewArgs()
	for i, first := 0, true; i < len(name); first = false {
		if word, reading := special(name[i:], first); word != "" {
			b.WriteString(reading)
			i += len(word)
			continue
		}
		r, size := utf8.DecodeRuneInString(name[i:])
		i += size
		switch readings := gopinyin.SinglePinyin(r, args); {
		case len(readings) > 0:
			b.WriteString(readings[0])
		case unicode.IsSpace(r), r == '\u200b', r == 0:
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// special finds a word at the start of s that is read otherwise than its characters alone; first is true at the start
// of the name, where surnames stand.
func special(s string, first bool) (word, reading string) {
	for _, p := range places {
		if strings.HasPrefix(s, p[0]) {
			return p[0], p[1]
		}
	}
	if first {
		for _, p := range surnames {
			if strings.HasPrefix(s, p[0]) {
				return p[0], p[1]
			}
		}
	}
	return "", ""
}

// The names of places and families whose usual reading is not the first one of their characters.
var (
	places = [][2]string{
		{"重庆", "chongqing"}, {"长沙", "changsha"}, {"长春", "changchun"}, {"长治", "changzhi"}, {"长宁", "changning"}, {"长安", "changan"},
		{"长江", "changjiang"}, {"长乐", "changle"}, {"厦门", "xiamen"}, {"六安", "luan"}, {"台州", "taizhou"}, {"蚌埠", "bengbu"}, {"乐山", "leshan"},
		{"乐清", "yueqing"}, {"丽水", "lishui"}, {"大厦", "dasha"}, {"广厦", "guangsha"}, {"银行", "yinhang"}, {"番禺", "panyu"},
		{"莘庄", "xinzhuang"}, {"重百", "chongbai"}, {"音乐", "yinyue"}, {"都会", "duhui"},
	}
	surnames = [][2]string{
		{"单于", "chanyu"}, {"尉迟", "yuchi"}, {"万俟", "moqi"}, {"曾", "zeng"}, {"单", "shan"}, {"解", "xie"}, {"仇", "qiu"}, {"查", "zha"},
		{"朴", "piao"}, {"翟", "zhai"}, {"盖", "ge"}, {"覃", "qin"}, {"缪", "miao"}, {"尹", "yin"},
	}
)
