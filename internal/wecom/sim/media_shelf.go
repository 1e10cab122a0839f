package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// shelf keeps the bytes of media in the simulator's folder, each under the hash of its content. Bytes are there before
// the log tells of them; what the log does not tell of is swept away.
type shelf struct {
	dir     string
	durable bool
}

// openShelf names the folder; it is made when there is something to keep.
func openShelf(dir string, durable bool) shelf {
	s := shelf{filepath.Join(dir, "media"), durable}
	old, _ := filepath.Glob(filepath.Join(s.dir, "part-*"))
	for _, name := range old {
		_ = os.Remove(name) // of a download that a crash broke off
	}
	return s
}

func (s shelf) path(sum string) string { return filepath.Join(s.dir, sum) }

// put stores bytes and returns their sum.
func (s shelf) put(b []byte) (string, error) {
	h := sha256.Sum256(b)
	sum := hex.EncodeToString(h[:])
	if _, err := os.Stat(s.path(sum)); err == nil {
		return sum, nil
	}
	f, err := s.part()
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	return sum, s.keep(f, sum, err)
}

// part opens a file for bytes that are still coming; keep or drop it.
func (s shelf) part() (*os.File, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("sim: media: %w", err)
	}
	f, err := os.CreateTemp(s.dir, "part-")
	if err != nil {
		return nil, fmt.Errorf("sim: media: %w", err)
	}
	return f, nil
}

// keep gives a finished part its name; err is what went wrong while it was written.
func (s shelf) keep(f *os.File, sum string, err error) error {
	if err == nil && s.durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path(sum))
	}
	if err == nil && s.durable {
		err = syncDir(s.dir)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("sim: media: %w", err)
	}
	return nil
}

func (s shelf) drop(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

func (s shelf) get(sum string) ([]byte, error) {
	b, err := os.ReadFile(s.path(sum))
	if err != nil {
		return nil, fmt.Errorf("sim: media: %w", err)
	}
	return b, nil
}

// slice reads n bytes from an offset.
func (s shelf) slice(sum string, from, n int64) ([]byte, error) {
	f, err := os.Open(s.path(sum))
	if err != nil {
		return nil, fmt.Errorf("sim: media: %w", err)
	}
	defer func() { _ = f.Close() }()
	b := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(f, from, n), b); err != nil {
		return nil, fmt.Errorf("sim: media: %w", err)
	}
	return b, nil
}

// keepOnly removes the bytes that have none of these sums.
func (s shelf) keepOnly(sums map[string]bool) {
	list, err := os.ReadDir(s.dir)
	if err != nil {
		return
	}
	for _, e := range list {
		if name := e.Name(); !sums[name] && !strings.HasPrefix(name, "part-") {
			_ = os.Remove(filepath.Join(s.dir, name)) // stays until the next sweep
		}
	}
}
