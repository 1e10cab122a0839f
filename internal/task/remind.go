package task

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// remindKind is the outbox call of a reminder by app message. WeCom drops the same message within half an hour, so a
// repeated call reaches nobody twice within it; after remindWithin it is not made any more.
const remindKind = "task.remind"

const (
	remindSpan   = 30 * time.Minute
	remindWithin = remindSpan - 5*time.Minute // a call may wait for its turn before it goes out
)

// reminder is what the message says. At is the corp's time of asking for it.
type reminder struct {
	UserID, Title, Why string
	At, Until          time.Time
}

func (s *Service) registerReminder() {
	s.Outbox.Register(remindKind, outbox.Handler{
		Class: outbox.Repeatable, Lane: outbox.Write,
		Do: func(ctx context.Context, c outbox.Call) (any, error) {
			var r reminder
			if err := json.Unmarshal(c.Payload, &r); err != nil {
				return nil, err
			}
			if now := s.Clock.Now(); !now.Before(r.At.Add(remindWithin)) || !now.Before(r.Until) {
				return nil, errs.E(errs.Conflict, "task.reminder_late", "the reminder of %s could not be sent by %s", r.At, now)
			}
			sent, err := s.WeCom.SendAppMessage(ctx, appMessage(r, s.PublicURL))
			return map[string]string{"invalid": strings.Join(sent.InvalidUsers, "|")}, err
		},
		Verdict: func(err error, attempts int) (outbox.Verdict, time.Duration) {
			switch {
			case wecom.Unknown(err):
				return outbox.Unknown, time.Second
			case (wecom.Limited(err) || wecom.IsCode(err, -1) || errs.KindOf(err) == errs.Unavailable) && attempts < 10:
				return outbox.Retry, time.Minute
			}
			return outbox.Fail, 0
		},
	})
}

func appMessage(r reminder, publicURL string) wecom.AppMessage {
	m := wecom.AppMessage{ToUser: r.UserID, DupCheck: 1, DupSpan: int(remindSpan / time.Second)}
	until := r.Until.In(clock.Shanghai).Format("15:04")
	if publicURL == "" {
		m.MsgType = "text"
		m.Text = &wecom.Text{Content: fmt.Sprintf("待办提醒：%s\n%s\n请在 %s 前完成。", r.Title, r.Why, until)}
		return m
	}
	m.MsgType = "textcard"
	m.TextCard = &wecom.TextCard{Title: "待办提醒：" + r.Title, Description: fmt.Sprintf("%s\n请在 %s 前完成。", r.Why, until),
		URL: strings.TrimRight(publicURL, "/") + "/staff/", Button: "去完成"}
	return m
}

// Remind reminds the owner of an open task: of a mass send in WeCom's own way, of another by an app message, once in half
// an hour. Errors: NotFound "task.not_found", Conflict "task.ended".
func (s *Service) Remind(ctx context.Context, taskID int64) error {
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		list, err := find(ctx, tx, ` WHERE id = $1`, taskID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return errs.E(errs.NotFound, "task.not_found", "task %d", taskID)
		}
		t := list[0]
		if ok, err := s.visible(ctx, tx, t); err != nil {
			return err
		} else if !ok {
			return errs.E(errs.NotFound, "task.not_found", "task %d is outside the scope", taskID)
		}
		if t.State != Open {
			return errs.E(errs.Conflict, "task.ended", "task %d is %s", taskID, t.State)
		}
		if err := s.plan(ctx, tx, t); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "task.remind", fmt.Sprintf("task/%d", taskID), map[string]int64{"staff_id": t.StaffID})
	})
}

// plan hands a mass send to its maker's reminder and sends an app message otherwise.
func (s *Service) plan(ctx context.Context, tx pg.Tx, t Task) error {
	if t.Kind.ConfirmedInWeCom() && s.reminder != nil {
		if done, err := s.reminder(ctx, tx, t); err != nil || done {
			return err
		}
	}
	staff, err := s.Directory.StaffByIDs(ctx, tx, []int64{t.StaffID})
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	return s.Outbox.Plan(ctx, tx, outbox.Plan{
		Key:  fmt.Sprintf("task.remind/%d/%d", t.ID, now.Unix()/int64(remindSpan/time.Second)),
		Kind: remindKind, Entity: fmt.Sprintf("staff/%d", t.StaffID), CauseID: t.CauseID,
		Payload: reminder{UserID: staff[t.StaffID].UserID, Title: t.Title, Why: t.Why, At: now, Until: t.WindowEnd},
	})
}

// visible reports whether the actor's scope covers the task.
func (s *Service) visible(ctx context.Context, q pg.Querier, t Task) (bool, error) {
	staff, all, err := s.scope(ctx, q)
	if err != nil || all {
		return all, err
	}
	for _, id := range staff {
		if id == t.StaffID {
			return true, nil
		}
	}
	return false, nil
}

// scope lists the staff whose tasks the actor sees; all means everybody's.
func (s *Service) scope(ctx context.Context, q pg.Querier) (staff []int64, all bool, err error) {
	who := actor.From(ctx).Scope
	switch {
	case who.All:
		return nil, true, nil
	case len(who.Stores) > 0:
		stores, err := s.Directory.StaffOfStores(ctx, q, who.Stores)
		for _, list := range stores {
			for _, x := range list {
				staff = append(staff, x.ID)
			}
		}
		return staff, false, err
	case who.Staff != 0:
		return []int64{who.Staff}, false, nil
	}
	return nil, false, nil
}
