package group

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/customer"
	"qunce/internal/pg"
)

type row struct {
	ID         int64
	ChatID     string
	Name       string
	StoreID    int64
	OwnerID    int64
	Members    int
	Customers  int
	Capacity   int
	CreatedAt  time.Time
	Status     Status
	Joins7     int
	Exits7     int
	OwnerUser  string
	NoticeText string
}

type filter struct {
	text    string
	storeID int64
	status  string
	health  string
	groupID int64
	scope   actor.Scope
	at      *time.Time
	id      int64
	limit   int
	week    time.Time // the corp's now − 7 days
}

func list(ctx context.Context, q pg.Querier, f filter) ([]row, error) {
	stores := f.scope.Stores
	if stores == nil {
		stores = []int64{}
	}
	args := []any{f.scope.All, stores, f.scope.Staff, f.week}
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	where := `($1 OR g.store_id = ANY($2) OR g.owner_staff_id = $3 AND $3 <> 0)`
	if f.text != "" {
		where += ` AND position(lower(` + arg(f.text) + `) in lower(g.name)) > 0`
	}
	if f.storeID != 0 {
		where += ` AND g.store_id = ` + arg(f.storeID)
	}
	if f.status != "" {
		where += ` AND g.status = ` + arg(f.status)
	}
	if f.groupID != 0 {
		where += ` AND g.id = ` + arg(f.groupID)
	}
	if f.at != nil {
		where += ` AND (g.created_at, g.id) < (` + arg(*f.at) + `, ` + arg(f.id) + `)`
	}
	base := `SELECT g.id, g.chat_id, g.name, g.store_id, g.owner_staff_id, g.members, g.customers, g.capacity, g.created_at, g.status,
		(SELECT count(*) FROM group_member m WHERE m.group_id = g.id AND m.type = 2 AND m.joined_at > $4)::int AS joins7,
		(SELECT count(*) FROM group_member m WHERE m.group_id = g.id AND m.type = 2 AND m.left_at > $4)::int AS exits7, g.owner_userid, g.notice
		FROM group_group g WHERE ` + where
	sick := fmt.Sprintf(`(x.status = 'owner_left' OR x.members >= %v * x.capacity OR x.members <= 1 OR (x.members + x.exits7 >= %d AND x.exits7 > %v * (x.members + x.exits7)))`, fullShare, minForShare, exitShare)
	switch f.health {
	case "needs_you":
		base = `SELECT * FROM (` + base + `) x WHERE x.status <> 'dissolved' AND ` + sick
	case "ok":
		base = `SELECT * FROM (` + base + `) x WHERE x.status <> 'dissolved' AND NOT ` + sick
	}
	rows, err := q.Query(ctx, base+` ORDER BY created_at DESC, id DESC LIMIT `+arg(f.limit), args...)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[row])
}

// NamesOf returns the names of groups, for other features' lists.
func (s *Service) NamesOf(ctx context.Context, groupIDs []int64) (map[int64]string, error) {
	rows, err := s.DB.Query(ctx, `SELECT id, name FROM group_group WHERE id = ANY($1)`, groupIDs)
	if err != nil {
		return nil, fmt.Errorf("read group names: %w", err)
	}
	out := map[int64]string{}
	var i int64
	var n string
	_, err = pgx.ForEachRow(rows, []any{&i, &n}, func() error { out[i] = n; return nil })
	return out, err
}

// CountByStore counts each store's living groups.
func (s *Service) CountByStore(ctx context.Context, storeIDs []int64) (map[int64]int, error) {
	rows, err := s.DB.Query(ctx, `SELECT store_id, count(*)::int FROM group_group WHERE store_id = ANY($1) AND status <> 'dissolved' GROUP BY store_id`, storeIDs)
	if err != nil {
		return nil, fmt.Errorf("count groups: %w", err)
	}
	out := map[int64]int{}
	var i int64
	var n int
	_, err = pgx.ForEachRow(rows, []any{&i, &n}, func() error { out[i] = n; return nil })
	return out, err
}

// Ref is a group as other features need it.
type Ref struct {
	ID          int64
	ChatID      string
	Name        string
	StoreID     int64
	OwnerID     int64
	OwnerUserID string
	Members     int
	Capacity    int
	Status      Status
	CreatedAt   time.Time
}

const refColumns = `id, chat_id, name, store_id, owner_staff_id, owner_userid, members, capacity, status, created_at`

// OpenByStores returns the living groups of stores, newest first.
func (s *Service) OpenByStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]Ref, error) {
	out := map[int64][]Ref{}
	list, err := s.refs(ctx, q, `store_id = ANY($1) AND status = 'normal' ORDER BY created_at DESC, id DESC`, storeIDs)
	for _, g := range list {
		out[g.StoreID] = append(out[g.StoreID], g)
	}
	return out, err
}

// ByIDs returns groups by id.
func (s *Service) ByIDs(ctx context.Context, q pg.Querier, groupIDs []int64) (map[int64]Ref, error) {
	out := map[int64]Ref{}
	list, err := s.refs(ctx, q, `id = ANY($1)`, groupIDs)
	for _, g := range list {
		out[g.ID] = g
	}
	return out, err
}

// ByChats returns groups by WeCom's chat id.
func (s *Service) ByChats(ctx context.Context, q pg.Querier, chatIDs []string) (map[string]Ref, error) {
	out := map[string]Ref{}
	list, err := s.refs(ctx, q, `id IN (SELECT group_id FROM group_chat WHERE chat_id = ANY($1))`, chatIDs)
	for _, g := range list {
		out[g.ChatID] = g
	}
	return out, err
}

// Search returns up to limit groups, the newest first, whose name contains the text or whom WeCom calls so. It does not look
// at scopes.
func (s *Service) Search(ctx context.Context, q pg.Querier, text string, limit int) ([]Ref, error) {
	return s.refs(ctx, q, `position(lower($1) in lower(name)) > 0 OR chat_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`, text, limit)
}

// OfOwner returns the living groups a member of staff owns.
func (s *Service) OfOwner(ctx context.Context, q pg.Querier, staffID int64) ([]Ref, error) {
	return s.refs(ctx, q, `owner_staff_id = $1 AND status = 'normal' ORDER BY created_at DESC, id DESC`, staffID)
}

func (s *Service) refs(ctx context.Context, q pg.Querier, where string, args ...any) ([]Ref, error) {
	rows, err := q.Query(ctx, `SELECT `+refColumns+` FROM group_group WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("find groups: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Ref])
}

// StaysOf returns a customer's stays in groups, newest first.
func (s *Service) StaysOf(ctx context.Context, customerID int64) ([]customer.GroupPart, error) {
	rows, err := s.DB.Query(ctx, `SELECT group_id, '', joined_at, left_at, join_scene, code_id, NULL::text FROM group_membership WHERE customer_id = $1 ORDER BY joined_at DESC`, customerID)
	if err != nil {
		return nil, fmt.Errorf("read stays: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[customer.GroupPart])
	if err != nil {
		return nil, err
	}
	ids, codes := make([]int64, len(out)), make([]int64, len(out))
	for i, p := range out {
		ids[i], codes[i] = p.GroupID, p.CodeID
	}
	names, err := s.NamesOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	codeNames, err := s.Names.Codes(ctx, codes)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Name = names[out[i].GroupID]
		if n, ok := codeNames[out[i].CodeID]; ok {
			out[i].CodeName = &n
		}
	}
	if out == nil {
		out = []customer.GroupPart{}
	}
	return out, nil
}

type memberOut struct {
	MemberID   string     `json:"member_id"`
	Stay       int        `json:"stay"`
	Name       string     `json:"name"`
	Type       string     `json:"type"`
	CustomerID *int64     `json:"customer_id"`
	JoinedAt   time.Time  `json:"joined_at"`
	LeftAt     *time.Time `json:"left_at"`
	JoinScene  int        `json:"join_scene"`
	QuitScene  int        `json:"quit_scene"`
	Invitor    string     `json:"invitor"`
	CodeName   *string    `json:"code_name"`
	IsOwner    bool       `json:"is_owner"`
	IsAdmin    bool       `json:"is_admin"`

	codeID int64
}

func members(ctx context.Context, q pg.Querier, groupID int64, left bool, at *time.Time, after string, limit int) ([]memberOut, error) {
	cond, sort := `left_at IS NULL`, `joined_at`
	if left {
		cond, sort = `left_at IS NOT NULL`, `left_at`
	}
	args := []any{groupID, limit}
	page := ""
	if at != nil {
		args = append(args, *at, after)
		page = ` AND (` + sort + `, member_id || '/' || stay) < ($3, $4)`
	}
	rows, err := q.Query(ctx, `SELECT member_id, stay, name, type, customer_id, joined_at, left_at, join_scene, quit_scene, invitor, is_admin, code_id,
		member_id = (SELECT owner_userid FROM group_group WHERE id = $1)
		FROM group_member WHERE group_id = $1 AND `+cond+page+` ORDER BY `+sort+` DESC, member_id || '/' || stay DESC LIMIT $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (memberOut, error) {
		var m memberOut
		var typ int
		var cust int64
		err := r.Scan(&m.MemberID, &m.Stay, &m.Name, &typ, &cust, &m.JoinedAt, &m.LeftAt, &m.JoinScene, &m.QuitScene, &m.Invitor, &m.IsAdmin, &m.codeID, &m.IsOwner)
		switch {
		case typ == typeStaff:
			m.Type = "staff"
		case cust != 0:
			m.Type, m.CustomerID = "customer", &cust
		default:
			m.Type = "stranger"
		}
		return m, err
	})
}

// rates are the figures of a group's page. They count entries of external members: a person who came twice counts twice.
// Exits and retention look at those who came within the last 30 days, and long enough ago to tell.
type rates struct {
	present, friends, joined, exit24, cohort7, kept7 int64
}

func ratesOf(ctx context.Context, q pg.Querier, groupID int64, now time.Time) (rates, error) {
	var r rates
	err := q.QueryRow(ctx, `SELECT
		count(*) FILTER (WHERE left_at IS NULL),
		count(*) FILTER (WHERE left_at IS NULL AND customer_id <> 0),
		count(*) FILTER (WHERE joined_at BETWEEN $3 AND $4),
		count(*) FILTER (WHERE joined_at BETWEEN $3 AND $4 AND left_at <= joined_at + interval '1 day'),
		count(*) FILTER (WHERE joined_at BETWEEN $3 AND $2),
		count(*) FILTER (WHERE joined_at BETWEEN $3 AND $2 AND (left_at IS NULL OR left_at > joined_at + interval '7 days'))
		FROM group_member WHERE group_id = $1 AND type = 2 AND (left_at IS NULL OR joined_at >= $3)`, groupID, now.AddDate(0, 0, -7), now.AddDate(0, 0, -30), now.AddDate(0, 0, -1)).
		Scan(&r.present, &r.friends, &r.joined, &r.exit24, &r.cohort7, &r.kept7)
	if err != nil {
		return r, fmt.Errorf("compute rates: %w", err)
	}
	return r, nil
}

// PresentIn counts the living groups each customer is in now.
func (s *Service) PresentIn(ctx context.Context, customerIDs []int64) (map[int64]int, error) {
	rows, err := s.DB.Query(ctx, `SELECT customer_id, count(DISTINCT group_id)::int FROM group_membership WHERE customer_id = ANY($1) AND left_at IS NULL GROUP BY 1`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("count groups of customers: %w", err)
	}
	out := map[int64]int{}
	var id int64
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { out[id] = n; return nil })
	return out, err
}
