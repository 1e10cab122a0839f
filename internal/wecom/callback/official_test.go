package callback

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// job is one piece of work for WeCom's own library, @wecom/crypto, and its answer.
type job struct {
	Do        string `json:"do,omitempty"`
	Key       string `json:"key,omitempty"`
	ID        string `json:"id"`
	Text      string `json:"text"`
	Sealed    string `json:"sealed,omitempty"`
	Token     string `json:"token,omitempty"`
	Timestamp string `json:"timestamp,omitempty"`
	Nonce     string `json:"nonce,omitempty"`
	Signature string `json:"signature,omitempty"`
}

// ask lets WeCom's library do the jobs, in one run of node.
func ask(t *testing.T, jobs []job) []job {
	t.Helper()
	web, err := filepath.Abs("../../../web")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(web, "node_modules/@wecom/crypto/package.json")); err != nil {
		const missing = "WeCom's library @wecom/crypto is not installed: run `npm --prefix web ci`"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	in, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", filepath.Join(web, "e2e/crypto.mjs"))
	var complaint bytes.Buffer
	node.Stdin, node.Stderr = bytes.NewReader(in), &complaint
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, complaint.String())
	}
	var answers []job
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(jobs) {
		t.Fatalf("%d answers to %d jobs, %v", len(answers), len(jobs), err)
	}
	return answers
}

// messages are texts of every length around the cipher's blocks, in Latin and in Chinese, and events.
func messages(t *testing.T) []string {
	var out []string
	for n := range 3*block + 2 {
		out = append(out, strings.Repeat("x", n), strings.Repeat("群", n/3), strings.Repeat("😀", n/4)+strings.Repeat("!", n%4))
	}
	for _, raw := range samples(t) {
		out = append(out, string(raw))
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		var b strings.Builder
		for range rng.IntN(200) {
			b.WriteRune([]rune{rune(0x20 + rng.IntN(0x5f)), rune(0x4e00 + rng.IntN(0x5000)), '\n', 0x1f600 + rune(rng.IntN(64))}[rng.IntN(4)])
		}
		out = append(out, b.String())
	}
	return append(out, strings.Repeat("企业微信", 20_000))
}

// What we seal WeCom's library opens, what it seals we open, and both sign alike.
func TestAgreesWithWeComsLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	type one struct {
		c                         *Crypto
		text, sealed, ts, nonce   string
		key, token, corp, ourSign string
	}
	var all []one
	var jobs []job
	for i, text := range messages(t) {
		raw := make([]byte, 32)
		for k := range raw {
			raw[k] = byte(rng.Uint32())
		}
		x := one{text: text, key: base64.RawStdEncoding.EncodeToString(raw), token: fmt.Sprintf("tok%d", rng.Uint32()),
			corp: fmt.Sprintf("ww%0*d", rng.IntN(18), i), ts: fmt.Sprint(1_700_000_000 + i), nonce: fmt.Sprint(rng.Uint64())}
		if i%7 == 0 {
			x.corp = "" // a personal developer's
		}
		var err error
		if x.c, err = NewCrypto(x.token, x.key, x.corp); err != nil {
			t.Fatal(err)
		}
		x.sealed = x.c.Seal([]byte(text), [16]byte(raw[16:]))
		x.ourSign = x.c.Sign(x.ts, x.nonce, x.sealed)
		all = append(all, x)
		jobs = append(jobs, job{Do: "open", Key: x.key, Sealed: x.sealed}, job{Do: "seal", Key: x.key, Text: text, ID: x.corp},
			job{Do: "sign", Token: x.token, Timestamp: x.ts, Nonce: x.nonce, Sealed: x.sealed})
	}
	answers := ask(t, jobs)
	for i, x := range all {
		opened, sealed, signed := answers[3*i], answers[3*i+1].Sealed, answers[3*i+2].Signature
		if opened.Text != x.text || opened.ID != x.corp {
			t.Fatalf("message %d (%d bytes for %q): they read %q for %q", i, len(x.text), x.corp, opened.Text, opened.ID)
		}
		got, err := x.c.open(x.c.Sign(x.ts, x.nonce, sealed), x.ts, x.nonce, sealed)
		if err != nil || string(got) != x.text {
			t.Fatalf("message %d (%d bytes for %q): we read %q, %v", i, len(x.text), x.corp, got, err)
		}
		if signed != x.ourSign {
			t.Fatalf("message %d: they sign %s, we %s", i, signed, x.ourSign)
		}
	}
}

// Both read the vector that WeCom publishes, and the one made for this project.
func TestVectorsWithWeComsLibrary(t *testing.T) {
	const officialKey, ownKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	answers := ask(t, []job{
		{Do: "open", Key: officialKey, Sealed: officialCipher},
		{Do: "sign", Token: "QDG6eK", Timestamp: "1409659813", Nonce: "1372623149", Sealed: officialCipher},
		{Do: "open", Key: ownKey, Sealed: ownEcho},
		{Do: "sign", Token: "demoTOKEN01", Timestamp: "1767225600", Nonce: "nonce001", Sealed: ownEcho},
	})
	ours, err := official(t).open("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149", officialCipher)
	if err != nil || answers[0].Text != string(ours) || answers[0].ID != "wx5823bf96d3bd56c7" || !strings.Contains(answers[0].Text, "hello") {
		t.Errorf("they read %q for %s, we %q, %v", answers[0].Text, answers[0].ID, ours, err)
	}
	if got := answers[1].Signature; got != "477715d11cdb4164915debcba66cb864d751f3e6" {
		t.Errorf("they sign the published vector %s", got)
	}
	if answers[2].Text != "1234567890123456789" || answers[2].ID != "wwdemo0000000001" || answers[3].Signature != ownSig {
		t.Errorf("our vector: %+v, signed %s", answers[2], answers[3].Signature)
	}
}
