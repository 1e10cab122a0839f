// Package media turns what a content refers to (files of blob, links, mini-programs) into what WeCom takes. WeCom keeps an
// upload for three days; the originals stay here and are uploaded again when an upload is about to end or WeCom does not
// know it any more.
//
// Invariants: contents hold file ids, never media ids; an id handed out is good for some hours yet; a call that WeCom
// refused because of a media id had no effect, so it is made once more with fresh ones, and only once. An upload is
// repeatable: an id that nobody uses is gone after three days.
package media

import (
	"fmt"
	"net/url"
	"strings"

	"qunce/internal/blob"
	"qunce/internal/errs"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Type is the kind of a part of a content.
type Type string

// The types; WeCom's names.
const (
	Image       Type = "image"
	Video       Type = "video"
	File        Type = "file"
	Link        Type = "link"
	MiniProgram Type = "miniprogram"
)

// Part is one attachment of a content as features keep it. Image, video, file and mini-program (its cover, 520 × 416
// pixels) refer to a file by id; a link may carry a cover's address. The title of a picture, video or file is its name, for
// pages only.
type Part struct {
	Type   Type   `json:"type" enum:"image,video,file,link,miniprogram"`
	FileID int64  `json:"file_id,omitempty"`
	Title  string `json:"title,omitempty" maxLength:"128"`
	Desc   string `json:"desc,omitempty" maxLength:"512"`
	URL    string `json:"url,omitempty" maxLength:"2048"`
	PicURL string `json:"pic_url,omitempty" maxLength:"2048"`
	AppID  string `json:"app_id,omitempty" maxLength:"64"`
	Page   string `json:"page,omitempty" maxLength:"1024"`
}

// MaxParts is how many attachments WeCom takes with one message.
const MaxParts = 9

// WeCom's limits in bytes, and of files by kind.
const (
	maxTitle        = 128
	maxProgramTitle = 64
	maxDesc         = 512
	maxURL          = 2048
	maxPicture      = 10 << 20
	maxVideo        = 10 << 20
)

// Use says what a file is uploaded as: WeCom's ids of one use serve no other.
type Use string

// The uses: a picture, video or file of a message; moments; product albums.
const (
	AsImage Use = "image"
	AsVideo Use = "video"
	AsFile  Use = "file"
	Moments Use = "moments"
	Album   Use = "album"
)

// Uses lists all of them; the CHECK of media_upload lists the same.
func Uses() []Use { return []Use{AsImage, AsVideo, AsFile, Moments, Album} }

// use is what a part's file is uploaded as.
func (p Part) use() Use {
	switch p.Type {
	case Video:
		return AsVideo
	case File:
		return AsFile
	}
	return AsImage // of a picture, and the cover of a mini-program
}

// Check reports what WeCom would refuse of the parts of a message, with the field below name. files are those the parts
// refer to. Errors: Invalid "media.<what>".
func Check(name string, parts []Part, files map[int64]blob.File) error {
	if len(parts) > MaxParts {
		return errs.E(errs.Invalid, "media.too_many", "%d parts", len(parts)).On(name).With("max", MaxParts)
	}
	for i, p := range parts {
		if err := p.check(fmt.Sprintf("%s.%d", name, i), files); err != nil {
			return err
		}
	}
	return nil
}

func (p Part) check(field string, files map[int64]blob.File) error {
	bad := func(code, at string) *errs.Error {
		return errs.E(errs.Invalid, "media."+code, "%s of a %s", at, p.Type).On(field + "." + at)
	}
	switch p.Type {
	case Link:
		return p.checkLink(bad)
	case MiniProgram:
		switch {
		case p.Title == "" || len(p.Title) > maxProgramTitle:
			return bad("title", "title").With("max", maxProgramTitle)
		case p.AppID == "":
			return bad("app_id", "app_id")
		case p.Page == "":
			return bad("page", "page")
		}
		return p.checkFile(bad, files, blob.Image)
	case Image:
		return p.checkFile(bad, files, blob.Image)
	case Video:
		return p.checkFile(bad, files, blob.Video)
	case File:
		return p.checkFile(bad, files, "")
	}
	return bad("type", "type")
}

func (p Part) checkLink(bad func(code, at string) *errs.Error) error {
	u, err := url.Parse(p.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(p.URL) > maxURL:
		return bad("url", "url")
	case strings.TrimSpace(p.Title) == "" || len(p.Title) > maxTitle:
		return bad("title", "title").With("max", maxTitle)
	case len(p.Desc) > maxDesc:
		return bad("desc", "desc").With("max", maxDesc)
	case len(p.PicURL) > maxURL:
		return bad("url", "pic_url")
	}
	return nil
}

func (p Part) checkFile(bad func(code, at string) *errs.Error, files map[int64]blob.File, kind blob.Kind) error {
	f, there := files[p.FileID]
	switch {
	case !there:
		return bad("no_file", "file_id")
	case kind != "" && f.Kind != kind:
		return bad("wrong_kind."+string(kind), "file_id").With("name", f.Name)
	case kind == blob.Image && f.Size > maxPicture, kind == blob.Video && f.Size > maxVideo:
		return bad("too_large", "file_id").With("name", f.Name).With("max_mb", maxPicture>>20)
	}
	return nil
}

// FileIDs lists the files that parts refer to.
func FileIDs(parts []Part) []int64 {
	var out []int64
	for _, p := range parts {
		if p.FileID != 0 {
			out = append(out, p.FileID)
		}
	}
	return out
}

// attachment is the part with its file's present media id.
func (p Part) attachment(mediaID string) wecom.Attachment {
	a := wecom.Attachment{MsgType: string(p.Type)}
	switch p.Type {
	case Image:
		a.Image = &wecom.Image{MediaID: mediaID}
	case Video:
		a.Video = &wecom.Media{MediaID: mediaID}
	case File:
		a.File = &wecom.Media{MediaID: mediaID}
	case Link:
		a.Link = &wecom.Link{Title: p.Title, PicURL: p.PicURL, Desc: p.Desc, URL: p.URL}
	case MiniProgram:
		a.MiniProgram = &wecom.MiniProgram{Title: p.Title, PicMediaID: mediaID, AppID: p.AppID, Page: p.Page}
	}
	return a
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{{Name: "media_upload", Owner: "media", Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "3 days", Sampling: "none"}}
}
