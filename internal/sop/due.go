package sop

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"qunce/internal/clock"
	"qunce/internal/directory"
	"qunce/internal/group"
	"qunce/internal/pg"
	"qunce/internal/send"
	"qunce/internal/task"
	"qunce/internal/touch"
	"qunce/internal/wecom"
)

const (
	// workBatch is how many due rows one transaction works.
	workBatch = 2000
	// peopleActions is how many one-to-one sidebar tasks a member of staff gets a day; the rest becomes one list.
	peopleActions = 20
	// namesShown is how many recipients of a mass send a task names.
	namesShown = 5
)

// RunDue does everything that is due at the corp's present: it lays out the next day of groups and works due rows, in
// bounded transactions, until nothing is due. It returns how many rows it moved.
func (s *Service) RunDue(ctx context.Context) (int, error) {
	total, err := s.planAhead(ctx)
	if err != nil {
		return total, err
	}
	for _, subject := range []Subject{OfCustomer, OfGroup} {
		for {
			n := 0
			err := s.DB.Tx(ctx, func(tx pg.Tx) (err error) {
				n, err = s.work(ctx, tx, subject)
				return err
			})
			total += n
			if err != nil {
				return total, fmt.Errorf("work due steps of %ss: %w", subject, err)
			}
			if n == 0 {
				break
			}
		}
	}
	return total, nil
}

// item is a due row on its way through a batch.
type item struct {
	dueRow
	step     Step
	until    time.Time // after this it is too late for good
	contact  string    // external_userid or chat_id
	userID   string    // the sender
	name     string    // of the customer or group
	decision touch.Decision
	// what becomes of the row
	state  string
	reason string
	task   int64
}

// work takes one batch through: late rule, ledger, tasks, sends.
func (s *Service) work(ctx context.Context, tx pg.Tx, subject Subject) (int, error) {
	b := bookOf(subject)
	now := s.Clock.Now()
	if err := lockWork(ctx, tx); err != nil {
		return 0, err
	}
	rows, err := b.dueRows(ctx, tx, now, workBatch)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	fpWorkBefore.Hit()
	items, err := s.items(ctx, tx, wholeSets(rows, workBatch), now)
	if err != nil {
		return 0, err
	}
	if err := s.address(ctx, tx, subject, items); err != nil {
		return 0, err
	}
	if err := s.decide(ctx, tx, subject, items); err != nil {
		return 0, err
	}
	fpWorkTouched.Hit()
	if err := s.assign(ctx, tx, subject, items, now); err != nil {
		return 0, err
	}
	if err := b.saveWork(ctx, tx, items, now); err != nil {
		return 0, err
	}
	var closed []runKey
	for _, x := range items {
		if x.state == stateRefused || x.state == stateSkipped {
			closed = append(closed, runKey{x.subject, x.run})
		}
	}
	if err := s.finish(ctx, tx, subject, closed); err != nil {
		return 0, err
	}
	fpWorkAfter.Hit()
	return len(items), nil
}

// setKey names the due rows that one mass send carries.
type setKey struct {
	plan    int64
	version int
	key     string
	staff   int64
	day     time.Time
}

func (r dueRow) set() setKey { return setKey{r.plan, r.version, r.key, r.staff, r.day} }

// wholeSets drops the last set of a full batch, which may go on in the next one, unless it is the only set.
func wholeSets(rows []dueRow, limit int) []dueRow {
	if len(rows) < limit {
		return rows
	}
	last := rows[len(rows)-1].set()
	cut := len(rows)
	for cut > 0 && rows[cut-1].set() == last {
		cut--
	}
	if cut == 0 {
		return rows
	}
	return rows[:cut]
}

// items applies the late rule.
func (s *Service) items(ctx context.Context, tx pg.Tx, rows []dueRow, now time.Time) ([]*item, error) {
	known := definitions{}
	out := make([]*item, len(rows))
	for i, r := range rows {
		d, err := known.get(ctx, tx, r.plan, r.version)
		if err != nil {
			return nil, err
		}
		x := &item{dueRow: r}
		out[i] = x
		var ok bool
		if x.step, ok = d.step(stepOf(r.key)); !ok {
			x.state, x.reason = stateSkipped, "step_gone"
			continue
		}
		if x.until = x.step.lastMoment(r.end); !now.Before(x.until) {
			x.state, x.reason = stateSkipped, "window_passed"
		}
	}
	return out, nil
}

// address finds out how each is reached, and by whom: a group's owner may have changed since the row was laid out.
func (s *Service) address(ctx context.Context, tx pg.Tx, subject Subject, items []*item) error {
	var ids []int64
	for _, x := range items {
		if x.state == "" {
			ids = append(ids, x.subject)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if subject == OfGroup {
		chats, err := s.Groups.ByIDs(ctx, tx, ids)
		if err != nil {
			return err
		}
		for _, x := range items {
			if g, ok := chats[x.subject]; ok && g.Status == group.Normal {
				x.staff, x.store, x.contact, x.userID, x.name = g.OwnerID, g.StoreID, g.ChatID, g.OwnerUserID, g.Name
			}
		}
		return nil
	}
	relations, err := s.Customers.RelationsOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	names, err := s.Customers.NamesOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, x := range items {
		x.name = names[x.subject]
		for _, r := range relations[x.subject] {
			if r.StaffID == x.staff && r.EndedAt == nil {
				x.contact, x.userID = r.ExternalUserID, r.UserID
			}
		}
	}
	return nil
}

// decide asks the ledger about everything that is left, in one call.
func (s *Service) decide(ctx context.Context, tx pg.Tx, subject Subject, items []*item) error {
	var asked []*item
	var list []touch.Candidate
	for _, x := range items {
		if x.state != "" {
			continue
		}
		c := touch.Candidate{StaffID: x.staff, Channel: x.step.Channel, Purpose: x.step.Purpose, Promo: x.step.Promo, Quota: x.step.Mass(),
			ExternalUserID: x.contact, Source: "sop", SourceKey: fmt.Sprintf("sop/%d/%s", x.run, x.key), WindowEnd: x.until, CauseID: x.cause}
		if subject == OfGroup {
			c.GroupID = x.subject
		} else {
			c.CustomerID = x.subject
		}
		asked, list = append(asked, x), append(list, c)
	}
	ask := s.Touch.DecideCustomers
	if subject == OfGroup {
		ask = s.Touch.DecideGroups
	}
	decisions, err := ask(ctx, tx, list)
	if err != nil {
		return err
	}
	for i, x := range asked {
		x.decision = decisions[i]
		switch x.decision.Verdict {
		case touch.Refuse:
			x.state, x.reason = stateRefused, x.decision.Reason
		case touch.Defer:
			x.state, x.reason = stateWaiting, x.decision.Reason
		}
	}
	return nil
}

// assign makes the tasks of what was allowed, and plans their sends.
func (s *Service) assign(ctx context.Context, tx pg.Tx, subject Subject, items []*item, now time.Time) error {
	var allowed []*item
	var staffIDs, storeIDs []int64
	for _, x := range items {
		if x.state == "" {
			allowed = append(allowed, x)
			staffIDs, storeIDs = append(staffIDs, x.staff), append(storeIDs, x.store)
		}
	}
	if len(allowed) == 0 {
		return nil
	}
	staff, err := s.Directory.StaffByIDs(ctx, tx, staffIDs)
	if err != nil {
		return err
	}
	stores, err := s.Directory.StoresByIDs(ctx, tx, storeIDs)
	if err != nil {
		return err
	}
	used, err := s.Tasks.PeopleActions(ctx, tx, staffIDs, now)
	if err != nil {
		return err
	}
	orders := compose(subject, allowed, staff, stores, used, now)
	tasks := make([]task.NewTask, len(orders))
	for i, o := range orders {
		tasks[i] = o.task
	}
	ids, err := s.Tasks.Create(ctx, tx, tasks)
	if err != nil {
		return err
	}
	var sends []send.NewSend
	for i, o := range orders {
		for _, x := range o.items {
			x.state, x.task = stateTasked, ids[i]
		}
		if o.send != nil {
			o.send.TaskID = ids[i]
			sends = append(sends, *o.send)
		}
	}
	return s.Sends.Plan(ctx, tx, sends)
}

// assignment is one task with the rows it carries, and the mass send behind it, if any.
type assignment struct {
	task  task.NewTask
	send  *send.NewSend
	items []*item
}

// compose turns allowed rows into tasks: people at the same step of the same member of staff share one mass send; sidebar
// messages are a task each, up to a day's load, and the rest is one list.
func compose(subject Subject, allowed []*item, staff map[int64]directory.Staff, stores map[int64]directory.Store, used map[int64]int, now time.Time) []assignment {
	sets := map[setKey][]*item{}
	var order []setKey
	for _, x := range allowed {
		k := x.set()
		if sets[k] == nil {
			order = append(order, k)
		}
		sets[k] = append(sets[k], x)
	}
	var out []assignment
	for _, k := range order {
		set := sets[k]
		slices.SortFunc(set, func(a, b *item) int { return cmp.Compare(a.run, b.run) })
		words := map[string]string{"staff": staff[k.staff].Name, "store": stores[set[0].store].Name}
		if words["store"] == "" {
			words["store"] = "门店"
		}
		if set[0].step.Mass() {
			out = append(out, massTask(subject, set, words, now))
			continue
		}
		if subject == OfGroup {
			for _, x := range set {
				out = append(out, sidebarTask(subject, x, words, now))
			}
			continue
		}
		room := max(peopleActions-used[k.staff], 0)
		single := set[:min(room, len(set))]
		used[k.staff] += len(single)
		for _, x := range single {
			out = append(out, sidebarTask(subject, x, words, now))
		}
		if rest := set[len(single):]; len(rest) > 0 {
			out = append(out, listTask(rest, words, now))
		}
	}
	return out
}

// base is what all tasks of a step share. The key's last part is the first row's run: a row is tasked once, so a later set
// of the same step never has the same key.
func base(set []*item, kind task.Kind, words map[string]string, now time.Time) task.NewTask {
	x := set[0]
	t := task.NewTask{StaffID: x.staff, Key: fmt.Sprintf("sop/%s/%d/%d/%s/%d", kind, x.plan, x.version, x.key, x.run), Kind: kind,
		Title: x.step.Title, Why: x.step.Why, StoreID: x.store, PlanID: x.plan, PlanVersion: x.version, StepKey: stepOf(x.key),
		DueAt: x.due, WindowEnd: x.end, CloseAt: x.until, Recipients: len(set), CauseID: x.cause,
		Body: task.Body{Text: render(x.step.Text, words), Attachments: shown(x.step), Minutes: 1}}
	if !x.end.After(now) { // made late by us: the member of staff has the time the step leaves
		t.DueAt, t.WindowEnd = now, x.until
	}
	return t
}

func (x *item) person(subject Subject) task.Person {
	if subject == OfGroup {
		return task.Person{GroupID: x.subject, Name: x.name, ChatID: x.contact}
	}
	return task.Person{CustomerID: x.subject, Name: x.name, ExternalUserID: x.contact}
}

// massTask is one mass send for a set. Its task stays open a little longer than the send, which is read once more when it
// closes.
func massTask(subject Subject, set []*item, words map[string]string, now time.Time) assignment {
	x := set[0]
	kind, chat := task.MassSingle, wecom.ChatSingle
	if subject == OfGroup {
		kind, chat = task.MassGroup, wecom.ChatGroup
	}
	t := base(set, kind, words, now)
	for _, y := range set[:min(namesShown, len(set))] {
		t.Body.People = append(t.Body.People, y.person(subject))
	}
	n := &send.NewSend{StaffID: x.staff, UserID: x.userID, ChatType: chat, Key: t.Key, Content: send.Content{Text: t.Body.Text, Attachments: links(x.step.Links), Parts: x.step.Parts},
		WindowEnd: t.WindowEnd, CloseAt: t.CloseAt, CauseID: x.cause}
	for _, y := range set {
		r := send.Recipient{TouchID: y.decision.TouchID}
		if subject == OfGroup {
			r.ChatID, r.GroupID = y.contact, y.subject
		} else {
			r.External, r.CustomerID = y.contact, y.subject
		}
		n.Recipients = append(n.Recipients, r)
	}
	t.CloseAt = t.CloseAt.Add(time.Hour)
	if len(set) == 1 {
		t.CustomerID, t.GroupID = n.Recipients[0].CustomerID, n.Recipients[0].GroupID
	}
	return assignment{task: t, send: n, items: set}
}

// shown is what the staff see beside the text.
func shown(x Step) []task.Attachment {
	out := x.Links[:len(x.Links):len(x.Links)]
	for _, p := range x.Parts {
		out = append(out, task.Attachment{Type: string(p.Type), Title: p.Title, URL: p.URL, FileID: p.FileID})
	}
	return out
}

func links(list []task.Attachment) []wecom.Attachment {
	var out []wecom.Attachment
	for _, a := range list {
		out = append(out, wecom.Attachment{MsgType: "link", Link: &wecom.Link{Title: a.Title, URL: a.URL}})
	}
	return out
}

// sidebarTask is one message to one person or group, sent by a tap.
func sidebarTask(subject Subject, x *item, words map[string]string, now time.Time) assignment {
	kind, variable := task.SidebarSingle, "name"
	if subject == OfGroup {
		kind, variable = task.SidebarGroup, "group"
	}
	t := base([]*item{x}, kind, words, now)
	t.Body.Text = strings.ReplaceAll(t.Body.Text, "{"+variable+"}", x.name)
	t.Body.People = []task.Person{x.person(subject)}
	if subject == OfGroup {
		t.GroupID = x.subject
		t.Title = x.name + " · " + t.Title
	} else {
		t.CustomerID = x.subject
		t.Title = x.name + " · " + t.Title
	}
	return assignment{task: t, items: []*item{x}}
}

// listTask is one list for everybody beyond a day's load. The text greets nobody by name: it is adapted by hand.
func listTask(set []*item, words map[string]string, now time.Time) assignment {
	t := base(set, task.Todo, words, now)
	t.Title = fmt.Sprintf("名单：%s（%d 位客户）", t.Title, len(set))
	t.Why = fmt.Sprintf("今天的一对一已满 %d 位，其余客户合并成一张名单，挑合适的联系", peopleActions)
	t.Body.Text = strings.ReplaceAll(t.Body.Text, "{name}", "")
	t.Body.Minutes = max(2, len(set)/2)
	for _, x := range set {
		t.Body.People = append(t.Body.People, x.person(OfCustomer))
	}
	return assignment{task: t, items: set}
}

// today is the corp's business day.
func (s *Service) today() time.Time { return clock.Day(s.Clock.Now()) }
