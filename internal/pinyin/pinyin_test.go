package pinyin

import (
	"strings"
	"testing"
	"unicode"
)

func TestKey(t *testing.T) {
	for name, want := range map[string]string{
		"杭州西湖店":     "hangzhouxihudian",
		"重庆解放碑店":    "chongqingjiefangbeidian",
		"厦门中山路店":    "xiamenzhongshanludian",
		"长沙五一广场店":   "changshawuyiguangchangdian",
		"曾小贤":       "zengxiaoxian",
		"单芳":        "shanfang",
		"名单":        "mingdan",
		"Lily 王":    "lilywang",
		"ＡＢＣ店":      "abcdian",
		"绿地":        "lvdi",
		"":          "",
		"\xff坏":     "�huai",
		"😀 Zhang 3": "😀zhang3",
	} {
		if got := Key(name); got != want {
			t.Errorf("Key(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("杭州 West Lake 店")
	f.Fuzz(func(t *testing.T, name string) {
		key := Key(name)
		if strings.ContainsFunc(key, unicode.IsSpace) {
			t.Errorf("Key(%q) = %q holds blanks", name, key)
		}
		if Key(name) != key {
			t.Errorf("Key(%q) is not stable", name)
		}
	})
}
