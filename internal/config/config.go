// Package config reads what the machine's administrator decides: where to listen, where the data lies, which database,
// which roles this process plays. What a brand decides (its WeCom app, its name) is not here but in the tenant package.
//
// A value comes from, last one wins: the documented default, the TOML file, the environment, the command line. A key
// that nobody knows is an error that names the nearest known one, in the file as in the environment: a typing error must
// not start a server with half of its settings.
//
// The package never opens anything but the file, keeps no state, and never prints the password of the database or the
// secret key (Config.LogValue).
package config

import (
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/caarlos0/env/v11"

	"qunce/internal/errs"
)

// The roles a process can play. One process with all of them is a whole installation.
const (
	RoleWeb     = "web"     // console, staff and customer pages
	RoleIngress = "ingress" // WeCom's callbacks
	RoleWorker  = "worker"  // inbox, outbox, due work, jobs
)

// Roles lists all roles.
func Roles() []string { return []string{RoleWeb, RoleIngress, RoleWorker} }

// DefaultFile is read when no file is named and it exists.
const DefaultFile = "qunce.toml"

// envPrefix begins every variable; DATABASE_URL alone is also read without it, as hosting services set it.
const (
	envPrefix   = "QUNCE_"
	databaseURL = "DATABASE_URL"
)

// Config is what the process runs with. Every field's key, variable, default and meaning stand in its tags; Keys lists
// them for the documentation.
type Config struct {
	Listen         string   `toml:"listen" env:"LISTEN" default:"127.0.0.1:8080" doc:"address and port of the HTTP server"`
	PublicURL      string   `toml:"public_url" env:"PUBLIC_URL" default:"http:// and listen" doc:"address under which browsers and WeCom reach this server, without a path"`
	DataDir        string   `toml:"data_dir" env:"DATA_DIR" default:"data" doc:"folder of the private database, files and the secret key"`
	DatabaseURL    string   `toml:"database_url" env:"DATABASE_URL" default:"" doc:"postgres://…; empty starts a private PostgreSQL in data_dir"`
	MaxConns       int      `toml:"max_conns" env:"MAX_CONNS" default:"20" doc:"connections to the database, 4 to 500"`
	Processes      int      `toml:"processes" env:"PROCESSES" default:"1" doc:"qunce processes that share the database, 1 to 64; each keeps to its part of WeCom's limits"`
	Roles          []string `toml:"roles" env:"ROLES" default:"web,ingress,worker" doc:"what this process does: web, ingress, worker"`
	TrustedProxies []string `toml:"trusted_proxies" env:"TRUSTED_PROXIES" default:"127.0.0.1/32,::1/128" doc:"reverse proxies whose X-Forwarded-For is believed"`
	SecretKey      string   `toml:"secret_key" env:"SECRET_KEY" default:"" doc:"keys that seal secrets, base64 of 32 bytes each, newest first, separated by commas; empty uses data_dir/secret.key"`
	LogLevel       string   `toml:"log_level" env:"LOG_LEVEL" default:"info" doc:"debug, info, warn or error"`
	LogFormat      string   `toml:"log_format" env:"LOG_FORMAT" default:"text" doc:"text or json"`
}

// Default is the configuration of a server for which nothing was decided. PublicURL is still empty: it follows Listen.
func Default() Config {
	return Config{
		Listen: "127.0.0.1:8080", DataDir: "data", MaxConns: 20, Processes: 1, Roles: Roles(),
		TrustedProxies: []string{"127.0.0.1/32", "::1/128"}, LogLevel: "info", LogFormat: "text",
	}
}

// Load reads the file at path and the environment. An empty path means qunce.toml in the working folder, if there is
// one. All mistakes are reported at once, joined; each is an *errs.Error of kind Invalid: "config.no_file",
// "config.syntax", "config.unknown_key", "config.unknown_variable", "config.bad_value.<key>".
func Load(path string, environ map[string]string) (Config, error) {
	return load(path, environ, nil)
}

// Environ is the process's environment.
func Environ() map[string]string { return env.ToMap(os.Environ()) }

func load(path string, environ map[string]string, override func(*Config)) (Config, error) {
	c := Default()
	var found problems
	readFile(path, &c, &found)
	readEnvironment(environ, &c, &found)
	if override != nil {
		override(&c)
	}
	if c.PublicURL == "" {
		c.PublicURL = LocalURL(c.Listen)
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	c.check(&found)
	if err := found.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func readFile(path string, c *Config, found *problems) {
	named := path != ""
	if !named {
		path = DefaultFile
	}
	raw, err := os.ReadFile(path) //nolint:gosec // the administrator names it
	if errors.Is(err, fs.ErrNotExist) && !named {
		return
	}
	if err != nil {
		found.add(errs.E(errs.Invalid, "config.no_file", "cannot read the configuration file %s", path).With("file", path).Wrap(err))
		return
	}
	meta, err := toml.Decode(string(raw), c)
	if err != nil {
		e := errs.E(errs.Invalid, "config.syntax", "%s: %v", path, err).With("file", path).With("line", 0).With("reason", err.Error())
		var parse toml.ParseError
		if errors.As(err, &parse) {
			_ = e.With("line", parse.Position.Line)
			_ = e.With("reason", parse.Message)
		}
		found.add(e)
		return
	}
	known := fileKeys()
	for _, key := range meta.Undecoded() {
		found.unknown(path, key.String(), known)
	}
}

// foreign are the variables with our prefix that other parts of the program read.
func foreign(name string) bool {
	return name == "QUNCE_FAILPOINT" || strings.HasPrefix(name, "QUNCE_TEST_")
}

func readEnvironment(environ map[string]string, c *Config, found *problems) {
	known := variables()
	ours := map[string]string{}
	for name, value := range environ {
		if !strings.HasPrefix(name, envPrefix) || foreign(name) {
			continue
		}
		if _, ok := known[name]; !ok {
			found.unknown("", name, known)
			continue
		}
		ours[name] = value
	}
	if v := environ[databaseURL]; v != "" && ours[envPrefix+databaseURL] == "" {
		ours[envPrefix+databaseURL] = v
	}
	// env says which variable it could not read only in prose, so each is parsed alone.
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		before := *c
		if err := env.ParseWithOptions(c, env.Options{Prefix: envPrefix, Environment: map[string]string{name: ours[name]}}); err != nil {
			*c = before
			found.bad(known[name].Name, name+" does not fit: "+known[name].Doc, ours[name])
		}
	}
}

// LocalURL is where a browser on this machine finds a server that listens on the address.
func LocalURL(listen string) string { return "http://" + reachable(listen) }

// reachable turns a listening address into one a browser on this machine can open.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Has reports whether the process plays the role.
func (c Config) Has(role string) bool {
	return slices.Contains(c.Roles, role)
}

// Proxies are the trusted proxies as prefixes; a checked Config has no invalid ones.
func (c Config) Proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range c.TrustedProxies {
		if p, err := parsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// Level is the log level.
func (c Config) Level() slog.Level {
	var l slog.Level
	_ = l.UnmarshalText([]byte(c.LogLevel)) // checked by Load
	return l
}

// LogValue shows the configuration without its secrets.
func (c Config) LogValue() slog.Value {
	database := "private"
	if c.DatabaseURL != "" {
		database = "hidden"
		if u, err := url.Parse(c.DatabaseURL); err == nil {
			database = u.Redacted()
		}
	}
	return slog.GroupValue(
		slog.String("listen", c.Listen), slog.String("public_url", c.PublicURL), slog.String("data_dir", c.DataDir),
		slog.String("database", database), slog.String("roles", strings.Join(c.Roles, ",")),
		slog.String("max_conns", strconv.Itoa(c.MaxConns)), slog.Bool("own_secret_key", c.SecretKey != ""),
	)
}

// String is LogValue as text, so that a careless %v prints no secret.
func (c Config) String() string { return c.LogValue().String() }
