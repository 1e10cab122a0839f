// Package directory knows the brand's departments, staff and stores: who works where, which store lies nearest, and
// whether it is open.
//
// Departments and staff are WeCom's and are only ever read from there (SyncDirectory, callbacks); stores are ours and
// come from a file or the console. A store stands for one department: the one an operator chose, else the one whose name
// is the store's name or ends with its number. Staff belong to the store of their department or of the nearest one above.
//
// Invariants: coordinates are GCJ-02; a store's number is unique; a member of staff who leaves stays as an inactive row,
// since history refers to it; rows that do not differ are not written. Nothing here writes to WeCom.
package directory

import (
	"strings"
	"time"

	"golang.org/x/text/width"

	"qunce/internal/clock"
	"qunce/internal/geo"
	"qunce/internal/pg"
)

// Status of a store.
type Status string

// The statuses; the CHECK of directory_store lists the same. A closed store is closed for good.
const (
	Open   Status = "open"
	Closed Status = "closed"
)

// Statuses lists all of them.
func Statuses() []Status { return []Status{Open, Closed} }

// Store is one shop. At is GCJ-02. OpenMinute and CloseMinute count from midnight of the business day in the corp's zone;
// CloseMinute exceeds 1440 when the store closes after midnight. 0 to 1440 is round the clock.
type Store struct {
	ID               int64
	Number           string
	Name             string
	NameKey          string
	Province         string
	City             string
	District         string
	Address          string
	At               geo.Point
	OpenMinute       int
	CloseMinute      int
	DepartmentID     int64 // 0: none yet
	DepartmentByHand bool
	Status           Status
}

// OpenAt reports whether the store is open at t, by its hours and the corp's zone.
func (s Store) OpenAt(t time.Time) bool {
	if s.Status == Closed {
		return false
	}
	local := t.In(clock.Shanghai)
	m := local.Hour()*60 + local.Minute()
	return (m >= s.OpenMinute && m < s.CloseMinute) || m+day < s.CloseMinute
}

const day = 24 * 60 // minutes

// NearStore is a store with its distance.
type NearStore struct {
	Store
	Meters float64
	Open   bool
}

// Department is a node of WeCom's tree. Path runs from the root to the department itself, both included.
type Department struct {
	ID       int64
	Name     string
	ParentID int64
	Order    int64
	Path     []int64
}

// Staff is one member of the corp. DepartmentID is the main one. Active is false for those who left or were disabled;
// CanContact is true for those who hold a customer-contact seat. StoreID is 0 for staff of no store.
type Staff struct {
	ID            int64
	UserID        string
	Name          string
	NameKey       string
	DepartmentID  int64
	DepartmentIDs []int64
	StoreID       int64
	IsLeader      bool
	CanContact    bool
	Active        bool
}

// Change counts differences that were written.
type Change struct{ Created, Updated, Removed int }

func (c Change) any() bool { return c != Change{} }

// Diff is what one reading of WeCom's directory changed. Removed staff are those who became inactive. Stores counts
// stores that got another department.
type Diff struct {
	Departments Change
	Staff       Change
	Stores      int
	StaffIDs    []int64 // whose rows were written
	Calls       int     // to WeCom
}

// departmentOf picks the department that stands for each store without one chosen by hand: the one with the store's
// name, else one whose name ends with the store's number. The result holds every store; 0 means none.
// Names that two stores share decide nothing; of several departments that fit, the lowest id wins.
func departmentOf(stores []Store, departments []Department) map[int64]int64 {
	byName, byNumber := map[string]int64{}, map[string]int64{}
	for _, s := range stores {
		name := fold(s.Name)
		if _, twice := byName[name]; twice {
			byName[name] = 0
		} else {
			byName[name] = s.ID
		}
		byNumber[fold(s.Number)] = s.ID
	}
	named, numbered := map[int64]int64{}, map[int64]int64{}
	better := func(m map[int64]int64, store, department int64) {
		if have, ok := m[store]; store != 0 && (!ok || department < have) {
			m[store] = department
		}
	}
	for _, d := range departments {
		better(named, byName[fold(d.Name)], d.ID)
		better(numbered, endsWithNumber(fold(d.Name), byNumber), d.ID)
	}
	known := make(map[int64]bool, len(departments))
	for _, d := range departments {
		known[d.ID] = true
	}
	out := make(map[int64]int64, len(stores))
	for _, s := range stores {
		switch {
		case s.DepartmentByHand && (s.DepartmentID == 0 || known[s.DepartmentID]):
			out[s.ID] = s.DepartmentID
		case named[s.ID] != 0:
			out[s.ID] = named[s.ID]
		default:
			out[s.ID] = numbered[s.ID]
		}
	}
	return out
}

// endsWithNumber finds the store whose number a department's name ends with: "西湖店 HG00012", "西湖店（52438-281554）".
// The number must stand alone: "店112" does not end with the number 12.
func endsWithNumber(name string, byNumber map[string]int64) int64 {
	name = strings.TrimRight(name, ")]}】 ")
	start := len(name)
	for start > 0 && wordByte(name[start-1]) {
		start--
	}
	for tail := name[start:]; tail != ""; {
		if id := byNumber[tail]; id != 0 {
			return id
		}
		cut := strings.IndexAny(tail, "-_#")
		if cut < 0 {
			break
		}
		tail = tail[cut+1:]
	}
	return 0
}

func wordByte(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b == '-' || b == '_' || b == '#'
}

// fold makes two spellings of a name equal: full-width letters, case and blanks.
func fold(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(width.Fold.String(s)), ""))
}

// paths computes every department's path from the root. A department whose parent the app cannot see starts a path of
// its own; a circle, which WeCom does not make, is cut.
func paths(departments []Department) map[int64][]int64 {
	parent := make(map[int64]int64, len(departments))
	for _, d := range departments {
		parent[d.ID] = d.ParentID
	}
	out := make(map[int64][]int64, len(departments))
	var walk func(id int64, depth int) []int64
	walk = func(id int64, depth int) []int64 {
		if p, ok := out[id]; ok {
			return p
		}
		var up []int64
		if above := parent[id]; above != 0 && above != id && depth < len(departments) {
			if _, seen := parent[above]; seen {
				up = walk(above, depth+1)
			}
		}
		p := append(append(make([]int64, 0, len(up)+1), up...), id)
		out[id] = p
		return p
	}
	for _, d := range departments {
		walk(d.ID, 0)
	}
	return out
}

// storeOf finds the store of a member of staff: that of the main department or of the nearest one above it, else that
// of another department of theirs.
func storeOf(main int64, all []int64, path map[int64][]int64, store map[int64]int64) int64 {
	for _, d := range append([]int64{main}, all...) {
		p := path[d]
		for i := len(p) - 1; i >= 0; i-- {
			if id := store[p[i]]; id != 0 {
				return id
			}
		}
	}
	return 0
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "directory"
	return []pg.Table{
		{Name: "directory_department", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "as WeCom has it", Sampling: "all"},
		{Name: "directory_store", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "all"},
		{Name: "directory_staff", Owner: owner, Family: pg.Reference, Personal: []string{"name", "name_key"}, Merge: "keep", Erase: "keep", Retention: "36 months after leaving", Sampling: "all"},
		{Name: "directory_version", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none"},
	}
}
