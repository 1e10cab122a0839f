// Package i18n turns codes into sentences for people, in Chinese (default) and English. Errors cross the code base as
// codes with parameters; only the edges, pages and exports call Error. A code without a sentence is a failing test.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

// Lang is a supported language.
type Lang string

// The languages.
const (
	Chinese Lang = "zh-CN"
	English Lang = "en"
)

// Of picks the language of an Accept-Language header; Chinese when nothing fits.
func Of(header string) Lang {
	for _, part := range strings.Split(header, ",") {
		tag := strings.ToLower(strings.TrimSpace(strings.SplitN(part, ";", 2)[0]))
		switch {
		case strings.HasPrefix(tag, "zh"):
			return Chinese
		case strings.HasPrefix(tag, "en"):
			return English
		}
	}
	return Chinese
}

//go:embed errors.zh-CN.json errors.en.json
var files embed.FS

// Catalog holds the sentences of both languages.
type Catalog struct{ sentences map[Lang]map[string]string }

// Load reads the embedded sentences.
func Load() (*Catalog, error) {
	c := &Catalog{sentences: map[Lang]map[string]string{}}
	for _, lang := range []Lang{Chinese, English} {
		raw, err := files.ReadFile("errors." + string(lang) + ".json")
		if err != nil {
			return nil, err
		}
		var m map[string]string
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, fmt.Errorf("sentences of %s: %w", lang, err)
		}
		c.sentences[lang] = m
	}
	return c, nil
}

// Error is the sentence of an error code, with {name} replaced by the parameters. An unknown code falls back to the part
// before its last dot, then to the general sentence.
func (c *Catalog) Error(lang Lang, code string, params map[string]any) string {
	m := c.sentences[lang]
	s, ok := m[code]
	for cut := code; !ok; {
		i := strings.LastIndexByte(cut, '.')
		if i < 0 {
			s = m["internal"]
			break
		}
		cut = cut[:i]
		s, ok = m[cut]
	}
	for k, v := range params {
		s = strings.ReplaceAll(s, "{"+k+"}", fmt.Sprint(v))
	}
	return s
}

// Codes lists the codes of a language, for tests.
func (c *Catalog) Codes(lang Lang) map[string]string { return c.sentences[lang] }
