package auth

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"qunce/internal/actor"
	"qunce/internal/errs"
)

func TestUsersAPI(t *testing.T) {
	w := newWorld(t)
	owner := w.user(actor.Owner, "owner@example.cn")
	b := w.browser()
	b.login("owner@example.cn", goodPassword).want(t, 200)
	var made struct {
		ID   int64
		Link string
	}
	b.do("POST", "/api/users", fields{"name": "李店长", "email": "Li@Example.cn", "role": "store_manager", "store_ids": []int{2, 1, 2}}).want(t, 200).into(t, &made)
	token, ok := strings.CutPrefix(made.Link, "https://q.example.cn/signin?token=")
	if !ok {
		t.Fatalf("link = %s", made.Link)
	}
	li := w.browser()
	li.do("POST", "/api/auth/link", fields{"token": token}).want(t, 200)
	li.do("POST", "/api/auth/password", fields{"new_password": goodPassword}).want(t, 200)
	li.do("GET", "/api/customers", nil).want(t, 200)
	li.do("GET", "/api/users", nil).want(t, 403)
	li.do("POST", fmt.Sprintf("/api/users/%d/link", owner.ID), fields{}).want(t, 403)
	li.do("PATCH", fmt.Sprintf("/api/users/%d", made.ID), fields{"role": "owner"}).want(t, 403)

	var page struct {
		Items []struct {
			ID         int64
			Email      string
			Role       string
			Stores     []struct{ Name string }
			LastSeenAt *string `json:"last_seen_at"`
			Disabled   bool
		}
		Next string
	}
	b.do("GET", "/api/users?limit=1", nil).want(t, 200).into(t, &page)
	if len(page.Items) != 1 || page.Items[0].ID != owner.ID || page.Next == "" {
		t.Fatalf("first page = %+v", page)
	}
	b.do("GET", "/api/users?limit=1&cursor="+page.Next, nil).want(t, 200).into(t, &page)
	if len(page.Items) != 1 || page.Items[0].Email != "li@example.cn" || len(page.Items[0].Stores) != 2 || page.Items[0].Stores[0].Name != "人民路店" || page.Next != "" {
		t.Fatalf("second page = %+v", page)
	}
	for query, want := range map[string]int{"q=li@": 1, "q=店长": 1, "q=%25": 0, "role=owner": 1, "role=analyst": 0} {
		b.do("GET", "/api/users?"+query, nil).want(t, 200).into(t, &page)
		if len(page.Items) != want {
			t.Errorf("%s: %+v", query, page.Items)
		}
	}

	for name, c := range map[string]struct {
		body fields
		code string
	}{
		"taken":         {fields{"name": "a", "email": "LI@example.cn", "role": "operator"}, "auth.email_taken"},
		"address":       {fields{"name": "a", "email": "李 <li@x.cn>", "role": "operator"}, "auth.bad_email"},
		"name":          {fields{"name": " ", "email": "a@example.cn", "role": "operator"}, "auth.bad_name"},
		"role":          {fields{"name": "a", "email": "a@example.cn", "role": "system"}, "auth.bad_role"},
		"staff":         {fields{"name": "a", "email": "a@example.cn", "role": "staff"}, "auth.staff_by_wecom"},
		"no stores":     {fields{"name": "a", "email": "a@example.cn", "role": "store_manager"}, "auth.no_stores"},
		"unknown store": {fields{"name": "a", "email": "a@example.cn", "role": "store_manager", "store_ids": []int{1, 99}}, "auth.unknown_store"},
	} {
		if a := b.do("POST", "/api/users", c.body); a.code() != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}

	b.do("PATCH", fmt.Sprintf("/api/users/%d", made.ID), fields{"disabled": true}).want(t, 200)
	li.do("GET", "/api/me", nil).want(t, 401)
	b.do("POST", fmt.Sprintf("/api/users/%d/link", made.ID), fields{}).want(t, 409)
	b.do("PATCH", fmt.Sprintf("/api/users/%d", made.ID), fields{"disabled": false, "role": "analyst"}).want(t, 200)
	li.do("GET", "/api/me", nil).want(t, 401) // the old session does not come back
	for code, body := range map[string]fields{
		"auth.staff_by_wecom": {"role": "staff"}, "auth.bad_role": {"role": "pending"}, "auth.bad_name": {"name": ""}, "auth.bad_email": {"email": "x"},
		"auth.no_stores": {"role": "store_manager", "store_ids": []int{}}, "auth.unknown_store": {"store_ids": []int{99}}, "auth.email_taken": {"email": owner.Email},
	} {
		if a := b.do("PATCH", fmt.Sprintf("/api/users/%d", made.ID), body); a.code() != code {
			t.Errorf("%s: %d %s", code, a.status, a.body)
		}
	}
	b.do("PATCH", "/api/users/4711", fields{"disabled": true}).want(t, 404)
	for _, body := range []fields{{"role": "analyst"}, {"disabled": true}} {
		if got := b.do("PATCH", fmt.Sprintf("/api/users/%d", owner.ID), body).want(t, 409).code(); got != "auth.self" {
			t.Errorf("oneself: %s", got)
		}
	}
	for action, want := range map[string]int{"user.create " + object(made.ID) + " by " + owner.Name: 1, "user.update " + object(made.ID): 2, "user.link " + object(made.ID): 1} {
		if got := w.recorded(action); got != want {
			t.Errorf("%s recorded %d times, want %d: %q", action, got, want, w.audits)
		}
	}
}

// Two owners who remove each other at the same moment: one stays.
func TestLastOwner(t *testing.T) {
	w := newWorld(t)
	for round := range 5 {
		a := w.user(actor.Owner, fmt.Sprintf("a%d@example.cn", round))
		b := w.user(actor.Owner, fmt.Sprintf("b%d@example.cn", round))
		analyst := actor.Analyst
		var wg sync.WaitGroup
		results := make([]error, 2)
		for i, pair := range [][2]User{{a, b}, {b, a}} {
			wg.Go(func() {
				ctx := actor.With(t.Context(), actor.Actor{UserID: pair[0].ID, Role: actor.Owner, Name: pair[0].Name})
				_, results[i] = w.UpdateUser(ctx, pair[1].ID, Change{Role: &analyst})
			})
		}
		wg.Wait()
		if n := w.count(`SELECT count(*) FROM auth_user WHERE role = 'owner'`); n != 1 {
			t.Fatalf("%d owners: %v", n, results)
		}
		if err := errors.Join(results...); !errs.Is(err, "auth.last_owner") {
			t.Fatalf("err = %v", err)
		}
		off := true
		var last int64
		if err := w.DB.QueryRow(t.Context(), `SELECT id FROM auth_user WHERE role = 'owner'`).Scan(&last); err != nil {
			t.Fatal(err)
		}
		if _, err := w.UpdateUser(t.Context(), last, Change{Disabled: &off}); !errs.Is(err, "auth.last_owner") {
			t.Fatalf("disabling the last owner: %v", err)
		}
		w.exec(`DELETE FROM auth_user`)
	}
}

func TestEnsureOwner(t *testing.T) {
	w := newWorld(t)
	ctx := actor.With(t.Context(), actor.SystemActor())
	if there, err := w.HasOwner(ctx); err != nil || there {
		t.Errorf("HasOwner = %v, %v", there, err)
	}
	ids := make([]int64, 10)
	made := make([]bool, 10)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			u, created, err := w.EnsureOwner(ctx, "老板", "Boss@example.cn")
			if err != nil {
				t.Error(err)
			}
			ids[i], made[i] = u.ID, created
		})
	}
	wg.Wait()
	n := 0
	for i := range ids {
		if ids[i] != ids[0] {
			t.Errorf("ids = %v", ids)
		}
		if made[i] {
			n++
		}
	}
	if n != 1 || w.recorded("user.create") != 1 {
		t.Errorf("created %d times, %q", n, w.audits)
	}
	if there, err := w.HasOwner(ctx); err != nil || !there {
		t.Errorf("HasOwner = %v, %v", there, err)
	}
	// Nobody has a password by default.
	if n := w.count(`SELECT count(*) FROM auth_user WHERE password_hash <> ''`); n != 0 {
		t.Error("the new owner has a password")
	}
	w.user(actor.Analyst, "analyst@example.cn")
	if _, _, err := w.EnsureOwner(ctx, "x", "analyst@example.cn"); !errs.Is(err, "auth.email_taken") {
		t.Errorf("an analyst's address: %v", err)
	}
}
