package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
	"qunce/internal/pg"
)

func corpPlace(id int64) string { return fmt.Sprintf("tenant_corp/%d", id) }

func (s *Service) sealSecrets(id int64, secrets Secrets) ([]byte, error) {
	raw, err := json.Marshal(secrets)
	if err != nil {
		return nil, fmt.Errorf("seal secrets: %w", err)
	}
	return s.Sealer.Seal(raw, corpPlace(id)), nil
}

func (s *Service) openSecrets(id int64, sealed []byte) (Secrets, error) {
	raw, err := s.Sealer.Open(sealed, corpPlace(id))
	if err != nil {
		return Secrets{}, err
	}
	var secrets Secrets
	if err := json.Unmarshal(raw, &secrets); err != nil {
		return Secrets{}, errs.E(errs.Internal, "tenant.sealed_broken", "secrets of corp %d", id).With("place", corpPlace(id))
	}
	return secrets, nil
}

func (s *Service) insertCorp(ctx context.Context, q pg.Querier, c Corp) error {
	sealed, err := s.sealSecrets(c.ID, c.Secrets)
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, `INSERT INTO tenant_corp (id, schema, name, timezone, corp_id, agent_id, settings, secrets, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.ID, c.Schema, c.Name, c.Timezone, c.CorpID, c.AgentID, c.Settings, sealed, c.CreatedAt)
	if pg.IsUnique(err, "tenant_corp_schema_key") {
		return errs.E(errs.Conflict, "tenant.schema_taken", "schema %s is taken", c.Schema).On("schema").With("schema", c.Schema)
	}
	if err != nil {
		return fmt.Errorf("insert corp: %w", err)
	}
	return nil
}

// findCorps reads one corp, or all when schema is empty.
func (s *Service) findCorps(ctx context.Context, q pg.Querier, schema string) ([]Corp, error) {
	rows, err := q.Query(ctx, `SELECT id, schema, name, timezone, corp_id, agent_id, settings, secrets, created_at, revision
		FROM tenant_corp WHERE $1 = '' OR schema = $1 ORDER BY created_at, id`, schema)
	if err != nil {
		return nil, fmt.Errorf("find corps: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Corp, error) {
		var c Corp
		var sealed []byte
		err := row.Scan(&c.ID, &c.Schema, &c.Name, &c.Timezone, &c.CorpID, &c.AgentID, &c.Settings, &sealed, &c.CreatedAt, &c.Revision)
		if err != nil {
			return Corp{}, err
		}
		c.Secrets, err = s.openSecrets(c.ID, sealed)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("find corps: %w", err)
	}
	return out, nil
}

func (s *Service) updateCorp(ctx context.Context, tx pg.Tx, c Corp) error {
	sealed, err := s.sealSecrets(c.ID, c.Secrets)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE tenant_corp SET name = $2, agent_id = $3, settings = $4, secrets = $5, revision = $6 WHERE id = $1`,
		c.ID, c.Name, c.AgentID, c.Settings, sealed, c.Revision)
	if err != nil {
		return fmt.Errorf("update corp: %w", err)
	}
	return nil
}

func revision(ctx context.Context, q pg.Querier, schema string) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT revision FROM tenant_corp WHERE schema = $1`, schema).Scan(&n)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, notFound(schema)
	}
	if err != nil {
		return 0, fmt.Errorf("read revision: %w", err)
	}
	return n, nil
}

func lockSecrets(ctx context.Context, tx pg.Tx, schema string) (id int64, sealed []byte, err error) {
	err = tx.QueryRow(ctx, `SELECT id, secrets FROM tenant_corp WHERE schema = $1 FOR UPDATE`, schema).Scan(&id, &sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil, notFound(schema)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("read secrets: %w", err)
	}
	return id, sealed, nil
}

func (s *Service) saveSecrets(ctx context.Context, tx pg.Tx, id int64, secrets Secrets) error {
	sealed, err := s.sealSecrets(id, secrets)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE tenant_corp SET secrets = $2 WHERE id = $1`, id, sealed); err != nil {
		return fmt.Errorf("save secrets: %w", err)
	}
	return nil
}

func listSchemas(ctx context.Context, q pg.Querier) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT schema FROM tenant_corp ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list corps: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// SharedTables declares what this package owns in the shared schema.
func SharedTables() []pg.Table {
	return []pg.Table{{
		Name: "tenant_corp", Owner: "tenant", Family: pg.Local,
		Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none",
	}}
}

// Tables declares what this package owns in a corp's schema.
func Tables() []pg.Table {
	return []pg.Table{{
		Name: "wecom_token", Owner: "tenant", Family: pg.Local,
		Merge: "keep", Erase: "keep", Retention: "until the next token", Sampling: "none",
	}, {
		Name: "tenant_meter", Owner: "tenant", Family: pg.Local,
		Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none",
	}, {
		Name: "tenant_block", Owner: "tenant", Family: pg.Local,
		Merge: "keep", Erase: "keep", Retention: "until the next block", Sampling: "none",
	}}
}
