package inbox

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"qunce/internal/wecom/callback"
)

const (
	token  = "inboxTOKEN"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	corpID = "wwinbox000000001"
)

// visitor is WeCom's side of the wire.
type visitor struct {
	r       *rig
	crypto  *callback.Crypto
	ingress *Ingress
}

func newVisitor(t *testing.T) visitor {
	t.Helper()
	r := newRig(t)
	c, err := callback.NewCrypto(token, aesKey, corpID)
	if err != nil {
		t.Fatal(err)
	}
	return visitor{r: r, crypto: c, ingress: NewIngress(r.in, c.Within(10*time.Minute, r.wall))}
}

func (k visitor) sealed(plain string, at time.Time) (query string, body []byte) {
	ts := fmt.Sprint(at.Unix())
	body, sig := k.crypto.Encrypt([]byte(plain), ts, "nonce", [16]byte{1, 2, 3})
	return url.Values{"msg_signature": {sig}, "timestamp": {ts}, "nonce": {"nonce"}}.Encode(), body
}

func (k visitor) post(query string, body []byte) int {
	w := httptest.NewRecorder()
	k.ingress.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/callback?"+query, bytes.NewReader(body)))
	return w.Code
}

func TestIngressStoresWhatIsWeComs(t *testing.T) {
	k := newVisitor(t)
	k.r.ingest()
	query, body := k.sealed(added("wmA", 1), start)
	for range 2 { // delivered twice
		if code := k.post(query, body); code != http.StatusOK {
			t.Fatalf("status %d", code)
		}
	}
	k.r.is("stored", 1, k.r.count(`SELECT count(*) FROM inbox_event`))
	if k.ingress.Stored() != 2 || k.ingress.Refused() != 0 {
		t.Errorf("stored %d, refused %d", k.ingress.Stored(), k.ingress.Refused())
	}
}

func TestIngressRefuses(t *testing.T) {
	k := newVisitor(t)
	k.r.ingest()
	good, body := k.sealed(added("wmA", 1), start)
	old, oldBody := k.sealed(added("wmOLD", 1), start.Add(-11*time.Minute))
	ahead, aheadBody := k.sealed(added("wmA", 1), start.Add(11*time.Minute))
	noEvent, noEventBody := k.sealed(`{"not":"xml"}`, start)
	other, err := callback.NewCrypto(token, aesKey, "wwsomebodyelse00")
	if err != nil {
		t.Fatal(err)
	}
	ts := fmt.Sprint(start.Unix())
	foreign, sig := other.Encrypt([]byte(added("wmA", 1)), ts, "nonce", [16]byte{})
	for name, c := range map[string]struct {
		query string
		body  []byte
	}{
		"plaintext":           {good, []byte(added("wmA", 1))},
		"no signature":        {"", body},
		"wrong signature":     {strings.Replace(good, "msg_signature=", "msg_signature=0", 1), body},
		"signed for another":  {url.Values{"msg_signature": {sig}, "timestamp": {ts}, "nonce": {"nonce"}}.Encode(), foreign},
		"replayed too late":   {old, oldBody},
		"from the future":     {ahead, aheadBody},
		"an old time pasted":  {strings.Replace(old, fmt.Sprint(start.Add(-11*time.Minute).Unix()), ts, 1), oldBody},
		"not an event":        {noEvent, noEventBody},
		"too large":           {good, append(body, bytes.Repeat([]byte(" "), callback.MaxBody)...)},
		"nothing":             {good, nil},
		"body of another one": {good, oldBody},
	} {
		if code := k.post(c.query, c.body); code != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", name, code)
		}
	}
	k.r.is("stored", 0, k.r.count(`SELECT count(*) FROM inbox_event`))
	if k.ingress.Refused() != 11 {
		t.Errorf("refused %d", k.ingress.Refused())
	}
}

func TestIngressAnswersTheAddressTest(t *testing.T) {
	k := newVisitor(t)
	ts := fmt.Sprint(start.Unix())
	echo := k.crypto.Seal([]byte("4294967295"), [16]byte{9})
	q := url.Values{"msg_signature": {k.crypto.Sign(ts, "n", echo)}, "timestamp": {ts}, "nonce": {"n"}, "echostr": {echo}}
	w := httptest.NewRecorder()
	k.ingress.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/callback?"+q.Encode(), http.NoBody))
	if w.Code != http.StatusOK || w.Body.String() != "4294967295" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	q.Set("nonce", "m")
	w = httptest.NewRecorder()
	k.ingress.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/callback?"+q.Encode(), http.NoBody))
	if w.Code != http.StatusForbidden {
		t.Errorf("a wrong signature: %d", w.Code)
	}
	w = httptest.NewRecorder()
	k.ingress.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/callback", http.NoBody))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", w.Code)
	}
}

func TestIngressSendsWeComAwayWhileNothingCanBeStored(t *testing.T) {
	k := newVisitor(t)
	k.r.ingest()
	k.r.pool.Close()
	if code := k.post(k.sealed(added("wmA", 1), start)); code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", code)
	}
	if k.ingress.Stored() != 0 {
		t.Error("it counts as stored")
	}
}
