package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"qunce/internal/app"
)

// openAPI writes the documents of the three audiences; a file that says the same already is not touched.
func openAPI(_ context.Context, args []string) error {
	fs := flag.NewFlagSet("openapi", flag.ContinueOnError)
	dir := fs.String("dir", filepath.Join("docs", "openapi"), "写到哪个文件夹 folder to write to")
	if err := fs.Parse(args); err != nil {
		return usageError(err)
	}
	documents, err := app.Documents()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(*dir, 0o755); err != nil { //nolint:gosec // documents are for everybody
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		path := filepath.Join(*dir, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, documents[name]) { //nolint:gosec // the caller's own folder
			continue
		}
		if err := os.WriteFile(path, documents[name], 0o644); err != nil { //nolint:gosec // as above
			return err
		}
		fmt.Println(path)
	}
	return nil
}
