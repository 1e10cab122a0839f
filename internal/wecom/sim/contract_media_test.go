package sim

import (
	"bytes"
	"crypto/md5" //nolint:gosec // WeCom asks for it
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func mediaContracts(t *testing.T, k *stage) []contract {
	film := mp4Of(10)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/film.mp4":
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(film))
		case "/whole.mp4":
			r.Header.Del("Range")
			_, _ = w.Write(film)
		case "/tiny":
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("12345"))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(web.Close)
	k.Keep["web"] = web.URL
	sum := md5.Sum(film) //nolint:gosec // as above
	k.Keep["md5"] = hex.EncodeToString(sum[:])
	fetched := func(k *stage) { k.s.talk.wg.Wait(); k.advance(k.s.status().Now) }
	small := pngOf(8, 8)
	return []contract{
		sent("media/upload", "type=image", "media", "图.png", small, 0, is("type", "image"), kind("created_at", "string"), k.keep("image", "media_id")),
		sent("media/upload", "type=image", "media", "a.jpg", jpgOf(8, 8), 0, k.keep("jpg", "media_id")),
		sent("media/upload", "type=voice", "media", "a.amr", amrOf(3), 0, k.keep("voice", "media_id")),
		sent("media/upload", "type=video", "media", "a.mp4", film, 0, k.keep("video", "media_id")),
		sent("media/upload", "type=file", "media", "a.txt", []byte("things to do"), 0, is("type", "file"), k.keep("file", "media_id")),
		sent("media/upload", "type=poem", "media", "a.txt", []byte("things to do"), 40005),
		sent("media/upload", "", "media", "a.txt", []byte("things to do"), 40005),
		sent("media/upload", "type=file", "media", "a.txt", []byte("12345"), 40006),
		sent("media/upload", "type=file", "media", "a.txt", make([]byte, 20<<20+1), 40006),
		sent("media/upload", "type=image", "media", "a.png", padded(small, 10<<20+1), 40009),
		sent("media/upload", "type=image", "media", "a.gif", []byte("GIF89a and so on"), 40004),
		sent("media/upload", "type=voice", "media", "a.mp3", []byte("ID3 and so on"), 40004),
		sent("media/upload", "type=voice", "media", "a.amr", amrOf(61), 45007),
		sent("media/upload", "type=video", "media", "a.mp4", small, 40004),
		sent("media/upload", "type=file", "attachment", "a.txt", []byte("things to do"), 41005),
		sent("media/upload", "type=file", "media", "", []byte("things to do"), 41005),
		line("media/upload", "no form", `{"media":"x"}`, 41005),

		sent("media/uploadimg", "", "fieldNameHere", "a.png", small, 0, k.keep("url", "url")),
		sent("media/uploadimg", "", "media", "a.png", padded(small, 2<<20+1), 40009),
		sent("media/uploadimg", "", "media", "a.txt", []byte("things to do"), 40004),
		sent("media/uploadimg", "", "media", "a.png", []byte("12345"), 40006),

		sent("media/uploadimg", "", "media", "a.png", small, 45009).after(func(k *stage) { k.used("uploadimg", 1000) }),
		sent("media/uploadimg", "", "media", "a.png", small, 0).after(passes(24 * time.Hour)),
		sent("media/uploadimg", "", "media", "a.png", small, 45009).after(func(k *stage) { k.used("uploadimg", 3000); passes(24 * time.Hour)(k) }),
		sent("media/upload_attachment", "media_type=image&attachment_type=1", "media", "a.png", small, 0, is("type", "image"), kind("created_at", "number"), kind("media_id", "string")),
		sent("media/upload_attachment", "media_type=video&attachment_type=1", "media", "a.mp4", mp4Of(30), 0),
		sent("media/upload_attachment", "media_type=image&attachment_type=2", "media", "a.png", small, 0),
		sent("media/upload_attachment", "media_type=image&attachment_type=1", "media", "a.png", []byte("12345"), 40006),
		sent("media/upload_attachment", "media_type=image&attachment_type=3", "media", "a.png", small, 41072),
		sent("media/upload_attachment", "media_type=file&attachment_type=1", "media", "a.txt", []byte("things to do"), 41072),
		sent("media/upload_attachment", "media_type=video&attachment_type=2", "media", "a.mp4", film, 41072),
		sent("media/upload_attachment", "media_type=poem&attachment_type=1", "media", "a.txt", []byte("things to do"), 40005),
		sent("media/upload_attachment", "media_type=image&attachment_type=1", "media", "a.png", padded(small, 10<<20+1), 41080),
		sent("media/upload_attachment", "media_type=image&attachment_type=1", "media", "a.png", pngOf(1081, 1081), 41081),
		sent("media/upload_attachment", "media_type=image&attachment_type=1", "media", "a.png", pngOf(10801, 20), 41081),
		sent("media/upload_attachment", "media_type=image&attachment_type=1", "media", "a.png", pngOf(1080, 2000), 0),
		sent("media/upload_attachment", "media_type=video&attachment_type=1", "media", "a.mp4", mp4Of(31), 41082),
		sent("media/upload_attachment", "media_type=video&attachment_type=1", "media", "a.mp4", boxOf("ftyp", []byte("isom0000")), 41090),
		sent("media/upload_attachment", "media_type=video&attachment_type=1", "media", "a.avi", []byte("RIFF....AVI LIST"), 40004),

		line("media/get", "image", "?media_id={{image}}", 0, func(t *testing.T, _ map[string]any) {
			if k.header.Get("Content-Type") != "image/png" || !bytes.Equal(k.raw, small) || !strings.Contains(k.header.Get("Content-Disposition"), "attachment; filename") {
				t.Errorf("%v, %d bytes", k.header, len(k.raw))
			}
		}),
		line("media/get", "unknown", "?media_id=none", 40007),
		line("media/get", "no id", "?x=1", 41006),

		line("media/upload_by_url", "by url", `{"scene":1,"type":"video","filename":"film.mp4","url":"{{web}}/film.mp4","md5":"{{md5}}"}`, 0, k.keep("job", "jobid")),
		line("media/get_upload_by_url_result", "done", `{"jobid":"{{job}}"}`, 0, is("status", 2), is("detail.errcode", 0), kind("detail.created_at", "string"), k.keep("fetched", "detail.media_id")).after(fetched),
		line("media/get", "what was fetched", "?media_id={{fetched}}", 0, func(t *testing.T, _ map[string]any) {
			if !bytes.Equal(k.raw, film) {
				t.Errorf("%d bytes", len(k.raw))
			}
			if got := k.heardOf("upload_media_job_finish"); len(got) != 1 || element(got[0], "JobId") != k.Keep["job"] {
				t.Errorf("callbacks %v", got)
			}
		}),
		line("media/upload_by_url", "no ranges", `{"scene":1,"type":"video","filename":"f","url":"{{web}}/whole.mp4","md5":"{{md5}}"}`, 0, k.keep("job", "jobid")),
		line("media/get_upload_by_url_result", "no ranges", `{"jobid":"{{job}}"}`, 0, is("status", 3), is("detail.errcode", 830003)).after(fetched),
		line("media/upload_by_url", "another sum", `{"scene":1,"type":"file","filename":"f","url":"{{web}}/film.mp4","md5":"`+repeat("0", 32)+`"}`, 0, k.keep("job", "jobid")),
		line("media/get_upload_by_url_result", "another sum", `{"jobid":"{{job}}"}`, 0, is("status", 3), is("detail.errcode", 301019), kind("detail.media_id", "nothing")).after(fetched),
		line("media/upload_by_url", "no url", `{"scene":1,"type":"file","filename":"f","url":"ftp:x","md5":"{{md5}}"}`, 0, k.keep("job", "jobid")),
		line("media/get_upload_by_url_result", "no url", `{"jobid":"{{job}}"}`, 0, is("detail.errcode", 830001)).after(fetched),
		line("media/upload_by_url", "too small", `{"scene":1,"type":"file","filename":"f","url":"{{web}}/tiny","md5":"{{md5}}"}`, 0, k.keep("job", "jobid")),
		line("media/get_upload_by_url_result", "too small", `{"jobid":"{{job}}"}`, 0, is("status", 3), is("detail.errcode", 45001)).after(fetched),
		line("media/get_upload_by_url_result", "no id", `{}`, 40063),
		line("media/upload_by_url", "scene", `{"scene":2,"type":"file","filename":"f","url":"http://x/","md5":"{{md5}}"}`, 40058),
		line("media/upload_by_url", "type", `{"scene":1,"type":"image","filename":"f","url":"http://x/","md5":"{{md5}}"}`, 40005),
		line("media/upload_by_url", "name", `{"scene":1,"type":"file","url":"http://x/","md5":"{{md5}}"}`, 40063),
		line("media/upload_by_url", "long", `{"scene":1,"type":"file","filename":"`+repeat("n", 129)+`","url":"http://x/","md5":"{{md5}}"}`, 40058),
		line("media/get_upload_by_url_result", "unknown", `{"jobid":"none"}`, 40058),
		line("media/get_upload_by_url_result", "an hour later", `{"jobid":"{{job}}"}`, 40058).after(passes(time.Hour)),

		line("media/get", "almost three days later", "?media_id={{image}}", 0).after(passes(23*time.Hour - time.Minute)),
		line("media/get", "three days later", "?media_id={{image}}", 40007).after(passes(2 * time.Minute)),
	}
}

func mediaRangeContracts(_ *testing.T, k *stage) []contract {
	return []contract{
		k.upload("file", "media/upload", "type=file", "a.bin", []byte(repeat("0123456789", 10))),
		line("media/get", "too large as a whole", "?media_id={{file}}", 830002),
		line("media/get", "in parts", "?media_id={{file}}", 830002).after(inParts),
	}
}

// inParts asks for parts of the kept file.
func inParts(k *stage) {
	for spec, want := range map[string]string{"bytes=0-9": "0123456789", "bytes=95-": "56789", "bytes=-3": "789", "bytes=90-200": "0123456789", "bytes=100-": ""} {
		req, err := http.NewRequest(http.MethodGet, k.web.URL+"/cgi-bin/media/get?media_id="+k.Keep["file"]+"&access_token="+k.Tokens[""](), nil) //nolint:noctx // a test
		k.must(err)
		req.Header.Set("Range", spec)
		res, err := http.DefaultClient.Do(req)
		k.must(err)
		var b bytes.Buffer
		_, err = b.ReadFrom(res.Body)
		k.must(err)
		_ = res.Body.Close()
		status := http.StatusPartialContent
		if want == "" {
			status = http.StatusRequestedRangeNotSatisfiable
		}
		if res.StatusCode != status || b.String() != want || !strings.HasSuffix(res.Header.Get("Content-Range"), "/100") {
			k.t.Errorf("%s: %d %q %s", spec, res.StatusCode, b.String(), res.Header.Get("Content-Range"))
		}
	}
}

// mediaUseContracts: wherever an id is used, it is looked at.
func mediaUseContracts(_ *testing.T, k *stage) []contract {
	to := `"external_userid":["wm0000"],"sender":"lina","text":{"content":"x"},"attachments":`
	return []contract{
		k.upload("image", "media/upload", "type=image", "a.png", pngOf(4, 4)),
		k.upload("file", "media/upload", "type=file", "a.txt", []byte("things to do")),
		k.upload("video", "media/upload", "type=video", "a.mp4", mp4Of(3)),
		sent("media/uploadimg", "", "media", "a.png", pngOf(3, 3), 0, k.keep("url", "url")),
		k.upload("attachment", "media/upload_attachment", "media_type=image&attachment_type=1", "a.png", pngOf(5, 5)),
		line("externalcontact/add_msg_template", "all kinds", `{`+to+`[{"msgtype":"image","image":{"media_id":"{{image}}"}},{"msgtype":"image","image":{"pic_url":"{{url}}"}},
			{"msgtype":"video","video":{"media_id":"{{video}}"}},{"msgtype":"file","file":{"media_id":"{{file}}"}},
			{"msgtype":"miniprogram","miniprogram":{"title":"t","pic_media_id":"{{image}}","appid":"wx1","page":"p"}}]}`, 0),
		line("externalcontact/add_msg_template", "unknown", `{`+to+`[{"msgtype":"image","image":{"media_id":"none"}}]}`, 40007),
		line("externalcontact/add_msg_template", "wrong kind", `{`+to+`[{"msgtype":"video","video":{"media_id":"{{image}}"}}]}`, 40004),
		line("externalcontact/add_msg_template", "of moments", `{`+to+`[{"msgtype":"image","image":{"media_id":"{{attachment}}"}}]}`, 40007),
		line("externalcontact/add_msg_template", "another address", `{`+to+`[{"msgtype":"image","image":{"pic_url":"https://example.com/a.png"}}]}`, 40058),
		line("externalcontact/send_welcome_msg", "unknown", `{"welcome_code":"c","attachments":[{"msgtype":"file","file":{"media_id":"none"}}]}`, 40007),
		line("externalcontact/add_msg_template", "expired", `{`+to+`[{"msgtype":"image","image":{"media_id":"{{image}}"}}]}`, 40145).after(passes(73 * time.Hour)),
		line("externalcontact/add_msg_template", "a picture stays", `{`+to+`[{"msgtype":"image","image":{"pic_url":"{{url}}"}}]}`, 0),
	}
}

func imageOf(b []byte, sum string) string {
	if sum == "" {
		h := md5.Sum(b) //nolint:gosec // as above
		sum = hex.EncodeToString(h[:])
	}
	return `{"msgtype":"image","image":{"base64":"` + base64.StdEncoding.EncodeToString(b) + `","md5":"` + sum + `"}}`
}

// used makes the simulator believe that so much was done this minute, hour, day and month.
func (k *stage) used(what string, n int64) {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	k.s.st.metered(k.s.st.Now, what, n)
}
