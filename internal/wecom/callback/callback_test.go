package callback

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"qunce/internal/clock"
	"qunce/internal/errs"
)

// WeCom's published vector and one made for this project (accepted by WeCom's own libraries).
const (
	officialCipher = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
	ownEcho        = "Q3stYC6hdFzMh9T8HCvyDKf5xMjJx7zzxVVf3LTgHJUCYNxBH7T5e+1JszQlWHFY00ECpTJumGcjuYUa0zQlLw=="
	ownSig         = "800ef0de907033ecbae2ef04cf3a4638c10b7b15"
)

func official(t *testing.T) *Crypto {
	t.Helper()
	c, err := NewCrypto("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func own(t *testing.T) *Crypto {
	t.Helper()
	c, err := NewCrypto("demoTOKEN01", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwdemo0000000001")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOfficialVector(t *testing.T) {
	body := "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[" + officialCipher + "]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>"
	plain, err := official(t).Decrypt("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hello", "4561255354251345929", "218"} {
		if !bytes.Contains(plain, []byte(want)) {
			t.Errorf("plaintext lacks %q: %s", want, plain)
		}
	}
	e, err := Parse(plain)
	if err != nil || e.MsgType != "text" {
		t.Errorf("parsed %+v, %v", e, err)
	}
}

func TestOwnVector(t *testing.T) {
	c := own(t)
	plain, err := c.Verify(ownSig, "1767225600", "nonce001", ownEcho)
	if err != nil || string(plain) != "1234567890123456789" {
		t.Fatalf("echo %q, %v", plain, err)
	}
	sealed := c.Seal([]byte("1234567890123456789"), [16]byte([]byte("0123456789abcdef")))
	if sealed != ownEcho {
		t.Errorf("sealed %s", sealed)
	}
	if sig := c.Sign("1767225600", "nonce001", sealed); sig != ownSig {
		t.Errorf("signature %s", sig)
	}
}

func TestRoundTripOfEveryPadding(t *testing.T) {
	c := own(t)
	for n := range 70 {
		in := strings.Repeat("x", n)
		body, sig := c.Encrypt([]byte(in), "1", "n", [16]byte{1})
		out, err := c.Decrypt(sig, "1", "n", body)
		if err != nil || string(out) != in {
			t.Fatalf("length %d: %q, %v", n, out, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	c := own(t)
	body, sig := c.Encrypt([]byte("<xml/>"), "1767225600", "n", [16]byte{1})
	other, err := NewCrypto("demoTOKEN01", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwother")
	if err != nil {
		t.Fatal(err)
	}
	otherBody, otherSig := other.Encrypt([]byte("<xml/>"), "1767225600", "n", [16]byte{1})
	at := func(sec int64) *Crypto { return c.Within(time.Minute, clock.NewManual(time.Unix(sec, 0))) }
	short := c.Sign("1767225600", "n", "AAAA")
	tests := []struct {
		name string
		c    *Crypto
		sig  string
		body []byte
		want string
	}{
		{"good", at(1767225600 + 60), sig, body, ""},
		{"late", at(1767225600 + 61), sig, body, "callback.stale"},
		{"early", at(1767225600 - 61), sig, body, "callback.stale"},
		{"a stranger's old timestamp", at(1767225600 + 61), strings.Repeat("0", 40), body, "callback.bad_signature"},
		{"forged", c, strings.Repeat("0", 40), body, "callback.bad_signature"},
		{"no signature", c, "", body, "callback.bad_signature"},
		{"plaintext", c, sig, []byte("<xml><MsgType>event</MsgType></xml>"), "callback.not_encrypted"},
		{"two Encrypts", c, sig, []byte("<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>"), "callback.not_encrypted"},
		{"JSON", c, sig, []byte(`{"tousername":"ww","encrypt":"AAAA","agentid":"2"}`), "callback.json"},
		{"no XML", c, sig, []byte("Encrypt=AAAA"), "callback.not_encrypted"},
		{"empty", c, sig, nil, "callback.not_encrypted"},
		{"UTF-16", c, sig, []byte("\xff\xfe<\x00x\x00m\x00l\x00>\x00"), "callback.bad_encoding"},
		{"another encoding", c, sig, []byte(`<?xml version="1.0" encoding="GBK"?><xml><Encrypt>AAAA</Encrypt></xml>`), "callback.bad_encoding"},
		{"an entity", c, sig, []byte(`<!DOCTYPE xml [<!ENTITY a "AAAA">]><xml><Encrypt>&a;</Encrypt></xml>`), "callback.hostile"},
		{"zeros", c, sig, []byte("<xml><Encrypt>AA\x00AA</Encrypt></xml>"), "callback.bad_encoding"},
		{"no UTF-8", c, sig, []byte("<xml><Encrypt>AA\xffAA</Encrypt></xml>"), "callback.bad_encoding"},
		{"deep", c, sig, []byte("<xml>" + strings.Repeat("<a>", 100_000)), "callback.hostile"},
		{"many elements", c, sig, []byte("<xml>" + strings.Repeat("<a/>", 100) + "<Encrypt>AAAA</Encrypt></xml>"), "callback.hostile"},
		{"large", c, sig, make([]byte, MaxBody+1), "callback.too_large"},
		{"short cipher", c, short, []byte("<xml><Encrypt>AAAA</Encrypt></xml>"), "callback.bad_cipher"},
		{"other corp", c, otherSig, otherBody, "callback.wrong_receiver"},
	}
	for _, tt := range tests {
		_, err := tt.c.Decrypt(tt.sig, "1767225600", "n", tt.body)
		if got := errs.CodeOf(err); got != tt.want {
			t.Errorf("%s: %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestBadKey(t *testing.T) {
	for _, key := range []string{"", "short", strings.Repeat("!", 43)} {
		if _, err := NewCrypto("t", key, "c"); !errs.Is(err, "callback.bad_key") {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// A proxy between WeCom and us may decode the address once too often.
func TestVerifyForgivesADecodedPlus(t *testing.T) {
	c := own(t)
	if !strings.Contains(ownEcho, "+") {
		t.Fatal("the vector has no + any more")
	}
	plain, err := c.Verify(ownSig, "1767225600", "nonce001", strings.ReplaceAll(ownEcho, "+", " "))
	if err != nil || string(plain) != "1234567890123456789" {
		t.Errorf("echo %q, %v", plain, err)
	}
}

// The order of the envelope's elements is not guaranteed, AgentID is there for some events only, and blanks mean nothing.
func TestEnvelopes(t *testing.T) {
	c := own(t)
	const plain = "<xml><MsgType>event</MsgType></xml>"
	sealed := c.Seal([]byte(plain), [16]byte{7})
	sig := c.Sign("1", "n", sealed)
	for _, body := range []string{
		"<xml><Encrypt>" + sealed + "</Encrypt></xml>",
		"<xml><AgentID><![CDATA[1000002]]></AgentID><Encrypt><![CDATA[" + sealed + "]]></Encrypt><ToUserName>ww</ToUserName></xml>",
		"<xml>\n  <ToUserName><![CDATA[ww]]></ToUserName>\n  <Encrypt>\n<![CDATA[" + sealed + "]]>\n</Encrypt>\n  <AgentID></AgentID>\n</xml>\n",
		"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<xml><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>",
	} {
		got, err := c.Decrypt(sig, "1", "n", []byte(body))
		if err != nil || string(got) != plain {
			t.Errorf("%q: %q, %v", body, got, err)
		}
	}
}
