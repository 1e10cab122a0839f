package sim

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// answered are the errcodes that contracts want, by API.
type answered map[string]map[int]bool

func (a answered) add(api string, code int) {
	if a[api] == nil {
		a[api] = map[int]bool{}
	}
	a[api][code] = true
}

func (a answered) anywhere(code int) bool {
	for _, codes := range a {
		if codes[code] {
			return true
		}
	}
	return false
}

// refusals reads the package's source: the codes that refuse is called with, by the function that calls it.
func refusals(t *testing.T) map[string][]int {
	t.Helper()
	out := map[string][]int{}
	names, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				c, ok := n.(*ast.CallExpr)
				if !ok || len(c.Args) != 2 {
					return true
				}
				if id, ok := c.Fun.(*ast.Ident); !ok || id.Name != "refuse" {
					return true
				}
				if lit, ok := c.Args[0].(*ast.BasicLit); ok {
					code, err := strconv.Atoi(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					out[fn.Name.Name] = append(out[fn.Name.Name], code)
				}
				return true
			})
		}
	}
	return out
}

// handlerOf is the name of the method behind an endpoint; of a closure, the function around it.
func handlerOf(e endpoint) string {
	name := runtime.FuncForPC(reflect.ValueOf(e.fn).Pointer()).Name()
	name = name[strings.LastIndex(name, "/")+1:]
	for _, part := range strings.Split(name, ".")[1:] {
		if !strings.HasPrefix(part, "(") {
			return part
		}
	}
	return ""
}

// elsewhere are refusals that no contract wants by an errcode of its own, and where they are wanted instead.
var elsewhere = map[string]string{
	"checkToken 40014":    "TestEveryEndpointWantsAToken",
	"checkToken 41001":    "TestEveryEndpointWantsAToken",
	"checkToken 42001":    "TestTokenExpires",
	"serveAPI 45033":      "TestOwnRatesAndConcurrency",
	"call 45033":          "TestFaultRules",
	"takenByOther 41096":  "TestAnotherAppWelcomesFirst",
	"welcomable 41053":    "TestWelcomeWaitsForConsent",
	"authorize 50001":     "TestSignInIsRefused",
	"kfServicerAdd 60003": "kfContracts, in a row of the answer",
	"fetch 45001":         "mediaContracts, in the detail of a job",
	"fetch 830001":        "mediaContracts, in the detail of a job",
	"piece 830003":        "mediaContracts, in the detail of a job",
}

// check fails for a code that an endpoint's own method refuses with and no contract of the endpoint wants, and for one
// that anything refuses with and no contract wants at all.
func (a answered) check(t *testing.T, table map[string]endpoint) {
	t.Helper()
	in, own, excused := refusals(t), map[string]bool{}, map[string]bool{}
	missing := func(fn string, code int) bool {
		key := fn + " " + strconv.Itoa(code)
		excused[key] = true
		return elsewhere[key] == ""
	}
	for _, api := range slices.Sorted(maps.Keys(table)) {
		fn := handlerOf(table[api])
		own[fn] = true
		for _, code := range slices.Compact(slices.Sorted(slices.Values(in[fn]))) {
			if !a[api][code] && missing(fn, code) {
				t.Errorf("%s (%s): no contract wants %d", api, fn, code)
			}
		}
	}
	for fn, codes := range in {
		if own[fn] {
			continue
		}
		for _, code := range slices.Compact(slices.Sorted(slices.Values(codes))) {
			if !a.anywhere(code) && missing(fn, code) {
				t.Errorf("%s: no contract wants %d", fn, code)
			}
		}
	}
	tests := testSource(t)
	for key, where := range elsewhere {
		name, _, _ := strings.Cut(where, ",")
		if !excused[key] || !strings.Contains(tests, "func "+name+"(") {
			t.Errorf("%s needs no excuse, or there is no %s", key, name)
		}
	}
}

func testSource(t *testing.T) string {
	t.Helper()
	names, err := fs.Glob(os.DirFS("."), "*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// codeSuites hold what fits nowhere else: limits that take a crowd, and calls that meet another.
func codeSuites() []suite {
	return []suite{
		{Name: "crowds", World: crowdWorld, Cases: crowdContracts},
		{Name: "two at once", World: transfersWorld, Cases: atOnceContracts},
		{Name: "not granted", World: ungrantedWorld, Cases: ungrantedContracts},
		{Name: "bare", World: corpWorld, Cases: func(*testing.T, *stage) []contract {
			return []contract{
				line("externalcontact/list", "no customers", "?userid=wang", 84061),
				line("user/get_userid_by_email", "no address", `{}`, 40063),
			}
		}},
		{Name: "no room", World: wideWorld, Cases: func(*testing.T, *stage) []contract {
			return []contract{line("msgaudit/groupchat/get", "no room", `{}`, 86003).by("archive")}
		}},
	}
}

// crowdWorld has more members than a group of the app holds.
func crowdWorld() *World {
	w := wideWorld()
	for i := range 2001 {
		w.Members = append(w.Members, Member{UserID: "m" + strconv.Itoa(i), Name: "某", Departments: []int64{1}})
	}
	return w
}

func crowdContracts(*testing.T, *stage) []contract {
	ids := make([]string, 2001)
	for i := range ids {
		ids[i] = "m" + strconv.Itoa(i)
	}
	return []contract{
		{Name: "full", API: "appchat/create", Body: m{"userlist": ids[:2000], "chatid": "full"}},
		{Name: "too many", API: "appchat/create", Body: m{"userlist": ids}, Want: 40032},
		{Name: "one more", API: "appchat/update", Body: m{"chatid": "full", "add_user_list": ids[2000:]}, Want: 40032},
		{Name: "too many", API: "externalcontact/add_moment_task", Body: m{"text": m{"content": "x"}, "visible_range": m{"sender_list": m{"user_list": make([]string, 100_001)}}}, Want: 40032},
	}
}

// atOnceContracts meet a call whose transaction is still to be written.
func atOnceContracts(*testing.T, *stage) []contract {
	writing := func(record string) func(*stage) {
		return func(k *stage) {
			k.Tokens[""]() // takes a token first: that writes, too
			k.s.mu.Lock()
			defer k.s.mu.Unlock()
			k.s.writes.begin(k.s, record)
		}
	}
	return []contract{
		{Name: "the same pair", API: "externalcontact/mark_tag", Before: writing(chatOf("zhao", "wm0000")), Body: m{"userid": "zhao", "external_userid": "wm0000", "add_tag": []string{"etA"}}, Want: 45035},
		{Name: "the same giver", API: "externalcontact/resigned/transfer_customer", Before: writing("resigned|old"),
			Body: m{"handover_userid": "old", "takeover_userid": "lina", "external_userid": []string{"wm0001"}}, Want: 45035},
	}
}

// ungranted are endpoints that refuse nothing of their own.
var ungranted = []string{"agent/list", "externalcontact/get_follow_user_list", "externalcontact/get_intercept_rule_list", "get_api_domain_ip", "get_jsapi_ticket", "getcallbackip", "kf/customer/get_upgrade_service_config"}

func ungrantedWorld() *World {
	w := smallWorld(1)
	w.Permissions.Revoked = ungranted
	return w
}

func ungrantedContracts(*testing.T, *stage) []contract {
	var out []contract
	for _, api := range ungranted {
		out = append(out, contract{Name: "not granted", API: api, Body: m{}, Want: 48002})
	}
	return out
}

// A sign-in in the browser is refused with words, not with JSON.
func TestSignInIsRefused(t *testing.T) {
	w := smallWorld(1)
	w.Permissions.Domains = []string{"app.test"}
	k := newStage(t, w, nil)
	good := url.Values{"appid": {testCorp}, "redirect_uri": {"http://app.test/in"}, "state": {"s"}, "scope": {"snsapi_base"}}
	if _, err := k.s.authorize(good, "staff:lina"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, value string
		want        int
	}{{"appid", "ww0", 40013}, {"agentid", "1", 40056}, {"scope", "snsapi_privateinfo", 40056}, {"redirect_uri", "/in", 50001}, {"redirect_uri", "http://other.test/in", 50001}, {"state", repeat("s", 129), 40035}} {
		q := maps.Clone(good)
		q.Set(c.name, c.value)
		_, err := k.s.authorize(q, "staff:lina")
		if ref := (*refusal)(nil); !errors.As(err, &ref) || ref.code != c.want {
			t.Errorf("%s=%s: %v, want %d", c.name, c.value, err, c.want)
		}
	}
}
