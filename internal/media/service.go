package media

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/singleflight"

	"qunce/internal/actor"
	"qunce/internal/blob"
	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Deps are what the service works with.
type Deps struct {
	DB    *pg.DB
	IDs   *id.Source
	Clock clock.Clock // the corp's: WeCom's three days pass on it
	WeCom *wecom.Client
}

// Service keeps files and their uploads.
type Service struct {
	Deps
	uploads singleflight.Group // of this process; two processes may both upload, which harms nothing
}

// New returns the service.
func New(d Deps) *Service { return &Service{Deps: d} }

var (
	fpUploadBefore = failpoint.New("media.upload.before")
	fpUploadAfter  = failpoint.New("media.upload.after")
)

// reserve is how long an id must live yet to be handed out: a mass send may wait that long for its turn.
const reserve = 12 * time.Hour

// Keep keeps an uploaded original; see blob.Store.Put for its errors.
func (s *Service) Keep(ctx context.Context, name string, r io.Reader) (blob.File, error) {
	var f blob.File
	err := s.DB.Tx(ctx, func(tx pg.Tx) (err error) {
		f, err = blob.Store{IDs: s.IDs}.Put(ctx, tx, name, r, actor.From(ctx).UserID, s.Clock.Now())
		return err
	})
	return f, err
}

// Check reports what WeCom would refuse of the parts; see the function Check.
func (s *Service) Check(ctx context.Context, q pg.Querier, name string, parts []Part) error {
	files, err := blob.ByIDs(ctx, q, FileIDs(parts))
	if err != nil {
		return err
	}
	return Check(name, parts, files)
}

// MediaID returns the id under which WeCom knows a file for a use, uploading the original if needed. It uses the network
// and must not be called inside a transaction.
func (s *Service) MediaID(ctx context.Context, fileID int64, use Use) (string, error) {
	mediaID, err := uploadOf(ctx, s.DB, fileID, use, s.Clock.Now().Add(reserve))
	if err != nil || mediaID != "" {
		return mediaID, err
	}
	got := s.uploads.DoChan(fmt.Sprintf("%d/%s", fileID, use), func() (any, error) {
		return s.upload(context.WithoutCancel(ctx), fileID, use)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-got:
		mediaID, _ := r.Val.(string)
		return mediaID, r.Err
	}
}

func (s *Service) upload(ctx context.Context, fileID int64, use Use) (string, error) {
	f, err := blob.Get(ctx, s.DB, fileID)
	if err != nil {
		return "", err
	}
	body, err := blob.Body(ctx, s.DB, f)
	if err != nil {
		return "", err
	}
	now := s.Clock.Now() // before asking: WeCom's three days begin later
	fpUploadBefore.Hit()
	m, err := s.send(ctx, f, use, body)
	if err != nil {
		return "", err
	}
	fpUploadAfter.Hit()
	return m.MediaID, saveUpload(ctx, s.DB, fileID, use, m.MediaID, now, now.Add(wecom.MediaLife))
}

func (s *Service) send(ctx context.Context, f blob.File, use Use, body []byte) (wecom.Media, error) {
	r := bytes.NewReader(body)
	if use == Moments || use == Album {
		kind := map[blob.Kind]wecom.MediaKind{blob.Image: wecom.MediaImage, blob.Video: wecom.MediaVideo, blob.Other: wecom.MediaFile}[f.Kind]
		to := wecom.ForMoments
		if use == Album {
			to = wecom.ForAlbum
		}
		return s.WeCom.UploadAttachment(ctx, kind, to, f.Name, r, f.Size)
	}
	return s.WeCom.UploadMedia(ctx, wecom.MediaKind(use), f.Name, r, f.Size) // our names of these uses are WeCom's
}

// Attachments turns parts into what WeCom takes with a message.
func (s *Service) Attachments(ctx context.Context, parts []Part) ([]wecom.Attachment, error) {
	out := make([]wecom.Attachment, 0, len(parts))
	for _, p := range parts {
		mediaID := ""
		if p.FileID != 0 {
			var err error
			if mediaID, err = s.MediaID(ctx, p.FileID, p.use()); err != nil {
				return nil, errs.E(errs.KindOf(err), "media.upload_failed", "file %d", p.FileID).Wrap(err)
			}
		}
		out = append(out, p.attachment(mediaID))
	}
	return out, nil
}

// With makes a call that carries parts. If WeCom does not know one of the media ids (any more), the originals are uploaded
// again and the call is made once more: such a refusal means that nothing happened.
func (s *Service) With(ctx context.Context, parts []Part, call func([]wecom.Attachment) error) error {
	for try := 0; ; try++ {
		attachments, err := s.Attachments(ctx, parts)
		if err != nil {
			return err
		}
		err = call(attachments)
		if try > 0 || len(FileIDs(parts)) == 0 || !wecom.IsCode(err, 40007, 40145) {
			return err
		}
		if err := forgetUploads(ctx, s.DB, FileIDs(parts)); err != nil {
			return err
		}
	}
}
