package directory

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
)

func TestHours(t *testing.T) {
	for _, c := range []struct {
		open, close string
		o, c        int
		bad         string
	}{
		{"07:30:00", "22:00:00", 450, 1320, ""},
		{"7:30", "24:00", 450, 1440, ""},
		{"07:00:00", "00:00:00", 420, 1440, ""},
		{"10:00", "02:00", 600, 1560, ""},
		{"10:00", "26:00", 600, 1560, ""},
		{"10:00", "次日02:00", 600, 1560, ""},
		{"１０：００", "２１：３０", 600, 1290, ""},
		{"10点", "21点30分", 600, 1290, ""},
		{"0.3125", "0.9", 450, 1296, ""},
		{"00:00:00", "00:00:00", 0, 1440, ""},
		{"09:00", "09:00", 0, 1440, ""},
		{"早上", "22:00", 0, 0, "open"},
		{"08:00", "99:00", 0, 0, "close"},
		{"08:00", "22:75", 0, 0, "close"},
		{"", "", 0, 0, "open"},
	} {
		o, cl, bad := hours(c.open, c.close)
		if o != c.o || cl != c.c || bad != c.bad {
			t.Errorf("hours(%q, %q) = %d, %d, %q; want %d, %d, %q", c.open, c.close, o, cl, bad, c.o, c.c, c.bad)
		}
	}
}

func TestOpenAt(t *testing.T) {
	at := func(h, m int) time.Time { return time.Date(2026, 3, 1, h, m, 0, 0, clock.Shanghai) }
	late := Store{OpenMinute: 600, CloseMinute: 1560, Status: Open} // 10:00 to 02:00
	for _, c := range []struct {
		store Store
		at    time.Time
		want  bool
	}{
		{late, at(9, 59), false}, {late, at(10, 0), true}, {late, at(23, 59), true}, {late, at(1, 59), true}, {late, at(2, 0), false},
		{Store{CloseMinute: 1440, Status: Open}, at(3, 0), true},
		{Store{CloseMinute: 1440, Status: Closed}, at(3, 0), false},
		{Store{OpenMinute: 450, CloseMinute: 1320, Status: Open}, at(7, 30).UTC(), true},
	} {
		if got := c.store.OpenAt(c.at); got != c.want {
			t.Errorf("%d–%d %s at %s: open %v, want %v", c.store.OpenMinute, c.store.CloseMinute, c.store.Status, c.at, got, c.want)
		}
	}
}

func TestDepartmentOf(t *testing.T) {
	stores := []Store{
		{ID: 1, Number: "HG00001", Name: "禾光·杭州西湖店"},
		{ID: 2, Number: "52438-281554", Name: "兰州中川机场店"},
		{ID: 3, Number: "12", Name: "万达店"},
		{ID: 4, Number: "13", Name: "同名店"},
		{ID: 5, Number: "14", Name: "同名店"},
		{ID: 6, Number: "15", Name: "手选店", DepartmentByHand: true, DepartmentID: 103},
		{ID: 7, Number: "16", Name: "旧部门店", DepartmentByHand: true, DepartmentID: 999},
	}
	departments := []Department{
		{ID: 101, Name: "禾光 · 杭州西湖店"}, {ID: 102, Name: "机场（52438-281554）"}, {ID: 103, Name: "区域-12"}, {ID: 104, Name: "店112"},
		{ID: 105, Name: "同名店"}, {ID: 106, Name: "某店 14"}, {ID: 107, Name: "某店hg00001"}, {ID: 108, Name: "旧部门店"},
	}
	want := map[int64]int64{1: 101, 2: 102, 3: 103, 4: 0, 5: 106, 6: 103, 7: 108}
	if diff := cmp.Diff(want, departmentOf(stores, departments)); diff != "" {
		t.Errorf("departmentOf (-want +got):\n%s", diff)
	}
}

func TestPathsAndStores(t *testing.T) {
	path := paths([]Department{{ID: 1}, {ID: 5, ParentID: 2}, {ID: 2, ParentID: 1}, {ID: 9, ParentID: 77}, {ID: 20, ParentID: 21}, {ID: 21, ParentID: 20}})
	for id, want := range map[int64][]int64{1: {1}, 2: {1, 2}, 5: {1, 2, 5}, 9: {9}} {
		if !slices.Equal(path[id], want) {
			t.Errorf("path of %d = %v, want %v", id, path[id], want)
		}
	}
	store := map[int64]int64{2: 700, 9: 800}
	for _, c := range []struct {
		main int64
		all  []int64
		want int64
	}{{5, []int64{5}, 700}, {1, []int64{1, 9}, 800}, {1, []int64{1}, 0}, {9, []int64{5, 9}, 800}, {404, nil, 0}} {
		if got := storeOf(c.main, c.all, path, store); got != c.want {
			t.Errorf("storeOf(%d, %v) = %d, want %d", c.main, c.all, got, c.want)
		}
	}
}
