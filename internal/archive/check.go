package archive

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // WeCom's own check sum of a file
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"qunce/internal/errs"
)

// Verdict of one line of a check.
type Verdict string

// The verdicts. A hint is allowed, and probably not meant; what was left out could not be tried.
const (
	Good Verdict = "good"
	Bad  Verdict = "bad"
	Hint Verdict = "hint"
	Left Verdict = "left"
)

// Line is one finding of a check, in both languages.
type Line struct {
	Verdict Verdict
	Zh, En  string
}

// checker asks an adapter and says what it finds.
type checker struct {
	base, key string
	http      *http.Client
	say       func(Line)
	bad       int
	shown     map[string]int // how often a kind of finding about messages was said
}

// sameFinding is how often the same thing is said of different messages.
const sameFinding = 3

// CheckAdapter asks an adapter everything that the protocol says and reports line by line, then whether all was right. It
// reads up to 2,000 messages and one file, changes nothing, and shows no content. An error means that the check could not
// be made.
func CheckAdapter(ctx context.Context, base, key string, client *http.Client, say func(Line)) (bool, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false, errs.E(errs.Invalid, "archive.adapter_url", "%q is no address", base)
	}
	c := &checker{base: strings.TrimRight(base, "/"), key: key, http: client, say: say, shown: map[string]int{}}
	if !c.door(ctx) {
		return false, ctx.Err()
	}
	first := c.pages(ctx)
	c.files(ctx, first)
	return c.bad == 0, ctx.Err()
}

func (c *checker) line(v Verdict, zh, en string, args ...any) {
	if v == Bad {
		c.bad++
	}
	c.say(Line{v, fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)})
}

// answer is what came back.
type answer struct {
	status int
	kind   string
	body   []byte
	reply  reply
	json   error
}

func (c *checker) ask(ctx context.Context, path, key string, q url.Values) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+q.Encode(), nil)
	if err != nil {
		return answer{}, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := c.http.Do(req) //nolint:gosec // the person at the terminal says where the adapter stands
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{status: res.StatusCode, kind: res.Header.Get("Content-Type")}
	if a.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
		return a, err
	}
	a.json = json.Unmarshal(a.body, &a.reply)
	return a, nil
}

// door looks whether anybody is there and asks for the key.
func (c *checker) door(ctx context.Context) bool {
	one := url.Values{"after": {"0"}, "limit": {"1"}}
	for _, try := range []struct{ zh, en, key string }{{"不带密钥", "without a key", ""}, {"密钥不对", "with another key", c.key + "x"}} {
		a, err := c.ask(ctx, "/messages", try.key, one)
		switch {
		case err != nil:
			c.line(Bad, "连不上：%v", "cannot be reached: %v", err)
			return false
		case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
			c.line(Good, try.zh+"时拒绝（HTTP %d）", "refuses "+try.en+" (HTTP %d)", a.status)
		default:
			c.line(Bad, try.zh+"也回答了（HTTP %d）：应答 401，否则谁都能读到聊天内容", "answers "+try.en+" (HTTP %d): must be 401, or anybody can read the chats", a.status)
		}
	}
	a, err := c.ask(ctx, "/messages", c.key, one)
	switch {
	case err != nil:
		c.line(Bad, "连不上：%v", "cannot be reached: %v", err)
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		c.line(Bad, "密钥正确也被拒绝（HTTP %d）：请求头应为 Authorization: Bearer <密钥>", "refuses the right key (HTTP %d): the header is Authorization: Bearer <key>", a.status)
	case a.json != nil:
		c.line(Bad, "/messages 的回答不是 JSON（HTTP %d，%s）", "/messages does not answer JSON (HTTP %d, %s)", a.status, a.kind)
	case a.reply.Code != 0 || a.status != http.StatusOK:
		c.line(Bad, "/messages 报错 errcode %d（HTTP %d）：%s", "/messages fails with errcode %d (HTTP %d): %s", a.reply.Code, a.status, clip(clean(a.reply.Msg), 200))
	default:
		c.line(Good, "认得密钥，/messages 回答 JSON", "knows the key, /messages answers JSON")
		return true
	}
	return false
}

// pages reads two pages and returns the first.
func (c *checker) pages(ctx context.Context) []Raw {
	read := func(after uint64, limit int) ([]Raw, bool) {
		a, err := c.ask(ctx, "/messages", c.key, url.Values{"after": {strconv.FormatUint(after, 10)}, "limit": {strconv.Itoa(limit)}})
		switch {
		case err != nil:
			c.line(Bad, "after=%d 时断开：%v", "breaks off at after=%d: %v", after, err)
		case a.json != nil || a.reply.Code != 0 || a.status != http.StatusOK:
			c.line(Bad, "after=%d 时回答 HTTP %d，errcode %d：%s", "at after=%d answers HTTP %d, errcode %d: %s", after, a.status, a.reply.Code, clip(clean(a.reply.Msg), 200))
		case !bytes.Contains(a.body, []byte(`"messages"`)):
			c.line(Bad, "回答里没有 messages：没有新消息时也要给空数组", "the answer has no messages: an empty list when there is nothing new")
		default:
			if err := inOrder(a.reply.Messages, after, limit); err != nil {
				var e *errs.Error
				errors.As(err, &e)
				c.line(Bad, "after=%d、limit=%d 的回答不符合约定：%v", "the answer to after=%d, limit=%d breaks the protocol: %v", after, limit, e.Params["problem"])
				return nil, false
			}
			return a.reply.Messages, true
		}
		return nil, false
	}
	first, ok := read(0, PageSize)
	if !ok {
		return nil
	}
	c.line(Good, "第一页 %d 条，顺序正确", "the first page has %d messages, in order", len(first))
	for i, m := range first {
		c.message(i, m)
	}
	if len(first) == 0 {
		c.line(Left, "没有消息：让一位有存档席位的员工与已同意的客户聊一句，再检查一次", "no messages: let somebody with a seat talk with a customer who agreed, then check again")
	} else {
		last := first[len(first)-1].Seq
		if again, ok := read(0, PageSize); ok && (len(again) < len(first) || again[0].MsgID != first[0].MsgID || again[len(first)-1].MsgID != first[len(first)-1].MsgID) {
			c.line(Bad, "同样的 after 再问一次，回答不同：读过的消息不能消失", "the same after answers differently the second time: what was read must not vanish")
		} else if ok {
			c.line(Good, "再问一次回答相同", "asked again, it answers the same")
		}
		if two, ok := read(0, 2); ok && len(first) >= 2 && (len(two) != 2 || two[1].Seq != first[1].Seq) {
			c.line(Bad, "limit=2 时给了 %d 条，或者不是最早的两条", "limit=2 gives %d messages, or not the first two", len(two))
		}
		if next, ok := read(last, PageSize); ok {
			c.line(Good, "after=%d 接着往后读，%d 条", "after=%d goes on with %d messages", last, len(next))
			for i, m := range next {
				c.message(len(first)+i, m)
			}
		}
	}
	for kind, n := range c.shown {
		if n > sameFinding {
			c.line(Hint, "“%s”共 %d 处，只列出前 %d 处", "%q %d times, of which %d are shown", kind, n, sameFinding)
		}
	}
	c.refusals(ctx)
	return first
}

// refusals looks whether nonsense is refused instead of being taken for something.
func (c *checker) refusals(ctx context.Context) {
	for _, q := range []url.Values{{"after": {"x"}, "limit": {"10"}}, {"after": {"0"}, "limit": {"0"}}, {"after": {"0"}, "limit": {"5000"}}, {"after": {"-1"}, "limit": {"10"}}} {
		a, err := c.ask(ctx, "/messages", c.key, q)
		if err == nil && a.status == http.StatusOK && a.json == nil && a.reply.Code == 0 {
			c.line(Hint, "参数 %s 没有被拒绝：应报 errcode 10000", "the parameters %s are not refused: must be errcode 10000", q.Encode())
		}
	}
	if a, err := c.ask(ctx, "/no-such-path", c.key, nil); err == nil && a.status == http.StatusOK {
		c.line(Hint, "不存在的路径也答 200：应答 404", "a path that does not exist answers 200: must be 404")
	}
}

// message looks at one message. n counts from 0; content is never shown.
func (c *checker) message(n int, r Raw) {
	bad := func(v Verdict, zh, en string) {
		c.shown[zh]++
		if v == Bad && c.shown[zh] > sameFinding {
			c.bad++
		}
		if c.shown[zh] <= sameFinding {
			c.line(v, "第 %d 条（seq %d）："+zh, "message %d (seq %d): "+en, n+1, r.Seq)
		}
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(r.Message, &m); err != nil || m == nil {
		bad(Bad, "message 不是解密后的 JSON 对象", "message is not the decrypted JSON object")
		return
	}
	if r.KeyVersion < 1 {
		bad(Hint, "没有 publickey_ver", "no publickey_ver")
	}
	var id, action, kind string
	_ = json.Unmarshal(m["msgid"], &id)
	_ = json.Unmarshal(m["action"], &action)
	_ = json.Unmarshal(m["msgtype"], &kind)
	if id != r.MsgID {
		bad(Bad, "外层 msgid 与消息里的 msgid 不同", "the msgid outside and inside differ")
	}
	switch action {
	case "switch":
		return
	case "send", "recall":
	default:
		bad(Bad, "action 不是 send、recall 或 switch", "action is none of send, recall, switch")
	}
	d := decode(r)
	if d.from == "" {
		bad(Bad, "没有 from", "no from")
	}
	var to []string
	if err := json.Unmarshal(m["tolist"], &to); err != nil {
		bad(Bad, "tolist 不是文本数组", "tolist is not a list of texts")
	}
	var ms int64
	switch err := json.Unmarshal(m["msgtime"], &ms); {
	case err != nil:
		bad(Bad, "msgtime 不是数字", "msgtime is no number")
	case ms < 1_000_000_000_000:
		bad(Bad, "msgtime 不是毫秒", "msgtime is not in milliseconds")
	}
	switch w, known := words[kind]; {
	case kind == "":
		bad(Bad, "没有 msgtype", "no msgtype")
	case !known:
		bad(Hint, "msgtype 是 "+strconv.Quote(clip(clean(kind), 40))+"，这个版本不认得，会原样保存", "msgtype "+strconv.Quote(clip(clean(kind), 40))+" is unknown to this version and is kept as it is")
	default:
		name := w.object
		if name == "" {
			name = kind
		}
		if _, there := m[name]; !there {
			bad(Bad, "msgtype 为 "+kind+" 却没有对象 "+name, "msgtype "+kind+" without the object "+name)
		}
	}
}

// files fetches the first file there is, and one that is not there.
func (c *checker) files(ctx context.Context, list []Raw) {
	if a, err := c.ask(ctx, "/media", c.key, url.Values{"sdkfileid": {"no-such-file"}}); err == nil {
		if a.status == http.StatusOK && (a.json != nil || a.reply.Code == 0) {
			c.line(Bad, "不存在的文件也答 200：应报 errcode 10005", "a file that does not exist answers 200: must be errcode 10005")
		} else {
			c.line(Good, "不存在的文件会报错（HTTP %d，errcode %d）", "a file that does not exist is refused (HTTP %d, errcode %d)", a.status, a.reply.Code)
		}
	}
	for _, r := range list {
		for _, f := range decode(r).media {
			a, err := c.ask(ctx, "/media", c.key, url.Values{"sdkfileid": {f.fileID}})
			sum := md5.Sum(a.body) //nolint:gosec // as above
			switch {
			case err != nil:
				c.line(Bad, "seq %d 的文件断开：%v", "the file of seq %d breaks off: %v", r.Seq, err)
			case a.json == nil && a.reply.Code == codeTooOld:
				continue // try a younger one
			case a.status != http.StatusOK || a.json == nil && a.reply.Code != 0:
				c.line(Bad, "seq %d 的文件取不到：HTTP %d，errcode %d", "the file of seq %d cannot be had: HTTP %d, errcode %d", r.Seq, a.status, a.reply.Code)
			case f.size > 0 && int64(len(a.body)) != f.size:
				c.line(Bad, "seq %d 的文件有 %d 字节，应有 %d：可能没有读到 is_finish", "the file of seq %d has %d bytes, must have %d: perhaps is_finish was not reached", r.Seq, len(a.body), f.size)
			case len(f.md5) == 2*md5.Size && !strings.EqualFold(hex.EncodeToString(sum[:]), f.md5):
				c.line(Bad, "seq %d 的文件校验值不对", "the file of seq %d has another check sum", r.Seq)
			default:
				c.line(Good, "seq %d 的文件完整，%d 字节", "the file of seq %d is whole, %d bytes", r.Seq, len(a.body))
			}
			return
		}
	}
	c.line(Left, "消息里没有可取的文件，没有检查取文件", "no message carries a file that can be had; fetching was not checked")
}
