package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/group"
	"qunce/internal/pg"
	"qunce/internal/sheet"
)

const (
	read   api.Permission = "system.read"
	manage api.Permission = "system.manage"
)

// RunItem is a run as the page shows it. Result is null until the run has a figure.
type RunItem struct {
	ID         int64        `json:"id"`
	Kind       Kind         `json:"kind" enum:"full,check"`
	State      string       `json:"state" enum:"running,paused,done,failed"`
	StartedAt  time.Time    `json:"started_at"`
	FinishedAt *time.Time   `json:"finished_at"`
	Progress   ProgressItem `json:"progress"`
	Result     *Result      `json:"result"`
	Problem    *Problem     `json:"problem" doc:"what stopped it, or what it is waiting for"`
	Refusals   []Refusal    `json:"refusals" doc:"some of the statistics that WeCom refused for the sake of one member"`
}

// Refusal is one of them with its sentence.
type Refusal struct {
	UserID  string `json:"userid"`
	Owner   bool   `json:"owner" doc:"of their groups, not of their chats"`
	Message string `json:"message"`
}

// Problem is an error with a sentence for operators.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ProgressItem is how far a run is.
type ProgressItem struct {
	Step      string  `json:"step"`
	Steps     []Step  `json:"steps"`
	Share     float64 `json:"share" doc:"of the whole, estimated, 0 to 1"`
	Calls     int64   `json:"calls" doc:"to WeCom"`
	PerMinute int     `json:"per_minute" doc:"calls of late; 0 = not known yet"`
}

func (s *Service) item(ctx context.Context, r Run) (RunItem, error) {
	out := RunItem{ID: r.ID, Kind: Kind(r.Kind), State: r.State, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt}
	if r.ErrorCode != "" {
		var params map[string]any
		if err := json.Unmarshal(r.Params, &params); err != nil {
			return out, fmt.Errorf("what stopped sync %d: %w", r.ID, err)
		}
		out.Problem = &Problem{Code: r.ErrorCode, Message: s.Catalog.Error(api.Lang(ctx), r.ErrorCode, params)}
	}
	var at progress
	var res Result
	if err := json.Unmarshal(r.Progress, &at); err != nil {
		return out, fmt.Errorf("progress of sync %d: %w", r.ID, err)
	}
	if err := json.Unmarshal(r.Result, &res); err != nil {
		return out, fmt.Errorf("result of sync %d: %w", r.ID, err)
	}
	out.Progress = ProgressItem{Step: at.Step, Steps: at.Steps, Share: at.Share, Calls: at.Calls, PerMinute: at.PerMinute}
	if out.Progress.Steps == nil {
		out.Progress.Steps = []Step{}
	}
	out.Refusals = []Refusal{}
	if res.Archive != nil {
		for _, x := range res.Archive.Refusals {
			out.Refusals = append(out.Refusals, Refusal{UserID: x.UserID, Owner: x.Owner, Message: s.Catalog.Error(api.Lang(ctx), x.Code, x.Params)})
		}
	}
	if res.HeldBefore != nil {
		out.Result = &res
	}
	return out, nil
}

type listIn struct {
	Kind string `query:"kind" enum:"full,check"`
}

type runsOut struct {
	Items []RunItem  `json:"items"`
	Next  *time.Time `json:"next" doc:"when the next run starts by itself, on the corp's clock"`
	Which Kind       `json:"next_kind"`
	Until *time.Time `json:"held_back_until" doc:"while WeCom's limits hold back an API that runs call"`
}

type startIn struct {
	Kind string `query:"kind" enum:"full,check" default:"full"`
}

type runIn struct {
	ID int64 `path:"id"`
}

type idOut struct {
	ID int64 `json:"id"`
}

type repairsIn struct {
	api.PageInput
	ID     int64  `path:"id"`
	Thing  string `query:"thing" enum:"staff,tags,relations,groups,members,ways,join_ways"`
	What   string `query:"what" enum:"added,ended,amended"`
	Reason string `query:"reason" enum:"lost,unheard,failed,waiting,handled,unhandled,before,range,silent,api,ours,unknown"`
}

// RepairItem is one repair with the names of what it is about; ids are 0 and names empty where we know none.
type RepairItem struct {
	ID             int64      `json:"id"`
	Thing          Thing      `json:"thing"`
	What           What       `json:"what"`
	Reason         Reason     `json:"reason"`
	UserID         string     `json:"userid"`
	StaffName      string     `json:"staff_name"`
	ExternalUserID string     `json:"external_userid"`
	CustomerID     int64      `json:"customer_id"`
	CustomerName   string     `json:"customer_name"`
	ChatID         string     `json:"chat_id"`
	GroupID        int64      `json:"group_id"`
	GroupName      string     `json:"group_name"`
	Object         string     `json:"object" doc:"tag or config id"`
	ObjectName     string     `json:"object_name"`
	CodeID         int64      `json:"code_id"`
	HappenedAt     *time.Time `json:"happened_at"`
	CallbackID     int64      `json:"callback_id"`
}

type straysIn struct {
	After string `query:"after" maxLength:"64"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type straysOut struct {
	Items []Stray `json:"items"`
	Next  string  `json:"next"`
}

// API registers the operations and the export.
func (s *Service) API(a *api.API) {
	const tag = "sync"
	op := func(id, method, path, summary string, p api.Permission) api.Op {
		return api.Op{ID: id, Method: method, Path: path, Summary: summary, Tag: tag, Permission: p}
	}
	api.Register(a, op("listSyncs", "GET", "/api/system/sync", "The newest runs with their progress and statements", read), s.apiList)
	api.Register(a, op("startSync", "POST", "/api/system/sync", "Start a run, or let the paused one go on", manage), s.apiStart)
	api.Register(a, op("getSync", "GET", "/api/system/sync/{id}", "One run", read), s.apiGet)
	api.Register(a, op("pauseSync", "POST", "/api/system/sync/{id}/pause", "Pause a run after the page it is at", manage),
		func(ctx context.Context, in *runIn) (api.Empty, error) { return api.Empty{}, s.Pause(ctx, in.ID) })
	api.Register(a, op("resumeSync", "POST", "/api/system/sync/{id}/resume", "Let a paused run go on where it stopped", manage),
		func(ctx context.Context, in *runIn) (api.Empty, error) { return api.Empty{}, s.Resume(ctx, in.ID) })
	api.Register(a, op("listSyncRepairs", "GET", "/api/system/sync/{id}/repairs", "What a run repaired, and why nobody had told", read), s.apiRepairs)
	api.Register(a, op("listStrayWays", "GET", "/api/system/stray-ways", "Contact ways at WeCom that no code uses", read), s.apiStrays)
	a.Mux().HandleFunc("GET /api/system/sync/{id}/repairs.csv", func(w http.ResponseWriter, r *http.Request) { s.export(a, w, r) })
}

func (s *Service) apiList(ctx context.Context, in *listIn) (runsOut, error) {
	out := runsOut{Items: []RunItem{}}
	list, err := List(ctx, s.DB, Kind(in.Kind), 50)
	if err != nil {
		return out, err
	}
	for _, r := range list {
		x, err := s.item(ctx, r)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, x)
	}
	kind, at, ok, err := s.nextDue(ctx)
	if ok {
		out.Next, out.Which = &at, kind
	}
	out.Until = s.heldBack()
	return out, err
}

// heldBack is until when the last of the held-back APIs that runs call has to wait; nil when none is held back.
func (s *Service) heldBack() *time.Time {
	var until *time.Time
	for name, t := range s.WeCom.Blocked() {
		if strings.Contains(name, "externalcontact/") && (until == nil || t.After(*until)) {
			until = &t
		}
	}
	return until
}

func (s *Service) apiStart(ctx context.Context, in *startIn) (idOut, error) {
	id, err := s.start(ctx, Kind(in.Kind), true)
	if err != nil {
		return idOut{}, err
	}
	return idOut{id}, s.DB.Tx(ctx, func(tx pg.Tx) error {
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "sync.start", fmt.Sprintf("sync/%d", id), map[string]string{"kind": in.Kind})
	})
}

func (s *Service) apiGet(ctx context.Context, in *runIn) (RunItem, error) {
	r, err := Get(ctx, s.DB, in.ID)
	if err != nil {
		return RunItem{}, err
	}
	return s.item(ctx, r)
}

func (s *Service) apiRepairs(ctx context.Context, in *repairsIn) (api.Page[RepairItem], error) {
	m, _, err := in.Mark()
	if err != nil {
		return api.Page[RepairItem]{}, err
	}
	if _, err := Get(ctx, s.DB, in.ID); err != nil {
		return api.Page[RepairItem]{}, err
	}
	rows, err := Repairs(ctx, s.DB, RepairFilter{RunID: in.ID, Thing: in.Thing, What: in.What, Reason: in.Reason, After: m.ID, Limit: in.Limit + 1})
	if err != nil {
		return api.Page[RepairItem]{}, err
	}
	page := api.Paged(rows, in.Limit, func(r Repair) api.Mark { return api.Mark{ID: r.ID} })
	items, err := s.named(ctx, page.Items)
	return api.Page[RepairItem]{Items: items, Next: page.Next}, err
}

func (s *Service) apiStrays(ctx context.Context, in *straysIn) (straysOut, error) {
	list, err := Strays(ctx, s.DB, in.After, in.Limit+1)
	if err != nil {
		return straysOut{}, err
	}
	out := straysOut{Items: list}
	if len(list) > in.Limit {
		out.Items = list[:in.Limit]
		out.Next = out.Items[in.Limit-1].ConfigID
	}
	if out.Items == nil {
		out.Items = []Stray{}
	}
	return out, nil
}

// names is what rows of repairs are about, by WeCom's ids.
type names struct {
	staff     map[string]string
	customers map[string]int64
	people    map[int64]string
	groups    map[string]group.Ref
	tags      map[string]string
	codes     map[string]int64
	codeNames map[int64]string
}

func (s *Service) named(ctx context.Context, rows []Repair) ([]RepairItem, error) {
	n, err := s.names(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make([]RepairItem, len(rows))
	for i, r := range rows {
		x := RepairItem{ID: r.ID, Thing: r.Thing, What: r.What, Reason: r.Reason, UserID: r.UserID, StaffName: n.staff[r.UserID], ExternalUserID: r.External,
			CustomerID: n.customers[r.External], ChatID: r.ChatID, GroupID: n.groups[r.ChatID].ID, GroupName: n.groups[r.ChatID].Name,
			Object: r.Object, HappenedAt: r.HappenedAt, CallbackID: r.CallbackID}
		x.CustomerName = n.people[x.CustomerID]
		if r.Thing == Tags {
			x.ObjectName = n.tags[r.Object]
		} else if x.CodeID = n.codes[r.Object]; x.CodeID != 0 {
			x.ObjectName = n.codeNames[x.CodeID]
		}
		out[i] = x
	}
	return out, nil
}

func (s *Service) names(ctx context.Context, rows []Repair) (n names, err error) {
	var users, externals, chats, tags, configs []string
	for _, r := range rows {
		users, externals, chats = append(users, r.UserID), append(externals, r.External), append(chats, r.ChatID)
		if r.Thing == Tags {
			tags = append(tags, r.Object)
		} else {
			configs = append(configs, r.Object)
		}
	}
	people, err := s.Directory.StaffByUserIDs(ctx, s.DB, users)
	if err != nil {
		return n, err
	}
	n.staff = make(map[string]string, len(people))
	for u, p := range people {
		n.staff[u] = p.Name
	}
	if n.customers, err = s.Customers.ByExternal(ctx, s.DB, externals); err != nil {
		return n, err
	}
	ids := make([]int64, 0, len(n.customers))
	for _, id := range n.customers {
		ids = append(ids, id)
	}
	if n.people, err = s.Customers.NamesOf(ctx, ids); err != nil {
		return n, err
	}
	if n.groups, err = s.Groups.ByChats(ctx, s.DB, chats); err != nil {
		return n, err
	}
	if n.tags, err = s.Customers.TagNames(ctx, tags); err != nil {
		return n, err
	}
	codes, err := s.Codes.WithWays(ctx, s.DB, configs)
	n.codes, n.codeNames = make(map[string]int64, len(codes)), make(map[int64]string, len(codes))
	for _, c := range codes {
		n.codes[c.ConfigID], n.codeNames[c.ID] = c.ID, c.Name
	}
	return n, err
}

// export streams a run's repairs. That customers' ids leave the house is kept.
func (s *Service) export(a *api.API, w http.ResponseWriter, r *http.Request) {
	runID, _ := strconv.ParseInt(r.PathValue("id"), 10, 64) // what is no number is no run
	err := a.Allow(r, read)
	if err == nil {
		_, err = Get(r.Context(), s.DB, runID)
	}
	if err == nil {
		err = s.DB.Tx(r.Context(), func(tx pg.Tx) error {
			return s.Audit.Record(r.Context(), tx, s.Clock.Now(), "sync.export", fmt.Sprintf("sync/%d", runID), map[string]string{})
		})
	}
	if err != nil {
		a.WriteError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="sync-%d.csv"`, runID))
	q := r.URL.Query()
	f := RepairFilter{RunID: runID, Thing: q.Get("thing"), What: q.Get("what"), Reason: q.Get("reason"), Limit: 1_000}
	if err := s.write(r.Context(), w, f); err != nil {
		s.Log.Warn("export of repairs", "run", runID, "error", err)
		panic(http.ErrAbortHandler) // the file is not whole, and the browser is to know
	}
}

func (s *Service) write(ctx context.Context, w http.ResponseWriter, f RepairFilter) error {
	out, err := sheet.NewWriter(w, "对象", "处理", "原因", "员工", "员工ID", "客户", "客户ID", "群", "群ID", "标签或活码", "企业微信上的时间", "回调编号")
	if err != nil {
		return err
	}
	for {
		rows, err := Repairs(ctx, s.DB, f)
		if err != nil {
			return err
		}
		items, err := s.named(ctx, rows)
		if err != nil {
			return err
		}
		for _, x := range items {
			at, callback := "", ""
			if x.HappenedAt != nil {
				at = x.HappenedAt.In(clock.Shanghai).Format(time.DateTime)
			}
			if x.CallbackID != 0 {
				callback = strconv.FormatInt(x.CallbackID, 10)
			}
			object := x.ObjectName
			if object == "" {
				object = x.Object
			}
			if err := out.Row(x.Thing.word(), x.What.word(), x.Reason.word(), x.StaffName, x.UserID, x.CustomerName, x.ExternalUserID, x.GroupName, x.ChatID, object, at, callback); err != nil {
				return err
			}
		}
		if len(rows) < f.Limit {
			return out.Close()
		}
		f.After = rows[len(rows)-1].ID
	}
}

// The words of the export; the page has its own.
func (t Thing) word() string {
	return map[Thing]string{Staff: "成员", Tags: "标签", Relations: "好友关系", Groups: "客户群", Members: "群成员", Ways: "员工活码", JoinWays: "群活码"}[t]
}

func (w What) word() string {
	return map[What]string{Added: "补上", Ended: "结束", Amended: "更正"}[w]
}

func (r Reason) word() string {
	return map[Reason]string{Lost: "回调没有到", Unheard: "没有回调：丢失，或经接口修改", Failed: "回调到了，处理失败", Waiting: "回调还在排队",
		Handled: "回调处理时企业微信还没有显示", Unhandled: "回调到了，这个版本不处理这一种", Before: "发生在接入之前", Range: "成员进入或离开可见范围",
		Silent: "企业微信对这种变化不发回调", API: "本系统的调用正在进行", Ours: "企业微信没有变，是本地记录出了错", Unknown: "太久以前，回调已不再保留"}[r]
}
