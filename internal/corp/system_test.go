package corp_test

import (
	"strings"
	"testing"

	"qunce/internal/clock"
)

// What went wrong with a call is said in a sentence with WeCom's figures; what the database or WeCom said stays in the log.
func TestFailedCallsAreSaidInASentence(t *testing.T) {
	x := newTown(t)
	_, err := x.c.DB.Exec(t.Context(), `INSERT INTO outbox_call (id, key, kind, class, lane, entity, payload, state, next_at, created_at, error_code, error_params, error, cause_id)
		VALUES (9001, 'k', 'update_contact_way', 'repeatable', 'write', 'code/1', '{}', 'failed', $1, $1, 'wecom.48002', '{"api": "externalcontact/update_contact_way"}', 'api forbidden', 1)`, clock.Wall().Now())
	x.check(err)
	var out struct {
		Items []struct {
			Code  *string `json:"error_code"`
			Error *string `json:"error"`
		} `json:"items"`
	}
	if code := x.call("GET", "/api/system/outbox?state=failed", &out); code != 200 || len(out.Items) != 1 {
		t.Fatalf("%d %+v", code, out)
	}
	if c := out.Items[0]; *c.Code != "wecom.48002" || !strings.Contains(*c.Error, "（externalcontact/update_contact_way）") || strings.Contains(*c.Error, "forbidden") {
		t.Errorf("%s: %s", *c.Code, *c.Error)
	}
}
