package callback

import (
	"strings"
	"testing"

	"qunce/internal/errs"
)

func TestGuard(t *testing.T) {
	const flat = "<xml><MsgType>event</MsgType></xml>"
	for _, tt := range []struct{ name, doc, want string }{
		{"a callback", flat, ""},
		{"nothing", "", ""},
		{"with a declaration", `<?xml version="1.0" encoding="UTF-8"?>` + flat, ""},
		{"with a byte order mark", "\xef\xbb\xbf" + flat, ""},
		{"a comment", "<xml><!-- <!DOCTYPE a> --></xml>", ""},
		{"angles in character data", "<xml><![CDATA[<!DOCTYPE <<<<" + strings.Repeat("<a>", 100) + "]]></xml>", ""},
		{"as deep as a card's options", "<a><b><c><d><e></e></d></c></b></a>", ""},
		{"many items one after the other", "<xml>" + strings.Repeat("<Item>a</Item>", 10_000) + "</xml>", ""},
		{"cut off in a tag", "<xml><Msg", ""},
		{"cut off in character data", "<xml><![CDATA[", ""},
		{"JSON", " \n{\"a\":1}", "callback.json"},
		{"a JSON list", "[1]", "callback.json"},
		{"UTF-16, marked", "\xfe\xff\x00<", "callback.bad_encoding"},
		{"UTF-16, not marked", "<\x00x\x00", "callback.bad_encoding"},
		{"UTF-32", "\x00\x00\xfe\xff", "callback.bad_encoding"},
		{"another encoding", `<?xml version='1.0' encoding='gb18030'?>` + flat, "callback.bad_encoding"},
		{"a nameless encoding", `<?xml encoding=utf-8?>` + flat, "callback.bad_encoding"},
		{"a document type", "<!DOCTYPE xml>" + flat, "callback.hostile"},
		{"an external entity", `<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml>&x;</xml>`, "callback.hostile"},
		{"an entity later", `<xml><!ENTITY x "y"></xml>`, "callback.hostile"},
		{"an instruction", `<xml><?php evil ?></xml>`, "callback.hostile"},
		{"an endless declaration", "<?xml " + strings.Repeat("a", 5000) + "?>" + flat, "callback.hostile"},
		{"deep", strings.Repeat("<a>", eventBounds.depth+1), "callback.hostile"},
		{"deep and closed", strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200), "callback.hostile"},
		{"too many elements", "<xml>" + strings.Repeat("<a/>", eventBounds.elements+1), "callback.hostile"},
		{"a huge attribute", `<xml a="` + strings.Repeat("b", 100_000) + `"></xml>`, "callback.hostile"},
		{"a huge name", "<" + strings.Repeat("b", 100_000) + ">", "callback.hostile"},
	} {
		if got := errs.CodeOf(guard([]byte(tt.doc), eventBounds)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestClean(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"顾客😀 ok\t\r\n", "顾客😀 ok\t\r\n"},
		{"\xef\xbb\xbfa", "a"},
		{"a\x00b", "a\uFFFDb"},
		{"a\x1fb\x0b", "a\uFFFDb\uFFFD"},
		{"\xff\xfea\xc3", "\uFFFD\uFFFDa\uFFFD"},
		{"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"}, // half a surrogate pair
		{"\uFFFE", "\uFFFD"},
		{"\uFFFD", "\uFFFD"},
	} {
		if got := string(clean([]byte(tt.in))); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

// What a customer typed may hold what neither XML nor PostgreSQL know; it must not lose the event.
func TestParseTakesBrokenText(t *testing.T) {
	e, err := Parse([]byte("<xml><MsgType>text</MsgType><FromUserName>li\x00na</FromUserName><Content>a\xffb</Content></xml>"))
	if err != nil {
		t.Fatal(err)
	}
	if e.FromUser != "li\uFFFDna" || e.Content != "a\uFFFDb" || !strings.Contains(string(e.Raw), "\x00") {
		t.Errorf("%+v", e)
	}
}

// The parser is never asked for more than the guard lets pass; what it costs is bounded by the body.
func BenchmarkHostile(b *testing.B) {
	c, err := NewCrypto("t", strings.Repeat("a", 43), "ww")
	if err != nil {
		b.Fatal(err)
	}
	for name, body := range map[string]string{
		"deep":       strings.Repeat("<a>", MaxBody/3),
		"attributes": "<xml " + strings.Repeat(`a="b" `, MaxBody/6-10),
		"items":      "<xml>" + strings.Repeat("<Encrypt>", 2) + strings.Repeat("<a></a>", 50) + "</Encrypt></Encrypt></xml>",
		"noise":      strings.Repeat("\x01", MaxBody),
		"inside":     "<xml><Encrypt>" + strings.Repeat("A", MaxBody-100) + "</Encrypt></xml>",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.Decrypt("x", "1", "n", []byte(body))
			}
		})
	}
}
