package archive

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/customer"
	"qunce/internal/directory"
	"qunce/internal/event"
	"qunce/internal/group"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Directory knows the staff.
type Directory interface {
	StaffByIDs(ctx context.Context, q pg.Querier, ids []int64) (map[int64]directory.Staff, error)
	StaffByUserIDs(ctx context.Context, q pg.Querier, userIDs []string) (map[string]directory.Staff, error)
	Contacts(ctx context.Context, q pg.Querier) ([]directory.Staff, error)
	StaffOfStores(ctx context.Context, q pg.Querier, storeIDs []int64) (map[int64][]directory.Staff, error)
}

// Customers knows the people outside.
type Customers interface {
	ByExternal(ctx context.Context, q pg.Querier, externals []string) (map[string]int64, error)
	ExternalsOf(ctx context.Context, q pg.Querier, customerIDs []int64) (map[int64][]string, error)
	NamesOf(ctx context.Context, customerIDs []int64) (map[int64]string, error)
	FriendsOf(ctx context.Context, q pg.Querier, staffID, afterCustomer int64, limit int) ([]customer.Friend, error)
	MaySee(ctx context.Context, customerID int64) (bool, error)
}

// Groups knows the customer groups.
type Groups interface {
	ByChats(ctx context.Context, q pg.Querier, chatIDs []string) (map[string]group.Ref, error)
	ByIDs(ctx context.Context, q pg.Querier, groupIDs []int64) (map[int64]group.Ref, error)
	OfStores(ctx context.Context, q pg.Querier, storeIDs []int64) ([]group.Ref, error)
	GroupsOf(ctx context.Context, customerID int64) ([]int64, error)
	OfOwners(ctx context.Context, q pg.Querier, staffIDs []int64) ([]group.Ref, error)
}

// People tells who has a seat and who agreed; wecom.Client does, with the archive's own secret.
type People interface {
	PermitUsers(ctx context.Context, kind int) ([]string, error)
	CheckSingleAgree(ctx context.Context, pairs []wecom.ChatPair) ([]wecom.Agreement, error)
	CheckRoomAgree(ctx context.Context, room string) ([]wecom.Agreement, error)
}

// Deps are what the service works with.
type Deps struct {
	DB        *pg.DB
	IDs       *id.Source
	Clock     clock.Clock // the corp's
	Wall      clock.Clock
	Events    *event.Bus
	Audit     *audit.Log
	Source    Source // nil: the archive is not set up
	Address   string // where it reads from; empty when it is not set up
	People    People // nil: its secret is not known, so seats and consents are known from messages and callbacks alone
	Staff     customer.Staff
	Directory Directory
	Customers Customers
	Groups    Groups
	// Connect sets where to read from and the key for it, after trying both; an empty key stays what it is, an empty
	// address disconnects. It takes effect when the corp is opened anew. May be nil.
	Connect func(ctx context.Context, address, key string) error
	Catalog *i18n.Catalog
	Log     *slog.Logger
}

// Service is the use cases.
type Service struct {
	Deps
	wakePull, wakeMedia chan struct{}
	active              atomic.Int64
}

// New returns the service.
func New(d Deps) *Service {
	return &Service{Deps: d, wakePull: make(chan struct{}, 1), wakeMedia: make(chan struct{}, 1)}
}

// Enabled reports whether there is somewhere to read from.
func (s *Service) Enabled() bool { return s.Source != nil }

// signal wakes whoever waits, once however often it is given.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func keys[V any](m map[int64]V) []int64 { return slices.Sorted(maps.Keys(m)) }

// sortedByName lists staff in the order of their names.
func sortedByName(m map[int64]directory.Staff) []int64 {
	return slices.SortedFunc(maps.Keys(m), func(a, b int64) int {
		return cmp.Or(cmp.Compare(m[a].NameKey, m[b].NameKey), cmp.Compare(a, b))
	})
}
