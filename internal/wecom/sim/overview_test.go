package sim

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/wecom"
)

// TestPageHasAllItsWords: both languages have the same words, and every word the page asks for by name.
func TestPageHasAllItsWords(t *testing.T) {
	read := func(name string) string {
		b, err := pageFiles.ReadFile("page/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	keys := func(name string) []string {
		var out []string
		for _, m := range regexp.MustCompile(`(?m)^  (\w+): '`).FindAllStringSubmatch(read(name), -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return out
	}
	zh, en := keys("i18n.zh.js"), keys("i18n.en.js")
	if d := cmp.Diff(zh, en); d != "" || len(zh) < 200 || len(slices.Compact(slices.Clone(zh))) != len(zh) {
		t.Errorf("%d words: %s", len(zh), d)
	}
	files, err := pageFiles.ReadDir("page")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".js") || strings.HasPrefix(f.Name(), "i18n") {
			continue
		}
		for _, m := range regexp.MustCompile(`[^\w.]t\('(\w+)'`).FindAllStringSubmatch(read(f.Name()), -1) {
			if !slices.Contains(zh, m[1]) {
				t.Errorf("%s: there is no word %q", f.Name(), m[1])
			}
		}
		if regexp.MustCompile(`\p{Han}`).MatchString(strings.NewReplacer("中文", "", "、", "").Replace(read(f.Name()))) {
			t.Errorf("%s has Chinese outside the words", f.Name())
		}
	}
	for kind := range byHands() {
		if !slices.Contains(zh, "act_"+kind) {
			t.Errorf("the page has no word for the act %q", kind)
		}
		if !regexp.MustCompile(`(?m)^  ` + kind + `: \{`).MatchString(read("hand.js")) {
			t.Errorf("hand.js has no fields for the act %q", kind)
		}
	}
}

func TestControlPage(t *testing.T) {
	r := newRig(t, smallWorld(2))
	_, qr := r.way("s", "lina")
	r.joinWay(wecom.JoinWay{ChatIDs: []string{"wrONE"}, State: "g"})
	for path, want := range map[string]string{"/sim/": "text/html", "/sim/page/main.js": "text/javascript", "/sim/page/style.css": "text/css"} {
		res, err := http.Get(r.web.URL + path) //nolint:noctx // a test
		r.must(err)
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), want) || len(b) < 300 || !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
	}
	if res, err := http.Get(r.web.URL + "/sim/page/"); err != nil || res.StatusCode == 200 { //nolint:noctx // a test
		t.Errorf("the folder is listed: %v", err)
	}
	var o struct {
		Keys    Sandbox
		Sizes   map[string]int
		Clock   Clock
		Corp    string
		Unrated bool
	}
	r.must(r.get("/sim/overview", &o))
	if !o.Unrated {
		t.Error("a world without rates does not say so")
	}
	r.must(r.post("/sim/limits", m{"api_per_minute": 5}, nil))
	var rated struct{ Unrated bool }
	r.must(r.get("/sim/overview", &rated))
	if rated.Unrated {
		t.Error("a world with a rate says it has none")
	}
	if o.Corp != "总部" || o.Sizes["members"] != 4 || o.Sizes["ways"] != 1 || o.Sizes["join_ways"] != 1 || o.Clock.Own || o.Keys.CorpID != testCorp {
		t.Errorf("overview %+v", o)
	}
	var c struct {
		Items  []scannable
		Groups []struct{ ID string }
		Tags   []struct{ Name string }
	}
	r.must(r.get("/sim/codes", &c))
	if len(c.Items) != 2 || c.Items[0].URL != qr || c.Items[0].To != "李娜" || c.Items[1].To != "一店福利群" || len(c.Groups) != 1 || c.Tags[0].Name != "来源 / 扫码" {
		t.Errorf("codes %+v", c)
	}
}
