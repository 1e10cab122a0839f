package embedded

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

const (
	logFile  = "server.log"
	logLimit = 16 << 20 // bytes; a longer one is set aside at the next start
	tailSize = 4 << 10
)

// tail is the server's log and knows its end, for error messages. A file is handed to the server as it is, so that it
// can still write when we are dead; any other writer is fed through us.
type tail struct {
	sink io.Writer

	file *os.File // the sink, if it is a file of ours
	from int64    // where the present start begins in it

	mu   sync.Mutex
	last []byte // the end of what passed through us
}

func openLog(dir string, sink io.Writer) (*tail, error) {
	if sink != nil {
		return &tail{sink: sink}, nil
	}
	name := filepath.Join(dir, logFile)
	if info, err := os.Stat(name); err == nil && info.Size() > logLimit {
		if err := os.Rename(name, name+".1"); err != nil {
			return nil, fmt.Errorf("set the old server log aside: %w", err)
		}
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server log: %w", err)
	}
	return &tail{sink: f, file: f}, nil
}

// output is what the server process writes to.
func (t *tail) output() io.Writer {
	if t.file != nil {
		return t.file
	}
	return t
}

// Write never fails: a full disk must not close the server's pipe.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if extra := len(t.last) - tailSize; extra > 0 {
		t.last = append([]byte(nil), t.last[extra:]...)
	}
	_, _ = t.sink.Write(p)
	return len(p), nil
}

// Reset forgets the end of the log, so that String tells of the present start alone.
func (t *tail) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = nil
	if t.file != nil {
		t.from = t.size()
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return string(t.last)
	}
	from := max(t.from, t.size()-tailSize)
	text, _ := io.ReadAll(io.NewSectionReader(t.file, from, tailSize)) // what can be read is what is told
	return string(text)
}

func (t *tail) size() int64 {
	info, err := t.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

func (t *tail) close() {
	if t.file != nil {
		_ = t.file.Close()
	}
}
