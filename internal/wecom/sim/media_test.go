package sim

import (
	"bytes"
	"crypto/md5" //nolint:gosec // WeCom asks for it
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestDownloadsSurvive: a file that was being fetched when the simulator was killed is fetched after the restart, and
// what the broken download left behind is gone.
func TestDownloadsSurvive(t *testing.T) {
	body := []byte(repeat("0123456789", 100))
	asked, goOn := make(chan struct{}, 9), make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-goOn:
		case <-r.Context().Done():
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
	t.Cleanup(web.Close)
	k := newStage(t, smallWorld(1), nil)
	sum := md5.Sum(body) //nolint:gosec // as above
	k.Keep["web"], k.Keep["md5"] = web.URL, hex.EncodeToString(sum[:])
	if !k.play(line("media/upload_by_url", "slow", `{"scene":1,"type":"file","filename":"f.bin","url":"{{web}}/f","md5":"{{md5}}"}`, 0, k.keep("job", "jobid"))) {
		t.FailNow()
	}
	<-asked
	if !k.play(line("media/get_upload_by_url_result", "under way", `{"jobid":"{{job}}"}`, 0, is("status", 1))) {
		t.FailNow()
	}
	crashed := copyDir(t, k.opt.Dir)
	k.stop()
	k.opt.Dir = crashed
	if left, _ := filepath.Glob(filepath.Join(crashed, "media", "part-*")); len(left) != 1 {
		t.Fatalf("the crash left %v", left)
	}
	k.start()
	<-asked
	close(goOn)
	k.s.talk.wg.Wait()
	k.play(line("media/get_upload_by_url_result", "done", `{"jobid":"{{job}}"}`, 0, is("status", 2), k.keep("media", "detail.media_id")))
	k.play(line("media/get", "the file", "?media_id={{media}}", 0))
	if !bytes.Equal(k.raw, body) {
		t.Errorf("%d bytes", len(k.raw))
	}
	list, err := os.ReadDir(filepath.Join(crashed, "media"))
	if err != nil || len(list) != 1 {
		t.Errorf("the shelf holds %v (%v)", list, err)
	}
}

// TestBytesGoWithTheirMedia: bytes nobody can ask for any more are thrown away, those of permanent pictures are not.
func TestBytesGoWithTheirMedia(t *testing.T) {
	k := newStage(t, smallWorld(1), nil)
	k.play(k.upload("image", "media/upload", "type=image", "a.png", pngOf(4, 4)))
	k.play(sent("media/uploadimg", "", "media", "b.png", pngOf(5, 5), 0, k.keep("url", "url")))
	shelved := func() int {
		list, err := os.ReadDir(filepath.Join(k.opt.Dir, "media"))
		k.must(err)
		return len(list)
	}
	if shelved() != 2 {
		t.Fatalf("%d files", shelved())
	}
	passes(9 * 24 * time.Hour)(k)
	if shelved() != 2 {
		t.Errorf("after nine days %d files", shelved())
	}
	passes(3 * 24 * time.Hour)(k)
	if shelved() != 1 {
		t.Errorf("after twelve days %d files", shelved())
	}
	k.play(line("media/get", "expired", "?media_id={{image}}", 40007))
	res, err := http.Get(k.web.URL + k.Keep["url"][len("http://phone.test/phone"):]) //nolint:noctx // a test
	k.must(err)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "image/png" {
		t.Errorf("the picture: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}
