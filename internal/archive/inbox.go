package archive

import (
	"context"

	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom/callback"
)

// Listen registers what callbacks of the archive make us do. When somebody agrees, the customer feature handles the same
// callback: it may carry the code of a welcome that had to wait.
func (s *Service) Listen(in *inbox.Inbox) {
	in.Register(callback.MsgAuditNotify, inbox.Handler{Apply: s.onNotify})
	in.Register(callback.ExternalContact+"/"+callback.MsgAuditApproved, inbox.Handler{Apply: s.onApproved})
}

func (s *Service) onNotify(ctx context.Context, tx pg.Tx, _ []inbox.Event, _ any) error {
	if s.Source == nil {
		return nil
	}
	tx.AfterCommit(func() { signal(s.wakePull) })
	return want(ctx, tx, s.Clock.Now())
}

func (s *Service) onApproved(ctx context.Context, tx pg.Tx, evs []inbox.Event, _ any) error {
	var list []consent
	causes := map[string]int64{}
	for _, e := range evs {
		if e.UserID == "" || !isOutside(e.ExternalUserID) {
			continue
		}
		at := e.At
		c := chatOf(e.UserID, []string{e.ExternalUserID}, "")
		list = append(list, consent{chat: c, external: e.ExternalUserID, state: Agree, since: &at, origin: ByCallback})
		causes[c.key+" "+e.ExternalUserID] = e.CauseID
	}
	return s.saveConsents(ctx, tx, list, func(c consent) int64 { return causes[c.chat.key+" "+c.external] })
}
