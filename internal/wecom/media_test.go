package wecom

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"qunce/internal/errs"
)

// shelf is WeCom's store of files: it takes uploads apart as a multipart reader does, and answers from lines.
type shelf struct {
	mu    sync.Mutex
	lines []string
	got   []part
	file  []byte
	whole int // a larger file is given in ranges only
	asked []string
}

type part struct {
	query, name, disposition string
	body                     []byte
	length                   int64
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/gettoken"):
		_, _ = fmt.Fprint(w, `{"errcode":0,"access_token":"T","expires_in":7200}`)
		return
	case strings.HasSuffix(r.URL.Path, "/media/get"):
		s.give(w, r)
		return
	}
	reader, err := r.MultipartReader()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	one, err := reader.NextPart()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p := part{query: r.URL.RawQuery, name: one.FileName(), disposition: one.Header.Get("Content-Disposition"), length: r.ContentLength}
	if p.body, err = io.ReadAll(one); err != nil || one.FormName() != "media" {
		http.Error(w, fmt.Sprintf("part %q: %v", one.FormName(), err), http.StatusBadRequest)
		return
	}
	if _, err := reader.NextPart(); err != io.EOF { //nolint:errorlint // the reader's own
		http.Error(w, "more than one part", http.StatusBadRequest)
		return
	}
	s.got = append(s.got, p)
	line := s.lines[0]
	if len(s.lines) > 1 {
		s.lines = s.lines[1:]
	}
	_, _ = fmt.Fprint(w, line)
}

func (s *shelf) give(w http.ResponseWriter, r *http.Request) {
	span := r.Header.Get("Range")
	s.asked = append(s.asked, span)
	if r.URL.Query().Get("media_id") != "M" {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_, _ = fmt.Fprint(w, `{"errcode":40007,"errmsg":"invalid media_id"}`)
		return
	}
	if span == "" && len(s.file) > s.whole {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = fmt.Fprint(w, `{"errcode":830002,"errmsg":"file too large"}`)
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="a.json"`)
	w.Header().Set("Content-Type", "application/json") // the file's own kind
	http.ServeContent(w, r, "a.json", time.Time{}, bytes.NewReader(s.file))
}

func newShelf(t *testing.T, lines ...string) (*Client, *shelf) {
	t.Helper()
	s := &shelf{lines: lines, whole: 1 << 30}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	c := New(Config{BaseURL: srv.URL, CorpID: "ww", Secret: "s"})
	c.quota.Sleep = func(ctx context.Context, _ time.Duration, _ <-chan struct{}) error { return ctx.Err() }
	return c, s
}

// trickle reads little at a time and can seek.
type trickle struct{ *bytes.Reader }

func (t trickle) Read(p []byte) (int, error) { return t.Reader.Read(p[:min(len(p), 1000)]) }

func TestUploads(t *testing.T) {
	ctx := context.Background()
	body := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	c, s := newShelf(t,
		`{"errcode":0,"errmsg":"ok","type":"image","media_id":"M1","created_at":"1380000000"}`,
		`{"errcode":0,"errmsg":"ok","type":"video","media_id":"M2","created_at":1380000001}`,
		`{"errcode":0,"errmsg":"ok","url":"https://wework.qpic.cn/x/0"}`,
		`{"type":"file","media_id":"M3","created_at":1380000002}`)
	m1, err := c.UploadMedia(ctx, MediaImage, `海报 "一".png`, bytes.NewReader(body), int64(len(body)))
	if err != nil || m1.MediaID != "M1" || m1.Kind != MediaImage || m1.CreatedAt.Unix() != 1380000000 {
		t.Errorf("%+v, %v", m1, err)
	}
	m2, err := c.UploadAttachment(ctx, MediaVideo, ForMoments, "a.mp4", trickle{bytes.NewReader(body)}, int64(len(body)))
	if err != nil || m2.MediaID != "M2" || m2.CreatedAt.Unix() != 1380000001 {
		t.Errorf("%+v, %v", m2, err)
	}
	url, err := c.UploadImage(ctx, "b.png", bytes.NewReader(body), int64(len(body)))
	if err != nil || url != "https://wework.qpic.cn/x/0" {
		t.Errorf("%s, %v", url, err)
	}
	m3, err := c.RobotUpload(ctx, "robots-key", MediaFile, "c.pdf", bytes.NewReader(body), int64(len(body)))
	if err != nil || m3.MediaID != "M3" {
		t.Errorf("%+v, %v", m3, err)
	}
	want := []struct{ query, name string }{{"access_token=T&type=image", "海报 %22一%22.png"}, {"access_token=T&attachment_type=1&media_type=video", "a.mp4"},
		{"access_token=T", "b.png"}, {"key=robots-key&type=file", "c.pdf"}}
	if len(s.got) != len(want) {
		t.Fatalf("%d uploads", len(s.got))
	}
	for i, p := range s.got {
		if p.query != want[i].query || p.name != want[i].name || !bytes.Equal(p.body, body) || p.length <= int64(len(body)) ||
			!strings.Contains(p.disposition, "filelength="+strconv.Itoa(len(body))) {
			t.Errorf("upload %d: %s %q %q, %d bytes of %d", i, p.query, p.name, p.disposition, len(p.body), p.length)
		}
	}
}

// A file is read again after a stale token or a busy WeCom if it can be; otherwise the caller sees the refusal.
func TestUploadIsRepeated(t *testing.T) {
	ctx := context.Background()
	const done = `{"errcode":0,"type":"file","media_id":"M","created_at":1}`
	for _, refused := range []string{`{"errcode":42001,"errmsg":"expired"}`, `{"errcode":-1,"errmsg":"busy"}`} {
		c, s := newShelf(t, refused, done)
		file := bytes.NewReader([]byte("skip:content"))
		_, _ = file.Seek(5, io.SeekStart)
		if m, err := c.UploadMedia(ctx, MediaFile, "a.txt", file, 7); err != nil || m.MediaID != "M" {
			t.Errorf("%s: %+v, %v", refused, m, err)
		}
		if len(s.got) != 2 || string(s.got[0].body) != "content" || string(s.got[1].body) != "content" {
			t.Errorf("%s: %d uploads", refused, len(s.got))
		}
		c, s = newShelf(t, refused, done)
		_, err := c.UploadMedia(ctx, MediaFile, "a.txt", io.MultiReader(strings.NewReader("content")), 7)
		if !IsCode(err, 42001, -1) || len(s.got) != 1 {
			t.Errorf("%s: a reader that cannot go back: %v after %d", refused, err, len(s.got))
		}
	}
}

// A file that is shorter than announced is a failure, never a short upload.
func TestShortFile(t *testing.T) {
	c, s := newShelf(t, `{"errcode":0,"type":"file","media_id":"M","created_at":1}`)
	if _, err := c.UploadMedia(context.Background(), MediaFile, "a.txt", strings.NewReader("content"), 70); err == nil || len(s.got) != 0 {
		t.Errorf("%v, uploads %v", err, s.got)
	}
}

func TestMediaGet(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		size, whole int
		ranges      int
	}{{100, 1000, 0}, {0, 10, 0}, {mediaChunk, 1000, 1}, {2*mediaChunk + 5, 1000, 3}} {
		c, s := newShelf(t)
		s.whole, s.file = tt.whole, bytes.Repeat([]byte(`{"errcode":1}`), tt.size/13+1)[:tt.size]
		var got bytes.Buffer
		if err := c.MediaGet(ctx, "M", &got); err != nil || sha256.Sum256(got.Bytes()) != sha256.Sum256(s.file) {
			t.Errorf("%d bytes: got %d, %v", tt.size, got.Len(), err)
		}
		if len(s.asked)-1 != tt.ranges {
			t.Errorf("%d bytes: asked %v", tt.size, s.asked)
		}
		got.Reset()
		if err := c.MediaGet(ctx, "gone", &got); !IsCode(err, 40007) || errs.KindOf(err) != errs.NotFound || got.Len() != 0 {
			t.Errorf("a wrong id: %v, %q", err, got.String())
		}
	}
}

// A part of an answer, or one that is no file, is an error.
func TestMediaGetOfABrokenAnswer(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"no file": func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"errcode":0,"errmsg":"ok"}`) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", "attachment")
			w.Header().Set("Content-Length", "100")
			_, _ = fmt.Fprint(w, "short")
		},
		"wrong range": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				_, _ = fmt.Fprint(w, `{"errcode":830002,"errmsg":"large"}`)
				return
			}
			w.Header().Set("Content-Disposition", "attachment")
			w.Header().Set("Content-Range", "bytes 16-31/64")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = fmt.Fprint(w, "0123456789abcdef")
		},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/gettoken") {
				_, _ = fmt.Fprint(w, `{"errcode":0,"access_token":"T","expires_in":7200}`)
				return
			}
			answer(w, r)
		}))
		var got bytes.Buffer
		if err := New(Config{BaseURL: srv.URL, CorpID: "ww", Secret: "s"}).MediaGet(context.Background(), "M", &got); err == nil {
			t.Errorf("%s: no error, %q", name, got.String())
		}
		srv.Close()
	}
}

// The closing boundary of the form must not stand in the file: the boundary is random.
func TestBoundariesDiffer(t *testing.T) {
	kind := func() string {
		c, err := form("/x", "a", strings.NewReader("abcdef"), 6)()
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := io.ReadAll(c.reader)
		if int64(len(raw)) != c.length {
			t.Errorf("%d bytes announced, %d written", c.length, len(raw))
		}
		_, boundary, _ := strings.Cut(c.kind, "boundary=")
		if _, err := multipart.NewReader(bytes.NewReader(raw), boundary).NextPart(); err != nil {
			t.Error(err)
		}
		return boundary
	}
	if a, b := kind(), kind(); a == b || len(a) < 20 {
		t.Errorf("boundaries %q, %q", a, b)
	}
}
