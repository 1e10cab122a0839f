package doctor

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"qunce/internal/i18n"
)

// endings finds, in the source, how every check can end: the constant first arguments of fine, warn, fail, unknown and
// skipped inside the function of a check, and those of the functions that checks share under "any".
func endings(t *testing.T) map[string][]string {
	t.Helper()
	methods := map[string]string{"secret": "secret", "trustedIP": "trusted_ip", "agentCheck": "agent", "visibleRange": "range", "whitelist": "whitelist",
		"seatsCheck": "seats", "domain": "domain", "contactsSecret": "contacts_secret", "archiveSecret": "archive_secret", "syncCheck": "sync", "welcome": "welcome",
		"archiveCheck": "archive", "statisticCheck": "statistics",
		"publicURL": "public_url", "callbackURL": "callback_url", "callbackGuard": "callback_guard", "callbackIPs": "callback_ips", "callbackSeen": "callback_seen",
		"callbackEvents": "callback_events", "database": "database", "schema": "schema", "extensions": "extensions", "fsync": "fsync", "connections": "connections",
		"binaries": "binaries", "disk": "disk", "secretKey": "secret_key", "clockCheck": "clock", "worker": "worker", "queues": "queues", "jobs": "jobs"}
	if len(methods) != len(IDs()) {
		t.Fatalf("%d functions of %d checks are known here", len(methods), len(IDs()))
	}
	out := map[string][]string{}
	files, err := parser.ParseDir(token.NewFileSet(), ".", nil, 0) //nolint:staticcheck // one folder of one package
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range files["doctor"].Files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			check := "any"
			if id := methods[fn.Name.Name]; id != "" && fn.Recv != nil {
				check = id
			}
			switch fn.Name.Name { // parts of one check
			case "secretRefused":
				check = "archive_secret"
			case "callbackWay":
				check = "callback_url"
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				made, ok := call.Fun.(*ast.Ident)
				if !ok || !slices.Contains([]string{"fine", "warn", "fail", "unknown", "skipped"}, made.Name) {
					return true
				}
				if lit, ok := call.Args[0].(*ast.BasicLit); ok {
					says, _ := strconv.Unquote(lit.Value)
					out[check] = append(out[check], made.Name+" "+says)
				}
				return true
			})
		}
	}
	return out
}

var open = regexp.MustCompile(`\{([a-z_]+)\}`)

func TestEveryEndingHasItsWords(t *testing.T) {
	w := words(t)
	all := endings(t)
	n := 0
	for check, list := range all {
		for _, e := range list {
			n++
			kind, says, _ := strings.Cut(e, " ")
			for lang, m := range w.texts {
				_, own := m[check+"."+says]
				_, shared := m["any."+says]
				if !own && !shared {
					t.Errorf("%s: %s ends as %q and has no sentence", lang, check, says)
				}
				needs := kind == "warn" || kind == "fail"
				if needs && m[check+"."+says+".fix"] == "" && m["any."+says+".fix"] == "" {
					t.Errorf("%s: %s ends as %q and does not say what to do", lang, check, says)
				}
			}
		}
	}
	if n < 100 {
		t.Fatalf("only %d endings found: the test is blind", n)
	}
}

func TestWordsFitEachOther(t *testing.T) {
	w := words(t)
	zh, en := w.texts[i18n.Chinese], w.texts[i18n.English]
	for key, a := range zh {
		b, there := en[key]
		if !there {
			t.Errorf("%s has no English words", key)
			continue
		}
		if x, y := blanks(a), blanks(b); x != y {
			t.Errorf("%s: the Chinese sentence uses {%s}, the English one {%s}", key, x, y)
		}
	}
	for key := range en {
		if _, there := zh[key]; !there {
			t.Errorf("%s has no Chinese words", key)
		}
	}
	for _, id := range IDs() {
		if zh[id] == "" {
			t.Errorf("%s has no title", id)
		}
	}
}

func blanks(s string) string {
	var out []string
	for _, m := range open.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// Figures come back from the database as they went in.
func TestFactsSurviveTheDatabase(t *testing.T) {
	w := words(t)
	f := Finding{Check: "seats", State: Warn, Says: "without", Facts: Facts{"seats": 1234567, "count": 2, "names": "李娜、王强"}}
	raw, err := json.Marshal(f.Facts)
	if err != nil {
		t.Fatal(err)
	}
	back := f
	back.Facts = nil
	if err := json.Unmarshal(raw, &back.Facts); err != nil {
		t.Fatal(err)
	}
	if a, b := w.View(i18n.Chinese, f).Found, w.View(i18n.Chinese, back).Found; a != b || !strings.Contains(a, "1234567") {
		t.Errorf("%q became %q", a, b)
	}
	refusal := Finding{Check: "agent", State: Fail, Says: "refused", Facts: Facts{"errcode": float64(301007), "api": "/cgi-bin/agent/get"}}
	if got := w.View(i18n.English, refusal); !strings.Contains(got.Found, "301007") || strings.Contains(got.Found, "{") || !strings.Contains(got.Fix, "e=301007") {
		t.Errorf("%+v", got)
	}
}
