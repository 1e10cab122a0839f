package api

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"qunce/internal/errs"
)

// Page is one page of a list. Next is empty on the last page.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// PageInput is embedded in the input of every list.
type PageInput struct {
	Cursor string `query:"cursor" doc:"opaque; from the last page's next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// Mark is where a page ended: the sort value as text or time, and the id that breaks ties.
type Mark struct {
	At   time.Time `json:"a,omitzero"`
	Text string    `json:"t,omitempty"`
	ID   int64     `json:"i"`
}

// Mark decodes the cursor; ok is false on the first page.
func (p PageInput) Mark() (m Mark, ok bool, err error) {
	if p.Cursor == "" {
		return Mark{}, false, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		return Mark{}, false, errs.E(errs.Invalid, "page.bad_cursor", "bad cursor").On("cursor")
	}
	return m, true, nil
}

// Cursor is how a mark travels.
func (m Mark) Cursor() string {
	raw, _ := json.Marshal(m)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Paged makes a page of rows that were read with one more than limit; mark says where a row stands.
func Paged[T any](rows []T, limit int, mark func(T) Mark) Page[T] {
	p := Page[T]{Items: rows}
	if p.Items == nil {
		p.Items = []T{}
	}
	if len(rows) > limit {
		p.Items = rows[:limit]
		p.Next = mark(rows[limit-1]).Cursor()
	}
	return p
}
