// Package blob keeps the originals of files: pictures, videos and documents that messages carry. The bytes stand in the
// database, the only store, in chunks; equal files are kept once.
//
// Invariants: what a file is comes from its bytes, never from its name or from what the sender claims; a file that is
// here is here whole. The package knows nothing of WeCom: which file may go into which message is for media to say.
package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"image"
	_ "image/jpeg" // what DecodeConfig can read
	_ "image/png"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"

	"qunce/internal/errs"
	"qunce/internal/id"
	"qunce/internal/pg"
)

// Kind is what a file is good for.
type Kind string

// The kinds: JPEG and PNG pictures, MP4 videos, and everything else.
const (
	Image Kind = "image"
	Video Kind = "video"
	Other Kind = "file"
)

// Kinds lists all of them; the CHECK of blob_file lists the same.
func Kinds() []Kind { return []Kind{Image, Video, Other} }

// MaxSize is the largest file that is kept, in bytes: what WeCom takes at most.
const MaxSize = 20 << 20

// minSize is what WeCom calls a file.
const minSize = 6

// File is what is known of a file. Width and Height are pixels, 0 where it is not a picture.
type File struct {
	ID        int64     `json:"id"`
	SHA256    []byte    `json:"-"`
	Name      string    `json:"name"`
	Kind      Kind      `json:"kind"`
	MIME      string    `json:"mime"`
	Size      int64     `json:"size"`
	Width     int32     `json:"width"`
	Height    int32     `json:"height"`
	CreatedAt time.Time `json:"created_at"`
	CreatedBy int64     `json:"-"`
}

// Store keeps files.
type Store struct {
	IDs *id.Source
}

// Put keeps a file in tx and returns it; if it is here already, that one is returned with the name it has. by is who
// brought it. Errors: Invalid "blob.too_small", "blob.too_large", "blob.bad_name".
func (s Store) Put(ctx context.Context, tx pg.Tx, name string, r io.Reader, by int64, now time.Time) (File, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return File{}, errs.E(errs.Invalid, "blob.unreadable", "the upload broke off").On("file").Wrap(err)
	}
	f := File{Name: tidy(name), Size: int64(len(body)), CreatedAt: now, CreatedBy: by}
	switch {
	case len(body) < minSize:
		return File{}, errs.E(errs.Invalid, "blob.too_small", "%d bytes", len(body)).On("file").With("min", minSize)
	case len(body) > MaxSize:
		return File{}, errs.E(errs.Invalid, "blob.too_large", "more than %d bytes", MaxSize).On("file").With("max_mb", MaxSize>>20)
	case f.Name == "":
		return File{}, errs.E(errs.Invalid, "blob.bad_name", "the file has no name").On("file")
	}
	sum := sha256.Sum256(body)
	f.SHA256 = sum[:]
	f.Kind, f.MIME = sniff(body)
	if f.Kind == Image {
		c, _, err := image.DecodeConfig(bytes.NewReader(body))
		if err != nil {
			return File{}, errs.E(errs.Invalid, "blob.broken_picture", "the picture cannot be read").On("file").Wrap(err)
		}
		f.Width, f.Height = int32(c.Width), int32(c.Height) //nolint:gosec // a decoded picture's size
	}
	if f.ID, err = s.IDs.Next(ctx); err != nil {
		return File{}, err
	}
	return insert(ctx, tx, f, body)
}

// sniff tells from the bytes what a file is.
func sniff(body []byte) (Kind, string) {
	mime, _, _ := strings.Cut(http.DetectContentType(body), ";")
	switch mime {
	case "image/jpeg", "image/png":
		return Image, mime
	case "video/mp4":
		return Video, mime
	}
	return Other, mime
}

// tidy keeps a file's own name: no folders, nothing invisible, at most 128 bytes with its ending.
func tidy(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) || r == '"' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
	if name == "." || name == ".." || name == "/" {
		return ""
	}
	const most = 128
	if len(name) <= most {
		return name
	}
	end := path.Ext(name)
	if len(end) > 16 {
		end = ""
	}
	stem := strings.TrimSuffix(name, end)
	for len(stem)+len(end) > most {
		r := []rune(stem)
		stem = string(r[:len(r)-1])
	}
	return stem + end
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{
		{Name: "blob_file", Owner: "blob", Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "as long as it is used", Sampling: "copy"},
		{Name: "blob_chunk", Owner: "blob", Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "follow blob_file", Sampling: "copy"},
	}
}
