package intake

import (
	"context"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/width"

	"qunce/internal/customer"
	"qunce/internal/pg"
	"qunce/internal/sheet"
)

// MemberLinker links the rows of a member list to customers; customer does.
type MemberLinker interface {
	Members(ctx context.Context, tx pg.Tx, rows []customer.MemberRow, cause int64) (customer.MemberResult, error)
}

// MemberImporter imports lists of members: member number, unionid, phone and name, of which one of the first three must be
// given. Rows go in by sets of 2,000, each in a transaction of its own.
//
// Codes reported besides those of sheet: member.no_identity, member.bad_phone, member.duplicate_in_file, member.two_customers.
func MemberImporter(db *pg.DB, linker MemberLinker) Importer { return memberImporter{db, linker} }

type memberImporter struct {
	db     *pg.DB
	linker MemberLinker
}

const memberSet = 2000

func (memberImporter) Columns() []sheet.Column {
	return []sheet.Column{
		{Key: "member", Titles: []string{"会员号", "会员编号", "会员卡号", "卡号", "member_no", "member_id", "CustomerID"}},
		{Key: "unionid", Titles: []string{"unionid", "微信unionid"}},
		{Key: "phone", Titles: []string{"手机号", "手机", "手机号码", "联系电话", "电话", "phone", "mobile"}},
		{Key: "name", Titles: []string{"姓名", "会员姓名", "名字", "昵称", "name"}},
	}
}

func (i memberImporter) Import(ctx context.Context, r *sheet.Reader, j Job, p Progress) (Counts, error) {
	var counts Counts
	var rows []customer.MemberRow
	var at []sheet.Row
	seen := map[string]int{} // kind and value → line
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		var did customer.MemberResult
		err := i.db.Tx(ctx, func(tx pg.Tx) (err error) {
			did, err = i.linker.Members(ctx, tx, rows, j.CauseID)
			return err
		})
		if err != nil {
			return err
		}
		for _, n := range did.Apart {
			p.Report(*at[n].Error("member", "member.two_customers", nil))
		}
		counts.Created += did.Created
		counts.Updated += did.Updated
		counts.Unchanged += did.Unchanged
		rows, at = rows[:0], at[:0]
		return nil
	}
	for {
		row, err := r.Next()
		for _, e := range r.Errors() {
			counts.Rows++
			p.Report(e)
		}
		if errors.Is(err, io.EOF) {
			return counts, flush()
		}
		if err != nil {
			return counts, err
		}
		counts.Rows++
		m, bad := member(row, seen)
		if bad != nil {
			p.Report(*bad)
			continue
		}
		rows, at = append(rows, m), append(at, row)
		if len(rows) == memberSet {
			if err := flush(); err != nil {
				return counts, err
			}
		}
	}
}

// member reads one row; seen remembers which values stood in the file before.
func member(row sheet.Row, seen map[string]int) (customer.MemberRow, *sheet.RowError) {
	m := customer.MemberRow{MemberNo: row.Code("member"), UnionID: row.Code("unionid"), Name: row.Get("name")}
	if raw := row.Code("phone"); raw != "" {
		phone, ok := mobile(raw)
		if !ok {
			return m, row.Error("phone", "member.bad_phone", nil)
		}
		m.Phone = phone
	}
	values := map[string]string{"member": m.MemberNo, "unionid": m.UnionID, "phone": m.Phone}
	given := false
	for _, key := range []string{"member", "unionid", "phone"} {
		if values[key] == "" {
			continue
		}
		given = true
		if first, twice := seen[key+"/"+values[key]]; twice {
			return m, row.Error(key, "member.duplicate_in_file", map[string]any{"first": first})
		}
	}
	if !given {
		return m, row.Error("member", "member.no_identity", nil)
	}
	for key, v := range values {
		if v != "" {
			seen[key+"/"+v] = row.Line()
		}
	}
	return m, nil
}

// mobile reads a mainland mobile number: eleven digits from 1, with or without +86 and separators.
func mobile(s string) (string, bool) {
	s = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(width.Fold.String(s))
	s = strings.TrimPrefix(strings.TrimPrefix(s, "+"), "00")
	if len(s) == 13 {
		s = strings.TrimPrefix(s, "86")
	}
	if len(s) != 11 || s[0] != '1' || strings.Trim(s, "0123456789") != "" {
		return "", false
	}
	return s, true
}
