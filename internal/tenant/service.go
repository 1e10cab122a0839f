package tenant

import (
	"context"
	"strings"

	"qunce/internal/clock"
	"qunce/internal/errs"
	"qunce/internal/id"
	"qunce/internal/pg"
)

// Deps is what the registry works with. DB is the shared schema.
type Deps struct {
	DB     *pg.DB
	IDs    *id.Source
	Wall   clock.Clock
	Sealer *Sealer
}

// Service is the registry.
type Service struct{ Deps }

// New returns a registry.
func New(d Deps) *Service { return &Service{d} }

// Create registers a corp and returns it with its id; an empty time zone is China's. Making and migrating the schema is
// the caller's part. Errors: Invalid "tenant.bad_value.<field>"; Conflict "tenant.schema_taken".
func (s *Service) Create(ctx context.Context, c Corp) (Corp, error) {
	return s.CreateIn(ctx, s.DB, c)
}

// CreateIn is Create inside a transaction of the shared schema.
func (s *Service) CreateIn(ctx context.Context, q pg.Querier, c Corp) (Corp, error) {
	if c.Timezone == "" {
		c.Timezone = DefaultTimezone
	}
	c.Settings = c.Settings.tidy()
	if err := c.Check(); err != nil {
		return Corp{}, err
	}
	var err error
	if c.ID, err = s.IDs.Next(ctx); err != nil {
		return Corp{}, err
	}
	c.CreatedAt = s.Wall.Now().UTC()
	if err := s.insertCorp(ctx, q, c); err != nil {
		return Corp{}, err
	}
	return c, nil
}

// List returns all corps, oldest first.
func (s *Service) List(ctx context.Context) ([]Corp, error) { return s.findCorps(ctx, s.DB, "") }

// Any reports whether any corp is registered, as q sees it.
func (s *Service) Any(ctx context.Context, q pg.Querier) (bool, error) {
	schemas, err := listSchemas(ctx, q)
	return len(schemas) > 0, err
}

// BySchema returns one corp; NotFound "tenant.not_found".
func (s *Service) BySchema(ctx context.Context, schema string) (Corp, error) {
	found, err := s.findCorps(ctx, s.DB, schema)
	if err != nil {
		return Corp{}, err
	}
	if len(found) == 0 {
		return Corp{}, notFound(schema)
	}
	return found[0], nil
}

func notFound(schema string) error {
	return errs.E(errs.NotFound, "tenant.not_found", "no corp with schema %s", schema).With("schema", schema)
}

// UpdateSettings replaces a corp's settings. Serving processes notice and open the corp anew.
func (s *Service) UpdateSettings(ctx context.Context, schema string, settings Settings) error {
	_, err := s.Change(ctx, schema, func(c *Corp) error { c.Settings = settings; return nil })
	return err
}

// UpdateSecrets replaces a corp's credentials, sealed with the newest key.
func (s *Service) UpdateSecrets(ctx context.Context, schema string, secrets Secrets) error {
	_, err := s.Change(ctx, schema, func(c *Corp) error { c.Secrets = secrets; return nil })
	return err
}

// Change lets fn change a corp's name, app, settings and secrets, and returns the corp as it then is; two changes at once
// do not overwrite each other. Its schema, corp id and time zone stay what they are. fn may run more than once. Errors:
// NotFound "tenant.not_found"; those of fn and of Create.
func (s *Service) Change(ctx context.Context, schema string, fn func(*Corp) error) (Corp, error) {
	var changed Corp
	err := s.DB.Tx(ctx, func(tx pg.Tx) error {
		if _, _, err := lockSecrets(ctx, tx, schema); err != nil {
			return err
		}
		found, err := s.findCorps(ctx, tx, schema)
		if err != nil {
			return err
		}
		before := found[0]
		changed = before
		if err := fn(&changed); err != nil {
			return err
		}
		changed.ID, changed.Schema, changed.CorpID, changed.Timezone, changed.CreatedAt = before.ID, before.Schema, before.CorpID, before.Timezone, before.CreatedAt
		changed.Revision = before.Revision + 1
		changed.Settings = changed.Settings.tidy()
		if err := changed.Check(); err != nil {
			return err
		}
		return s.updateCorp(ctx, tx, changed)
	})
	return changed, err
}

// Revision is how often a corp's registration was changed; NotFound "tenant.not_found".
func (s *Service) Revision(ctx context.Context, schema string) (int64, error) {
	return revision(ctx, s.DB, schema)
}

// Reseal seals every corp's secrets with the newest key and returns how many needed it: the second step of a rotation,
// after the new key was put first. Then the old key may go.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	schemas, err := listSchemas(ctx, s.DB)
	if err != nil {
		return 0, err
	}
	done := 0
	for _, schema := range schemas {
		moved := false
		err := s.DB.Tx(ctx, func(tx pg.Tx) error {
			moved = false
			corpID, sealed, err := lockSecrets(ctx, tx, schema)
			if err != nil || SealedWith(sealed) == s.Sealer.KeyID() {
				return err
			}
			secrets, err := s.openSecrets(corpID, sealed)
			if err != nil {
				return err
			}
			moved = true
			return s.saveSecrets(ctx, tx, corpID, secrets)
		})
		if err != nil {
			return done, err
		}
		if moved {
			done++
		}
	}
	return done, nil
}

func (s Settings) tidy() Settings {
	s.WeComBaseURL = strings.TrimRight(s.WeComBaseURL, "/")
	s.AuthorizeURL = strings.TrimRight(s.AuthorizeURL, "/")
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	s.ArchiveURL = strings.TrimRight(s.ArchiveURL, "/")
	return s
}
