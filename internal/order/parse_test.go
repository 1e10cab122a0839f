package order

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"qunce/internal/clock"
	"qunce/internal/sheet"
)

type finding struct {
	Row     int
	Column  string
	Code    string
	Warning bool
}

func read(t *testing.T, file string) (orders []NewOrder, found []finding) {
	t.Helper()
	r, err := sheet.Open(strings.NewReader(file), "orders.csv", Columns())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = ReadOrders(r, func(e sheet.RowError) { found = append(found, finding{e.Row, e.Column, e.Code, e.Warning}) },
		func(o NewOrder) error { orders = append(orders, o); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return orders, found
}

const uci = `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,71053,LANTERN,2,2010-12-01 08:26:00,3.39,17850.0,United Kingdom
C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,14527.0,United Kingdom
536414,22139,,56,2010-12-01 11:52:00,0.0,,United Kingdom
536544,21773,ROSE,1,2010-12-01 14:32:00,2.51,,United Kingdom
A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom
536545,1,X,1,2010-12-01 14:33:00,-5,1.0,United Kingdom
536546,1,X,zero,2010-12-01 14:33:00,5,1.0,United Kingdom
536547,1,X,1,yesterday,5,1.0,United Kingdom
,1,X,1,2010-12-01 14:33:00,5,1.0,United Kingdom
536548,1,X,99999999999,2010-12-01 14:33:00,5,1.0,United Kingdom
`

func TestReadOnlineRetail(t *testing.T) {
	orders, found := read(t, uci)
	at := func(h, m int) time.Time { return time.Date(2010, 12, 1, h, m, 0, 0, clock.Shanghai).UTC() }
	want := []NewOrder{
		{OrderNo: "536365", PlacedAt: at(8, 26), MemberNo: "17850", State: Paid, NetFen: 2208, Row: 2,
			Lines: []Line{{"85123A", "HEART", 6, 255}, {"71053", "LANTERN", 2, 339}}},
		{OrderNo: "C536379", PlacedAt: at(9, 41), MemberNo: "14527", State: FullyRefunded, NetFen: -2750, Row: 4, Lines: []Line{{"D", "Discount", -1, 2750}}},
		{OrderNo: "536544", PlacedAt: at(14, 32), State: Paid, NetFen: 251, Row: 6, Lines: []Line{{"21773", "ROSE", 1, 251}}},
	}
	if diff := cmp.Diff(want, orders); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]finding{{5, "unit", "order.no_price", false}, {7, "order_no", "order.adjustment", false}, {8, "unit", "order.negative_price", false},
		{9, "quantity", "sheet.bad_number", false}, {10, "placed", "sheet.bad_time", false}, {11, "order_no", "sheet.empty", false},
		{12, "quantity", "order.bad_quantity", false}}, found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestReadTmall(t *testing.T) {
	orders, found := read(t, `订单编号,总金额,买家实际支付金额,收货地址 ,订单创建时间,订单付款时间 ,退款金额
1,178.8,0.0,上海,2020-02-21 00:00:00,,0.0
2,21.0,21.0,内蒙古自治区,2020-02-20 23:59:54,2020-02-21 00:00:02,0.0
5,64.8,0.0,江苏省,2020-02-20 23:57:04,2020-02-20 23:57:11,64.8
6,327.7,148.9,浙江省,2020-02-20 23:56:39,2020-02-20 23:56:53,178.8
7,100,100,浙江省,2020-02-20 23:56:39,2020-02-20 23:56:53,30
7,100,100,浙江省,2020-02-20 23:56:39,2020-02-20 23:56:53,30
`)
	type worth struct {
		No    string
		State State
		Net   int64
	}
	var got []worth
	for _, o := range orders {
		got = append(got, worth{o.OrderNo, o.State, o.NetFen})
	}
	want := []worth{{"1", Unpaid, 0}, {"2", Paid, 2100}, {"5", FullyRefunded, 0}, {"6", PartlyRefunded, 14890}, {"7", PartlyRefunded, 7000}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("orders (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]finding{{1, "", "order.no_member_column", true}, {7, "order_no", "order.duplicate_in_file", false}}, found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestReadChain(t *testing.T) {
	orders, found := read(t, `订单号,下单时间,会员号,门店编号,商品,数量,单价,实付金额
A1,2026-03-01 10:00:00,M00000001,HG00001,茉莉奶绿,2,15.00,27.00
A1,2026-03-01 10:00:00,M00000001,HG00001,赠饮,1,0,0
A2,2026-03-01 10:05:00,,HG00002,柠檬茶,1,12.00,12.00
`)
	if len(found) != 0 || len(orders) != 2 || orders[0].NetFen != 2700 || len(orders[0].Lines) != 2 || orders[0].StoreNumber != "HG00001" ||
		orders[0].MemberNo != "M00000001" || orders[1].MemberNo != "" {
		t.Errorf("orders %+v, found %v", orders, found)
	}
}

func TestPartsSurviveStaging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := part{NewOrder: NewOrder{
			OrderNo: rapid.String().Draw(t, "no"), MemberNo: rapid.String().Draw(t, "member"), StoreNumber: rapid.String().Draw(t, "store"),
			Channel: rapid.String().Draw(t, "channel"), State: rapid.SampledFrom(States()).Draw(t, "state"),
			PlacedAt: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).UTC(), NetFen: rapid.Int64().Draw(t, "net"), Row: rapid.IntRange(1, 1e9).Draw(t, "row"),
		}, Refund: rapid.Int64().Draw(t, "refund")}
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			p.Lines = append(p.Lines, Line{rapid.String().Draw(t, "sku"), rapid.String().Draw(t, "name"), rapid.IntRange(-1e7, 1e7).Draw(t, "q"), rapid.Int64().Draw(t, "u")})
		}
		body := encodePart(p)
		back, err := decodePart(body)
		if err != nil || !cmp.Equal(p, back) {
			t.Fatalf("%+v came back as %+v, %v", p, back, err)
		}
		if _, err := decodePart(body[:len(body)-1]); err == nil {
			t.Fatal("a cut part was read")
		}
	})
}

func TestContentHash(t *testing.T) {
	base := NewOrder{OrderNo: "1", PlacedAt: time.Unix(1000, 0), MemberNo: "M", StoreID: 3, State: Paid, NetFen: 5, Lines: []Line{{"a", "b", 1, 5}}}
	sum := func(o NewOrder) string { s, _ := o.contentHash(newHash(), nil); return string(s) }
	for name, change := range map[string]func(*NewOrder){
		"member": func(o *NewOrder) { o.MemberNo = "N" }, "store": func(o *NewOrder) { o.StoreID = 4 }, "state": func(o *NewOrder) { o.State = Unpaid },
		"net": func(o *NewOrder) { o.NetFen++ }, "time": func(o *NewOrder) { o.PlacedAt = time.Unix(1001, 0) }, "channel": func(o *NewOrder) { o.Channel = "pos" },
		"lines": func(o *NewOrder) { o.Lines = []Line{{"ab", "", 1, 5}} },
	} {
		o := base
		change(&o)
		if sum(o) == sum(base) {
			t.Errorf("another %s gives the same hash", name)
		}
	}
	same := base
	same.ImportID, same.Row = 7, 8
	if sum(same) != sum(base) {
		t.Error("the import and the row are no content")
	}
}
