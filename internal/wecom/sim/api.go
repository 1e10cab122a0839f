package sim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"qunce/internal/failpoint"
)

var answerBefore = failpoint.New("sim.answer.before")

// call is one API call being answered; the handler holds the server's mu.
type call struct {
	s    *Server
	st   *state
	t    *transaction
	q    url.Values
	ip   string      // of the caller
	head http.Header // of the request
	body []byte
	file *blob // answered instead of JSON, if the endpoint sets it

	caller secretKind // whose token it came with
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
	secret secretKind   // which secret's token may call; the zero value is the app's
	also   []secretKind // and which others
	open   bool         // answers without an access token, by a key of its own
	large  int64        // most bytes of a body; 0 = 8 MB
	loose  bool         // may be called with GET as well, its body then being the query
}

// with lets another secret call instead of the app's.
func (e endpoint) with(k secretKind) endpoint { e.secret = k; return e }

// keyed lets anybody call without a token; the endpoint checks a key of its own.
func (e endpoint) keyed() endpoint { e.open = true; return e }

// upTo allows bodies of so many bytes.
func (e endpoint) upTo(n int64) endpoint { e.large = n; return e }

// endpoints lists the API by path.
func endpoints() map[string]endpoint {
	return map[string]endpoint{
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
	}
}

// serveAPI answers one API call: faults and limits first, then the token, then the endpoint under the lock. Nothing is
// answered before it is durable, not even a read of it.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/cgi-bin/")
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	began := s.wall.Now()
	rec := &Record{Kind: "api", Wall: began, Method: r.Method, API: name, Query: withoutSecrets(r.URL.Query()), IP: host}
	c := &call{s: s, st: s.st, q: r.URL.Query(), ip: host, head: r.Header}
	done := func() {
		rec.MS, rec.Caller = float64(s.wall.Now().Sub(began).Microseconds())/1000, c.callerName()
		s.tape.add(rec)
	}
	defer done()
	size := int64(8 << 20)
	if e := s.table[name]; e.large > 0 {
		size = e.large
	}
	var err error
	if c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, size)); err != nil {
		s.respond(w, rec, nil, refuse(45002, "content size out of limit"))
		return
	}
	rec.Body = readable(c.body)
	if !s.gate.enter(name) {
		s.respond(w, rec, nil, refuse(45033, "api concurrent out of limit"))
		return
	}
	defer s.gate.leave(name)
	bad := s.faults.call(name)
	rec.Fault = bad.fault
	if bad.slow > 0 {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(bad.slow):
		}
	}
	if bad.dropBefore {
		panic(http.ErrAbortHandler) // breaks the connection
	}
	var out fields
	n := s.transact(func(t *transaction) {
		c.t, rec.Sim = t, msTime(s.st.Now)
		out, err = s.route(c, name, r.Method, bad.refusal)
		rec.Effect = len(t.Ops) > 0
	})
	if jerr := s.journal.wait(n); jerr != nil {
		http.Error(w, "log is broken", http.StatusInternalServerError)
		return
	}
	if rec.Effect {
		answerBefore.Hit()
	}
	drop := bad.dropAfter
	if !drop && rec.Effect && s.faults.draw(faultDrop) {
		drop, rec.Fault = true, "drop_after_effect"
	}
	switch {
	case drop:
		rec.Undelivered = true
		if err == nil && c.file != nil {
			rec.Answer = c.file.String()
		} else {
			rec.envelope(out, err)
		}
		panic(http.ErrAbortHandler)
	case err == nil && c.file != nil:
		c.file.send(w, rec)
	default:
		s.respond(w, rec, out, err)
	}
}

func (c *call) callerName() string {
	if c.caller == secretApp && c.q.Get("access_token") != "" {
		return "app"
	}
	return string(c.caller)
}

func (b *blob) String() string {
	return fmt.Sprintf("(%d B %s)", len(b.Body), b.Header.Get("Content-Type"))
}

func (b *blob) send(w http.ResponseWriter, rec *Record) {
	for k, v := range b.Header {
		w.Header()[k] = v
	}
	rec.Status = max(b.Status, http.StatusOK)
	rec.Answer = b.String()
	w.WriteHeader(rec.Status)
	_, _ = w.Write(b.Body) // the reader may be gone
}

// route answers a call; a panic is a system error, as it would be at WeCom.
func (s *Server) route(c *call, name, method string, fault error) (out fields, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.say("%s: panic: %v\n%s", name, p, debug.Stack())
			out, err, c.file = nil, refuse(-1, "system error"), nil
		}
	}()
	if fault != nil {
		return nil, fault
	}
	if !s.gate.admit(name, c.ip) {
		return nil, refuse(45009, "api freq out of limit")
	}
	if name == "gettoken" {
		if !c.st.World.Permissions.trusts(c.ip) {
			return nil, refuse(60020, "not allow to access from your ip")
		}
		return c.getToken()
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
	if err := c.mayCall(name, e); err != nil {
		return nil, err
	}
	if e.loose && method == http.MethodGet {
		c.body, method = queryBody(c.q), e.method
	}
	if method != e.method {
		return nil, refuse(40058, "invalid request method")
	}
	defer c.s.rewind(c, name)()
	return e.fn(c)
}

// respond writes WeCom's envelope; refusals come with HTTP 200, too.
func (s *Server) respond(w http.ResponseWriter, rec *Record, out fields, err error) {
	b := rec.envelope(out, err)
	rec.Status = http.StatusOK
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_, _ = w.Write(b) // the reader may be gone
}

// envelope makes the answer and records it.
func (rec *Record) envelope(out fields, err error) []byte {
	if out == nil {
		out = fields{}
	}
	out["errcode"], out["errmsg"] = 0, "ok"
	if err != nil {
		code, text := -1, "system error"
		if ref, ok := err.(*refusal); ok { //nolint:errorlint // refusals are never wrapped
			code, text = ref.code, ref.text
		}
		hint := fmt.Sprintf("%d%014d", 1_000_000_000+rand.Int64N(8_000_000_000), rand.Int64N(100_000_000_000_000)) //nolint:gosec // decoration
		rec.Errcode = code
		out = fields{"errcode": code, "errmsg": fmt.Sprintf("%s, hint: [%s], from ip: %s, more info at https://open.work.weixin.qq.com/devtool/query?e=%d", text, hint, rec.IP, code)}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		panic(err) // our own types always encode
	}
	rec.Answer = maskedAnswer(rec.API, b.Bytes())
	return b.Bytes()
}

// either lets clients call with GET what was a GET once.
func (e endpoint) either() endpoint { e.loose = true; return e }

// queryBody is a query as a JSON object; what looks like a number is one.
func queryBody(q url.Values) []byte {
	out := fields{}
	for name := range q {
		if n, err := strconv.ParseInt(q.Get(name), 10, 64); err == nil {
			out[name] = n
		} else {
			out[name] = q.Get(name)
		}
	}
	b, _ := json.Marshal(out) // texts and numbers always encode
	return b
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
