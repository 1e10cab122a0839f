package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"qunce/internal/chain"
	"qunce/internal/wecom/sim"
)

// mix is what a burst is made of. The total is the number of callbacks.
type mix struct {
	adds, joins, leaves, deletes int
	over                         time.Duration
	keepers                      int // friends who stay; the workers' other work is about them
	stores                       int
}

func (m mix) total() int { return m.adds + m.joins + m.leaves + m.deletes }

// burstOf is a burst of 10,000 callbacks a minute, 1,500 of them with a welcome, for as long as asked.
func burstOf(over time.Duration) mix {
	share := func(perMinute int) int { return max(6, int(float64(perMinute)*over.Minutes())) }
	m := mix{adds: share(1500), joins: share(3000), leaves: share(2500), deletes: share(3000), over: over, keepers: 2000, stores: 60}
	if over < time.Second {
		m.keepers, m.stores = 200, 6
	}
	return m
}

const (
	staffOfStore = 3
	roomOfStore  = 2 // groups
)

// burstWorld is the corp before the burst and the people who make it. Nobody does anything that is not planned.
type burstWorld struct {
	sim.World
	stores []chain.Store

	adders, joiners []string
	leavers         [][2]string // person, chat
	deleters        [][2]string // person, userid
	keepers         [][2]string // person, userid
}

func makeBurst(m mix, start time.Time) *burstWorld {
	w := &burstWorld{stores: chain.Stores(m.stores, 3)}
	w.World = sim.World{Seed: 3, Start: start, Limits: sim.Limits{HalfAdd: -1}, Behaviour: sim.Behaviour{Scan: 1},
		Departments: []sim.Department{{ID: 1, Name: "总部"}},
		TagGroups:   []sim.TagGroup{{ID: "etBENCH", Name: "来源", Tags: []sim.Tag{{ID: "etBENCHcode", Name: "扫码"}}}}}
	var users, chats []string
	for i, s := range w.stores {
		w.Departments = append(w.Departments, sim.Department{ID: int64(10 + i), Name: s.Name, ParentID: 1})
		for k := range staffOfStore {
			user := fmt.Sprintf("s%03d%c", i, 'a'+k)
			users = append(users, user)
			w.Members = append(w.Members, sim.Member{UserID: user, Name: "店员" + user, Departments: []int64{int64(10 + i)}})
		}
		for k := range roomOfStore {
			chat := fmt.Sprintf("wrBENCH%03d%c", i, 'a'+k)
			chats = append(chats, chat)
			w.Groups = append(w.Groups, sim.Group{ChatID: chat, Name: fmt.Sprintf("%s福利%d群", s.Name, k+1), Owner: fmt.Sprintf("s%03da", i)})
		}
	}
	person := func(kind string, i int) string {
		id := fmt.Sprintf("wmBENCH%s%05d", kind, i)
		w.People = append(w.People, sim.Person{ExternalUserID: id, UnionID: "un" + id, Name: fmt.Sprintf("顾客%s%05d", kind, i)})
		return id
	}
	friend := func(id string, i int) [2]string {
		user := users[i%len(users)]
		w.Friends = append(w.Friends, sim.Friend{UserID: user, ExternalUserID: id})
		return [2]string{id, user}
	}
	for i := range m.adds {
		w.adders = append(w.adders, person("A", i))
	}
	for i := range m.joins {
		w.joiners = append(w.joiners, person("J", i))
	}
	for i := range m.leaves {
		id := person("L", i)
		k := i % len(chats)
		w.Groups[k].Members = append(w.Groups[k].Members, id)
		w.leavers = append(w.leavers, [2]string{id, chats[k]})
	}
	for i := range m.deletes {
		w.deleters = append(w.deleters, friend(person("D", i), i))
	}
	for i := range m.keepers {
		w.keepers = append(w.keepers, friend(person("K", i), i))
	}
	return w
}

// acts spreads the burst evenly over its time, everything mixed. ways are pictures of codes: of staff, and of groups.
func (w *burstWorld) acts(start time.Time, over time.Duration, staffWays, groupWays []string) []sim.Act {
	var list []sim.Act
	for i, p := range w.adders {
		list = append(list, sim.Act{Kind: "add", Person: p, URL: staffWays[i%len(staffWays)]})
	}
	for i, p := range w.joiners {
		list = append(list, sim.Act{Kind: "join", Person: p, URL: groupWays[i%len(groupWays)]})
	}
	for _, x := range w.leavers {
		list = append(list, sim.Act{Kind: "leave", Person: x[0], ChatID: x[1]})
	}
	for _, x := range w.deleters {
		list = append(list, sim.Act{Kind: "delete", Person: x[0], UserID: x[1]})
	}
	rng := rand.New(rand.NewPCG(5, 5)) //nolint:gosec // the same work in every run
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for i := range list {
		list[i].At = start.Add(over * time.Duration(i) / time.Duration(len(list)))
	}
	return list
}
