package archive

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"qunce/internal/actor"
	"qunce/internal/api"
	"qunce/internal/errs"
)

// serveFile sends one file of a message. Pictures, sounds and films that a browser knows may be shown in the page;
// everything else is only ever saved. The bytes come from strangers: no browser is to guess what they are.
func (s *Service) serveFile(a *api.API) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := s.fileFor(r, a)
		if err != nil {
			a.WriteError(w, r, err)
			return
		}
		sniff := &sniffer{w: w, name: fileName(f.name)}
		h := w.Header()
		h.Set("Content-Length", strconv.FormatInt(f.size, 10))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		h.Set("Cache-Control", "private, no-store")
		if err := s.writeFile(r.Context(), f.fileKey, sniff); err != nil && r.Context().Err() == nil {
			s.Log.Warn("archive: send a file", "error", err)
		}
	}
}

// fileFor checks who asks for which file and why, records it, and has the file here.
func (s *Service) fileFor(r *http.Request, a *api.API) (fileRow, error) {
	ctx := r.Context()
	if err := a.Allow(r, readContent); err != nil {
		return fileRow{}, err
	}
	q := r.URL.Query()
	access := Access{Purpose: q.Get("purpose"), Reason: clip(clean(q.Get("reason")), 800)}
	if err := access.check(ctx); err != nil {
		return fileRow{}, err
	}
	chatID, err1 := strconv.ParseInt(r.PathValue("id"), 10, 64)
	messageID, err2 := strconv.ParseInt(r.PathValue("message_id"), 10, 64)
	n, err3 := strconv.ParseInt(r.PathValue("n"), 10, 16)
	at, err4 := time.Parse(time.RFC3339Nano, q.Get("at"))
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			return fileRow{}, errs.E(errs.NotFound, "archive.media_unknown", "no such file").Wrap(err)
		}
	}
	if err := s.maySeeChat(ctx, chatID); err != nil {
		return fileRow{}, err
	}
	f, err := s.ensureFile(ctx, fileKey{chatID, at, messageID, int16(n)})
	if err != nil {
		return fileRow{}, err
	}
	return f, s.record(ctx, "archive.file", "archive_chat/"+strconv.FormatInt(chatID, 10), access, map[string]any{"message": messageID, "file": n})
}

func (s *Service) maySeeChat(ctx context.Context, chatID int64) error {
	v, err := s.viewOf(ctx, actor.From(ctx).Scope)
	if err != nil {
		return err
	}
	_, err = s.chat(ctx, chatID, v)
	return err
}

// fileName is what a file is saved as: the last part of its name, or a word where it has none.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	if name == "." || name == "/" || name == ".." {
		return "file"
	}
	return name
}

// sniffer sets the headers by the first bytes and then passes everything on.
type sniffer struct {
	w    http.ResponseWriter
	name string
	past bool
}

// shown are the types that a page may show.
var shown = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "audio/mpeg", "audio/wave"}

func (x *sniffer) Write(p []byte) (int, error) {
	if !x.past {
		x.past = true
		kind, disposition := "application/octet-stream", "attachment"
		if found := http.DetectContentType(p); slices.Contains(shown, found) {
			kind, disposition = found, "inline"
		}
		if bytes.HasPrefix(p, []byte("#!AMR")) { // WeCom's voice messages; browsers do not play them
			kind = "audio/amr"
		}
		name := x.name
		if path.Ext(name) == "" {
			name += ending(kind)
		}
		x.w.Header().Set("Content-Type", kind)
		x.w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	}
	return x.w.Write(p)
}

func ending(kind string) string {
	switch kind {
	case "image/jpeg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "image/gif":
		return ".gif"
	case "image/webp":
		return ".webp"
	case "video/mp4":
		return ".mp4"
	case "audio/mpeg":
		return ".mp3"
	case "audio/wave":
		return ".wav"
	case "audio/amr":
		return ".amr"
	}
	return ""
}
