// Package sim is a simulated WeCom (企业微信): the same HTTP protocol, limits, errors and encrypted callbacks, on a clock of
// its own, with a population that scans, adds, joins, answers, leaves, and confirms tasks late or not at all.
//
// Invariants: every change is a transaction in an append-only log, durable before anybody outside hears of it; a
// simulator started again on its folder has the same truth, and delivers the callbacks that were not answered (at least
// once). The clock moves only when it is told to, and never backwards. Changes made through the API send no callbacks.
// Decisions are drawn from the world's seed alone.
//
// It never imports the platform's own packages beyond the protocol (wecom, wecom/callback), and the platform never asks
// whether it talks to it. What runs on wall time: tokens, OAuth codes, the 20 seconds of a welcome code, retries.
package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"qunce/internal/clock"
	"qunce/internal/wecom/callback"
)

// Options say what is simulated and where.
type Options struct {
	Listen         string // host:port; port 0 picks one
	Dir            string // the log's folder; one simulator at a time
	World          *World // the beginning, used when the folder is new; nil = the folder must hold a log
	CallbackURL    string // where events go; empty = nowhere, they pile up
	Token          string // of the callback
	EncodingAESKey string
	CorpID         string
	Secret         string // of the app
	ContactsSecret string // of contacts sync; empty = there is none
	ArchiveSecret  string // of the chat archive; empty = there is none
	AgentID        int
	Log            io.Writer         // one line a noteworthy thing; nil = silent
	BrowserBase    string            // under which a browser reaches the simulator, e.g. http://127.0.0.1:8080/phone; empty = its own address
	Durable        bool              // fsync; without it the log survives a kill, but not a power cut
	Ready          func(addr string) // called once the simulator serves; may be nil
	Records        int               // how many records of API calls and callbacks are kept; 0 = 5,000
	Documented     bool              // callbacks are tried as WeCom's pages say, not until they are answered; see Receiver
	RetryRefused   bool              // likewise
	Insist         func(*Receiver)   // what was asked for expressly of the receiver: wins over what was saved; nil = nothing
	Standalone     bool              // nobody else drives it: the clock runs by itself, and pages ask who somebody is
	ControlToken   string            // standing alone: opens the simulator's own addresses; empty = they are open to all who reach them
	Opened         func(Sandbox)     // standing alone: called once it serves; may be nil
	Phone          Phone             // standing alone: the phone pages under /phone/; nil = none
	Speed          float64           // standing alone: simulated seconds a second
	RecordFile     string            // to which all records are appended as JSON lines; empty = none

	wall    clock.Clock   // tests only; nil = clock.Wall()
	nextTry time.Duration // tests only; 0 = nextTryMin
}

// Phone makes the handler of the phone pages, which asks the simulator for what a phone needs, below /phone/sim/ and
// /phone/connect/.
type Phone func(sim http.Handler) (http.Handler, error)

// Server is one simulated corp.
type Server struct {
	opt     Options
	base    string // for browsers
	wall    clock.Clock
	started time.Time
	http    *http.Client
	journal *journal
	post    *postman
	faults  faults
	auth    *signins
	staff   *browsers
	talk    *talk
	gate    *gate
	tape    *tape
	pace    *pace // nil unless the clock runs by itself

	table     map[string]endpoint
	deeds     map[string]deed
	advancing sync.Mutex // one advance at a time

	mu     sync.Mutex // guards st and what follows
	st     *state
	writes writes
	made   map[string]time.Time // mass sends → wall time of their making
	late   lagging
}

// New opens the folder and makes a server that delivers callbacks already; Close it.
func New(opt Options) (*Server, error) {
	if _, err := callback.NewCrypto(opt.Token, opt.EncodingAESKey, opt.CorpID); err != nil {
		return nil, err
	}
	if opt.Log == nil {
		opt.Log = io.Discard
	}
	if opt.nextTry == 0 {
		opt.nextTry = nextTryMin
	}
	if opt.wall == nil {
		opt.wall = clock.Wall()
	}
	if opt.World != nil {
		if err := opt.World.check(); err != nil {
			return nil, err
		}
	}
	j, st, err := openJournal(opt.Dir, opt.Durable)
	if err != nil {
		return nil, err
	}
	if st == nil {
		if opt.World == nil {
			return nil, errors.Join(fmt.Errorf("sim: folder %s has no log, and no world was given", opt.Dir), j.lock.Close())
		}
		st = newState(*opt.World)
	}
	if err := j.snapshot(st); err != nil {
		return nil, errors.Join(err, j.lock.Close())
	}
	j.start()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.Proxy = nil
	s := &Server{
		opt: opt, base: strings.TrimRight(opt.BrowserBase, "/"), wall: opt.wall, http: &http.Client{Transport: transport, Timeout: 5 * time.Second},
		journal: j, st: st, made: map[string]time.Time{},
	}
	s.started = s.wall.Now()
	s.table = joinEndpoints()
	s.deeds = joined(func(a area) map[string]deed { return a.deeds })
	s.auth = &signins{codes: map[string]*signin{}, tickets: map[string]*signin{}}
	s.gate = newGate(s.wall.Now, st.World.Limits)
	s.staff = &browsers{byUser: map[string]*http.Client{}}
	if s.tape, err = newTape(opt.Records, opt.RecordFile); err != nil {
		return nil, errors.Join(err, j.close())
	}
	s.talk = newTalk(s)
	s.post = newPostman(s)
	if err := s.firstAim(); err != nil {
		return nil, errors.Join(err, j.close())
	}
	for _, id := range sortedEvents(st.Events) {
		s.post.add(st.Events[id], 0)
	}
	s.post.start()
	s.talk.start()
	if opt.Standalone {
		s.pace = newPace(s, max(opt.Speed, 0))
		s.pace.start()
	}
	return s, nil
}

// Close stops the deliveries and leaves a snapshot, so that the next start is quick.
func (s *Server) Close() error {
	if s.pace != nil {
		s.pace.stop()
	}
	s.talk.stop()
	s.post.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.journal.snapshot(s.st)
	return errors.Join(err, s.journal.close(), s.tape.close())
}

// Run serves until ctx ends.
func Run(ctx context.Context, opt Options) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", opt.Listen)
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	base := "http://" + reachable(l.Addr())
	if opt.BrowserBase == "" {
		opt.BrowserBase = base
	} else if opt.Standalone {
		base = strings.TrimRight(opt.BrowserBase, "/")
	}
	s, err := New(opt)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	h := s.Handler()
	if opt.Phone != nil {
		if h, err = s.withPhone(h); err != nil {
			return errors.Join(err, l.Close(), s.Close())
		}
	}
	hs := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- hs.Serve(l) }()
	_, _ = fmt.Fprintf(s.opt.Log, "sim: serving on %s\n", l.Addr())
	if opt.Ready != nil {
		opt.Ready(l.Addr().String())
	}
	if opt.Opened != nil {
		opt.Opened(s.Sandbox(base))
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		err = hs.Shutdown(stop)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			err = hs.Close()
		}
	}
	return errors.Join(err, s.Close())
}

// reachable is an address as one reaches it from this machine.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// withPhone puts the phone pages in front.
func (s *Server) withPhone(h http.Handler) (http.Handler, error) {
	pages, err := s.opt.Phone(h)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.Handle("/phone/", s.guarded(pages))
	return mux, nil
}

// Handler serves the API (/cgi-bin/), the browser sign-in (/connect/), and the simulator's own addresses (/sim/).
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/cgi-bin/", s.serveAPI)
	mux.HandleFunc("GET /connect/oauth2/authorize", s.recorded(s.serveAuthorize))
	mux.HandleFunc("GET /wwlogin/sso/login", s.recorded(s.serveQRLogin))
	if s.opt.Standalone {
		mux.Handle("GET /{$}", http.RedirectHandler("/sim/", http.StatusFound))
	}
	mux.HandleFunc("GET /sim/qr/{kind}/{file}", s.serveQR)
	mux.HandleFunc("POST /sim/advance", s.serveAdvance)
	mux.HandleFunc("GET /sim/now", s.serveNow)
	mux.HandleFunc("POST /sim/plan", s.servePlan)
	mux.HandleFunc("POST /sim/faults", s.serveFaults)
	mux.HandleFunc("GET /sim/faults", s.serveFaultsNow)
	mux.HandleFunc("GET /sim/clock", s.serveClock)
	mux.HandleFunc("POST /sim/clock", s.serveSetClock)
	mux.HandleFunc("GET /sim/limits", s.serveLimits)
	mux.HandleFunc("POST /sim/limits", s.serveSetLimits)
	mux.HandleFunc("GET /sim/permissions", s.servePermissions)
	mux.HandleFunc("POST /sim/permissions", s.serveSetPermissions)
	mux.HandleFunc("GET /sim/callback", s.serveReceiver)
	mux.HandleFunc("POST /sim/callback", s.serveSetReceiver)
	mux.HandleFunc("GET /sim/recording", s.serveRecording)
	mux.HandleFunc("GET /sim/recording.jsonl", s.serveRecordingFile)
	mux.HandleFunc("GET /sim/truth", s.serveTruth)
	s.controlRoutes(mux)
	s.phoneRoutes(mux)
	s.areaRoutes(mux)
	return s.guarded(mux)
}

// begin opens a transaction at the simulator's present instant. The caller holds mu until commit.
func (s *Server) begin() *transaction {
	t := &transaction{At: s.st.Now, st: s.st}
	if s.st.World.Limits.DetailLagMS > 0 {
		t.was = &before{groups: map[string]*group{}, edges: map[string]map[string]*edge{}}
	}
	return t
}

// beginAt moves the clock to ms, if that is later, and opens a transaction.
func (s *Server) beginAt(ms int64) *transaction {
	s.st.Now = max(s.st.Now, ms)
	return s.begin()
}

// transact runs fn in a transaction at the present instant and returns its number for journal.wait. What fn did before a
// panic is in memory, so it goes into the log as well; and the lock is given back, for net/http lives on.
func (s *Server) transact(fn func(*transaction)) int64 { return s.transactAt(0, fn) }

// transactAt moves the clock to ms first, if that is later.
func (s *Server) transactAt(ms int64, fn func(*transaction)) (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.beginAt(ms)
	defer func() { n = s.commit(t) }()
	fn(t)
	return 0
}

// commit hands the transaction to the log and its callbacks to the postman, and returns its number for journal.wait.
func (s *Server) commit(t *transaction) int64 {
	if len(t.Ops) == 0 {
		return s.journal.last()
	}
	if s.st.archived != nil {
		s.overhear(t)
	}
	b, err := t.encode()
	if err != nil {
		panic(err) // our own types always encode
	}
	n := s.journal.append(b)
	s.settle(t)
	for i := range t.Ops {
		if e := t.Ops[i].Event; e != nil {
			s.post.add(e, n)
		}
	}
	return n
}

func (s *Server) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.opt.Log, "sim: "+format+"\n", args...)
}
