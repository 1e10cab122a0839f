package archive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"qunce/internal/actor"
	"qunce/internal/errs"
	"qunce/internal/group/grouptest"
)

// talk fills the archive with months of conversations of a few words, so that pairs of characters meet in every way.
func (r *rig) talk(n int) {
	r.t.Helper()
	rnd := rand.New(rand.NewPCG(3, 9))
	words := strings.Fields(`好的 好 的 我 我们 们的 优惠 优惠券 券 可以 以后 后天 天 今天 Wi-Fi ＡＢＣ abc 12 123 。 ， 😊 ❤️ 退款 款式 不好 好不好 哈哈 哈哈哈`)
	begin := r.Clock.Now()
	span := 100 * 24 * time.Hour
	r.Clock.Set(begin.Add(span))
	var at []time.Duration
	for range n {
		at = append(at, time.Duration(rnd.Int64N(int64(span/time.Second)))*time.Second) // many at the same second
	}
	slices.Sort(at)
	kinds := []func(string) map[string]any{says, says, says,
		func(s string) map[string]any {
			return map[string]any{"msgtype": "link", "link": map[string]any{"title": s}}
		}}
	for i := range n {
		var b strings.Builder
		for range 1 + rnd.IntN(6) {
			b.WriteString(words[min(rnd.IntN(len(words)), rnd.IntN(len(words)))])
			if rnd.IntN(6) == 0 {
				b.WriteString(" ")
			}
		}
		what := kinds[rnd.IntN(len(kinds))](b.String())
		person, user := grouptest.Person(rnd.IntN(4)), []string{"lina", "wang", "zhou"}[rnd.IntN(3)]
		switch rnd.IntN(5) {
		case 0:
			r.p.put(begin.Add(at[i]), person, user, "wrWEST", what)
		case 1:
			r.p.put(begin.Add(at[i]), "lina", "wang", "", what)
		case 2:
			r.p.put(begin.Add(at[i]), user, person, "", what)
		default:
			r.p.put(begin.Add(at[i]), person, user, "", what)
		}
	}
	r.pull(n)
}

// plain is what a search must find: every message of the source that holds the query, newest first, found by comparing all.
func (r *rig) plain(f finder) (ids []int64) {
	r.t.Helper()
	var a args
	sql := `SELECT m.id FROM archive_message m WHERE position(` + a.add(f.folded) + ` in coalesce(m.norm, m.body)) > 0`
	if len(f.Kinds) > 0 {
		sql += ` AND m.kind = ANY(` + a.add(f.Kinds) + `)`
	}
	if !f.From.IsZero() {
		sql += ` AND m.at >= ` + a.add(f.From)
	}
	if !f.To.IsZero() {
		sql += ` AND m.at < ` + a.add(f.To)
	}
	rows, err := r.DB.Query(r.t.Context(), sql+f.source.condition(&a)+` ORDER BY m.at DESC, m.id DESC`, a...)
	r.Check(err)
	ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	r.Check(err)
	return ids
}

// Whichever way a search takes, its pages together are exactly what a plain comparison of all messages finds, and its
// count is theirs.
func TestSearchFindsWhatLIKEFinds(t *testing.T) {
	r := newRig(t, 4)
	for i := range 3 {
		r.Add(grouptest.Person(i), "lina")
		r.Join(grouptest.Person(i), "wrWEST")
	}
	r.Pass(time.Minute)
	r.Work()
	r.talk(3000)
	rnd := rand.New(rand.NewPCG(1, 2))
	var bodies []string
	rows, err := r.DB.Query(t.Context(), `SELECT coalesce(norm, body) FROM archive_message`)
	r.Check(err)
	bodies, err = pgx.CollectRows(rows, pgx.RowTo[string])
	r.Check(err)
	customers, err := r.Customers.ByExternal(t.Context(), r.DB, []string{"wm00", "wm01", "wm02"})
	r.Check(err)
	west := int64(r.Count(`SELECT id FROM group_group WHERE chat_id = 'wrWEST'`))
	begin := grouptest.Start
	hits, misses, ways := 0, 0, map[string]int{}
	for round := range 250 {
		// A piece of what was said, or two pieces put together, which may have been said by nobody.
		query := ""
		for range 1 + rnd.IntN(2) {
			runes := []rune(bodies[rnd.IntN(len(bodies))])
			if len(runes) < 2 {
				continue
			}
			from := rnd.IntN(len(runes) - 1)
			query += string(runes[from:min(len(runes), from+2+rnd.IntN(3))])
		}
		folded, err := normalQuery(query)
		if errs.Is(err, "archive.query_short") {
			continue
		}
		r.Check(err)
		f := finder{Query: Query{Limit: 1 + rnd.IntN(60), Count: true}, folded: folded, grams: grams(folded)}
		f.walkRows, f.scanRows, f.countCap = 1+rnd.IntN(200), rnd.IntN(2)*500, 5+rnd.IntN(50)
		var whose Whose
		switch rnd.IntN(6) {
		case 0:
			whose.StaffID = r.staffID([]string{"lina", "wang", "zhou"}[rnd.IntN(3)])
		case 1:
			whose.CustomerID = customers[grouptest.Person(rnd.IntN(3))]
		case 2:
			whose.GroupID = west
		case 3:
			whose.StaffID, whose.CustomerID = r.staffID("lina"), customers["wm01"]
		}
		if rnd.IntN(4) == 0 {
			f.Kinds = []string{"link"}
		}
		if rnd.IntN(3) == 0 {
			f.From = begin.Add(time.Duration(rnd.IntN(100*24)) * time.Hour)
			f.To = f.From.Add(time.Duration(rnd.IntN(60*24)) * time.Hour)
		} else {
			f.To = r.Clock.Now().Add(maxAhead)
		}
		scope := []actor.Scope{{All: true}, {All: true}, {Stores: []int64{r.Stores["西湖"]}}, {Staff: r.staffID("zhou")}}[rnd.IntN(4)]
		v, err := r.s.viewOf(t.Context(), scope)
		r.Check(err)
		var empty bool
		f.source, empty, err = r.s.sourceOf(t.Context(), whose, v)
		r.Check(err)
		want := r.plain(f)
		if empty && len(want) > 0 {
			t.Fatalf("round %d: nothing is said to be there, %d are", round, len(want))
		}
		got, total := r.pages(f, &ways)
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: %q whose %+v scope %+v kinds %v %v–%v limit %d walk %d scan %d: found %d, want %d", round, query, whose, scope, f.Kinds, f.From, f.To, f.Limit,
				f.walkRows, f.scanRows, len(got), len(want))
		}
		if !empty && min(total, f.countCap+1) != min(len(want), f.countCap+1) {
			t.Fatalf("round %d: %q counted %d, want %d (cap %d)", round, query, total, len(want), f.countCap)
		}
		if len(want) > 0 {
			hits++
		} else {
			misses++
		}
	}
	if hits < 60 || misses < 30 || ways["one page"] < 30 || ways["many pages"] < 30 {
		t.Errorf("%d rounds found something, %d nothing, ways %v: the test looks at too little", hits, misses, ways)
	}
}

// pages reads a search to its end.
func (r *rig) pages(f finder, ways *map[string]int) (ids []int64, total int) {
	r.t.Helper()
	for page := 0; ; page++ {
		got, err := f.find(r.t.Context(), r.DB)
		r.Check(err)
		if page == 0 {
			total = got.Total
		}
		for _, x := range got.Items {
			ids = append(ids, x.ID)
		}
		if !got.More {
			if (*ways)["one page"]++; page > 0 {
				(*ways)["many pages"]++
			}
			return ids, total
		}
		last := got.Items[len(got.Items)-1]
		f.Before, f.Count = Mark{last.At, last.ID}, false
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	r := newRig(t, 0)
	for text, code := range map[string]string{
		"": "archive.query_short", "好": "archive.query_short", " 好 ": "archive.query_short", "\u200b好\u200b": "archive.query_short",
		strings.Repeat("好", 65): "archive.query_long",
	} {
		if _, err := r.s.Search(t.Context(), Query{Text: text, source: source{view: view{all: true}}}); !errs.Is(err, code) {
			t.Errorf("%q: %v", text, err)
		}
	}
	got, err := r.s.Search(t.Context(), Query{Text: "好的", source: source{view: view{all: true}}})
	if err != nil || len(got.Items) != 0 || got.More {
		t.Errorf("an empty archive: %+v, %v", got, err)
	}
}

// A search may not write, whatever becomes of its SQL.
func TestSearchOnlyReads(t *testing.T) {
	r := newRig(t, 1)
	r.p.put(r.Clock.Now(), "wm00", "lina", "", says(`'; DROP TABLE archive_chat; -- %_\`))
	r.pull(1)
	for _, text := range []string{`'; DROP`, `%_`, `_\`, `\`, `--`} {
		got, err := r.s.Search(t.Context(), Query{Text: text, Count: true, source: source{view: view{all: true}}})
		if text == `\` {
			continue
		}
		if err != nil || got.Total != 1 || len(got.Items) != 1 {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	if got, err := r.s.Search(t.Context(), Query{Text: "%r", source: source{view: view{all: true}}}); err != nil || len(got.Items) != 0 {
		t.Errorf("a sign of LIKE was taken for one: %+v, %v", got, err)
	}
}

func TestViews(t *testing.T) {
	r := newRig(t, 2)
	at := r.Clock.Now()
	r.p.put(at, "wm00", "lina", "", says("单聊暗号"))
	r.p.put(at, "wm00", "zhou", "", says("滨江暗号"))
	r.p.put(at, "wm00", "lina", "wrWEST", says("西湖群暗号"))
	r.p.put(at, "wm00", "zhou", "wrRIVER", says("滨江群暗号"))
	r.p.put(at, "lina", "zhou", "", says("内部暗号"))
	r.p.put(at, "lina", "zhou", "wrUNKNOWN", says("没听过的群暗号"))
	r.Join("wm00", "wrWEST")
	r.Join("wm00", "wrRIVER")
	r.Pass(time.Minute)
	r.Work()
	r.pull(6)
	for name, c := range map[string]struct {
		scope actor.Scope
		want  string
	}{
		"everything":     {actor.Scope{All: true}, "内部暗号 单聊暗号 没听过的群暗号 滨江暗号 滨江群暗号 西湖群暗号"},
		"a store":        {actor.Scope{Stores: []int64{r.Stores["西湖"]}}, "单聊暗号 西湖群暗号"},
		"two stores":     {actor.Scope{Stores: []int64{r.Stores["西湖"], r.Stores["滨江"]}}, "单聊暗号 滨江暗号 滨江群暗号 西湖群暗号"},
		"one's own":      {actor.Scope{Staff: r.staffID("zhou")}, "滨江暗号 滨江群暗号"},
		"nothing":        {actor.Scope{}, ""},
		"a store of air": {actor.Scope{Stores: []int64{1}}, ""},
	} {
		v, err := r.s.viewOf(t.Context(), c.scope)
		r.Check(err)
		src, _, err := r.s.sourceOf(t.Context(), Whose{}, v)
		r.Check(err)
		got, err := r.s.Search(t.Context(), Query{Text: "暗号", source: src})
		r.Check(err)
		var found []string
		for _, x := range got.Items {
			found = append(found, x.Body)
		}
		slices.Sort(found)
		r.Is(name, c.want, strings.Join(found, " "))

		// The conversations that are listed, and those that can be opened, are the same.
		chats, err := r.s.chats(t.Context(), Whose{}, v, Mark{}, 50)
		r.Check(err)
		r.Is(name+": listed", len(found), len(chats))
		opened := 0
		for _, id := range r.chatIDs() {
			if _, err := r.s.chat(t.Context(), id, v); err == nil {
				opened++
			} else if !errs.Is(err, "archive.chat_not_found") {
				t.Error(err)
			}
		}
		r.Is(name+": opened", len(found), opened)
	}
}

func (r *rig) chatIDs() []int64 {
	r.t.Helper()
	rows, err := r.DB.Query(context.Background(), `SELECT id FROM archive_chat ORDER BY key`)
	r.Check(err)
	out, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	r.Check(err)
	return out
}

func TestACustomersConversations(t *testing.T) {
	r := newRig(t, 2)
	for i := range 2 {
		r.Add(grouptest.Person(i), "lina")
		r.Join(grouptest.Person(i), "wrWEST")
	}
	r.Pass(time.Minute)
	r.Work()
	at := r.Clock.Now()
	for i := range 2 {
		r.p.put(at, grouptest.Person(i), "lina", "", says(fmt.Sprint("我问", i)))
		r.p.put(at, "lina", grouptest.Person(i), "", says(fmt.Sprint("我答问", i)))
		r.p.put(at, grouptest.Person(i), "lina", "wrWEST", says(fmt.Sprint("群里我问", i)))
	}
	r.p.put(at, "lina", "wm00", "wrWEST", says("群里我说不问"))
	r.pull(7)
	customers, err := r.Customers.ByExternal(t.Context(), r.DB, []string{"wm00"})
	r.Check(err)
	for text, want := range map[string]string{"我问": "我问0 群里我问0", "答问": "我答问0", "不问": ""} {
		src, _, err := r.s.sourceOf(t.Context(), Whose{CustomerID: customers["wm00"]}, view{all: true})
		r.Check(err)
		got, err := r.s.Search(t.Context(), Query{Text: text, source: src})
		r.Check(err)
		var found []string
		for _, x := range got.Items {
			found = append(found, x.Body)
		}
		slices.Sort(found)
		r.Is(text, want, strings.Join(found, " "))
	}
	if _, empty, err := r.s.sourceOf(t.Context(), Whose{CustomerID: 12345}, view{all: true}); err != nil || !empty {
		t.Errorf("a customer nobody knows: empty %v, %v", empty, err)
	}
}

// The stretches of a search cover its time without a gap, however odd what the newest messages are like.
func TestStretchesCoverTheSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		hours := func(name string) time.Duration {
			return time.Duration(rapid.IntRange(0, 5000).Draw(t, name)) * time.Hour
		}
		span := slice{begin, begin.Add(hours("span") + time.Nanosecond)}
		within := func(d time.Duration) time.Time { return begin.Add(min(d, span.to.Sub(span.from)-1)) }
		first := within(hours("first"))
		seen := sample{rows: rapid.IntRange(1, walkRows).Draw(t, "rows"), first: first, last: first}
		if last := within(hours("last")); last.After(first) {
			seen.last = last
		}
		finds := rapid.IntRange(0, seen.rows).Draw(t, "finds")
		seen.candidates = rapid.IntRange(finds, seen.rows).Draw(t, "candidates")
		list := (&finder{}).stretches(span, seen, finds)
		to := span.to
		for _, s := range list {
			if !s.to.Equal(to) || !s.from.Before(s.to) {
				t.Fatalf("%v–%v after %v", s.from, s.to, to)
			}
			to = s.from
		}
		if !to.Equal(span.from) || len(list) > 20 {
			t.Fatalf("%d stretches end at %v, not %v", len(list), to, span.from)
		}
	})
}
