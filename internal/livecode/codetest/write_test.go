package codetest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"qunce/internal/livecode"
	"qunce/internal/livecode/codetest"
	"qunce/internal/wecom/sim"
)

func rename(t *testing.T, b *codetest.Brand, id int64, names ...string) {
	t.Helper()
	for _, n := range names {
		if err := b.Codes.Update(codetest.As(t.Context()), id, livecode.Change{Name: &n}); err != nil {
			t.Fatal(err)
		}
	}
}

// Several changes in a row are written once, and those that come to nothing not at all.
func TestAContactWayIsWrittenWhenItDiffers(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	c := b.Create(poster(b))
	const written = `SELECT count(*) FROM outbox_call WHERE kind = 'update_contact_way' AND state = 'done' AND (result->>'written')::boolean = $1`
	rename(t, b, c.ID, "收银台", "外卖卡", "门口")
	b.Settle()
	if yes, no := codetest.One[int](b, written, true), codetest.One[int](b, written, false); yes != 1 || no != 2 {
		t.Errorf("%d calls wrote and %d did not", yes, no)
	}
	way, err := b.WeCom.GetContactWay(t.Context(), c.ConfigID)
	if err != nil || way.Remark != "门口" {
		t.Errorf("%+v, %v", way, err)
	}

	if err := b.Sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{"externalcontact/update_contact_way": 40058}}); err != nil {
		t.Fatal(err)
	}
	rename(t, b, c.ID, "二楼", "门口")
	b.Settle()
	if yes, no := codetest.One[int](b, written, true), codetest.One[int](b, written, false); yes != 1 || no != 4 {
		t.Errorf("%d calls wrote and %d did not", yes, no)
	}
}

// A tag that the relation has already is not set again.
func TestTagsThatAreThereAreNotSet(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	room := b.Create(livecode.NewCode{Kind: livecode.StaffCode, Name: "一个人", Channel: livecode.TableCard, StoreID: b.West, TagIDs: []string{"etPOSTER"},
		StaffIDs: []int64{codetest.One[int64](b, `SELECT id FROM directory_staff WHERE userid = 'lina'`)}})
	act := func(path string, in map[string]any) { // without working what it calls back
		t.Helper()
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Post(b.SimURL+"/sim/api/"+path, "application/json", bytes.NewReader(body)) //nolint:noctx // a test
		if err != nil {
			t.Fatal(err)
		}
		if _ = res.Body.Close(); res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, res.Status)
		}
	}
	refuse := map[string]int{"externalcontact/mark_tag": 40058}
	if err := b.Sim.Faults(t.Context(), sim.Faults{Refuse: refuse}); err != nil {
		t.Fatal(err)
	}
	act("add", map[string]any{"person": codetest.Person(0), "qr": room.QR})
	act("staff/lina/act", map[string]any{"kind": "tag", "external_userid": codetest.Person(0), "add": []string{"etPOSTER"}})
	b.Settle()
	act("add", map[string]any{"person": codetest.Person(1), "qr": room.QR})
	b.Settle()
	const calls = `SELECT count(*) FROM outbox_call WHERE kind = 'livecode.mark_tag' AND state = $1`
	if done, failed := codetest.One[int](b, calls, "done"), codetest.One[int](b, calls, "failed"); done != 1 || failed != 1 {
		t.Errorf("%d calls found nothing to do and %d were refused, want one each", done, failed)
	}
}
