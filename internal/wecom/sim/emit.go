package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"qunce/internal/wecom/callback"
)

// emission is a documented event that nothing in the simulated world leads to: it is pushed as told, and nothing changes.
type emission struct {
	fields []emissionField // in the order of WeCom's samples
	within string          // an element around all of them
	agent  bool            // it names the app
}

type emissionField struct {
	name    string
	number  bool
	example string // what it carries unless it is given; "" = left out
}

// emissions lists them by Event/ChangeType. A rename of a member's userid (update_user with NewUserID) is none of them: the
// API would go on showing the old one, and whoever reads the truth after the event would be misled.
func emissions() map[string]emission {
	text := func(name, example string) emissionField { return emissionField{name, false, example} }
	number := func(name, example string) emissionField { return emissionField{name, true, example} }
	alert := emission{fields: []emissionField{number("EffectTime", "")}, agent: true}
	return map[string]emission{
		"inactive_alert": alert, "low_active_alert": alert, "low_active": {agent: true}, "active_restored": {agent: true},
		"batch_job_result": {within: "BatchJob", fields: []emissionField{text("JobId", "jobid_sim"), text("JobType", "sync_user"), number("ErrCode", "0"), text("ErrMsg", "ok")}},
		callback.Contact + "/update_tag": {fields: []emissionField{number("TagId", "1"), text("AddUserItems", ""), text("DelUserItems", ""),
			text("AddPartyItems", ""), text("DelPartyItems", "")}},
		"customer_acquisition/open_profile": {fields: []emissionField{text("LinkId", ""), text("State", "")}},
	}
}

// emitHands: emit (event, change_type, and fields by the names of their elements); app_close and app_reopen, which WeCom does
// to an app that nobody used.
func emitHands() map[string]hand {
	return map[string]hand{"emit": handed((*Server).emit), "app_close": closeApp("close_inactive_agent", true), "app_reopen": closeApp("reopen_inactive_agent", false)}
}

type emitAct struct {
	Event  string          `json:"event"` // also Event/ChangeType
	Change string          `json:"change_type"`
	Fields json.RawMessage `json:"fields"`
}

func (s *Server) emit(t *transaction, v emitAct) (fields, error) {
	all, name := emissions(), v.Event
	if v.Change != "" {
		name += "/" + v.Change
	}
	e, ok := all[name]
	if !ok {
		return nil, dead("不能直接推送这个事件；可用：" + strings.Join(sortedKeys(all), "、") + "。别的事件由对应的动作引起")
	}
	given := map[string]any{}
	if len(v.Fields) > 0 {
		d := json.NewDecoder(bytes.NewReader(v.Fields))
		d.UseNumber()
		if d.Decode(&given) != nil {
			return nil, dead("fields 要是一个 JSON 对象")
		}
	}
	event, change, _ := strings.Cut(name, "/")
	x := new(inner)
	switch {
	case event == callback.Contact:
		x.bare("ChangeType", change)
	case change != "":
		x.text("ChangeType", change)
	}
	if e.agent {
		x.number("AgentID", int64(s.opt.AgentID))
	}
	var problem error
	write := func(x *inner) {
		for _, f := range e.fields {
			value := f.value(t.At, given[f.name])
			delete(given, f.name)
			n, err := strconv.ParseInt(value, 10, 64)
			switch {
			case value == "":
			case !f.number:
				x.text(f.name, value)
			case err != nil:
				problem = dead(f.name + " 要是整数")
			default:
				x.number(f.name, n)
			}
		}
	}
	if e.within != "" {
		x.nest(e.within, write)
	} else {
		write(x)
	}
	if len(given) > 0 {
		return nil, dead(name + " 没有这些字段：" + strings.Join(sortedKeys(given), "、"))
	}
	if problem != nil {
		return nil, problem
	}
	t.callback(eventOf(event, x))
	return nil, nil
}

func eventOf(name string, x *inner) event {
	return event{Event: name, Inner: x.String(), About: "emit|" + name}
}

// value is what was given, or else the example; an alert takes effect in a week.
func (f emissionField) value(at int64, given any) string {
	switch {
	case given != nil:
		return fmt.Sprint(given)
	case f.name == "EffectTime":
		return strconv.FormatInt(at/1000+7*24*3600, 10)
	}
	return f.example
}

// emissionNames lists what can be emitted, each with the names of its fields, for the control page.
func emissionNames() map[string][]string {
	out := map[string][]string{}
	for name, e := range emissions() {
		out[name] = []string{}
		for _, f := range e.fields {
			out[name] = append(out[name], f.name)
		}
	}
	return out
}

// closeApp disables the app, or enables it again, and says so.
func closeApp(name string, disabled bool) hand {
	return handed(func(s *Server, t *transaction, _ struct{}) (fields, error) {
		p := s.st.World.Permissions
		if p.Disabled == disabled {
			return nil, dead("应用已经是这个状态")
		}
		p.Disabled = disabled
		t.change(op{K: opPermissions}, p)
		s.appEvent(t, "", name, new(inner))
		return nil, nil
	})
}
