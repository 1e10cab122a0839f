package config

import (
	"bytes"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/errs"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qunce.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// with is the default configuration with changes; PublicURL follows Listen as Load makes it.
func with(change func(*Config)) Config {
	c := Default()
	c.PublicURL = "http://127.0.0.1:8080"
	if change != nil {
		change(&c)
	}
	return c
}

func TestLoad(t *testing.T) {
	for _, c := range []struct {
		name string
		file string
		env  map[string]string
		args []string
		want Config
	}{
		{name: "nothing said", want: with(nil)},
		{
			name: "file", file: "listen = '0.0.0.0:9000'\nroles = ['worker']\nmax_conns = 8\n",
			want: with(func(c *Config) {
				c.Listen, c.PublicURL, c.Roles, c.MaxConns = "0.0.0.0:9000", "http://127.0.0.1:9000", []string{"worker"}, 8
			}),
		},
		{
			name: "environment over file", file: "listen = '0.0.0.0:9000'\nlog_format = 'json'\n",
			env: map[string]string{"QUNCE_LISTEN": "127.0.0.1:7000", "QUNCE_ROLES": "web,ingress", "HOME": "/root", "QUNCE_FAILPOINT": "a=1", "QUNCE_TEST_X": "1"},
			want: with(func(c *Config) {
				c.Listen, c.PublicURL, c.Roles, c.LogFormat = "127.0.0.1:7000", "http://127.0.0.1:7000", []string{"web", "ingress"}, "json"
			}),
		},
		{
			name: "flags over environment", env: map[string]string{"QUNCE_LISTEN": "127.0.0.1:7000", "QUNCE_DATA_DIR": "/srv/q"},
			args: []string{"-listen", "127.0.0.1:6000", "-role", "web", "-role", "worker", "-public-url", "https://q.example.cn/"},
			want: with(func(c *Config) {
				c.Listen, c.PublicURL, c.DataDir, c.Roles = "127.0.0.1:6000", "https://q.example.cn", "/srv/q", []string{"web", "worker"}
			}),
		},
		{
			name: "the bare DATABASE_URL", env: map[string]string{"DATABASE_URL": "postgres://u:p@db/qunce"},
			want: with(func(c *Config) { c.DatabaseURL = "postgres://u:p@db/qunce" }),
		},
		{
			name: "our own variable beats it", env: map[string]string{"DATABASE_URL": "postgres://u:p@db/other", "QUNCE_DATABASE_URL": "postgres://u:p@db/qunce"},
			want: with(func(c *Config) { c.DatabaseURL = "postgres://u:p@db/qunce" }),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var f Flags
			fs := flag.NewFlagSet("serve", flag.ContinueOnError)
			f.Register(fs)
			args := c.args
			if c.file != "" {
				args = append([]string{"-config", write(t, c.file)}, args...)
			}
			if err := fs.Parse(args); err != nil {
				t.Fatal(err)
			}
			got, err := f.Load(c.env)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        map[string]string
		code       string
		says       []string
	}{
		{name: "unknown key", file: "lissten = 'x:1'", code: "config.unknown_key", says: []string{"lissten", "listen"}},
		{name: "unknown table", file: "[wecom]\nid = 1", code: "config.unknown_key", says: []string{"wecom"}},
		{name: "unknown variable", env: map[string]string{"QUNCE_DATABASEURL": "postgres://x/y"}, code: "config.unknown_variable", says: []string{"QUNCE_DATABASEURL", "QUNCE_DATABASE_URL", "environment"}},
		{name: "broken file", file: "listen = \n", code: "config.syntax"},
		{name: "wrong type in file", file: "max_conns = 'many'", code: "config.syntax", says: []string{"max_conns"}},
		{name: "wrong type in environment", env: map[string]string{"QUNCE_MAX_CONNS": "many"}, code: "config.bad_value.max_conns", says: []string{"QUNCE_MAX_CONNS"}},
		{name: "listen", file: "listen = '8080'", code: "config.bad_value.listen", says: []string{"listen"}},
		{name: "public address with a path", file: "public_url = 'https://a.cn/q'", code: "config.bad_value.public_url", says: []string{"public_url"}},
		{name: "role", file: "roles = ['web','cook']", code: "config.bad_value.roles", says: []string{"cook"}},
		{name: "role twice", file: "roles = ['web','web']", code: "config.bad_value.roles", says: []string{"roles"}},
		{name: "no role", file: "roles = []", code: "config.bad_value.roles", says: []string{"roles"}},
		{name: "level", file: "log_level = 'loud'", code: "config.bad_value.log_level", says: []string{"loud"}},
		{name: "format", file: "log_format = 'xml'", code: "config.bad_value.log_format", says: []string{"xml"}},
		{name: "proxy", file: "trusted_proxies = ['nginx']", code: "config.bad_value.trusted_proxies", says: []string{"nginx"}},
		{name: "all at once", file: "log_level = 'loud'\nlog_format = 'xml'", code: "config.bad_value.log_level", says: []string{"loud", "xml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := ""
			if c.file != "" {
				path = write(t, c.file)
			}
			_, err := Load(path, c.env)
			if !errs.Is(err, c.code) {
				t.Fatalf("err = %v, want %s", err, c.code)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not name %q", err, s)
				}
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.toml"), nil); !errs.Is(err, "config.no_file") {
		t.Errorf("a named file that is missing: %v", err)
	}
}

// A password must appear neither in an error nor in a log line.
func TestSecretsStayHidden(t *testing.T) {
	_, err := Load("", map[string]string{"DATABASE_URL": "mysql://root:hunter2@db/x"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("err = %v", err)
	}
	c, err := Load("", map[string]string{"DATABASE_URL": "postgres://root:hunter2@db/x", "QUNCE_SECRET_KEY": "c2VjcmV0"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("start", "config", c)
	for _, text := range []string{out.String(), c.String()} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "c2VjcmV0") {
			t.Errorf("a secret is printed: %s", text)
		}
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"lisen": "listen", "publicUrl": "public_url", "data-dir": "data_dir", "LOG_LEVEL": "log_level", "proxies": "trusted_proxies", "database": "database_url",
	} {
		if got := nearest(name, fileKeys()); got != want {
			t.Errorf("nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

// The documentation of a default must be the default.
func TestDocumentedDefaults(t *testing.T) {
	v := reflect.ValueOf(Default())
	for i, k := range Keys() {
		if k.Name == "" || k.Doc == "" || k.Env == envPrefix {
			t.Errorf("%+v is not documented", k)
		}
		got := ""
		switch f := v.Field(i); f.Kind() {
		case reflect.Slice:
			got = strings.Join(f.Interface().([]string), ",")
		case reflect.Int:
			got = strconv.FormatInt(f.Int(), 10)
		default:
			got = f.String()
		}
		if k.Name == "public_url" { // follows listen
			continue
		}
		if got != k.Default {
			t.Errorf("%s: documented default %q, real one %q", k.Name, k.Default, got)
		}
	}
}
