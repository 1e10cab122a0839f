package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// area is one part of the API in files of its own: its endpoints, the changes of its part of the state, the deeds its
// people do later, and its own addresses. Its part of the state is a field of state with exported fields.
type area struct {
	endpoints map[string]endpoint
	changes   map[string]change
	deeds     map[string]deed
	hands     map[string]hand                     // by hand, through POST /sim/act and plans
	routes    func(s *Server, mux *http.ServeMux) // may be nil
	day       deed                                // once a day, in the morning; may be nil
}

// change applies an op of an area; like state.apply it draws nothing and reads no clock.
type change func(s *state, at int64, o *op) error

// deed does what an act of an area says, in the transaction t.
type deed func(s *Server, t *transaction, a *act)

// areas lists the parts of the API that have files of their own.
func areas() []area {
	return slices.Concat(corpAreas(), dealingAreas(), talkAreas())
}

// changing makes a change from a function that takes the op's body.
func changing[T any](fn func(s *state, at int64, o *op, v T)) change {
	return func(s *state, at int64, o *op) error {
		var v T
		if err := json.Unmarshal(o.Body, &v); err != nil {
			return fmt.Errorf("sim: body of op %s: %w", o.K, err)
		}
		fn(s, at, o, v)
		return nil
	}
}

// change does an area's op whose body is v.
func (t *transaction) change(o op, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types always encode
	}
	o.Body = b
	t.do(o)
}

// joinEndpoints is the whole API by path.
func joinEndpoints() map[string]endpoint {
	out := joined(func(a area) map[string]endpoint { return a.endpoints })
	for k, e := range endpoints() {
		out[k] = e
	}
	return out
}

func joined[V any](of func(area) map[string]V) map[string]V {
	out := map[string]V{}
	for _, a := range areas() {
		for k, v := range of(a) {
			if _, twice := out[k]; twice {
				panic("sim: two areas have " + k)
			}
			out[k] = v
		}
	}
	return out
}

// get and post say how an endpoint is called.
func get(fn func(*call) (fields, error)) endpoint  { return endpoint{method: http.MethodGet, fn: fn} }
func post(fn func(*call) (fields, error)) endpoint { return endpoint{method: http.MethodPost, fn: fn} }

// inner builds what an event of an area carries besides the envelope's first five elements.
type inner struct{ b strings.Builder }

func (x *inner) text(name, v string) *inner {
	x.b.WriteString("<" + name + "><![CDATA[" + strings.ReplaceAll(v, "]]>", "") + "]]></" + name + ">")
	return x
}

func (x *inner) optional(name, v string) *inner {
	if v == "" {
		return x
	}
	return x.text(name, v)
}

func (x *inner) number(name string, v int64) *inner {
	x.b.WriteString("<" + name + ">" + strconv.FormatInt(v, 10) + "</" + name + ">")
	return x
}

// bare writes a value without CDATA, as WeCom does for the change types of contacts.
func (x *inner) bare(name, v string) *inner {
	x.b.WriteString("<" + name + ">" + strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(v) + "</" + name + ">")
	return x
}

func (x *inner) nest(name string, fn func(*inner)) *inner {
	x.b.WriteString("<" + name + ">")
	fn(x)
	x.b.WriteString("</" + name + ">")
	return x
}

func (x *inner) String() string { return x.b.String() }

// Areas' own addresses, for the server's mux.
func (s *Server) areaRoutes(mux *http.ServeMux) {
	for _, a := range areas() {
		if a.routes != nil {
			a.routes(s, mux)
		}
	}
}

// everyDay lets the areas do what they do once a day.
func (s *Server) everyDay(t *transaction, a *act) {
	for _, x := range areas() {
		if x.day != nil {
			x.day(s, t, a)
		}
	}
}

// APIs lists the paths that are answered, sorted.
func APIs() []string {
	out := []string{"gettoken"}
	for name := range joinEndpoints() {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
