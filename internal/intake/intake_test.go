package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/errs"
	"qunce/internal/event"
	"qunce/internal/geo"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/order"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
	"qunce/internal/sheet"
)

var spring = time.Date(2026, 3, 2, 12, 0, 0, 0, clock.Shanghai)

// newServices returns two runners on one database, as two processes would be; wall is theirs to move.
func newServices(t *testing.T) (a, b *Service, wall *clock.Manual) {
	t.Helper()
	pool := pgtest.New(t)
	db := pool.Corp(pgtest.CorpSchema)
	ids := id.New(pool.IDBlock)
	c := clock.NewManual(spring)
	wall = clock.NewManual(spring)
	log := slog.New(slog.DiscardHandler)
	bus := event.New(ids, wall)
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	make1 := func() *Service {
		dir := directory.New(directory.Deps{DB: db, IDs: ids, Clock: c, Audit: audit.New(ids), Log: log})
		people := customer.New(customer.Deps{DB: db, IDs: ids, Clock: c, Events: bus, Log: log})
		orders := order.New(order.Deps{DB: db, IDs: ids, Clock: c, Events: bus, Members: people, Stores: dir, Log: log})
		return New(Deps{DB: db, IDs: ids, Clock: c, Wall: wall, Audit: audit.New(ids), Catalog: catalog, Log: log, Importers: map[Kind]Importer{
			Stores: StoreImporter(dir), Orders: OrderImporter(orders), Members: MemberImporter(db, people),
		}})
	}
	return make1(), make1(), wall
}

const fewStores = `门店编号,门店名称,纬度,经度,备注
S1,西湖店,30.25,120.14,x
S2,反了店,120.14,30.25,x
S1,重号店,30.26,120.15,x
S3,滨江店,30.20,120.21,x
`

const fewOrders = `订单号,下单时间,会员号,门店编号,商品,数量,单价,实付金额
A1,2026-03-01 10:00:00,M1,S1,茉莉奶绿,2,15.00,27.00
A2,2026-03-01 10:05:00,,S1,柠檬茶,1,12.00,12.00
A3,2026-03-01 11:00:00,M1,S1,柠檬茶,-1,12.00,-12.00
A4,2026-03-01 11:00:00,M1,"S1,柠檬茶,1,12.00,12.00
A5,2026-03-01 11:00:00,M2,S1,柠檬茶,1,12.00,12.00
`

func TestRunFile(t *testing.T) {
	s, _, _ := newServices(t)
	ctx := actor.With(t.Context(), actor.Actor{UserID: 3, Name: "小禾", Role: actor.Owner, Scope: actor.Scope{All: true}})
	for _, step := range []struct {
		kind Kind
		file string
		want Counts
		warn int
		errs int
	}{
		{Stores, fewStores, Counts{Rows: 4, Created: 2}, 1, 2},
		{Stores, fewStores, Counts{Rows: 4, Unchanged: 2}, 1, 2},
		{Orders, fewOrders, Counts{Rows: 5, Created: 4}, 1, 1},
		{Orders, fewOrders, Counts{Rows: 5, Unchanged: 4}, 1, 1},
	} {
		did, err := s.RunFile(ctx, step.kind, `C:\上传\`+string(step.kind)+".csv", strings.NewReader(step.file), Options{CoordSystem: geo.GCJ02})
		if err != nil {
			t.Fatal(err)
		}
		if did.Counts != step.want || did.Warnings != step.warn || did.Errors != step.errs || len(did.First) != step.warn+step.errs {
			t.Errorf("%s: %+v, want %+v with %d and %d", step.kind, did, step.want, step.warn, step.errs)
		}
		x, err := s.Get(ctx, did.ID)
		if err != nil || x.State != Done || x.Counts != step.want || x.FileName != string(step.kind)+".csv" || x.By != "小禾" || x.Progress != 1 || x.FinishedAt == nil {
			t.Errorf("%s: row %+v, %v", step.kind, x, err)
		}
		if step.kind == Stores && (x.Mapping["number"] != "门店编号" || !cmp.Equal(x.Unmapped, []string{"备注"})) {
			t.Errorf("mapping %v, unmapped %v", x.Mapping, x.Unmapped)
		}
	}
	var parts int
	if err := s.DB.QueryRow(ctx, `SELECT count(*) FROM intake_file`).Scan(&parts); err != nil || parts != 0 {
		t.Errorf("%d parts of files are left, %v", parts, err)
	}
}

func TestRefusedFiles(t *testing.T) {
	s, _, _ := newServices(t)
	for _, c := range []struct {
		kind Kind
		file string
		o    Options
		code string
	}{
		{"people", "x", Options{}, "import.unknown_kind"},
		{Stores, "", Options{}, "import.empty_file"},
		{Stores, "门店名称,电话\nx,1\n", Options{}, "sheet.missing_column"},
		{Stores, "a", Options{CoordSystem: "mars"}, "geo.unknown_system"},
		{Members, "会员号\nM1\n", Options{}, "import.source_required"},
		{Members, "会员号\nM1\n", Options{Source: "CRM"}, "import.legal_basis_required"},
	} {
		did, err := s.RunFile(t.Context(), c.kind, "f.csv", strings.NewReader(c.file), c.o)
		if !errs.Is(err, c.code) {
			t.Errorf("%s %q: %v, want %s", c.kind, c.file, err, c.code)
		}
		if did.ID != 0 {
			if x, err := s.Get(t.Context(), did.ID); err != nil || x.State != Failed || x.Failure.Code != c.code {
				t.Errorf("%s: row %+v, %v", c.kind, x, err)
			}
		}
	}
}

func TestMembers(t *testing.T) {
	s, _, _ := newServices(t)
	file := "会员号,手机号,姓名\nM1,138 0013 8000,李娜\nM2,12345,王伟\n,,无名\nM1,13900139000,重号\nM3,+8613700137000,赵六\n"
	for i, want := range []Counts{{Rows: 5, Created: 2}, {Rows: 5, Unchanged: 2}} {
		did, err := s.RunFile(t.Context(), Members, "m.csv", strings.NewReader(file), Options{Source: "收银系统", LegalBasis: "consent"})
		if err != nil || did.Counts != want || did.Errors != 3 {
			t.Fatalf("import %d: %+v, %v", i+1, did, err)
		}
		var codes []string
		for _, e := range did.First {
			codes = append(codes, fmt.Sprint(e.Row, " ", e.Code))
		}
		if diff := cmp.Diff([]string{"3 member.bad_phone", "4 member.no_identity", "5 member.duplicate_in_file"}, codes); diff != "" {
			t.Errorf("reported (-want +got):\n%s", diff)
		}
	}
}

// cut is an importer that dies on its first call, as a process would, and works on later ones.
type cut struct {
	Importer
	die func()
}

func (c *cut) Import(ctx context.Context, r *sheet.Reader, j Job, p Progress) (Counts, error) {
	if die := c.die; die != nil {
		c.die = nil
		p.Report(sheet.RowError{Row: 2, Code: "sheet.empty"})
		die()
		return Counts{}, ctx.Err()
	}
	return c.Importer.Import(ctx, r, j, p)
}

func TestAnotherRunnerFinishesWhatOneLeft(t *testing.T) {
	a, b, wall := newServices(t)
	importID, err := a.Upload(t.Context(), Stores, "s.csv", strings.NewReader(fewStores), Options{CoordSystem: geo.GCJ02})
	if err != nil {
		t.Fatal(err)
	}
	// A runner that claims an import and is never heard of again.
	if _, found, err := claim(t.Context(), a.DB, wall.Now(), leaseTime); !found || err != nil {
		t.Fatalf("claim: %v, %v", found, err)
	}
	if n, err := b.RunPending(t.Context()); n != 0 || err != nil {
		t.Fatalf("a leased import was taken: %d, %v", n, err)
	}
	wall.Set(wall.Now().Add(leaseTime))
	if n, err := b.RunPending(t.Context()); n != 1 || err != nil {
		t.Fatalf("after the lease: %d, %v", n, err)
	}
	x, err := b.Get(t.Context(), importID)
	if err != nil || x.State != Done || x.Counts.Created != 2 || x.Errors != 2 {
		t.Errorf("row %+v, %v", x, err)
	}
	list, err := b.RowErrors(t.Context(), importID, 0, 10)
	if err != nil || len(list) != 3 {
		t.Errorf("errors %+v, %v", list, err)
	}
}

func TestInterruptedRunnerLetsGo(t *testing.T) {
	a, b, _ := newServices(t)
	ctx, stop := context.WithCancel(t.Context())
	a.Importers[Stores] = &cut{Importer: a.Importers[Stores], die: stop}
	importID, err := a.Upload(t.Context(), Stores, "s.csv", strings.NewReader(fewStores), Options{CoordSystem: geo.GCJ02})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.RunPending(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	if n, err := b.RunPending(t.Context()); n != 1 || err != nil {
		t.Fatalf("the next runner: %d, %v", n, err)
	}
	if x, err := b.Get(t.Context(), importID); err != nil || x.State != Done || x.Errors != 2 {
		t.Errorf("row %+v, %v", x, err)
	}
}

func TestTwoRunnersTakeEachImportOnce(t *testing.T) {
	a, b, _ := newServices(t)
	for i := range 6 {
		file := fmt.Sprintf("number,name,lat,lng\nS%d,店%d,30.25,120.14\n", i, i)
		if _, err := a.Upload(t.Context(), Stores, "s.csv", strings.NewReader(file), Options{CoordSystem: geo.GCJ02}); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	done := make([]int, 2)
	for i, s := range []*Service{a, b} {
		wg.Go(func() {
			n, err := s.RunPending(t.Context())
			if err != nil {
				t.Error(err)
			}
			done[i] = n
		})
	}
	wg.Wait()
	var attempts int
	if err := a.DB.QueryRow(t.Context(), `SELECT sum(attempts) FROM intake_import WHERE state = 'done' AND created = 1`).Scan(&attempts); err != nil {
		t.Fatal(err)
	}
	if done[0]+done[1] != 6 || attempts != 6 {
		t.Errorf("finished %v in %d attempts, want 6 in 6", done, attempts)
	}
}

func TestErrorsAreCountedBeyondWhatIsKept(t *testing.T) {
	s, _, _ := newServices(t)
	var file strings.Builder
	file.WriteString("number,name,lat,lng\n")
	for i := range maxStored + 500 {
		fmt.Fprintf(&file, "S%d,店,0,0\n", i)
	}
	did, err := s.RunFile(t.Context(), Stores, "s.csv", strings.NewReader(file.String()), Options{CoordSystem: geo.GCJ02})
	if err != nil || did.Errors != maxStored+500 {
		t.Fatalf("%d errors, %v", did.Errors, err)
	}
	last, err := s.RowErrors(t.Context(), did.ID, maxStored-1, 10)
	if err != nil || len(last) != 1 || last[0].Seq != maxStored {
		t.Errorf("the last one kept: %+v, %v", last, err)
	}
}

func TestAPI(t *testing.T) {
	s, _, _ := newServices(t)
	a := api.New(api.Config{Title: "test", Log: s.Log, Catalog: s.Catalog, Can: func(who actor.Actor, _ api.Permission) bool { return who.Role == actor.Owner }})
	s.API(a)
	call := func(role actor.Role, r *http.Request) (int, string) {
		t.Helper()
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r.WithContext(actor.With(t.Context(), actor.Actor{UserID: 1, Name: "小禾", Role: role, Scope: actor.Scope{All: true}})))
		return w.Code, w.Body.String()
	}
	upload := func(fields map[string]string, file string) *http.Request {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for k, v := range fields {
			_ = form.WriteField(k, v)
		}
		part, _ := form.CreateFormFile("file", "门店.csv")
		_, _ = io.WriteString(part, file)
		_ = form.Close()
		r := httptest.NewRequest(http.MethodPost, "/api/imports", &body)
		r.Header.Set("Content-Type", form.FormDataContentType())
		return r
	}
	if code, _ := call(actor.Analyst, upload(map[string]string{"kind": "stores"}, fewStores)); code != http.StatusForbidden {
		t.Errorf("an analyst uploads: %d", code)
	}
	if code, body := call(actor.Owner, upload(map[string]string{"kind": "members"}, "会员号\nM1\n")); code != 422 || !strings.Contains(body, "import.source_required") {
		t.Errorf("members without a source: %d %s", code, body)
	}
	if code, body := call(actor.Owner, upload(map[string]string{"kind": "pets"}, fewStores)); code != 422 {
		t.Errorf("an unknown kind: %d %s", code, body)
	}
	code, body := call(actor.Owner, upload(map[string]string{"kind": "stores", "coord_system": "gcj02"}, fewStores))
	var made struct{ ID int64 }
	if err := json.Unmarshal([]byte(body), &made); code != 200 || err != nil || made.ID == 0 {
		t.Fatalf("upload: %d %s", code, body)
	}
	if n, err := s.RunPending(t.Context()); n != 1 || err != nil {
		t.Fatalf("run: %d, %v", n, err)
	}
	for path, want := range map[string][]string{
		"/api/imports":                                         {`"file_name":"门店.csv"`, `"created":2`, `"errors":2`, `"by":"小禾"`, `"next":""`, `"started_at":"2026-03-02T12:00:00+08:00"`},
		fmt.Sprintf("/api/imports/%d", made.ID):                {`"mapping":[{"key":"lat","header":"纬度"}`, `"unmapped":["备注"]`, `"progress":1`, `"state":"done"`},
		fmt.Sprintf("/api/imports/%d/errors?limit=2", made.ID): {`"row":1`, `"code":"store.hours_assumed"`, `"warning":true`, `"row":3`, `"code":"geo.swapped"`, `"column":"lat"`, `"next":"e`},
	} {
		code, body := call(actor.Owner, httptest.NewRequest(http.MethodGet, path, nil))
		for _, part := range want {
			if code != 200 || !strings.Contains(body, part) {
				t.Errorf("%s: %d, no %s in %s", path, code, part, body)
			}
		}
	}
	if code, body := call(actor.Owner, httptest.NewRequest(http.MethodGet, "/api/imports/7/errors", nil)); code != 404 || !strings.Contains(body, "import.not_found") {
		t.Errorf("an unknown import: %d %s", code, body)
	}
	if _, err := a.Spec(); err != nil {
		t.Error(err)
	}
}

func TestMobile(t *testing.T) {
	for in, want := range map[string]string{"13800138000": "13800138000", "138-0013-8000": "13800138000", "+86 13800138000": "13800138000",
		"008613800138000": "13800138000", "１３８００１３８０００": "13800138000", "12345": "", "23800138000": "", "1380013800x": ""} {
		got, ok := mobile(in)
		if got != want || ok != (want != "") {
			t.Errorf("mobile(%q) = %q, %v", in, got, ok)
		}
	}
}

func TestTablesAreDeclared(t *testing.T) {
	s, _, _ := newServices(t)
	for _, sentence := range pg.CheckTables(t.Context(), s.DB, Tables()) {
		if strings.Contains(sentence, "intake_") {
			t.Error(sentence)
		}
	}
}
