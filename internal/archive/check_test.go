package archive

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func check(t *testing.T, p *program, key string) (bool, string) {
	t.Helper()
	var b strings.Builder
	ok, err := CheckAdapter(t.Context(), p.URL, key, http.DefaultClient, func(l Line) {
		if l.Zh == "" || l.En == "" || strings.Contains(l.Zh+l.En, "%!") {
			t.Errorf("a line without words: %+v", l)
		}
		fmt.Fprintln(&b, l.Verdict, l.Zh)
	})
	if err != nil {
		t.Fatal(err)
	}
	return ok, b.String()
}

func TestCheckPassesAnAdapterThatKeepsToTheProtocol(t *testing.T) {
	p := newProgram(t)
	if ok, said := check(t, p, testKey); !ok || !strings.Contains(said, "left 没有消息") {
		t.Errorf("an empty one: %v\n%s", ok, said)
	}
	at := time.UnixMilli(sentAt)
	for i := range 1500 {
		p.put(at, "wm00", "lina", "", says(fmt.Sprint("第", i, "句")))
	}
	p.messages[3].Message = json.RawMessage(strings.Replace(string(p.messages[3].Message), `"text":{"content":"第3句"}`, `"image":{"sdkfileid":"F"}`, 1))
	p.messages[3].Message = json.RawMessage(strings.Replace(string(p.messages[3].Message), `"msgtype":"text"`, `"msgtype":"image"`, 1))
	p.file("F", []byte("picture"))
	ok, said := check(t, p, testKey)
	if !ok || strings.Contains(said, "bad ") || !strings.Contains(said, "接着往后读，500 条") || !strings.Contains(said, "seq 4 的文件完整，7 字节") {
		t.Errorf("%v\n%s", ok, said)
	}
	if strings.Contains(said, "第1句") {
		t.Error("content is shown")
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	at := time.UnixMilli(sentAt)
	edit := func(from, to string) func(*program) {
		return func(p *program) {
			p.messages[1].Message = json.RawMessage(strings.Replace(string(p.messages[1].Message), from, to, 1))
		}
	}
	answer := func(path, body string, status int) func(*program) {
		return func(p *program) {
			p.answer = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != path || r.Header.Get("Authorization") != "Bearer "+testKey {
					return false
				}
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
				return true
			}
		}
	}
	for name, c := range map[string]struct {
		spoil func(*program)
		want  string
	}{
		"no door": {func(p *program) {
			p.answer = func(w http.ResponseWriter, r *http.Request) bool {
				r.Header.Set("Authorization", "Bearer "+testKey)
				return false
			}
		}, "谁都能读到聊天内容"},
		"no JSON":              {answer("/messages", "<html>", 200), "不是 JSON"},
		"an error":             {answer("/messages", `{"errcode":10009,"errmsg":"ip"}`, 200), "errcode 10009"},
		"no list":              {answer("/messages", `{"errcode":0,"errmsg":"ok"}`, 200), "没有 messages"},
		"seconds":              {edit("1772413200000", "1772413200"), "第 2 条（seq 2）：msgtime 不是毫秒"},
		"time as text":         {edit("1772413200000", `"x"`), "msgtime 不是数字"},
		"another id":           {edit("msg2_external", "msg9_external"), "msgid 不同"},
		"a strange action":     {edit(`"send"`, `"sent"`), "action 不是"},
		"no sender":            {edit(`"from":"wm00"`, `"from":""`), "没有 from"},
		"one receiver":         {edit(`["lina"]`, `"lina"`), "tolist 不是文本数组"},
		"no object":            {edit(`"text":{`, `"txt":{`), "没有对象 text"},
		"no kind":              {edit(`"msgtype":"text"`, `"x":1`), "没有 msgtype"},
		"still encrypted":      {func(p *program) { p.messages[1].Message = json.RawMessage(`"aGVsbG8="`) }, "不是解密后的 JSON 对象"},
		"out of order":         {func(p *program) { p.messages[1].Seq = 1 }, "不符合约定"},
		"too few the 2nd time": {func(p *program) { p.answer = forget(p) }, "再问一次，回答不同"},
		"everything is a file": {answer("/media", "x", 200), "不存在的文件也答 200"},
	} {
		p := newProgram(t)
		for range 5 {
			p.put(at, "wm00", "lina", "", says("你好"))
		}
		c.spoil(p)
		if ok, said := check(t, p, testKey); ok || !strings.Contains(said, c.want) {
			t.Errorf("%s: %v, want %q in\n%s", name, ok, c.want, said)
		}
	}
	p := newProgram(t)
	for range 50 {
		p.put(at, "wm00", "lina", "", map[string]any{"msgtype": "hologram", "hologram": 1})
	}
	if ok, said := check(t, p, testKey); !ok || strings.Count(said, "这个版本不认得") != sameFinding+1 || !strings.Contains(said, "共 50 处") {
		t.Errorf("the same fifty times: %v\n%s", ok, said)
	}
	p.Close()
	if ok, said := check(t, p, testKey); ok || !strings.Contains(said, "连不上") {
		t.Errorf("nobody there: %v\n%s", ok, said)
	}
}

// forget lets the first message vanish after it was read.
func forget(p *program) func(http.ResponseWriter, *http.Request) bool {
	asked := 0
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/messages" && r.FormValue("limit") == fmt.Sprint(PageSize) {
			if asked++; asked == 2 {
				p.messages = p.messages[1:]
			}
		}
		return false
	}
}
