package sim

import (
	"bytes"
	"cmp"
	"crypto/md5" //nolint:gosec // the fingerprint that the archive shows
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"

	"qunce/internal/wecom"
)

const mediaLife = 3 * dayMS // on the simulator's clock

// Where media came from, and so what they may be used for.
const (
	fromUpload = ""       // media/upload and upload_by_url: messages
	fromMoment = "moment" // upload_attachment for moments
	fromAlbum  = "album"  // upload_attachment for the product album
	fromChat   = "chat"   // a customer or a member showed it in a chat
	fromPic    = "pic"    // uploadimg: a permanent picture
)

// mediaItem is a medium; its bytes lie on the shelf.
type mediaItem struct {
	ID, Kind, Name string
	Origin         string
	Sum            string // of the bytes, SHA-256
	MD5            string
	Size           int64
	Created        int64 // Unix ms
	Format         string
	MS             int64 // how long it plays
}

type mediaState struct {
	Items    map[string]*mediaItem
	Pictures map[string]*mediaItem // of uploadimg, by the file's name in the address
	Jobs     map[string]*mediaJob
}

func (m *mediaState) index() {
	orMake(&m.Items)
	orMake(&m.Pictures)
	orMake(&m.Jobs)
}

const (
	opMedia    = "media"     // body mediaItem
	opMediaJob = "media.job" // body mediaJob
)

func mediaArea() area {
	return area{
		endpoints: map[string]endpoint{
			"media/upload":                   post((*call).mediaUpload).upTo(21 << 20),
			"media/uploadimg":                post((*call).mediaUploadImage).upTo(3 << 20),
			"media/upload_attachment":        post((*call).mediaUploadAttachment).upTo(11 << 20),
			"media/upload_by_url":            post((*call).mediaByURL),
			"media/get_upload_by_url_result": post((*call).mediaByURLResult),
			"media/get":                      get((*call).mediaGet),
		},
		changes: map[string]change{
			opMedia: changing(func(s *state, _ int64, _ *op, v mediaItem) {
				if v.Origin == fromPic {
					s.Talk.Media.Pictures[v.ID] = &v
				} else {
					s.Talk.Media.Items[v.ID] = &v
				}
			}),
			opMediaJob: changing(func(s *state, _ int64, _ *op, v mediaJob) { s.Talk.Media.Jobs[v.ID] = &v }),
			opMeter:    func(s *state, at int64, o *op) error { s.metered(at, o.ID, o.N); return nil },
			opForget:   func(s *state, at int64, _ *op) error { s.forget(at); return nil },
		},
		routes: func(s *Server, mux *http.ServeMux) { mux.HandleFunc("GET /sim/pic/{file}", s.servePicture) },
		day:    talkDay,
	}
}

// forgetMedia drops the media that nothing can refer to any more: an id lives three days, an archived message five.
func (s *state) forgetMedia(at int64) {
	for id, m := range s.Talk.Media.Items {
		if at-m.Created > 30*dayMS {
			delete(s.Talk.Media.Items, id)
		}
	}
	for id, j := range s.Talk.Media.Jobs {
		if at-j.Created > dayMS && j.Status != jobRunning {
			delete(s.Talk.Media.Jobs, id)
		}
	}
}

// sums are those of the bytes that are still needed. Ids outlive their bytes, so that they expire rather than turn unknown.
func (s *state) sums() map[string]bool {
	out := make(map[string]bool, len(s.Talk.Media.Items)+len(s.Talk.Media.Pictures))
	for _, m := range s.Talk.Media.Items {
		if s.Now-m.Created < 10*dayMS {
			out[m.Sum] = true
		}
	}
	for _, m := range s.Talk.Media.Pictures {
		out[m.Sum] = true
	}
	for _, a := range s.Talk.Kf.Accounts {
		if a.Avatar != "" {
			out[a.Avatar] = true
		}
	}
	return out
}

// media finds a medium by its id for a use; kind "" takes any. Expired ids are 40145, as customer contact answers them.
func (c *call) media(id, kind, origin string) (*mediaItem, error) {
	m := c.st.Talk.Media.Items[id]
	switch {
	case m == nil || m.Origin != origin:
		return nil, refuse(40007, "invalid media_id")
	case c.t.At-m.Created >= mediaLife:
		return nil, refuse(40145, "mediaid expired")
	case kind != "" && m.Kind != kind:
		return nil, refuse(40004, "invalid media type")
	}
	return m, nil
}

// appMedia is media for messages to members and kf customers, where expired ids are unknown ones.
func (c *call) appMedia(id, kind string) (*mediaItem, error) {
	if id == "" {
		return nil, refuse(40063, "some parameters are empty")
	}
	m, err := c.media(id, kind, fromUpload)
	if code(err) == 40145 {
		err = refuse(40007, "invalid media_id")
	}
	return m, err
}

// code is the errcode of a refusal; 0 for nil.
func code(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.code
	}
	return 0
}

// parts refuses attachments whose media do not exist, have expired or come from elsewhere.
func (c *call) parts(list []wecom.Attachment) error {
	for _, p := range list {
		var err error
		switch p.MsgType {
		case "image":
			_, _, ours := parseQR(p.Image.PicURL) // the picture of a code stands for itself
			if p.Image.MediaID != "" {
				_, err = c.media(p.Image.MediaID, mediaImage, fromUpload)
			} else if !ours && c.s.picture(p.Image.PicURL) == nil {
				err = refuse(40058, "pic_url is not from uploadimg")
			}
		case "miniprogram":
			_, err = c.media(p.MiniProgram.PicMediaID, mediaImage, fromUpload)
		case "video":
			_, err = c.media(p.Video.MediaID, mediaVideo, fromUpload)
		case "file":
			_, err = c.media(p.File.MediaID, "", fromUpload)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// upload is the file of a multipart body; field "" takes any name.
func (c *call) upload(field string) (name string, body []byte, err error) {
	missing := refuse(41005, "media data missing")
	_, params, perr := mime.ParseMediaType(c.head.Get("Content-Type"))
	if perr != nil || params["boundary"] == "" {
		return "", nil, missing
	}
	r := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		p, perr := r.NextRawPart()
		if perr != nil {
			return "", nil, missing
		}
		if p.FileName() == "" || field != "" && p.FormName() != field {
			continue
		}
		if body, perr = io.ReadAll(p); perr != nil {
			return "", nil, missing
		}
		return path.Base(strings.ReplaceAll(p.FileName(), `\`, "/")), body, nil
	}
}

// shelve stores bytes and makes the item of them.
func (c *call) shelve(kind, name, origin string, body []byte, f facts) (*mediaItem, error) {
	sum, err := c.s.talk.shelf.put(body)
	if err != nil {
		return nil, err
	}
	h := md5.Sum(body) //nolint:gosec // as above
	m := &mediaItem{ID: mint(c.st.World.Seed, "3", c.st.next(), 84), Kind: kind, Name: name, Origin: origin, Sum: sum, MD5: hex.EncodeToString(h[:]),
		Size: int64(len(body)), Created: c.t.At, Format: f.Format, MS: f.MS}
	return m, nil
}

func (c *call) mediaUpload() (fields, error) {
	kind := c.q.Get("type")
	name, body, err := c.upload("media")
	if err != nil {
		return nil, err
	}
	if err := checkMedia(kind, body); err != nil {
		return nil, err
	}
	m, err := c.shelve(kind, name, fromUpload, body, look(body))
	if err != nil {
		return nil, err
	}
	c.t.change(op{K: opMedia}, m)
	return fields{"type": kind, "media_id": m.ID, "created_at": strconv.FormatInt(m.Created/1000, 10)}, nil
}

// checkMedia holds the limits of media/upload.
func checkMedia(kind string, body []byte) error {
	most := map[string]int{mediaImage: 10 << 20, mediaVoice: 2 << 20, mediaVideo: 10 << 20, mediaFile: 20 << 20}[kind]
	f := look(body)
	switch {
	case most == 0:
		return refuse(40005, "invalid type")
	case len(body) <= 5:
		return refuse(40006, "invalid media size")
	case len(body) > most && kind == mediaImage:
		return refuse(40009, "invalid image size")
	case len(body) > most:
		return refuse(40006, "invalid media size")
	case kind == mediaImage && f.Format != "jpg" && f.Format != "png",
		kind == mediaVoice && f.Format != "amr",
		kind == mediaVideo && f.Format != "mp4":
		return refuse(40004, "invalid media type")
	case kind == mediaVoice && f.MS > 60_000:
		return refuse(45007, "playtime out of limit")
	}
	return nil
}

func (c *call) mediaUploadImage() (fields, error) {
	name, body, err := c.upload("")
	if err != nil {
		return nil, err
	}
	f := look(body)
	switch {
	case len(body) <= 5:
		return nil, refuse(40006, "invalid media size")
	case len(body) > 2<<20:
		return nil, refuse(40009, "invalid image size")
	case f.Format != "jpg" && f.Format != "png":
		return nil, refuse(40004, "invalid media type")
	}
	if err := c.spend("uploadimg", [4]int64{0, 0, 1000, 3000}); err != nil {
		return nil, err
	}
	m, err := c.shelve(mediaImage, name, fromPic, body, f)
	if err != nil {
		return nil, err
	}
	m.ID = mint(c.st.World.Seed, "", c.st.next(), 40) + "." + f.Format
	c.t.change(op{K: opMedia}, m)
	return fields{"url": c.s.base + "/sim/pic/" + m.ID}, nil
}

// picture is the item behind an address that uploadimg gave; nil if it is none of those.
func (s *Server) picture(address string) *mediaItem {
	if !strings.HasPrefix(address, s.base+"/sim/pic/") {
		return nil
	}
	return s.st.Talk.Media.Pictures[path.Base(address)]
}

// servePicture shows what uploadimg took, and media that an answer of the API names by an address.
func (s *Server) servePicture(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	m := s.st.Talk.Media.Pictures[r.PathValue("file")]
	if m == nil {
		m = s.st.Talk.Media.Items[r.PathValue("file")]
	}
	s.mu.Unlock()
	if m == nil {
		http.NotFound(w, r)
		return
	}
	b, err := s.talk.shelf.get(m.Sum)
	if err != nil {
		http.Error(w, "the picture is gone", http.StatusInternalServerError)
		return
	}
	kind, _ := mediaType(m.Format, m.Name)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(b)
}

func (c *call) mediaUploadAttachment() (fields, error) {
	kind := c.q.Get("media_type")
	origin := map[string]string{"1": fromMoment, "2": fromAlbum}[c.q.Get("attachment_type")]
	switch {
	case kind != mediaImage && kind != mediaVideo && kind != mediaFile:
		return nil, refuse(40005, "invalid media_type")
	case origin == "" || kind == mediaFile || origin == fromAlbum && kind != mediaImage:
		return nil, refuse(41072, "invalid attachment scene") // neither moments nor the album show files; the album shows pictures only
	}
	name, body, err := c.upload("media")
	if err != nil {
		return nil, err
	}
	f := look(body)
	switch {
	case len(body) <= 5:
		return nil, refuse(40006, "invalid media size")
	case len(body) > 10<<20:
		return nil, refuse(41080, "attachment size exceeds limit")
	case kind == mediaImage && f.Format != "jpg" && f.Format != "png", kind == mediaVideo && f.Format != "mp4":
		return nil, refuse(40004, "invalid media type")
	case kind == mediaVideo && f.Broken:
		return nil, refuse(41090, "invalid mp4 file")
	case f.Broken:
		return nil, refuse(40004, "invalid media type")
	case kind == mediaImage && (max(f.Width, f.Height) > 10_800 || min(f.Width, f.Height) > 1080):
		return nil, refuse(41081, "attachment resolution exceeds limit")
	case kind == mediaVideo && f.MS > 30_000:
		return nil, refuse(41082, "attachment duration exceeds limit")
	}
	m, err := c.shelve(kind, name, origin, body, f)
	if err != nil {
		return nil, err
	}
	c.t.change(op{K: opMedia}, m)
	return fields{"type": kind, "media_id": m.ID, "created_at": m.Created / 1000}, nil
}

// mediaGet answers with the bytes; those above the limit only piecewise.
func (c *call) mediaGet() (fields, error) {
	id := c.q.Get("media_id")
	if id == "" {
		return nil, refuse(41006, "media_id missing")
	}
	m := c.st.Talk.Media.Items[id]
	if m == nil || c.t.At-m.Created >= mediaLife {
		return nil, refuse(40007, "invalid media_id")
	}
	kind, ending := mediaType(m.Format, m.Name)
	head := http.Header{"Content-Type": {kind}, "Accept-Ranges": {"bytes"},
		"Content-Disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": cmp.Or(m.Name, id[:16]+ending)})}}
	wanted := c.head.Get("Range")
	if wanted == "" {
		if m.Size > c.st.World.Limits.MediaWhole {
			return nil, refuse(830002, "file is too large, use Range")
		}
		wanted = "bytes=0-"
	}
	from, to, ok := byteRange(wanted, m.Size)
	if !ok {
		head.Set("Content-Range", fmt.Sprintf("bytes */%d", m.Size))
		c.file = &blob{Header: head, Status: http.StatusRequestedRangeNotSatisfiable}
		return nil, nil
	}
	b, err := c.s.talk.shelf.slice(m.Sum, from, to-from+1)
	if err != nil {
		return nil, err
	}
	c.file = &blob{Header: head, Body: b}
	if c.head.Get("Range") != "" {
		head.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, m.Size))
		c.file.Status = http.StatusPartialContent
	}
	return nil, nil
}

// byteRange reads one range of bytes, both ends included.
func byteRange(s string, size int64) (from, to int64, ok bool) {
	rest, ok := strings.CutPrefix(s, "bytes=")
	a, b, dash := strings.Cut(rest, "-")
	if !ok || !dash {
		return 0, 0, false
	}
	to = size - 1
	var err1, err2 error
	switch {
	case a == "": // the last so many
		var n int64
		n, err1 = strconv.ParseInt(b, 10, 64)
		from = max(size-n, 0)
		if n <= 0 {
			return 0, 0, false
		}
	default:
		from, err1 = strconv.ParseInt(a, 10, 64)
		if b != "" {
			to, err2 = strconv.ParseInt(b, 10, 64)
			to = min(to, size-1)
		}
	}
	return from, to, err1 == nil && err2 == nil && from >= 0 && from <= to
}
