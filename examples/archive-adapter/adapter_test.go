package main

import (
	"bufio"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"qunce/internal/archive"
)

// The example is built against a library with the functions of WeCom's, and the checker of the product finds nothing
// wrong with it: order of calls, retries, key versions, files in pieces.
func TestTheExampleKeepsToTheProtocol(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is needed to build the library that stands in for WeCom's")
	}
	dir := t.TempDir()
	lib, err := filepath.Abs("testdata")
	must(t, err)
	command(t, nil, "gcc", "-shared", "-fPIC", "-I", lib, "-o", filepath.Join(dir, "libWeWorkFinanceSdk_C.so"), filepath.Join(lib, "stub.c"))
	bin := filepath.Join(dir, "adapter")
	command(t, []string{"CGO_ENABLED=1", "CGO_CFLAGS=-I" + lib, "CGO_LDFLAGS=-L" + dir + " -Wl,-rpath," + dir}, "go", "build", "-tags", "sdk", "-o", bin, ".")

	keys := map[int]*rsa.PrivateKey{}
	for version := 1; version <= 2; version++ {
		keys[version], err = rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
	}
	write := func(name string, raw []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, raw, 0o600))
		return path
	}
	write("1.pem", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(keys[1])}))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(keys[2])
	must(t, err)
	write("2.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	archiveFile := write("messages", messages(t, keys, 1200))

	cmd := exec.CommandContext(t.Context(), bin, "--listen", "127.0.0.1:0", "--corp-id", "wwexample", "--secret-file", write("secret", []byte("shh\n")),
		"--key-file", write("key", []byte("open-sesame\n")), "--rsa-dir", dir)
	cmd.Env = append(os.Environ(), "ARCHIVE_STUB="+archiveFile)
	log, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	first, err := bufio.NewReader(log).ReadString('\n')
	must(t, err)
	_, rest, _ := strings.Cut(first, "serving on ")
	addr, _, ok := strings.Cut(rest, " ")
	if !ok {
		t.Fatalf("it says %q", first)
	}

	var said []string
	ok, err = archive.CheckAdapter(t.Context(), "http://"+addr, "open-sesame", http.DefaultClient, func(l archive.Line) {
		said = append(said, string(l.Verdict)+" "+l.En)
	})
	must(t, err)
	text := strings.Join(said, "\n")
	if !ok || strings.Contains(text, "bad ") || strings.Contains(text, "hint ") {
		t.Errorf("the checker says:\n%s", text)
	}
	for _, want := range []string{"the first page has 1000 messages", "goes on with 200 messages", "is whole, 12 bytes", "errcode 10005"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not among:\n%s", want, text)
		}
	}

	// A message under a key that is not here stops the reading and says which.
	lost := map[int]*rsa.PrivateKey{3: keys[1]}
	must(t, os.WriteFile(archiveFile, messages(t, lost, 1), 0o600))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/messages?after=0&limit=10", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer open-sesame")
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if !strings.Contains(string(body), `"errcode":10006`) || !strings.Contains(string(body), "publickey_ver 3") {
		t.Errorf("a lost key: %s", body)
	}
}

// messages writes what the stand-in library gives: envelopes whose keys are encrypted as WeCom does.
func messages(t *testing.T, keys map[int]*rsa.PrivateKey, n int) []byte {
	t.Helper()
	var b strings.Builder
	versions := []int{}
	for v := range keys {
		versions = append(versions, v)
	}
	sealed := map[int]string{}
	for _, v := range versions {
		raw, err := rsa.EncryptPKCS1v15(rand.Reader, &keys[v].PublicKey, []byte("random")) //nolint:staticcheck // WeCom's choice
		must(t, err)
		sealed[v] = base64.StdEncoding.EncodeToString(raw)
	}
	sum := md5.Sum([]byte("abcdabcdabcd"))
	for seq := 1; seq <= n; seq++ {
		v := versions[seq%len(versions)]
		m := map[string]any{"msgid": fmt.Sprintf("m%d_external", seq), "action": "send", "from": "wm1", "tolist": []string{"lina"}, "roomid": "", "msgtime": 1_772_413_200_000 + seq,
			"msgtype": "text", "text": map[string]string{"content": fmt.Sprint("第", seq, "句")}}
		if seq == 7 {
			delete(m, "text")
			m["msgtype"], m["file"] = "file", map[string]any{"sdkfileid": "FILE", "filename": "a.txt", "filesize": 12, "md5sum": hex.EncodeToString(sum[:])}
		}
		plain, err := json.Marshal(m)
		must(t, err)
		envelope, err := json.Marshal(map[string]any{"seq": seq, "msgid": m["msgid"], "publickey_ver": v, "encrypt_random_key": sealed[v], "encrypt_chat_msg": "random" + string(plain)})
		must(t, err)
		fmt.Fprintf(&b, "%d\t%s\n", seq, envelope)
	}
	return []byte(b.String())
}

func command(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
