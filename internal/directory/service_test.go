package directory

import (
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/sheet"
	"qunce/internal/wecom"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, clock.Shanghai)

func newService(t *testing.T) *Service {
	t.Helper()
	pool := pgtest.New(t)
	ids := id.New(pool.IDBlock)
	return New(Deps{DB: pool.Corp(pgtest.CorpSchema), IDs: ids, Clock: clock.NewManual(noon), Audit: audit.New(ids), Log: slog.New(slog.DiscardHandler)})
}

func importStores(t *testing.T, s *Service, file string, system geo.System) (ImportResult, []sheet.RowError) {
	t.Helper()
	r, err := sheet.Open(strings.NewReader(file), "stores.csv", StoreColumns())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var found []sheet.RowError
	did, err := s.ImportStores(t.Context(), r, ImportOptions{System: system, CauseID: 1, Report: func(e sheet.RowError) { found = append(found, e) }})
	if err != nil {
		t.Fatal(err)
	}
	return did, found
}

type brief struct {
	Row     int
	Column  string
	Code    string
	Warning bool
}

func briefly(list []sheet.RowError) []brief {
	out := []brief{}
	for _, e := range list {
		out = append(out, brief{e.Row, e.Column, e.Code, e.Warning})
	}
	return out
}

const dirtyStores = `门店编号,门店名称,城市,地址,纬度,经度,营业开始,营业结束
HG001,杭州西湖店,杭州市,北山街1号,30.2500,120.1400,07:30,22:00
HG002,杭州滨江店,杭州市,江南大道2号,120.21,30.20,07:30,22:00
HG003,杭州城西店,杭州市,文一路3号,0,0,07:30,22:00
HG001,杭州重号店,杭州市,重号路4号,30.26,120.15,07:30,22:00
HG005,,杭州市,无名路5号,30.27,120.16,07:30,22:00
HG006,夜宵店,杭州市,夜市路6号,30.28,120.17,10:00,02:00
HG007,没有时间店,杭州市,七号路7号,30.29,120.18,,
HG008,坏坐标店,杭州市,八号路8号,abc,120.19,07:30,22:00
HG009,超界店,杭州市,九号路9号,130.1,190.2,07:30,22:00
HG010,杭州东站店,杭州市,天城路10号,30.2900,120.2100,天亮,22:00
`

func TestImportStoresReportsBadRowsAndTakesTheRest(t *testing.T) {
	s := newService(t)
	did, found := importStores(t, s, dirtyStores, geo.GCJ02)
	want := []brief{
		{3, "lat", "geo.swapped", false},
		{4, "lat", "geo.zero", false},
		{5, "number", "store.duplicate_in_file", false},
		{6, "name", "sheet.empty", false},
		{8, "open", "store.hours_assumed", true},
		{9, "lat", "sheet.bad_number", false},
		{10, "lat", "geo.out_of_range", false},
		{11, "open", "store.bad_hours", true},
	}
	if diff := cmp.Diff(want, briefly(found)); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
	if want := (ImportResult{Rows: 10, Created: 4}); did != want {
		t.Errorf("first import: %+v, want %+v", did, want)
	}
	version, err := readVersion(t.Context(), s.DB)
	if err != nil {
		t.Fatal(err)
	}
	if did, _ := importStores(t, s, dirtyStores, geo.GCJ02); did != (ImportResult{Rows: 10, Unchanged: 4}) {
		t.Errorf("second import: %+v, want 4 unchanged", did)
	}
	if again, _ := readVersion(t.Context(), s.DB); again != version {
		t.Errorf("a second import of the same file moved the version from %d to %d", version, again)
	}
	changed := strings.Replace(dirtyStores, "北山街1号", "北山街11号", 1)
	if did, _ := importStores(t, s, changed, geo.GCJ02); did != (ImportResult{Rows: 10, Updated: 1, Unchanged: 3}) {
		t.Errorf("changed import: %+v, want 1 updated", did)
	}
}

func TestImportStoresConvertsAndKeepsWhatTheFileLacks(t *testing.T) {
	s := newService(t)
	importStores(t, s, "number,name,lat,lng,open,close\nA1,西湖,30.25,120.14,08:00,20:00\n", geo.BD09)
	want, err := geo.Convert(geo.Point{Lat: 30.25, Lng: 120.14}, geo.BD09, geo.GCJ02)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Stores(t.Context(), s.DB)
	if err != nil || len(list) != 1 {
		t.Fatalf("stores: %v, %v", list, err)
	}
	if d := geo.Distance(list[0].At, want); d > 0.2 {
		t.Errorf("the store stands %.1f m from where BD-09 means", d)
	}
	// The same place by its GCJ-02 numbers, without hours: nothing but the name changes.
	did, _ := importStores(t, s, "number,name,lat,lng\nA1,西湖店,30.25,120.14\n", geo.BD09)
	if did.Updated != 1 {
		t.Errorf("renaming: %+v", did)
	}
	list, _ = s.Stores(t.Context(), s.DB)
	if list[0].Name != "西湖店" || list[0].OpenMinute != 480 || list[0].CloseMinute != 1200 || list[0].NameKey != "xihudian" {
		t.Errorf("after renaming: %+v", list[0])
	}
}

func TestNearest(t *testing.T) {
	s := newService(t)
	importStores(t, s, dirtyStores, geo.GCJ02)
	at := geo.Point{Lat: 30.2501, Lng: 120.1401}
	near, err := s.Nearest(t.Context(), at, 2, noon, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(near) != 2 || near[0].Name != "杭州西湖店" || near[0].Meters > 50 || !near[0].Open || near[1].Name != "夜宵店" {
		t.Fatalf("near: %+v", near)
	}
	if near, _ := s.Nearest(t.Context(), at, 3, noon, true); len(near) != 0 {
		t.Errorf("stores without staff were offered: %+v", near)
	}
	closed := Closed
	if err := s.UpdateStore(actor.With(t.Context(), actor.SystemActor()), near[0].ID, StoreInput{Status: &closed}); err != nil {
		t.Fatal(err)
	}
	if near, _ = s.Nearest(t.Context(), at, 1, noon, false); near[0].Name != "夜宵店" {
		t.Errorf("after closing, the nearest is %s", near[0].Name)
	}
	if _, err := s.Nearest(t.Context(), geo.Point{Lat: 120, Lng: 30}, 1, noon, false); !errs.Is(err, "geo.swapped") {
		t.Errorf("a swapped place: %v", err)
	}
}

func TestApplyDirectory(t *testing.T) {
	s := newService(t)
	importStores(t, s, dirtyStores, geo.GCJ02)
	departments := []wecom.Department{{ID: 1, Name: "禾光"}, {ID: 2, Name: "华东", ParentID: 1}, {ID: 3, Name: "杭州西湖店", ParentID: 2},
		{ID: 4, Name: "宵夜 HG006", ParentID: 2}, {ID: 5, Name: "早班", ParentID: 3}}
	users := []wecom.User{
		{UserID: "lina", Name: "李娜", Departments: []int64{3}, IsLeader: []int{1}, Status: 1},
		{UserID: "wang", Name: "王伟", Departments: []int64{5}, Status: 1},
		{UserID: "boss", Name: "老板", Departments: []int64{1}, Status: 1},
		{UserID: "left", Name: "走了", Departments: []int64{4}, Status: 5},
	}
	apply := func(d []wecom.Department, u []wecom.User) Diff {
		t.Helper()
		var diff Diff
		err := s.DB.Tx(t.Context(), func(tx pg.Tx) (err error) {
			diff, err = s.ApplyDirectory(t.Context(), tx, d, u, map[string]bool{"lina": true, "wang": true, "left": true}, 9)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		diff.StaffIDs = nil
		return diff
	}
	if got, want := apply(departments, users), (Diff{Departments: Change{Created: 5}, Staff: Change{Created: 4, Updated: 0}, Stores: 2}); !cmp.Equal(got, want) {
		t.Errorf("first reading: %+v, want %+v", got, want)
	}
	if got := apply(departments, users); !cmp.Equal(got, Diff{}) {
		t.Errorf("the same reading again: %+v", got)
	}
	staff, err := s.StaffByUserIDs(t.Context(), s.DB, []string{"lina", "wang", "boss", "left"})
	if err != nil {
		t.Fatal(err)
	}
	numbers, _ := s.StoreIDsByNumber(t.Context(), s.DB, []string{"HG001", "HG006"})
	if staff["lina"].StoreID != numbers["HG001"] || staff["wang"].StoreID != numbers["HG001"] || staff["boss"].StoreID != 0 {
		t.Errorf("stores of staff: %+v", staff)
	}
	if !staff["lina"].IsLeader || !staff["lina"].CanContact || staff["boss"].CanContact || staff["left"].Active || staff["left"].CanContact {
		t.Errorf("flags of staff: %+v", staff)
	}
	near, err := s.Nearest(t.Context(), geo.Point{Lat: 30.28, Lng: 120.17}, 1, noon, true)
	if err != nil || len(near) != 1 || near[0].Number != "HG001" {
		t.Errorf("nearest with staff: %+v, %v", near, err)
	}
	for _, c := range []struct {
		stores, departments []int64
		want                int
	}{{nil, nil, 0}, {nil, []int64{2}, 2}, {[]int64{numbers["HG001"]}, []int64{4}, 2}, {[]int64{numbers["HG001"]}, nil, 1}} {
		got, err := s.ScopeFor(t.Context(), s.DB, c.stores, c.departments)
		if err != nil || len(got) != c.want {
			t.Errorf("ScopeFor(%v, %v) = %v, %v; want %d stores", c.stores, c.departments, got, err, c.want)
		}
	}
	// Wang left, the night store's department went away, Li Na was renamed.
	users[0].Name = "李娜娜"
	got := apply(departments[:3], []wecom.User{users[0], users[2]})
	if want := (Diff{Departments: Change{Removed: 2}, Staff: Change{Updated: 1, Removed: 1}, Stores: 1}); !cmp.Equal(got, want) {
		t.Errorf("later reading: %+v, want %+v", got, want)
	}
	// A department chosen by hand wins over the name.
	ctx := actor.With(t.Context(), actor.SystemActor())
	if err := s.SetStoreDepartment(ctx, numbers["HG006"], 2); err != nil {
		t.Fatal(err)
	}
	apply(departments[:3], []wecom.User{users[0], users[2]})
	if st, _ := s.Store(ctx, s.DB, numbers["HG006"]); st.DepartmentID != 2 {
		t.Errorf("the choice by hand was lost: %+v", st)
	}
	if err := s.SetStoreDepartment(ctx, numbers["HG006"], 404); !errs.Is(err, "department.not_found") {
		t.Errorf("an unknown department: %v", err)
	}
}

func TestEnsureStaff(t *testing.T) {
	s := newService(t)
	ensure := func(names ...string) (out map[string]Staff) {
		t.Helper()
		if err := s.DB.Tx(t.Context(), func(tx pg.Tx) (err error) {
			out, err = s.EnsureStaff(t.Context(), tx, names)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := ensure("lina", "wang", "lina")
	again := ensure("wang", "lina", "zhao")
	if len(first) != 2 || len(again) != 3 || first["lina"].ID != again["lina"].ID || again["zhao"].ID == 0 {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

func TestStoreEdits(t *testing.T) {
	s := newService(t)
	ctx := actor.With(t.Context(), actor.SystemActor())
	text := func(v string) *string { return &v }
	num := func(v float64) *float64 { return &v }
	good := StoreInput{Number: text("A1"), Name: text("西湖店"), City: text("杭州市"), Lat: num(30.25), Lng: num(120.14), OpenTime: text("08:00"), CloseTime: text("02:00")}
	storeID, err := s.CreateStore(ctx, good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateStore(ctx, good); !errs.Is(err, "store.duplicate_number") {
		t.Errorf("the same number again: %v", err)
	}
	for code, in := range map[string]StoreInput{
		"store.field_required":   {Number: text("A2"), Name: text(" "), Lat: num(30), Lng: num(120)},
		"geo.swapped":            {Number: text("A2"), Name: text("x"), Lat: num(120), Lng: num(30)},
		"store.bad_hours":        {Number: text("A2"), Name: text("x"), Lat: num(30), Lng: num(120), OpenTime: text("早")},
		"store.place_incomplete": {Number: text("A2"), Name: text("x"), Lat: num(30)},
	} {
		if code == "store.place_incomplete" {
			if err := s.UpdateStore(ctx, storeID, in); !errs.Is(err, code) {
				t.Errorf("update: %v, want %s", err, code)
			}
			continue
		}
		if _, err := s.CreateStore(ctx, in); !errs.Is(err, code) {
			t.Errorf("create: %v, want %s", err, code)
		}
	}
	if err := s.UpdateStore(ctx, storeID, StoreInput{CloseTime: text("23:00")}); err != nil {
		t.Fatal(err)
	}
	st, err := s.Store(ctx, s.DB, storeID)
	if err != nil || st.OpenMinute != 480 || st.CloseMinute != 1380 || st.City != "杭州市" {
		t.Errorf("after the edit: %+v, %v", st, err)
	}
	if err := s.UpdateStore(ctx, 404, StoreInput{}); !errs.Is(err, "store.not_found") {
		t.Errorf("unknown store: %v", err)
	}
	entries, err := audit.List(ctx, s.DB, 0, 10)
	if err != nil || len(entries) != 2 || entries[0].Action != "store.update" {
		t.Errorf("audit: %+v, %v", entries, err)
	}
}

func TestTablesAreDeclared(t *testing.T) {
	s := newService(t)
	for _, sentence := range pg.CheckTables(context.Background(), s.DB, Tables()) {
		if strings.Contains(sentence, "directory_") {
			t.Error(sentence)
		}
	}
}

// The real lists have no licence that lets them be shipped.
func TestRealStoreLists(t *testing.T) {
	for name, c := range map[string]struct {
		want     ImportResult
		warnings map[string]int
	}{
		"stores-starbucks-cn-dev.csv.gz": {ImportResult{Rows: 2100, Created: 2100}, map[string]int{"store.hours_assumed": 12}},
		"stores-heytea.csv.gz":           {ImportResult{Rows: 484, Created: 484}, map[string]int{"store.outside_china": 3, "store.numbers_derived": 1, "store.hours_assumed": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("..", "..", "..", "shared", "data", name)
			f, err := os.Open(path)
			if err != nil {
				t.Skipf("%s is not here: it has no licence to be shipped", name)
			}
			defer f.Close()
			gz, err := gzip.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			if _, err := io.Copy(&text, gz); err != nil {
				t.Fatal(err)
			}
			s := newService(t)
			did, found := importStores(t, s, text.String(), geo.GCJ02)
			got := map[string]int{}
			for _, e := range found {
				got[e.Code]++
			}
			if did != c.want || !cmp.Equal(got, c.warnings) {
				t.Errorf("%+v with %v, want %+v with %v", did, got, c.want, c.warnings)
			}
			if did, _ := importStores(t, s, text.String(), geo.GCJ02); did.Unchanged != c.want.Created || did.Updated+did.Created != 0 {
				t.Errorf("second import: %+v", did)
			}
		})
	}
}
