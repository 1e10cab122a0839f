// Package metric is the dictionary of the numbers that pages show: one definition, one id, everywhere. It holds what a
// number means (Definition) and the shape in which it travels (Value); it computes nothing from tables.
//
// Invariants: a Value exists only for an id of the dictionary and carries that definition's version and unit, so that a
// page cannot show a number without a meaning. Unknown is not zero: a Value without a number says in State why. A rate
// always carries numerator and denominator, and below 30 cases the range in which it plausibly lies (Wilson, 95 %).
package metric

import (
	"math"

	"qunce/internal/i18n"
)

// ID names a metric; the ids stand in dictionary.go.
type ID string

// Unit says how a value reads.
type Unit string

// The units. A ratio is 0..1 (or above, for rates per something), money is in fen.
const (
	Count   Unit = "count"
	Ratio   Unit = "ratio"
	Seconds Unit = "seconds"
	Fen     Unit = "fen"
)

// State says how far a value can be trusted.
type State string

// The states. Missing: the source has delivered nothing. NotPermitted: WeCom or the reader's role does not show it.
const (
	Complete     State = "complete"
	Partial      State = "partial"
	Missing      State = "missing"
	NotPermitted State = "not_permitted"
)

// Definition says what a number means. A changed formula gets a new Version.
type Definition struct {
	ID      ID     `json:"id"`
	Version int    `json:"version"`
	NameZh  string `json:"name_zh"`
	NameEn  string `json:"name_en"`
	Unit    Unit   `json:"unit"`
	Formula string `json:"formula"`
	Window  string `json:"window"` // which span of time counts
	Key     string `json:"key"`    // what is counted once
	Source  string `json:"source"` // where the facts come from, and who proves them
	Pitfall string `json:"pitfall"`
}

// Value is one number of a page: the tile of the API. Value is nil when it is not known. Numerator and Denominator are
// set for ratios, Low and High for ratios with fewer than MinSample cases. Params holds what belongs to the number,
// such as "p50_ms".
type Value struct {
	ID          ID                 `json:"id"`
	Version     int                `json:"version"`
	Value       *float64           `json:"value"`
	State       State              `json:"state"`
	Unit        Unit               `json:"unit"`
	Numerator   *int64             `json:"numerator,omitempty"`
	Denominator *int64             `json:"denominator,omitempty"`
	Low         *float64           `json:"low,omitempty"`
	High        *float64           `json:"high,omitempty"`
	Params      map[string]float64 `json:"params,omitempty"`
	NoteCode    Note               `json:"note_code,omitempty"`
	Note        string             `json:"note"`
}

// MinSample is the denominator from which a rate stands without its range.
const MinSample = 30

// Of is a plain number of the metric's unit: a count, fen, or seconds.
func Of(id ID, n int64) Value {
	v := blank(id, Complete)
	x := float64(n)
	v.Value = &x
	return v
}

// Rate is numerator ÷ denominator. With nothing to divide by it has no value and says so; it is then still complete.
func Rate(id ID, numerator, denominator int64) Value {
	v := blank(id, Complete)
	v.Numerator, v.Denominator = &numerator, &denominator
	if denominator <= 0 {
		return v.noted(NoCases)
	}
	x := float64(numerator) / float64(denominator)
	v.Value = &x
	if denominator < MinSample && numerator >= 0 && numerator <= denominator {
		low, high := Wilson(numerator, denominator)
		v.Low, v.High = &low, &high
		return v.noted(SmallSample)
	}
	return v
}

// Unknown is a metric whose number is not known; note says why.
func Unknown(id ID, note Note) Value { return blank(id, Missing).noted(note) }

// Hidden is a metric that may not be shown; note says why.
func Hidden(id ID, note Note) Value { return blank(id, NotPermitted).noted(note) }

// AsPartial marks a number that later data may change or complete.
func (v Value) AsPartial(note Note) Value {
	v.State = Partial
	return v.noted(note)
}

// With adds a parameter that belongs to the number.
func (v Value) With(name string, x float64) Value {
	params := make(map[string]float64, len(v.Params)+1)
	for k, old := range v.Params {
		params[k] = old
	}
	params[name] = x
	v.Params = params
	return v
}

// In puts the note into a language.
func (v Value) In(lang i18n.Lang) Value {
	v.Note = v.NoteCode.Sentence(lang)
	return v
}

func (v Value) noted(n Note) Value {
	v.NoteCode = n
	return v.In(i18n.Chinese)
}

// blank panics on an id that is not in the dictionary: a number without a definition is a mistake in the program.
func blank(id ID, s State) Value {
	d, ok := Get(id)
	if !ok {
		panic("metric: " + string(id) + " is not in the dictionary")
	}
	return Value{ID: id, Version: d.Version, Unit: d.Unit, State: s}
}

// Wilson is the 95 % score interval of a share of n cases, within 0..1. It holds for small n and for shares near 0 and
// 1, where the usual interval breaks down. n must be positive.
func Wilson(hits, n int64) (low, high float64) {
	const z = 1.959963984540054
	total, p := float64(n), float64(hits)/float64(n)
	middle := p + z*z/(2*total)
	spread := z * math.Sqrt(p*(1-p)/total+z*z/(4*total*total))
	scale := 1 + z*z/total
	return max(0, (middle-spread)/scale), min(1, (middle+spread)/scale)
}
