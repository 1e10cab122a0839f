package sim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"qunce/internal/failpoint"
)

var answerBefore = failpoint.New("sim.answer.before")

// tokenLife is how long an access token lives, in wall time.
const tokenLife = 7200 * time.Second

// call is one API call being answered; the handler holds the server's mu.
type call struct {
	s    *Server
	st   *state
	t    *transaction
	q    url.Values
	head http.Header // of the request
	body []byte
	file *blob // answered instead of JSON, if the endpoint sets it
}

// blob is a binary answer: Header as it goes out, Status 0 = 200.
type blob struct {
	Header http.Header
	Status int
	Body   []byte
}

// refusal is WeCom's no.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.code, r.text) }

func refuse(code int, text string) error { return &refusal{code, text} }

// fields is an answer besides errcode and errmsg.
type fields map[string]any

type endpoint struct {
	method string
	fn     func(*call) (fields, error)
	secret secretKind // which secret's token may call; the zero value is the app's
	open   bool       // answers without an access token, by a key of its own
	large  int64      // most bytes of a body; 0 = 8 MB
}

// secretKind names a secret of the corp, each with a token of its own.
type secretKind string

const (
	secretApp      secretKind = ""         // the app's
	secretContacts secretKind = "contacts" // of contacts sync (通讯录同步)
	secretArchive  secretKind = "archive"  // of the chat archive (会话内容存档)
)

// with lets another secret call instead of the app's.
func (e endpoint) with(k secretKind) endpoint { e.secret = k; return e }

// keyed lets anybody call without a token; the endpoint checks a key of its own.
func (e endpoint) keyed() endpoint { e.open = true; return e }

// upTo allows bodies of so many bytes.
func (e endpoint) upTo(n int64) endpoint { e.large = n; return e }

// endpoints lists the API by path.
func endpoints() map[string]endpoint {
	return map[string]endpoint{
		"department/list":                           get((*call).departmentList),
		"department/simplelist":                     get((*call).departmentSimple),
		"department/get":                            get((*call).departmentGet),
		"user/list":                                 get((*call).userList),
		"user/simplelist":                           get((*call).userList),
		"user/get":                                  get((*call).userGet),
		"agent/get":                                 get((*call).agentGet),
		"agent/list":                                get((*call).agentList),
		"get_jsapi_ticket":                          get((*call).corpTicket),
		"ticket/get":                                get((*call).agentTicket),
		"auth/getuserinfo":                          get((*call).userInfo),
		"user/getuserinfo":                          get((*call).userInfo),
		"getcallbackip":                             get((*call).callbackIP),
		"externalcontact/get_follow_user_list":      get((*call).followUsers),
		"externalcontact/list":                      get((*call).externalList),
		"externalcontact/get":                       get((*call).externalGet),
		"externalcontact/batch/get_by_user":         post((*call).batchGetByUser),
		"externalcontact/remark":                    post((*call).remark),
		"externalcontact/get_corp_tag_list":         post((*call).tagList),
		"externalcontact/add_corp_tag":              post((*call).addTag),
		"externalcontact/mark_tag":                  post((*call).markTag),
		"externalcontact/add_contact_way":           post((*call).addWay),
		"externalcontact/get_contact_way":           post((*call).getWay),
		"externalcontact/list_contact_way":          post((*call).listWay),
		"externalcontact/update_contact_way":        post((*call).updateWay),
		"externalcontact/del_contact_way":           post((*call).delWay),
		"externalcontact/groupchat/add_join_way":    post((*call).addJoin),
		"externalcontact/groupchat/get_join_way":    post((*call).getJoin),
		"externalcontact/groupchat/update_join_way": post((*call).updateJoin),
		"externalcontact/groupchat/del_join_way":    post((*call).delJoin),
		"externalcontact/groupchat/list":            post((*call).groupList),
		"externalcontact/groupchat/get":             post((*call).groupGet),
		"externalcontact/send_welcome_msg":          post((*call).welcome),
		"externalcontact/add_msg_template":          post((*call).addMass),
		"externalcontact/get_groupmsg_list_v2":      post((*call).massList),
		"externalcontact/get_groupmsg_task":         post((*call).massTasks),
		"externalcontact/get_groupmsg_send_result":  post((*call).massResults),
		"externalcontact/remind_groupmsg_send":      post((*call).massRemind),
		"externalcontact/cancel_groupmsg_send":      post((*call).massCancel),
		"message/send":                              post((*call).appMessage),
	}
}

// serveAPI answers one API call: limits and faults first, then the token, then the endpoint under the lock. Nothing is
// answered before it is durable, not even a read of it.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/cgi-bin/")
	size := int64(8 << 20)
	if e := s.table[name]; e.large > 0 {
		size = e.large
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, size))
	if err != nil {
		s.respond(w, r, nil, refuse(45002, "content size out of limit"))
		return
	}
	if !s.busy.enter(name) {
		s.respond(w, r, nil, refuse(45033, "api concurrent out of limit"))
		return
	}
	defer s.busy.leave(name)
	s.mu.Lock()
	c := &call{s: s, st: s.st, t: s.begin(), q: r.URL.Query(), head: r.Header, body: body}
	out, err := s.route(c, name, r.Method)
	n := s.commit(c.t)
	s.mu.Unlock()
	if jerr := s.journal.wait(n); jerr != nil {
		http.Error(w, "log is broken", http.StatusInternalServerError)
		return
	}
	if len(c.t.Ops) > 0 {
		answerBefore.Hit()
		if s.faults.draw(faultDrop) {
			panic(http.ErrAbortHandler) // breaks the connection
		}
	}
	if err == nil && c.file != nil {
		c.file.send(w)
		return
	}
	s.respond(w, r, out, err)
}

func (b *blob) send(w http.ResponseWriter) {
	for k, v := range b.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(max(b.Status, http.StatusOK))
	_, _ = w.Write(b.Body) // the reader may be gone
}

func (s *Server) route(c *call, name, method string) (fields, error) {
	if !s.admit(name) {
		return nil, refuse(45009, "api freq out of limit")
	}
	if name == "gettoken" {
		return c.getToken()
	}
	if s.faults.draw(faultAPI) {
		return nil, refuse(-1, "system error")
	}
	e, ok := s.table[name]
	if !ok {
		return nil, refuse(40066, "invalid url")
	}
	if !e.open {
		if err := c.checkToken(); err != nil {
			return nil, err
		}
	}
	if code := s.faults.refused(name); code != 0 {
		return nil, refuse(code, "refused by a fault that was set")
	}
	if method != e.method {
		return nil, refuse(40058, "invalid request method")
	}
	return e.fn(c)
}

// respond writes WeCom's envelope; refusals come with HTTP 200, too.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, out fields, err error) {
	if out == nil {
		out = fields{}
	}
	out["errcode"], out["errmsg"] = 0, "ok"
	if err != nil {
		code, text := -1, "system error"
		if ref, ok := err.(*refusal); ok { //nolint:errorlint // refusals are never wrapped
			code, text = ref.code, ref.text
		}
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		hint := fmt.Sprintf("%d%014d", 1_000_000_000+rand.Int64N(8_000_000_000), rand.Int64N(100_000_000_000_000)) //nolint:gosec // decoration
		out = fields{"errcode": code, "errmsg": fmt.Sprintf("%s, hint: [%s], from ip: %s, more info at https://open.work.weixin.qq.com/devtool/query?e=%d", text, hint, host, code)}
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(out) // the reader may be gone
}

// crowd counts the calls of each API that are being answered.
type crowd struct {
	most int // 0 = no limit
	mu   sync.Mutex
	n    map[string]int
}

func (c *crowd) enter(api string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most > 0 && c.n[api] >= c.most {
		return false
	}
	c.n[api]++
	return true
}

func (c *crowd) leave(api string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[api]--
}

type minute struct {
	start time.Time
	n     int
}

func (s *Server) admit(name string) bool {
	limit := s.st.World.Limits.APIPerMinute
	if limit <= 0 {
		return true
	}
	now := s.wall.Now()
	m := s.calls[name]
	if m == nil || now.Sub(m.start) >= time.Minute {
		m = &minute{start: now}
		s.calls[name] = m
	}
	m.n++
	return m.n <= limit
}

// Tokens. A token is made from its generation, so that it survives a restart without being kept.

func (s *Server) token(gen int64) string {
	h := hmac.New(sha256.New, []byte(s.opt.Secret))
	_, _ = fmt.Fprintf(h, "%s/%d", s.opt.CorpID, gen)
	return hex.EncodeToString(h.Sum(nil)) + "-" + strconv.FormatInt(gen, 10)
}

func (c *call) getToken() (fields, error) {
	corp, secret := c.q.Get("corpid"), c.q.Get("corpsecret")
	switch {
	case corp == "":
		return nil, refuse(41002, "corpid missing")
	case secret == "":
		return nil, refuse(41004, "secret missing")
	case corp != c.s.opt.CorpID:
		return nil, refuse(40013, "invalid corpid")
	case !hmac.Equal([]byte(secret), []byte(c.s.opt.Secret)):
		return nil, refuse(40001, "invalid credential")
	}
	now := c.s.wall.Now().Unix()
	if now >= c.st.TokenTo {
		c.t.do(op{K: opToken, N: c.st.Token + 1, M: now + int64(tokenLife/time.Second)})
	}
	return fields{"access_token": c.s.token(c.st.Token), "expires_in": c.st.TokenTo - now}, nil
}

func (c *call) checkToken() error {
	token := c.q.Get("access_token")
	if token == "" {
		return refuse(41001, "access_token missing")
	}
	_, g, _ := strings.Cut(token, "-")
	gen, err := strconv.ParseInt(g, 10, 64)
	if err != nil || gen > c.st.Token || !hmac.Equal([]byte(token), []byte(c.s.token(gen))) {
		return refuse(40014, "invalid access_token")
	}
	if gen == c.st.Token && c.s.wall.Now().Unix() < c.st.TokenTo {
		return nil
	}
	if gen == c.st.Token && c.st.TokenTo == 0 {
		return refuse(40014, "invalid access_token")
	}
	return refuse(42001, "access_token expired")
}

// decode reads the body strictly: a number for a string is refused, as WeCom does; unknown fields are not.
func (c *call) decode(into any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	if err := d.Decode(into); err != nil {
		return refuse(40035, "invalid parameter. Warning: wrong json format. ")
	}
	if d.More() {
		return refuse(40035, "invalid parameter. Warning: wrong json format. ")
	}
	return nil
}

// Cursors are opaque: the API's name and a position, with a checksum.

func cursor(api, pos string) string {
	raw := api + "\n" + pos
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%08x%s", crc32.ChecksumIEEE([]byte(raw)), raw))
}

func position(api, cur string) (string, error) {
	if cur == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cur)
	if err == nil && len(raw) > 8 && fmt.Sprintf("%08x", crc32.ChecksumIEEE(raw[8:])) == string(raw[:8]) {
		if name, pos, ok := strings.Cut(string(raw[8:]), "\n"); ok && name == api {
			return pos, nil
		}
	}
	return "", refuse(50100, "invalid cursor")
}

// page cuts keys, which are sorted, after the cursor; next is "" on the last page.
func page(api, cur string, limit int, keys []string) (out []string, next string, err error) {
	after, err := position(api, cur)
	if err != nil {
		return nil, "", err
	}
	from := 0
	if after != "" {
		i, found := slices.BinarySearch(keys, after)
		if from = i; found {
			from++
		}
	}
	out = keys[from:]
	if len(out) > limit {
		out = out[:limit]
		next = cursor(api, out[limit-1])
	}
	return out, next, nil
}

func within(limit, otherwise, most int) int {
	if limit <= 0 {
		return otherwise
	}
	return min(limit, most)
}

func chars(s string) int { return utf8.RuneCountInString(s) }

// visible finds a member in the app's visible range.
func (c *call) visible(userID string) (*Member, error) {
	if userID == "" {
		return nil, refuse(41009, "missing userid")
	}
	m := c.st.member(userID)
	switch {
	case m == nil:
		return nil, refuse(60111, "userid not found")
	case m.Hidden:
		return nil, refuse(60011, "no privilege to access/modify contact/party/agent")
	}
	return m, nil
}

// relation finds the live edge of a visible member and a customer.
func (c *call) relation(userID, ext string) (*edge, error) {
	m, err := c.visible(userID)
	if err != nil {
		return nil, err
	}
	if ext == "" {
		return nil, refuse(41035, "missing external userid")
	}
	if c.st.people[ext] == nil {
		return nil, refuse(40096, "invalid external userid")
	}
	e := c.st.edge(m.UserID, ext)
	if !e.alive() {
		return nil, refuse(84061, "not external contact")
	}
	return e, nil
}
