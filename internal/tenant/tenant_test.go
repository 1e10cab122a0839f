package tenant

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/pg/pgtest"
)

var start = time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC)

func newService(t *testing.T, pool *pg.Pool, keys string) *Service {
	t.Helper()
	return New(Deps{DB: pool.Shared(), IDs: id.New(pool.IDBlock), Wall: clock.NewManual(start), Sealer: open(t, t.TempDir(), keys)})
}

func brand(schema string) Corp {
	return Corp{
		Schema: schema, Name: "一间茶铺", CorpID: "wwabc", AgentID: 1000002,
		Settings: Settings{PublicURL: "https://q.example.cn/"},
		Secrets:  Secrets{Secret: "s3cr3t-value", CallbackToken: "tok", EncodingAESKey: strings.Repeat("a", 43)},
	}
}

func TestRegistry(t *testing.T) {
	ctx := t.Context()
	pool := pgtest.New(t)
	s := newService(t, pool, key(1))
	made, err := s.Create(ctx, brand("corp_a"))
	if err != nil {
		t.Fatal(err)
	}
	if made.Timezone != DefaultTimezone || made.Settings.PublicURL != "https://q.example.cn" || made.BrandName() != "一间茶铺" {
		t.Errorf("made %+v", made)
	}
	got, err := s.BySchema(ctx, "corp_a")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(made, got); d != "" {
		t.Error(d)
	}
	if _, err := s.Create(ctx, brand("corp_a")); !errs.Is(err, "tenant.schema_taken") {
		t.Errorf("twice: %v", err)
	}
	if _, err := s.BySchema(ctx, "corp_z"); !errs.Is(err, "tenant.not_found") {
		t.Errorf("unknown: %v", err)
	}
	if err := s.UpdateSettings(ctx, "corp_a", Settings{Brand: "茶铺"}); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateSettings(ctx, "corp_z", Settings{}); !errs.Is(err, "tenant.not_found") {
		t.Errorf("unknown: %v", err)
	}
	secrets := made.Secrets
	secrets.Secret, secrets.ArchiveSecret, secrets.ContactsSecret = "another", "archive", "contacts"
	if err := s.UpdateSecrets(ctx, "corp_a", secrets); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Revision(ctx, "corp_a"); err != nil || n != 2 {
		t.Errorf("revision %d after two changes, %v", n, err)
	}
	all, err := s.List(ctx)
	if err != nil || len(all) != 1 || all[0].BrandName() != "茶铺" || all[0].Secrets != secrets {
		t.Errorf("list = %+v, %v", all, err)
	}
}

// Changes at once are made one after the other, and what identifies a corp stays.
func TestChange(t *testing.T) {
	ctx := t.Context()
	s := newService(t, pgtest.New(t), key(1))
	made, err := s.Create(ctx, brand("corp_a"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 8)
	for i := range cap(done) {
		go func() {
			_, err := s.Change(ctx, "corp_a", func(c *Corp) error {
				c.ID, c.Schema, c.CorpID = 1, "corp_z", "ww0"
				c.Settings.ProofFiles = append(c.Settings.ProofFiles, File{Name: "WW_verify_" + string(rune('a'+i)) + ".txt", Text: "x"})
				return nil
			})
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	got, err := s.BySchema(ctx, "corp_a")
	if err != nil || len(got.Settings.ProofFiles) != cap(done) || got.Revision != int64(cap(done)) || got.ID != made.ID || got.CorpID != made.CorpID {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := s.Change(ctx, "corp_z", func(*Corp) error { return nil }); !errs.Is(err, "tenant.not_found") {
		t.Errorf("unknown: %v", err)
	}
	stop := errs.E(errs.Invalid, "x", "no")
	if _, err := s.Change(ctx, "corp_a", func(c *Corp) error { c.Name = "changed"; return stop }); !errs.Is(err, "x") {
		t.Errorf("a change that fails: %v", err)
	}
	if got, err = s.BySchema(ctx, "corp_a"); err != nil || got.Name != made.Name {
		t.Errorf("a change that failed was kept: %v, %v", got.Name, err)
	}
}

func TestProofFiles(t *testing.T) {
	for _, c := range []struct {
		file File
		good bool
	}{
		{File{"WW_verify_AbC123.txt", "AbC123"}, true},
		{File{"MP_verify_AbC123.txt", "AbC123"}, true},
		{File{"WW_verify_../x.txt", "a"}, false},
		{File{"index.html", "a"}, false},
		{File{"WW_verify_a.txt", ""}, false},
		{File{"WW_verify_a.txt", "<script>\n"}, false},
		{File{"WW_verify_a.txt", strings.Repeat("a", 257)}, false},
	} {
		if err := c.file.Check(); (err == nil) != c.good {
			t.Errorf("%+v: %v", c.file, err)
		}
	}
}

func TestCreateChecks(t *testing.T) {
	s := New(Deps{})
	for name, change := range map[string]func(*Corp){
		"schema":             func(c *Corp) { c.Schema = "qunce" },
		"name":               func(c *Corp) { c.Name = " " },
		"timezone":           func(c *Corp) { c.Timezone = "Asia/Atlantis" },
		"corp_id":            func(c *Corp) { c.CorpID = "" },
		"agent_id":           func(c *Corp) { c.AgentID = 0 },
		"wecom_base_url":     func(c *Corp) { c.Settings.WeComBaseURL = "qyapi.weixin.qq.com" },
		"public_url":         func(c *Corp) { c.Settings.PublicURL = "ftp://a" },
		"secret":             func(c *Corp) { c.Secrets.Secret = "" },
		"callback_token":     func(c *Corp) { c.Secrets.CallbackToken = "" },
		"encoding_aes_key":   func(c *Corp) { c.Secrets.EncodingAESKey = "short" },
		"schema ":            func(c *Corp) { c.Schema = "corp_" + strings.Repeat("a", 36) },
		"encoding_aes_key  ": func(c *Corp) { c.Secrets.EncodingAESKey = strings.Repeat("a", 42) + "/" },
	} {
		c := brand("corp_a")
		change(&c)
		_, err := s.Create(t.Context(), c)
		if !errs.Is(err, "tenant.bad_value."+strings.TrimSpace(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Secrets must be readable neither in the database nor in a log.
func TestSecretsAreSealed(t *testing.T) {
	ctx := t.Context()
	pool := pgtest.New(t)
	s := newService(t, pool, key(1))
	made, err := s.Create(ctx, brand("corp_a"))
	if err != nil {
		t.Fatal(err)
	}
	var row string
	if err := pool.Shared().QueryRow(ctx, `SELECT t::text || encode(secrets, 'escape') FROM tenant_corp t`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{row, fmt.Sprintf("%v %+v %#v", made, made, made)} {
		if strings.Contains(text, "s3cr3t-value") {
			t.Errorf("readable: %s", text)
		}
	}
	// Sealed for one row, it does not open in another.
	if _, err := s.Create(ctx, brand("corp_b")); err != nil {
		t.Fatal(err)
	}
	_, err = pool.Shared().Exec(ctx, `UPDATE tenant_corp SET secrets = (SELECT secrets FROM tenant_corp WHERE schema = 'corp_a') WHERE schema = 'corp_b'`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.BySchema(ctx, "corp_b"); !errs.Is(err, "tenant.sealed_broken") {
		t.Errorf("a copied secret: %v", err)
	}
	if _, err := newService(t, pool, key(2)).BySchema(ctx, "corp_a"); !errs.Is(err, "tenant.key_unknown") {
		t.Errorf("without the key: %v", err)
	}
}

func TestReseal(t *testing.T) {
	ctx := t.Context()
	pool := pgtest.New(t)
	for _, schema := range []string{"corp_a", "corp_b"} {
		if _, err := newService(t, pool, key(1)).Create(ctx, brand(schema)); err != nil {
			t.Fatal(err)
		}
	}
	rotating := newService(t, pool, key(2)+","+key(1))
	for _, want := range []int{2, 0} {
		if n, err := rotating.Reseal(ctx); err != nil || n != want {
			t.Fatalf("Reseal = %d, %v; want %d", n, err, want)
		}
	}
	all, err := newService(t, pool, key(2)).List(context.WithoutCancel(ctx))
	if err != nil || len(all) != 2 || all[0].Secrets.Secret != "s3cr3t-value" {
		t.Errorf("with the new key alone: %v, %v", all, err)
	}
}

func TestTables(t *testing.T) {
	pool := pgtest.New(t)
	for _, s := range pg.CheckTables(t.Context(), pool.Shared(), SharedTables()) {
		if strings.Contains(s, "tenant_") {
			t.Error(s)
		}
	}
	for _, s := range pg.CheckTables(t.Context(), pool.Corp(pgtest.CorpSchema), Tables()) {
		if strings.Contains(s, "wecom_token") {
			t.Error(s)
		}
	}
}
