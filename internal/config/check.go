package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"qunce/internal/errs"
)

// problems collects everything that is wrong, so that one run tells all.
type problems struct{ list []error }

func (p *problems) add(e *errs.Error) { p.list = append(p.list, e) }
func (p *problems) err() error        { return errors.Join(p.list...) }

// bad reports a value; it is quoted only when it is no secret. Every key has a sentence of its own.
func (p *problems) bad(key, want, value string) {
	p.add(errs.E(errs.Invalid, badValue+key, "%s = %q: %s", key, value, want).On(key).With("key", key).With("value", value))
}

const badValue = "config.bad_value."

// unknown reports a key of a file, or, with an empty file, a variable.
func (p *problems) unknown(file, name string, known map[string]Key) {
	code := "config.unknown_key"
	if file == "" {
		code = "config.unknown_variable"
	}
	near := nearest(name, known)
	p.add(errs.E(errs.Invalid, code, "%s: unknown key %s, perhaps %s is meant", cmp.Or(file, "environment"), name, near).
		On(name).With("file", file).With("key", name).With("near", near))
}

// check looks at every value on its own.
func (c Config) check(p *problems) {
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || !isPort(port) {
		p.bad("listen", "want address:port such as 127.0.0.1:8080", c.Listen)
	}
	if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		p.bad("public_url", "want http:// or https:// and a host, without a path", c.PublicURL)
	}
	if strings.TrimSpace(c.DataDir) == "" {
		p.bad("data_dir", "want a folder", c.DataDir)
	}
	if c.DatabaseURL != "" {
		u, err := url.Parse(c.DatabaseURL)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || strings.Trim(u.Path, "/") == "" {
			p.bad("database_url", "want postgres://user:password@host:5432/database", "")
		}
	}
	if c.MaxConns < 4 || c.MaxConns > 500 {
		p.bad("max_conns", "want 4 to 500", strconv.Itoa(c.MaxConns))
	}
	if c.Processes < 1 || c.Processes > 64 {
		p.bad("processes", "want 1 to 64", strconv.Itoa(c.Processes))
	}
	if len(c.Roles) == 0 {
		p.bad("roles", "want at least one of "+strings.Join(Roles(), ", "), "")
	}
	for i, r := range c.Roles {
		if !slices.Contains(Roles(), r) || slices.Contains(c.Roles[:i], r) {
			p.bad("roles", "want each of "+strings.Join(Roles(), ", ")+" at most once", r)
		}
	}
	for _, s := range c.TrustedProxies {
		if _, err := parsePrefix(s); err != nil {
			p.bad("trusted_proxies", "want addresses such as 10.0.0.1 or 10.0.0.0/8", s)
		}
	}
	var level slog.Level
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) || level.UnmarshalText([]byte(c.LogLevel)) != nil {
		p.bad("log_level", "want debug, info, warn or error", c.LogLevel)
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		p.bad("log_format", "want text or json", c.LogFormat)
	}
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && fmt.Sprint(n) == s
}

// parsePrefix reads an address or a network.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}
