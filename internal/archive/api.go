package archive

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/errs"
	"qunce/internal/pg"
)

// Access is what every look at content must say of itself; it is recorded with what was looked at.
type Access struct {
	Purpose string `query:"purpose" doc:"service_quality, complaint, security or legal"`
	Reason  string `query:"reason" maxLength:"200" doc:"in one's own words; recorded"`
}

// Purposes for which content may be read.
func Purposes() []string { return []string{"service_quality", "complaint", "security", "legal"} }

const minReason = 2

// check holds the rules: Invalid "archive.purpose_required", "archive.reason_required"; Forbidden "archive.masked" for
// those to whom personal data is shown masked.
func (a Access) check(ctx context.Context) error {
	known := false
	for _, p := range Purposes() {
		known = known || p == a.Purpose
	}
	switch {
	case actor.From(ctx).Masked:
		return errs.E(errs.Forbidden, "archive.masked", "content cannot be masked")
	case !known:
		return errs.E(errs.Invalid, "archive.purpose_required", "purpose %q", a.Purpose).On("purpose")
	case len([]rune(normal(a.Reason))) < minReason:
		return errs.E(errs.Invalid, "archive.reason_required", "no reason").On("reason")
	}
	return nil
}

// ByID is the input of operations on one conversation.
type ByID struct {
	ID int64 `path:"id"`
}

// The permissions: of content, and of everything around it.
const (
	readContent = api.Permission("archive.read")
	readStatus  = api.Permission("archive.status")
)

// API registers the archive's operations.
func (s *Service) API(a *api.API) {
	const tag = "archive"
	op := func(id, method, path, summary string, p api.Permission) api.Op {
		return api.Op{ID: id, Method: method, Path: path, Summary: summary, Tag: tag, Permission: p}
	}
	api.Register(a, op("searchArchive", "GET", "/api/archive/search", "Messages that hold a piece of text, newest first", readContent), s.apiSearch)
	api.Register(a, op("listArchiveChats", "GET", "/api/archive/chats", "Conversations, those with the latest message first", readContent), s.apiChats)
	api.Register(a, op("readArchiveChat", "GET", "/api/archive/chats/{id}/messages", "A stretch of one conversation", readContent), s.apiMessages)
	api.Register(a, op("getArchiveMessage", "GET", "/api/archive/chats/{id}/messages/{message_id}", "Everything that one message holds", readContent), s.apiMessage)
	a.Mux().HandleFunc("GET /api/archive/chats/{id}/messages/{message_id}/files/{n}", s.serveFile(a))
	api.Register(a, op("getArchiveState", "GET", "/api/archive/state", "Where reading stands, what is held and what is missing", readStatus), s.apiState)
	api.Register(a, op("getArchiveCoverage", "GET", "/api/archive/coverage", "Who has an archive seat", readStatus), s.apiCoverage)
	api.Register(a, op("listArchiveConsents", "GET", "/api/archive/consents", "Who agreed to the archive, latest change first", readStatus), s.apiConsents)
	api.Register(a, op("saveArchiveSettings", "PUT", "/api/archive/settings", "Change how long messages are kept and whether files are fetched", "system.manage"),
		func(ctx context.Context, in *struct{ Body Settings }) (api.Empty, error) {
			return api.Empty{}, s.SaveSettings(ctx, in.Body)
		})
	api.Register(a, op("connectArchive", "PUT", "/api/archive/adapter", "Name the adapter to read from, after trying it", "system.manage"), s.apiConnect)
	api.Register(a, op("pullArchive", "POST", "/api/archive/pull", "Read new messages now", "system.manage"), s.apiPull)
	api.Register(a, op("askArchiveConsents", "POST", "/api/archive/ask", "Ask WeCom now who has a seat and who agreed", "system.manage"), s.apiAsk)
}

// record keeps that somebody looked at content.
func (s *Service) record(ctx context.Context, action, object string, a Access, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	detail["purpose"], detail["reason"] = a.Purpose, a.Reason
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		return s.Audit.Record(ctx, tx, s.Clock.Now(), action, object, detail)
	})
}

type searchIn struct {
	api.PageInput
	Access
	Whose
	Text string    `query:"q" maxLength:"200" doc:"two characters at least"`
	Kind []string  `query:"kind" doc:"kinds of message, as WeCom names them"`
	From time.Time `query:"from"`
	To   time.Time `query:"to" doc:"not included"`
}

// Hit is one message of a result.
type Hit struct {
	ID       int64      `json:"id"`
	Chat     Chat       `json:"chat"`
	At       time.Time  `json:"at"`
	Kind     string     `json:"kind"`
	Sender   Person     `json:"sender"`
	Parts    []Part     `json:"parts" doc:"a piece of the text; what was searched for is marked"`
	Recalled *time.Time `json:"recalled_at"`
}

type searchOut struct {
	Items  []Hit  `json:"items"`
	Next   string `json:"next"`
	Total  *int   `json:"total" doc:"on the first page; at most 1,000"`
	Capped bool   `json:"capped" doc:"there are more than that"`
	TookMS int64  `json:"took_ms"`
}

func (s *Service) apiSearch(ctx context.Context, in *searchIn) (searchOut, error) {
	if err := in.check(ctx); err != nil {
		return searchOut{}, err
	}
	m, later, err := in.Mark()
	if err != nil {
		return searchOut{}, err
	}
	v, err := s.viewOf(ctx, actor.From(ctx).Scope)
	if err != nil {
		return searchOut{}, err
	}
	src, empty, err := s.sourceOf(ctx, in.Whose, v)
	if err != nil {
		return searchOut{}, err
	}
	q := Query{Text: in.Text, Kinds: in.Kind, From: in.From, To: in.To, Before: Mark{m.At, m.ID}, Limit: in.Limit, Count: !later, source: src}
	var r Result
	began := s.Wall.Now()
	if empty { // but a query that is too short is still refused
		_, err = normalQuery(in.Text)
	} else {
		r, err = s.Search(ctx, q)
	}
	if err != nil {
		return searchOut{}, err
	}
	out := searchOut{Items: []Hit{}, TookMS: s.Wall.Now().Sub(began).Milliseconds()}
	if q.Count {
		total := min(r.Total, countCap)
		out.Total, out.Capped = &total, r.Total > countCap
	}
	if r.More {
		last := r.Items[len(r.Items)-1]
		out.Next = api.Mark{At: last.At, ID: last.ID}.Cursor()
	}
	detail := map[string]any{"q": in.Text, "hits": len(r.Items)}
	in.note(detail)
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return s.record(ctx, "archive.search", "archive", in.Access, detail) })
	both.Go(func() error {
		var err error
		out.Items, err = s.hits(ctx, r.Items, normal(in.Text))
		return err
	})
	if err := both.Wait(); err != nil {
		return searchOut{}, err
	}
	return out, nil
}

// hits gives finds their chats, names and snippets.
func (s *Service) hits(ctx context.Context, found []Found, wanted string) ([]Hit, error) {
	var chatIDs []int64
	var senders []string
	for _, f := range found {
		chatIDs, senders = append(chatIDs, f.ChatID), append(senders, f.Sender)
	}
	chats, err := findChatRows(ctx, s.DB, `WHERE id = ANY($1)`, chatIDs)
	if err != nil {
		return nil, err
	}
	byID := map[int64]chatRow{}
	for _, c := range chats {
		byID[c.ID] = c
	}
	names, err := s.castOf(ctx, chats, senders)
	if err != nil {
		return nil, err
	}
	out := make([]Hit, len(found))
	for i, f := range found {
		out[i] = Hit{ID: f.ID, Chat: names.chat(byID[f.ChatID]), At: f.At, Kind: f.Kind, Sender: names.person(f.Sender), Parts: snippet(f.Body, wanted), Recalled: f.Recalled}
	}
	return out, nil
}

type chatsIn struct {
	api.PageInput
	Access
	Whose
}

func (s *Service) apiChats(ctx context.Context, in *chatsIn) (api.Page[Chat], error) {
	var none api.Page[Chat]
	if err := in.check(ctx); err != nil {
		return none, err
	}
	m, _, err := in.Mark()
	if err != nil {
		return none, err
	}
	v, err := s.viewOf(ctx, actor.From(ctx).Scope)
	if err != nil {
		return none, err
	}
	rows, err := s.chats(ctx, in.Whose, v, Mark{m.At, m.ID}, in.Limit+1)
	if err != nil {
		return none, err
	}
	page := api.Paged(rows, in.Limit, func(c chatRow) api.Mark { return api.Mark{At: *c.LastAt, ID: c.ID} })
	names, err := s.castOf(ctx, page.Items, nil)
	if err != nil {
		return none, err
	}
	out := api.Page[Chat]{Items: make([]Chat, len(page.Items)), Next: page.Next}
	for i, c := range page.Items {
		out.Items[i] = names.chat(c)
	}
	detail := map[string]any{"hits": len(out.Items)}
	in.note(detail)
	return out, s.record(ctx, "archive.chats", "archive", in.Access, detail)
}

type messagesIn struct {
	ByID
	Access
	At        time.Time `query:"at" doc:"with message_id, the place to read from; without, the newest end"`
	MessageID int64     `query:"message_id"`
	Direction string    `query:"direction" enum:"around,before,after" default:"around"`
	Limit     int       `query:"limit" minimum:"1" maximum:"100" default:"30"`
}

type messagesOut struct {
	Chat   Chat      `json:"chat"`
	Items  []Message `json:"items" doc:"oldest first"`
	Before bool      `json:"before" doc:"there are older ones"`
	After  bool      `json:"after" doc:"there are newer ones"`
}

func (s *Service) apiMessages(ctx context.Context, in *messagesIn) (messagesOut, error) {
	var none messagesOut
	if err := in.check(ctx); err != nil {
		return none, err
	}
	v, err := s.viewOf(ctx, actor.From(ctx).Scope)
	if err != nil {
		return none, err
	}
	c, err := s.chat(ctx, in.ID, v)
	if err != nil {
		return none, err
	}
	rows, before, after, err := s.stretch(ctx, in)
	if err != nil {
		return none, err
	}
	out := messagesOut{Items: make([]Message, len(rows)), Before: before, After: after}
	senders := make([]string, len(rows))
	for i, r := range rows {
		senders[i] = r.Sender
	}
	names, err := s.castOf(ctx, []chatRow{c}, senders)
	if err != nil {
		return none, err
	}
	out.Chat = names.chat(c)
	files := map[int64][]File{}
	if len(rows) > 0 {
		if files, err = filesOf(ctx, s.DB, in.ID, rows[0].At, rows[len(rows)-1].At); err != nil {
			return none, err
		}
	}
	for i, r := range rows {
		out.Items[i] = Message{ID: r.ID, At: r.At, Kind: r.Kind, Sender: names.person(r.Sender), Body: r.Body, Link: linkOf(r.Payload), Recalled: r.Recalled,
			Files: files[r.ID], More: len(r.Payload) > 0}
		if out.Items[i].Files == nil {
			out.Items[i].Files = []File{}
		}
	}
	detail := map[string]any{"messages": len(rows)}
	if len(rows) > 0 {
		detail["first_at"], detail["last_at"] = rows[0].At, rows[len(rows)-1].At
	}
	return out, s.record(ctx, "archive.read", fmt.Sprintf("archive_chat/%d", in.ID), in.Access, detail)
}

// stretch reads the messages before, after or around a place of a chat, oldest first, and whether there are more at the
// ends.
func (s *Service) stretch(ctx context.Context, in *messagesIn) (rows []messageRow, before, after bool, err error) {
	mark := Mark{in.At, in.MessageID}
	var up, down []messageRow
	switch in.Direction {
	case "before":
		mark.ID-- // what stands at the place is known
		up, err = older(ctx, s.DB, in.ID, mark, in.Limit+1)
		after = true
	case "after":
		down, err = newer(ctx, s.DB, in.ID, mark, in.Limit+1)
		before = true
	default:
		if up, err = older(ctx, s.DB, in.ID, mark, in.Limit/2+1); err == nil && !in.At.IsZero() {
			down, err = newer(ctx, s.DB, in.ID, mark, in.Limit/2+1)
		}
	}
	if err != nil {
		return nil, false, false, err
	}
	half := in.Limit
	if in.Direction == "around" {
		half = max(in.Limit/2, 1)
	}
	if len(up) > half {
		up, before = up[len(up)-half:], true
	}
	if len(down) > half {
		down, after = down[:half], true
	}
	return append(up, down...), before, after, nil
}

type messageIn struct {
	ByID
	Access
	MessageID int64     `path:"message_id"`
	At        time.Time `query:"at" required:"true"`
}

type messageOut struct {
	Kind  string `json:"kind"`
	MsgID string `json:"msg_id" doc:"WeCom's id of the message"`
	Body  string `json:"body"`
	Rest  any    `json:"rest" doc:"what it holds besides, as WeCom gave it; null for a plain text"`
}

func (s *Service) apiMessage(ctx context.Context, in *messageIn) (messageOut, error) {
	var out messageOut
	if err := in.check(ctx); err != nil {
		return out, err
	}
	v, err := s.viewOf(ctx, actor.From(ctx).Scope)
	if err != nil {
		return out, err
	}
	if _, err := s.chat(ctx, in.ID, v); err != nil {
		return out, err
	}
	err = s.DB.QueryRow(ctx, `SELECT kind, msg_id, body, payload FROM archive_message WHERE chat_id = $1 AND at = $2 AND id = $3`, in.ID, in.At, in.MessageID).
		Scan(&out.Kind, &out.MsgID, &out.Body, &out.Rest)
	if pg.IsNoRows(err) {
		return out, errs.E(errs.NotFound, "archive.message_not_found", "message %d", in.MessageID)
	}
	if err != nil {
		return out, fmt.Errorf("read a message: %w", err)
	}
	return out, s.record(ctx, "archive.read", fmt.Sprintf("archive_chat/%d", in.ID), in.Access, map[string]any{"message": in.MessageID})
}

type connectIn struct {
	Body struct {
		Address string `json:"address" maxLength:"300" doc:"http:// or https://; empty disconnects"`
		Key     string `json:"key,omitempty" maxLength:"200" doc:"that the adapter wants to see; empty = as it is"`
	}
}

func (s *Service) apiConnect(ctx context.Context, in *connectIn) (api.Empty, error) {
	if s.Connect == nil {
		return api.Empty{}, errs.E(errs.Conflict, "archive.not_here", "the adapter is not set in this process")
	}
	address := strings.TrimSpace(in.Body.Address)
	if err := s.Connect(ctx, address, strings.TrimSpace(in.Body.Key)); err != nil {
		return api.Empty{}, err
	}
	return api.Empty{}, s.DB.Tx(ctx, func(tx pg.Tx) error {
		return s.Audit.Record(ctx, tx, s.Clock.Now(), "archive.connect", "archive", map[string]string{"address": address})
	})
}

func (s *Service) apiPull(ctx context.Context, _ *struct{}) (api.Empty, error) {
	if s.Source == nil {
		return api.Empty{}, errs.E(errs.Conflict, "archive.not_set_up", "no source")
	}
	if err := want(ctx, s.DB, s.Clock.Now()); err != nil {
		return api.Empty{}, err
	}
	signal(s.wakePull)
	return api.Empty{}, nil
}

func (s *Service) apiAsk(ctx context.Context, _ *struct{}) (api.Empty, error) {
	if s.People == nil {
		return api.Empty{}, errs.E(errs.Conflict, "archive.no_secret", "the archive's secret is not set")
	}
	if _, err := s.DB.Exec(ctx, `UPDATE archive_state SET checked_at = NULL WHERE id = 1`); err != nil {
		return api.Empty{}, fmt.Errorf("ask again: %w", err)
	}
	return api.Empty{}, nil
}
