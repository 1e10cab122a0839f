// Package demo runs the product on a simulated chain: the real server, a WeCom simulator in a process of its own, and an
// accelerated clock that stands still until everything due at its instant is done.
//
// Nothing in the product knows that it is a demo: stores, orders and members come in through the importer, people through
// scanned codes and callbacks, tasks through WeCom's results. The first start sets the chain up step by step, each step
// safe to repeat, so that a demo killed anywhere goes on where it stopped.
package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"qunce/internal/actor"
	"qunce/internal/app"
	"qunce/internal/config"
	"qunce/internal/corp"
	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/tenant"
	"qunce/internal/wecom/sim"
)

// Options are the demo's command line.
type Options struct {
	Config     config.Config
	StoresFile string     // CSV, may be gzipped; empty = the built-in chain
	OrdersFile string     // likewise
	Coords     geo.System // of the stores file
	MaxStores  int        // only the first so many stores of a file; 0 = all. The built-in chain has this many, default 300
	People     int        // simulated customers; 0 = 100 a store
	Speed      float64    // simulated seconds per wall second at most; 0 = 720, a day in two minutes
	Days       int        // with Exit: run so many days as fast as it goes
	Exit       bool
	Faults     sim.Faults // how WeCom misbehaves, up to the closing of the books
	Durable    bool       // fsync; off only in tests
	Seed       uint64
	Log        *slog.Logger
	Out        io.Writer
	Self       string // the program, which also is the simulator
}

// state is what a demo keeps beside its database: who plays WeCom, and with what it began.
type state struct {
	Stores    string    `json:"stores"`
	Orders    string    `json:"orders"`
	Coords    string    `json:"coords"`
	MaxStores int       `json:"max_stores"`
	People    int       `json:"people"`
	Seed      uint64    `json:"seed"`
	SimAddr   string    `json:"sim_addr"`
	Start     time.Time `json:"start"`
	Ready     bool      `json:"ready"`
	Listen    string    `json:"listen"` // where the printed codes lead; a port of 0 is chosen once
}

// Schema is the demo's corp.
const Schema = "corp_demo"

const (
	corpID  = "wwQunceDemo00001"
	agentID = 1000002
)

// Demo is one running demo.
type Demo struct {
	o      Options
	dir    string
	state  state
	app    *app.App
	corp   *corp.Corp
	sim    *child
	feed   *feed
	next   chan chan error // asks the driver for the next morning
	began  time.Time
	placed time.Time // up to when this process fed orders
}

// Run runs the demo until ctx ends or, with Exit, until its days are over; the report is nil in the first case.
func Run(ctx context.Context, o Options) (*Report, error) {
	d := &Demo{o: o, dir: filepath.Join(o.Config.DataDir, "demo"), next: make(chan chan error, 1)}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, errs.E(errs.Unavailable, "demo.data_dir", "cannot make %s", d.dir).Wrap(err)
	}
	if err := d.loadState(); err != nil {
		return nil, err
	}
	addr := o.Config.Listen
	if _, port, err := net.SplitHostPort(addr); err == nil && port == "0" && d.state.Listen != "" {
		addr = d.state.Listen
	}
	ln, err := listen(addr)
	if err != nil {
		return nil, err
	}
	defer ln.Close()
	if d.state.Listen != ln.Addr().String() {
		d.state.Listen = ln.Addr().String()
		if err := d.saveState(); err != nil {
			return nil, err
		}
	}
	d.o.Config.PublicURL = "http://" + ln.Addr().String()
	a, err := app.Open(ctx, app.Options{Config: d.o.Config, Log: o.Log, Durable: o.Durable})
	if err != nil {
		return nil, err
	}
	d.app = a
	d.began = a.Wall.Now()
	defer a.Close()
	ctx, stop := context.WithCancel(actor.With(ctx, actor.SystemActor()))
	defer stop()
	go a.Watch(ctx)
	t, err := d.ensureCorp(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.prepare(ctx, t); err != nil {
		return nil, err
	}
	defer d.sim.stop()
	simURL, err := url.Parse("http://" + d.state.SimAddr)
	if err != nil {
		return nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(simURL)
	phone, err := app.Phone(proxy)
	if err != nil {
		return nil, err
	}
	serving := make(chan error, 1)
	go func() { serving <- a.Run(ctx, d.corp, ln, map[string]http.Handler{"/phone/": phone}, d) }()
	driving := make(chan outcome, 1)
	go func() { r, err := d.drive(ctx); driving <- outcome{r, err} }()
	select {
	case err := <-serving:
		stop()
		<-driving
		return nil, err
	case x := <-driving:
		stop()
		if err := <-serving; err != nil && x.err == nil {
			x.err = err
		}
		if errors.Is(x.err, context.Canceled) {
			x.err = nil
		}
		return x.report, x.err
	}
}

type outcome struct {
	report *Report
	err    error
}

func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, errs.E(errs.Unavailable, "app.listen", "cannot listen on %s: another program, or another qunce, may be using it; choose another with --listen", addr).Wrap(err)
	}
	return ln, nil
}

// loadState reads what an earlier start began with; a demo goes on with that, whatever the flags say now.
func (d *Demo) loadState() error {
	raw, err := os.ReadFile(d.statePath())
	if err == nil {
		if err := json.Unmarshal(raw, &d.state); err != nil {
			return errs.E(errs.Internal, "demo.state", "%s is damaged; remove the data folder to begin anew", d.statePath()).Wrap(err)
		}
		for name, pair := range map[string][2]string{"--stores": {abs(d.o.StoresFile), d.state.Stores}, "--orders": {abs(d.o.OrdersFile), d.state.Orders}} {
			if pair[0] != "" && pair[0] != pair[1] {
				return errs.E(errs.Invalid, "demo.other_input", "the data folder holds a demo with another %s file (%s); choose another --data folder or remove it", name, pair[1])
			}
		}
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return errs.E(errs.Unavailable, "demo.state", "cannot read %s", d.statePath()).Wrap(err)
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	d.state = state{Stores: abs(d.o.StoresFile), Orders: abs(d.o.OrdersFile), Coords: string(d.o.Coords), MaxStores: d.o.MaxStores, People: d.o.People, Seed: d.o.Seed, SimAddr: addr}
	return d.saveState()
}

func abs(path string) string {
	if path == "" {
		return ""
	}
	if p, err := filepath.Abs(path); err == nil {
		return p
	}
	return path
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", errs.E(errs.Unavailable, "app.listen", "no free port").Wrap(err)
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

func (d *Demo) statePath() string { return filepath.Join(d.dir, "demo.json") }

// saveState replaces the file whole: a kill leaves the old one or the new one.
func (d *Demo) saveState() error {
	raw, err := json.MarshalIndent(d.state, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(d.statePath(), raw)
}

func writeFile(path string, raw []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, bytes.NewReader(raw))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// ensureCorp registers the demo's corp with fresh random credentials.
func (d *Demo) ensureCorp(ctx context.Context) (tenant.Corp, error) {
	settings := tenant.Settings{WeComBaseURL: "http://" + d.state.SimAddr, AuthorizeURL: d.o.Config.PublicURL + "/phone",
		PublicURL: d.o.Config.PublicURL, Brand: brand(d.state), Accelerated: true}
	t, err := d.app.Tenant.BySchema(ctx, Schema)
	if err == nil {
		settings.ProofFiles = t.Settings.ProofFiles
		if t.Secrets.ArchiveKey != "" { // not in a folder that is older than the archive
			settings.ArchiveURL = d.archiveURL()
		}
		if !reflect.DeepEqual(t.Settings, settings) {
			if err := d.app.Tenant.UpdateSettings(ctx, Schema, settings); err != nil {
				return t, err
			}
		}
		return d.app.Tenant.BySchema(ctx, Schema)
	}
	if errs.KindOf(err) != errs.NotFound {
		return t, err
	}
	settings.ArchiveURL = d.archiveURL()
	archive := token(32) // the simulator's adapter wants to see the archive's own secret
	return d.app.Tenant.Create(ctx, tenant.Corp{Schema: Schema, Name: brand(d.state), Timezone: "Asia/Shanghai", CorpID: corpID, AgentID: agentID, Settings: settings,
		Secrets: tenant.Secrets{Secret: token(32), CallbackToken: token(12), EncodingAESKey: aesKey(), ArchiveSecret: archive, ArchiveKey: archive}})
}

// archiveURL is where the simulator serves its chat archive.
func (d *Demo) archiveURL() string { return "http://" + d.state.SimAddr + "/sim/archive" }

func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)[:min(2*n, 64)]
}

// aesKey is 43 letters and digits that decode to 32 bytes.
func aesKey() string {
	for {
		b := make([]byte, 32)
		_, _ = rand.Read(b)
		s := base64.RawStdEncoding.EncodeToString(b)
		if ok := !bytes.ContainsAny([]byte(s), "+/"); ok {
			return s
		}
	}
}

// NextDay runs the clock to the next morning; the console's button.
func (d *Demo) NextDay(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case d.next <- done:
		return nil
	default:
		return errs.E(errs.Conflict, "clock.busy", "the clock is already on its way to the next day")
	}
}

// secrets is what the simulator's process is told on its standard input.
func (d *Demo) secrets(t tenant.Corp) simConfig {
	return simConfig{Listen: d.state.SimAddr, Dir: filepath.Join(d.o.Config.DataDir, "sim"), CallbackURL: d.o.Config.PublicURL + "/callback/" + Schema,
		Token: t.Secrets.CallbackToken, EncodingAESKey: t.Secrets.EncodingAESKey, CorpID: t.CorpID, Secret: t.Secrets.Secret, ArchiveSecret: t.Secrets.ArchiveSecret, AgentID: t.AgentID,
		BrowserBase: d.o.Config.PublicURL + "/phone", WorldFile: filepath.Join(d.dir, "world.json"), Durable: d.o.Durable}
}

func (d *Demo) say(format string, args ...any) { fmt.Fprintf(d.o.Out, format+"\n", args...) }
