package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

// Chat is a conversation. Member is whose chat it is, Peer the other side; a group has neither. FirstAt and LastAt are nil
// as long as nothing was said in it.
type Chat struct {
	ID       int64      `json:"id"`
	Place    Place      `json:"place" enum:"single,internal,room"`
	Member   *Person    `json:"member"`
	Peer     *Person    `json:"peer"`
	GroupID  *int64     `json:"group_id"`
	RoomID   string     `json:"room_id"`
	Name     string     `json:"name" doc:"of a group we know"`
	FirstAt  *time.Time `json:"first_at"`
	LastAt   *time.Time `json:"last_at"`
	Messages int64      `json:"messages"`
}

// Person is somebody who writes. ID is the staff member's or the customer's, nil for one we do not know.
type Person struct {
	Kind    string `json:"kind" enum:"staff,customer,robot"`
	ID      *int64 `json:"id"`
	Name    string `json:"name"`
	Account string `json:"account" doc:"WeCom's id"`
}

// Message is one message of a conversation. Link is what it points to.
type Message struct {
	ID       int64      `json:"id"`
	At       time.Time  `json:"at"`
	Kind     string     `json:"kind"`
	Sender   Person     `json:"sender"`
	Body     string     `json:"body"`
	Link     string     `json:"link,omitempty"`
	Recalled *time.Time `json:"recalled_at"`
	Files    []File     `json:"files"`
	More     bool       `json:"more" doc:"it holds more than its text and files"`
}

// chatRow is a chat as kept.
type chatRow struct {
	ID       int64
	Place    Place
	StaffID  int64
	Peer     string
	RoomID   string
	FirstAt  *time.Time
	LastAt   *time.Time
	Messages int64
}

const chatColumns = `id, place, staff_id, peer, room_id, first_at, last_at, messages`

func findChatRows(ctx context.Context, q pg.Querier, where string, args ...any) ([]chatRow, error) {
	rows, err := q.Query(ctx, `SELECT `+chatColumns+` FROM archive_chat `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("find chats: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[chatRow])
}

// viewOf is what a scope may see of the archive: the single chats of its staff, and its stores' or its own groups. What
// members say among themselves is for those who see everything.
func (s *Service) viewOf(ctx context.Context, scope actor.Scope) (view, error) {
	if scope.All {
		return view{all: true}, nil
	}
	v := view{staff: []int64{}, rooms: []int64{}}
	if scope.Staff != 0 {
		v.staff = append(v.staff, scope.Staff)
	}
	if len(scope.Stores) > 0 {
		found, err := s.Directory.StaffOfStores(ctx, s.DB, scope.Stores)
		if err != nil {
			return v, err
		}
		for _, list := range found {
			for _, x := range list {
				v.staff = append(v.staff, x.ID)
			}
		}
	}
	groups, err := s.Groups.OfStores(ctx, s.DB, scope.Stores)
	if err != nil {
		return v, err
	}
	if scope.Staff != 0 {
		own, err := s.Groups.OfOwners(ctx, s.DB, []int64{scope.Staff})
		if err != nil {
			return v, err
		}
		groups = append(groups, own...)
	}
	rooms := make([]string, 0, len(groups))
	for _, g := range groups {
		rooms = append(rooms, g.ChatID)
	}
	chats, err := findChatRows(ctx, s.DB, `WHERE room_id = ANY($1) AND room_id <> ''`, rooms)
	for _, c := range chats {
		v.rooms = append(v.rooms, c.ID)
	}
	return v, err
}

// sees reports whether a view shows a chat.
func (v view) sees(c chatRow) bool {
	switch {
	case v.all:
		return true
	case c.Place == Single:
		return slices.Contains(v.staff, c.StaffID)
	case c.Place == Room:
		return slices.Contains(v.rooms, c.ID)
	}
	return false
}

// Whose picks conversations: of a member of staff, with a customer, in a group, or one of them; zero fields do not filter.
type Whose struct {
	StaffID    int64 `query:"staff_id"`
	CustomerID int64 `query:"customer_id"`
	GroupID    int64 `query:"group_id"`
	ChatID     int64 `query:"chat_id"`
}

// note writes the filters that were used into a record.
func (w Whose) note(detail map[string]any) {
	for name, v := range map[string]int64{"staff_id": w.StaffID, "customer_id": w.CustomerID, "group_id": w.GroupID, "chat_id": w.ChatID} {
		if v != 0 {
			detail[name] = v
		}
	}
}

// source turns the filter into what a search looks through. Of a customer these are the single chats, and in groups what
// the customer wrote. empty is true when nothing can be found.
func (s *Service) sourceOf(ctx context.Context, w Whose, v view) (src source, empty bool, err error) {
	src = source{staffID: w.StaffID, view: v}
	only := func(ids []int64) {
		if src.chats == nil {
			src.chats = []int64{}
			src.chats = append(src.chats, ids...)
			return
		}
		src.chats = slices.DeleteFunc(src.chats, func(n int64) bool { return !slices.Contains(ids, n) })
	}
	if w.ChatID != 0 {
		only([]int64{w.ChatID})
	}
	if w.GroupID != 0 {
		chats, err := s.groupChats(ctx, []int64{w.GroupID})
		if err != nil {
			return src, false, err
		}
		only(ids(chats))
	}
	if w.CustomerID != 0 {
		singles, rooms, externals, err := s.customerChats(ctx, w.CustomerID)
		if err != nil {
			return src, false, err
		}
		only(append(ids(singles), ids(rooms)...))
		src.whole, src.speaker = ids(singles), externals
	}
	return src, src.chats != nil && len(src.chats) == 0, nil
}

func ids(list []chatRow) []int64 {
	out := make([]int64, len(list))
	for i, c := range list {
		out[i] = c.ID
	}
	return out
}

func (s *Service) groupChats(ctx context.Context, groupIDs []int64) ([]chatRow, error) {
	groups, err := s.Groups.ByIDs(ctx, s.DB, groupIDs)
	if err != nil {
		return nil, err
	}
	rooms := make([]string, 0, len(groups))
	for _, g := range groups {
		rooms = append(rooms, g.ChatID)
	}
	return findChatRows(ctx, s.DB, `WHERE room_id = ANY($1) AND room_id <> ''`, rooms)
}

// customerChats are a customer's single chats, the groups the customer is or was in, and the customer's ids.
func (s *Service) customerChats(ctx context.Context, customerID int64) (singles, rooms []chatRow, externals []string, err error) {
	found, err := s.Customers.ExternalsOf(ctx, s.DB, []int64{customerID})
	if err != nil {
		return nil, nil, nil, err
	}
	externals = append([]string{}, found[customerID]...)
	if singles, err = findChatRows(ctx, s.DB, `WHERE peer = ANY($1) AND peer <> ''`, externals); err != nil {
		return nil, nil, nil, err
	}
	groups, err := s.Groups.GroupsOf(ctx, customerID)
	if err != nil {
		return nil, nil, nil, err
	}
	rooms, err = s.groupChats(ctx, groups)
	return singles, rooms, externals, err
}

// chats lists conversations in which something was said, those with the latest message first.
func (s *Service) chats(ctx context.Context, w Whose, v view, before Mark, limit int) ([]chatRow, error) {
	src, empty, err := s.sourceOf(ctx, w, v)
	if err != nil || empty {
		return nil, err
	}
	var a args
	where := `WHERE last_at IS NOT NULL`
	if src.staffID != 0 {
		where += ` AND staff_id = ` + a.add(src.staffID)
	}
	if src.chats != nil {
		where += ` AND id = ANY(` + a.add(src.chats) + `)`
	}
	if !v.all {
		where += ` AND (place = 'single' AND staff_id = ANY(` + a.add(v.staff) + `) OR place = 'room' AND id = ANY(` + a.add(v.rooms) + `))`
	}
	if !before.At.IsZero() {
		where += ` AND (last_at, id) < (` + a.add(before.At) + `, ` + a.add(before.ID) + `)`
	}
	return findChatRows(ctx, s.DB, where+` ORDER BY last_at DESC, id DESC LIMIT `+a.add(limit), a...)
}

// chat finds a conversation that the view shows; NotFound "archive.chat_not_found".
func (s *Service) chat(ctx context.Context, chatID int64, v view) (chatRow, error) {
	list, err := findChatRows(ctx, s.DB, `WHERE id = $1`, chatID)
	if err != nil {
		return chatRow{}, err
	}
	if len(list) == 0 || !v.sees(list[0]) {
		return chatRow{}, errs.E(errs.NotFound, "archive.chat_not_found", "chat %d", chatID)
	}
	return list[0], nil
}

// messageRow is a message as kept.
type messageRow struct {
	ID       int64
	At       time.Time
	Kind     string
	Sender   string
	Body     string
	Payload  json.RawMessage
	Recalled *time.Time
}

// older and newer read a chat from a mark; the mark's own message belongs to older. The zero mark is the newest end.
func older(ctx context.Context, q pg.Querier, chatID int64, from Mark, limit int) ([]messageRow, error) {
	if from.At.IsZero() {
		from = Mark{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	list, err := messages(ctx, q, `(at, id) <= ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, chatID, from.At, from.ID, limit)
	slices.Reverse(list)
	return list, err
}

func newer(ctx context.Context, q pg.Querier, chatID int64, from Mark, limit int) ([]messageRow, error) {
	return messages(ctx, q, `(at, id) > ($2, $3) ORDER BY at, id LIMIT $4`, chatID, from.At, from.ID, limit)
}

func messages(ctx context.Context, q pg.Querier, where string, args ...any) ([]messageRow, error) {
	rows, err := q.Query(ctx, `SELECT id, at, kind, sender, body, payload, recalled_at FROM archive_message WHERE chat_id = $1 AND `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read a chat: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[messageRow])
}

// linkOf is the address a message points to, if it is one of the web.
func linkOf(payload json.RawMessage) string {
	var p map[string]struct {
		URL  string `json:"link_url"`
		Item []struct {
			URL string `json:"url"`
		} `json:"item"`
	}
	if len(payload) == 0 || json.Unmarshal(payload, &p) != nil {
		return ""
	}
	for _, key := range []string{"link", "doc", "info"} {
		found := p[key].URL
		if found == "" && len(p[key].Item) > 0 {
			found = p[key].Item[0].URL
		}
		if strings.HasPrefix(found, "https://") || strings.HasPrefix(found, "http://") {
			return found
		}
	}
	return ""
}

// cast gives names to those who take part.
type cast struct {
	staff     map[string]Person // by userid
	staffByID map[int64]Person
	customers map[string]Person // by external_userid
	groups    map[string]groupName
}

type groupName struct {
	id   int64
	name string
}

// people finds the names of accounts, of members by their row, and of groups.
func (s *Service) people(ctx context.Context, accounts []string, staffIDs []int64, rooms []string) (cast, error) {
	c := cast{staff: map[string]Person{}, staffByID: map[int64]Person{}, customers: map[string]Person{}, groups: map[string]groupName{}}
	var members, outside []string
	for _, a := range accounts {
		switch {
		case isOutside(a):
			outside = append(outside, a)
		case isMember(a):
			members = append(members, a)
		}
	}
	all, ctx := errgroup.WithContext(ctx)
	ask := func(n int, f func() error) {
		if n > 0 {
			all.Go(f)
		}
	}
	ask(len(members), func() error {
		found, err := s.Directory.StaffByUserIDs(ctx, s.DB, members)
		for u, x := range found {
			c.staff[u] = Person{Kind: "staff", ID: &x.ID, Name: x.Name, Account: u}
		}
		return err
	})
	ask(len(staffIDs), func() error {
		found, err := s.Directory.StaffByIDs(ctx, s.DB, staffIDs)
		for n, x := range found {
			c.staffByID[n] = Person{Kind: "staff", ID: &x.ID, Name: x.Name, Account: x.UserID}
		}
		return err
	})
	ask(len(outside), func() error {
		found, err := s.Customers.ByExternal(ctx, s.DB, outside)
		if err != nil || len(found) == 0 {
			return err
		}
		names, err := s.Customers.NamesOf(ctx, slices.Collect(maps.Values(found)))
		for e, n := range found {
			c.customers[e] = Person{Kind: "customer", ID: &n, Name: names[n], Account: e}
		}
		return err
	})
	ask(len(rooms), func() error {
		found, err := s.Groups.ByChats(ctx, s.DB, rooms)
		for room, g := range found {
			c.groups[room] = groupName{g.ID, g.Name}
		}
		return err
	})
	return c, all.Wait()
}

// person is who an account is; one we do not know keeps the account.
func (c cast) person(account string) Person {
	switch {
	case isRobot(account):
		return Person{Kind: "robot", Account: account}
	case isOutside(account):
		if p, ok := c.customers[account]; ok {
			return p
		}
		return Person{Kind: "customer", Account: account}
	}
	if p, ok := c.staff[account]; ok {
		return p
	}
	return Person{Kind: "staff", Account: account}
}

func (c cast) chat(r chatRow) Chat {
	out := Chat{ID: r.ID, Place: r.Place, RoomID: r.RoomID, FirstAt: r.FirstAt, LastAt: r.LastAt, Messages: r.Messages}
	if r.Place == Room {
		if g, ok := c.groups[r.RoomID]; ok {
			out.GroupID, out.Name = &g.id, g.name
		}
		return out
	}
	if p, ok := c.staffByID[r.StaffID]; ok {
		out.Member = &p
	}
	if r.Peer != "" {
		p := c.person(r.Peer)
		out.Peer = &p
	}
	return out
}

// castOf finds the names that chats and senders need.
func (s *Service) castOf(ctx context.Context, chats []chatRow, senders []string) (cast, error) {
	accounts := slices.Clone(senders)
	var staff []int64
	var rooms []string
	for _, c := range chats {
		if c.Peer != "" {
			accounts = append(accounts, c.Peer)
		}
		if c.StaffID != 0 {
			staff = append(staff, c.StaffID)
		}
		if c.RoomID != "" {
			rooms = append(rooms, c.RoomID)
		}
	}
	slices.Sort(accounts)
	slices.Sort(rooms)
	return s.people(ctx, slices.Compact(accounts), staff, slices.Compact(rooms))
}
