package sim

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Keys are what a client needs, and what opens the control page. A simulator that stands alone makes them at its first
// start and keeps them beside its log.
type Keys struct {
	CorpID         string `json:"corp_id"`
	Secret         string `json:"secret"`
	AgentID        int    `json:"agent_id"`
	Token          string `json:"token"`
	AESKey         string `json:"encoding_aes_key"`
	ContactsSecret string `json:"contacts_secret"`
	ArchiveSecret  string `json:"archive_secret"`
	ControlToken   string `json:"control_token"`
}

// Sandbox is what a client is told about a simulator that is ready.
type Sandbox struct {
	BaseURL        string `json:"base_url"`
	CorpID         string `json:"corp_id"`
	Secret         string `json:"secret"`
	AgentID        int    `json:"agent_id"`
	Token          string `json:"token"`
	AESKey         string `json:"encoding_aes_key"`
	ControlURL     string `json:"control_url"`
	ContactsSecret string `json:"contacts_secret"`
	ArchiveSecret  string `json:"archive_secret"`

	Unrated bool `json:"-"` // it never refuses a call for there being too many
}

// OpenKeys reads the keys of a folder, or makes them; what want gives takes the place of both, and is kept.
func OpenKeys(dir string, want Keys) (Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Keys{}, fmt.Errorf("sim: make %s: %w", dir, err)
	}
	name := filepath.Join(dir, "keys.json")
	k := Keys{CorpID: "ww" + letters("0123456789abcdef", 16), Secret: letters(alnum, 43), AgentID: 1000002, Token: letters(alnum, 24), AESKey: aesKey(),
		ContactsSecret: letters(alnum, 43), ArchiveSecret: letters(alnum, 43), ControlToken: letters(alnum, 32)}
	old, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return Keys{}, fmt.Errorf("sim: read keys: %w", err)
	default:
		if err := json.Unmarshal(old, &k); err != nil {
			return Keys{}, fmt.Errorf("sim: %s is unreadable: %w", name, err)
		}
	}
	asked, err := json.Marshal(want)
	if err != nil {
		return Keys{}, fmt.Errorf("sim: keys: %w", err)
	}
	var given map[string]any
	if err := json.Unmarshal(asked, &given); err != nil {
		return Keys{}, fmt.Errorf("sim: keys: %w", err)
	}
	for field, v := range given {
		if v == "" || v == 0.0 {
			delete(given, field)
		}
	}
	if asked, err = json.Marshal(given); err == nil {
		err = json.Unmarshal(asked, &k)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("sim: keys: %w", err)
	}
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return Keys{}, fmt.Errorf("sim: keys: %w", err)
	}
	return k, writeSynced(name, append(b, '\n'))
}

const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func letters(from string, n int) string {
	b := make([]byte, n)
	for i := range b {
		x, _ := rand.Int(rand.Reader, big.NewInt(int64(len(from)))) // never fails
		b[i] = from[x.Int64()]
	}
	return string(b)
}

// aesKey is an EncodingAESKey whose last character carries no bits that base64 drops: strict decoders refuse others.
func aesKey() string { return letters(alnum, 42) + letters("AEIMQUYcgkosw048", 1) }

// Sandbox says how a client reaches the simulator at its address.
func (s *Server) Sandbox(base string) Sandbox {
	r := s.receiver()
	out := Sandbox{BaseURL: base, CorpID: s.opt.CorpID, Secret: s.opt.Secret, AgentID: s.opt.AgentID, Token: r.Token, AESKey: r.AESKey,
		ControlURL: base + "/sim/", ContactsSecret: s.opt.ContactsSecret, ArchiveSecret: s.opt.ArchiveSecret}
	s.mu.Lock()
	out.Unrated = s.st.World.Limits.unrated()
	s.mu.Unlock()
	if s.opt.ControlToken != "" {
		out.ControlURL += "?token=" + s.opt.ControlToken
	}
	return out
}

// Loopback says whether an address to listen on can be reached from this machine only.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost"
}

// guarded lets only whoever holds the control token use the simulator's own addresses, and no page of another origin
// write to them. What a phone or a client shows without signing in stays open.
func (s *Server) guarded(next http.Handler) http.Handler {
	if !s.opt.Standalone {
		return next
	}
	guard := http.NewCrossOriginProtection()
	own := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/phone")
		if !strings.HasPrefix(path, "/sim/") || public(path) {
			next.ServeHTTP(w, r)
			return
		}
		token := s.opt.ControlToken
		if q := r.URL.Query(); token != "" && same(q.Get("token"), token) && r.Method == http.MethodGet {
			http.SetCookie(w, &http.Cookie{Name: controlCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			q.Del("token")
			r.URL.RawQuery = q.Encode()
			http.Redirect(w, r, r.URL.RequestURI(), http.StatusFound)
			return
		}
		if token != "" && !s.holds(r, token) {
			answer(w, http.StatusUnauthorized, problem{"sim.control", "打开控制页要用启动时打印的那个带 token 的链接；程序请带 Authorization: Bearer"})
			return
		}
		own.ServeHTTP(w, r)
	})
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

const controlCookie = "sim_control"

func (s *Server) holds(r *http.Request, token string) bool {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return same(bearer, token)
	}
	c, err := r.Cookie(controlCookie)
	return err == nil && same(c.Value, token)
}

// public are addresses that anybody may open: pictures, and what checks a secret of its own.
func public(path string) bool {
	for _, p := range []string{"/sim/qr/", "/sim/archive/", "/sim/pic/", "/sim/ca/", "/sim/kf/"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}
