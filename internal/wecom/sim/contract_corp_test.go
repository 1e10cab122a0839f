package sim

import (
	"strings"
	"testing"
)

func corpSuites() []suite {
	return []suite{{Name: "directory", Cases: directoryContracts}, {Name: "token", Cases: tokenContracts}}
}

func tokenContracts(*testing.T, *stage) []contract {
	good := map[string]string{"corpid": testCorp, "corpsecret": "shh", "debug": "1", "unknown": "ignored"}
	return []contract{
		{Name: "good", API: "gettoken", Token: "none", Query: good, Check: func(t *testing.T, a map[string]any) {
			token, _ := dig(a, "access_token").(string)
			if token == "" || len(token) > 512 || dig(a, "expires_in") != 7200.0 {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "the same until it expires", API: "gettoken", Token: "none", Query: good, Check: func(t *testing.T, a map[string]any) {
			if expires, _ := dig(a, "expires_in").(float64); expires > 7200 || expires < 7100 {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "no corp", API: "gettoken", Token: "none", Query: "corpsecret=shh", Want: 41002},
		{Name: "no secret", API: "gettoken", Token: "none", Query: "corpid=" + testCorp, Want: 41004},
		{Name: "another corp", API: "gettoken", Token: "none", Query: "corpid=wwother&corpsecret=shh", Want: 40013},
		{Name: "a wrong secret", API: "gettoken", Token: "none", Query: "corpid=" + testCorp + "&corpsecret=x", Want: 40001},
	}
}

func directoryContracts(_ *testing.T, k *stage) []contract {
	code := func(who string) func(*stage) any {
		return func(k *stage) any {
			back, err := k.s.authorize(map[string][]string{"appid": {testCorp}, "redirect_uri": {"https://crm.example.com/"}, "state": {"s"}}, who)
			k.must(err)
			_, code, _ := strings.Cut(back, "code=")
			code, _, _ = strings.Cut(code, "&")
			k.Keep[who] = code
			return map[string]string{"code": code}
		}
	}
	return []contract{
		{Name: "all", API: "department/list", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "department", 1, "id") != 2.0 || dig(a, "department", 1, "name") != "一店" || dig(a, "department", 1, "parentid") != 1.0 ||
				dig(a, "department", 1, "department_leader", 0) != "wang" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "none such", API: "department/list", Query: "id=9", Want: 60003},
		{Name: "below", API: "department/simplelist", Query: "id=2", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "department_id", 0, "id") != 2.0 || dig(a, "department_id", 1) != nil || dig(a, "department_id", 0, "name") != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "none such", API: "department/simplelist", Query: "id=9", Want: 60003},
		{Name: "one", API: "department/get", Query: "id=2", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "department", "name") != "一店" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "none such", API: "department/get", Query: "id=9", Want: 60003},
		{Name: "no id", API: "department/get", Want: 40066},
		{Name: "one department, not recursive", API: "user/list", Query: "department_id=1", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "userlist", 0, "userid") != "noseat" || dig(a, "userlist", 1) != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "none such", API: "user/list", Query: "department_id=9", Want: 60003},
		{Name: "names", API: "user/simplelist", Query: "department_id=2", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "userlist", 0, "name") != "李娜" || dig(a, "userlist", 0, "department", 0) != 2.0 {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "no department", API: "user/simplelist", Want: 40058},
		{Name: "any case", API: "user/get", Query: "userid=WANG", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "userid") != "wang" || dig(a, "is_leader_in_dept", 0) != 1.0 || dig(a, "status") != 1.0 {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "nobody", API: "user/get", Query: "userid=nobody", Want: 60111},
		{Name: "out of range", API: "user/get", Query: "userid=ghost", Want: 60011},
		{Name: "range", API: "agent/get", Query: "agentid=1000002", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "agentid") != 1000002.0 || dig(a, "close") != 0.0 || dig(a, "allow_tags", "tagid") == nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "another app", API: "agent/get", Query: "agentid=1000003", Want: 301002},
		{Name: "the app itself", API: "agent/list", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "agentlist", 0, "agentid") != 1000002.0 {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "addresses", API: "getcallbackip", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "ip_list", 0) == nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "of the corp", API: "get_jsapi_ticket", Check: ticketOK},
		{Name: "of the app", API: "ticket/get", Query: "type=agent_config", Check: ticketOK},
		{Name: "bad type", API: "ticket/get", Query: "type=jsapi", Want: 40035},
		{Name: "a member", API: "auth/getuserinfo", Query: code("staff:lina"), Check: func(t *testing.T, a map[string]any) {
			if dig(a, "userid") != "lina" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "twice", API: "auth/getuserinfo", Query: func(k *stage) any { return map[string]string{"code": k.Keep["staff:lina"]} }, Want: 42022},
		{Name: "a stranger", API: "auth/getuserinfo", Query: code("person:wm0000"), Check: func(t *testing.T, a map[string]any) {
			if openid, _ := dig(a, "openid").(string); openid == "" || dig(a, "external_userid") != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "bad code", API: "auth/getuserinfo", Query: "code=x", Want: 40029},
		{Name: "the old path", API: "user/getuserinfo", Query: code("staff:wang")},
		{Name: "bad code", API: "user/getuserinfo", Query: "code=x", Want: 40029},
	}
}

func ticketOK(t *testing.T, a map[string]any) {
	if ticket, _ := dig(a, "ticket").(string); ticket == "" || len(ticket) > 512 || dig(a, "expires_in") != 7200.0 {
		t.Errorf("answer %v", a)
	}
}
