package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"qunce/internal/clock"
	"qunce/internal/directory"
	"qunce/internal/wecom/sim"
)

// person is one inhabitant with the number the chain's till knows them by, if any.
type person struct {
	sim.Person
	memberNo string
}

// town is the simulated corp: its world and who of its people is which member.
type town struct {
	world   sim.World
	members []person // those with a member number
}

// tags that the channel codes set; the corp's administrator made them in WeCom.
var channelTags = []sim.TagGroup{
	{ID: "etCHANNEL", Name: "来源渠道", Tags: []sim.Tag{{ID: "etCHstore", Name: "门店扫码"}, {ID: "etCHnear", Name: "附近门店"}}},
	{ID: "etINTENT", Name: "到店意向", Tags: []sim.Tag{{ID: "etINweek", Name: "每周到店"}, {ID: "etINgift", Name: "喜欢新品"}}},
}

// ChannelTag is set on everybody who comes through a store's own code.
const ChannelTag = "etCHstore"

const (
	staffPerStore = 3
	regionBase    = 100  // department ids of regions
	storeBase     = 1000 // and of stores
)

// build makes the corp of the given stores: a department for every province and store, a manager and two members of staff
// in each store, one group a store, and people who live around. The same seed builds the same town.
func build(stores []directory.Store, memberNos []string, people int, start time.Time, seed uint64, staffURL string) town {
	rng := rand.New(rand.NewPCG(seed, 7))
	w := sim.World{Seed: seed, Start: start, TagGroups: channelTags,
		Departments: []sim.Department{{ID: 1, Name: "总部", ParentID: 0, Order: 1}},
		Members:     []sim.Member{{UserID: "hq", Name: "总部运营", Departments: []int64{1}, Diligence: 1}}}
	regions := map[string]int64{}
	for i, s := range stores {
		region := s.Province
		if region == "" {
			region = s.City
		}
		if regions[region] == 0 {
			regions[region] = regionBase + int64(len(regions))
			w.Departments = append(w.Departments, sim.Department{ID: regions[region], Name: region + "大区", ParentID: 1, Order: int64(1000 - len(regions))})
		}
		dep := storeBase + int64(i)
		w.Departments = append(w.Departments, sim.Department{ID: dep, Name: s.Name, ParentID: regions[region], Order: 1})
		for k := range staffPerStore {
			m := sim.Member{UserID: fmt.Sprintf("s%04d%c", i+1, 'a'+k), Name: staffName(rng), Departments: []int64{dep}, Position: "导购",
				Diligence: 0.55 + 0.45*rng.Float64(), WorkFrom: hhmm(s.OpenMinute), WorkTo: hhmm(s.CloseMinute), StaffURL: staffURL}
			if k == 0 {
				m.IsLeader, m.Position, m.Diligence = true, "店长", 0.8+0.2*rng.Float64()
			}
			if rng.Float64() < 0.03 { // somebody who does nothing, as in every chain
				m.Diligence = 0.05
			}
			w.Members = append(w.Members, m)
		}
		w.Groups = append(w.Groups, sim.Group{ChatID: fmt.Sprintf("wrDEMO%05d", i+1), Name: groupName(s), Owner: fmt.Sprintf("s%04da", i+1),
			Members: []string{fmt.Sprintf("s%04db", i+1)}})
	}
	w.Archive = &sim.Archive{Members: seated(len(stores))}
	t := town{}
	perm := rng.Perm(people)
	for i := range people {
		s := stores[i%len(stores)]
		lat, lng := near(rng, s.At.Lat, s.At.Lng)
		p := person{Person: sim.Person{ExternalUserID: fmt.Sprintf("wmDEMO%07d", i+1), UnionID: fmt.Sprintf("oUNION%07d", i+1), Name: nickname(rng),
			Gender: 1 + rng.IntN(2), HomeStore: s.Number, Lat: lat, Lng: lng}}
		if i%5 == 4 { // has not been in a store yet: comes through the brand's store locator
			p.HomeStore = ""
		}
		if n := perm[i]; n < len(memberNos) {
			p.memberNo = memberNos[n]
			t.members = append(t.members, p)
		}
		w.People = append(w.People, p.Person)
	}
	t.world = w
	return t
}

// seated are the members whose chats are archived: the managers of the last and every tenth store before it, as of a brand
// that tries it. Their customers are welcomed only once they have agreed, so the first stores, which newcomers look at,
// are left out.
func seated(stores int) []string {
	var out []string
	for i := stores; i > 0; i -= 10 {
		out = append(out, fmt.Sprintf("s%04da", i))
	}
	return out
}

// entrance is how people reach a store's staff and groups.
type entrance struct {
	store string
	url   string
}

// arrivals lets most people come in the first week, and a trickle after it.
func arrivals(start time.Time, people int, stores []entrance, locator string, native []entrance) sim.Plan {
	var entries []sim.Entry
	for _, e := range stores {
		entries = append(entries, sim.Entry{URL: e.url, Store: e.store, Weight: 6})
	}
	for _, e := range native {
		entries = append(entries, sim.Entry{URL: e.url, Store: e.store, Weight: 2})
	}
	entries = append(entries, sim.Entry{URL: locator, Weight: 2})
	week := max(1, people/8)
	return sim.Plan{Key: "arrivals", Arrivals: []sim.Arrivals{
		{From: start, Days: 7, PerDay: week, Entries: entries},
		{From: start.AddDate(0, 0, 7), Days: 365, PerDay: max(1, people/300), Entries: entries},
	}}
}

// near is a point within a few kilometres, closer ones more likely.
func near(rng *rand.Rand, lat, lng float64) (float64, float64) {
	km := 0.2 + rng.ExpFloat64()*1.2
	angle := rng.Float64() * 2 * math.Pi
	return lat + km*math.Sin(angle)/111, lng + km*math.Cos(angle)/(111*math.Cos(lat*math.Pi/180))
}

func hhmm(minute int) string {
	minute = min(minute, 23*60+59)
	return fmt.Sprintf("%02d:%02d", minute/60, minute%60)
}

func groupName(s directory.Store) string {
	return s.Name + "福利社1群"
}

// startOfDay is 08:00 of the day of t in the corp's zone: when a chain's day begins.
func startOfDay(t time.Time) time.Time { return clock.Day(t).Add(8 * time.Hour) }
