package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/archive"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/gram"
	"qunce/internal/group"
	"qunce/internal/i18n"
	"qunce/internal/pg"
)

// The archive's world: so many members of staff with so many customers and groups talk for so long.
const (
	talkStaff     = 300
	talkCustomers = 60_000
	talkRooms     = 1_500
	talkDays      = 180
)

// talk is a source of invented messages, in order, as WeCom would give them.
type talk struct {
	*chatter
	total int
	end   int // where it runs dry for now
	begin time.Time
	next  int
	staff *rand.Zipf
	room  *rand.Zipf
	texts []string // a sample of what was said
}

func newTalk(total int, begin time.Time) *talk {
	c := newChatter(7)
	return &talk{chatter: c, total: total, begin: begin, staff: rand.NewZipf(c.r, 1.2, 20, talkStaff-1), room: rand.NewZipf(c.r, 1.3, 30, talkRooms-1)}
}

func talkUser(n int) string     { return fmt.Sprintf("staff%04d", n) }
func talkExternal(n int) string { return fmt.Sprintf("wmQUNCEbench%020d", n) }
func talkRoom(n int) string     { return fmt.Sprintf("wrQUNCEbench%020d", n) }

// when spreads messages over the days, and in a day over the hours in which people are awake.
func (t *talk) when(i int) time.Time {
	const open, close = 8, 23
	at := float64(i) / float64(t.total) * talkDays
	day := int(at)
	return t.begin.AddDate(0, 0, day).Add(time.Duration((open + (at-float64(day))*(close-open)) * float64(time.Hour)))
}

// Messages gives the messages after a place; they can be had once, in order.
func (t *talk) Messages(_ context.Context, after uint64, limit int) ([]archive.Raw, error) {
	if int(after) != t.next {
		return nil, fmt.Errorf("asked after %d, stands at %d", after, t.next)
	}
	out := make([]archive.Raw, 0, limit)
	for len(out) < limit && t.next < t.end {
		at, text := t.when(t.next), t.message()
		t.next++
		if t.next%1000 == 1 {
			t.texts = append(t.texts, text)
		}
		out = append(out, t.raw(uint64(t.next), at, text))
	}
	return out, nil
}

func (t *talk) raw(seq uint64, at time.Time, text string) archive.Raw {
	staff := int(t.staff.Uint64())
	from, to, room := talkUser(staff), talkExternal(staff*(talkCustomers/talkStaff)+t.r.IntN(talkCustomers/talkStaff)), ""
	if t.r.IntN(3) > 0 {
		from, to = to, from
	}
	if t.r.IntN(10) < 4 {
		room = talkRoom(int(t.room.Uint64()))
	}
	m := map[string]any{"msgid": fmt.Sprintf("%019d_1767225600_external", seq), "action": "send", "from": from, "tolist": []string{to}, "roomid": room, "msgtime": at.UnixMilli()}
	switch t.r.IntN(20) {
	case 0:
		m["msgtype"], m["image"] = "image", map[string]any{"md5sum": "0123456789abcdef0123456789abcdef", "filesize": 70961, "sdkfileid": "CtYBMzA2OTAy" + strconv.FormatUint(seq, 36)}
	case 1:
		m["msgtype"], m["link"] = "link", map[string]any{"title": text, "description": t.word(), "link_url": "https://shop.example/" + strconv.FormatUint(seq, 36), "image_url": ""}
	default:
		m["msgtype"], m["text"] = "text", map[string]any{"content": text}
	}
	body, _ := json.Marshal(m) // maps of texts and numbers
	return archive.Raw{Seq: seq, MsgID: m["msgid"].(string), KeyVersion: 1, Message: body}
}

// Media has no files.
func (t *talk) Media(context.Context, string, io.Writer) error { return http.ErrNotSupported }

// archiveRows is how many messages are read while the reading is measured.
const archiveRows = 200_000

// archiveFigures measures how fast messages are kept, beside a bare COPY of the same rows, and how fast they are found,
// beside what the database takes to look through one month.
func (r *run) archiveFigures(ctx context.Context) error {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, clock.Shanghai)
	now := clock.NewManual(begin.AddDate(0, 0, talkDays))
	t := newTalk(r.messages, begin)
	s, err := r.archiveService(ctx, t, now)
	if err != nil {
		return err
	}
	if err := r.keepMessages(ctx, s, t); err != nil {
		return err
	}
	if err := r.archiveSize(ctx); err != nil {
		return err
	}
	return r.findMessages(ctx, s, t)
}

func (r *run) archiveService(ctx context.Context, source archive.Source, now clock.Clock) (*archive.Service, error) {
	if err := event.Found(ctx, r.db, now.Now()); err != nil {
		return nil, err
	}
	bus, audits := event.New(r.ids, r.wall), audit.New(r.ids)
	places := directory.New(directory.Deps{DB: r.db, IDs: r.ids, Clock: now, Audit: audits, Log: r.log})
	people := customer.New(customer.Deps{DB: r.db, IDs: r.ids, Clock: now, Events: bus, Log: r.log})
	groups := group.New(group.Deps{DB: r.db, IDs: r.ids, Clock: now, Wall: r.wall, Events: bus, Customers: people, Log: r.log})
	catalog, err := i18n.Load()
	return archive.New(archive.Deps{DB: r.db, IDs: r.ids, Clock: now, Wall: r.wall, Events: bus, Audit: audits, Source: source, Staff: staffOf{places},
		Directory: places, Customers: people, Groups: groups, Catalog: catalog, Log: slog.New(slog.DiscardHandler)}), err
}

type staffOf struct{ *directory.Service }

func (x staffOf) EnsureStaff(ctx context.Context, tx pg.Tx, users []string) (map[string]customer.StaffRef, error) {
	found, err := x.Service.EnsureStaff(ctx, tx, users)
	out := make(map[string]customer.StaffRef, len(found))
	for u, m := range found {
		out[u] = customer.StaffRef{ID: m.ID, StoreID: m.StoreID, Name: m.Name}
	}
	return out, err
}

// keepMessages reads all messages through the service. The first of them are measured, and copied afterwards into an
// empty table of the same shape.
func (r *run) keepMessages(ctx context.Context, s *archive.Service, t *talk) error {
	measured := min(archiveRows, t.total)
	r.say("archive: keeping %d messages, %d of them measured", t.total, measured)
	pull := func(upTo int) (time.Duration, error) {
		t.end = upTo
		return r.time(func() error { _, err := s.Pull(ctx); return err })
	}
	took, err := pull(measured)
	if err != nil {
		return err
	}
	if err := r.copyMessages(ctx, measured, took); err != nil {
		return err
	}
	if measured < t.total {
		took, err := pull(t.total)
		if err != nil {
			return err
		}
		r.say("archive: the other %d took %s", t.total-measured, took.Round(time.Second))
	}
	return r.count(ctx, "archive_message", t.total)
}

// copyMessages is the limit of keeping: the same rows into the same indexes, from bytes that are ready.
func (r *run) copyMessages(ctx context.Context, n int, ours time.Duration) error {
	conn, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var rows bytes.Buffer
	if _, err := conn.PgConn().CopyTo(ctx, &rows, `COPY (SELECT * FROM archive_message) TO STDOUT (FORMAT binary)`); err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	table, err := r.emptyTable(ctx, "archive_message")
	if err != nil {
		return err
	}
	bare, err := r.time(func() error {
		_, err := conn.PgConn().CopyFrom(ctx, &rows, `COPY `+table+` FROM STDIN (FORMAT binary)`)
		return err
	})
	if err != nil {
		return fmt.Errorf("copy messages: %w", err)
	}
	if err := r.count(ctx, table, n); err != nil {
		return err
	}
	r.report.add("archive.keep", "会话存档：读入消息 chat archive, messages kept", "/s", perSecond(n, ours),
		Limit{Key: "copy", Title: "COPY 到同样的表和索引 COPY into the same table and indexes", Figure: perSecond(n, bare)})
	_, err = r.db.Exec(ctx, `DROP TABLE `+table)
	return err
}

// archiveSize adds what a million messages take on the disk.
func (r *run) archiveSize(ctx context.Context) error {
	var all, heap, grams, text float64
	err := r.db.QueryRow(ctx, `SELECT sum(pg_total_relation_size(i.inhrelid))::float8, sum(pg_table_size(i.inhrelid))::float8,
		(SELECT sum(pg_relation_size(x.indexrelid))::float8 FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_am a ON a.oid = c.relam
			WHERE a.amname = 'gin' AND x.indrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'archive_message'::regclass)),
		(SELECT sum(octet_length(body))::float8 FROM archive_message)
		FROM pg_inherits i WHERE i.inhparent = 'archive_message'::regclass`).Scan(&all, &heap, &grams, &text)
	if err != nil {
		return fmt.Errorf("measure the archive: %w", err)
	}
	million := func(bytes float64) float64 { return bytes / float64(r.messages) } // bytes a message = MB a million
	r.report.add("archive.size", "会话存档：每百万条占用 chat archive, disk for a million messages", "MB", million(all),
		Limit{Key: "text", Title: "只有文字 the text alone", Figure: million(text)},
		Limit{Key: "heap", Title: "表 the table", Figure: million(heap)},
		Limit{Key: "gin", Title: "双字索引 the index of pairs", Figure: million(grams)})
	return nil
}

// question is one search of the mix.
type question struct {
	class string
	text  string
	query url.Values
}

// findMessages asks the mix of questions through the console's operation, names and record included.
func (r *run) findMessages(ctx context.Context, s *archive.Service, t *talk) error {
	if err := r.settle(ctx); err != nil {
		return err
	}
	list, err := r.questions(ctx, t)
	if err != nil {
		return err
	}
	r.say("archive: %d searches", len(list))
	console := api.New(api.Config{Title: "bench", Log: r.log, Catalog: s.Catalog, Can: func(actor.Actor, api.Permission) bool { return true }})
	s.API(console)
	took := map[string][]time.Duration{}
	var slowest question
	var worst time.Duration
	for _, q := range list {
		q.query.Set("q", q.text)
		q.query.Set("purpose", "service_quality")
		q.query.Set("reason", "bench")
		req := httptest.NewRequestWithContext(actor.With(ctx, actor.Actor{UserID: 1, Name: "bench", Role: actor.Owner, Scope: actor.Scope{All: true}}),
			http.MethodGet, "/api/archive/search?"+q.query.Encode(), nil)
		w := httptest.NewRecorder()
		d, _ := r.time(func() error { console.Handler().ServeHTTP(w, req); return nil })
		if w.Code != http.StatusOK {
			return fmt.Errorf("search for %q: %d %s", q.text, w.Code, w.Body)
		}
		took[q.class], took["all"] = append(took[q.class], d), append(took["all"], d)
		if d > worst {
			worst, slowest = d, q
		}
	}
	r.say("archive: the slowest took %s: %s %q %v", worst.Round(time.Millisecond), slowest.class, slowest.text, slowest.query)
	return r.searchRows(ctx, list, took)
}

// searchRows adds the figures of the searches with their limits: the fullest month looked through from end to end, and
// the index of pairs of that month asked once.
func (r *run) searchRows(ctx context.Context, list []question, took map[string][]time.Duration) error {
	like, probe := map[string][]time.Duration{}, map[string][]time.Duration{}
	var month string
	if err := r.db.QueryRow(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'archive_message'::regclass ORDER BY c.reltuples DESC, c.relname LIMIT 1`).Scan(&month); err != nil {
		return fmt.Errorf("find the fullest month: %w", err)
	}
	conn, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for i, q := range list {
		if i%5 != 0 && len(list) > 100 { // a fifth of them says as much
			continue
		}
		for name, how := range map[string]struct {
			sql  string
			into map[string][]time.Duration
		}{
			"like":  {`SELECT count(*) FROM ` + month + ` WHERE body LIKE '%' || $1::text || '%'`, like},
			"probe": {`SELECT count(*) FROM ` + month + ` WHERE grams @> $1::int4[]`, probe},
		} {
			var arg any = q.text
			if name == "probe" {
				arg = gram.Pairs(gram.Fold(q.text))
			}
			var n int64
			d, err := r.time(func() error { return conn.QueryRow(ctx, how.sql, arg).Scan(&n) })
			if err != nil {
				return fmt.Errorf("%s for %q: %w", name, q.text, err)
			}
			how.into[q.class], how.into["all"] = append(how.into[q.class], d), append(how.into["all"], d)
		}
	}
	limits := func(class string, q float64) []Limit {
		return []Limit{
			{Key: "like", Title: "消息最多的一个月逐条比 LIKE over the fullest month", Figure: quantile(like[class], q)},
			{Key: "probe", Title: "那个月的索引问一次 the index of that month, once", Figure: quantile(probe[class], q)},
		}
	}
	for _, p := range []float64{0.50, 0.95, 0.99} {
		name := fmt.Sprintf("p%.0f", p*100)
		r.report.add("archive.search."+name, fmt.Sprintf("会话存档：搜 %d 条，%s searching the chat archive, %s", r.messages, name, name), "ms", quantile(took["all"], p), limits("all", p)...)
	}
	for _, class := range classes {
		r.report.add("archive."+class.key+".p95", "　"+class.title+"，p95", "ms", quantile(took[class.key], 0.95), limits(class.key, 0.95)...)
	}
	return nil
}

// classes of questions.
var classes = []struct{ key, title string }{
	{"frequent", "两个字的常用词 frequent words"}, {"medium", "两三个字、不多见 less frequent words"}, {"rare", "罕见词 rare words"},
	{"piece", "原话里截三到六个字 pieces of what was said"}, {"phrase", "常说的整句 phrases"}, {"nothing", "搜不到的 what was never said"},
	{"filtered", "带员工、客户、群、时间或类型条件 with filters"},
}

// questions is the mix: a fixed number of each class, in an order in which classes alternate.
func (r *run) questions(ctx context.Context, t *talk) ([]question, error) {
	rnd := rand.New(rand.NewPCG(11, 13))
	staff, err := r.ids64(ctx, `SELECT id FROM directory_staff ORDER BY userid`)
	if err != nil || len(staff) == 0 {
		return nil, fmt.Errorf("find staff: %w", err)
	}
	chats, err := r.ids64(ctx, `SELECT id FROM archive_chat WHERE place = 'room' ORDER BY messages DESC LIMIT 200`)
	if err != nil || len(chats) == 0 {
		return nil, fmt.Errorf("find groups: %w", err)
	}
	singles, err := r.ids64(ctx, `SELECT id FROM archive_chat WHERE place = 'single' ORDER BY messages DESC LIMIT 2000`)
	if err != nil || len(singles) == 0 {
		return nil, fmt.Errorf("find chats: %w", err)
	}
	long := func(from, to int) string {
		for {
			if w := t.words[from+rnd.IntN(to-from)]; len([]rune(w)) >= 2 {
				return w
			}
		}
	}
	piece := func(n int) string {
		for {
			if text := []rune(t.texts[rnd.IntN(len(t.texts))]); len(text) > n {
				from := rnd.IntN(len(text) - n)
				if got := strings.TrimSpace(string(text[from : from+n])); len([]rune(got)) >= 2 {
					return got
				}
			}
		}
	}
	now := t.begin.AddDate(0, 0, talkDays)
	filters := []func(v url.Values){
		func(v url.Values) { v.Set("staff_id", strconv.FormatInt(staff[rnd.IntN(len(staff))], 10)) },
		func(v url.Values) { v.Set("chat_id", strconv.FormatInt(chats[rnd.IntN(len(chats))], 10)) },
		func(v url.Values) { v.Set("chat_id", strconv.FormatInt(singles[rnd.IntN(len(singles))], 10)) },
		func(v url.Values) {
			from := now.AddDate(0, 0, -1-rnd.IntN(talkDays))
			v.Set("from", from.Format(time.RFC3339))
			v.Set("to", from.AddDate(0, 0, 1+rnd.IntN(30)).Format(time.RFC3339))
		},
		func(v url.Values) { v.Set("kind", "link") },
	}
	var out []question
	for i := range r.questionsEach {
		for _, c := range classes {
			q := question{class: c.key, query: url.Values{}}
			switch c.key {
			case "frequent":
				q.text = long(0, 150)
			case "medium":
				q.text = long(500, 5_000)
			case "rare":
				q.text = long(20_000, vocabulary)
			case "piece":
				q.text = piece(3 + rnd.IntN(4))
			case "phrase":
				text := []rune(t.phrases[rnd.IntN(len(t.phrases))])
				q.text = string(text[:min(len(text), 6)])
				if len([]rune(strings.TrimSpace(q.text))) < 2 {
					q.text = piece(4)
				}
			case "nothing":
				q.text = long(0, 150) + "鱻" + long(0, 150)
				if i%2 == 0 {
					q.text = long(0, 60) + long(40_000, vocabulary)
				}
			case "filtered":
				q.text = []string{long(0, 150), long(500, 5_000), long(20_000, vocabulary), piece(4)}[rnd.IntN(4)]
				filters[rnd.IntN(len(filters))](q.query)
			}
			out = append(out, q)
		}
	}
	return out, nil
}

func (r *run) ids64(ctx context.Context, sql string) ([]int64, error) {
	rows, err := r.db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// quantile is the q-quantile in milliseconds.
func quantile(list []time.Duration, q float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return float64(list[min(len(list)-1, int(q*float64(len(list))))].Microseconds()) / 1000
}
