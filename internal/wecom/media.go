package wecom

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MediaKind is the kind of an uploaded file.
type MediaKind string

// The kinds and WeCom's limits for UploadMedia; UploadAttachment takes image, video and file of at most 10 MB. A file
// has more than 5 bytes.
const (
	MediaImage MediaKind = "image" // ≤ 10 MB, JPG or PNG
	MediaVoice MediaKind = "voice" // ≤ 2 MB, ≤ 60 s, AMR
	MediaVideo MediaKind = "video" // ≤ 10 MB, MP4
	MediaFile  MediaKind = "file"  // ≤ 20 MB
)

// AttachmentUse says what an attachment is uploaded for; its media id serves nothing else.
type AttachmentUse int

// The uses.
const (
	ForMoments AttachmentUse = 1 // image ≤ 10800 × 1080 px, video ≤ 30 s
	ForAlbum   AttachmentUse = 2
)

// Media refers to an uploaded file. The id lives three days (MediaLife) and is shared by the corp's apps. Kind and
// CreatedAt are known after an upload only and are no part of a message.
type Media struct {
	MediaID   string    `json:"media_id"`
	Kind      MediaKind `json:"-"`
	CreatedAt time.Time `json:"-"`
}

// MediaLife is how long WeCom keeps an uploaded file.
const MediaLife = 3 * 24 * time.Hour

// UploadMedia uploads size bytes of r for messages of all kinds and welcome templates. It is repeatable: a media id that
// nobody uses is gone after three days. If r is an io.Seeker, a stale token is renewed and the upload repeated;
// otherwise the caller gets the refusal. Errors: 40004, 40006, 40009, 45001, 41080–41090.
func (c *Client) UploadMedia(ctx context.Context, kind MediaKind, filename string, r io.Reader, size int64) (Media, error) {
	return c.upload(ctx, "/cgi-bin/media/upload", url.Values{"type": {string(kind)}}, filename, r, size)
}

// UploadAttachment uploads size bytes of r for moments or product albums; like UploadMedia otherwise.
func (c *Client) UploadAttachment(ctx context.Context, kind MediaKind, use AttachmentUse, filename string, r io.Reader, size int64) (Media, error) {
	q := url.Values{"media_type": {string(kind)}, "attachment_type": {strconv.Itoa(int(use))}}
	return c.upload(ctx, "/cgi-bin/media/upload_attachment", q, filename, r, size)
}

// UploadImage uploads a picture of at most 2 MB and returns its permanent address, which only WeCom shows. WeCom takes
// 1,000 a day and 3,000 a month. It is repeatable, but every repetition counts.
func (c *Client) UploadImage(ctx context.Context, filename string, r io.Reader, size int64) (string, error) {
	const api = "/cgi-bin/media/uploadimg"
	var out struct {
		URL string `json:"url"`
	}
	err := c.withToken(ctx, request{api: api, body: form(api, filename, r, size), file: true, take: decoded(api, &out)})
	return out.URL, err
}

func (c *Client) upload(ctx context.Context, api string, q url.Values, filename string, r io.Reader, size int64) (Media, error) {
	var out uploaded
	err := c.withToken(ctx, request{api: api, query: q, body: form(api, filename, r, size), file: true, take: decoded(api, &out)})
	return out.media(), err
}

// uploaded is the answer of an upload; created_at is a string from one API and a number from the other.
type uploaded struct {
	Type      MediaKind `json:"type"`
	MediaID   string    `json:"media_id"`
	CreatedAt Seconds   `json:"created_at"`
}

func (u uploaded) media() Media {
	return Media{MediaID: u.MediaID, Kind: u.Type, CreatedAt: u.CreatedAt.Time()}
}

// form is a multipart body with the one part "media". WeCom wants the file's length in the part's header.
func form(api, filename string, r io.Reader, size int64) func() (content, error) {
	boundary := rand.Text()
	name := strings.NewReplacer("\\", "_", `"`, "%22", "\r", "", "\n", "").Replace(filename)
	head := fmt.Sprintf("--%s\r\nContent-Disposition: form-data; name=\"media\"; filename=\"%s\"; filelength=%d\r\n"+
		"Content-Type: application/octet-stream\r\n\r\n", boundary, name, size)
	tail := "\r\n--" + boundary + "--\r\n"
	start, last := int64(-1), (*once)(nil)
	return func() (content, error) {
		seeker, ok := r.(io.Seeker)
		switch {
		case last == nil && ok:
			var err error
			if start, err = seeker.Seek(0, io.SeekCurrent); err != nil {
				return content{}, &Error{API: api, Code: codeEncode, Msg: "read the file", Cause: err}
			}
		case last != nil && !ok:
			return content{}, errSpent
		case last != nil:
			_ = last.Close() // the first sending may still be at it
			if _, err := seeker.Seek(start, io.SeekStart); err != nil {
				return content{}, &Error{API: api, Code: codeEncode, Msg: "read the file again", Cause: err}
			}
		}
		last = &once{r: r, left: size}
		body := struct {
			io.Reader
			io.Closer
		}{io.MultiReader(strings.NewReader(head), last, strings.NewReader(tail)), last}
		return content{"multipart/form-data; boundary=" + boundary, body, int64(len(head)) + size + int64(len(tail))}, nil
	}
}

// errSpent says that a call cannot be repeated because its file was read.
var errSpent = errors.New("the file cannot be read twice")

// once reads so many bytes of a file, and no fewer. When it is closed it is over for good, so that the file can be read by
// somebody else.
type once struct {
	mu     sync.Mutex
	r      io.Reader
	left   int64
	closed bool
}

func (o *once) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return 0, io.ErrClosedPipe
	case o.left == 0:
		return 0, io.EOF
	}
	n, err := o.r.Read(p[:min(int64(len(p)), o.left)])
	o.left -= int64(n)
	if errors.Is(err, io.EOF) {
		if err = nil; o.left > 0 { // else the form's end would make a whole upload of half a file
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

func (o *once) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	return nil
}

// URLUpload asks WeCom to fetch a video or file of at most 200 MB for a group welcome template. URL must answer Range
// requests and has at most 1024 bytes; Filename at most 128. MD5 is lower-case hex.
type URLUpload struct {
	Kind     MediaKind
	Filename string
	URL      string
	MD5      string
}

// UploadByURL starts the job and returns its id; a callback upload_media_job_finish tells its end. It is repeatable.
func (c *Client) UploadByURL(ctx context.Context, u URLUpload) (jobID string, err error) {
	in := struct {
		Scene    int       `json:"scene"`
		Type     MediaKind `json:"type"`
		Filename string    `json:"filename"`
		URL      string    `json:"url"`
		MD5      string    `json:"md5"`
	}{1, u.Kind, u.Filename, u.URL, u.MD5}
	var out struct {
		JobID string `json:"jobid"`
	}
	err = c.post(ctx, "/cgi-bin/media/upload_by_url", in, &out)
	return out.JobID, err
}

// URLUploadResult is the state of a job. Status: 1 running, 2 done, 3 failed with Err.
type URLUploadResult struct {
	Status int
	Media  Media
	Err    error
}

// UploadByURLResult reads a job, which WeCom keeps for an hour.
func (c *Client) UploadByURLResult(ctx context.Context, jobID string) (URLUploadResult, error) {
	in := struct {
		JobID string `json:"jobid"`
	}{jobID}
	var out struct {
		Status int `json:"status"`
		Detail struct {
			envelope
			uploaded
		} `json:"detail"`
	}
	const api = "/cgi-bin/media/get_upload_by_url_result"
	err := c.post(ctx, api, in, &out)
	return URLUploadResult{Status: out.Status, Media: out.Detail.media(), Err: ItemError(api, out.Detail.Code, out.Detail.Msg)}, err
}

// mediaChunk is how much of a large file is fetched at a time: some media want ranges of whole 16 bytes.
const mediaChunk = 8 << 20

// maxMedia bounds a file that MediaGet fetches in ranges; the largest that can be uploaded has 200 MB.
const maxMedia = 256 << 20

// MediaGet writes a file to w. A file that WeCom will not give whole (830002) is fetched in ranges. 40007 means that
// the id is wrong or older than three days. After an error w may have got a part.
func (c *Client) MediaGet(ctx context.Context, mediaID string, w io.Writer) error {
	err := c.mediaPart(ctx, mediaID, "", func(a answer) error { return copied(a, w, maxMedia) })
	if !IsCode(err, 830002) {
		return err
	}
	for from, total := int64(0), int64(-1); total < 0 || from < total; {
		to := from + mediaChunk - 1
		err := c.mediaPart(ctx, mediaID, fmt.Sprintf("bytes=%d-%d", from, to), func(a answer) error {
			start, size, ok := contentRange(a.header.Get("Content-Range"))
			if a.status != http.StatusPartialContent || !ok || start != from || size > maxMedia {
				return errors.New("answer is not the range that was asked for")
			}
			total = size
			return copied(a, w, min(mediaChunk, total-from))
		})
		if err != nil {
			return err
		}
		from = to + 1
	}
	return nil
}

func copied(a answer, w io.Writer, most int64) error {
	n, err := io.Copy(w, io.LimitReader(a.body, most+1))
	if err == nil && n > most {
		err = errors.New("more bytes than announced")
	}
	return err
}

const mediaGet = "/cgi-bin/media/get"

// mediaPart makes one call and hands the file's answer to take. Errors come as JSON, files with a disposition.
func (c *Client) mediaPart(ctx context.Context, mediaID, span string, take func(answer) error) error {
	r := request{api: mediaGet, query: url.Values{"media_id": {mediaID}}, file: true}
	if span != "" {
		r.span = span
	}
	r.take = func(a answer) error {
		kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
		if a.header.Get("Content-Disposition") == "" && (kind == "application/json" || kind == "text/plain" || kind == "") {
			if err := decoded(mediaGet, nil)(a); err != nil {
				return err
			}
			return &Error{API: mediaGet, Code: codeTransport, Msg: "answer has no file"}
		}
		if err := take(a); err != nil {
			return &Error{API: mediaGet, Code: codeTransport, Msg: "file broke off", Cause: err}
		}
		return nil
	}
	return c.withToken(ctx, r)
}

// contentRange reads "bytes 0-15/100".
func contentRange(s string) (start, total int64, ok bool) {
	var end int64
	n, err := fmt.Sscanf(s, "bytes %d-%d/%d", &start, &end, &total)
	return start, total, err == nil && n == 3 && start <= end && end < total
}
