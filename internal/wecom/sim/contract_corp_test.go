package sim

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func corpSuites() []suite {
	return []suite{
		{Name: "directory", World: corpWorld, Cases: directoryContracts},
		{Name: "token", World: corpWorld, Cases: tokenContracts},
		{Name: "contacts sync", World: corpWorld, Cases: contactsContracts},
		{Name: "secrets", World: corpWorld, Cases: secretContracts},
		{Name: "sign in", World: corpWorld, Cases: signInContracts},
		{Name: "range", World: rangedWorld, Cases: rangeContracts},
		{Name: "console", World: corpWorld, Cases: consoleContracts},
		{Name: "habits of clients", World: clientsWorld, Cases: clientContracts},
	}
}

// corpWorld has members who can be looked up, and a second app.
func corpWorld() *World {
	w := smallWorld(3)
	w.Members[0].Mobile, w.Members[0].BizMail, w.Members[0].Email, w.Members[0].Gender = "13800000001", "lina@corp.example", "lina@mail.example", 2
	w.Departments = append(w.Departments, Department{ID: 3, Name: "一店收银", ParentID: 2})
	w.Members = append(w.Members, Member{UserID: "both", Name: "两处", Departments: []int64{3, 2}})
	w.OtherApp = &OtherApp{AgentID: 1000009, Name: "另一个应用", Secret: "other-shh", Whitelisted: true}
	return w
}

func rangedWorld() *World {
	w := corpWorld()
	w.Permissions.Departments, w.Permissions.Members = []int64{3}, []string{"LINA"}
	return w
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

func directoryContracts(*testing.T, *stage) []contract {
	return []contract{
		{Name: "all", API: "department/list", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "department", 1, "id") != 2.0 || dig(a, "department", 1, "name") != "一店" || dig(a, "department", 1, "parentid") != 1.0 ||
				dig(a, "department", 1, "department_leader", 0) != "wang" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "none such", API: "department/list", Query: "id=9", Want: 60003},
		{Name: "below", API: "department/simplelist", Query: "id=2", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "department_id", 0, "id") != 2.0 || dig(a, "department_id", 1, "id") != 3.0 || dig(a, "department_id", 2) != nil || dig(a, "department_id", 0, "name") != nil {
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
		{Name: "no app", API: "agent/get", Want: 41011},
		{Name: "addresses", API: "get_api_domain_ip", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "ip_list", 0) == nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "by mobile", API: "user/getuserid", Body: map[string]string{"mobile": "13800000001"}, Check: isUser("lina")},
		{Name: "nobody", API: "user/getuserid", Body: map[string]string{"mobile": "13800000002"}, Want: 46004},
		{Name: "empty", API: "user/getuserid", Body: map[string]string{}, Want: 40063},
		{Name: "a number", API: "user/getuserid", Body: `{"mobile":13800000001}`, Want: 40035},
		{Name: "of the corp", API: "user/get_userid_by_email", Body: map[string]any{"email": "LINA@corp.example"}, Check: isUser("lina")},
		{Name: "private", API: "user/get_userid_by_email", Body: map[string]any{"email": "lina@mail.example", "email_type": 2}, Check: isUser("lina")},
		{Name: "of the other kind", API: "user/get_userid_by_email", Body: map[string]any{"email": "lina@mail.example", "email_type": 1}, Want: 46004},
		{Name: "bad kind", API: "user/get_userid_by_email", Body: map[string]any{"email": "lina@mail.example", "email_type": 3}, Want: 40058},
		{Name: "addresses", API: "getcallbackip", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "ip_list", 0) == nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "of the corp", API: "get_jsapi_ticket", Check: ticketOK},
		{Name: "of the app", API: "ticket/get", Query: "type=agent_config", Check: ticketOK},
		{Name: "bad type", API: "ticket/get", Query: "type=jsapi", Want: 40035},
	}
}

func ticketOK(t *testing.T, a map[string]any) {
	if ticket, _ := dig(a, "ticket").(string); ticket == "" || len(ticket) > 512 || dig(a, "expires_in") != 7200.0 {
		t.Errorf("answer %v", a)
	}
}

func isUser(id string) func(*testing.T, map[string]any) {
	return func(t *testing.T, a map[string]any) {
		if dig(a, "userid") != id {
			t.Errorf("answer %v", a)
		}
	}
}

func contactsContracts(*testing.T, *stage) []contract {
	return []contract{
		{Name: "first page", API: "user/list_id", Token: "contacts", Body: map[string]any{"limit": 2}, Check: func(t *testing.T, a map[string]any) {
			if dig(a, "dept_user", 1, "userid") != "both" || dig(a, "dept_user", 1, "department") != 3.0 || dig(a, "dept_user", 2) != nil || dig(a, "next_cursor") == "" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "everybody", API: "user/list_id", Token: "contacts", Body: map[string]any{}, Check: func(t *testing.T, a map[string]any) {
			if dig(a, "dept_user", 5) == nil || dig(a, "dept_user", 6) != nil || dig(a, "next_cursor") != "" || dig(a, "dept_user", 2, "userid") != "ghost" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "too many", API: "user/list_id", Token: "contacts", Body: map[string]any{"limit": 10001}, Want: 40058},
		{Name: "bad cursor", API: "user/list_id", Token: "contacts", Body: map[string]any{"cursor": "x"}, Want: 50100},
		{Name: "with the app's secret", API: "user/list_id", Body: map[string]any{}, Want: 48002},
		{Name: "ids only", API: "user/get", Token: "contacts", Query: "userid=ghost", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "userid") != "ghost" || dig(a, "name") != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "ids only", API: "department/list", Token: "contacts", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "department", 0, "id") != 1.0 || dig(a, "department", 0, "name") != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "hidden ones too", API: "user/simplelist", Token: "contacts", Query: "department_id=1", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "userlist", 0, "userid") != "ghost" || dig(a, "userlist", 0, "name") != nil {
				t.Errorf("answer %v", a)
			}
		}},
	}
}

func secretContracts(*testing.T, *stage) []contract {
	return []contract{
		{Name: "contacts sync has no customers", API: "externalcontact/get_follow_user_list", Token: "contacts", Want: 48002},
		{Name: "the archive has no members", API: "user/get", Token: "archive", Query: "userid=lina", Want: 48002},
		{Name: "the archive may ask where calls come from", API: "getcallbackip", Token: "archive"},
		{Name: "the other app is itself", API: "agent/get", Token: "other", Query: "agentid=1000009", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "name") != "另一个应用" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "the other app is not ours", API: "agent/get", Token: "other", Query: "agentid=1000002", Want: 301002},
		{Name: "the other app is on the list", API: "externalcontact/get_follow_user_list", Token: "other"},
		{Name: "and has no contacts sync", API: "user/list_id", Token: "other", Body: map[string]any{}, Want: 48002},
	}
}

// signedIn runs a sign-in and gives the code that comes back.
func signedIn(who, scope string) func(*stage) any {
	return func(k *stage) any {
		back, err := k.s.authorize(map[string][]string{"appid": {testCorp}, "redirect_uri": {"https://crm.example.com/"}, "state": {"s"}, "scope": {scope}, "agentid": {"1000002"}}, who)
		k.must(err)
		u, err := url.Parse(back)
		k.must(err)
		k.Keep[who] = u.Query().Get("code")
		return map[string]string{"code": k.Keep[who]}
	}
}

func signInContracts(*testing.T, *stage) []contract {
	var ticket string
	return []contract{
		{Name: "a member", API: "auth/getuserinfo", Query: signedIn("staff:lina", "snsapi_base"), Check: func(t *testing.T, a map[string]any) {
			if dig(a, "userid") != "lina" || dig(a, "user_ticket") != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "twice", API: "auth/getuserinfo", Query: func(k *stage) any { return map[string]string{"code": k.Keep["staff:lina"]} }, Want: 42022},
		{Name: "a stranger", API: "auth/getuserinfo", Query: signedIn("person:wm0000", "snsapi_base"), Check: func(t *testing.T, a map[string]any) {
			if openid, _ := dig(a, "openid").(string); openid == "" || dig(a, "external_userid") != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "bad code", API: "auth/getuserinfo", Query: "code=x", Want: 40029},
		{Name: "the old path", API: "user/getuserinfo", Query: signedIn("staff:wang", "snsapi_base"), Check: func(t *testing.T, a map[string]any) {
			if dig(a, "UserId") != "wang" || dig(a, "userid") != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "after five minutes", API: "auth/getuserinfo", Query: func(k *stage) any {
			q, _ := signedIn("staff:lina", "snsapi_base")(k).(map[string]string)
			k.s.auth.codes[q["code"]].at = k.s.wall.Now().Add(-codeLife - time.Second)
			return q
		}, Want: 42003},
		{Name: "bad code", API: "user/getuserinfo", Query: "code=x", Want: 40029},
		{Name: "with consent", API: "auth/getuserinfo", Query: signedIn("staff:lina", "snsapi_privateinfo"), Check: func(t *testing.T, a map[string]any) {
			if ticket, _ = dig(a, "user_ticket").(string); ticket == "" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "what was consented to", API: "auth/getuserdetail", Body: func(*stage) any { return map[string]string{"user_ticket": ticket} }, Check: func(t *testing.T, a map[string]any) {
			if dig(a, "userid") != "lina" || dig(a, "mobile") != "13800000001" || dig(a, "gender") != "2" || dig(a, "biz_mail") != "lina@corp.example" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "after half an hour", API: "auth/getuserdetail", Body: func(*stage) any { return map[string]string{"user_ticket": ticket} }, Before: func(k *stage) {
			k.s.auth.tickets[ticket].at = k.s.wall.Now().Add(-ticketLife - time.Second)
		}, Want: 84014},
		{Name: "bad ticket", API: "auth/getuserdetail", Body: map[string]string{"user_ticket": "x"}, Want: 84015},
		{Name: "no ticket", API: "auth/getuserdetail", Body: map[string]string{}, Want: 40063},
	}
}

func rangeContracts(*testing.T, *stage) []contract {
	return []contract{
		{Name: "agrees", API: "agent/get", Query: "agentid=1000002", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "allow_partys", "partyid", 0) != 3.0 || dig(a, "allow_userinfos", "user", 0, "userid") != "lina" || dig(a, "allow_userinfos", "user", 1) != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "a member by name", API: "user/get", Query: "userid=lina"},
		{Name: "a member by department", API: "user/get", Query: "userid=both"},
		{Name: "a colleague", API: "user/get", Query: "userid=wang", Want: 60011},
		{Name: "departments of the range", API: "department/list", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "department", 0, "id") != 3.0 || dig(a, "department", 1) != nil {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "a department above", API: "department/get", Query: "id=2", Want: 60011},
		{Name: "members of a department above", API: "user/list", Query: "department_id=2", Want: 60011},
		{Name: "contacts sync sees all", API: "department/simplelist", Token: "contacts", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "department_id", 2, "id") != 3.0 {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "a member out of range has no customers", API: "externalcontact/list", Query: "userid=wang", Want: 60011},
	}
}

// consoleContracts change the permissions while the simulator runs.
func consoleContracts(*testing.T, *stage) []contract {
	set := func(p Permissions) func(*stage) { return func(k *stage) { k.must(k.post("/sim/permissions", p, nil)) } }
	follow, user := "externalcontact/get_follow_user_list", "user/get"
	return []contract{
		{Name: "as it began", API: follow},
		{Name: "taken off the list", API: follow, Before: set(Permissions{Revoked: []string{"customer_contact"}}), Want: 48002},
		{Name: "members stay", API: user, Query: "userid=lina"},
		{Name: "a single path", API: user, Query: "userid=lina", Before: set(Permissions{Revoked: []string{"user/g*"}}), Want: 48002},
		{Name: "switched off", API: user, Query: "userid=lina", Before: set(Permissions{Disabled: true}), Want: 50003},
		{Name: "no token either", API: "gettoken", Token: "none", Query: "corpid=" + testCorp + "&corpsecret=shh", Want: 50003},
		{Name: "the other app goes on", API: user, Token: "other", Query: "userid=lina"},
		{Name: "from another address", API: user, Query: "userid=lina", Before: set(Permissions{TrustedIPs: []string{"10.0.0.0/8", "192.168.1.*"}}), Want: 60020,
			Check: func(t *testing.T, a map[string]any) {
				if msg, _ := a["errmsg"].(string); !strings.HasPrefix(msg, "not allow to access from your ip, hint: [") || !strings.Contains(msg, "from ip: 127.0.0.1,") {
					t.Errorf("errmsg %q", msg)
				}
			}},
		{Name: "from an address on the list", API: user, Query: "userid=lina", Before: set(Permissions{TrustedIPs: []string{"127.0.0.1"}})},
		{Name: "of a narrower range", API: user, Query: "userid=wang", Before: set(Permissions{Members: []string{"lina"}}), Want: 60011},
		{Name: "of everybody", API: user, Query: "userid=ghost", Before: set(Permissions{})},
		{Name: "of an old app", API: user, Query: "userid=lina", Before: set(Permissions{OldApp: true}), Check: func(t *testing.T, a map[string]any) {
			if dig(a, "mobile") != "13800000001" {
				t.Errorf("answer %v", a)
			}
		}},
	}
}

func clientsWorld() *World {
	w := corpWorld()
	w.Friends = []Friend{{UserID: "lina", ExternalUserID: "wm0000"}}
	w.Kf = []Service{{OpenKfID: "wkONE", Name: "客服"}}
	return w
}

// clientContracts are what widely used clients write otherwise than WeCom's pages say, and WeCom takes.
func clientContracts(*testing.T, *stage) []contract {
	day := at(0, 0).Unix()
	return []contract{
		{Name: "one member as the API first was", API: "externalcontact/batch/get_by_user", Body: map[string]any{"userid": "lina"}, Check: func(t *testing.T, a map[string]any) {
			if dig(a, "external_contact_list", 0, "external_contact", "external_userid") != "wm0000" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "a GET with a query", API: "kf/account/list", Method: "GET", Query: "offset=0&limit=10", Check: func(t *testing.T, a map[string]any) {
			if dig(a, "account_list", 0, "open_kfid") != "wkONE" {
				t.Errorf("answer %v", a)
			}
		}},
		{Name: "a GET with a bad query", API: "kf/account/list", Method: "GET", Query: "offset=x", Want: 40035},
		{Name: "agentid as a string", API: "message/send", Body: map[string]any{"touser": "lina", "agentid": "1000002", "msgtype": "text", "text": map[string]string{"content": "早"}}},
		{Name: "another's agentid as a string", API: "message/send", Body: map[string]any{"touser": "lina", "agentid": "1000009", "msgtype": "text", "text": map[string]string{"content": "早"}}, Want: 301002},
		{Name: "order 0 for the default", API: "externalcontact/groupchat/statistic", Before: func(k *stage) { k.advance(at(33, 0)) },
			Body: map[string]any{"day_begin_time": day, "order_by": 0, "owner_filter": map[string]any{"userid_list": []string{"lina"}}}},
		{Name: "parameters nobody knows", API: "user/get", Query: "userid=lina&debug=1&from=sdk"},
	}
}
