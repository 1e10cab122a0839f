// Package tenant is the registry of the brand's WeCom corps: one row, one PostgreSQL schema and one service graph each.
// It also keeps the corps' secrets and the access token that all processes of a corp share.
//
// Invariants: a secret lies in the database only sealed (AES-256-GCM, key outside the database), bound to its row; a
// schema's name never changes; no method returns a corp whose secrets could not be opened.
//
// The package never calls WeCom and never creates or migrates a schema: pg does, when the composition says so.
package tenant

import (
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"time"

	"qunce/internal/errs"
)

// Corp is one WeCom corp. Schema is "corp_" and up to 40 lower-case letters, digits and underscores.
type Corp struct {
	ID        int64
	Schema    string
	Name      string
	Timezone  string // IANA name; the business days' zone
	CorpID    string // WeCom's ww…
	AgentID   int    // of the self-built app
	Settings  Settings
	Secrets   Secrets `json:"-"`
	CreatedAt time.Time
	Revision  int64 // rises with every change
}

// Settings are what the brand's administrator may change at run time. Empty means the default.
type Settings struct {
	WeComBaseURL string `json:"wecom_base_url,omitempty"` // WeCom's API; another address for a simulator or a proxy
	AuthorizeURL string `json:"authorize_url,omitempty"`  // before /connect/oauth2/authorize: where the webview signs people in
	PublicURL    string `json:"public_url,omitempty"`     // of this corp's pages; empty = the process's
	Brand        string `json:"brand,omitempty"`          // the name customers read; empty = Corp.Name
	Accelerated  bool   `json:"accelerated,omitempty"`    // the corp's clock is driven: demo and rehearsal only
	ArchiveURL   string `json:"archive_url,omitempty"`    // of the program that reads the chat archive for us; empty = none
	ProofFiles   []File `json:"proof_files,omitempty"`    // served at the root of our address: WeCom's proof that it is ours
}

// File is a small text file that WeCom wants to find at the root of a trusted domain, WW_verify_….txt.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// MaxProofFiles bounds Settings.ProofFiles.
const MaxProofFiles = 10

// proofName is what WeCom, and WeChat for its own pages, call such a file.
var proofName = regexp.MustCompile(`^(WW|MP)_verify_[A-Za-z0-9]{1,64}\.txt$`)

// Check holds the rules of a file: Invalid "tenant.bad_value.proof_file". Its text is a short code in one line.
func (f File) Check() error {
	printable := func(r rune) bool { return r > ' ' && r < 0x7f }
	if !proofName.MatchString(f.Name) || f.Text == "" || len(f.Text) > 256 || strings.ContainsFunc(f.Text, func(r rune) bool { return !printable(r) }) {
		return bad("proof_file", "WW_verify_….txt with the code that WeCom gave")
	}
	return nil
}

// Secrets are the app's credentials and, where the brand gave them, those of WeCom's built-in apps. They print as [secret].
type Secrets struct {
	Secret         string `json:"secret"`
	CallbackToken  string `json:"callback_token"`
	EncodingAESKey string `json:"encoding_aes_key"`
	ArchiveKey     string `json:"archive_key,omitempty"`     // that the program at Settings.ArchiveURL wants to see
	ArchiveSecret  string `json:"archive_secret,omitempty"`  // of the chat archive (会话内容存档); empty = not used
	ContactsSecret string `json:"contacts_secret,omitempty"` // of the contacts sync (通讯录同步); empty = not used

	// The callback's next token and key, while an administrator copies them into WeCom's console: both pairs count.
	NextCallbackToken  string `json:"next_callback_token,omitempty"`
	NextEncodingAESKey string `json:"next_encoding_aes_key,omitempty"`
}

// Whole reports whether the app's own credentials are all there.
func (s Secrets) Whole() bool { return s.check() == nil }

const hidden = "[secret]"

// String hides the content.
func (Secrets) String() string { return hidden }

// GoString hides the content.
func (Secrets) GoString() string { return hidden }

// LogValue hides the content.
func (Secrets) LogValue() slog.Value { return slog.StringValue(hidden) }

// BrandName is what customers read.
func (c Corp) BrandName() string {
	if c.Settings.Brand != "" {
		return c.Settings.Brand
	}
	return c.Name
}

// Location is the zone of the corp's business days.
func (c Corp) Location() (*time.Location, error) { return time.LoadLocation(c.Timezone) }

// DefaultTimezone is China's one zone.
const DefaultTimezone = "Asia/Shanghai"

var (
	schemaName = regexp.MustCompile(`^corp_[a-z0-9_]{1,35}$`) // 40 bytes: what pg takes
	headerText = regexp.MustCompile(`^[!-~]{1,200}$`)         // it travels in a header
	aesKey     = regexp.MustCompile(`^[A-Za-z0-9]{43}$`)
)

func bad(field, want string) error {
	return errs.E(errs.Invalid, "tenant.bad_value."+field, "%s: want %s", field, want).On(field).With("field", field)
}

// Check holds the rules of a registration: Invalid "tenant.bad_value.<field>".
func (c Corp) Check() error {
	switch _, err := c.Location(); {
	case !schemaName.MatchString(c.Schema):
		return bad("schema", "corp_ and 1 to 35 lower-case letters, digits or _")
	case strings.TrimSpace(c.Name) == "":
		return bad("name", "a name")
	case err != nil || c.Timezone == "" || c.Timezone == "Local":
		return bad("timezone", "an IANA zone such as Asia/Shanghai")
	case c.CorpID == "":
		return bad("corp_id", "WeCom's corp id")
	case c.AgentID <= 0:
		return bad("agent_id", "the app's agent id")
	}
	if err := c.Settings.check(); err != nil {
		return err
	}
	return c.Secrets.check()
}

func (s Settings) check() error {
	if len(s.ProofFiles) > MaxProofFiles {
		return bad("proof_file", "fewer files")
	}
	for _, f := range s.ProofFiles {
		if err := f.Check(); err != nil {
			return err
		}
	}
	for _, f := range []struct{ field, value string }{
		{"wecom_base_url", s.WeComBaseURL}, {"authorize_url", s.AuthorizeURL}, {"public_url", s.PublicURL}, {"archive_url", s.ArchiveURL},
	} {
		if f.value == "" {
			continue
		}
		u, err := url.Parse(f.value)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return bad(f.field, "http:// or https:// and a host")
		}
	}
	return nil
}

func (s Secrets) check() error {
	switch {
	case s.Secret == "":
		return bad("secret", "the app's secret")
	case s.CallbackToken == "":
		return bad("callback_token", "the token of the callback settings")
	case !aesKey.MatchString(s.EncodingAESKey):
		return bad("encoding_aes_key", "43 letters and digits")
	case s.ArchiveKey != "" && !headerText.MatchString(s.ArchiveKey):
		return bad("archive_key", "at most 200 letters, digits and signs without a blank")
	}
	return nil
}
