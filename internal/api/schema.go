package api

import (
	"path"
	"reflect"
	"regexp"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
)

var qualified = regexp.MustCompile(`[\w./·-]+`)

// schemaName names a type in the OpenAPI document after its package and itself, since features call their types alike:
// customer.listItem is CustomerListItem, Page[customer.listItem] is PageCustomerListItem.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" || t.PkgPath() == "" {
		return huma.DefaultSchemaNamer(t, hint)
	}
	outer, args, generic := strings.Cut(t.Name(), "[")
	name := title(outer)
	if !generic || path.Base(t.PkgPath()) != "api" {
		name = title(path.Base(t.PkgPath())) + name
	}
	for _, arg := range qualified.FindAllString(args, -1) {
		pkg, typ, ok := strings.Cut(path.Base(arg), ".")
		if !ok {
			pkg, typ = "", pkg
		}
		if i := strings.IndexRune(typ, '·'); i >= 0 { // a type declared inside a function
			typ = typ[:i]
		}
		name += title(pkg) + title(typ)
	}
	return name
}

func title(s string) string {
	if s == "" {
		return ""
	}
	r := []rune(s)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}
