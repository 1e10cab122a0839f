package corp

import (
	"log/slog"

	"qunce/internal/audit"
	"qunce/internal/clock"
	"qunce/internal/event"
	"qunce/internal/i18n"
	"qunce/internal/id"
	"qunce/internal/inbox"
	"qunce/internal/outbox"
	"qunce/internal/wecom"
)

// Unconnected builds the graph with neither a database nor a WeCom behind it: its operations can be registered and
// described, and none may be called. The OpenAPI documents and the tests of the code base's shape are made from it.
func Unconnected(catalog *i18n.Catalog) *Corp {
	log, wall := slog.New(slog.DiscardHandler), clock.Wall()
	ids := id.New(nil)
	c := &Corp{Deps: Deps{IDs: ids, Wall: wall, Catalog: catalog, Log: log}, Time: &Time{}}
	c.WeCom = wecom.New(wecom.Config{Clock: wall})
	c.Events = event.New(ids, wall)
	c.Audit = audit.New(ids)
	c.Inbox = inbox.New(nil, ids, wall, log)
	c.Outbox = outbox.New(nil, ids, wall, log)
	c.wire()
	return c
}
