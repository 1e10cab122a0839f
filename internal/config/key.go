package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Key is one setting as documented.
type Key struct {
	Name    string // in the file
	Env     string // as a variable
	Default string // as text; "" = empty
	Doc     string
}

// Keys lists all settings in the order of Config.
func Keys() []Key {
	t := reflect.TypeFor[Config]()
	out := make([]Key, 0, t.NumField())
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		out = append(out, Key{Name: tag.Get("toml"), Env: envPrefix + tag.Get("env"), Default: tag.Get("default"), Doc: tag.Get("doc")})
	}
	return out
}

func fileKeys() map[string]Key {
	out := map[string]Key{}
	for _, k := range Keys() {
		out[k.Name] = k
	}
	return out
}

func variables() map[string]Key {
	out := map[string]Key{}
	for _, k := range Keys() {
		out[k.Env] = k
	}
	return out
}

// nearest is the known name that takes the fewest changes of a letter; case and the hyphen do not count, and a name that
// is a part of a known one is one change away.
func nearest(name string, known map[string]Key) string {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) }
	best, least := "", -1
	for _, k := range slices.Sorted(maps.Keys(known)) {
		d := distance(plain(name), plain(k))
		if len(name) > 3 && strings.Contains(plain(k), plain(name)) {
			d = min(d, 1)
		}
		if least < 0 || d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the insertions, deletions and replacements that turn a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}
