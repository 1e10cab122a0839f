package customer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/wecom"
)

func TestCompare(t *testing.T) {
	at := func(seconds float64) time.Time { return time.UnixMilli(int64(1_000_000_000_000 + seconds*1000)) }
	held := func(state State, added, ended float64, remark, way string) *Relation {
		r := &Relation{State: state, AddedAt: at(added), Remark: remark, WayState: way}
		if state != Active {
			e := at(ended)
			r.EndedAt = &e
		}
		return r
	}
	for name, c := range map[string]struct {
		held        *Relation
		began       float64
		remark, way string
		want        change
	}{
		"nobody we know":                           {nil, 10, "", "", insert},
		"nothing new":                              {held(Active, 10, 0, "a", "w"), 10, "a", "w", keep},
		"another remark":                           {held(Active, 10, 0, "a", "w"), 10, "b", "w", amend},
		"another state":                            {held(Active, 10, 0, "a", "w"), 10, "a", "x", amend},
		"a reading without the state":              {held(Active, 10, 0, "a", "w"), 10, "a", "", keep},
		"began again, the end was lost":            {held(Active, 10, 0, "a", "w"), 20, "a", "w", revive},
		"an older reading":                         {held(Active, 20, 0, "a", "w"), 10, "a", "w", keep},
		"deleted by the customer, as WeCom shows":  {held(DeletedByCustomer, 10, 20, "a", "w"), 10, "a", "w", keep},
		"deleted by the customer, another remark":  {held(DeletedByCustomer, 10, 20, "a", "w"), 10, "b", "w", keep},
		"deleted by the customer, came back":       {held(DeletedByCustomer, 10, 20, "a", "w"), 30, "a", "w", revive},
		"began and ended again, beginning unheard": {held(DeletedByCustomer, 10, 20, "a", "w"), 15, "a", "w", keep},
		"deleted by staff, older reading":          {held(DeletedByStaff, 10, 20, "a", "w"), 10, "a", "w", keep},
		"deleted by staff, added anew":             {held(DeletedByStaff, 10, 20, "a", "w"), 30, "a", "w", revive},
		"deleted by staff, added within a second":  {held(DeletedByStaff, 10, 20.7, "a", "w"), 20, "a", "w", revive},
		"ended by staff in its first second":       {held(DeletedByStaff, 20, 20.7, "a", "w"), 20, "a", "w", keep},
	} {
		seen := Seen{Follow: wecom.Follow{CreateTime: at(c.began).Unix(), Remark: c.remark, State: c.way}}
		if got := compare(c.held, seen); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTagDiff(t *testing.T) {
	read := time.Unix(100, 0)
	held := []heldTag{{"a", read.Add(-time.Second)}, {"b", read.Add(-time.Second)}, {"new", read.Add(time.Second)}}
	add, remove := tagDiff(held, []string{"b", "c"}, read)
	if diff := cmp.Diff([][]string{{"c"}, {"a"}}, [][]string{add, remove}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{"13800001234": "13****34", "M12": "****", "123456": "****", "": "", "会员编号一二三四": "会员****三四"} {
		if got := mask(in, true); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
		if got := mask(in, false); got != in {
			t.Errorf("unmasked %q became %q", in, got)
		}
	}
}
