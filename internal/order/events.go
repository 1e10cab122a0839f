package order

import "qunce/internal/event"

// What happens with orders. CustomerID is 0 for an order of nobody known; StoreID when the file names one.
const (
	Placed   event.Kind = "order.placed"   // Data PlacedData
	Refunded event.Kind = "order.refunded" // Data PlacedData with a negative NetFen
)

// PlacedData is one paid order or refund.
type PlacedData struct {
	OrderID int64  `json:"order_id"`
	OrderNo string `json:"order_no"`
	NetFen  int64  `json:"net_fen"`
	Items   int    `json:"items"`
	First   bool   `json:"first"` // the customer's first order that we know of
}
