package send

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/task"
	"qunce/internal/touch"
	"qunce/internal/wecom"
)

// Kinds of outbox calls.
const (
	createKind = "send.create"
	cancelKind = "send.cancel"
	remindKind = "send.remind"
)

// payload names the send; the call reads the rest, so that somebody who was taken out meanwhile is left out. At is the
// corp's time of planning.
type payload struct {
	StaffID int64     `json:"staff_id"`
	SendID  int64     `json:"send_id"`
	At      time.Time `json:"at"`
}

// created is the answer of a create call. To counts the recipients that were handed to WeCom.
type created struct {
	MsgID    string   `json:"msgid"`
	FailList []string `json:"fail_list,omitempty"`
	To       int      `json:"to"`
}

func (s *Service) registerCalls() {
	s.Outbox.Register(createKind, outbox.Handler{Class: outbox.Findable, Lane: outbox.Write,
		Do: s.create, Find: s.findCreated, Done: s.created, Failed: s.refused, Verdict: verdict})
	s.Outbox.Register(cancelKind, outbox.Handler{Class: outbox.Repeatable, Lane: outbox.Write,
		Do: s.cancel, Done: s.cancelled, Failed: s.cancelled, Verdict: verdict})
	// Every reminder reaches the member's phone, and WeCom does not tell how many there were.
	s.Outbox.Register(remindKind, outbox.Handler{Class: outbox.Once, Lane: outbox.Write, Do: s.remindCall, Verdict: verdict})
}

// verdict sorts errors: a limit or an outage before the request went out is retried, an unclear one looked up, the rest
// is WeCom's refusal.
func verdict(err error, attempts int) (outbox.Verdict, time.Duration) {
	switch {
	case wecom.Unknown(err):
		return outbox.Unknown, time.Second
	case wecom.Limited(err) || wecom.IsCode(err, -1, 45035) || errs.KindOf(err) == errs.Unavailable || pg.IsUnavailable(err):
		return outbox.Retry, min(time.Duration(attempts)*5*time.Second, 5*time.Minute)
	}
	return outbox.Fail, 0
}

func (s *Service) load(ctx context.Context, c outbox.Call) (payload, send, error) {
	var p payload
	if err := json.Unmarshal(c.Payload, &p); err != nil {
		return p, send{}, fmt.Errorf("payload of %s: %w", c.Key, err)
	}
	x, err := oneSend(ctx, s.DB, p.StaffID, p.SendID)
	return p, x, err
}

func (s *Service) create(ctx context.Context, c outbox.Call) (any, error) {
	_, x, err := s.load(ctx, c)
	if err != nil {
		return nil, err
	}
	if !s.Clock.Now().Before(x.CloseAt) {
		return nil, errs.E(errs.Conflict, "send.window_over", "send %d closed at %s", x.ID, x.CloseAt)
	}
	to, err := pendingOf(ctx, s.DB, x.StaffID, x.ID)
	if err != nil {
		return nil, err
	}
	if len(to) == 0 {
		return nil, errs.E(errs.Conflict, "send.nobody", "send %d has no recipients left", x.ID)
	}
	m := wecom.MsgTemplate{ChatType: x.ChatType, Sender: x.UserID, Attachments: x.Content.Attachments}
	if x.Content.Text != "" {
		m.Text = &wecom.Text{Content: x.Content.Text}
	}
	if x.ChatType == wecom.ChatGroup {
		m.ChatIDs = to
	} else {
		m.ExternalIDs = to
	}
	var msgID string
	var failed []string
	own := m.Attachments
	err = s.Media.With(ctx, x.Content.Parts, func(fresh []wecom.Attachment) (err error) {
		m.Attachments = append(slices.Clone(own), fresh...)
		msgID, failed, err = s.WeCom.AddMsgTemplate(ctx, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	return created{MsgID: msgID, FailList: failed, To: len(to)}, nil
}

// findCreated looks for a send whose answer was lost. WeCom stamps sends with its own clock, so the window is a day wide
// on both sides; what cannot be told apart by sender, kind and content is never in flight twice.
func (s *Service) findCreated(ctx context.Context, c outbox.Call) (any, bool, error) {
	p, x, err := s.load(ctx, c)
	if err != nil {
		return nil, false, err
	}
	all, err := recipientsOf(ctx, s.DB, x.StaffID, x.ID)
	if err != nil {
		return nil, false, err
	}
	filter := wecom.GroupMsgFilter{ChatType: x.ChatType, Start: p.At.AddDate(0, 0, -1).Unix(), End: s.Clock.Now().AddDate(0, 0, 1).Unix()}
	if limit := p.At.AddDate(0, 0, 29).Unix(); filter.End > limit {
		filter.End = limit
	}
	for cursor := ""; ; {
		page, next, err := s.WeCom.GroupMsgList(ctx, filter, cursor)
		if err != nil {
			return nil, false, err
		}
		candidates, err := s.unclaimed(ctx, x, page)
		if err != nil {
			return nil, false, err
		}
		for _, m := range candidates {
			ours, err := s.isOurs(ctx, x, m, all)
			if err != nil {
				return nil, false, err
			}
			if ours {
				return created{MsgID: m.MsgID, To: len(all)}, true, nil
			}
		}
		if next == "" {
			break
		}
		cursor = next
	}
	if age := s.Clock.Now().Sub(p.At); age < listed {
		return nil, false, errs.E(errs.Unavailable, "send.dispatching", "not in the list %s after it was planned", age)
	}
	return nil, false, nil
}

// listed is how long WeCom's list may take to show a new mass send. One that is not there any sooner may still have been
// made, and must not be made a second time.
const listed = 3 * time.Minute

// unclaimed returns the sends of a page with our content that no send of ours is known by.
func (s *Service) unclaimed(ctx context.Context, x send, page []wecom.GroupMsg) ([]wecom.GroupMsg, error) {
	var alike []wecom.GroupMsg
	var ids []string
	for _, m := range page {
		text := ""
		if m.Text != nil {
			text = m.Text.Content
		}
		if text == x.Content.Text && len(m.Attachments) == len(x.Content.Attachments)+len(x.Content.Parts) {
			alike, ids = append(alike, m), append(ids, m.MsgID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	known, err := knownMsgIDs(ctx, s.DB, ids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(alike, func(m wecom.GroupMsg) bool { return known[m.MsgID] }), nil
}

// dispatching is how long WeCom may take to hand a new mass send to its sender; until then it shows nobody's task.
const dispatching = 10 * time.Minute

// isOurs asks who has the task and, where WeCom already shows recipients, whether they are all ours. Of a mass send that is
// still being dispatched it cannot be said: taken for a stranger's, ours would be made a second time.
func (s *Service) isOurs(ctx context.Context, x send, m wecom.GroupMsg, all map[string]bool) (bool, error) {
	members, _, err := s.WeCom.GroupMsgTask(ctx, m.MsgID, "")
	if err != nil {
		return false, err
	}
	if made := time.Unix(int64(m.CreateTime), 0); len(members) == 0 && s.Clock.Now().Before(made.Add(dispatching)) {
		return false, errs.E(errs.Unavailable, "send.dispatching", "mass send %s of %s has no tasks yet", m.MsgID, made)
	}
	if !slices.ContainsFunc(members, func(m wecom.GroupMsgMember) bool { return m.UserID == x.UserID }) {
		return false, nil
	}
	sends, _, err := s.WeCom.GroupMsgSendResult(ctx, m.MsgID, x.UserID, "")
	if err != nil {
		return false, err
	}
	for _, r := range sends {
		if !all[r.ExternalUserID+r.ChatID] {
			return false, nil
		}
	}
	return true, nil
}

// created keeps what WeCom answered: the message's id, and the recipients it would not take.
func (s *Service) created(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	now := s.Clock.Now()
	var news []createdRow
	var failed []change
	for _, c := range calls {
		var p payload
		var a created
		if err := json.Unmarshal(c.Payload, &p); err != nil {
			return err
		}
		if err := json.Unmarshal(c.Result, &a); err != nil {
			return err
		}
		news = append(news, createdRow{p.StaffID, p.SendID, a.MsgID, a.To})
		for _, to := range a.FailList {
			failed = append(failed, change{staffID: p.StaffID, sendID: p.SendID, result: result{to: to, status: Invalid}})
		}
	}
	recall, err := markCreated(ctx, tx, news, now, now.Add(pollFirst))
	if err != nil {
		return err
	}
	if err := s.apply(ctx, tx, failed); err != nil {
		return err
	}
	// Somebody was withdrawn while the call was under way.
	if err := s.planCancels(ctx, tx, recall); err != nil {
		return err
	}
	return s.takeOff(ctx, tx)
}

// refused ends sends that WeCom did not take: nobody was reached, the quota goes back, the task is off.
func (s *Service) refused(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	var broken []brokenRow
	for _, c := range calls {
		var p payload
		if err := json.Unmarshal(c.Payload, &p); err != nil {
			return err
		}
		broken = append(broken, brokenRow{p.StaffID, p.SendID, errs.CodeOf(c.Err)})
	}
	ended, err := markBroken(ctx, tx, broken)
	if err != nil {
		return err
	}
	if err := s.dropPending(ctx, tx, ended); err != nil {
		return err
	}
	var off []task.Withdrawal
	for _, x := range ended {
		reason := "send_failed"
		switch x.code {
		case "wecom.41048", "send.nobody":
			reason = "nobody_reachable"
		case "send.window_over":
			reason = "window_passed"
		}
		off = append(off, task.Withdrawal{StaffID: x.StaffID, TaskID: x.TaskID, Reason: reason})
	}
	if err := s.Tasks.Cancel(ctx, tx, off); err != nil {
		return err
	}
	return s.takeOff(ctx, tx)
}

// dropPending releases everybody of these sends who has no result.
func (s *Service) dropPending(ctx context.Context, tx pg.Tx, ended []endedSend) error {
	dropped, err := unsend(ctx, tx, ended)
	if err != nil {
		return err
	}
	released := make([]touch.Outcome, 0, len(dropped))
	for _, d := range dropped {
		released = append(released, touch.Outcome{CustomerID: d.customerID, GroupID: d.groupID, TouchID: d.touchID, Outcome: touch.Released})
	}
	return s.Touch.Settle(ctx, tx, released)
}

func (s *Service) cancel(ctx context.Context, c outbox.Call) (any, error) {
	_, x, err := s.load(ctx, c)
	if err != nil {
		return nil, err
	}
	return api{}, s.WeCom.CancelGroupMsg(ctx, x.MsgID)
}

// api is the answer of a call that says nothing.
type api struct{}

// cancelled has the send read once more: only that reading says whether the confirmation was faster. A refusal to cancel
// (already sent) means the same.
func (s *Service) cancelled(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	var list []flight
	for _, c := range calls {
		var p payload
		if err := json.Unmarshal(c.Payload, &p); err != nil {
			return err
		}
		list = append(list, flight{StaffID: p.StaffID, ID: p.SendID})
	}
	return markClosing(ctx, tx, list, s.Clock.Now())
}

func (s *Service) remindCall(ctx context.Context, c outbox.Call) (any, error) {
	_, x, err := s.load(ctx, c)
	if err != nil || x.State != Created {
		return api{}, err
	}
	err = s.WeCom.RemindGroupMsg(ctx, x.MsgID)
	if wecom.IsCode(err, 41094) { // reminded three times today already
		err = nil
	}
	return api{}, err
}

// apply writes recipients' results as differences, settles their touches and tells what happened.
func (s *Service) apply(ctx context.Context, tx pg.Tx, list []change) error {
	changed, err := saveResults(ctx, tx, list)
	if err != nil || len(changed) == 0 {
		return err
	}
	now := s.Clock.Now()
	outcomes := make([]touch.Outcome, 0, len(changed))
	evs := make([]event.Event, 0, len(changed))
	for _, c := range changed {
		when := now
		if c.sentAt != nil {
			when = *c.sentAt
		}
		data := Data{SendID: c.sendID, TaskID: c.taskID, TouchID: c.touchID, ChatType: c.chatType, UserID: c.userID, To: c.to, Text: brief(c.text)}
		e := event.Event{Kind: WasDelivered, At: when, CustomerID: c.customerID, GroupID: c.groupID, StaffID: c.staffID, CauseID: c.causeID}
		o := touch.Outcome{CustomerID: c.customerID, GroupID: c.groupID, TouchID: c.touchID, Outcome: touch.Delivered, At: when}
		if c.status != Reached {
			e.Kind, e.At, o.Outcome, data.Reason = WasFailed, now, touch.Failed, c.status
		}
		e.Data = data
		evs, outcomes = append(evs, e), append(outcomes, o)
		if c.status == NotAFriend {
			e.Kind = NotFriend
			evs = append(evs, e)
		}
	}
	if err := s.Touch.Settle(ctx, tx, outcomes); err != nil {
		return err
	}
	return s.Events.Publish(ctx, tx, evs...)
}

// brief is the beginning of a text, for timelines.
func brief(text string) string {
	const most = 60
	r := []rune(text)
	if len(r) <= most {
		return text
	}
	return string(r[:most]) + "…"
}
