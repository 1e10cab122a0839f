package sim

import (
	"os"
	"path/filepath"
	"testing"
)

// copyDir copies a simulator's folder as a crash would leave it.
func copyDir(t testing.TB, dir string) string {
	t.Helper()
	out := t.TempDir()
	if err := os.CopyFS(out, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTornTail(t *testing.T) {
	r := newRig(t, smallWorld(1))
	id, _ := r.way("kept", "lina")
	torn, _ := r.way("torn", "lina")
	dir := copyDir(t, r.opt.Dir)
	logs, err := filepath.Glob(filepath.Join(dir, "log.*"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs %v, %v", logs, err)
	}
	whole, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	for cut := range 40 {
		if err := os.WriteFile(logs[0], whole[:len(whole)-1-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		opt := r.opt
		opt.Dir = copyDir(t, dir)
		s, err := New(opt)
		if err != nil {
			t.Fatalf("cut %d: %v", cut, err)
		}
		if s.st.Ways[id] == nil || s.st.Ways[torn] != nil {
			t.Errorf("cut %d: ways %v", cut, s.st.Ways)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	// Damage in the middle is not a torn tail.
	bad := append([]byte{}, whole...)
	bad[20] ^= 1
	if err := os.WriteFile(logs[0], bad, 0o600); err != nil {
		t.Fatal(err)
	}
	opt := r.opt
	opt.Dir = dir
	if s, err := New(opt); err == nil {
		t.Error("a damaged log was taken")
		_ = s.Close()
	}
	r.start()
}

func TestFolderIsLocked(t *testing.T) {
	r := newRig(t, smallWorld(1))
	if s, err := New(r.opt); err == nil {
		t.Error("two simulators share a folder")
		_ = s.Close()
	}
}
