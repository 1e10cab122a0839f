package corp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"qunce/internal/api"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/inbox"
	"qunce/internal/livecode"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/task"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// storyLimit bounds each chapter of a callback's story.
const storyLimit = 200

// Decision is something a feature decided because of a callback. Topic and Outcome are codes; Reason is one of the topic's
// reasons, or an error code. Times are the corp's.
type Decision struct {
	At       time.Time      `json:"at"`
	Topic    string         `json:"topic" enum:"touch,welcome,attribution"`
	Outcome  string         `json:"outcome"`
	Reason   *string        `json:"reason"`
	Params   map[string]any `json:"params"`
	Customer *Ref           `json:"customer"`
	Group    *Ref           `json:"group"`
	Staff    *Ref           `json:"staff"`
	Code     *Ref           `json:"code"`
}

// Effect is something that happened because of a callback, as the features published it.
type Effect struct {
	ID       int64          `json:"id"`
	At       time.Time      `json:"at"`
	Kind     string         `json:"kind"`
	Actor    string         `json:"actor"`
	Place    string         `json:"place"`
	Params   map[string]any `json:"params"`
	Customer *Ref           `json:"customer"`
	Group    *Ref           `json:"group"`
}

// FollowUp is a staff task that a callback led to.
type FollowUp struct {
	ID    int64      `json:"id"`
	Kind  task.Kind  `json:"kind"`
	Title string     `json:"title"`
	State task.State `json:"state"`
	DueAt time.Time  `json:"due_at"`
	Staff *Ref       `json:"staff"`
}

// made is a call that a callback led to, with the sentence of what went wrong.
type made struct {
	outbox.Made
	Error *string `json:"error"`
}

// Asked is what was asked of WeCom to handle a callback. Text says what WeCom's refusal means.
type Asked struct {
	inbox.Read
	Text string `json:"text"`
}

// CallbackStory is a callback with all that came of it.
type CallbackStory struct {
	Callback
	Body      string     `json:"body" doc:"the decrypted XML"`
	Decisions []Decision `json:"decisions"`
	Reads     []Asked    `json:"reads" doc:"what was asked of WeCom when it was handled last"`
	Calls     []made     `json:"calls"`
	Effects   []Effect   `json:"effects"`
	FollowUps []FollowUp `json:"follow_ups"`
}

func (s System) callback(ctx context.Context, in *one) (CallbackStory, error) {
	row, body, err := inbox.Get(ctx, s.DB, in.ID)
	if err != nil {
		return CallbackStory{}, err
	}
	told, err := s.told(ctx, []inbox.Row{row})
	if err != nil {
		return CallbackStory{}, err
	}
	out := CallbackStory{Callback: told[0], Body: legible(body)}
	who := &namer{known: map[refKey]*Ref{}}
	if out.Decisions, err = s.decisions(ctx, row, body, out.Callback, who); err != nil {
		return out, err
	}
	if out.Reads, err = s.asked(ctx, in.ID); err != nil {
		return out, err
	}
	calls, err := outbox.StoryOf(ctx, s.DB, row.CauseID)
	if err != nil {
		return out, err
	}
	out.Calls = make([]made, len(calls))
	for i, c := range calls {
		out.Calls[i] = made{c, s.trouble(ctx, c.Row)}
	}
	if out.Effects, err = s.effects(ctx, row.CauseID, who); err != nil {
		return out, err
	}
	if out.FollowUps, err = s.followUps(ctx, row.CauseID, who); err != nil {
		return out, err
	}
	if err := who.fill(ctx, s.Corp); err != nil {
		return out, err
	}
	// A callback's body is personal data: who read it is kept.
	return out, s.DB.Tx(ctx, func(tx pg.Tx) error {
		return s.Audit.Record(ctx, tx, s.Time.Now(), "callback.read", fmt.Sprintf("callback/%d", in.ID), map[string]string{})
	})
}

func (s System) asked(ctx context.Context, id int64) ([]Asked, error) {
	reads, err := inbox.ReadsOf(ctx, s.DB, id)
	out := make([]Asked, len(reads))
	for i, r := range reads {
		out[i].Read = r
		var refused *errs.Error
		if errors.As(wecom.ItemError(r.API, r.Code, ""), &refused) {
			out[i].Text = s.Catalog.Error(api.Lang(ctx), refused.Code, refused.Params)
		}
	}
	return out, err
}

// decisions gathers what the features decided because of a callback, in time.
func (s System) decisions(ctx context.Context, row inbox.Row, body []byte, c Callback, who *namer) ([]Decision, error) {
	out := []Decision{}
	welcomes, err := s.Codes.WelcomesByCause(ctx, s.DB, row.CauseID)
	if err != nil {
		return nil, err
	}
	for _, w := range welcomes {
		out = append(out, welcomed(w, w.State, w.Reason, who))
	}
	if ev, err := callback.Parse(body); err == nil && ev.WelcomeCode != "" && len(welcomes) == 0 && row.State == inbox.Done && c.Customer != nil && c.Staff != nil {
		// The adding had its welcome by another callback: the half one, or this one delivered with other words.
		w, ok, err := s.Codes.WelcomeOfAdding(ctx, s.DB, c.Customer.ID, c.Staff.ID, row.CorpAt)
		if err != nil {
			return nil, err
		}
		if ok {
			d := welcomed(w, "superseded", "", who)
			d.At, d.Params["callback_id"] = row.CorpAt, w.CauseID
			out = append(out, d)
		}
	}
	touches, err := s.Touch.ByCause(ctx, s.DB, row.CauseID, storyLimit)
	if err != nil {
		return nil, err
	}
	for _, t := range touches {
		d := Decision{At: t.At, Topic: "touch", Outcome: t.Decision, Reason: orNil(t.Reason), Customer: who.ref(aCustomer, t.CustomerID), Group: who.ref(aGroup, t.GroupID),
			Staff: who.ref(aStaff, t.StaffID), Params: map[string]any{"channel": t.Channel, "purpose": t.Purpose, "promo": t.Promo, "source": t.Source, "sent": t.Outcome}}
		if t.Until != nil {
			d.Params["until"] = *t.Until
		}
		out = append(out, d)
	}
	steps, err := s.Codes.StepsByCause(ctx, s.DB, row.CauseID)
	if err != nil {
		return nil, err
	}
	for _, x := range steps {
		d := Decision{At: x.At, Topic: "attribution", Outcome: x.Step, Customer: who.ref(aCustomer, x.CustomerID), Code: who.ref(aCode, x.CodeID), Params: map[string]any{}}
		if x.Step == "join" {
			d.Group = who.ref(aGroup, x.ObjectID)
		}
		if x.AmountFen != 0 {
			d.Params["amount_fen"] = x.AmountFen
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b Decision) int { return a.At.Compare(b.At) })
	return out, nil
}

func welcomed(w livecode.WelcomeDecided, outcome, reason string, who *namer) Decision {
	d := Decision{At: w.At, Topic: "welcome", Outcome: outcome, Reason: orNil(reason), Customer: who.ref(aCustomer, w.CustomerID), Staff: who.ref(aStaff, w.StaffID),
		Code: who.ref(aCode, w.CodeID), Params: map[string]any{"text": w.Text}}
	if w.LatencyMS != nil {
		d.Params["latency_ms"] = *w.LatencyMS
	}
	return d
}

func (s System) effects(ctx context.Context, cause int64, who *namer) ([]Effect, error) {
	evs, err := event.ByCause(ctx, s.DB, cause)
	if err != nil {
		return nil, err
	}
	var staff, stores, codes []int64
	for _, e := range evs {
		staff, stores, codes = append(staff, e.StaffID), append(stores, e.StoreID), append(codes, e.CodeID)
	}
	names := s.names()
	staffNames, err := names.Staff(ctx, staff)
	if err != nil {
		return nil, err
	}
	storeNames, err := names.Stores(ctx, stores)
	if err != nil {
		return nil, err
	}
	codeNames, err := names.Codes(ctx, codes)
	if err != nil {
		return nil, err
	}
	out := make([]Effect, len(evs))
	for i, e := range evs {
		x := Effect{ID: e.ID, At: e.At, Kind: string(e.Kind), Actor: staffNames[e.StaffID], Place: storeNames[e.StoreID], Params: map[string]any{},
			Customer: who.ref(aCustomer, e.CustomerID), Group: who.ref(aGroup, e.GroupID)}
		if err := json.Unmarshal(e.Data, &x.Params); err != nil {
			return nil, fmt.Errorf("data of event %d: %w", e.ID, err)
		}
		if n := codeNames[e.CodeID]; n != "" {
			x.Params["code"] = n
		}
		out[i] = x
	}
	return out, nil
}

func (s System) followUps(ctx context.Context, cause int64, who *namer) ([]FollowUp, error) {
	tasks, err := s.Tasks.ByCause(ctx, s.DB, cause, storyLimit)
	if err != nil {
		return nil, err
	}
	out := make([]FollowUp, len(tasks))
	for i, t := range tasks {
		out[i] = FollowUp{ID: t.ID, Kind: t.Kind, Title: t.Title, State: t.State, DueAt: t.DueAt, Staff: who.ref(aStaff, t.StaffID)}
	}
	return out, nil
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// What a Ref may point to.
const (
	aCustomer = "customer"
	aGroup    = "group"
	aStaff    = "staff"
	aCode     = "code"
)

type refKey struct {
	kind string
	id   int64
}

// namer collects references of a story and names them all at once.
type namer struct{ known map[refKey]*Ref }

// ref returns the reference of an id, which gets its name with fill; nil for nobody.
func (n *namer) ref(kind string, id int64) *Ref {
	if id == 0 {
		return nil
	}
	k := refKey{kind, id}
	if n.known[k] == nil {
		n.known[k] = &Ref{ID: id}
	}
	return n.known[k]
}

func (n *namer) fill(ctx context.Context, c *Corp) error {
	names := c.names()
	for kind, of := range map[string]func(context.Context, []int64) (map[int64]string, error){aCustomer: c.customerNames, aGroup: names.Groups,
		aStaff: names.Staff, aCode: names.Codes} {
		var ids []int64
		for k := range n.known {
			if k.kind == kind {
				ids = append(ids, k.id)
			}
		}
		if len(ids) == 0 {
			continue
		}
		found, err := of(ctx, ids)
		if err != nil {
			return err
		}
		for id, name := range found {
			n.known[refKey{kind, id}].Name = name
		}
	}
	return nil
}
