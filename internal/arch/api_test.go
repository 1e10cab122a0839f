package arch

import (
	"go/ast"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qunce/internal/app"
	"qunce/internal/auth"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestEveryOperationDeclaresAKnownPermission(t *testing.T) {
	apis, err := app.Described()
	if err != nil {
		t.Fatal(err)
	}
	ids, total := map[string]string{}, 0
	for name, x := range apis.ByFile() {
		for _, op := range x.Ops {
			total++
			if !auth.Known(op.Permission) {
				t.Errorf("%s %s asks for %q, which is in no role's table", op.Method, op.Path, op.Permission)
			}
			if op.Summary == "" || op.Tag == "" {
				t.Errorf("%s %s has no summary or no tag", op.Method, op.Path)
			}
			if first := ids[name+op.ID]; first != "" {
				t.Errorf("%s: two operations are called %s: %s and %s", name, op.ID, first, op.Path)
			}
			ids[name+op.ID] = op.Path
		}
	}
	if total < 40 {
		t.Fatalf("only %d operations: the test is blind", total)
	}
}

func TestOpenAPIDocumentsAreUpToDate(t *testing.T) {
	documents, err := app.Documents()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "docs", "openapi")
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if string(text) != string(documents[name]) {
			t.Errorf("docs/openapi/%s is not what the operations say (first difference in line %d): run `make generate`",
				name, firstDifference(string(text), string(documents[name])))
		}
	}
}

func firstDifference(a, b string) int {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return i + 1
		}
	}
	return min(len(x), len(y)) + 1
}

// encoding/json writes the fields of an embedded struct whose type is unexported, the OpenAPI document leaves them out:
// the client's types would then lack what the server sends. The bodies of wecom and of its simulator are
// WeCom's, and no document of ours describes them.
func TestDescribedBodiesEmbedExportedTypesOnly(t *testing.T) {
	s := load(t)
	for _, f := range s.production() {
		if f.pkg == "wecom" || strings.HasPrefix(f.pkg, "wecom/") {
			continue
		}
		ast.Inspect(f.tree, func(n ast.Node) bool {
			body, ok := n.(*ast.StructType)
			if !ok || !slices.ContainsFunc(body.Fields.List, func(x *ast.Field) bool { return x.Tag != nil && strings.Contains(x.Tag.Value, `json:"`) }) {
				return true
			}
			for _, field := range body.Fields.List {
				if name, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 0 && !ast.IsExported(name.Name) {
					t.Errorf("%s: a JSON body embeds the unexported %s, whose fields the OpenAPI document then lacks; export the type", s.at(field), name.Name)
				}
			}
			return true
		})
	}
}
