package tenant

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"qunce/internal/errs"
)

func key(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, keySize)) }

func open(t *testing.T, dir, setting string) *Sealer {
	t.Helper()
	s, err := OpenSealer(dir, setting)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSeal(t *testing.T) {
	s := open(t, t.TempDir(), key(1))
	plain := []byte("the app's secret")
	sealed := s.Seal(plain, "tenant_corp/1")
	if bytes.Contains(sealed, plain[:6]) {
		t.Error("the plain text is readable")
	}
	if bytes.Equal(sealed, s.Seal(plain, "tenant_corp/1")) {
		t.Error("sealing twice gives the same bytes: the nonce is not fresh")
	}
	got, err := s.Open(sealed, "tenant_corp/1")
	if err != nil || !bytes.Equal(got, plain) {
		t.Errorf("Open = %q, %v", got, err)
	}
	if SealedWith(sealed) != s.KeyID() {
		t.Errorf("sealed with %s, key is %s", SealedWith(sealed), s.KeyID())
	}
	if _, err := s.Open(sealed, "tenant_corp/2"); !errs.Is(err, "tenant.sealed_broken") {
		t.Errorf("opened for another row: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := s.Open(bad, "tenant_corp/1"); err == nil {
			t.Errorf("byte %d changed and still opened", i)
		}
	}
	for n := range len(sealed) {
		if _, err := s.Open(sealed[:n], "tenant_corp/1"); err == nil {
			t.Errorf("opened when cut at %d", n)
		}
	}
}

func TestRotation(t *testing.T) {
	before := open(t, t.TempDir(), key(1))
	sealed := before.Seal([]byte("x"), "a")
	both := open(t, t.TempDir(), key(2)+", "+key(1))
	if got, err := both.Open(sealed, "a"); err != nil || string(got) != "x" {
		t.Errorf("the old key is still here: %q, %v", got, err)
	}
	if both.KeyID() == before.KeyID() {
		t.Error("the newest key does not seal")
	}
	if bytes.Equal(both.Derive("a"), before.Derive("a")) || bytes.Equal(both.Derive("a"), both.Derive("b")) {
		t.Error("derived keys repeat")
	}
	_, err := open(t, t.TempDir(), key(2)).Open(sealed, "a")
	if !errs.Is(err, "tenant.key_unknown") || !strings.Contains(err.Error(), before.KeyID()) {
		t.Errorf("err = %v, want the missing key's id", err)
	}
}

func TestKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first := open(t, dir, "")
	info, err := os.Stat(filepath.Join(dir, KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info, err)
	}
	if again := open(t, dir, ""); again.KeyID() != first.KeyID() {
		t.Error("a second start makes another key")
	}
	// A key from the environment goes first, and the file's still opens.
	env := open(t, dir, key(9))
	if got, err := env.Open(first.Seal([]byte("x"), "a"), "a"); err != nil || string(got) != "x" {
		t.Errorf("the file's key: %q, %v", got, err)
	}

	for _, c := range []struct{ name, text, code string }{
		{"empty", "", "tenant.key_file"}, {"not base64", "!!", "tenant.key_bad"}, {"short", "YWJj", "tenant.key_bad"},
	} {
		if err := os.WriteFile(filepath.Join(dir, KeyFile), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSealer(dir, ""); !errs.Is(err, c.code) {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	if err := os.Chmod(filepath.Join(dir, KeyFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSealer(dir, ""); !errs.Is(err, "tenant.key_exposed") {
		t.Errorf("a key that all may read: %v", err)
	}
}

func TestKeyFileRaced(t *testing.T) {
	dir := t.TempDir()
	ids := make([]string, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			s, err := OpenSealer(dir, "")
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = s.KeyID()
		})
	}
	wg.Wait()
	for _, got := range ids {
		if got != ids[0] {
			t.Fatalf("two keys were made: %v", ids)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}
