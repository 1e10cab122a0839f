package sim

import (
	"context"
	"strings"
	"sync"
	"time"

	"qunce/internal/clock"
)

// talkState is what the areas of saying something keep: media, messages of the app, moments, words, products, customer
// service, the archive.
type talkState struct {
	Media    mediaState
	App      appState
	Rooms    map[string]*room
	Moments  momentState
	Words    map[string]*wordRule
	Products map[string]*product
	Kf       kfState
	Archive  archiveState
	Meters   map[string]*usage // what is limited → how often it happened
}

// talkIndex makes what a snapshot lacks, and what the world says of these areas.
func (s *state) talkIndex() {
	k := &s.Talk
	k.Media.index()
	k.App.index()
	orMake(&k.Rooms)
	k.Moments.index()
	orMake(&k.Words)
	orMake(&k.Products)
	orMake(&k.Meters)
	s.kfIndex()
	s.archiveIndex()
}

// usage counts what is limited by the minute, hour, day or month, in the corp's zone.
type usage struct{ Minute, Hour, Day, Month tally }

// tally is a count of one period.
type tally struct{ Period, N int64 }

func periods(ms int64) [4]int64 {
	t := time.UnixMilli(ms).In(clock.Shanghai)
	day := int64(t.Year())*10_000 + int64(t.Month())*100 + int64(t.Day())
	return [4]int64{ms / minuteMS, ms / (60 * minuteMS), day, day / 100}
}

// room says whether n more fit under the limits by minute, hour, day and month; 0 = no limit.
func (m *usage) room(at int64, n int64, limits [4]int64) bool {
	if m == nil {
		m = &usage{}
	}
	now := periods(at)
	for i, t := range []tally{m.Minute, m.Hour, m.Day, m.Month} {
		used := int64(0)
		if t.Period == now[i] {
			used = t.N
		}
		if limits[i] > 0 && used+n > limits[i] {
			return false
		}
	}
	return true
}

// metered counts n of what.
func (s *state) metered(at int64, what string, n int64) {
	m := s.Talk.Meters[what]
	if m == nil {
		m = &usage{}
		s.Talk.Meters[what] = m
	}
	now := periods(at)
	for i, t := range []*tally{&m.Minute, &m.Hour, &m.Day, &m.Month} {
		if t.Period != now[i] {
			*t = tally{Period: now[i]}
		}
		t.N += n
	}
}

const opMeter = "meter" // ID what, N how many

// spend counts one call against a limit of its own, or refuses it.
func (c *call) spend(what string, limits [4]int64) error {
	if !c.st.Talk.Meters[what].room(c.t.At, 1, limits) {
		return refuse(45009, "api freq out of limit")
	}
	c.t.do(op{K: opMeter, ID: what, N: 1})
	return nil
}

// talk is what these areas have outside the state: the folder of media, downloads under way, and wall times.
type talk struct {
	s      *Server
	shelf  shelf
	ctx    context.Context //nolint:containedctx // ends the downloads with the server
	cancel context.CancelFunc
	wg     sync.WaitGroup

	made   map[string]time.Time // moments and codes → wall time of their making; guarded by the server's mu
	drawn  map[string][]byte    // pictures of codes by address, drawn when the archive is read
	marked int64                // ids of archive messages that a notice was thought of for
}

func newTalk(s *Server) *talk {
	k := &talk{s: s, shelf: openShelf(s.opt.Dir, s.opt.Durable), made: map[string]time.Time{}, drawn: map[string][]byte{}}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k
}

// start clears the folder of bytes nobody refers to, and takes up downloads again.
func (k *talk) start() {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	k.shelf.keepOnly(k.s.st.sums())
	for _, id := range sortedKeys(k.s.st.Talk.Media.Jobs) {
		if k.s.st.Talk.Media.Jobs[id].Status == jobRunning {
			k.fetchLater(id)
		}
	}
}

func (k *talk) stop() {
	k.cancel()
	k.wg.Wait()
}

// age says how long ago, in wall time, what has this id was made; before a restart counts as at the restart.
func (k *talk) age(id string) time.Duration {
	now := k.s.wall.Now()
	if at, ok := k.made[id]; ok {
		return now.Sub(at)
	}
	return now.Sub(k.s.started)
}

// talkDay forgets what WeCom forgets: old media, cards, jobs, messages.
func talkDay(s *Server, t *transaction, _ *act) {
	t.do(op{K: opForget})
	for id, at := range s.talk.made {
		if s.wall.Now().Sub(at) > time.Hour {
			delete(s.talk.made, id) // nobody asks how old it is to the second any more
		}
	}
	s.talk.shelf.keepOnly(s.st.sums())
}

const opForget = "talk.forget"

func (s *state) forget(at int64) {
	s.forgetMedia(at)
	s.forgetApp(at)
	s.forgetKf(at)
	s.forgetMoments(at)
	s.forgetArchive(at)
	now := periods(at)
	for what, m := range s.Talk.Meters {
		if m.Month.Period != now[3] {
			delete(s.Talk.Meters, what)
		}
	}
}

// under lists a department's members and those of all below it that the app sees, in the world's order.
func (s *state) under(dept int64) (out []*Member, known bool) {
	tree := s.subtree(dept)
	for i := range s.World.Members {
		m := &s.World.Members[i]
		for _, d := range m.Departments {
			if tree[d] && !m.Hidden {
				out = append(out, m)
				break
			}
		}
	}
	return out, len(tree) > 0
}

func lower(id string) string { return strings.ToLower(id) }
