package blob_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"qunce/internal/blob"
	"qunce/internal/errs"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPut(t *testing.T) {
	pool := pgtest.New(t)
	db := pool.Corp(pgtest.CorpSchema)
	store := blob.Store{IDs: id.New(pool.IDBlock)}
	ctx, at := t.Context(), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	put := func(name string, body []byte) (f blob.File, err error) {
		err = db.Tx(ctx, func(tx pg.Tx) error { f, err = store.Put(ctx, tx, name, bytes.NewReader(body), 7, at); return err })
		return f, err
	}
	long := bytes.Repeat([]byte("0123456789abcdef"), 100_000) // 1.6 MB, several chunks
	mp4 := append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), make([]byte, 64)...)
	for name, x := range map[string]struct {
		as   string
		body []byte
		want blob.File
		code string
	}{
		"picture":              {as: "海报.PNG", body: picture(t, 40, 30), want: blob.File{Name: "海报.PNG", Kind: blob.Image, MIME: "image/png", Width: 40, Height: 30}},
		"a picture misnamed":   {as: "report.pdf", body: picture(t, 41, 30), want: blob.File{Name: "report.pdf", Kind: blob.Image, MIME: "image/png", Width: 41, Height: 30}},
		"video":                {as: "a.mp4", body: mp4, want: blob.File{Name: "a.mp4", Kind: blob.Video, MIME: "video/mp4"}},
		"document":             {as: `C:\夏季\菜单.txt`, body: long, want: blob.File{Name: "菜单.txt", Kind: blob.Other, MIME: "text/plain"}},
		"a page stays a file":  {as: "x.html", body: []byte("<html><script>alert(1)</script></html>"), want: blob.File{Name: "x.html", Kind: blob.Other, MIME: "text/html"}},
		"a name too long":      {as: strings.Repeat("长", 100) + ".txt", body: []byte("abcdefg"), want: blob.File{Name: strings.Repeat("长", 41) + ".txt", Kind: blob.Other, MIME: "text/plain"}},
		"too small":            {as: "a.txt", body: []byte("12345"), code: "blob.too_small"},
		"too large":            {as: "a.bin", body: make([]byte, blob.MaxSize+1), code: "blob.too_large"},
		"no name":              {as: "../", body: []byte("abcdefgh"), code: "blob.bad_name"},
		"a picture cut off":    {as: "a.png", body: picture(t, 9, 9)[:20], code: "blob.broken_picture"},
		"an invisible in name": {as: "a\x00\u202eb.txt", body: []byte("abcdefghi"), want: blob.File{Name: "ab.txt", Kind: blob.Other, MIME: "text/plain"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := put(x.as, x.body)
			if got := errs.CodeOf(err); err != nil && got != x.code || err == nil && x.code != "" {
				t.Fatalf("got %v, want %q", err, x.code)
			}
			if err != nil {
				return
			}
			body, err := blob.Body(ctx, db, f)
			if err != nil || !bytes.Equal(body, x.body) {
				t.Fatalf("the bytes came back otherwise: %v", err)
			}
			f.ID, f.SHA256, f.Size, f.CreatedAt, f.CreatedBy = 0, nil, 0, time.Time{}, 0
			if f.Name != x.want.Name || f.Kind != x.want.Kind || f.MIME != x.want.MIME || f.Width != x.want.Width || f.Height != x.want.Height {
				t.Errorf("got %+v, want %+v", f, x.want)
			}
		})
	}
	first, err := put("海报.png", picture(t, 50, 50))
	if err != nil {
		t.Fatal(err)
	}
	again, err := put("另一个名字.png", picture(t, 50, 50))
	if err != nil || again.ID != first.ID || again.Name != first.Name {
		t.Errorf("equal bytes became %+v beside %+v (%v)", again, first, err)
	}
	if err := db.Tx(ctx, func(tx pg.Tx) error { return blob.Delete(ctx, tx, []int64{first.ID}) }); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.Get(context.WithoutCancel(ctx), db, first.ID); !errs.Is(err, "blob.not_found") {
		t.Errorf("deleted, but: %v", err)
	}
}
