package statistic

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/pg"
	"qunce/internal/sheet"
)

const report api.Permission = "report.read"

type listIn struct {
	api.PageInput
	From    string `query:"from" doc:"first day, YYYY-MM-DD; empty = 30 days before the last"`
	To      string `query:"to" doc:"last day; empty = yesterday"`
	StoreID int64  `query:"store_id"`
	StaffID int64  `query:"staff_id"`
}

// Head names the person a row is about.
type Head struct {
	StaffID   int64  `json:"staff_id"`
	StaffName string `json:"staff_name"`
	StoreName string `json:"store_name"`
	Day       string `json:"day"`
	Given     bool   `json:"given"`
	Final     bool   `json:"final"`
}

// StaffItem is a day of a member of staff as lists show it; null is unknown.
type StaffItem struct {
	Head
	Chats        *int     `json:"chats"`
	Messages     *int     `json:"messages"`
	ReplyPercent *float64 `json:"reply_percent"`
	ReplyMinutes *int     `json:"reply_minutes"`
	Negative     *int     `json:"negative"`
	Applies      *int     `json:"applies"`
	Contacts     *int     `json:"contacts"`
}

// OwnerItem is a day of an owner's groups as lists show it.
type OwnerItem struct {
	Head
	Groups        *int `json:"groups"`
	NewGroups     *int `json:"new_groups"`
	ActiveGroups  *int `json:"active_groups"`
	Members       *int `json:"members"`
	NewMembers    *int `json:"new_members"`
	ActiveMembers *int `json:"active_members"`
	Messages      *int `json:"messages"`
}

type coverIn struct {
	From string `query:"from"`
	To   string `query:"to"`
}

type coverOut struct {
	First *string `json:"first" doc:"the oldest archived day"`
	Last  *string `json:"last"`
	Staff int     `json:"staff" doc:"staff with a seat now, in the caller's scope"`
	Items []Cover `json:"items" doc:"one a day, oldest first"`
}

// API registers the operations and the two exports.
func (s *Service) API(a *api.API) {
	const tag = "statistic"
	api.Register(a, api.Op{ID: "listStaffDays", Method: "GET", Path: "/api/statistics/staff", Summary: "WeCom's figures by member of staff and day, newest day first", Tag: tag, Permission: report}, s.apiStaff)
	api.Register(a, api.Op{ID: "listOwnerDays", Method: "GET", Path: "/api/statistics/owners", Summary: "WeCom's figures of customer groups by owner and day, newest day first", Tag: tag, Permission: report}, s.apiOwners)
	api.Register(a, api.Op{ID: "getStatisticCover", Method: "GET", Path: "/api/statistics/cover", Summary: "Which days are archived, and how far", Tag: tag, Permission: report}, s.apiCover)
	a.Mux().HandleFunc("GET /api/statistics/staff.csv", func(w http.ResponseWriter, r *http.Request) { s.export(a, w, r, "staff", s.writeStaff) })
	a.Mux().HandleFunc("GET /api/statistics/owners.csv", func(w http.ResponseWriter, r *http.Request) { s.export(a, w, r, "owners", s.writeOwners) })
}

func (s *Service) filter(ctx context.Context, in *listIn) (filter, error) {
	from, to, err := s.period(in.From, in.To)
	if err != nil {
		return filter{}, err
	}
	staff, err := s.visible(ctx, in.StoreID, in.StaffID)
	if err != nil {
		return filter{}, err
	}
	m, _, err := in.Mark()
	return filter{from: from, to: to, staff: staff, before: m.At, beforeID: m.ID, limit: in.Limit + 1}, err
}

func (s *Service) apiStaff(ctx context.Context, in *listIn) (api.Page[StaffItem], error) {
	f, err := s.filter(ctx, in)
	if err != nil {
		return api.Page[StaffItem]{}, err
	}
	rows, err := findStaffDays(ctx, s.DB, f)
	if err != nil {
		return api.Page[StaffItem]{}, err
	}
	page := api.Paged(rows, in.Limit, func(x StaffDay) api.Mark { return api.Mark{At: x.Day, ID: x.StaffID} })
	items, err := s.staffItems(ctx, page.Items)
	return api.Page[StaffItem]{Items: items, Next: page.Next}, err
}

func (s *Service) apiOwners(ctx context.Context, in *listIn) (api.Page[OwnerItem], error) {
	f, err := s.filter(ctx, in)
	if err != nil {
		return api.Page[OwnerItem]{}, err
	}
	rows, err := findOwnerDays(ctx, s.DB, f)
	if err != nil {
		return api.Page[OwnerItem]{}, err
	}
	page := api.Paged(rows, in.Limit, func(x OwnerDay) api.Mark { return api.Mark{At: x.Day, ID: x.StaffID} })
	items, err := s.ownerItems(ctx, page.Items)
	return api.Page[OwnerItem]{Items: items, Next: page.Next}, err
}

func (s *Service) staffItems(ctx context.Context, rows []StaffDay) ([]StaffItem, error) {
	ids := make([]int64, len(rows))
	for i, x := range rows {
		ids[i] = x.StaffID
	}
	name, err := s.naming(ctx, ids)
	out := make([]StaffItem, len(rows))
	for i, x := range rows {
		out[i] = StaffItem{name(x.StaffID, x.Day, x.Given, x.Final), x.Chats, x.Messages, x.ReplyPercent, x.ReplyMinutes, x.Negative, x.Applies, x.Contacts}
	}
	return out, err
}

func (s *Service) ownerItems(ctx context.Context, rows []OwnerDay) ([]OwnerItem, error) {
	ids := make([]int64, len(rows))
	for i, x := range rows {
		ids[i] = x.StaffID
	}
	name, err := s.naming(ctx, ids)
	out := make([]OwnerItem, len(rows))
	for i, x := range rows {
		out[i] = OwnerItem{name(x.StaffID, x.Day, x.Given, x.Final), x.Groups, x.NewGroups, x.ActiveGroups, x.Members, x.NewMembers, x.ActiveMembers, x.Messages}
	}
	return out, err
}

// naming returns a function that heads the rows of staff.
func (s *Service) naming(ctx context.Context, ids []int64) (func(id int64, day time.Time, given, final bool) Head, error) {
	people, err := s.Directory.StaffByIDs(ctx, s.DB, ids)
	if err != nil {
		return func(int64, time.Time, bool, bool) Head { return Head{} }, err
	}
	stores := make([]int64, 0, len(people))
	for _, p := range people {
		stores = append(stores, p.StoreID)
	}
	names, err := s.Directory.StoreNames(ctx, stores)
	return func(id int64, day time.Time, given, isFinal bool) Head {
		p := people[id]
		return Head{StaffID: id, StaffName: p.Name, StoreName: names[p.StoreID], Day: day.Format(time.DateOnly), Given: given, Final: isFinal}
	}, err
}

func (s *Service) apiCover(ctx context.Context, in *coverIn) (coverOut, error) {
	out := coverOut{Items: []Cover{}}
	from, to, err := s.period(in.From, in.To)
	if err != nil {
		return out, err
	}
	staff, err := s.visible(ctx, 0, 0)
	if err != nil {
		return out, err
	}
	days, err := cover(ctx, s.DB, filter{from: from, to: to, staff: staff})
	if err != nil {
		return out, err
	}
	for _, d := range (window{from, to}).days() {
		date := d.Format(time.DateOnly)
		c := days[date]
		c.Day = date
		out.Items = append(out.Items, c)
	}
	if out.Staff, err = s.Directory.CountContactable(ctx, s.DB, staff); err != nil {
		return out, err
	}
	first, last, err := reachOf(ctx, s.DB)
	if err == nil && first != nil && last != nil {
		a, b := first.Format(time.DateOnly), last.Format(time.DateOnly)
		out.First, out.Last = &a, &b
	}
	return out, err
}

// exportBatch is how many rows are read at once.
const exportBatch = 2_000

// export streams a table; its rows are never all in memory. What fails after the first row cuts the file short.
func (s *Service) export(a *api.API, w http.ResponseWriter, r *http.Request, what string, write func(ctx context.Context, out *sheet.Writer, f filter) error) {
	f, err := func() (filter, error) {
		if err := a.Allow(r, report); err != nil {
			return filter{}, err
		}
		q := r.URL.Query()
		in := listIn{PageInput: api.PageInput{Limit: exportBatch}, From: q.Get("from"), To: q.Get("to")}
		in.StoreID, _ = strconv.ParseInt(q.Get("store_id"), 10, 64)
		in.StaffID, _ = strconv.ParseInt(q.Get("staff_id"), 10, 64)
		f, err := s.filter(r.Context(), &in)
		if err != nil {
			return f, err
		}
		return f, s.DB.Tx(r.Context(), func(tx pg.Tx) error {
			return s.Audit.Record(r.Context(), tx, s.Clock.Now(), "statistic.export", "statistic/"+what,
				map[string]string{"from": f.from.Format(time.DateOnly), "to": f.to.Format(time.DateOnly)})
		})
	}()
	if err != nil {
		a.WriteError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="wecom-%s-%s-%s.csv"`, what, f.from.Format("20060102"), f.to.Format("20060102")))
	header := staffHeader()
	if what == "owners" {
		header = ownerHeader()
	}
	out, err := sheet.NewWriter(w, header...)
	if err == nil {
		if err = write(r.Context(), out, f); err == nil {
			err = out.Close()
		}
	}
	if err != nil {
		s.Log.Warn("export of statistics", "what", what, "error", err)
		panic(http.ErrAbortHandler) // the file is not whole, and the browser is to know
	}
}

func staffHeader() []string {
	return []string{"日期", "员工", "门店", "聊天数", "消息数", "已回复聊天占比（%）", "平均首次回复时长（分钟）", "删除或拉黑", "发起好友申请", "新增客户", "状态"}
}

func ownerHeader() []string {
	return []string{"日期", "群主", "门店", "客户群", "新建群", "发过消息的群（累计）", "群成员", "新增成员", "发过言的成员（累计）", "群消息（累计）", "状态"}
}

// stateText says in a file what the page says with a mark.
func (x Head) stateText() string {
	switch {
	case !x.Given:
		return "企业微信没有给出"
	case !x.Final:
		return "读得早，还会再读一次"
	}
	return "已归档"
}

func (s *Service) writeStaff(ctx context.Context, out *sheet.Writer, f filter) error {
	for {
		rows, err := findStaffDays(ctx, s.DB, f)
		if err != nil {
			return err
		}
		items, err := s.staffItems(ctx, rows)
		if err != nil {
			return err
		}
		for _, x := range items {
			percent := ""
			if x.ReplyPercent != nil {
				percent = strconv.FormatFloat(*x.ReplyPercent, 'f', -1, 64)
			}
			if err := out.Row(x.Day, x.StaffName, x.StoreName, text(x.Chats), text(x.Messages), percent, text(x.ReplyMinutes), text(x.Negative), text(x.Applies), text(x.Contacts), x.stateText()); err != nil {
				return err
			}
		}
		if len(rows) < f.limit {
			return nil
		}
		f.before, f.beforeID = rows[len(rows)-1].Day, rows[len(rows)-1].StaffID
	}
}

func (s *Service) writeOwners(ctx context.Context, out *sheet.Writer, f filter) error {
	for {
		rows, err := findOwnerDays(ctx, s.DB, f)
		if err != nil {
			return err
		}
		items, err := s.ownerItems(ctx, rows)
		if err != nil {
			return err
		}
		for _, x := range items {
			if err := out.Row(x.Day, x.StaffName, x.StoreName, text(x.Groups), text(x.NewGroups), text(x.ActiveGroups), text(x.Members), text(x.NewMembers), text(x.ActiveMembers), text(x.Messages), x.stateText()); err != nil {
				return err
			}
		}
		if len(rows) < f.limit {
			return nil
		}
		f.before, f.beforeID = rows[len(rows)-1].Day, rows[len(rows)-1].StaffID
	}
}

// text writes a figure; what is unknown stays empty.
func text(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func midnight(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, clock.Shanghai)
}
