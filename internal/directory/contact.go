package directory

import (
	"context"

	"qunce/internal/pg"
)

// Contacts returns the active staff who may have customers, in the order of their names.
func (s *Service) Contacts(ctx context.Context, q pg.Querier) ([]Staff, error) {
	return findStaff(ctx, q, `WHERE active AND can_contact ORDER BY name_key, id`)
}
