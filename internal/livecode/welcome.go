package livecode

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"qunce/internal/customer"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/media"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/touch"
	"qunce/internal/wecom"
)

const sendWelcome = "send_welcome_msg"

// The code WeCom hands us lives 20 seconds, on the wall. Beyond that a refusal is final. When WeCom could not be reached
// at all the last try may come later, since an earlier one may have got through: then WeCom says so.
const (
	codeLife   = 20 * time.Second
	lastResort = 2 * time.Minute
)

// States of a welcome; the CHECK of livecode_welcome lists the same.
const (
	welcomePlanned     = "planned"
	welcomeSent        = "sent"
	welcomeFailed      = "failed"
	welcomeNotPossible = "not_possible" // too late, or the ledger refused
)

// WelcomeStates lists all of them.
func WelcomeStates() []string {
	return []string{welcomePlanned, welcomeSent, welcomeFailed, welcomeNotPossible}
}

// Reasons of welcomes besides those of the ledger and error codes.
const (
	ReasonExpired = "expired" // WeCom's 20 seconds were over
	ReasonAlready = "already" // somebody else had welcomed the customer
	ReasonConsent = "consent" // the customer has to agree to the archive first; agreeing brings a code of its own
)

var fpWelcomeBefore = failpoint.New("livecode.welcome.before")

// welcomeCall is the payload of the call: everything it needs, since nothing may stand in front of it.
type welcomeCall struct {
	ID         int64        `json:"id"`
	CustomerID int64        `json:"customer_id"`
	StaffID    int64        `json:"staff_id"`
	StoreID    int64        `json:"store_id"`
	CodeID     int64        `json:"code_id"`
	TouchID    int64        `json:"touch_id"`
	Code       string       `json:"code"`
	Text       string       `json:"text"`
	Card       *wecom.Link  `json:"card,omitempty"`
	Parts      []media.Part `json:"parts,omitempty"`
	Received   time.Time    `json:"received"`
}

// needsConsent is WeCom's answer while the customer has not agreed to the archive.
const needsConsent = 41053

type welcomeResult struct {
	Already bool `json:"already"`
	Bare    bool `json:"bare,omitempty"` // without its files, which could not be uploaded in time
}

func (s *Service) registerWelcome() {
	s.Outbox.Register(sendWelcome, outbox.Handler{Class: outbox.Repeatable, Lane: outbox.Welcome, Do: s.doWelcome,
		Done: s.welcomeDone, Failed: s.welcomeFailed, Verdict: welcomeVerdict})
	s.Outbox.Register(markTag, outbox.Handler{Class: outbox.Repeatable, Lane: outbox.Bulk, Do: s.doMarkTag, Done: s.tagsMarked, Verdict: verdict})
}

// onWelcomed decides about welcomes and plans their calls, in the transaction that received the codes.
func (s *Service) onWelcomed(ctx context.Context, tx pg.Tx, evs []event.Event) error {
	fpWelcomeBefore.Hit()
	evs, err := unwelcomed(ctx, tx, evs)
	if err != nil || len(evs) == 0 {
		return err
	}
	scene, err := s.sceneOf(ctx, tx, evs)
	if err != nil {
		return err
	}
	ids, err := s.IDs.Take(ctx, len(evs))
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	calls := make([]welcomeCall, len(evs))
	candidates := make([]touch.Candidate, len(evs))
	for i, e := range evs {
		data := e.Data.(customer.WelcomeData)
		calls[i] = scene.welcome(s, e, data)
		calls[i].ID = ids[i]
		candidates[i] = touch.Candidate{CustomerID: e.CustomerID, StaffID: e.StaffID, Channel: touch.Welcome, Purpose: "welcome",
			ExternalUserID: data.ExternalUserID, Source: "livecode", SourceKey: welcomeKey(data.Code), WindowEnd: now.Add(codeLife), CauseID: e.CauseID}
	}
	decisions, err := s.Touches.DecideCustomers(ctx, tx, candidates)
	if err != nil {
		return err
	}
	rows := make([]welcomeRow, len(evs))
	var plans []outbox.Plan
	var refused []event.Event
	for i, e := range evs {
		c := &calls[i]
		c.TouchID = decisions[i].TouchID
		rows[i] = welcomeRow{welcomeCall: *c, At: e.At, State: welcomePlanned, CauseID: e.CauseID}
		if decisions[i].Verdict != touch.Allow {
			rows[i].State, rows[i].Reason = welcomeNotPossible, decisions[i].Reason
			refused = append(refused, c.event(WelcomeFailed, e.At, e.CauseID, WelcomeFailedData{Reason: decisions[i].Reason}))
			continue
		}
		plans = append(plans, outbox.Plan{Key: candidates[i].SourceKey, Kind: sendWelcome, Entity: fmt.Sprintf("customer/%d", e.CustomerID),
			Payload: c, CauseID: e.CauseID})
	}
	if err := insertWelcomes(ctx, tx, rows); err != nil {
		return err
	}
	if err := s.Outbox.Plan(ctx, tx, plans...); err != nil {
		return err
	}
	return s.Events.Publish(ctx, tx, refused...)
}

// oneAdding is how far apart the two halves of one adding may hand us a welcome code each: WeCom gives the second none once
// the first is used, but the second may be on its way before our welcome lands.
const oneAdding = 10 * time.Minute

// unwelcomed drops the codes of friendships whose adding has its welcome already, sent or on its way: nobody is welcomed
// twice for one adding. What is on its way does not hold up the code of a consent, which takes its place: before the consent
// WeCom sends none, and after a first welcome it refuses the second. Codes come on one line, so no two transactions look at
// the same friendship at once.
func unwelcomed(ctx context.Context, tx pg.Tx, evs []event.Event) ([]event.Event, error) {
	type friendship struct{ customer, staff int64 }
	latest, err := latestWelcomes(ctx, tx, evs)
	if err != nil {
		return nil, err
	}
	at, sent := map[friendship]time.Time{}, map[friendship]time.Time{}
	for _, w := range latest {
		f := friendship{w.CustomerID, w.StaffID}
		if at[f] = w.At; w.SentAt != nil {
			sent[f] = *w.SentAt
		}
	}
	var out []event.Event
	for _, e := range evs {
		f := friendship{e.CustomerID, e.StaffID}
		last, ok := at[f]
		if e.Data.(customer.WelcomeData).Consent {
			last, ok = sent[f]
		}
		if ok && e.At.Sub(last).Abs() < oneAdding {
			continue
		}
		at[f] = e.At
		out = append(out, e)
	}
	return out, nil
}

// welcomeKey is the same for a code however often it is delivered, and does not give the code away.
func welcomeKey(code string) string {
	sum := sha256.Sum256([]byte(code))
	return "welcome/" + hex.EncodeToString(sum[:12])
}

func (c welcomeCall) event(kind event.Kind, at time.Time, cause int64, data any) event.Event {
	return event.Event{Kind: kind, At: at, CustomerID: c.CustomerID, StaffID: c.StaffID, StoreID: c.StoreID, CodeID: c.CodeID,
		Key: fmt.Sprintf("%s/%d", kind, c.ID), Data: data, CauseID: cause}
}

// scene is what a set of welcomes speaks about.
type scene struct {
	codes  map[string]Code
	staff  map[int64]string
	stores map[int64]string
	doors  map[int64]Doors
	finder *Code // the locator, for stores without a group
}

func (s *Service) sceneOf(ctx context.Context, tx pg.Tx, evs []event.Event) (scene, error) {
	var sc scene
	var states []string
	var staffIDs, storeIDs []int64
	for _, e := range evs {
		if state := e.Data.(customer.WelcomeData).WayState; state != "" {
			states = append(states, state)
		}
		staffIDs, storeIDs = append(staffIDs, e.StaffID), append(storeIDs, e.StoreID)
	}
	var err error
	if sc.codes, err = codesByState(ctx, tx, states); err != nil {
		return sc, err
	}
	for _, c := range sc.codes {
		storeIDs = append(storeIDs, c.StoreID)
	}
	people, err := s.Directory.StaffByIDs(ctx, tx, staffIDs)
	if err != nil {
		return sc, err
	}
	stores, err := s.Directory.StoresByIDs(ctx, tx, storeIDs)
	if err != nil {
		return sc, err
	}
	sc.staff, sc.stores = map[int64]string{}, map[int64]string{}
	for id, p := range people {
		if p.Name != p.UserID { // a row made from a callback alone has no name yet
			sc.staff[id] = p.Name
		}
	}
	for id, st := range stores {
		sc.stores[id] = st.Name
	}
	if sc.doors, err = s.OfStores(ctx, tx, storeIDs); err != nil {
		return sc, err
	}
	if finder, ok, err := newestLocator(ctx, tx); err != nil {
		return sc, err
	} else if ok {
		sc.finder = &finder
	}
	return sc, nil
}

// welcome composes one. Without a code of ours it is the standard one of the staff's store, with the way into its group.
func (sc scene) welcome(s *Service, e event.Event, data customer.WelcomeData) welcomeCall {
	code, ours := sc.codes[data.WayState]
	store := e.StoreID
	if ours && code.StoreID != 0 {
		store = code.StoreID
	}
	call := welcomeCall{CustomerID: e.CustomerID, StaffID: e.StaffID, StoreID: store, CodeID: code.ID, Code: data.Code, Received: data.Received, Parts: code.WelcomeParts}
	if !ours || code.OfferGroup {
		call.Card = s.card(sc.doors[store].Group, sc.finder, sc.stores[store])
	}
	call.Text = speech{Name: data.Name, Store: sc.stores[store], Staff: sc.staff[e.StaffID], Brand: s.Brand, Group: call.Card != nil}.render(code.WelcomeText)
	return call
}

// card leads to the group of the store, or to the page that finds a store; nil when there is neither.
func (s *Service) card(room, finder *Code, store string) *wecom.Link {
	switch {
	case room != nil:
		return &wecom.Link{Title: cut("加入"+store+"顾客群", 128), Desc: "长按识别二维码进群，每天都有小福利", URL: s.URL(room.Token)}
	case finder != nil:
		return &wecom.Link{Title: "找到离你最近的门店群", Desc: "选一家常去的门店，进它的顾客群", URL: s.URL(finder.Token)}
	}
	return nil
}

func (s *Service) doWelcome(ctx context.Context, call outbox.Call) (any, error) {
	ctx = wecom.Urgently(ctx) // also what the welcome needs besides: twenty seconds are not long
	var w welcomeCall
	if err := json.Unmarshal(call.Payload, &w); err != nil {
		return nil, fmt.Errorf("payload of %s: %w", call.Key, err)
	}
	bare, err := s.sendWelcome(ctx, w)
	age := s.Wall.Now().Sub(w.Received)
	switch {
	case err == nil:
		return welcomeResult{Bare: bare}, nil
	case wecom.IsCode(err, 41051):
		return welcomeResult{Already: call.Attempts == 1}, nil // else it was our own earlier try
	case wecom.Unknown(err):
		return nil, err
	case wecom.IsCode(err, needsConsent):
		return nil, errs.E(errs.Conflict, "code.welcome_consent", "the customer has not agreed to the archive yet").Wrap(err)
	case wecom.IsCode(err, 41050), age > lastResort, age > codeLife && !errs.Is(err, "wecom.unreachable"):
		return nil, errs.E(errs.Conflict, "code.welcome_expired", "%s after the callback", age.Round(time.Millisecond)).Wrap(err)
	}
	return nil, err
}

// bareAfter is how old a welcome may get for the sake of its files.
const bareAfter = 8 * time.Second

// sendWelcome sends one with its files. A greeting without its picture is better than none: files that cannot be uploaded,
// at all or in time, are left out.
func (s *Service) sendWelcome(ctx context.Context, w welcomeCall) (bare bool, err error) {
	msg := wecom.Welcome{Code: w.Code, Text: &wecom.Text{Content: w.Text}}
	if w.Card != nil {
		msg.Attachments = []wecom.Attachment{{MsgType: "link", Link: w.Card}}
	}
	patient, cancel := context.WithTimeout(ctx, max(bareAfter-s.Wall.Now().Sub(w.Received), time.Second))
	defer cancel()
	if err := s.Media.Ready(patient, w.Parts); err != nil {
		s.Log.Warn("a welcome goes out without its files", "code", w.CodeID, "error", err)
		return true, s.WeCom.SendWelcome(ctx, msg)
	}
	cards := msg.Attachments
	return false, s.Media.With(ctx, w.Parts, func(fresh []wecom.Attachment) error {
		msg.Attachments = append(slices.Clone(cards), fresh...)
		return s.WeCom.SendWelcome(ctx, msg)
	})
}

func welcomeVerdict(err error, attempts int) (outbox.Verdict, time.Duration) {
	var refused *wecom.Error
	kind := errs.KindOf(err)
	switch {
	case errs.Is(err, "code.welcome_expired"), errs.Is(err, "code.welcome_consent"):
		return outbox.Fail, 0
	case wecom.Unknown(err):
		return outbox.Unknown, 0
	case wecom.IsCode(err, 41096): // another app of the corp is at it
		return outbox.Retry, 300 * time.Millisecond
	case kind == errs.Unavailable, kind == errs.TooMany, !errors.As(err, &refused):
		return outbox.Retry, min(200*time.Millisecond<<min(attempts, 5), 2*time.Second)
	}
	return outbox.Fail, 0
}

func (s *Service) welcomeDone(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	ends := make([]welcomeEnd, len(calls))
	outcomes := make([]touch.Outcome, len(calls))
	evs := make([]event.Event, len(calls))
	now := s.Clock.Now()
	for i, f := range calls {
		var w welcomeCall
		var r welcomeResult
		if err := errors.Join(json.Unmarshal(f.Payload, &w), json.Unmarshal(f.Result, &r)); err != nil {
			return fmt.Errorf("result of %s: %w", f.Key, err)
		}
		ms := max(0, f.At.Sub(w.Received).Milliseconds())
		ends[i] = welcomeEnd{welcomeCall: w, State: welcomeSent, LatencyMS: &ms}
		if r.Already {
			ends[i].Reason, ends[i].LatencyMS = ReasonAlready, nil
		}
		outcomes[i] = touch.Outcome{CustomerID: w.CustomerID, TouchID: w.TouchID, Outcome: touch.Delivered, At: now}
		evs[i] = w.event(WelcomeSent, now, f.CauseID, WelcomeSentData{LatencyMS: ms, Text: w.Text, Group: w.Card != nil})
	}
	return s.endWelcomes(ctx, tx, ends, outcomes, evs)
}

func (s *Service) welcomeFailed(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	ends := make([]welcomeEnd, len(calls))
	outcomes := make([]touch.Outcome, len(calls))
	evs := make([]event.Event, len(calls))
	now := s.Clock.Now()
	for i, f := range calls {
		var w welcomeCall
		if err := json.Unmarshal(f.Payload, &w); err != nil {
			return fmt.Errorf("payload of %s: %w", f.Key, err)
		}
		ends[i] = welcomeEnd{welcomeCall: w, State: welcomeFailed, Reason: errs.CodeOf(f.Err)}
		switch {
		case errs.Is(f.Err, "code.welcome_expired"):
			ends[i].State, ends[i].Reason = welcomeNotPossible, ReasonExpired
		case errs.Is(f.Err, "code.welcome_consent"):
			ends[i].State, ends[i].Reason = welcomeNotPossible, ReasonConsent
		}
		outcomes[i] = touch.Outcome{CustomerID: w.CustomerID, TouchID: w.TouchID, Outcome: touch.Failed, At: now}
		evs[i] = w.event(WelcomeFailed, now, f.CauseID, WelcomeFailedData{Reason: ends[i].Reason})
	}
	return s.endWelcomes(ctx, tx, ends, outcomes, evs)
}

func (s *Service) endWelcomes(ctx context.Context, tx pg.Tx, ends []welcomeEnd, outcomes []touch.Outcome, evs []event.Event) error {
	if err := closeWelcomes(ctx, tx, ends); err != nil {
		return err
	}
	if err := s.Touches.Settle(ctx, tx, outcomes); err != nil {
		return err
	}
	return s.Events.Publish(ctx, tx, evs...)
}
