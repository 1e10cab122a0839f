package inbox

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/id"
	"qunce/internal/wecom/callback"
)

// FuzzIngress: whatever knocks, the door answers 200, 403 or 405 and never fails; it lets in only what is sealed with our key,
// and what it lets in fits the columns. sealed says that the body is an event to be sealed and signed as WeCom does.
func FuzzIngress(f *testing.F) {
	wall := clock.NewManual(start)
	crypto, err := callback.NewCrypto(token, aesKey, corpID)
	if err != nil {
		f.Fatal(err)
	}
	in := New(nil, id.New(nil), wall, slog.New(slog.DiscardHandler))
	taken := make(chan callback.Event, 1)
	go func() { // instead of a database
		for p := range in.queue {
			taken <- p.ev
			p.done <- kept{fresh: true}
		}
	}()
	door := NewIngress(in, crypto.Within(10*time.Minute, wall))
	ts := fmt.Sprint(start.Unix())
	sign := func(body []byte) ([]byte, string) {
		sealed, sig := crypto.Encrypt(body, ts, "n", [16]byte{5})
		return sealed, url.Values{"msg_signature": {sig}, "timestamp": {ts}, "nonce": {"n"}}.Encode()
	}

	files, err := filepath.Glob("../wecom/callback/testdata/events/*.xml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no samples, %v", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("POST", "", raw, true)
	}
	body, query := sign([]byte(added("wmA", 1)))
	f.Add("POST", query, body, false)
	f.Add("GET", query, []byte(nil), false)
	f.Add("GET", query+"&echostr=AAAA", []byte(nil), false)
	f.Add("PUT", "", []byte(nil), false)
	f.Add("POST", "msg_signature=%zz&&=;", []byte("<xml><Encrypt>a</Encrypt></xml>"), false)
	f.Add("POST", query, []byte("<xml><MsgType>event</MsgType></xml>"), false)
	f.Add("POST", "", []byte("<xml><MsgType>\x00\xff</MsgType></xml>"), true)

	f.Fuzz(func(t *testing.T, method, query string, body []byte, sealed bool) {
		plain := body
		if sealed {
			if len(body) > callback.MaxBody/2 {
				return
			}
			method = http.MethodPost
			body, query = sign(body)
		}
		r := &http.Request{Method: method, URL: &url.URL{Path: "/callback", RawQuery: query}, Header: http.Header{}, RemoteAddr: "192.0.2.1:1",
			ContentLength: int64(len(body)), Body: newBody(body)}
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		var got *callback.Event
		select {
		case e := <-taken:
			got = &e
		default:
		}
		switch {
		case w.Code == http.StatusOK && method == http.MethodPost:
			if got == nil {
				t.Fatalf("200 to %q, and nothing is stored", body)
			}
			if sealed && !bytes.Equal(got.Raw, plain) {
				t.Fatalf("stored %q for %q", got.Raw, plain)
			}
			for _, s := range []string{column(got.Event), column(got.ChangeType), entityOf(*got), column(got.Member()), column(got.ExternalUserID), column(got.ChatID)} {
				if len(s) > widest || bytes.ContainsRune([]byte(s), 0) {
					t.Fatalf("%q does not fit a column", s)
				}
			}
		case got != nil:
			t.Fatalf("stored although answered %d", w.Code)
		case w.Code != http.StatusOK && w.Code != http.StatusForbidden && w.Code != http.StatusMethodNotAllowed:
			t.Fatalf("status %d to %s %q %q", w.Code, method, query, body)
		}
	})
}

type reader struct{ *bytes.Reader }

func (reader) Close() error { return nil }

func newBody(b []byte) reader { return reader{bytes.NewReader(b)} }
