package demo

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
	"qunce/internal/wecom/sim"
)

// Balance compares what really happened with what the platform holds, for one kind of thing. Lost: it happened and is not
// held. Doubled: it is held and did not happen, or happened more often than it should have.
type Balance struct {
	Truth   int `json:"truth"`
	Held    int `json:"held"`
	Lost    int `json:"lost"`
	Doubled int `json:"doubled"`
}

func (b Balance) even() bool { return b.Lost == 0 && b.Doubled == 0 }

// Books are the balances of all kinds.
type Books struct {
	Friends  Balance `json:"friends"`  // relations that exist at WeCom
	OneWay   Balance `json:"one_way"`  // those that the customer ended
	Members  Balance `json:"members"`  // people present in groups
	Tags     Balance `json:"tags"`     // corp tags on relations
	Messages Balance `json:"messages"` // mass-send deliveries
	Welcomes Balance `json:"welcomes"` // welcomes; doubled counts people who got more than one for one add
	Sends    Balance `json:"sends"`    // mass sends made; lost is one at WeCom that nobody here knows
	Codes    Balance `json:"codes"`    // codes that people came by; lost is one in use there that is no code of ours
	Orphans  int     `json:"orphans"`  // codes that may stand at WeCom without a use; counted, not wrong
	Unused   int     `json:"unused"`   // codes that do stand at WeCom without a use; never more than the orphans
}

// Even reports that nothing is lost and nothing doubled.
func (b Books) Even() bool {
	for _, x := range []Balance{b.Friends, b.OneWay, b.Members, b.Tags, b.Messages, b.Welcomes, b.Sends, b.Codes} {
		if !x.even() {
			return false
		}
	}
	return b.Unused <= b.Orphans
}

// count compares two multisets given as keys.
func count(truth, held []string) Balance {
	b := Balance{Truth: len(truth), Held: len(held)}
	left := make(map[string]int, len(truth))
	for _, k := range truth {
		left[k]++
	}
	for _, k := range held {
		if left[k] == 0 {
			b.Doubled++
			continue
		}
		left[k]--
	}
	for _, n := range left {
		b.Lost += n
	}
	return b
}

// audit compares the truth with the database.
func audit(ctx context.Context, db *pg.DB, t sim.Truth) (Books, error) {
	var b Books
	var friends, oneWay, members, tags, delivered, welcomed []string
	for _, f := range t.Friends {
		k := fmt.Sprintf("%v/%v", f[0], f[1])
		friends = append(friends, k)
		if f[2] == true {
			oneWay = append(oneWay, k)
		}
	}
	for _, m := range t.Members {
		members = append(members, m[0]+"/"+m[1])
	}
	for _, x := range t.Tags {
		tags = append(tags, x[0]+"/"+x[1]+"/"+x[2])
	}
	for _, d := range t.Delivered {
		delivered = append(delivered, d[0]+"/"+d[1]+"/"+d[2])
	}
	for _, w := range t.Welcomes {
		for range number(w[2]) {
			welcomed = append(welcomed, fmt.Sprintf("%v/%v", w[0], w[1]))
		}
	}
	compare := func(into *Balance, truth []string, sql string) error {
		rows, err := db.Query(ctx, sql)
		if err != nil {
			return fmt.Errorf("read books: %w", err)
		}
		held, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("read books: %w", err)
		}
		*into = count(truth, held)
		return nil
	}
	for _, x := range []struct {
		into  *Balance
		truth []string
		sql   string
	}{
		{&b.Friends, friends, `SELECT userid || '/' || external_userid FROM customer_relation WHERE state <> 'deleted_by_staff'`},
		{&b.OneWay, oneWay, `SELECT userid || '/' || external_userid FROM customer_relation WHERE state = 'deleted_by_customer'`},
		{&b.Members, members, `SELECT g.chat_id || '/' || m.member_id FROM group_member m JOIN group_group g ON g.id = m.group_id WHERE m.left_at IS NULL AND g.status <> 'dissolved'`},
		{&b.Tags, tags, `SELECT r.userid || '/' || r.external_userid || '/' || t.tag_id FROM customer_relation_tag t
			JOIN customer_relation r USING (customer_id, staff_id) WHERE r.state <> 'deleted_by_staff'`},
		{&b.Messages, delivered, `SELECT s.msgid || '/' || s.userid || '/' || r.recipient FROM send_recipient r JOIN send_send s ON s.staff_id = r.staff_id AND s.id = r.send_id WHERE r.status = 'delivered'`},
		{&b.Sends, t.MassSends, `SELECT msgid FROM send_send WHERE msgid <> ''`},
		{&b.Welcomes, welcomed, `SELECT s.userid || '/' || i.value FROM livecode_welcome w JOIN directory_staff s ON s.id = w.staff_id
			JOIN customer_identity i ON i.customer_id = w.customer_id AND i.kind = 'external_userid' WHERE w.state = 'sent'`},
	} {
		if err := compare(x.into, x.truth, x.sql); err != nil {
			return b, err
		}
	}
	twice, err := welcomedTwice(ctx, db, t)
	if err != nil {
		return b, err
	}
	b.Welcomes.Doubled += twice
	if err := auditCodes(ctx, db, t, &b); err != nil {
		return b, err
	}
	err = db.QueryRow(ctx, `SELECT count(*) FROM livecode_orphan`).Scan(&b.Orphans)
	return b, err
}

// auditCodes compares the codes at WeCom with ours: each of ours must exist there, and nobody may have come by another.
func auditCodes(ctx context.Context, db *pg.DB, t sim.Truth, b *Books) error {
	rows, err := db.Query(ctx, `SELECT config_id FROM livecode_code WHERE config_id <> ''`)
	if err != nil {
		return fmt.Errorf("read codes: %w", err)
	}
	ours, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("read codes: %w", err)
	}
	held := make(map[string]bool, len(ours))
	for _, c := range ours {
		held[c] = true
	}
	var used []string
	for _, c := range t.Codes {
		id := fmt.Sprint(c[0])
		switch {
		case held[id], number(c[2]) > 0:
			used = append(used, id)
		default:
			b.Unused++
		}
	}
	b.Codes = count(used, ours)
	return nil
}

// welcomedTwice counts welcomes beyond one for each time that two people became friends.
func welcomedTwice(ctx context.Context, db *pg.DB, t sim.Truth) (int, error) {
	rows, err := db.Query(ctx, `SELECT userid || '/' || external_userid, adds FROM customer_relation`)
	if err != nil {
		return 0, fmt.Errorf("read adds: %w", err)
	}
	adds := map[string]int{}
	var k string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&k, &n}, func() error { adds[k] = n; return nil }); err != nil {
		return 0, fmt.Errorf("read adds: %w", err)
	}
	twice := 0
	for _, w := range t.Welcomes {
		twice += max(0, number(w[2])-max(1, adds[fmt.Sprintf("%v/%v", w[0], w[1])]))
	}
	return twice, nil
}

func number(v any) int {
	f, _ := v.(float64)
	return int(f)
}
