package customer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/pg"
)

// Filter picks customers; zero fields do not filter. Scope always does.
type Filter struct {
	Text     string // part of the name, or a whole member number
	StoreID  int64
	StaffID  int64
	TagID    string
	CodeID   int64
	Relation string // active, lost, none
	Scope    actor.Scope
	Before   *Mark
	Limit    int
}

// Mark is where a page ended: customers are listed by when they were first added, newest first.
type Mark struct {
	At time.Time
	ID int64
}

// Row is a customer in a list.
type Row struct {
	ID       int64
	Name     string
	Gender   int
	AddedAt  *time.Time
	SortAt   time.Time
	OptedOut *time.Time
}

const never = `'-infinity'::timestamptz`

// visible is the condition that customer c has a relation the scope may see; customers nobody is friends with are for
// those who see everything.
const visible = `($1 OR EXISTS (SELECT 1 FROM customer_relation v WHERE v.customer_id = c.id AND (v.store_id = ANY($2) OR v.staff_id = $3 AND $3 <> 0)))`

func list(ctx context.Context, q pg.Querier, f Filter) ([]Row, error) {
	stores := f.Scope.Stores
	if stores == nil {
		stores = []int64{}
	}
	args := []any{f.Scope.All, stores, f.Scope.Staff}
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	where := visible
	if f.Text != "" {
		where += ` AND (c.name ILIKE '%' || ` + arg(escapeLike(f.Text)) + ` || '%' OR c.id IN (SELECT customer_id FROM customer_identity WHERE value = ` + arg(f.Text) + `))`
	}
	relation := ""
	if f.StoreID != 0 {
		relation += ` AND r.store_id = ` + arg(f.StoreID)
	}
	if f.StaffID != 0 {
		relation += ` AND r.staff_id = ` + arg(f.StaffID)
	}
	if f.CodeID != 0 {
		relation += ` AND r.code_id = ` + arg(f.CodeID)
	}
	switch f.Relation {
	case "active":
		relation += ` AND r.state = 'active'`
	case "lost":
		relation += ` AND r.state <> 'active'`
	}
	if relation != "" {
		where += ` AND EXISTS (SELECT 1 FROM customer_relation r WHERE r.customer_id = c.id` + relation + `)`
	}
	if f.Relation == "none" {
		where += ` AND c.first_added_at IS NULL`
	}
	if f.TagID != "" {
		where += ` AND EXISTS (SELECT 1 FROM customer_relation_tag t WHERE t.customer_id = c.id AND t.tag_id = ` + arg(f.TagID) + `)`
	}
	if f.Before != nil {
		at := arg(f.Before.At)
		where += ` AND (coalesce(c.first_added_at, ` + never + `), c.id) < (CASE WHEN ` + at + `::timestamptz = '0001-01-01 00:00:00+00' THEN ` + never + ` ELSE ` + at + ` END, ` + arg(f.Before.ID) + `)`
	}
	rows, err := q.Query(ctx, `SELECT c.id, c.name, c.gender, c.first_added_at, coalesce(c.first_added_at, '0001-01-01 00:00:00+00'), c.opted_out_at
		FROM customer_customer c WHERE `+where+` ORDER BY coalesce(c.first_added_at, `+never+`) DESC, c.id DESC LIMIT `+arg(f.Limit+1), args...)
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Row])
}

func escapeLike(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r == '%' || r == '_' || r == '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}

func get(ctx context.Context, q pg.Querier, customerID int64, scope actor.Scope) (Row, string, error) {
	stores := scope.Stores
	if stores == nil {
		stores = []int64{}
	}
	var r Row
	var reason string
	err := q.QueryRow(ctx, `SELECT c.id, c.name, c.gender, c.first_added_at, c.opted_out_at, c.opt_out_reason FROM customer_customer c WHERE `+visible+` AND c.id = $4`,
		scope.All, stores, scope.Staff, customerID).Scan(&r.ID, &r.Name, &r.Gender, &r.AddedAt, &r.OptedOut, &reason)
	return r, reason, err
}

func relationsOf(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64][]Relation, error) {
	rows, err := q.Query(ctx, `SELECT `+relationColumns+` FROM customer_relation r WHERE r.customer_id = ANY($1) ORDER BY r.added_at, r.staff_id`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("read relations: %w", err)
	}
	list, err := collectRelations(rows)
	out := map[int64][]Relation{}
	for _, r := range list {
		out[r.CustomerID] = append(out[r.CustomerID], r)
	}
	return out, err
}

// TagRef is a tag with its name.
type TagRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func tagsOf(ctx context.Context, q pg.Querier, customerIDs []int64) (map[pair][]TagRef, error) {
	rows, err := q.Query(ctx, `SELECT rt.customer_id, rt.staff_id, rt.tag_id, coalesce(t.name, '') FROM customer_relation_tag rt
		LEFT JOIN customer_tag t ON t.id = rt.tag_id WHERE rt.customer_id = ANY($1) ORDER BY t.ord DESC, rt.tag_id`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	out := map[pair][]TagRef{}
	var p pair
	var t TagRef
	_, err = pgx.ForEachRow(rows, []any{&p.customer, &p.staff, &t.ID, &t.Name}, func() error { out[p] = append(out[p], t); return nil })
	return out, err
}

// IdentityRef is one known value of a customer.
type IdentityRef struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

func identitiesOf(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64][]IdentityRef, error) {
	rows, err := q.Query(ctx, `SELECT customer_id, kind, value FROM customer_identity WHERE customer_id = ANY($1) ORDER BY kind, value`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	out := map[int64][]IdentityRef{}
	var c int64
	var i IdentityRef
	_, err = pgx.ForEachRow(rows, []any{&c, &i.Kind, &i.Value}, func() error { out[c] = append(out[c], i); return nil })
	return out, err
}

// Names returns the names of customers, for other features' lists.
func (s *Service) NamesOf(ctx context.Context, customerIDs []int64) (map[int64]string, error) {
	rows, err := s.DB.Query(ctx, `SELECT id, name FROM customer_customer WHERE id = ANY($1)`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	out := map[int64]string{}
	var c int64
	var n string
	_, err = pgx.ForEachRow(rows, []any{&c, &n}, func() error { out[c] = n; return nil })
	return out, err
}

// ByExternal returns the customers of external_userids.
func (s *Service) ByExternal(ctx context.Context, q pg.Querier, externals []string) (map[string]int64, error) {
	return identities(ctx, q, "external_userid", externals)
}

type tagUse struct {
	GroupID, GroupName, ID, Name string
	Used                         int64
}

func tagList(ctx context.Context, q pg.Querier) ([]tagUse, error) {
	rows, err := q.Query(ctx, `SELECT g.id, g.name, t.id, t.name, (SELECT count(*) FROM customer_relation_tag rt WHERE rt.tag_id = t.id)
		FROM customer_tag t JOIN customer_tag_group g ON g.id = t.group_id ORDER BY g.ord DESC, g.id, t.ord DESC, t.id`)
	if err != nil {
		return nil, fmt.Errorf("list tags: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[tagUse])
}

// Standing is what the touch ledger asks about a customer.
type Standing struct {
	Active     []int64 // staff with whom the friendship stands
	OptedOut   bool
	FirstAdded time.Time // zero = never a friend
}

// Standings answers for customers; unknown ids are left out.
func (s *Service) Standings(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64]Standing, error) {
	rows, err := q.Query(ctx, `SELECT c.id, c.opted_out_at IS NOT NULL, c.first_added_at,
		ARRAY(SELECT r.staff_id FROM customer_relation r WHERE r.customer_id = c.id AND r.state = 'active')
		FROM customer_customer c WHERE c.id = ANY($1)`, customerIDs)
	if err != nil {
		return nil, fmt.Errorf("read standings: %w", err)
	}
	out := map[int64]Standing{}
	var id int64
	var out1 bool
	var first *time.Time
	var staff []int64
	_, err = pgx.ForEachRow(rows, []any{&id, &out1, &first, &staff}, func() error {
		st := Standing{Active: append([]int64(nil), staff...), OptedOut: out1}
		if first != nil {
			st.FirstAdded = *first
		}
		out[id] = st
		return nil
	})
	return out, err
}

// CountByStaff counts each member of staff's active friendships.
func (s *Service) CountByStaff(ctx context.Context, staffIDs []int64) (map[int64]int, error) {
	rows, err := s.DB.Query(ctx, `SELECT staff_id, count(*)::int FROM customer_relation WHERE staff_id = ANY($1) AND state = 'active' GROUP BY staff_id`, staffIDs)
	if err != nil {
		return nil, fmt.Errorf("count customers: %w", err)
	}
	out := map[int64]int{}
	var id int64
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { out[id] = n; return nil })
	return out, err
}

// RelationsOf returns customers' relations, ended ones included, oldest first.
func (s *Service) RelationsOf(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64][]Relation, error) {
	return relationsOf(ctx, q, customerIDs)
}

// AddsSince counts the friendships that a member of staff began since a time.
func (s *Service) AddsSince(ctx context.Context, staffID int64, since time.Time) (int64, error) {
	var n int64
	err := s.DB.QueryRow(ctx, `SELECT count(*) FROM customer_relation WHERE staff_id = $1 AND added_at >= $2`, staffID, since).Scan(&n)
	return n, err
}

// FindMember returns the customer of a member number.
func (s *Service) FindMember(ctx context.Context, memberNo string) (customerID int64, ok bool, err error) {
	found, err := identities(ctx, s.DB, "member_no", []string{memberNo})
	return found[memberNo], found[memberNo] != 0, err
}

// MaySee reports whether the customer is in the caller's scope.
func (s *Service) MaySee(ctx context.Context, customerID int64) (bool, error) {
	_, _, err := get(ctx, s.DB, customerID, actor.From(ctx).Scope)
	if pg.IsNoRows(err) {
		return false, nil
	}
	return err == nil, err
}

// TagNames returns the names of corp tags.
func (s *Service) TagNames(ctx context.Context, tagIDs []string) (map[string]string, error) {
	all, err := tagNames(ctx, s.DB)
	out := make(map[string]string, len(tagIDs))
	for _, id := range tagIDs {
		out[id] = all[id]
	}
	return out, err
}

// Person is a customer as other features' searches find one: with what WeCom calls them.
type Person struct {
	ID       int64
	Name     string
	External []string
}

// Search returns up to limit customers, those who came last first, whose name contains the text or who bear it as a number.
// It does not look at scopes.
func (s *Service) Search(ctx context.Context, q pg.Querier, text string, limit int) ([]Person, error) {
	rows, err := q.Query(ctx, `SELECT c.id, c.name, ARRAY(SELECT i.value FROM customer_identity i WHERE i.customer_id = c.id AND i.kind = 'external_userid')
		FROM customer_customer c WHERE c.name ILIKE '%' || $1 || '%' OR c.id IN (SELECT customer_id FROM customer_identity WHERE value = $2)
		ORDER BY coalesce(c.first_added_at, `+never+`) DESC, c.id DESC LIMIT $3`, escapeLike(text), text, limit)
	if err != nil {
		return nil, fmt.Errorf("search customers: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Person])
}
