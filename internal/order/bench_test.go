package order

import (
	"bytes"
	"testing"

	"qunce/internal/chain"
	"qunce/internal/clock"
)

// BenchmarkImport is the whole way of a file of the built-in chain: parsing, staging, placing, events.
func BenchmarkImport(b *testing.B) {
	var file bytes.Buffer
	if err := chain.WriteOrders(&file, chain.OrderOptions{Start: spring, HistoryDays: 60, Days: 1, Members: 20_000, Stores: chain.Stores(100, 1), Seed: 1}); err != nil {
		b.Fatal(err)
	}
	rows, orders := 0, 0
	started := clock.Wall().Now()
	for b.Loop() {
		w := newWorld(b, spring)
		did, _ := w.importFile(b, bytes.NewReader(file.Bytes()))
		rows += did.Rows
		orders += did.Created
	}
	took := clock.Wall().Now().Sub(started).Seconds()
	b.ReportMetric(float64(rows)/took, "rows/s")
	b.ReportMetric(float64(orders)/took, "orders/s")
}
