package sim

import (
	"context"
	"crypto/md5" //nolint:gosec // WeCom asks for it
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// States of an upload by URL.
const (
	jobRunning = 1
	jobDone    = 2
	jobFailed  = 3
)

const (
	jobLife   = 60 * minuteMS // on the simulator's clock
	jobMost   = 200 << 20     // bytes of a file by URL
	jobPiece  = 4 << 20       // bytes asked for at once
	jobWithin = 2 * time.Minute
)

// mediaJob is a file that the simulator fetches.
type mediaJob struct {
	ID, Kind, Name, URL, MD5 string
	Created                  int64
	Status                   int
	Code                     int // why it failed
	Text                     string
	Media                    string
	Done                     int64 // Unix ms
}

var md5Shape = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

func (c *call) mediaByURL() (fields, error) {
	var in struct {
		Scene    int    `json:"scene"`
		Kind     string `json:"type"`
		Filename string `json:"filename"`
		URL      string `json:"url"`
		MD5      string `json:"md5"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch {
	case in.Scene != 1:
		return nil, refuse(40058, "invalid scene")
	case in.Kind != mediaVideo && in.Kind != mediaFile:
		return nil, refuse(40005, "invalid type")
	case in.Filename == "" || in.URL == "" || in.MD5 == "":
		return nil, refuse(40063, "some parameters are empty")
	case len(in.Filename) > 128 || len(in.URL) > 1024 || !md5Shape.MatchString(in.MD5):
		return nil, refuse(40058, "filename, url or md5 is too long or malformed")
	}
	j := mediaJob{ID: mint(c.st.World.Seed, "jobid_", c.st.next(), 40), Kind: in.Kind, Name: in.Filename, URL: in.URL, MD5: strings.ToLower(in.MD5), Created: c.t.At, Status: jobRunning}
	c.t.change(op{K: opMediaJob}, j)
	c.s.talk.fetchLater(j.ID)
	return fields{"jobid": j.ID}, nil
}

func (c *call) mediaByURLResult() (fields, error) {
	var in struct {
		ID string `json:"jobid"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	j := c.st.Talk.Media.Jobs[in.ID]
	switch {
	case in.ID == "":
		return nil, refuse(40063, "some parameters are empty")
	case j == nil || c.t.At-j.Created >= jobLife:
		return nil, refuse(40058, "invalid jobid")
	}
	detail := fields{"errcode": j.Code, "errmsg": "ok"}
	if j.Text != "" {
		detail["errmsg"] = j.Text
	}
	if j.Status == jobDone {
		detail["media_id"], detail["created_at"] = j.Media, strconv.FormatInt(j.Done/1000, 10)
	}
	return fields{"status": j.Status, "detail": detail}, nil
}

// fetchLater fetches a job's file beside everything else, once the job is durable. The caller holds the server's mu.
func (k *talk) fetchLater(id string) {
	if k.ctx.Err() != nil {
		return
	}
	k.wg.Go(func() {
		k.s.mu.Lock() // until the call that made the job has committed
		j := *k.s.st.Talk.Media.Jobs[id]
		n := k.s.journal.last()
		k.s.mu.Unlock()
		if k.s.journal.wait(n) != nil {
			return
		}
		item, file, err := k.fetch(j)
		if k.ctx.Err() != nil { // taken up again at the next start
			if file != nil {
				k.shelf.drop(file)
			}
			return
		}
		k.finish(j, item, file, err)
	})
}

// fetch downloads the file piece by piece.
func (k *talk) fetch(j mediaJob) (item *mediaItem, file *os.File, err error) {
	ctx, cancel := context.WithTimeout(k.ctx, jobWithin)
	defer cancel()
	u, perr := url.Parse(j.URL)
	if perr != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, nil, refuse(830001, "invalid url")
	}
	if file, err = k.shelf.part(); err != nil {
		return nil, nil, err
	}
	fail := func(err error) (*mediaItem, *os.File, error) { k.shelf.drop(file); return nil, nil, err }
	sum, check := sha256.New(), md5.New() //nolint:gosec // as above
	to := io.MultiWriter(file, sum, check)
	size, total := int64(0), int64(1)
	var start []byte
	for size < total {
		piece, all, err := k.piece(ctx, j.URL, size)
		if err != nil {
			return fail(err)
		}
		if len(piece) == 0 || all > jobMost || all != total && size > 0 {
			return fail(refuse(45001, "file size is invalid"))
		}
		if size == 0 {
			start = piece
		}
		if _, err := to.Write(piece); err != nil {
			return fail(fmt.Errorf("sim: media: %w", err))
		}
		size, total = size+int64(len(piece)), all
	}
	f := look(start)
	switch {
	case size <= 5:
		return fail(refuse(45001, "file size is invalid"))
	case hex.EncodeToString(check.Sum(nil)) != j.MD5:
		return fail(refuse(301019, "file md5 does not match"))
	case j.Kind == mediaVideo && f.Format != "mp4":
		return fail(refuse(40004, "invalid media type"))
	}
	return &mediaItem{Kind: j.Kind, Name: j.Name, Origin: fromUpload, Sum: hex.EncodeToString(sum.Sum(nil)), MD5: j.MD5, Size: size, Format: f.Format, MS: f.MS}, file, nil
}

// piece reads the next bytes of a file and how many there are in all; a server without Range is refused.
func (k *talk) piece(ctx context.Context, address string, from int64) (b []byte, total int64, err error) {
	broken := refuse(830003, "cannot download the file by url")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, broken
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, from+jobPiece-1))
	res, err := k.s.http.Do(req)
	if err != nil {
		return nil, 0, broken
	}
	defer func() { _ = res.Body.Close() }()
	_, size, _ := strings.Cut(res.Header.Get("Content-Range"), "/")
	total, perr := strconv.ParseInt(size, 10, 64)
	if res.StatusCode != http.StatusPartialContent || perr != nil {
		return nil, 0, broken
	}
	if b, err = io.ReadAll(io.LimitReader(res.Body, jobPiece)); err != nil {
		return nil, 0, broken
	}
	return b, total, nil
}

// finish notes how a download came out and tells the platform.
func (k *talk) finish(j mediaJob, item *mediaItem, file *os.File, err error) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	t := k.s.begin()
	j.Status, j.Done = jobDone, t.At
	if err == nil {
		err = k.shelf.keep(file, item.Sum, nil)
	}
	if err != nil {
		j.Status, j.Code, j.Text = jobFailed, -1, "system error"
		if r, ok := err.(*refusal); ok { //nolint:errorlint // refusals are never wrapped
			j.Code, j.Text = r.code, r.text
		}
		k.s.say("media by url: %v", err)
	} else {
		item.ID, item.Created = mint(k.s.st.World.Seed, "3", k.s.st.next(), 84), t.At
		j.Media = item.ID
		t.change(op{K: opMedia}, item)
	}
	t.change(op{K: opMediaJob}, j)
	t.callback(event{Event: "upload_media_job_finish", Inner: new(inner).text("JobId", j.ID).String(), About: j.ID})
	k.s.commit(t)
}
