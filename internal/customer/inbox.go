package customer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"qunce/internal/event"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// readers is how many customers are read from WeCom at once.
const readers = 16

// Listen registers what callbacks about customers and tags make us do.
func (s *Service) Listen(in *inbox.Inbox) {
	seen := inbox.Handler{Read: s.readAll, Apply: s.applyEvents}
	for _, change := range []string{callback.AddExternal, callback.AddHalfExternal, callback.EditExternal, callback.MsgAuditApproved} {
		in.Register(callback.ExternalContact+"/"+change, seen)
	}
	ended := inbox.Handler{Read: s.readUnknown, Apply: s.applyEvents}
	in.Register(callback.ExternalContact+"/"+callback.DelExternal, ended)
	in.Register(callback.ExternalContact+"/"+callback.DelFollow, ended)
	in.Register(callback.ExternalContact+"/"+callback.TransferFail, inbox.Handler{Read: s.readAll, Apply: s.applyTransfers})
	in.Register(callback.ExternalTag, inbox.Handler{Read: s.readTags, Apply: s.applyTagEvents})
}

// gone are the codes by which WeCom says that nobody in sight knows this customer (any more).
func gone(err error) bool { return wecom.IsCode(err, 84061, 40096) }

func (s *Service) readAll(ctx context.Context, evs []inbox.Event) (any, error) {
	ids := make([]string, 0, len(evs))
	hurry := map[string]bool{}
	for _, e := range evs {
		ids = append(ids, e.ExternalUserID)
		hurry[e.ExternalUserID] = hurry[e.ExternalUserID] || e.WelcomeCode != "" && e.Attempts == 0
	}
	return s.read(ctx, unique(ids), hurry)
}

// readUnknown reads customers whose end we hear of before their beginning.
func (s *Service) readUnknown(ctx context.Context, evs []inbox.Event) (any, error) {
	unknown, err := unknownPairs(ctx, s.DB, endsOf(evs))
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(unknown))
	for _, e := range unknown {
		ids = append(ids, e.ExternalUserID)
	}
	return s.read(ctx, unique(ids), nil)
}

// hurriedRead is how long the reading of a customer may hold up their welcome.
const hurriedRead = 2 * time.Second

// read reads customers. Of those in a hurry a welcome waits: who cannot be read at once is greeted without, and looked at
// again later.
func (s *Service) read(ctx context.Context, externals []string, hurry map[string]bool) (reading, error) {
	at := s.Wall.Now()
	found, late := make([]*wecom.External, len(externals)), make([]bool, len(externals))
	g, asking := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, x := range externals {
		g.Go(func() error {
			ctx := asking
			if hurry[x] {
				var done context.CancelFunc
				ctx, done = context.WithTimeout(asking, hurriedRead)
				defer done()
			}
			e, err := s.WeCom.ExternalGet(ctx, x)
			switch {
			case gone(err):
			case err == nil:
				found[i] = &e
			case hurry[x] && asking.Err() == nil:
				late[i] = true
			default:
				return err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return reading{}, err
	}
	out := reading{at: at, found: make(map[string]wecom.External, len(externals)), late: map[string]bool{}}
	for i, x := range externals {
		out.late[x] = late[i]
		if found[i] != nil {
			out.found[x] = *found[i]
		}
	}
	return out, nil
}

// reading is what WeCom showed of customers, and the wall time at which we began to ask; late are those whom there was no
// time to read.
type reading struct {
	at    time.Time
	found map[string]wecom.External
	late  map[string]bool
}

func endsOf(evs []inbox.Event) []End {
	var out []End
	for _, e := range evs {
		switch e.ChangeType {
		case callback.DelExternal:
			out = append(out, End{UserID: e.UserID, ExternalUserID: e.ExternalUserID, By: DeletedByStaff, At: e.At, Transferred: e.Source == callback.DeleteByTransfer})
		case callback.DelFollow:
			out = append(out, End{UserID: e.UserID, ExternalUserID: e.ExternalUserID, By: DeletedByCustomer, At: e.At})
		}
	}
	return out
}

// applyEvents applies what was read, hands welcome codes on, and then marks the ends.
func (s *Service) applyEvents(ctx context.Context, tx pg.Tx, evs []inbox.Event, read any) error {
	r := read.(reading)
	if err := s.applySeen(ctx, tx, evs, r); err != nil {
		return err
	}
	if err := s.handOnWelcomes(ctx, tx, evs, r.found); err != nil {
		return err
	}
	if err := s.lookAgain(ctx, tx, evs, r); err != nil {
		return err
	}
	for cause, ends := range byCause(evs) {
		if err := s.End(ctx, tx, ends, cause); err != nil {
			return err
		}
	}
	return nil
}

// lookAgain asks for another look at customers whom there was no time to read, and at adds that WeCom does not show yet: what
// it shows lags behind what it tells. One that was taken back since is shown no more.
func (s *Service) lookAgain(ctx context.Context, tx pg.Tx, evs []inbox.Event, r reading) error {
	for _, e := range evs {
		if r.late[e.ExternalUserID] {
			inbox.LookAgain(ctx, e, inbox.Pause(e.Attempts))
			continue
		}
		shown := slices.ContainsFunc(r.found[e.ExternalUserID].Follows, func(f wecom.Follow) bool { return f.UserID == e.UserID })
		if e.ChangeType != callback.AddExternal || shown || e.Attempts >= inbox.Looks {
			continue
		}
		since, err := inbox.Recent(ctx, tx, e.ExternalUserID, e.At)
		if err != nil {
			return err
		}
		taken := func(x inbox.Event) bool {
			return x.UserID == e.UserID && (x.ChangeType == callback.DelExternal || x.ChangeType == callback.DelFollow)
		}
		if !slices.ContainsFunc(since, taken) {
			inbox.LookAgain(ctx, e, inbox.Pause(e.Attempts))
		}
	}
	return nil
}

func byCause(evs []inbox.Event) map[int64][]End {
	out := map[int64][]End{}
	for _, e := range evs {
		if ends := endsOf([]inbox.Event{e}); len(ends) > 0 {
			out[e.CauseID] = ends
		}
	}
	return out
}

func (s *Service) applySeen(ctx context.Context, tx pg.Tx, evs []inbox.Event, r reading) error {
	var seen []Seen
	causes := map[string]int64{}
	done := map[string]bool{}
	for _, e := range evs {
		if ext, ok := r.found[e.ExternalUserID]; ok && !done[e.ExternalUserID] {
			done[e.ExternalUserID] = true
			causes[e.ExternalUserID] = e.CauseID
			seen = append(seen, SeenIn(ext, r.at)...)
		}
	}
	_, err := s.apply(ctx, tx, seen, "", func(external string) int64 { return causes[external] })
	return err
}

// handOnWelcomes publishes the welcome codes. A half add has no relation yet, but its twenty seconds run already, so the
// customer is made from the event alone when WeCom does not show them.
func (s *Service) handOnWelcomes(ctx context.Context, tx pg.Tx, evs []inbox.Event, found map[string]wecom.External) error {
	var welcomes []inbox.Event
	var bare []Seen
	var users []string
	for _, e := range evs {
		if e.WelcomeCode == "" {
			continue
		}
		welcomes = append(welcomes, e)
		users = append(users, e.UserID)
		if _, ok := found[e.ExternalUserID]; !ok {
			bare = append(bare, Seen{Contact: wecom.ExternalContact{ExternalUserID: e.ExternalUserID}, Follow: wecom.Follow{CreateTime: e.CreateTime}})
		}
	}
	if len(welcomes) == 0 {
		return nil
	}
	if len(bare) > 0 {
		if err := s.ensurePeople(ctx, tx, bare); err != nil {
			return err
		}
	}
	externals := make([]string, 0, len(welcomes))
	for _, e := range welcomes {
		externals = append(externals, e.ExternalUserID)
	}
	ids, err := identities(ctx, tx, "external_userid", externals)
	if err != nil {
		return err
	}
	staff, err := s.Staff.EnsureStaff(ctx, tx, unique(users))
	if err != nil {
		return err
	}
	out := make([]event.Event, 0, len(welcomes))
	for _, e := range welcomes {
		sum := sha256.Sum256([]byte(e.WelcomeCode))
		ref := staff[e.UserID]
		out = append(out, event.Event{Kind: Welcomed, At: e.At, CustomerID: ids[e.ExternalUserID], StaffID: ref.ID, StoreID: ref.StoreID, CauseID: e.CauseID,
			Key: "customer.welcome/" + hex.EncodeToString(sum[:12]),
			Data: WelcomeData{UserID: e.UserID, ExternalUserID: e.ExternalUserID, WayState: e.State, Name: found[e.ExternalUserID].Contact.Name,
				Consent: e.ChangeType == callback.MsgAuditApproved, Code: e.WelcomeCode, Received: e.Received}})
	}
	return s.Events.Publish(ctx, tx, out...)
}

// applyTransfers tells of customers who were not taken over. A customer of whom WeCom shows nothing, and we neither, has no
// timeline to tell it on.
func (s *Service) applyTransfers(ctx context.Context, tx pg.Tx, evs []inbox.Event, read any) error {
	if err := s.applySeen(ctx, tx, evs, read.(reading)); err != nil {
		return err
	}
	externals, users := make([]string, len(evs)), make([]string, len(evs))
	for i, e := range evs {
		externals[i], users[i] = e.ExternalUserID, e.UserID
	}
	ids, err := identities(ctx, tx, "external_userid", externals)
	if err != nil {
		return err
	}
	staff, err := s.Staff.EnsureStaff(ctx, tx, unique(users))
	if err != nil {
		return err
	}
	var out []event.Event
	for _, e := range evs {
		if ids[e.ExternalUserID] == 0 {
			continue
		}
		ref := staff[e.UserID]
		out = append(out, event.Event{Kind: TransferFailed, At: e.At, CustomerID: ids[e.ExternalUserID], StaffID: ref.ID, StoreID: ref.StoreID, CauseID: e.CauseID,
			Key: fmt.Sprintf("customer.transfer_failed/%d", e.ID), Data: TransferFailedData{UserID: e.UserID, ExternalUserID: e.ExternalUserID, Reason: e.FailReason}})
	}
	return s.Events.Publish(ctx, tx, out...)
}

// tagReading is the corp's tags as WeCom showed them, and the wall time at which we began to ask. A callback names one tag
// and tells neither its name nor its place, and deleting a group of tags tells nothing of its tags: all are read.
type tagReading struct {
	at   time.Time
	list []wecom.CorpTagGroup
}

func (s *Service) readTags(ctx context.Context, _ []inbox.Event) (any, error) {
	r := tagReading{at: s.Wall.Now()}
	var err error
	r.list, err = s.WeCom.CorpTags(ctx, nil, nil)
	return r, err
}

func (s *Service) applyTagEvents(ctx context.Context, tx pg.Tx, _ []inbox.Event, read any) error {
	r := read.(tagReading)
	return s.ApplyTagReading(ctx, tx, r.list, r.at)
}
