package sim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/textproto"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func talkSuites() []suite {
	return []suite{
		{Name: "media", Cases: mediaContracts},
		{Name: "media limits", World: func() *World {
			w := smallWorld(1)
			w.Limits.MediaWhole = 64
			return w
		}, Cases: mediaRangeContracts},
		{Name: "app messages", World: appWorld, Cases: appContracts},
		{Name: "cards", World: appWorld, Cases: cardContracts},
		{Name: "no callback", Set: func(o *Options) { o.CallbackURL = "" }, Cases: silentContracts},
		{Name: "rooms", World: wideWorld, Cases: roomContracts},
		{Name: "narrow rooms", Cases: narrowRoomContracts},
		{Name: "robots", World: wideWorld, Cases: robotContracts},
		{Name: "moments", World: momentWorld, Cases: momentContracts},
		{Name: "moments off", World: func() *World {
			w := smallWorld(1)
			w.Limits.MomentsOff = true
			return w
		}, Cases: func(*testing.T, *stage) []contract {
			return []contract{line("externalcontact/add_moment_task", "off", `{"text":{"content":"x"}}`, 41211)}
		}},
		{Name: "words", Cases: wordsContracts},
		{Name: "album", World: func() *World {
			w := smallWorld(1)
			w.Limits.Products = 2
			return w
		}, Cases: albumContracts},
		{Name: "kf", World: kfWorld, Cases: kfContracts},
		{Name: "kf messages", World: kfWorld, Cases: kfMessageContracts},
		{Name: "kf statistics", World: kfWorld, Cases: kfStatisticContracts},
		{Name: "kf knowledge", Cases: kfKnowledgeContracts},
		{Name: "archive", World: archiveWorld, Cases: archiveContracts},
		{Name: "no archive", Cases: noArchiveContracts},
		{Name: "media in use", World: func() *World { return friendly(2) }, Cases: mediaUseContracts},
	}
}

type checker = func(*testing.T, map[string]any)

// line is a contract in one line. body is JSON, or ?query, in which {{name}} stands for what was kept; @name is a form.
func line(api, name, body string, want int, checks ...checker) contract {
	c := contract{Name: name, API: api, Want: want}
	if strings.HasPrefix(body, "?") {
		c.Query = func(k *stage) any { return k.fill(body[1:]) }
	} else {
		c.Body = func(k *stage) any { return k.fill(body) }
	}
	if len(checks) > 0 {
		c.Check = func(t *testing.T, a map[string]any) {
			t.Helper()
			for _, check := range checks {
				check(t, a)
			}
		}
	}
	return c
}

// sent is a multipart contract.
func sent(api, query, field, filename string, body []byte, want int, checks ...checker) contract {
	c := line(api, fmt.Sprintf("%s %s %d B", query, filename, len(body)), "?"+query, want, checks...)
	c.Body = formOf(field, filename, body)
	return c
}

func formOf(field, filename string, body []byte) *form {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename=%q; filelength=%d`, field, filename, len(body))}, "Content-Type": {"application/octet-stream"}}
	if filename == "" {
		h = textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name=%q`, field)}}
	}
	p, _ := w.CreatePart(h)
	_, _ = p.Write(body)
	_ = w.Close()
	return &form{Type: w.FormDataContentType(), Body: b.Bytes()}
}

// after lets something happen before the contract.
func (c contract) after(fn func(*stage)) contract { c.Before = fn; return c }

// by names whose token it is.
func (c contract) by(token string) contract { c.Token = token; return c }

var placeholder = regexp.MustCompile(`\{\{(\w+)\}\}`)

func (k *stage) fill(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(m string) string {
		v, ok := k.Keep[m[2:len(m)-2]]
		if !ok {
			k.t.Errorf("nothing is kept as %s", m)
		}
		return v
	})
}

func steps(path string) []any {
	var out []any
	for _, s := range strings.Split(path, ".") {
		if n, err := strconv.Atoi(s); err == nil {
			out = append(out, n)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// is wants a value at a path; numbers as float64.
func is(path string, want any) checker {
	return func(t *testing.T, a map[string]any) {
		t.Helper()
		if n, ok := want.(int); ok {
			want = float64(n)
		}
		if got := dig(a, steps(path)...); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v; answer %v", path, got, want, a)
		}
	}
}

// kind wants string, number, list, object or nothing at a path.
func kind(path, want string) checker {
	return func(t *testing.T, a map[string]any) {
		t.Helper()
		got := "nothing"
		switch dig(a, steps(path)...).(type) {
		case string:
			got = "string"
		case float64:
			got = "number"
		case []any:
			got = "list"
		case map[string]any:
			got = "object"
		case bool:
			got = "bool"
		}
		if got != want {
			t.Errorf("%s is a %s, want a %s; answer %v", path, got, want, a)
		}
	}
}

// entries wants so many entries at a path.
func entries(path string, want int) checker {
	return func(t *testing.T, a map[string]any) {
		t.Helper()
		if l, ok := dig(a, steps(path)...).([]any); !ok || len(l) != want {
			t.Errorf("%s has %d entries, want %d; answer %v", path, len(l), want, a)
		}
	}
}

// keep remembers the string at a path.
func (k *stage) keep(name, path string) checker {
	return func(t *testing.T, a map[string]any) {
		t.Helper()
		s, ok := dig(a, steps(path)...).(string)
		if !ok || s == "" {
			t.Errorf("%s is no string; answer %v", path, a)
		}
		k.Keep[name] = s
	}
}

// byHand does something by hand.
func (k *stage) byHand(body string) {
	k.t.Helper()
	k.must(k.post("/sim/act", rawJSON(k.fill(body)), nil))
}

type rawJSON string

// MarshalJSON is the text itself.
func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// passes lets the simulator's clock run.
func passes(d time.Duration) func(*stage) {
	return func(k *stage) { k.advance(msTime(k.s.status().Now.UnixMilli()).Add(d)) }
}

// upload puts a medium there and remembers its id.
func (k *stage) upload(name, api, query, filename string, body []byte) contract {
	return sent(api, query, "media", filename, body, 0, k.keep(name, "media_id"))
}

// heardOf are the bodies of the callbacks of an event, oldest first.
func (k *stage) heardOf(event string) []string {
	k.p.mu.Lock()
	defer k.p.mu.Unlock()
	var out []string
	for _, e := range k.p.events {
		if e.Event == event || e.MsgType == event {
			out = append(out, string(e.Raw))
		}
	}
	return out
}

// element reads an element of a callback's body.
func element(body, name string) string {
	_, rest, ok := strings.Cut(body, "<"+name+">")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "</"+name+">")
	return strings.TrimSuffix(strings.TrimPrefix(rest, "<![CDATA["), "]]>")
}

// Files as people upload them.

func pngOf(w, h int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)))
	return b.Bytes()
}

func jpgOf(w, h int) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil)
	return b.Bytes()
}

// amrOf plays for so many seconds.
func amrOf(seconds int) []byte {
	b := []byte("#!AMR\n")
	for range seconds * 50 {
		b = append(b, append([]byte{0x3C}, make([]byte, 31)...)...)
	}
	return b
}

func boxOf(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(body))) //nolint:gosec // small
	return append(append(b, kind...), body...)
}

// mp4Of plays for so many seconds.
func mp4Of(seconds int) []byte {
	head := make([]byte, 100)
	binary.BigEndian.PutUint32(head[12:], 1000)
	binary.BigEndian.PutUint32(head[16:], uint32(seconds)*1000) //nolint:gosec // small
	return append(boxOf("ftyp", []byte("isom0000")), boxOf("moov", boxOf("mvhd", head))...)
}

// padded is a file of this size that begins like another.
func padded(b []byte, size int) []byte {
	return append(b[:len(b):len(b)], make([]byte, size-len(b))...)
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }
