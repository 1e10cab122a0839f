package customer

import (
	"context"
	"fmt"
	"sort"

	"qunce/internal/pg"
)

// EnsureMembers returns the customer of every member number and makes one for numbers nobody has: a buyer we know by
// number alone, until a member list or a friendship says more.
func (s *Service) EnsureMembers(ctx context.Context, tx pg.Tx, memberNos []string, _ int64) (map[string]int64, error) {
	memberNos = unique(memberNos)
	out, err := identities(ctx, tx, "member_no", memberNos)
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, m := range memberNos {
		if out[m] == 0 {
			missing = append(missing, m)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	if err := lockMembers(ctx, tx); err != nil {
		return nil, err
	}
	ids, err := s.IDs.Take(ctx, len(missing))
	if err != nil {
		return nil, err
	}
	claims := make([]Identity, len(missing))
	for i, m := range missing {
		claims[i] = Identity{"member_no", m, ids[i], "order"}
	}
	won, err := claimIdentities(ctx, tx, claims, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	var created []newCustomer
	for i, m := range missing {
		out[m] = won[m]
		if won[m] == ids[i] {
			created = append(created, newCustomer{id: ids[i]})
		}
	}
	return out, insertCustomers(ctx, tx, created, s.Clock.Now())
}

// MemberRow is one person of another system's member list. Values may be empty, but not all of them.
type MemberRow struct {
	MemberNo, UnionID, Phone, Name string
}

// MemberResult counts what a member list changed. Apart lists rows whose values belong to two customers we hold: those
// are left as they are, since joining two people is a decision with an undo of its own.
type MemberResult struct {
	Created, Updated, Unchanged int
	Apart                       []int // indexes into the given rows
}

// Members links a member list's values to customers: a row's known values say who it is, the others are added to them.
func (s *Service) Members(ctx context.Context, tx pg.Tx, rows []MemberRow, _ int64) (MemberResult, error) {
	var res MemberResult
	if err := lockMembers(ctx, tx); err != nil {
		return res, err
	}
	kinds := []string{"member_no", "unionid", "phone"}
	value := func(r MemberRow, kind string) string {
		return map[string]string{"member_no": r.MemberNo, "unionid": r.UnionID, "phone": r.Phone}[kind]
	}
	held := map[string]map[string]int64{}
	for _, k := range kinds {
		var vs []string
		for _, r := range rows {
			if v := value(r, k); v != "" {
				vs = append(vs, v)
			}
		}
		sort.Strings(vs)
		m, err := identities(ctx, tx, k, vs)
		if err != nil {
			return res, err
		}
		held[k] = m
	}
	ids, err := s.IDs.Take(ctx, len(rows))
	if err != nil {
		return res, err
	}
	var claims = map[string][]Identity{}
	var created, renamed []newCustomer
	for i, r := range rows {
		owner, apart, missing := int64(0), false, false
		for _, k := range kinds {
			v := value(r, k)
			if v == "" {
				continue
			}
			switch c := held[k][v]; {
			case c == 0:
				missing = true
			case owner == 0:
				owner = c
			case owner != c:
				apart = true
			}
		}
		switch {
		case apart:
			res.Apart = append(res.Apart, i)
			continue
		case owner == 0:
			owner = ids[i]
			created = append(created, newCustomer{id: owner, name: r.Name})
			res.Created++
		case missing:
			res.Updated++
		default:
			res.Unchanged++
		}
		if r.Name != "" && owner != ids[i] {
			renamed = append(renamed, newCustomer{id: owner, name: r.Name})
		}
		for _, k := range kinds {
			if v := value(r, k); v != "" && held[k][v] == 0 {
				claims[k] = append(claims[k], Identity{k, v, owner, "members"})
				held[k][v] = owner
			}
		}
	}
	if err := insertCustomers(ctx, tx, created, s.Clock.Now()); err != nil {
		return res, err
	}
	for _, k := range kinds {
		if _, err := claimIdentities(ctx, tx, claims[k], s.Clock.Now()); err != nil {
			return res, err
		}
	}
	return res, nameUnnamed(ctx, tx, renamed)
}

// nameUnnamed gives a name to customers that have none; the name WeCom shows is never overwritten by a list.
func nameUnnamed(ctx context.Context, tx pg.Tx, list []newCustomer) error {
	ids, names, keys, _ := columns(list)
	_, err := tx.Exec(ctx, `UPDATE customer_customer c SET name = u.n, name_key = u.k FROM unnest($1::bigint[], $2::text[], $3::text[]) AS u(i, n, k)
		WHERE c.id = u.i AND c.name = ''`, ids, names, keys)
	if err != nil {
		return fmt.Errorf("name customers: %w", err)
	}
	return nil
}
