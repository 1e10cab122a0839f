package statistic_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/i18n"
	"qunce/internal/livecode/codetest"
	"qunce/internal/pg"
	"qunce/internal/statistic"
)

type rig struct {
	*codetest.Brand
	t *testing.T
	s *statistic.Service
	a *api.API
}

func newRig(t *testing.T) *rig {
	t.Helper()
	b := codetest.New(t, codetest.Options{})
	r := &rig{Brand: b, t: t}
	r.s = statistic.New(statistic.Deps{DB: b.DB, Clock: b.Clock, WeCom: b.WeCom, Audit: audit.New(b.IDs), Directory: b.Directory, Log: slog.New(slog.DiscardHandler),
		Owners: func(ctx context.Context) ([]int64, error) { return b.Groups.Owners(ctx, b.DB) }})
	catalog, err := i18n.Load()
	r.check(err)
	r.a = api.New(api.Config{Title: "t", Log: r.s.Log, Catalog: catalog, Can: func(_ actor.Actor, p api.Permission) bool { return p == "report.read" }})
	r.s.API(r.a)
	return r
}

func (r *rig) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) archive() {
	r.t.Helper()
	asks, err := r.s.Missing(r.t.Context(), []string{"lina", "wang", "zhou"}, nil, statistic.Lately)
	r.check(err)
	got, err := r.s.Read(r.t.Context(), asks)
	r.check(err)
	r.check(r.DB.Tx(r.t.Context(), func(tx pg.Tx) error { return r.s.Save(r.t.Context(), tx, got) }))
}

var all = actor.Scope{All: true}

func (r *rig) get(scope actor.Scope, path string, into any) string {
	r.t.Helper()
	who := actor.Actor{UserID: 1, Name: "运营", Role: actor.Operator, Scope: scope}
	req := httptest.NewRequestWithContext(actor.With(r.t.Context(), who), http.MethodGet, path, nil)
	w := httptest.NewRecorder()
	r.a.Handler().ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		r.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if into != nil {
		r.check(json.Unmarshal(w.Body.Bytes(), into))
	}
	return w.Body.String()
}

func TestTheArchiveIsShownWithinTheScope(t *testing.T) {
	r := newRig(t)
	r.Advance(codetest.Start.AddDate(0, 0, 2)) // two finished days
	r.archive()
	var staff api.Page[statistic.StaffItem]
	r.get(all, "/api/statistics/staff?from=2026-03-02&to=2026-03-03&limit=4", &staff)
	if len(staff.Items) != 4 || staff.Next == "" || staff.Items[0].Day != "2026-03-03" || staff.Items[3].Day != "2026-03-02" || staff.Items[0].StaffName != "李娜" || staff.Items[0].StoreName != "禾光·西湖店" {
		t.Errorf("%+v", staff)
	}
	var rest api.Page[statistic.StaffItem]
	r.get(all, "/api/statistics/staff?from=2026-03-02&to=2026-03-03&limit=4&cursor="+staff.Next, &rest)
	if len(rest.Items) != 2 || rest.Next != "" || rest.Items[1].StaffName != "周舟" || *rest.Items[1].Chats != 0 || rest.Items[1].ReplyPercent != nil {
		t.Errorf("%+v", rest)
	}
	var owners api.Page[statistic.OwnerItem]
	r.get(actor.Scope{Stores: []int64{r.River}}, "/api/statistics/owners?from=2026-03-02&to=2026-03-03", &owners)
	if len(owners.Items) != 2 || owners.Items[0].StaffName != "周舟" || *owners.Items[0].Groups != 1 {
		t.Errorf("%+v", owners)
	}
	for _, nothing := range []string{
		r.get(actor.Scope{Stores: []int64{r.River}}, "/api/statistics/staff?store_id="+json1(r.West), nil),
		r.get(actor.Scope{}, "/api/statistics/staff", nil),
	} {
		if !strings.HasPrefix(nothing, `{"items":[]`) {
			t.Errorf("out of scope: %s", nothing)
		}
	}

	var cover struct {
		First *string
		Staff int
		Items []statistic.Cover
	}
	r.get(all, "/api/statistics/cover?from=2026-03-01&to=2026-03-03", &cover)
	if cover.Staff != 3 || cover.First == nil || *cover.First != "2026-03-02" || len(cover.Items) != 3 {
		t.Fatalf("%+v", cover)
	}
	if got := cover.Items[0]; got != (statistic.Cover{Day: "2026-03-01", StaffAbsent: 3, OwnerAbsent: 2}) {
		t.Errorf("a day that WeCom did not give: %+v", got)
	}
	if got := cover.Items[1]; got != (statistic.Cover{Day: "2026-03-02", Staff: 3, Owners: 2}) {
		t.Errorf("a final day: %+v", got)
	}
}

func json1(n int64) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

func TestTheArchiveAsATable(t *testing.T) {
	r := newRig(t)
	r.Advance(codetest.Start.AddDate(0, 0, 2))
	r.archive()
	table := r.get(actor.Scope{Stores: []int64{r.West}}, "/api/statistics/staff.csv?from=2026-03-01&to=2026-03-03", nil)
	want := "\uFEFF日期,员工,门店,聊天数,消息数,已回复聊天占比（%）,平均首次回复时长（分钟）,删除或拉黑,发起好友申请,新增客户,状态\r\n" +
		"2026-03-03,李娜,禾光·西湖店,0,0,,,0,0,0,已归档\r\n2026-03-03,王强,禾光·西湖店,0,0,,,0,0,0,已归档\r\n" +
		"2026-03-02,李娜,禾光·西湖店,0,0,,,0,0,0,已归档\r\n2026-03-02,王强,禾光·西湖店,0,0,,,0,0,0,已归档\r\n" +
		"2026-03-01,李娜,禾光·西湖店,,,,,,,,企业微信没有给出\r\n2026-03-01,王强,禾光·西湖店,,,,,,,,企业微信没有给出\r\n"
	if table != want {
		t.Errorf("got  %q\nwant %q", table, want)
	}
	if n := codetest.One[int](r.Brand, `SELECT count(*) FROM audit_entry WHERE action = 'statistic.export'`); n != 1 {
		t.Errorf("%d exports were recorded", n)
	}
	owners := r.get(all, "/api/statistics/owners.csv?from=2026-03-02&to=2026-03-03", nil)
	if strings.Count(owners, "\r\n") != 5 || !strings.Contains(owners, "2026-03-03,周舟,禾光·滨江店,1,") {
		t.Errorf("%q", owners)
	}
}
