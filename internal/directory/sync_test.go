package directory

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/geo"
	"qunce/internal/i18n"
	"qunce/internal/inbox"
	"qunce/internal/wecom"
	"qunce/internal/wecom/callback"
)

// book is WeCom's address book at the wire.
type book struct {
	mu          sync.Mutex
	departments []wecom.Department
	users       []wecom.User
	seats       []string
	broken      int64 // a department whose members cannot be read
}

func (b *book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	answer := map[string]any{"errcode": 0, "errmsg": "ok"}
	switch strings.TrimPrefix(r.URL.Path, "/cgi-bin/") {
	case "gettoken":
		answer["access_token"], answer["expires_in"] = "T", 7200
	case "department/list":
		answer["department"] = b.departments
	case "externalcontact/get_follow_user_list":
		answer["follow_user"] = b.seats
	case "user/list":
		id := r.URL.Query().Get("department_id")
		if id == fmt.Sprint(b.broken) {
			answer["errcode"] = 60003
		}
		list := []wecom.User{}
		for _, u := range b.users {
			for _, d := range u.Departments {
				if fmt.Sprint(d) == id {
					list = append(list, u)
				}
			}
		}
		answer["userlist"] = list
	case "user/get":
		answer["errcode"] = 60111
		for _, u := range b.users {
			if u.UserID == r.URL.Query().Get("userid") {
				raw, _ := json.Marshal(u)
				_ = json.Unmarshal(raw, &answer)
				answer["errcode"] = 0
			}
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func withBook(t *testing.T) (*Service, *book) {
	t.Helper()
	s := newService(t)
	importStores(t, s, dirtyStores, geo.GCJ02)
	b := &book{
		departments: []wecom.Department{{ID: 1, Name: "禾光"}, {ID: 3, Name: "杭州西湖店", ParentID: 1}, {ID: 4, Name: "夜宵店", ParentID: 1}},
		users: []wecom.User{{UserID: "lina", Name: "李娜", Departments: []int64{3, 4}, MainDepartment: 3, IsLeader: []int{0, 1}, Status: 1},
			{UserID: "wang", Name: "王伟", Departments: []int64{4}, Status: 1}},
		seats: []string{"lina"},
	}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	s.WeCom = wecom.New(wecom.Config{BaseURL: server.URL, CorpID: "ww1", Secret: "s", AgentID: 7})
	return s, b
}

func TestSyncDirectory(t *testing.T) {
	s, b := withBook(t)
	diff, err := s.SyncDirectory(t.Context())
	if err != nil || diff.Departments.Created != 3 || diff.Staff.Created != 2 || diff.Stores != 2 {
		t.Fatalf("first sync: %+v, %v", diff, err)
	}
	if diff, err = s.SyncDirectory(t.Context()); err != nil || !cmp.Equal(diff, Diff{Calls: diff.Calls}) {
		t.Errorf("second sync: %+v, %v", diff, err)
	}
	b.mu.Lock()
	b.users, b.broken = b.users[:1], 4
	b.mu.Unlock()
	if _, err := s.SyncDirectory(t.Context()); err == nil {
		t.Error("a department could not be read, and nobody was told")
	}
	staff, err := s.StaffByUserIDs(t.Context(), s.DB, []string{"wang"})
	if err != nil || !staff["wang"].Active {
		t.Errorf("a broken reading made staff leave: %+v, %v", staff, err)
	}
}

func TestCallbacks(t *testing.T) {
	s, b := withBook(t)
	if _, err := s.SyncDirectory(t.Context()); err != nil {
		t.Fatal(err)
	}
	wall := clock.NewManual(noon)
	in := inbox.New(s.DB, s.IDs, wall, s.Log)
	s.Register(in)
	go in.Ingest(t.Context())
	send := func(change, rest string) {
		t.Helper()
		xml := fmt.Sprintf(`<xml><ToUserName>ww1</ToUserName><FromUserName>sys</FromUserName><CreateTime>%d</CreateTime><MsgType>event</MsgType><Event>change_contact</Event><ChangeType>%s</ChangeType>%s</xml>`,
			wall.Set(wall.Now().Add(time.Second)).Unix(), change, rest)
		ev, err := callback.Parse([]byte(xml))
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Put(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		for lane := range inbox.Lanes + 1 {
			if _, err := in.RunOnce(t.Context(), lane); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := in.Waiting(t.Context()); n != 0 || err != nil {
			t.Fatalf("%s waits: %d, %v", change, n, err)
		}
	}
	find := func(userID string) Staff {
		t.Helper()
		found, err := s.StaffByUserIDs(t.Context(), s.DB, []string{userID})
		if err != nil {
			t.Fatal(err)
		}
		return found[userID]
	}
	wangID, night := find("wang").ID, find("wang").StoreID
	b.mu.Lock()
	b.users[1].UserID, b.seats = "wangwei", []string{"lina", "wangwei"}
	b.users = append(b.users, wecom.User{UserID: "zhao", Name: "赵六", Departments: []int64{3}, Status: 1})
	b.mu.Unlock()
	send("update_user", `<UserID>wang</UserID><NewUserID>wangwei</NewUserID>`)
	if x := find("wangwei"); x.ID != wangID || !x.CanContact || x.StoreID != night || !x.Active {
		t.Errorf("after the new userid: %+v", x)
	}
	send("create_user", `<UserID>zhao</UserID>`)
	if x := find("zhao"); x.Name != "赵六" || x.StoreID != find("lina").StoreID || x.StoreID == 0 || x.CanContact {
		t.Errorf("the newcomer: %+v", x)
	}
	b.mu.Lock()
	b.users = b.users[1:]
	b.departments = append(b.departments[:2], wecom.Department{ID: 4, Name: "夜宵店(停业)", ParentID: 1})
	b.mu.Unlock()
	send("delete_user", `<UserID>lina</UserID>`)
	if x := find("lina"); x.Active || x.CanContact {
		t.Errorf("who left: %+v", x)
	}
	send("update_party", `<Id>4</Id>`)
	if x := find("wangwei"); x.StoreID != 0 {
		t.Errorf("the store's department was renamed, and %+v still belongs to the store", x)
	}
}

func TestAPI(t *testing.T) {
	s, _ := withBook(t)
	if _, err := s.SyncDirectory(t.Context()); err != nil {
		t.Fatal(err)
	}
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := api.New(api.Config{Title: "test", Log: s.Log, Catalog: catalog, Can: func(who actor.Actor, p api.Permission) bool { return who.Role == actor.Owner || p == "store.read" }})
	s.API(a)
	numbers, err := s.StoreIDsByNumber(t.Context(), s.DB, []string{"HG001", "HG006"})
	if err != nil {
		t.Fatal(err)
	}
	owner := actor.Actor{UserID: 1, Role: actor.Owner, Scope: actor.Scope{All: true}}
	manager := actor.Actor{UserID: 2, Role: actor.StoreManager, Scope: actor.Scope{Stores: []int64{numbers["HG006"]}}}
	nobody := actor.Actor{UserID: 3, Role: actor.StoreManager}
	for _, c := range []struct {
		name, method, path, body string
		who                      actor.Actor
		status                   int
		has, hasNot              []string
	}{
		{"departments", "GET", "/api/departments", "", owner, 200, []string{`"id":1,"name":"禾光","parent_id":0,"stores":2,"staff":2`}, nil},
		{"stores", "GET", "/api/stores?limit=2", "", owner, 200, []string{`"total":4`, `"number":"HG010"`, `"open_time":"00:00"`, `"next":"e`, `"group_count":null`}, []string{"HG006"}},
		{"by pinyin", "GET", "/api/stores?q=yexiao", "", owner, 200, []string{`"total":1`, `"close_time":"26:00"`, `"staff_count":1`, `"department_name":"夜宵店"`}, nil},
		{"pattern characters are text", "GET", "/api/stores?q=%25", "", owner, 200, []string{`"total":0`}, nil},
		{"by department", "GET", "/api/stores?department_id=1", "", owner, 200, []string{`"total":2`}, nil},
		{"a manager's stores", "GET", "/api/stores", "", manager, 200, []string{`"total":1`, "HG006"}, []string{"HG001"}},
		{"no scope, no stores", "GET", "/api/stores", "", nobody, 200, []string{`"items":[]`}, nil},
		{"staff", "GET", "/api/staff", "", owner, 200, []string{`"name":"李娜","store_id":`, `"store_name":"杭州西湖店"`, `"is_leader":true`, `"customers":null`}, nil},
		{"a manager's staff", "GET", "/api/staff", "", manager, 200, []string{"王伟"}, []string{"李娜"}},
		{"create", "POST", "/api/stores", `{"number":"N1","name":"新店","lat":30.1,"lng":120.1,"coord_system":"wgs84"}`, owner, 200, []string{`"id":`}, nil},
		{"create again", "POST", "/api/stores", `{"number":"N1","name":"新店","lat":30.1,"lng":120.1}`, owner, 409, []string{"store.duplicate_number"}, nil},
		{"create by a manager", "POST", "/api/stores", `{"number":"N2","name":"新店","lat":30.1,"lng":120.1}`, manager, 403, nil, nil},
		{"change", "PATCH", fmt.Sprintf("/api/stores/%d", numbers["HG006"]), `{"close_time":"23:00"}`, owner, 200, nil, nil},
		{"changed", "GET", "/api/stores?q=HG006", "", owner, 200, []string{`"close_time":"23:00"`}, nil},
		{"bad place", "PATCH", fmt.Sprintf("/api/stores/%d", numbers["HG006"]), `{"lat":120.1,"lng":30.1}`, owner, 422, []string{"geo.swapped"}, nil},
		{"unknown store", "PATCH", "/api/stores/7", `{"name":"x"}`, owner, 404, []string{"store.not_found"}, nil},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r.WithContext(actor.With(t.Context(), c.who)))
		body := w.Body.String()
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, body)
		}
		for _, part := range c.has {
			if !strings.Contains(body, part) {
				t.Errorf("%s: no %s in %s", c.name, part, body)
			}
		}
		for _, part := range c.hasNot {
			if strings.Contains(body, part) {
				t.Errorf("%s: %s in %s", c.name, part, body)
			}
		}
	}
	if _, err := a.Spec(); err != nil {
		t.Error(err)
	}
}
