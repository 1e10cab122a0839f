// Package embedded runs the binary's own private PostgreSQL in a data folder: it finds the server's programs, makes the
// cluster, starts it, watches it, and stops it.
//
// The folder holds: cluster (the server's data), password and server.json (both 0600), server.log, and lock, on which
// the parent holds a flock for as long as the server runs, so two parents never share a folder.
//
// Invariants: the server listens on 127.0.0.1 alone and asks everybody for the password (SCRAM). It never outlives its
// parent for long: the kernel sends it SIGINT, PostgreSQL's fast shutdown, when the thread that started it dies, even
// by kill -9. What an earlier parent left behind (a server still shutting down, a stale postmaster.pid) is cleared by
// the next Start.
//
// PostgreSQL refuses to run as root. Started by root, it runs in a user namespace in which root bears another id; the
// files still belong to root outside, so it works under folders that nobody else may enter. Where namespaces are not
// to be had, it runs as the user postgres, daemon or nobody with its cluster under /var/lib/qunce, and the file
// location in the data folder says where.
//
// The package never touches a server it did not start, and never deletes a finished cluster.
package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/pg"
)

// Options of a server. Only Dir is required.
type Options struct {
	Dir     string    // the data folder, such as ./data/pg; made when missing
	Log     io.Writer // the server's log; nil: the file server.log in Dir, which also hears a shutdown after our death
	Durable bool      // false: no fsync, for tests only: commits survive a kill of any process, but not a power cut
	Port    int       // on 127.0.0.1; 0: a free one

	noNamespace bool   // behave as if user namespaces were unavailable
	elsewhere   string // where clusters of the setuid fallback stand; "" = /var/lib/qunce
}

const (
	role     = "qunce"
	database = "qunce"

	readyPatience = 5 * time.Minute // a crash recovery may take its time
	readyPause    = 20 * time.Millisecond
	portAttempts  = 5
	stopPatience  = 60 * time.Second
	quitPatience  = 10 * time.Second
)

// Server is a running private PostgreSQL.
type Server struct {
	o        Options
	dir      string
	programs programs
	identity identity
	cluster  string
	password string
	port     int
	log      *tail
	lock     *os.File

	life context.Context // ends with Stop
	end  context.CancelFunc

	mu      sync.Mutex
	child   *child
	stopped bool
}

// Start makes the cluster if there is none, clears what a killed parent left, starts the server and waits until the
// database qunce accepts connections. ctx bounds the start alone. Errors: Conflict "pg.folder_in_use" when another
// process holds the folder, Unavailable "pg.no_server" and Conflict "pg.version" when no fitting PostgreSQL is
// installed, Internal "pg.start" with the end of the server's log otherwise.
func Start(ctx context.Context, o Options) (*Server, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, dir: dir, lock: lock, port: o.Port}
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.start(ctx); err != nil {
		s.end()
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) (err error) {
	if s.log, err = openLog(s.dir, s.o.Log); err != nil {
		return err
	}
	if s.password, err = keepPassword(s.dir); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	if err := clearOrphans(ctx, s.cluster); err != nil {
		return err
	}
	if err := s.makeCluster(ctx); err != nil {
		return err
	}
	if err := s.launchOnFreePort(ctx); err != nil {
		return err
	}
	if err := s.finish(ctx); err != nil {
		s.child.stop()
		return err
	}
	return nil
}

// launchOnFreePort picks a port and launches; between the picking and the server's bind somebody else may take it.
func (s *Server) launchOnFreePort(ctx context.Context) error {
	if s.o.Port != 0 {
		return s.launch(ctx)
	}
	var err error
	for range portAttempts {
		if s.port, err = freePort(ctx); err != nil {
			return err
		}
		if err = s.launch(ctx); err == nil || !strings.Contains(s.log.String(), "could not create any TCP/IP sockets") {
			return err
		}
	}
	return err
}

// launch starts the server process and waits until it accepts connections; on failure nothing is left running.
func (s *Server) launch(ctx context.Context) error {
	s.log.Reset()
	c, err := spawn(s.programs.postgres(), s.arguments(), s.identity.attr(syscall.SIGINT), s.log.output())
	if err != nil {
		return errs.E(errs.Internal, "pg.start", "cannot run %s", s.programs.postgres()).Wrap(err)
	}
	if err := s.awaitReady(ctx, c); err != nil {
		c.stop()
		return err
	}
	s.child = c
	return nil
}

func (s *Server) awaitReady(ctx context.Context, c *child) error {
	patience, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	for {
		conn, err := pgx.Connect(patience, s.url("postgres"))
		if err == nil {
			return conn.Close(patience)
		}
		if !pg.IsUnavailable(err) && patience.Err() == nil {
			return errs.E(errs.Internal, "pg.start", "the private PostgreSQL in %s refuses its own password", s.dir).Wrap(err)
		}
		select {
		case <-c.done:
			return errs.E(errs.Internal, "pg.start", "the private PostgreSQL in %s ended at once; its log says:\n%s", s.dir, s.log)
		case <-patience.Done():
			return errs.E(errs.Unavailable, "pg.start", "the private PostgreSQL in %s does not accept connections; its log says:\n%s", s.dir, s.log).Wrap(patience.Err())
		case <-time.After(readyPause):
		}
	}
}

// finish makes the database and tells other processes where it is.
func (s *Server) finish(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the private PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&there); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if !there {
		if _, err := conn.Exec(ctx, `CREATE DATABASE `+database); err != nil {
			return fmt.Errorf("create the database: %w", err)
		}
	}
	return s.announce()
}

func (s *Server) url(name string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, s.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + name, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// URL is the connection string of the database qunce, password included; it stays the same when Watch restarts.
func (s *Server) URL() string { return s.url(database) }

// Pid is the process id of the postmaster.
func (s *Server) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child.pid()
}

// Stop shuts the server down (fast: open transactions roll back, data is checkpointed), waits for its end and gives
// the folder free. A second Stop does nothing.
func (s *Server) Stop() error {
	s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	clean := s.child.stop()
	err := os.Remove(s.file(announceFile))
	if os.IsNotExist(err) {
		err = nil
	}
	s.release()
	if !clean {
		return errs.E(errs.Internal, "pg.stop", "the private PostgreSQL in %s had to be killed; the next start will recover it from its log", s.dir)
	}
	return err
}

// Watch restarts the server, on the same port, whenever it dies alone; it returns when ctx ends or Stop is called.
func (s *Server) Watch(ctx context.Context) {
	life, cancel := context.WithCancel(s.life)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	for wait := 100 * time.Millisecond; ; {
		s.mu.Lock()
		gone := s.child.done
		s.mu.Unlock()
		select {
		case <-life.Done():
			return
		case <-gone:
		}
		if s.revive(life) == nil {
			wait = 100 * time.Millisecond
			continue
		}
		select {
		case <-life.Done():
			return
		case <-time.After(wait):
			wait = min(2*wait, 5*time.Second)
		}
	}
}

// revive starts a new server in place of the dead one.
func (s *Server) revive(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || ctx.Err() != nil {
		return context.Canceled
	}
	fmt.Fprintf(s.log, "qunce: the private PostgreSQL (pid %d) died alone; it is started again\n", s.child.pid())
	// Backends of a killed postmaster hold the shared memory until they notice.
	if err := clearOrphans(ctx, s.cluster); err != nil {
		return err
	}
	if err := s.launch(ctx); err != nil {
		fmt.Fprintf(s.log, "qunce: it did not start: %v\n", err)
		return err
	}
	return s.announce()
}

func (s *Server) release() {
	if s.log != nil {
		s.log.close()
	}
	_ = s.lock.Close() // gives up the flock as well
}

func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }

const announceFile = "server.json"

// announcement is what CLI commands read to find the running server.
type announcement struct {
	URL string `json:"url"`
	Pid int    `json:"pid"`
}

func (s *Server) announce() error {
	text, err := json.Marshal(announcement{URL: s.URL(), Pid: s.child.pid()})
	if err != nil {
		return err
	}
	return writeSecret(s.file(announceFile), text)
}

// Attach returns the URL of the server that another process of the same user runs in the folder.
// Error: Unavailable "pg.not_running" when there is none.
func Attach(dir string) (string, error) {
	missing := errs.E(errs.Unavailable, "pg.not_running", "no private PostgreSQL runs in %s: start qunce there first, or set DATABASE_URL", dir)
	if free, err := folderIsFree(dir); err != nil || free {
		return "", missing // an announcement without a holder of the lock is a killed parent's
	}
	text, err := os.ReadFile(filepath.Join(dir, announceFile))
	if err != nil {
		return "", missing.Wrap(err)
	}
	var a announcement
	if err := json.Unmarshal(text, &a); err != nil || a.URL == "" {
		return "", missing.Wrap(err)
	}
	return a.URL, nil
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
