package chain

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"qunce/internal/clock"
)

// OrderHeader is the header of the file WriteOrders writes. A row is one line of an order: one product. 数量 × 单价 is
// its list price, 实付金额 what was paid for this line in yuan; an order's amount is the sum over its rows. 会员号 is empty
// for guests.
var OrderHeader = []string{"订单号", "下单时间", "会员号", "门店编号", "商品", "数量", "单价", "实付金额"}

// Defaults of OrderOptions.
const (
	DefaultHistoryDays = 90
	DefaultDays        = 7
	DefaultMembers     = 30_000
)

// OrderOptions says which orders to invent: HistoryDays before the business day of Start and Days from it on (the zone
// is China's), by Members members of the Stores. Zero values mean the defaults, except for Start and Stores, which
// must be given.
type OrderOptions struct {
	Start       time.Time
	HistoryDays int
	Days        int
	Members     int
	Stores      []Store
	Seed        uint64
}

// MemberNumber is the member number of the i-th member, counted from 1.
func MemberNumber(i int) string { return fmt.Sprintf("M%08d", i) }

// How members buy, after the BG/NBD model: each buys as a Poisson process of a rate of its own, drawn from a gamma
// distribution, and after each purchase is lost with a probability of its own, drawn from a beta distribution.
const (
	rateShape   = 0.8
	rateMean    = 0.11 // purchases a day
	lossAlpha   = 1.0
	lossBeta    = 9.0
	oldMembers  = 0.6  // the share that joined in the year before the history
	guests      = 0.15 // orders without a member number, as a share of members' orders
	otherStore  = 0.12 // purchases away from the member's own store
	basketMu    = 3.25 // of the logarithm of the list price in yuan: median 26
	basketSigma = 0.55
)

// purchase is one order before it has a number. It carries the seed of its contents, so that they need not be kept.
type purchase struct {
	at     int64 // Unix seconds
	member int32 // 0 for a guest
	store  int32
	seed   uint64
}

// WriteOrders writes the orders as UTF-8 CSV with OrderHeader, by time. It holds one small record an order in memory.
func WriteOrders(w io.Writer, o OrderOptions) error {
	if o.Start.IsZero() || len(o.Stores) == 0 {
		return errors.New("chain: orders need a start and stores")
	}
	o.HistoryDays = cmp.Or(o.HistoryDays, DefaultHistoryDays)
	o.Days = cmp.Or(o.Days, DefaultDays)
	o.Members = cmp.Or(o.Members, DefaultMembers)

	orders := invent(o)
	out := bufio.NewWriterSize(w, 64<<10)
	var row []byte
	for i, h := range OrderHeader {
		if i > 0 {
			row = append(row, ',')
		}
		row = append(row, h...)
	}
	out.Write(append(row, '\n'))

	popular := make([]float64, len(menu))
	sum := 0.0
	for i, p := range menu {
		sum += p.weight
		popular[i] = sum
	}
	day, number := "", 0
	for _, p := range orders {
		at := time.Unix(p.at, 0).In(clock.Shanghai)
		if d := at.Format("20060102"); d != day {
			day, number = d, 0
		}
		number++
		head := fmt.Appendf(nil, "%s%06d,%s,", day, number, at.Format(time.DateTime))
		if p.member > 0 {
			head = append(head, MemberNumber(int(p.member))...)
		}
		head = append(append(append(head, ','), o.Stores[p.store].Number...), ',')
		for _, l := range basket(p.seed, popular) {
			row = append(row[:0], head...)
			row = append(append(row, l.product.name...), ',')
			row = append(strconv.AppendInt(row, l.quantity, 10), ',')
			row = append(appendYuan(row, l.product.fen), ',')
			row = append(appendYuan(row, l.paid), '\n')
			// A writer that failed keeps failing, and Flush tells.
			out.Write(row)
		}
	}
	return out.Flush()
}

// invent draws every purchase in the window, sorted by time.
func invent(o OrderOptions) []purchase {
	first, last := -float64(o.HistoryDays), float64(o.Days) // in days from the business day of Start
	hours := cumulate(dayProfile[:])
	size := cumulate(storeSizes(o))

	var out []purchase
	for m := 1; m <= o.Members; m++ {
		rng := rand.New(rand.NewPCG(o.Seed, uint64(m)<<8|2))
		home := pick(rng, size)
		rate := gamma(rng, rateShape) * rateMean / rateShape
		loss := beta(rng, lossAlpha, lossBeta)
		joined := first + (last-first)*rng.Float64()
		if rng.Float64() < oldMembers {
			joined = first - 365*rng.Float64()
		}
		for t := joined; t < last; t += rng.ExpFloat64() / rate {
			if t >= first {
				store := home
				if rng.Float64() < otherStore {
					store = pick(rng, size)
				}
				out = append(out, purchase{at: o.moment(rng, int(math.Floor(t)), hours, o.Stores[store]), member: int32(m), store: int32(store), seed: rng.Uint64()})
			}
			if rng.Float64() < loss {
				break
			}
		}
	}
	rng := rand.New(rand.NewPCG(o.Seed, 3))
	for range int(float64(len(out)) * guests) {
		t, store := first+(last-first)*rng.Float64(), pick(rng, size)
		out = append(out, purchase{at: o.moment(rng, int(math.Floor(t)), hours, o.Stores[store]), store: int32(store), seed: rng.Uint64()})
	}
	slices.SortFunc(out, func(a, b purchase) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.member, b.member), cmp.Compare(a.seed, b.seed))
	})
	return out
}

// storeSizes draws how busy each store is; the busiest has some ten times the custom of a small one.
func storeSizes(o OrderOptions) []float64 {
	rng := rand.New(rand.NewPCG(o.Seed, 4))
	size := make([]float64, len(o.Stores))
	for i := range size {
		size[i] = math.Exp(0.6 * rng.NormFloat64())
	}
	return size
}

// moment puts a purchase of the given day (counted from start) to a time of day within the store's hours. Some of
// Monday to Thursday move on to the weekend, where the window still has it, which makes the weekend the busy time.
func (o OrderOptions) moment(rng *rand.Rand, day int, hours []float64, s Store) int64 {
	at := clock.Day(o.Start).AddDate(0, 0, day)
	if wd := int(at.Weekday()); rng.Float64() < 0.16 && wd >= 1 && wd <= 4 {
		if on := 6 - wd + rng.IntN(2); day+on < o.Days {
			at = at.AddDate(0, 0, on)
		}
	}
	opens, closes := secondOfDay(s.Open), secondOfDay(s.Close)
	if closes <= opens { // open past midnight, or no hours given
		closes = 24 * 3600
	}
	second := int64(pick(rng, hours))*3600 + rng.Int64N(3600)
	if second < opens || second >= closes {
		second = opens + rng.Int64N(closes-opens)
	}
	return at.Unix() + second
}

// secondOfDay reads "07:30"; what is none counts as midnight.
func secondOfDay(hhmm string) int64 {
	t, err := time.Parse("15:04", hhmm)
	if err != nil {
		return 0
	}
	return int64(t.Hour())*3600 + int64(t.Minute())*60
}

type line struct {
	product  product
	quantity int64
	paid     int64 // fen
}

// basket fills an order with products until it comes near a log-normal target, and takes off a coupon now and then.
func basket(seed uint64, popular []float64) []line {
	rng := rand.New(rand.NewPCG(seed, 5))
	target := int64(100 * math.Exp(basketMu+basketSigma*rng.NormFloat64()))
	var lines []line
	for left := target; len(lines) == 0 || (left > 900 && len(lines) < 12); {
		p := menu[pick(rng, popular)]
		if len(lines) > 0 && p.fen > left+600 {
			left -= 300 // nothing fits for ever: get tired of looking
			continue
		}
		left -= p.fen
		i := slices.IndexFunc(lines, func(l line) bool { return l.product.name == p.name })
		if i < 0 {
			lines = append(lines, line{product: p})
			i = len(lines) - 1
		}
		lines[i].quantity++
	}
	percent := int64(100)
	switch x := rng.Float64(); {
	case x < 0.18:
		percent = 90
	case x < 0.26:
		percent = 80
	case x < 0.29:
		percent = 50
	}
	for i, l := range lines {
		lines[i].paid = l.quantity * l.product.fen * percent / 100
	}
	return lines
}

func appendYuan(b []byte, fen int64) []byte {
	b = strconv.AppendInt(b, fen/100, 10)
	return append(b, '.', byte('0'+fen/10%10), byte('0'+fen%10))
}

func cumulate(weights []float64) []float64 {
	out := make([]float64, len(weights))
	sum := 0.0
	for i, w := range weights {
		sum += w
		out[i] = sum
	}
	return out
}

// gamma draws from a gamma distribution of scale 1 (Marsaglia and Tsang 2000).
func gamma(rng *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(rng, shape+1) * math.Pow(1-rng.Float64(), 1/shape)
	}
	d := shape - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func beta(rng *rand.Rand, a, b float64) float64 {
	x, y := gamma(rng, a), gamma(rng, b)
	return x / (x + y)
}
