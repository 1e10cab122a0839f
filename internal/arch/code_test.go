package arch

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"qunce/internal/config"
	"qunce/internal/i18n"
	"qunce/internal/wecom"
)

// codeForm is what an error code looks like: feature.what_is_wrong.
var codeForm = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z0-9_]+)+$`)

// dynamic are the beginnings of codes that are put together while running; listedCodes has them whole.
var dynamic = []string{"config.bad_value.", "wecom."}

// listedCodes are the codes that a package builds from a list.
func listedCodes() map[string]string {
	out := map[string]string{"internal": "internal/errs"}
	for _, code := range wecom.SentenceCodes() {
		out[code] = "internal/wecom"
	}
	for _, key := range config.Keys() {
		out["config.bad_value."+key.Name] = "internal/config"
	}
	return out
}

// usedCodes finds the error codes in the sources, each with the first place. A code is a string constant that stands as
// the code of errs.E, as a field Code or code of a composite literal, as the argument of a parameter called code, or that
// is assigned to a variable called code.
func usedCodes(s source, files []file) map[string]string {
	consts, params := map[string]map[string]string{}, map[string][]int{}
	for _, f := range files {
		if consts[f.pkg] == nil {
			consts[f.pkg] = map[string]string{}
		}
		collect(f, consts[f.pkg], params)
	}
	out := map[string]string{}
	for _, f := range files {
		found := func(x ast.Expr) {
			text, ok := constant(x, consts[f.pkg])
			if ok && codeForm.MatchString(text) && !slices.Contains(dynamic, text) {
				if _, known := out[text]; !known {
					out[text] = s.at(x)
				}
			}
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(key.Name, "code") {
					found(n.Value)
				}
			case *ast.AssignStmt:
				for i, x := range n.Lhs {
					if name, ok := x.(*ast.Ident); ok && name.Name == "code" && len(n.Lhs) == len(n.Rhs) {
						found(n.Rhs[i])
					}
				}
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && is(sel, "errs", "E") && len(n.Args) > 1 {
					found(n.Args[1])
				}
				for _, i := range params[scoped(f.pkg, callee(n))] {
					if i < len(n.Args) {
						found(n.Args[i])
					}
				}
			}
			return true
		})
	}
	return out
}

// collect notes the string constants of a file, and which argument of which function is a parameter called code.
func collect(f file, consts map[string]string, params map[string][]int) {
	note := func(name string, list *ast.FieldList) {
		i := 0
		for _, field := range list.List {
			for _, p := range field.Names {
				if p.Name == "code" {
					params[scoped(f.pkg, name)] = append(params[scoped(f.pkg, name)], i)
				}
				i++
			}
			if len(field.Names) == 0 {
				i++
			}
		}
	}
	ast.Inspect(f.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			note(n.Name.Name, n.Type.Params)
		case *ast.AssignStmt:
			for i, x := range n.Rhs {
				if fn, ok := x.(*ast.FuncLit); ok && i < len(n.Lhs) {
					if name, ok := n.Lhs[i].(*ast.Ident); ok {
						note(name.Name, fn.Type.Params)
					}
				}
			}
		case *ast.GenDecl:
			if n.Tok != token.CONST {
				break
			}
			for _, spec := range n.Specs {
				v := spec.(*ast.ValueSpec)
				for i, name := range v.Names {
					if i < len(v.Values) {
						if text, ok := constant(v.Values[i], nil); ok {
							consts[name.Name] = text
						}
					}
				}
			}
		}
		return true
	})
}

// scoped is a function's name as callers know it: an unexported one is known in its own package alone.
func scoped(pkg, name string) string {
	if ast.IsExported(name) {
		return name
	}
	return pkg + "." + name
}

func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// constant is the text of a string literal or constant; of a sum, its constant beginning.
func constant(x ast.Expr, consts map[string]string) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		if x.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(x.Value)
		return text, err == nil
	case *ast.Ident:
		text, ok := consts[x.Name]
		return text, ok
	case *ast.BinaryExpr:
		return constant(x.X, consts)
	}
	return "", false
}

func TestEveryErrorCodeHasASentence(t *testing.T) {
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := load(t)
	used := usedCodes(s, s.production())
	if len(used) < 50 {
		t.Fatalf("only %d codes found: the test is blind", len(used))
	}
	maps.Copy(used, listedCodes())
	for _, code := range sorted(used) {
		for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
			if strings.TrimSpace(catalog.Codes(lang)[code]) == "" {
				t.Errorf("%s: %s has no sentence in internal/i18n/errors.%s.json", used[code], code, lang)
			}
		}
	}
}

func TestSentencesFitEachOther(t *testing.T) {
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	zh, en := catalog.Codes(i18n.Chinese), catalog.Codes(i18n.English)
	for _, code := range sorted(zh) {
		if a, b := placeholders(zh[code]), placeholders(en[code]); en[code] != "" && a != b {
			t.Errorf("%s: the Chinese sentence uses {%s}, the English one {%s}", code, a, b)
		}
		if _, there := en[code]; !there {
			t.Errorf("%s has no English sentence", code)
		}
	}
	for _, code := range sorted(en) {
		if _, there := zh[code]; !there {
			t.Errorf("%s has no Chinese sentence", code)
		}
	}
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

func placeholders(sentence string) string {
	set := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(sentence, -1) {
		set[m[1]] = true
	}
	return strings.Join(sorted(set), " ")
}
