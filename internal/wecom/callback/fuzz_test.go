package callback

import (
	"strings"
	"testing"
	"unicode/utf8"

	"qunce/internal/errs"
)

// refusals are what the package may answer to any input; anything else is a mistake of ours.
var refusals = map[string]bool{
	"callback.too_large": true, "callback.json": true, "callback.bad_encoding": true, "callback.hostile": true, "callback.not_encrypted": true,
	"callback.stale": true, "callback.bad_signature": true, "callback.bad_cipher": true, "callback.wrong_receiver": true, "callback.bad_event": true,
}

func known(t *testing.T, err error) {
	t.Helper()
	if err != nil && !refusals[errs.CodeOf(err)] {
		t.Errorf("refused with %q: %v", errs.CodeOf(err), err)
	}
}

// texts are an event's strings, which go into columns of the database.
func texts(e Event) []string {
	out := []string{e.ToUser, e.FromUser, e.MsgType, e.Event, e.ChangeType, e.UserID, e.ExternalUserID, e.State, e.WelcomeCode, e.Source, e.FailReason,
		e.ChatID, e.UpdateDetail, e.LastMemVer, e.CurMemVer, e.ID, e.TagType, e.StrategyID, e.NewUserID, e.Department, e.Name, e.ParentID, e.TagID,
		e.LinkID, e.ChatKey, e.EventKey, e.TaskID, e.CardType, e.ResponseCode, e.MsgID, e.Content, e.MediaID, e.JobID, e.JobType, e.JobText, e.Token, e.OpenKfID}
	for _, list := range [][]string{e.MemChange, e.AddUsers, e.DelUsers, e.AddParties, e.DelParties, e.AuthAdd, e.AuthDel} {
		out = append(out, list...)
	}
	for _, s := range e.Selected {
		out = append(append(out, s.Question), s.Options...)
	}
	return out
}

// FuzzParse: no document makes the parser panic, and what it accepts is a whole event of clean text.
func FuzzParse(f *testing.F) {
	for _, raw := range samples(f) {
		f.Add(raw)
	}
	for _, s := range []string{
		"", "<xml></xml>", "<xml><MsgType>event</MsgType><CreateTime>x</CreateTime></xml>",
		"<xml><MsgType>event</MsgType><MemChangeList><Item>a</Item><Item/></MemChangeList></xml>",
		"<!DOCTYPE x [<!ENTITY a \"b\">]><xml><MsgType>&a;</MsgType></xml>", "<xml><xml><xml>", "\xff\xfe<xml/>",
		"<xml xmlns:a='b'><a:MsgType>event</a:MsgType></xml>", "<xml><MsgType>&#0;&#x1F;</MsgType></xml>", "<xml><MsgType>e\x00</MsgType></xml>",
		`<?xml version="1.1" encoding="UTF-8"?><xml><MsgType><![CDATA[a]]]]><![CDATA[>]]></MsgType></xml>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Parse(b)
		known(t, err)
		if err != nil {
			return
		}
		if e.MsgType == "" || e.Entity() == "" {
			t.Errorf("accepted %q as %+v", b, e)
		}
		for _, s := range texts(e) {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				t.Errorf("%q lets %q through", b, s)
			}
		}
		again, err := Parse(e.Raw)
		if err != nil || again.Hash() != e.Hash() || again.Entity() != e.Entity() {
			t.Errorf("%q reads back as something else (%v)", b, err)
		}
	})
}

// FuzzDecrypt: no body makes the envelope panic, however it is signed, and nothing unsigned gets through.
func FuzzDecrypt(f *testing.F) {
	c, err := NewCrypto("demoTOKEN01", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwdemo0000000001")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("<xml><Encrypt>"+ownEcho+"</Encrypt></xml>"), ownSig, "1767225600", "nonce001")
	f.Add([]byte("<xml><AgentID>1</AgentID><Encrypt><![CDATA["+officialCipher+"]]></Encrypt></xml>"), "x", "1", "n")
	f.Add([]byte(`{"encrypt":"a"}`), "", "", "")
	for _, raw := range samples(f) {
		body, sig := c.Encrypt(raw, "1767225600", "n", [16]byte{3})
		f.Add(body, sig, "1767225600", "n")
		f.Add(raw, sig, "1767225600", "n")
	}
	f.Fuzz(func(t *testing.T, body []byte, sig, ts, nonce string) {
		plain, err := c.Decrypt(sig, ts, nonce, body)
		known(t, err)
		if err != nil {
			return
		}
		if len(sig) != 40 {
			t.Errorf("signature %q opened %q", sig, body)
		}
		_, err = Parse(plain)
		known(t, err)
	})
}

// FuzzOpen: whoever had the token, but not the key, cannot make the cipher panic or misread.
func FuzzOpen(f *testing.F) {
	c, err := NewCrypto("demoTOKEN01", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwdemo0000000001")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ownEcho, "1767225600", "nonce001")
	f.Add(strings.ReplaceAll(ownEcho, "+", " "), "1767225600", "nonce001")
	f.Add("", "", "")
	f.Add("AAAA", "1", "n")
	for n := range 3 {
		f.Add(c.Seal(make([]byte, 31+n), [16]byte{1}), "1", "n")
	}
	f.Fuzz(func(t *testing.T, sealed, ts, nonce string) {
		plain, err := c.Verify(c.Sign(ts, nonce, strings.ReplaceAll(sealed, " ", "+")), ts, nonce, sealed)
		known(t, err)
		if err == nil && len(plain) > len(sealed) {
			t.Errorf("%d bytes came out of %d", len(plain), len(sealed))
		}
	})
}

// FuzzSeal: whatever is sealed opens as what it was.
func FuzzSeal(f *testing.F) {
	c, err := NewCrypto("demoTOKEN01", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wwdemo0000000001")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("你好"), "1", "n")
	f.Fuzz(func(t *testing.T, plain []byte, ts, nonce string) {
		if len(plain) > MaxBody/2 {
			return
		}
		body, sig := c.Encrypt(plain, ts, nonce, [16]byte{9})
		got, err := c.Decrypt(sig, ts, nonce, body)
		if err != nil || string(got) != string(plain) {
			t.Errorf("%q came back as %q, %v", plain, got, err)
		}
	})
}
