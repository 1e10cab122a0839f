package wecom

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"qunce/internal/errs"
	"qunce/internal/i18n"
)

// Every code has a sentence in both languages that says something about this code: not the general one, with every
// parameter it names filled in, and none with a credential's or an internal name.
func TestEveryCodeHasASentence(t *testing.T) {
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for code, kind := range kinds {
		e := &Error{API: "/cgi-bin/x", Code: code, Msg: "no, hint: [1588]"}
		if errs.KindOf(e) != kind || errs.CodeOf(e) != SentenceCode(code) {
			t.Errorf("%d: %s %s", code, errs.KindOf(e), errs.CodeOf(e))
		}
		var ours *errs.Error
		if !errors.As(error(e), &ours) {
			t.Fatalf("%d is no errs.Error", code)
		}
		for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
			if _, ok := catalog.Codes(lang)[ours.Code]; !ok {
				t.Errorf("%s: no sentence for %s", lang, ours.Code)
			}
			text := catalog.Error(lang, ours.Code, ours.Params)
			if strings.ContainsAny(text, "{}") || strings.Contains(text, "{") {
				t.Errorf("%s: %s has a parameter without a value: %s", lang, ours.Code, text)
			}
			if lang == i18n.Chinese && !strings.HasSuffix(text, "。") || lang == i18n.English && !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s is no sentence: %s", lang, ours.Code, text)
			}
		}
	}
	if SentenceCode(99999) != "wecom.other" || len(SentenceCodes()) != len(kinds)+2 {
		t.Error("unknown codes share one sentence")
	}
}

// The codes of the fact sheet that a client must know.
func TestKnownCodes(t *testing.T) {
	ranges := [][2]int{{41035, 41051}, {41053, 41056}, {41058, 41062}, {41063, 41065}, {41067, 41091}, {41093, 41096}, {42014, 42019},
		{41200, 41202}, {41210, 41211}, {40096, 40100}, {40128, 40131}, {90500, 90504}, {90507, 90511}, {95000, 95002}, {95004, 95008},
		{95016, 95019}, {301058, 301061}}
	absent := map[int]bool{41057: true, 41092: true}
	known := []int{-1, 6000, 40001, 40003, 40004, 40005, 40006, 40007, 40008, 40009, 40013, 40014, 40029, 40031, 40032, 40035, 40056, 40058, 40063,
		40066, 40068, 40071, 40072, 40091, 40093, 40126, 40143, 40144, 40145, 40201, 40204, 40205, 41001, 41002, 41004, 41009, 41011, 42001, 42003,
		42012, 42022, 42052, 44004, 45001, 45002, 45008, 45009, 45029, 45033, 45035, 45036, 46004, 48001, 48002, 48005, 48006, 48009, 48010, 48011,
		49008, 50001, 50002, 50003, 50100, 60003, 60011, 60020, 60021, 60030, 60111, 60123, 60140, 60268, 81013, 81017, 82001, 84014, 84015, 84061,
		84074, 84083, 84084, 86001, 86003, 86214, 93000, 93001, 93004, 93008, 93017, 93018, 95013, 95014, 95033, 301002, 301007, 301048, 301052,
		301053, 301111, 610023, 610024, 701008, 830002}
	for _, r := range ranges {
		for code := r[0]; code <= r[1]; code++ {
			if !absent[code] {
				known = append(known, code)
			}
		}
	}
	for _, code := range known {
		if _, ok := kinds[code]; !ok {
			t.Errorf("%d has no sentence", code)
		}
	}
}

// What WeCom told is read out of its words; the sentence of 60020 names the address to add.
func TestWhatWeComTold(t *testing.T) {
	const words = "not allow to access from your ip, hint: [1772437512345678901234ab], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e=60020"
	for _, tt := range []struct{ msg, hint, ip string }{
		{words, "1772437512345678901234ab", "203.0.113.7"},
		{"bad, hint: [1558_1_a1b2], from ip: 2001:db8::7, more", "1558_1_a1b2", "2001:db8::7"},
		{"bad, from ip: 999.1.1.1, more", "—", "—"},
		{"system busy", "—", "—"},
	} {
		if hint, ip := told(tt.msg); hint != tt.hint || ip != tt.ip {
			t.Errorf("%s: %q, %q", tt.msg, hint, ip)
		}
	}
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	c, _ := client(t, map[string][]string{"agent/get": {fmt.Sprintf(`{"errcode":60020,"errmsg":%q}`, words)}})
	_, err = c.AgentGet(context.Background())
	var ours *errs.Error
	if !errors.As(err, &ours) {
		t.Fatal(err)
	}
	if text := catalog.Error(i18n.Chinese, ours.Code, ours.Params); !strings.Contains(text, "203.0.113.7") || !strings.Contains(text, "企业可信IP") {
		t.Error(text)
	}
	if ours.Params["api"] != "/cgi-bin/agent/get" || ours.Params["errcode"] != 60020 || ours.Params["hint"] != "1772437512345678901234ab" {
		t.Errorf("params %v", ours.Params)
	}
}

// Whatever WeCom or the network says, an error tells neither secret nor token nor a robot's key.
func TestErrorsTellNoCredential(t *testing.T) {
	const secret, token, key = "the-apps-secret", "the-access-token", "the-robots-key"
	c, _ := client(t, map[string][]string{
		"gettoken":     {`{"errcode":0,"access_token":"` + token + `","expires_in":7200}`},
		"message/send": {`{"errcode":40014,"errmsg":"invalid access_token ` + token + ` of ` + secret + `"}`},
		"webhook/send": {`{"errcode":93000,"errmsg":"invalid webhook url, key=` + key + `"}`, "drop"},
		"agent/get":    {"drop"},
	})
	c.secret = secret
	dead := New(Config{BaseURL: "http://127.0.0.1:1", CorpID: "ww", Secret: secret})
	_, err1 := c.SendAppMessage(context.Background(), AppMessage{ToUser: "lina"})
	_, err2 := c.AgentGet(context.Background())
	_, err3 := dead.AgentGet(context.Background())
	for i, err := range []error{err1, err2, err3, c.RobotSend(context.Background(), key, RobotMessage{}), c.RobotSend(context.Background(), key, RobotMessage{})} {
		if err == nil {
			t.Fatalf("error %d is missing", i)
		}
		text := fmt.Sprintf("%v %+v %s", err, err, errors.Unwrap(err))
		for _, hidden := range []string{secret, token, key} {
			if strings.Contains(text, hidden) {
				t.Errorf("error %d tells %s: %s", i, hidden, text)
			}
		}
	}
	for _, s := range c.Quotas() {
		if strings.Contains(fmt.Sprint(s), key) {
			t.Errorf("the quota tells the robot's key: %+v", s)
		}
	}
}

func TestItemError(t *testing.T) {
	if err := ItemError("/cgi-bin/x", 0, "ok"); err != nil {
		t.Error(err)
	}
	if err := ItemError("/cgi-bin/x", 40128, "limit"); errs.CodeOf(err) != "wecom.40128" || errs.KindOf(err) != errs.Conflict {
		t.Error(err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	c, s := client(t, map[string][]string{"agent/get": {"302"}})
	if _, err := c.AgentGet(context.Background()); errs.CodeOf(err) != "wecom.unreachable" || Unknown(err) || len(s.seen) != 2 {
		t.Errorf("%v after %v", err, s.seen)
	}
}
