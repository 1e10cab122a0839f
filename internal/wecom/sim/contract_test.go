package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// suite is a list of contracts kept in order on one world of its own.
type suite struct {
	Name  string
	World func() *World  // nil = smallWorld(3)
	Set   func(*Options) // may be nil
	Cases func(*testing.T, *stage) []contract
}

// contract is one call over raw HTTP and what WeCom answers to it.
//
// Query and Body may be functions, func(*stage) any, for what is known only when the call's turn has come. A Body that is
// a string goes out as it is, *form as multipart, nil as nothing, everything else as JSON; a Query is url.Values,
// map[string]string or a string.
type contract struct {
	Name   string
	API    string // below /cgi-bin/
	Method string // empty = as the API wants it
	Query  any
	Body   any
	Token  string       // whose token: "" the app's, or a name in stage.Tokens; "none" sends none, as gettoken and webhook/* want it
	Before func(*stage) // what happens in the world first; may be nil
	Want   int          // errcode
	Check  func(t *testing.T, answer map[string]any)
}

// form is a multipart body.
type form struct {
	Type string // the Content-Type with its boundary
	Body []byte
}

// stage is where a suite is played.
type stage struct {
	*rig
	Tokens map[string]func() string // by name, for contract.Token
	Keep   map[string]string        // what cases remember for later ones
	header http.Header              // of the last answer
	raw    []byte                   // the last answer
}

// contractSuites lists the suites of all areas.
func contractSuites() []suite {
	return slices.Concat(corpSuites(), dealingSuites(), talkSuites(), codeSuites())
}

// TestContracts plays all suites. Every endpoint needs a contract of its success and of a refusal, and every code that the
// package refuses with needs one that wants it.
func TestContracts(t *testing.T) {
	seen, ran, suites := answered{}, 0, contractSuites()
	for _, s := range suites {
		t.Run(s.Name, func(t *testing.T) {
			ran++
			w := smallWorld(3)
			if s.World != nil {
				w = s.World()
			}
			k := newStage(t, w, s.Set)
			for _, c := range s.Cases(t, k) {
				if k.play(c) {
					seen.add(c.API, c.Want)
				}
			}
		})
	}
	if ran < len(suites) {
		return // only some were asked for
	}
	for _, api := range APIs() {
		if !seen[api][0] {
			t.Errorf("%s has no contract of success", api)
		}
		if len(seen[api]) < 2 {
			t.Errorf("%s has no contract of refusal", api)
		}
	}
	seen.check(t, joinEndpoints())
}

// TestEveryEndpointWantsAToken: no endpoint answers without one, nor to a made-up one, nor to the wrong method; except for
// gettoken and webhook/*, which take none.
func TestEveryEndpointWantsAToken(t *testing.T) {
	k := newStage(t, smallWorld(1), nil)
	for api, e := range k.s.table {
		if e.open {
			continue
		}
		other := http.MethodGet
		if e.method == http.MethodGet {
			other = http.MethodPost
		}
		k.play(contract{Name: "no token", API: api, Token: "none", Body: map[string]any{}, Want: 41001})
		k.play(contract{Name: "bad token", API: api, Token: "none", Query: "access_token=made-up", Body: map[string]any{}, Want: 40014})
		if e.loose {
			continue
		}
		k.play(contract{Name: "wrong method", API: api, Method: other, Token: string(e.secret), Body: map[string]any{}, Want: 40058})
	}
}

func newStage(t *testing.T, w *World, set func(*Options)) *stage {
	t.Helper()
	r := &rig{t: t, p: newPlatform(t), opt: Options{Dir: t.TempDir(), World: w, Token: testToken, EncodingAESKey: testKey,
		CorpID: testCorp, Secret: "shh", ContactsSecret: "contacts-shh", ArchiveSecret: "archive-shh", AgentID: 1000002, BrowserBase: "http://phone.test/phone"}}
	r.opt.CallbackURL = r.p.srv.URL + "/callback"
	if set != nil {
		set(&r.opt)
	}
	r.start()
	t.Cleanup(r.stop)
	k := &stage{rig: r, Keep: map[string]string{}}
	k.Tokens = map[string]func() string{
		"none":     func() string { return "" },
		"contacts": func() string { return k.tokenFor("contacts-shh") },
		"archive":  func() string { return k.tokenFor("archive-shh") },
		"other":    func() string { return k.tokenFor("other-shh") },
		"": func() string {
			token, err := r.c.Token(context.Background())
			r.must(err)
			return token
		},
	}
	return k
}

// tokenFor asks for the token of a secret.
func (k *stage) tokenFor(secret string) string {
	k.t.Helper()
	a, err := k.ask(contract{API: "gettoken", Token: "none", Query: map[string]string{"corpid": testCorp, "corpsecret": secret}})
	k.must(err)
	token, _ := a["access_token"].(string)
	return token
}

// play makes the call and reports whether it was answered as the contract says.
func (k *stage) play(c contract) bool {
	ok := true
	wrong := func(format string, args ...any) {
		k.t.Errorf("%s (%s): %s", c.API, c.Name, fmt.Sprintf(format, args...))
		ok = false
	}
	if c.Before != nil {
		c.Before(k)
	}
	answer, err := k.ask(c)
	if err != nil {
		wrong("%v", err)
		return false
	}
	code, isNumber := answer["errcode"].(float64)
	_, isText := answer["errmsg"].(string)
	if answer["errcode"] == nil && c.Want == 0 { // a binary answer
		isNumber, isText = true, true
	}
	if !isNumber || !isText {
		wrong("errcode %v or errmsg %v is missing or of another type", answer["errcode"], answer["errmsg"])
	}
	if int(code) != c.Want {
		wrong("answered %d %v, want %d", int(code), answer["errmsg"], c.Want)
	}
	if c.Check != nil && ok {
		k.checked(c, answer, &ok)
	}
	return ok
}

// checked runs the case's own check in a test of its name, so that it may end itself.
func (k *stage) checked(c contract, answer map[string]any, ok *bool) {
	t, isT := k.t.(*testing.T)
	if !isT {
		return
	}
	*ok = t.Run(c.API+"/"+c.Name, func(t *testing.T) { c.Check(t, answer) })
}

// ask makes the call; an answer that is no JSON comes back as an empty map, its bytes in k.raw.
func (k *stage) ask(c contract) (map[string]any, error) {
	q := queryOf(resolve(k, c.Query))
	if !strings.Contains(q.Encode(), "access_token=") {
		if token := k.Tokens[c.Token]; token != nil {
			if v := token(); v != "" {
				q.Set("access_token", v)
			}
		}
	}
	method := c.Method
	if method == "" {
		if method = k.s.table[c.API].method; method == "" {
			method = http.MethodGet
		}
	}
	kind, body, err := bodyOf(resolve(k, c.Body))
	if err != nil {
		return nil, err
	}
	if method == http.MethodGet {
		body = nil
	}
	req, err := http.NewRequestWithContext(context.Background(), method, k.web.URL+"/cgi-bin/"+c.API+"?"+q.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", kind)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		return nil, err
	}
	k.header, k.raw = res.Header, b.Bytes()
	out := map[string]any{}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		return out, nil
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	return out, json.Unmarshal(b.Bytes(), &out)
}

func resolve(k *stage, v any) any {
	if fn, ok := v.(func(*stage) any); ok {
		return fn(k)
	}
	return v
}

func queryOf(v any) url.Values {
	switch v := v.(type) {
	case url.Values:
		return v
	case map[string]string:
		q := url.Values{}
		for name, s := range v {
			q.Set(name, s)
		}
		return q
	case string:
		q, _ := url.ParseQuery(v)
		return q
	}
	return url.Values{}
}

func bodyOf(v any) (kind string, body []byte, err error) {
	kind = "application/json"
	switch v := v.(type) {
	case nil:
	case string:
		body = []byte(v)
	case *form:
		kind, body = v.Type, v.Body
	default:
		body, err = json.Marshal(v)
	}
	return kind, body, err
}

// dig follows names and positions into an answer: dig(a, "group_chat", "member_list", 0, "userid").
func dig(v any, path ...any) any {
	for _, step := range path {
		switch at := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[at]
		case int:
			l, _ := v.([]any)
			if at >= len(l) {
				return nil
			}
			v = l[at]
		}
	}
	return v
}
