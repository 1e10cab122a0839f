package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// hand does at the present instant what somebody does in the client or in the administrator's console; unlike the same
// through the API, it calls back. body is the whole request; the answer is whatever is worth telling. An error's text is
// shown to whoever acted, in Chinese.
type hand func(s *Server, t *transaction, body json.RawMessage) (fields, error)

// byHands lists what can be done by hand, of all areas.
func byHands() map[string]hand { return joined(func(a area) map[string]hand { return a.hands }) }

// actHand is something done by hand at a planned time: Msg is its kind, Text its body.
const actHand = "hand"

// plannedHand makes the act of a plan that is done by hand; Body is the act's own fields unless it is given.
func plannedHand(a Act) *act {
	body := a.Body
	if len(body) == 0 {
		body, _ = json.Marshal(a) // our own type always encodes
	}
	return &act{At: a.At.UnixMilli(), Kind: actHand, Msg: a.Kind, Text: string(body)}
}

// doByHand is the deed of actHand. What turns out impossible by then is only noted.
func (s *Server) doByHand(t *transaction, a *act) {
	if _, err := byHands()[a.Msg](s, t, json.RawMessage(a.Text)); err != nil {
		s.say("planned %s: %v", a.Msg, err)
	}
}

// serveHand: POST /sim/act {"kind": …, and what the kind takes} → {"ok": true, …}; 404 for an unknown kind, 409 when it
// cannot be done.
func (s *Server) serveHand(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var in struct {
		Kind string `json:"kind"`
	}
	if err != nil || json.Unmarshal(body, &in) != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", "请求不是合法的 JSON"})
		return
	}
	all := byHands()
	fn := all[in.Kind]
	if fn == nil {
		answer(w, http.StatusNotFound, problem{"sim.bad_kind", "不认识的动作；可用：" + strings.Join(sortedKeys(all), "、")})
		return
	}
	var out fields
	n := s.transact(func(t *transaction) { out, err = fn(s, t, body) })
	if !s.settled(w, n) {
		return
	}
	if err != nil {
		answer(w, http.StatusConflict, problem{"sim.cannot", err.Error()})
		return
	}
	if out == nil {
		out = fields{}
	}
	out["ok"] = true
	answer(w, http.StatusOK, out)
}

// handed reads the body into v and then does it.
func handed[T any](fn func(s *Server, t *transaction, v T) (fields, error)) hand {
	return func(s *Server, t *transaction, body json.RawMessage) (fields, error) {
		var v T
		if err := json.Unmarshal(body, &v); err != nil {
			return nil, dead("字段类型不对：" + err.Error())
		}
		return fn(s, t, v)
	}
}
