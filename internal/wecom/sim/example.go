package sim

import (
	"fmt"
	"time"
)

// Example is a small chain to try things on: two stores and a desk online, twelve members of every kind, two hundred
// people of three kinds, six groups and some tags.
func Example(start time.Time) World {
	w := World{
		Seed: 1, Start: start,
		Departments: []Department{{ID: 1, Name: "小满便利"}, {ID: 2, Name: "城东店", ParentID: 1, Order: 30}, {ID: 3, Name: "城西店", ParentID: 1, Order: 20}, {ID: 4, Name: "线上客服", ParentID: 1, Order: 10}},
		Stores: []Store{
			{ID: "S001", Name: "城东店", Department: 2, Lat: 30.2741, Lng: 120.2155, Open: "08:00", Close: "22:00"},
			{ID: "S002", Name: "城西店", Department: 3, Lat: 30.2869, Lng: 120.0924, Open: "09:00", Close: "21:00", Days: []int{1, 2, 3, 4, 5, 6}},
		},
		Segments: []Segment{
			{Name: "常客", Share: 0.3, Behaviour: Behaviour{Scan: 1, Add: 0.95, Join: 0.8, Reply: 0.25, Leave: 0.001, Delete: 0.001,
				Ask: 0.06, Chat: 0.04, Contacted: 0.03, Refuse: 0.02, Accept: 0.9, Like: 0.2, Comment: 0.05}},
			{Name: "路过", Share: 0.6, Behaviour: DefaultBehaviour()},
			{Name: "怕打扰", Share: 0.1, Behaviour: Behaviour{Scan: 0.7, Add: 0.5, Join: 0.1, Reply: 0.01, Leave: 0.03, Delete: 0.03,
				Ask: 0.002, Contacted: 0.01, Refuse: 0.3, Accept: 0.1, Like: 0.01}},
		},
		Population: &Population{Count: 200, Known: 0.45, Grouped: 0.4},
		TagGroups: []TagGroup{
			{ID: "etSourceGroup0001", Name: "来源", Tags: []Tag{{ID: "etSourceStore0001", Name: "门店扫码"}, {ID: "etSourceOnline001", Name: "线上活动"}}},
			{ID: "etValueGroup00001", Name: "价值", Tags: []Tag{{ID: "etValueHigh000001", Name: "高"}, {ID: "etValueNormal0001", Name: "中"}, {ID: "etValueLow0000001", Name: "低"}}},
		},
		Limits: Limits{RealRates: true},
		Talk: Talk{
			Archive: &Archive{Members: []string{"service.01"}},
			Kf:      []Service{{OpenKfID: "wkXiaomanService0001", Name: "小满客服", Servicers: []string{"service.01", "service.02"}, PerDay: 4}},
			Robots:  []Robot{{Key: "8f1d2c3b-4a5e-4b6c-9d7e-0123456789ab", Name: "值班提醒", Creator: "operation"}},
		},
	}
	for i, m := range []struct {
		id       string
		dept     []int64
		position string
		diligent float64
	}{
		{"manager.east", []int64{2}, "店长", 0.98}, {"east.01", []int64{2}, "店员", 0.9}, {"east.02", []int64{2}, "店员", 0.7}, {"east.03", []int64{2}, "店员", 0.3},
		{"manager.west", []int64{3}, "店长", 0.95}, {"west.01", []int64{3}, "店员", 0.85}, {"west.02", []int64{3}, "店员", 0.5}, {"west.03", []int64{3}, "店员", 0},
		{"service.01", []int64{4}, "客服", 0.97}, {"service.02", []int64{4, 2}, "客服", 0.9}, {"operation", []int64{1}, "运营", 1}, {"finance", []int64{1}, "财务", 0.9},
	} {
		one := Member{UserID: m.id, Name: MemberName(w.Seed, i), Departments: m.dept, Position: m.position, Diligence: m.diligent, Mobile: fmt.Sprintf("1380000%04d", i+1),
			BizMail: m.id + "@xiaoman.example", Gender: 1 + i%2}
		switch m.id {
		case "manager.east", "manager.west":
			one.IsLeader = true
		case "west.03":
			one.Inactive = true
		case "finance":
			one.NoSeat = true
		case "service.01":
			one.WorkFrom, one.WorkTo = "08:00", "23:00"
		}
		w.Members = append(w.Members, one)
	}
	for i, g := range []struct{ name, owner string }{
		{"城东店福利一群", "manager.east"}, {"城东店福利二群", "manager.east"}, {"城东早餐群", "east.01"},
		{"城西店福利群", "manager.west"}, {"城西烘焙群", "west.01"}, {"小满会员群", "service.02"},
	} {
		w.Groups = append(w.Groups, Group{ChatID: mint(w.Seed, "wr", int64(900_000+i), 30), Name: g.name, Owner: g.owner})
	}
	return w
}
