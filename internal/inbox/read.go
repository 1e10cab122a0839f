package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// Read is what was asked of WeCom to handle an event, the last time it was handled: the answers of one API that were
// alike. What an event led to that changes something at WeCom is in the outbox.
type Read struct {
	API  string  `json:"api" doc:"WeCom's path"`
	Code int     `json:"code" doc:"WeCom's errcode; 0 = ok, below -1000 = no answer"`
	N    int     `json:"n" doc:"calls"`
	MS   float64 `json:"ms" doc:"the longest took, in milliseconds"`
	With int     `json:"with" doc:"how many events were handled together, this one among them"`
}

// readsOf sums the calls that were made for some events.
func readsOf(calls []wecom.Traced, events int) []Read {
	type key struct {
		api  string
		code int
	}
	out := []Read{}
	place := map[key]int{}
	for _, c := range calls {
		k := key{c.API, c.Code}
		i, ok := place[k]
		if !ok {
			i = len(out)
			place[k] = i
			out = append(out, Read{API: c.API, Code: c.Code, With: events})
		}
		out[i].N++
		out[i].MS = max(out[i].MS, float64(c.Took)/float64(time.Millisecond))
	}
	return out
}

// ReadsOf returns what was asked of WeCom for an event.
func ReadsOf(ctx context.Context, q pg.Querier, eventID int64) ([]Read, error) {
	rows, err := q.Query(ctx, `SELECT reads FROM inbox_event WHERE id = $1`, eventID)
	if err != nil {
		return nil, fmt.Errorf("reads of a callback: %w", err)
	}
	raw, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]byte])
	if pg.IsNoRows(err) {
		return nil, notFound(eventID)
	}
	if err != nil {
		return nil, fmt.Errorf("reads of a callback: %w", err)
	}
	out := []Read{}
	return out, json.Unmarshal(raw, &out)
}
