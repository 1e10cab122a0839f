package sim

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// WeCom tells of an event before all its machines know: for a moment, reading the customer or the group still shows what
// was before. With Limits.DetailLagMS the details of an entity stand still that long, in wall time, after an event about it.

// before holds what a transaction found before it changed it.
type before struct {
	groups map[string]*group           // nil = there was none
	edges  map[string]map[string]*edge // customer → member → edge
}

// note keeps what an op is about to change.
func (b *before) note(s *state, o *op) {
	if o.Chat != "" {
		if _, seen := b.groups[o.Chat]; !seen {
			b.groups[o.Chat] = s.Groups[o.Chat].clone()
		}
	}
	if o.Ext != "" && o.User != "" {
		if _, seen := b.edges[o.Ext]; !seen {
			b.edges[o.Ext] = cloneEdges(s.byExt[o.Ext])
		}
	}
}

func (g *group) clone() *group {
	if g == nil {
		return nil
	}
	out := *g
	out.Members = maps.Clone(g.Members)
	return &out
}

func cloneEdges(m map[string]*edge) map[string]*edge {
	out := make(map[string]*edge, len(m))
	for user, e := range m {
		c := *e
		c.Tags, c.Mobiles = slices.Clone(e.Tags), slices.Clone(e.Mobiles)
		out[user] = &c
	}
	return out
}

// lagging are the entities whose details stand still; the server's mu guards it.
type lagging struct {
	groups map[string]laggard[*group]
	edges  map[string]laggard[map[string]*edge]
}

type laggard[T any] struct {
	was   T
	until time.Time // wall
}

// settle lets what the transaction's events are about stand still.
func (s *Server) settle(t *transaction) {
	if t.was == nil {
		return
	}
	now := s.wall.Now()
	until := now.Add(time.Duration(s.st.World.Limits.DetailLagMS) * time.Millisecond)
	for i := range t.Ops {
		e := t.Ops[i].Event
		if e == nil {
			continue
		}
		for _, id := range []string{e.ChatID, e.External, e.About} {
			if g, known := t.was.groups[id]; known {
				keep(&s.late.groups, id, g, now, until)
			}
			if m, known := t.was.edges[id]; known {
				keep(&s.late.edges, id, m, now, until)
			}
		}
	}
}

// keep notes what was; an entity that stands still already goes on showing the older.
func keep[T any](m *map[string]laggard[T], id string, was T, now, until time.Time) {
	if *m == nil {
		*m = map[string]laggard[T]{}
	}
	maps.DeleteFunc(*m, func(_ string, l laggard[T]) bool { return !now.Before(l.until) })
	if old, still := (*m)[id]; still {
		was = old.was
	}
	(*m)[id] = laggard[T]{was, until}
}

// lagged are the APIs that read details.
var lagged = []string{"externalcontact/get", "externalcontact/batch/get_by_user", "externalcontact/groupchat/get"}

// rewind shows the endpoint what was before, as far as that still stands; the function returned puts everything back.
func (s *Server) rewind(c *call, api string) func() {
	if len(s.late.groups)+len(s.late.edges) == 0 || !slices.Contains(lagged, api) {
		return func() {}
	}
	var in struct {
		ChatID string `json:"chat_id"`
	}
	_ = json.Unmarshal(c.body, &in) // the endpoint complains itself
	now := s.wall.Now()
	var undo []func()
	for id, l := range s.late.groups {
		if id == in.ChatID && now.Before(l.until) {
			is := s.st.Groups[id]
			put(s.st.Groups, id, l.was)
			undo = append(undo, func() { put(s.st.Groups, id, is) })
		}
	}
	for ext, l := range s.late.edges {
		if now.Before(l.until) && (ext == c.q.Get("external_userid") || api == "externalcontact/batch/get_by_user") {
			is := maps.Clone(s.st.byExt[ext])
			s.st.showEdges(ext, l.was)
			undo = append(undo, func() { s.st.showEdges(ext, is) })
		}
	}
	return func() {
		for _, fn := range undo {
			fn()
		}
	}
}

func put(m map[string]*group, id string, g *group) {
	if g == nil {
		delete(m, id)
		return
	}
	m[id] = g
}

// showEdges makes a customer's edges exactly these.
func (s *state) showEdges(ext string, m map[string]*edge) {
	for user := range s.byExt[ext] {
		delete(s.Edges, edgeKey{user, ext})
		delete(s.byUser[user], ext)
	}
	delete(s.byExt, ext)
	for _, e := range m {
		s.setEdge(e)
	}
}
