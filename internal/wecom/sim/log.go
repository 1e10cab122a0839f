package sim

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"qunce/internal/failpoint"
)

// The folder holds LOCK, snapshot.N and log.N: the state at the beginning of the log, and what happened since. A
// snapshot is written beside, synced and renamed before its log begins, so that one complete pair is always there.
// A log line is a checksum, a blank and the transaction; a torn last line never counted.

var (
	logBefore = failpoint.New("sim.log.before")
	logAfter  = failpoint.New("sim.log.after")
)

// snapshotAt is the log's size, in bytes, from which a snapshot is worth writing.
const snapshotAt = 32 << 20

// journal appends transactions and makes them durable in groups.
type journal struct {
	dir     string
	durable bool
	lock    *os.File

	mu     sync.Mutex
	cond   *sync.Cond
	buf    []byte
	queued int64 // transactions handed in
	safe   int64 // transactions that survive a crash
	err    error
	closed bool
	file   *os.File
	gen    int64
	size   int64
	done   chan struct{}
}

// openJournal locks the folder and loads the newest pair; st is nil if the folder is new.
func openJournal(dir string, durable bool) (*journal, *state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("sim: make %s: %w", dir, err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("sim: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor fits
		_ = lock.Close()
		return nil, nil, fmt.Errorf("sim: folder %s is in use by another simulator: %w", dir, err)
	}
	j := &journal{dir: dir, durable: durable, lock: lock, done: make(chan struct{})}
	j.cond = sync.NewCond(&j.mu)
	st, err := j.load()
	if err != nil {
		_ = lock.Close()
		return nil, nil, err
	}
	return j, st, nil
}

// Used says whether a folder holds a world already, which a simulator started there goes on with.
func Used(dir string) bool {
	names, _ := filepath.Glob(filepath.Join(dir, "snapshot.*")) // the pattern is well formed
	return len(names) > 0
}

func (j *journal) name(kind string, gen int64) string {
	return filepath.Join(j.dir, kind+"."+strconv.FormatInt(gen, 10))
}

func (j *journal) load() (*state, error) {
	names, err := filepath.Glob(filepath.Join(j.dir, "snapshot.*"))
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	for _, n := range names {
		gen, err := strconv.ParseInt(filepath.Ext(n)[1:], 10, 64)
		if err == nil {
			j.gen = max(j.gen, gen)
		}
	}
	if j.gen == 0 {
		return nil, nil
	}
	for _, n := range names { // what a crash during the last snapshot left behind
		if n != j.name("snapshot", j.gen) {
			_ = os.Remove(n)
			_ = os.Remove(filepath.Join(j.dir, "log"+filepath.Ext(n)))
		}
	}
	f, err := os.Open(j.name("snapshot", j.gen))
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	defer func() { _ = f.Close() }()
	st := &state{}
	if err := gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)).Decode(st); err != nil {
		return nil, fmt.Errorf("sim: snapshot %d is unreadable: %w", j.gen, err)
	}
	st.index()
	return st, j.replay(st)
}

// replay applies the log and cuts off a torn end.
func (j *journal) replay(st *state) error {
	f, err := os.OpenFile(j.name("log", j.gen), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("sim: read log: %w", err)
		}
		body, ok := checked(line)
		if !ok {
			if err == nil {
				// A broken line with a whole one behind it is damage, not a torn end.
				if rest, _ := r.ReadBytes('\n'); rest != nil {
					if _, whole := checked(rest); whole {
						return fmt.Errorf("sim: log %d is damaged at byte %d", j.gen, j.size)
					}
				}
			}
			break
		}
		if err := st.replay(body); err != nil {
			return err
		}
		j.size += int64(len(line))
	}
	if err := f.Truncate(j.size); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	if _, err := f.Seek(j.size, io.SeekStart); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	j.file = f
	return nil
}

func checked(line []byte) ([]byte, bool) {
	if len(line) < 10 || line[len(line)-1] != '\n' || line[8] != ' ' {
		return nil, false
	}
	body := line[9 : len(line)-1]
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	return body, err == nil && uint32(sum) == crc32.ChecksumIEEE(body)
}

// start begins writing.
func (j *journal) start() { go j.run() }

// append hands in a transaction and returns its number for wait.
func (j *journal) append(body []byte) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf = fmt.Appendf(j.buf, "%08x ", crc32.ChecksumIEEE(body))
	j.buf = append(j.buf, body...)
	j.buf = append(j.buf, '\n')
	j.queued++
	j.cond.Broadcast()
	return j.queued
}

// wait blocks until transaction n is durable.
func (j *journal) wait(n int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.safe < n && j.err == nil {
		j.cond.Wait()
	}
	return j.err
}

// written is the number up to which transactions are durable.
func (j *journal) written() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.safe
}

// last is the number of the newest transaction.
func (j *journal) last() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.queued
}

// run writes what has gathered since the last write, as one group.
func (j *journal) run() {
	defer close(j.done)
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		for len(j.buf) == 0 && !j.closed {
			j.cond.Wait()
		}
		if len(j.buf) == 0 || j.err != nil {
			return
		}
		buf, upTo, file := j.buf, j.queued, j.file
		j.buf = nil
		j.mu.Unlock()
		logBefore.Hit()
		_, err := file.Write(buf)
		if err == nil && j.durable {
			err = file.Sync()
		}
		logAfter.Hit()
		j.mu.Lock()
		j.size += int64(len(buf))
		j.safe = upTo
		if err != nil {
			j.err = fmt.Errorf("sim: write log: %w", err)
		}
		j.cond.Broadcast()
	}
}

// snapshot writes the state and begins a new log. The caller holds the state still.
func (j *journal) snapshot(st *state) error {
	if err := j.wait(j.last()); err != nil {
		return err
	}
	gen := j.gen + 1
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(st); err != nil {
		return fmt.Errorf("sim: encode snapshot: %w", err)
	}
	if err := writeSynced(j.name("log", gen), nil); err != nil {
		return err
	}
	tmp := filepath.Join(j.dir, "snapshot-new")
	if err := writeSynced(tmp, buf.Bytes()); err != nil {
		return err
	}
	if err := os.Rename(tmp, j.name("snapshot", gen)); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	if err := syncDir(j.dir); err != nil {
		return err
	}
	file, err := os.OpenFile(j.name("log", gen), os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	j.mu.Lock()
	old, oldGen := j.file, j.gen
	j.file, j.gen, j.size = file, gen, 0
	j.mu.Unlock()
	if old != nil {
		_ = old.Close()
		_ = os.Remove(j.name("log", oldGen))
		_ = os.Remove(j.name("snapshot", oldGen))
	}
	return nil
}

func (j *journal) bytes() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size
}

func (j *journal) close() error {
	j.mu.Lock()
	j.closed = true
	j.cond.Broadcast()
	j.mu.Unlock()
	<-j.done
	err := j.err
	if j.file != nil {
		err = errors.Join(err, j.file.Close())
	}
	return errors.Join(err, j.lock.Close())
}

func writeSynced(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sim: write %s: %w", name, err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	return nil
}
