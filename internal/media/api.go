package media

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"qunce/internal/api"
	"qunce/internal/blob"
	"qunce/internal/errs"
)

// Permissions: whoever sees codes sees their pictures; whoever writes them brings files.
const (
	read  api.Permission = "code.read"
	write api.Permission = "code.write"
)

type uploadForm struct {
	File huma.FormFile `form:"file" required:"true"`
}

type uploadInput struct {
	RawBody huma.MultipartFormFiles[uploadForm]
}

// FileItem is a file with the address of its content.
type FileItem struct {
	blob.File
	URL string `json:"url"`
}

type listInput struct {
	api.PageInput
	Kind blob.Kind `query:"kind" enum:"image,video,file"`
}

// API registers the endpoints.
func (s *Service) API(a *api.API) {
	api.Register(a, api.Op{ID: "uploadFile", Method: http.MethodPost, Path: "/api/files", Tag: "files",
		Summary: "Keep a picture, video or document", Permission: write, MaxBody: blob.MaxSize + 1<<20}, s.post)
	api.Register(a, api.Op{ID: "listFiles", Method: http.MethodGet, Path: "/api/files", Tag: "files",
		Summary: "Files, newest first", Permission: read}, s.list)
	a.Mux().HandleFunc("GET /api/files/{id}/content", func(w http.ResponseWriter, r *http.Request) {
		if err := a.Allow(r, read); err != nil {
			a.WriteError(w, r, err)
			return
		}
		if err := s.content(w, r); err != nil {
			a.WriteError(w, r, err)
		}
	})
}

// URL is where the console reads a file.
func URL(fileID int64) string { return fmt.Sprintf("/api/files/%d/content", fileID) }

func item(f blob.File) FileItem { return FileItem{File: f, URL: URL(f.ID)} }

func (s *Service) post(ctx context.Context, in *uploadInput) (FileItem, error) {
	form := in.RawBody.Data()
	if form == nil || !form.File.IsSet {
		return FileItem{}, errs.E(errs.Invalid, "blob.too_small", "no file").On("file").With("min", 0)
	}
	defer func() { _ = form.File.Close() }()
	f, err := s.Keep(ctx, form.File.Filename, form.File)
	return item(f), err
}

func (s *Service) list(ctx context.Context, in *listInput) (api.Page[FileItem], error) {
	mark, _, err := in.Mark()
	if err != nil {
		return api.Page[FileItem]{}, err
	}
	if mark.At.IsZero() {
		mark.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	files, err := blob.List(ctx, s.DB, in.Kind, mark.At, mark.ID, in.Limit+1)
	items := make([]FileItem, len(files))
	for i, f := range files {
		items[i] = item(f)
	}
	return api.Paged(items, in.Limit, func(f FileItem) api.Mark { return api.Mark{At: f.CreatedAt, ID: f.ID} }), err
}

// content sends a file. Only pictures and videos are shown in the page; anything else is saved, never opened.
func (s *Service) content(w http.ResponseWriter, r *http.Request) error {
	fileID, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return errs.E(errs.NotFound, "blob.not_found", "file %s", r.PathValue("id"))
	}
	f, err := blob.Get(r.Context(), s.DB, fileID)
	if err != nil {
		return err
	}
	body, err := blob.Body(r.Context(), s.DB, f)
	if err != nil {
		return err
	}
	h := w.Header()
	mime, how := f.MIME, "inline"
	if f.Kind == blob.Other {
		mime, how = "application/octet-stream", "attachment"
	}
	h.Set("Content-Type", mime)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Disposition", how+"; filename*=UTF-8''"+url.PathEscape(f.Name))
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	_, _ = w.Write(body) // the reader may be gone
	return nil
}
