package livecode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"qunce/internal/errs"
	"qunce/internal/group"
	"qunce/internal/outbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// The calls a code needs. Their payload names the code alone: what to write is read when the call is made, so that the
// last of several changes wins whatever order they are worked in.
const (
	addContactWay    = "add_contact_way"
	updateContactWay = "update_contact_way"
	addJoinWay       = "add_join_way"
	getJoinWay       = "get_join_way"
	updateJoinWay    = "update_join_way"
)

type wayCall struct {
	CodeID int64 `json:"code_id"`
}

// wayResult is what a call left at WeCom.
type wayResult struct {
	CodeID   int64    `json:"code_id"`
	ConfigID string   `json:"config_id,omitempty"`
	QR       string   `json:"qr,omitempty"`
	Users    []string `json:"users,omitempty"`
	Chats    []string `json:"chats,omitempty"`
	Written  bool     `json:"written"`
}

func createPlan(c Code, call, cause int64) outbox.Plan {
	kind := addContactWay
	if c.Kind == GroupCode {
		kind = addJoinWay
	}
	return wayPlan(kind, "way", c.ID, call, cause)
}

func updatePlan(c Code, call, cause int64) outbox.Plan {
	kind := updateContactWay
	if c.Kind == GroupCode {
		kind = updateJoinWay
	}
	return wayPlan(kind, "update", c.ID, call, cause)
}

func pictureCall(codeID, call, cause int64) outbox.Plan {
	return wayPlan(getJoinWay, "picture", codeID, call, cause)
}

func wayPlan(kind, what string, codeID, call, cause int64) outbox.Plan {
	return outbox.Plan{Key: fmt.Sprintf("code/%d/%s/%d", codeID, what, call), Kind: kind, Entity: object(codeID),
		Payload: wayCall{CodeID: codeID}, CauseID: cause}
}

func (s *Service) registerWays() {
	register := func(kind string, h outbox.Handler) {
		h.Lane, h.Verdict, h.Failed = outbox.Write, verdict, s.wayFailed
		s.Outbox.Register(kind, h)
	}
	register(addContactWay, outbox.Handler{Class: outbox.Findable, Do: s.doAddContactWay, Find: s.findContactWay, Done: s.contactWayMade})
	register(updateContactWay, outbox.Handler{Class: outbox.Repeatable, Do: s.doUpdateContactWay, Done: s.wayUpdated})
	register(addJoinWay, outbox.Handler{Class: outbox.Unfindable, Do: s.doAddJoinWay, Done: s.joinWayMade, Orphan: s.joinWayOrphaned})
	register(getJoinWay, outbox.Handler{Class: outbox.Repeatable, Do: s.doGetJoinWay, Done: s.joinWayRead})
	register(updateJoinWay, outbox.Handler{Class: outbox.Repeatable, Do: s.doUpdateJoinWay, Done: s.wayUpdated})
}

// verdict: WeCom's refusals that pass by themselves are tried again for as long as it takes, everything else that WeCom
// refused is for a person to mend. A failure of our own is tried a few times.
func verdict(err error, attempts int) (outbox.Verdict, time.Duration) {
	pause := time.Second << min(attempts, 6)
	var refused *wecom.Error
	switch {
	case wecom.Unknown(err):
		return outbox.Unknown, time.Second
	case pg.IsUnavailable(err), errs.KindOf(err) == errs.Unavailable, errs.KindOf(err) == errs.TooMany && !wecom.IsCode(err, 41045):
		return outbox.Retry, pause
	case attempts < 10 && (!errors.As(err, &refused) || wecom.IsCode(err, 40001, 40013, 40014, 42001)):
		return outbox.Retry, pause
	}
	return outbox.Fail, 0
}

func (s *Service) codeOf(ctx context.Context, c outbox.Call) (Code, error) {
	var p wayCall
	if err := json.Unmarshal(c.Payload, &p); err != nil {
		return Code{}, fmt.Errorf("payload of %s: %w", c.Key, err)
	}
	return getCode(ctx, s.DB, p.CodeID)
}

// Unsettled is a code whose way is not known to be as it should be. Calling says that a call about it is not closed.
type Unsettled struct {
	Code
	Calling bool
}

// Unsettled returns the codes with a call about their way that is not closed, and those of which WeCom refused the last one.
func (s *Service) Unsettled(ctx context.Context, q pg.Querier) ([]Unsettled, error) {
	const page = 1000
	var out []Unsettled
	for after := int64(0); ; {
		codes, err := findCodes(ctx, q, `WHERE kind <> 'locator' AND id > $1 ORDER BY id LIMIT $2`, after, page)
		if err != nil {
			return nil, err
		}
		entities := make([]string, len(codes))
		for i, c := range codes {
			entities[i] = object(c.ID)
		}
		calling, err := outbox.Open(ctx, q, entities, addContactWay, updateContactWay, addJoinWay, getJoinWay, updateJoinWay)
		if err != nil {
			return nil, err
		}
		for i, c := range codes {
			if x := calling[entities[i]]; x || c.Status == Creating || c.StatusReason != "" {
				out = append(out, Unsettled{Code: c, Calling: x})
			}
		}
		if len(codes) < page {
			return out, nil
		}
		after = codes[len(codes)-1].ID
	}
}

// AsWanted reports whether a way that was read is what the code asks for.
func (s *Service) AsWanted(ctx context.Context, q pg.Querier, c Code, r Reading) (bool, error) {
	what, err := s.judge(ctx, q, c, r)
	return what == Same, err
}

// users lists a staff code's people as WeCom names them: those who can be contacted, since WeCom refuses a whole way for
// the sake of one who cannot. When nobody can, all are named, and WeCom's refusal says what is wrong.
func (s *Service) users(ctx context.Context, q pg.Querier, c Code) ([]string, error) {
	people, err := s.Directory.StaffByIDs(ctx, q, c.StaffIDs)
	if err != nil {
		return nil, err
	}
	var all, able []string
	for _, id := range c.StaffIDs {
		p, ok := people[id]
		if ok {
			all = append(all, p.UserID)
		}
		if ok && p.Active && p.CanContact {
			able = append(able, p.UserID)
		}
	}
	if len(able) == 0 {
		return all, nil
	}
	return able, nil
}

// chats lists a group code's groups as WeCom names them.
func (s *Service) chats(ctx context.Context, q pg.Querier, c Code) ([]string, error) {
	rooms, err := s.Groups.ByIDs(ctx, q, c.GroupIDs)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, id := range c.GroupIDs {
		if r, ok := rooms[id]; ok {
			out = append(out, r.ChatID)
		}
	}
	return out, nil
}

func contactWay(c Code, users []string) wecom.ContactWay {
	return wecom.ContactWay{ConfigID: c.ConfigID, Type: 2, Scene: 2, Remark: firstRunes(c.Name, 30), SkipVerify: true, State: c.WayState, Users: users}
}

func (s *Service) doAddContactWay(ctx context.Context, call outbox.Call) (any, error) {
	c, err := s.codeOf(ctx, call)
	if err != nil {
		return nil, err
	}
	users, err := s.users(ctx, s.DB, c)
	if err != nil {
		return nil, err
	}
	config, picture, err := s.WeCom.AddContactWay(ctx, contactWay(c, users))
	if err != nil {
		return nil, err
	}
	return wayResult{CodeID: c.ID, ConfigID: config, QR: picture, Users: users, Written: true}, nil
}

// findContactWay looks for a way with the code's state among those made since the code was, leaving out those that belong
// to other codes. WeCom dates ways by the platform's clock, which is the corp's, so a day is allowed for skew.
func (s *Service) findContactWay(ctx context.Context, call outbox.Call) (any, bool, error) {
	c, err := s.codeOf(ctx, call)
	if err != nil {
		return nil, false, err
	}
	start := c.CreatedAt.Add(-24 * time.Hour).Unix()
	for cursor := ""; ; {
		configs, next, err := s.WeCom.ListContactWay(ctx, start, 0, cursor, 1000)
		if err != nil {
			return nil, false, err
		}
		owned, err := ownedConfigs(ctx, s.DB, configs)
		if err != nil {
			return nil, false, err
		}
		for _, config := range configs {
			if owned[config] {
				continue
			}
			w, err := s.WeCom.GetContactWay(ctx, config)
			if wecom.IsCode(err, 41044) {
				continue
			}
			if err != nil {
				return nil, false, err
			}
			if w.State == c.WayState {
				return wayResult{CodeID: c.ID, ConfigID: config, QR: w.QRCode, Users: w.Users, Written: true}, true, nil
			}
		}
		if next == "" {
			return nil, false, nil
		}
		cursor = next
	}
}

// contactWayMade puts codes to use. Whoever joined the code while it was being made is written in a second call.
func (s *Service) contactWayMade(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	return s.settle(ctx, tx, calls, func(c *Code, r wayResult) (again string) {
		c.ConfigID, c.QR, c.Status, c.StatusReason = r.ConfigID, r.QR, Active, ""
		users, err := s.users(ctx, tx, *c)
		if err == nil && !sameStrings(users, r.Users) {
			return updateContactWay
		}
		return ""
	})
}

// sameWay reports whether a way at WeCom is what we would write.
func sameWay(want, there wecom.ContactWay) bool {
	return sameStrings(want.Users, there.Users) && len(there.Parties) == 0 && want.Remark == there.Remark && want.State == there.State && want.SkipVerify == there.SkipVerify
}

// doUpdateContactWay reads the way before it replaces it: one that is as it should be is left alone, so that several
// changes in a row are written once.
func (s *Service) doUpdateContactWay(ctx context.Context, call outbox.Call) (any, error) {
	c, err := s.codeOf(ctx, call)
	if err != nil {
		return nil, err
	}
	users, err := s.users(ctx, s.DB, c)
	if err != nil {
		return nil, err
	}
	there, err := s.WeCom.GetContactWay(ctx, c.ConfigID)
	if err != nil {
		return nil, err
	}
	if len(users) > 0 && sameWay(contactWay(c, users), there) {
		return wayResult{CodeID: c.ID, Users: users}, nil
	}
	if err := s.WeCom.UpdateContactWay(ctx, contactWay(c, users)); err != nil {
		return nil, err
	}
	return wayResult{CodeID: c.ID, Users: users, Written: true}, nil
}

func joinWay(c Code, chats []string, number int) wecom.JoinWay {
	return wecom.JoinWay{ConfigID: c.ConfigID, Scene: 2, Remark: firstRunes(c.Name, 30), AutoCreateRoom: 1, RoomBaseName: c.RoomBaseName,
		RoomBaseID: number, ChatIDs: chats, State: c.WayState}
}

func (s *Service) doAddJoinWay(ctx context.Context, call outbox.Call) (any, error) {
	c, err := s.codeOf(ctx, call)
	if err != nil {
		return nil, err
	}
	chats, err := s.chats(ctx, s.DB, c)
	if err != nil {
		return nil, err
	}
	config, err := s.WeCom.AddJoinWay(ctx, joinWay(c, chats, 1))
	if err != nil {
		return nil, err
	}
	return wayResult{CodeID: c.ID, ConfigID: config, Chats: chats, Written: true}, nil
}

// joinWayMade keeps the way's id; its picture has to be asked for.
func (s *Service) joinWayMade(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	return s.settle(ctx, tx, calls, func(c *Code, r wayResult) string {
		c.ConfigID = r.ConfigID
		return getJoinWay
	})
}

// joinWayOrphaned counts a way that may stand at WeCom for ever: nobody can list join ways.
func (s *Service) joinWayOrphaned(ctx context.Context, tx pg.Tx, calls []outbox.Call) error {
	ids, err := s.IDs.Take(ctx, len(calls))
	if err != nil {
		return err
	}
	codes, callIDs, attempts := make([]int64, len(calls)), make([]int64, len(calls)), make([]int32, len(calls))
	for i, call := range calls {
		var p wayCall
		if err := json.Unmarshal(call.Payload, &p); err != nil {
			return fmt.Errorf("payload of %s: %w", call.Key, err)
		}
		codes[i], callIDs[i], attempts[i] = p.CodeID, call.ID, int32(call.Attempts) //nolint:gosec // tens at most
	}
	return insertOrphans(ctx, tx, ids, codes, callIDs, attempts, s.Clock.Now())
}

func (s *Service) doGetJoinWay(ctx context.Context, call outbox.Call) (any, error) {
	c, err := s.codeOf(ctx, call)
	if err != nil {
		return nil, err
	}
	w, err := s.WeCom.GetJoinWay(ctx, c.ConfigID)
	if err != nil {
		return nil, err
	}
	return wayResult{CodeID: c.ID, ConfigID: c.ConfigID, QR: w.QRCode, Chats: w.ChatIDs}, nil
}

func (s *Service) joinWayRead(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	now := s.Clock.Now()
	return s.settle(ctx, tx, calls, func(c *Code, r wayResult) string {
		c.QR, c.StatusReason = r.QR, ""
		if c.Status == Creating {
			c.Status = Active
		}
		c.checkAt = &now // groups may have filled up meanwhile
		return ""
	})
}

// doUpdateJoinWay reads the way before it replaces it: a group that WeCom opened by itself and that we have not seen yet
// must not be thrown out, the numbering of new groups goes on, and a way that is as it should be is left alone.
func (s *Service) doUpdateJoinWay(ctx context.Context, call outbox.Call) (any, error) {
	c, err := s.codeOf(ctx, call)
	if err != nil {
		return nil, err
	}
	there, err := s.WeCom.GetJoinWay(ctx, c.ConfigID)
	if err != nil {
		return nil, err
	}
	want, differs, err := s.wanted(ctx, s.DB, c, there)
	if err != nil {
		return nil, err
	}
	if !differs {
		return wayResult{CodeID: c.ID, Chats: there.ChatIDs}, nil
	}
	if err := s.WeCom.UpdateJoinWay(ctx, joinWay(c, want, there.RoomBaseID)); err != nil {
		return nil, err
	}
	return wayResult{CodeID: c.ID, Chats: want, Written: true}, nil
}

// wanted lists the groups a join way should lead into, and whether the way as it is there differs from what it should be.
func (s *Service) wanted(ctx context.Context, q pg.Querier, c Code, there wecom.JoinWay) (want []string, differs bool, err error) {
	if want, err = s.chats(ctx, q, c); err != nil {
		return nil, false, err
	}
	known, err := s.Groups.ByChats(ctx, q, there.ChatIDs)
	if err != nil {
		return nil, false, err
	}
	want = withUnseen(want, there.ChatIDs, known)
	same := sameStrings(want, there.ChatIDs) && there.Remark == firstRunes(c.Name, 30) && there.AutoCreateRoom == 1 && there.State == c.WayState
	return want, len(want) > 0 && !same, nil
}

// withUnseen adds to want the groups at WeCom that we do not know, in place of the last of ours where five would be passed.
func withUnseen(want, there []string, known map[string]group.Ref) []string {
	var unseen []string
	for _, chat := range there {
		if _, ok := known[chat]; !ok && !slices.Contains(want, chat) {
			unseen = append(unseen, chat)
		}
	}
	unseen = unseen[:min(len(unseen), MaxGroups)]
	want = want[:min(len(want), MaxGroups-len(unseen))]
	return append(slices.Clone(want), unseen...)
}

func (s *Service) wayUpdated(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	return s.settle(ctx, tx, calls, func(c *Code, _ wayResult) string {
		c.StatusReason = ""
		return ""
	})
}

// wayFailed keeps WeCom's reason. A code that was never made has failed; one that was keeps working as it was, unless WeCom
// no longer has it.
func (s *Service) wayFailed(ctx context.Context, tx pg.Tx, calls []outbox.Finished) error {
	return s.settleAll(ctx, tx, calls, func(c *Code, f outbox.Finished) (string, error) {
		c.StatusReason = errs.CodeOf(f.Err)
		switch {
		case wecom.IsCode(f.Err, 41044):
			c.Status, c.ConfigID, c.QR = Failed, "", ""
		case c.Status == Creating:
			c.Status = Failed
		}
		s.Log.Warn("live code", "code", c.ID, "call", f.Kind, "error", f.Err)
		return "", nil
	})
}

func (s *Service) settle(ctx context.Context, tx pg.Tx, calls []outbox.Finished, apply func(c *Code, r wayResult) (again string)) error {
	return s.settleAll(ctx, tx, calls, func(c *Code, f outbox.Finished) (string, error) {
		var r wayResult
		if err := json.Unmarshal(f.Result, &r); err != nil {
			return "", fmt.Errorf("result of %s: %w", f.Key, err)
		}
		return apply(c, r), nil
	})
}

// settleAll applies answers to their codes and plans the calls that apply names.
func (s *Service) settleAll(ctx context.Context, tx pg.Tx, calls []outbox.Finished, apply func(c *Code, f outbox.Finished) (again string, err error)) error {
	byCode := make(map[int64]outbox.Finished, len(calls))
	var order []int64
	for _, f := range calls {
		var p wayCall
		if err := json.Unmarshal(f.Payload, &p); err != nil {
			return fmt.Errorf("payload of %s: %w", f.Key, err)
		}
		if _, twice := byCode[p.CodeID]; !twice {
			order = append(order, p.CodeID)
		}
		byCode[p.CodeID] = f
	}
	codes, err := lockCodes(ctx, tx, order)
	if err != nil {
		return err
	}
	var plans []outbox.Plan
	for i := range codes {
		c := &codes[i]
		f := byCode[c.ID]
		again, err := apply(c, f)
		if err != nil {
			return err
		}
		c.UpdatedAt = s.Clock.Now()
		if again != "" {
			// The finished call's id makes the key unique and the same when this transaction is run again.
			plans = append(plans, wayPlan(again, "after", c.ID, f.ID, f.CauseID))
		}
	}
	fpSaveBefore.Hit()
	if err := saveCodes(ctx, tx, codes); err != nil {
		return err
	}
	return s.Outbox.Plan(ctx, tx, plans...)
}

// sameStrings compares ids regardless of order.
func sameStrings(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
