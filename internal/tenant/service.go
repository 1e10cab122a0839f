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
	if c.Timezone == "" {
		c.Timezone = DefaultTimezone
	}
	c.Settings = c.Settings.tidy()
	if err := c.check(); err != nil {
		return Corp{}, err
	}
	var err error
	if c.ID, err = s.IDs.Next(ctx); err != nil {
		return Corp{}, err
	}
	c.CreatedAt = s.Wall.Now().UTC()
	if err := s.insertCorp(ctx, s.DB, c); err != nil {
		return Corp{}, err
	}
	return c, nil
}

// List returns all corps, oldest first.
func (s *Service) List(ctx context.Context) ([]Corp, error) { return s.findCorps(ctx, s.DB, "") }

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

// UpdateSettings replaces a corp's settings. Running processes read them when they start.
func (s *Service) UpdateSettings(ctx context.Context, schema string, settings Settings) error {
	settings = settings.tidy()
	if err := settings.check(); err != nil {
		return err
	}
	return updateSettings(ctx, s.DB, schema, settings)
}

// UpdateSecrets replaces a corp's credentials, sealed with the newest key.
func (s *Service) UpdateSecrets(ctx context.Context, schema string, secrets Secrets) error {
	if err := secrets.check(); err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		corpID, _, err := lockSecrets(ctx, tx, schema)
		if err != nil {
			return err
		}
		return s.saveSecrets(ctx, tx, corpID, secrets)
	})
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
	return s
}
