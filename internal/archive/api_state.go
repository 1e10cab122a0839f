package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/directory"
	"qunce/internal/pg"
)

// Problem is why something does not work, with a sentence for operators.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Month is what is held of one month.
type Month struct {
	Month    string `json:"month" doc:"2026-05"`
	Messages *int64 `json:"messages" doc:"about; null = not counted yet"`
	Bytes    int64  `json:"bytes"`
}

// Gap is a stretch of which messages may be missing. AtMost is null when it is not known whether any is.
type Gap struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	AtMost *int64    `json:"at_most"`
	Found  time.Time `json:"found_at"`
}

type stateOut struct {
	Enabled     bool       `json:"enabled" doc:"there is an adapter to read from"`
	Address     string     `json:"address" doc:"of the adapter"`
	CanAsk      bool       `json:"can_ask" doc:"the archive's secret is known, so WeCom can be asked about seats and consents"`
	Position    int64      `json:"position"`
	Messages    int64      `json:"messages" doc:"kept since the beginning"`
	Duplicates  int64      `json:"duplicates"`
	Switches    int64      `json:"switches"`
	Strange     int64      `json:"strange" doc:"of kinds that this version does not know; kept as they came"`
	PulledAt    *time.Time `json:"pulled_at"`
	CaughtUpAt  *time.Time `json:"caught_up_at"`
	LastAt      *time.Time `json:"last_at" doc:"time of the last message read"`
	Failures    int        `json:"failures" doc:"in a row"`
	FailedAt    *time.Time `json:"failed_at"`
	Problem     *Problem   `json:"problem"`
	SeatsAt     *time.Time `json:"seats_at"`
	CheckedAt   *time.Time `json:"checked_at"`
	AskProblem  *Problem   `json:"ask_problem"`
	Months      []Month    `json:"months"`
	Gaps        []Gap      `json:"gaps"`
	FilesWanted int64      `json:"files_wanted"`
	Settings    Settings   `json:"settings"`
}

func (s *Service) apiState(ctx context.Context, _ *struct{}) (stateOut, error) {
	out := stateOut{Enabled: s.Source != nil, Address: s.Address, CanAsk: s.People != nil, Months: []Month{}, Gaps: []Gap{}}
	var code, askCode string
	var params json.RawMessage
	err := s.DB.QueryRow(ctx, `SELECT seq, messages, duplicates, switches, strange, pulled_at, caught_up_at, last_at, failures, failed_at, error_code, error_params,
		seats_at, checked_at, people_error FROM archive_state WHERE id = 1`).
		Scan(&out.Position, &out.Messages, &out.Duplicates, &out.Switches, &out.Strange, &out.PulledAt, &out.CaughtUpAt, &out.LastAt, &out.Failures, &out.FailedAt,
			&code, &params, &out.SeatsAt, &out.CheckedAt, &askCode)
	if err != nil {
		return out, fmt.Errorf("read archive state: %w", err)
	}
	out.Problem, out.AskProblem = s.problem(ctx, code, params), s.problem(ctx, askCode, nil)
	if out.Settings, err = s.Settings(ctx, s.DB); err != nil {
		return out, err
	}
	if out.Gaps, err = gaps(ctx, s.DB); err != nil {
		return out, err
	}
	if err := s.DB.QueryRow(ctx, `SELECT count(*) FROM archive_media WHERE state = 'wanted'`).Scan(&out.FilesWanted); err != nil {
		return out, fmt.Errorf("count wanted files: %w", err)
	}
	out.Months, err = monthSizes(ctx, s.DB)
	return out, err
}

func (s *Service) problem(ctx context.Context, code string, params json.RawMessage) *Problem {
	if code == "" {
		return nil
	}
	var with map[string]any
	_ = json.Unmarshal(params, &with) // written by us
	return &Problem{Code: code, Message: s.Catalog.Error(api.Lang(ctx), code, with)}
}

func gaps(ctx context.Context, q pg.Querier) ([]Gap, error) {
	rows, err := q.Query(ctx, `SELECT from_at, to_at, before_seq - after_seq - 1, found_at FROM archive_gap ORDER BY found_at DESC LIMIT 100`)
	if err != nil {
		return nil, fmt.Errorf("list gaps: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Gap])
	if list == nil {
		list = []Gap{}
	}
	return list, err
}

// monthSizes says how much is held of each month; the database's own estimate of its rows is near enough.
func monthSizes(ctx context.Context, q pg.Querier) ([]Month, error) {
	list, err := months(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]Month, len(list))
	for i, m := range list {
		out[i].Month = m.Format("2006-01")
		for _, table := range parted() {
			name := fmt.Sprintf(partName, table, m.Year(), int(m.Month()))
			var rows float64
			var bytes int64
			err := q.QueryRow(ctx, `SELECT c.reltuples, pg_total_relation_size(c.oid) FROM pg_class c WHERE c.oid = to_regclass($1)`, name).Scan(&rows, &bytes)
			if pg.IsNoRows(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("measure %s: %w", name, err)
			}
			out[i].Bytes += bytes
			if n := int64(rows); table == "archive_message" && n >= 0 {
				out[i].Messages = &n
			}
		}
	}
	return out, nil
}

// Seat is a member of staff with or without a seat.
type Seat struct {
	StaffID int64      `json:"staff_id"`
	Name    string     `json:"name"`
	UserID  string     `json:"userid"`
	Active  bool       `json:"active" doc:"still with the company"`
	Since   *time.Time `json:"since" doc:"when we first saw the seat"`
}

type coverageOut struct {
	AskedAt  *time.Time `json:"asked_at" doc:"when WeCom last said who has a seat; null = not known"`
	Seated   []Seat     `json:"seated"`
	Unseated []Seat     `json:"unseated" doc:"may have customers, but their chats are not archived"`
}

func (s *Service) apiCoverage(ctx context.Context, _ *struct{}) (coverageOut, error) {
	out := coverageOut{Seated: []Seat{}, Unseated: []Seat{}}
	if err := s.DB.QueryRow(ctx, `SELECT seats_at FROM archive_state WHERE id = 1`).Scan(&out.AskedAt); err != nil || out.AskedAt == nil {
		return out, err
	}
	rows, err := s.DB.Query(ctx, `SELECT staff_id, since FROM archive_seat WHERE ended_at IS NULL`)
	if err != nil {
		return out, fmt.Errorf("list seats: %w", err)
	}
	since := map[int64]time.Time{}
	var n int64
	var at time.Time
	if _, err := pgx.ForEachRow(rows, []any{&n, &at}, func() error { since[n] = at; return nil }); err != nil {
		return out, fmt.Errorf("list seats: %w", err)
	}
	seated, err := s.Directory.StaffByIDs(ctx, s.DB, keys(since))
	if err != nil {
		return out, err
	}
	contacts, err := s.Directory.Contacts(ctx, s.DB)
	if err != nil {
		return out, err
	}
	scope := actor.From(ctx).Scope
	for _, id := range sortedByName(seated) {
		if x := seated[id]; sees(scope, x) {
			at := since[id]
			out.Seated = append(out.Seated, Seat{StaffID: id, Name: x.Name, UserID: x.UserID, Active: x.Active, Since: &at})
		}
	}
	for _, x := range contacts {
		if _, has := since[x.ID]; !has && sees(scope, x) {
			out.Unseated = append(out.Unseated, Seat{StaffID: x.ID, Name: x.Name, UserID: x.UserID, Active: true})
		}
	}
	return out, nil
}

// sees reports whether a scope includes a member of staff.
func sees(scope actor.Scope, x directory.Staff) bool {
	if scope.All || scope.Staff != 0 && scope.Staff == x.ID {
		return true
	}
	for _, store := range scope.Stores {
		if store == x.StoreID {
			return true
		}
	}
	return false
}

type consentsIn struct {
	api.PageInput
	State      State `query:"state" enum:"agree,disagree,unknown"`
	StaffID    int64 `query:"staff_id"`
	CustomerID int64 `query:"customer_id"`
	GroupID    int64 `query:"group_id"`
}

// Consent is what somebody outside said about the archive in one chat.
type Consent struct {
	Customer  Person     `json:"customer"`
	Place     Place      `json:"place" enum:"single,internal,room"`
	Staff     *Person    `json:"staff" doc:"in a single chat"`
	GroupID   *int64     `json:"group_id"`
	Group     string     `json:"group"`
	State     State      `json:"state" enum:"agree,disagree,unknown"`
	Since     *time.Time `json:"since"`
	Source    Origin     `json:"source" enum:"callback,message,check"`
	CheckedAt *time.Time `json:"checked_at" doc:"when WeCom was last asked"`
}

type consentsOut struct {
	Items  []Consent     `json:"items"`
	Next   string        `json:"next"`
	Totals map[State]int `json:"totals" doc:"of everything that the other filters leave"`
}

type consentRow struct {
	ChatID    int64
	External  string
	Place     Place
	StaffID   int64
	RoomID    string
	State     State
	Since     *time.Time
	Source    Origin
	ChangedAt time.Time
	CheckedAt *time.Time
}

const consentColumns = `chat_id, external_userid, place, staff_id, room_id, state, since, source, changed_at, checked_at`

func (s *Service) apiConsents(ctx context.Context, in *consentsIn) (consentsOut, error) {
	out := consentsOut{Items: []Consent{}, Totals: map[State]int{Agree: 0, Disagree: 0, Unknown: 0}}
	m, later, err := in.Mark()
	if err != nil {
		return out, err
	}
	var a args
	where, err := s.consentFilter(ctx, in, &a)
	if err != nil {
		return out, err
	}
	rows, err := s.DB.Query(ctx, `SELECT state, count(*)::int FROM archive_consent WHERE `+where+` GROUP BY state`, a...)
	if err != nil {
		return out, fmt.Errorf("count consents: %w", err)
	}
	var st State
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&st, &n}, func() error { out.Totals[st] = n; return nil }); err != nil {
		return out, fmt.Errorf("count consents: %w", err)
	}
	if in.State != "" {
		where += ` AND state = ` + a.add(string(in.State))
	}
	if later {
		where += ` AND (changed_at, chat_id, external_userid) < (` + a.add(m.At) + `, ` + a.add(m.ID) + `, ` + a.add(m.Text) + `)`
	}
	list, err := consentRows(ctx, s.DB, where+` ORDER BY changed_at DESC, chat_id DESC, external_userid DESC LIMIT `+a.add(in.Limit+1), a)
	if err != nil {
		return out, err
	}
	page := api.Paged(list, in.Limit, func(c consentRow) api.Mark { return api.Mark{At: c.ChangedAt, ID: c.ChatID, Text: c.External} })
	out.Next = page.Next
	out.Items, err = s.consents(ctx, page.Items)
	return out, err
}

func (s *Service) consentFilter(ctx context.Context, in *consentsIn, a *args) (string, error) {
	v, err := s.viewOf(ctx, actor.From(ctx).Scope)
	if err != nil {
		return "", err
	}
	where := `true`
	if in.StaffID != 0 {
		where += ` AND staff_id = ` + a.add(in.StaffID)
	}
	if in.CustomerID != 0 {
		found, err := s.Customers.ExternalsOf(ctx, s.DB, []int64{in.CustomerID})
		if err != nil {
			return "", err
		}
		where += ` AND external_userid = ANY(` + a.add(append([]string{}, found[in.CustomerID]...)) + `)`
	}
	if in.GroupID != 0 {
		chats, err := s.groupChats(ctx, []int64{in.GroupID})
		if err != nil {
			return "", err
		}
		where += ` AND chat_id = ANY(` + a.add(ids(chats)) + `)`
	}
	if !v.all {
		where += ` AND (place = 'single' AND staff_id = ANY(` + a.add(v.staff) + `) OR place = 'room' AND chat_id = ANY(` + a.add(v.rooms) + `))`
	}
	return where, nil
}

func consentRows(ctx context.Context, q pg.Querier, where string, a args) ([]consentRow, error) {
	rows, err := q.Query(ctx, `SELECT `+consentColumns+` FROM archive_consent WHERE `+where, a...)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[consentRow])
}

// consents gives consents their names.
func (s *Service) consents(ctx context.Context, list []consentRow) ([]Consent, error) {
	chats := make([]chatRow, len(list))
	for i, c := range list {
		chats[i] = chatRow{StaffID: c.StaffID, Peer: c.External, RoomID: c.RoomID}
	}
	names, err := s.castOf(ctx, chats, nil)
	if err != nil {
		return nil, err
	}
	out := make([]Consent, len(list))
	for i, c := range list {
		x := Consent{Customer: names.person(c.External), Place: c.Place, State: c.State, Since: c.Since, Source: c.Source, CheckedAt: c.CheckedAt}
		if p, ok := names.staffByID[c.StaffID]; ok && c.Place == Single {
			x.Staff = &p
		}
		if g, ok := names.groups[c.RoomID]; ok {
			x.GroupID, x.Group = &g.id, g.name
		}
		out[i] = x
	}
	return out, nil
}

// ConsentsOf lists what a customer said about the archive, single chats first. It does not look at who asks: the caller has.
func (s *Service) ConsentsOf(ctx context.Context, customerID int64) ([]Consent, error) {
	found, err := s.Customers.ExternalsOf(ctx, s.DB, []int64{customerID})
	if err != nil {
		return nil, err
	}
	var a args
	list, err := consentRows(ctx, s.DB, `external_userid = ANY(`+a.add(append([]string{}, found[customerID]...))+`) ORDER BY place DESC, changed_at DESC LIMIT 100`, a)
	if err != nil {
		return nil, err
	}
	return s.consents(ctx, list)
}
