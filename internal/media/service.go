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

// Need is an original and the use for which WeCom must know it.
type Need struct {
	FileID int64
	Use    Use
}

// WithIDs makes a call that names originals by WeCom's ids, in the order of the needs. If WeCom does not know one of them
// (any more), the originals are uploaded again and the call is made once more: such a refusal means that nothing happened.
func (s *Service) WithIDs(ctx context.Context, needs []Need, call func(mediaIDs []string) error) error {
	for try := 0; ; try++ {
		mediaIDs, files := make([]string, len(needs)), make([]int64, len(needs))
		for i, n := range needs {
			var err error
			if mediaIDs[i], err = s.MediaID(ctx, n.FileID, n.Use); err != nil {
				return errs.E(errs.KindOf(err), "media.upload_failed", "file %d", n.FileID).Wrap(err)
			}
			files[i] = n.FileID
		}
		err := call(mediaIDs)
		if try > 0 || len(needs) == 0 || !wecom.IsCode(err, 40007, 40145) {
			return err
		}
		if err := forgetUploads(ctx, s.DB, files); err != nil {
			return err
		}
	}
}

// Ready uploads what WeCom does not know of the parts.
func (s *Service) Ready(ctx context.Context, parts []Part) error {
	return s.WithIDs(ctx, needsOf(parts), func([]string) error { return nil })
}

func needsOf(parts []Part) []Need {
	var out []Need
	for _, p := range parts {
		if p.FileID != 0 {
			out = append(out, Need{p.FileID, p.use()})
		}
	}
	return out
}

// With makes a call that carries parts, as WithIDs does.
func (s *Service) With(ctx context.Context, parts []Part, call func([]wecom.Attachment) error) error {
	return s.WithIDs(ctx, needsOf(parts), func(mediaIDs []string) error {
		attachments := make([]wecom.Attachment, len(parts))
		for i, p := range parts {
			mediaID := ""
			if p.FileID != 0 {
				mediaID, mediaIDs = mediaIDs[0], mediaIDs[1:]
			}
			attachments[i] = p.attachment(mediaID)
		}
		return call(attachments)
	})
}
