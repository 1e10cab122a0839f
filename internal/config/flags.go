package config

import (
	"flag"
	"strings"
)

// Flags are the settings that a command line may give; each wins over the file and the environment.
type Flags struct {
	File string // --config

	set map[string]string // by key of the file; only what was given
}

// Register adds the flags to a command's set.
func (f *Flags) Register(fs *flag.FlagSet) {
	fs.StringVar(&f.File, "config", f.File, "TOML file (default "+DefaultFile+", if it exists)")
	f.set = map[string]string{}
	for _, n := range []struct{ flag, key, usage string }{
		{"listen", "listen", "address and port of the HTTP server"},
		{"public-url", "public_url", "address under which browsers and WeCom reach this server"},
		{"data", "data_dir", "folder of the private database, files and the secret key"},
		{"database-url", "database_url", "postgres://… instead of a private PostgreSQL"},
		{"role", "roles", "what this process does: web,ingress,worker"},
		{"log-level", "log_level", "debug, info, warn or error"},
		{"log-format", "log_format", "text or json"},
	} {
		fs.Func(n.flag, n.usage, func(value string) error {
			if n.key == "roles" && f.set[n.key] != "" { // --role web --role worker
				value = f.set[n.key] + "," + value
			}
			f.set[n.key] = value
			return nil
		})
	}
}

// Load is the package's Load with the flags on top.
func (f *Flags) Load(environ map[string]string) (Config, error) {
	return load(f.File, environ, f.apply)
}

func (f *Flags) apply(c *Config) {
	for key, value := range f.set {
		switch key {
		case "listen":
			c.Listen = value
		case "public_url":
			c.PublicURL = value
		case "data_dir":
			c.DataDir = value
		case "database_url":
			c.DatabaseURL = value
		case "roles":
			c.Roles = strings.Split(value, ",")
		case "log_level":
			c.LogLevel = value
		case "log_format":
			c.LogFormat = value
		}
	}
}
