package doctor

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"qunce/internal/i18n"
)

//go:embed text.zh-CN.json text.en.json
var texts embed.FS

// Words holds the sentences of the checks in both languages. A check has a title, and for every ending a sentence that
// says what was found and, where something is to be done, one that says what.
type Words struct {
	catalog *i18n.Catalog
	texts   map[i18n.Lang]map[string]string
}

// NewWords reads the embedded sentences; catalog has those of WeCom's errors.
func NewWords(catalog *i18n.Catalog) *Words {
	w := &Words{catalog: catalog, texts: map[i18n.Lang]map[string]string{}}
	for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
		raw, err := texts.ReadFile("text." + string(lang) + ".json")
		m := map[string]string{}
		if err == nil {
			err = json.Unmarshal(raw, &m)
		}
		if err != nil {
			panic(err) // the file is part of the binary
		}
		w.texts[lang] = m
	}
	return w
}

// View is a finding in words.
type View struct {
	ID        string     `json:"id"`
	Area      Area       `json:"area" enum:"wecom,callback,server"`
	State     State      `json:"state" enum:"ok,warn,fail,unknown,skipped"`
	Title     string     `json:"title"`
	Found     string     `json:"found" doc:"what was found, with figures"`
	Fix       string     `json:"fix" doc:"what to do next; empty when there is nothing to do"`
	Says      string     `json:"says" doc:"the finding's name, for programs"`
	Facts     Facts      `json:"facts"`
	Doc       string     `json:"doc" doc:"where the manual says more"`
	TookMS    int64      `json:"took_ms"`
	CheckedAt *time.Time `json:"checked_at,omitempty"`
	Since     *time.Time `json:"since,omitempty" doc:"when the check first ended in this state"`
	FromSetup bool       `json:"from_setup,omitempty" doc:"it failed when the initial setup was finished, and never passed since"`
}

// Title is the name of a check.
func (w *Words) Title(lang i18n.Lang, id string) string { return w.texts[lang][id] }

// View puts a finding into words.
func (w *Words) View(lang i18n.Lang, f Finding) View {
	v := View{ID: f.Check, Area: f.Area, State: f.State, Says: f.Says, Facts: f.Facts, Doc: "docs/operating.md#doctor-" + strings.ReplaceAll(f.Check, "_", "-"),
		TookMS: f.Took.Milliseconds(), Title: w.Title(lang, f.Check)}
	if v.Facts == nil {
		v.Facts = Facts{}
	}
	v.Found = w.sentence(lang, f, "")
	v.Fix = w.sentence(lang, f, ".fix")
	return v
}

// Views puts findings into words.
func (w *Words) Views(lang i18n.Lang, list []Finding) []View {
	out := make([]View, len(list))
	for i, f := range list {
		out[i] = w.View(lang, f)
	}
	return out
}

// sentence is the check's own for this ending, else the one that all checks share.
func (w *Words) sentence(lang i18n.Lang, f Finding, part string) string {
	s, ok := w.texts[lang][f.Check+"."+f.Says+part]
	if !ok {
		if _, own := w.texts[lang][f.Check+"."+f.Says]; !own {
			s = w.texts[lang]["any."+f.Says+part]
		}
	}
	if strings.Contains(s, "{sentence}") {
		s = strings.ReplaceAll(s, "{sentence}", w.explain(lang, f.Facts))
	}
	for _, k := range slices.Sorted(maps.Keys(f.Facts)) {
		s = strings.ReplaceAll(s, "{"+k+"}", number(f.Facts[k]))
	}
	return s
}

// explain is the sentence for the error in the facts.
func (w *Words) explain(lang i18n.Lang, f Facts) string {
	code := sentenceOf(f)
	if code == "" {
		return ""
	}
	params := map[string]any(f)
	if _, known := w.catalog.Codes(lang)[code]; !known && strings.HasPrefix(code, "wecom.") {
		code = "wecom.other"
	}
	return w.catalog.Error(lang, code, params)
}

// number writes a fact; whole numbers come out of the database as floats.
func number(v any) string {
	if n, ok := v.(float64); ok && n == float64(int64(n)) {
		return fmt.Sprint(int64(n))
	}
	return fmt.Sprint(v)
}
