package intake

import (
	"context"
	"net/http"
	"sort"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"qunce/internal/api"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/geo"
)

// API registers the endpoints.
func (s *Service) API(a *api.API) {
	api.Register(a, api.Op{ID: "upload-import", Method: http.MethodPost, Path: "/api/imports", Tag: "imports",
		Summary: "Upload a file of stores, orders or members", Permission: "import.run", MaxBody: MaxFile + 1<<20}, s.postImport)
	api.Register(a, api.Op{ID: "list-imports", Method: http.MethodGet, Path: "/api/imports", Tag: "imports",
		Summary: "Imports, newest first", Permission: "import.run"}, s.listImports)
	api.Register(a, api.Op{ID: "get-import", Method: http.MethodGet, Path: "/api/imports/{id}", Tag: "imports",
		Summary: "One import with its column mapping and progress", Permission: "import.run"}, s.getImport)
	api.Register(a, api.Op{ID: "list-import-errors", Method: http.MethodGet, Path: "/api/imports/{id}/errors", Tag: "imports",
		Summary: "The wrong and doubtful rows of an import, 10,000 at most", Permission: "import.run"}, s.listErrors)
}

type uploadForm struct {
	File        huma.FormFile `form:"file" required:"true"`
	Kind        string        `form:"kind" required:"true" enum:"stores,orders,members"`
	CoordSystem string        `form:"coord_system" required:"false" enum:"wgs84,gcj02,bd09," doc:"of the stores' coordinates"`
	Source      string        `form:"source" required:"false" maxLength:"200" doc:"where the list comes from; required for members"`
	LegalBasis  string        `form:"legal_basis" required:"false" enum:"consent,contract," doc:"required for members"`
}

type uploadInput struct {
	RawBody huma.MultipartFormFiles[uploadForm]
}

type idReply struct {
	ID int64 `json:"id"`
}

func (s *Service) postImport(ctx context.Context, in *uploadInput) (idReply, error) {
	form := in.RawBody.Data()
	if form == nil || !form.File.IsSet {
		return idReply{}, errs.E(errs.Invalid, "import.empty_file", "no file").On("file")
	}
	defer func() { _ = form.File.Close() }()
	id, err := s.Upload(ctx, Kind(form.Kind), form.File.Filename, form.File, Options{CoordSystem: geo.System(form.CoordSystem),
		Source: form.Source, LegalBasis: form.LegalBasis})
	return idReply{ID: id}, err
}

// ImportItem is an import as lists show it. Exported because the detail embeds it, and the OpenAPI document shows only exported fields.
type ImportItem struct {
	ID         int64      `json:"id"`
	Kind       Kind       `json:"kind"`
	FileName   string     `json:"file_name"`
	State      State      `json:"state"`
	Rows       int        `json:"rows"`
	Created    int        `json:"created"`
	Updated    int        `json:"updated"`
	Unchanged  int        `json:"unchanged"`
	Skipped    int        `json:"skipped"`
	Warnings   int        `json:"warnings"`
	Errors     int        `json:"errors"`
	Progress   float64    `json:"progress" doc:"0 to 1"`
	Error      *string    `json:"error" doc:"why the import failed"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	By         string     `json:"by"`
}

type mappingItem struct {
	Key    string `json:"key"`
	Header string `json:"header"`
}

type importDetail struct {
	ImportItem
	Mapping    []mappingItem `json:"mapping"`
	Unmapped   []string      `json:"unmapped"`
	Source     string        `json:"source"`
	LegalBasis string        `json:"legal_basis"`
}

func (s *Service) item(ctx context.Context, x Import) ImportItem {
	it := ImportItem{ID: x.ID, Kind: x.Kind, FileName: x.FileName, State: x.State, Rows: x.Counts.Rows, Created: x.Counts.Created,
		Updated: x.Counts.Updated, Unchanged: x.Counts.Unchanged, Skipped: x.Counts.Skipped, Warnings: x.Warnings, Errors: x.Errors,
		Progress: x.Progress, StartedAt: x.CreatedAt.In(clock.Shanghai), By: x.By}
	if x.FinishedAt != nil {
		at := x.FinishedAt.In(clock.Shanghai)
		it.FinishedAt = &at
	}
	if x.Failure.Code != "" {
		sentence := s.Catalog.Error(api.Lang(ctx), x.Failure.Code, x.Failure.Params)
		it.Error = &sentence
	}
	return it
}

func (s *Service) listImports(ctx context.Context, in *api.PageInput) (api.Page[ImportItem], error) {
	mark, _, err := in.Mark()
	if err != nil {
		return api.Page[ImportItem]{}, err
	}
	if mark.At.IsZero() {
		mark.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	list, err := findImports(ctx, s.DB, `WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3`, mark.At, mark.ID, in.Limit+1)
	if err != nil {
		return api.Page[ImportItem]{}, err
	}
	items := make([]ImportItem, len(list))
	for i, x := range list {
		items[i] = s.item(ctx, x)
	}
	return api.Paged(items, in.Limit, func(x ImportItem) api.Mark { return api.Mark{At: x.StartedAt, ID: x.ID} }), nil
}

func (s *Service) getImport(ctx context.Context, in *struct {
	ID int64 `path:"id"`
}) (importDetail, error) {
	x, err := s.Get(ctx, in.ID)
	if err != nil {
		return importDetail{}, err
	}
	d := importDetail{ImportItem: s.item(ctx, x), Mapping: []mappingItem{}, Unmapped: x.Unmapped, Source: x.Options.Source, LegalBasis: x.Options.LegalBasis}
	for key, header := range x.Mapping {
		d.Mapping = append(d.Mapping, mappingItem{Key: key, Header: header})
	}
	sort.Slice(d.Mapping, func(i, j int) bool { return d.Mapping[i].Key < d.Mapping[j].Key })
	return d, nil
}

type errorItem struct {
	Row     int    `json:"row"`
	Column  string `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Value   string `json:"value"`
	Warning bool   `json:"warning"`

	seq int64
}

func (s *Service) listErrors(ctx context.Context, in *struct {
	api.PageInput
	ID int64 `path:"id"`
}) (api.Page[errorItem], error) {
	mark, _, err := in.Mark()
	if err != nil {
		return api.Page[errorItem]{}, err
	}
	if _, err := s.Get(ctx, in.ID); err != nil {
		return api.Page[errorItem]{}, err
	}
	list, err := s.RowErrors(ctx, in.ID, mark.ID, in.Limit+1)
	if err != nil {
		return api.Page[errorItem]{}, err
	}
	items := make([]errorItem, len(list))
	for i, e := range list {
		params := map[string]any{"value": e.Value, "row": e.Row, "column": e.Column}
		for k, v := range e.Params {
			params[k] = v
		}
		items[i] = errorItem{Row: e.Row, Column: e.Column, Code: e.Code, Message: s.Catalog.Error(api.Lang(ctx), e.Code, params),
			Value: e.Value, Warning: e.Warning, seq: e.Seq}
	}
	return api.Paged(items, in.Limit, func(x errorItem) api.Mark { return api.Mark{ID: x.seq} }), nil
}
