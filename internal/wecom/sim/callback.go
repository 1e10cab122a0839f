package sim

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"qunce/internal/errs"
	"qunce/internal/wecom/callback"
)

// Receiver is where events go, and how hard they are tried.
type Receiver struct {
	URL    string `json:"url"` // empty = nowhere
	Token  string `json:"token"`
	AESKey string `json:"encoding_aes_key"`

	// Documented delivers as WeCom's pages say: five seconds for an answer, three tries more, then the event is lost; and
	// without a URL it is lost at once. Otherwise an event is tried until it is answered, and piles up without a URL.
	Documented bool `json:"documented"`
	// RetryRefused counts an answer other than 200 as a failure to be tried again. WeCom's pages disagree about it: one
	// says so, the newer one tries again only when there was no answer. It has a meaning with Documented only.
	RetryRefused bool `json:"retry_refused"`
}

const (
	answerIn   = 5 * time.Second // for a callback, wall
	verifyIn   = time.Second     // for the address test, wall
	moreTries  = 3
	nextTryMin = time.Second // before the first of them; each waits twice as long
)

// receiver is the present one: what was set while the simulator ran, or the options.
func (s *Server) receiver() Receiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.st.Corp.Receiver; r != nil {
		return *r
	}
	return Receiver{URL: s.opt.CallbackURL, Token: s.opt.Token, AESKey: s.opt.EncodingAESKey, Documented: s.opt.Documented, RetryRefused: s.opt.RetryRefused}
}

// firstAim sends events where they went before, unless something else is insisted on; that is saved in its place.
func (s *Server) firstAim() error {
	was := s.receiver()
	next := was
	if s.opt.Insist != nil {
		s.opt.Insist(&next)
	}
	if next == was {
		return s.post.aim(was)
	}
	_, err := s.setReceiver(next)
	return err
}

// Check is the outcome of an address test.
type Check struct {
	OK       bool    `json:"ok"`
	Status   int     `json:"status"` // HTTP; 0 = no answer
	MS       float64 `json:"ms"`     // wall
	Code     string  `json:"code,omitempty"`
	Problem  string  `json:"problem,omitempty"` // what is wrong and what to do, in Chinese
	Expected string  `json:"expected,omitempty"`
	Got      string  `json:"got,omitempty"` // the beginning of the answer
}

// verify tests an address exactly as the console does when it is saved: a GET with an encrypted echo, which has to come
// back decrypted and bare within a second.
func (s *Server) verify(ctx context.Context, r Receiver) Check {
	crypto, err := callback.NewCrypto(r.Token, r.AESKey, s.opt.CorpID)
	if err != nil {
		return Check{Code: "bad_key", Problem: "EncodingAESKey 必须是 43 位的字母和数字：" + err.Error()}
	}
	n, _ := rand.Int(rand.Reader, big.NewInt(9_000_000_000_000_000_000)) // never fails
	echo := strconv.FormatInt(n.Int64()+1_000_000_000_000_000_000, 10)
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	sealed := crypto.Seal([]byte(echo), random)
	ts, nonce := strconv.FormatInt(s.wall.Now().Unix(), 10), freshNonce()
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Check{Code: "bad_url", Problem: "地址要以 http:// 或 https:// 开头，并带有主机名"}
	}
	q := u.Query()
	q.Set("msg_signature", crypto.Sign(ts, nonce, sealed))
	q.Set("timestamp", ts)
	q.Set("nonce", nonce)
	q.Set("echostr", sealed)
	u.RawQuery = q.Encode()
	ctx, cancel := context.WithTimeout(ctx, verifyIn)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Check{Code: "bad_url", Problem: err.Error()}
	}
	began := s.wall.Now()
	res, err := s.http.Do(req)
	out := Check{Expected: echo}
	var got []byte
	if err == nil {
		out.Status = res.StatusCode
		got, err = io.ReadAll(io.LimitReader(res.Body, 64<<10))
		_ = res.Body.Close()
	}
	out.MS = float64(s.wall.Now().Sub(began).Microseconds()) / 1000
	out.Got = readable(got[:min(len(got), 300)])
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		out.Code, out.Problem = "timeout", "1 秒内没有应答。企业微信也只等 1 秒：检查地址能否从这台机器访问，处理是否太慢"
	case err != nil:
		out.Code, out.Problem = "unreachable", "连不上这个地址："+lastCause(err)
	default:
		out.Code, out.Problem = judge(out.Status, got, echo, sealed)
	}
	out.OK = out.Code == ""
	return out
}

// judge says what is wrong with an answer to the address test; both are empty when nothing is.
func judge(status int, got []byte, echo, sealed string) (code, problem string) {
	text := strings.TrimSpace(strings.TrimPrefix(string(got), "\ufeff"))
	switch {
	case status != http.StatusOK:
		return "status", fmt.Sprintf("应答的 HTTP 状态是 %d，必须是 200。签名或解密不对时多半如此：核对 Token 和 EncodingAESKey", status)
	case string(got) == echo:
		return "", ""
	case text == echo:
		return "padding", "明文是对的，但前后多了空白、换行或 BOM；必须原样返回，一个字节也不能多"
	case strings.Trim(text, `"'`) == echo:
		return "quoted", "明文是对的，但加了引号；必须原样返回"
	case text == sealed:
		return "not_decrypted", "返回的是没有解密的 echostr；要用 EncodingAESKey 解密后返回其中的明文"
	case text == "":
		return "empty", "应答是空的；必须返回 echostr 解密后的明文"
	}
	return "mismatch", "应答不是 echostr 解密后的明文"
}

// lastCause is the last link of a chain of errors: what the network said.
func lastCause(err error) string {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err.Error()
}

func freshNonce() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// serveReceiver reads where events go.
func (s *Server) serveReceiver(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.receiver())
}

// serveSetReceiver sets where events go, if the address test succeeds; {"unchecked": true} leaves the test out, and an empty
// url ends the deliveries. What is left out stays as it is. The answer is the test's outcome and the receiver now in force.
func (s *Server) serveSetReceiver(w http.ResponseWriter, r *http.Request) {
	next := s.receiver()
	in := struct {
		*Receiver
		Unchecked bool `json:"unchecked"`
		Probe     bool `json:"probe"` // test only
	}{Receiver: &next}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_json", err.Error()})
		return
	}
	next.URL = strings.TrimSpace(next.URL)
	out := struct {
		Check    *Check   `json:"check,omitempty"`
		Saved    bool     `json:"saved"`
		Receiver Receiver `json:"receiver"`
	}{Receiver: s.receiver()}
	if next.URL != "" && !in.Unchecked {
		c := s.verify(r.Context(), next)
		out.Check = &c
		if !c.OK || in.Probe {
			answer(w, http.StatusOK, out)
			return
		}
	}
	n, err := s.setReceiver(next)
	if err != nil {
		answer(w, http.StatusBadRequest, problem{"sim.bad_callback", err.Error()})
		return
	}
	if s.settled(w, n) {
		out.Saved, out.Receiver = true, next
		answer(w, http.StatusOK, out)
	}
}

func (s *Server) setReceiver(next Receiver) (int64, error) {
	if _, err := callback.NewCrypto(next.Token, next.AESKey, s.opt.CorpID); err != nil {
		return 0, err
	}
	if u, err := url.Parse(next.URL); next.URL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return 0, errs.E(errs.Invalid, "sim.bad_callback", "url %q is no http address", next.URL)
	}
	n := s.transact(func(t *transaction) { t.change(op{K: opReceiver}, next) })
	return n, s.post.aim(next)
}

// garbage posts what no callback looks like; the receiver must refuse it and stay well.
func (p *postman) garbage(to *aimed, n int) {
	ts, nonce := strconv.FormatInt(p.s.wall.Now().Unix(), 10), freshNonce()
	var random [16]byte
	sealed := to.crypto.Seal([]byte("<xml>"), random)
	sig := to.crypto.Sign(ts, nonce, sealed)
	bodies := []string{
		"",
		"<xml><ToUserName>",
		`{"errcode":0}`,
		"<xml><Encrypt></Encrypt></xml>",
		"<xml><Encrypt><![CDATA[not base64!]]></Encrypt></xml>",
		"<xml><Encrypt><![CDATA[" + sealed + "]]></Encrypt><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>",
		"<xml><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>", // well signed, not an event
		"<xml><Encrypt><![CDATA[" + strings.Repeat("A", 1<<20) + "]]></Encrypt></xml>",
	}
	body := bodies[n%len(bodies)]
	if n%3 == 0 {
		sig = strings.Repeat("0", 40)
	}
	rec := &Record{Kind: "callback", Event: "(garbage)", Try: 1, Fault: "garbage", Body: body}
	_ = p.put(to, rec, []byte(body), sig, ts, nonce) // whatever the answer
}

// put makes one delivery and records it; nil if the receiver answered 200.
func (p *postman) put(to *aimed, rec *Record, body []byte, sig, ts, nonce string) error {
	ctx, cancel := context.WithTimeout(p.ctx, answerIn)
	defer cancel()
	sep := "?"
	if strings.Contains(to.URL, "?") {
		sep = "&"
	}
	rec.Wall = p.s.wall.Now()
	p.s.mu.Lock()
	rec.Sim = msTime(p.s.st.Now)
	p.s.mu.Unlock()
	defer func() {
		rec.MS = float64(p.s.wall.Now().Sub(rec.Wall).Microseconds()) / 1000
		p.s.tape.add(rec)
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL+sep+"msg_signature="+sig+"&timestamp="+ts+"&nonce="+nonce, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	res, err := p.s.http.Do(req)
	if err != nil {
		rec.Error = lastCause(err)
		return fmt.Errorf("post: %w", err)
	}
	got, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // what came is enough
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
	_ = res.Body.Close()
	rec.Status, rec.Answer = res.StatusCode, readable(got)
	if res.StatusCode != http.StatusOK {
		return refusedError(res.StatusCode)
	}
	return nil
}

// refusedError is an answer other than 200.
type refusedError int

func (r refusedError) Error() string { return fmt.Sprintf("HTTP status %d", int(r)) }
