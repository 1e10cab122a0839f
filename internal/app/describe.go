package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"

	"qunce/internal/api"
	"qunce/internal/auth"
	"qunce/internal/clock"
	"qunce/internal/corp"
	"qunce/internal/i18n"
)

// Described are all operations of all audiences without a database behind them: to be looked at, not to be called.
func Described() (APIs, error) {
	catalog, err := i18n.Load()
	if err != nil {
		return APIs{}, err
	}
	a := &App{Log: slog.New(slog.DiscardHandler), Wall: clock.Wall(), Catalog: catalog}
	users := auth.New(auth.Deps{Wall: a.Wall, Log: a.Log, Catalog: catalog})
	return a.Describe(corp.Unconnected(catalog), users, nil, nil), nil
}

// ByFile names each audience's operations like the file of its document.
func (x APIs) ByFile() map[string]*api.API {
	return map[string]*api.API{"console.json": x.Console, "staff.json": x.Staff, "h5.json": x.Customer}
}

// Documents are the OpenAPI 3.1 documents by the name of their file: console.json, staff.json and h5.json, indented, so
// that a change shows as the lines that changed.
func Documents() (map[string][]byte, error) {
	apis, err := Described()
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name, x := range apis.ByFile() {
		raw, err := x.Spec()
		if err != nil {
			return nil, fmt.Errorf("describe %s: %w", name, err)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			return nil, fmt.Errorf("describe %s: %w", name, err)
		}
		b.WriteByte('\n')
		out[name] = b.Bytes()
	}
	return out, nil
}
