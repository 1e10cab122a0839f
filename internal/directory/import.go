package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"

	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/pg"
	"qunce/internal/pinyin"
	"qunce/internal/sheet"
)

// StoreColumns are the columns of a store file. A file without store numbers gets derived ones; see DerivedNumber.
func StoreColumns() []sheet.Column {
	return []sheet.Column{
		{Key: "number", Titles: []string{"门店编号", "门店编码", "店铺编号", "店号", "storeNumber", "store_no", "store_id", "number", "编号"}},
		{Key: "name", Titles: []string{"门店名称", "门店名", "店铺名称", "店名", "storeName", "store", "name", "名称"}, Required: true},
		{Key: "province", Titles: []string{"省份", "省", "所在省", "province"}},
		{Key: "city", Titles: []string{"城市", "市", "所在城市", "city"}},
		{Key: "district", Titles: []string{"区县", "区", "县", "行政区", "district"}},
		{Key: "address", Titles: []string{"地址", "详细地址", "门店地址", "address"}},
		{Key: "lat", Titles: []string{"纬度", "latitude", "lat"}, Required: true},
		{Key: "lng", Titles: []string{"经度", "longitude", "lng", "lon"}, Required: true},
		{Key: "system", Titles: []string{"坐标系", "坐标系统", "coordSystem", "coordinateSystem"}},
		{Key: "open", Titles: []string{"营业开始", "开门", "开门时间", "开始营业", "营业开始时间", "openTime", "open"}},
		{Key: "close", Titles: []string{"营业结束", "关门", "关门时间", "结束营业", "营业结束时间", "打烊", "closeTime", "close"}},
	}
}

// ImportOptions are an import's. System is what the importer declared; a column of the file's own wins over it. With
// neither, GCJ-02 is assumed and a warning says so. Report hears of every wrong or doubtful row.
type ImportOptions struct {
	System  geo.System
	CauseID int64
	Report  func(sheet.RowError)
}

// ImportResult counts the rows of a file: those read, and what became of the good ones.
type ImportResult struct{ Rows, Created, Updated, Unchanged int }

// DerivedNumber is the number of a store whose file has none: "N" and ten hexadecimal digits of the SHA-256 of its name
// and city. It stays the same as long as these two do, so a second import of the list finds the same stores.
func DerivedNumber(name, city string) string {
	sum := sha256.Sum256([]byte(fold(name) + "\x00" + fold(city)))
	return "N" + hex.EncodeToString(sum[:5])
}

// storeChunk bounds one statement.
const storeChunk = 5000

// ImportStores reads a list of stores, all in one transaction: bad rows are reported and left out, the rest goes in. A
// store is known by its number. Columns the file does not have leave what is stored alone, and so does an empty cell of
// the opening hours.
//
// Codes reported besides those of sheet and geo: store.duplicate_in_file, store.outside_china (warning),
// store.hours_assumed (warning), store.bad_hours (warning), store.unknown_system, store.coord_system_assumed (warning,
// once), store.numbers_derived (warning, once).
func (s *Service) ImportStores(ctx context.Context, r *sheet.Reader, o ImportOptions) (ImportResult, error) {
	p := storeParser{r: r, mapped: r.Mapping(), options: o, seen: map[string]int{}}
	if err := p.read(); err != nil {
		return ImportResult{}, err
	}
	result := ImportResult{Rows: p.rows}
	err := s.DB.Tx(ctx, func(tx pg.Tx) error {
		result = ImportResult{Rows: p.rows} // a retry starts over
		return s.mergeStores(ctx, tx, p.stores, &result)
	})
	return result, err
}

// readStore is a store as the file has it. has* tell which parts the file gave.
type readStore struct {
	Store
	hasHours bool
	keep     map[string]bool // columns the file has
}

func (s *Service) mergeStores(ctx context.Context, tx pg.Tx, read []readStore, result *ImportResult) error {
	if err := lockDirectory(ctx, tx); err != nil {
		return err
	}
	held, err := findStores(ctx, tx, ``)
	if err != nil {
		return err
	}
	byNumber := make(map[string]Store, len(held))
	for _, h := range held {
		byNumber[h.Number] = h
	}
	var insert, update []Store
	for _, x := range read {
		h, known := byNumber[x.Number]
		if !known {
			insert = append(insert, x.Store)
			continue
		}
		if want := x.over(h); want != h {
			update = append(update, want)
		} else {
			result.Unchanged++
		}
	}
	ids, err := s.IDs.Take(ctx, len(insert))
	if err != nil {
		return err
	}
	for i := range insert {
		insert[i].ID = ids[i]
	}
	now := s.Clock.Now()
	for start := 0; start < len(insert); start += storeChunk {
		if err := insertStores(ctx, tx, insert[start:min(start+storeChunk, len(insert))], now); err != nil {
			return err
		}
	}
	for start := 0; start < len(update); start += storeChunk {
		if err := updateStores(ctx, tx, update[start:min(start+storeChunk, len(update))], now); err != nil {
			return err
		}
	}
	result.Created, result.Updated = len(insert), len(update)
	if len(insert)+len(update) == 0 {
		return nil
	}
	if _, err := s.relink(ctx, tx); err != nil {
		return err
	}
	return bumpVersion(ctx, tx)
}

// over lays the file's row over what is stored.
func (x readStore) over(h Store) Store {
	want := h
	want.Name, want.NameKey = x.Name, x.NameKey
	if !samePlace(h.At, x.At) {
		want.At = x.At
	}
	for key, f := range map[string]struct{ to, from *string }{
		"province": {&want.Province, &x.Province}, "city": {&want.City, &x.City},
		"district": {&want.District, &x.District}, "address": {&want.Address, &x.Address},
	} {
		if x.keep[key] {
			*f.to = *f.from
		}
	}
	if x.hasHours {
		want.OpenMinute, want.CloseMinute = x.OpenMinute, x.CloseMinute
	}
	return want
}

// samePlace is true within a centimetre: less than that is arithmetic, not a move.
func samePlace(a, b geo.Point) bool {
	return math.Abs(a.Lat-b.Lat) < 1e-7 && math.Abs(a.Lng-b.Lng) < 1e-7
}

// storeParser turns rows into stores.
type storeParser struct {
	r       *sheet.Reader
	mapped  map[string]string
	options ImportOptions
	seen    map[string]int // number → line
	keep    map[string]bool
	rows    int
	stores  []readStore
}

func (p *storeParser) read() error {
	p.keep = map[string]bool{}
	for key := range p.mapped {
		p.keep[key] = true
	}
	for _, w := range []struct {
		doubt bool
		code  string
	}{
		{p.options.System == "" && !p.keep["system"], "store.coord_system_assumed"},
		{!p.keep["number"], "store.numbers_derived"},
		{!p.keep["open"] || !p.keep["close"], "store.hours_assumed"},
	} {
		if w.doubt {
			p.options.Report(sheet.RowError{Row: 1, Code: w.code, Warning: true})
		}
	}
	for {
		row, err := p.r.Next()
		for _, e := range p.r.Errors() {
			p.rows++
			p.options.Report(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p.rows++
		st, bad := p.store(row)
		if bad != nil {
			p.options.Report(*bad)
			continue
		}
		p.stores = append(p.stores, st)
	}
}

func (p *storeParser) store(row sheet.Row) (readStore, *sheet.RowError) {
	st := readStore{keep: p.keep, Store: Store{
		Number: row.Code("number"), Name: row.Get("name"), Province: row.Get("province"), City: row.Get("city"),
		District: row.Get("district"), Address: row.Get("address"), CloseMinute: day, Status: Open,
	}}
	if st.Name == "" {
		return st, row.Error("name", "sheet.empty", nil)
	}
	if st.Number == "" {
		if p.keep["number"] {
			w := row.Error("number", "store.number_derived", nil)
			w.Warning = true
			p.options.Report(*w)
		}
		st.Number = DerivedNumber(st.Name, st.City)
	}
	if first, twice := p.seen[st.Number]; twice {
		key := "number"
		if !p.keep["number"] {
			key = "name"
		}
		return st, row.Error(key, "store.duplicate_in_file", map[string]any{"first": first})
	}
	st.NameKey = pinyin.Key(st.Name)
	at, bad := p.place(row)
	if bad != nil {
		return st, bad
	}
	st.At = at
	if !inChinese(at) {
		w := row.Error("lat", "store.outside_china", map[string]any{"lat": at.Lat, "lng": at.Lng})
		w.Warning = true
		p.options.Report(*w)
	}
	p.hours(row, &st)
	p.seen[st.Number] = row.Line() // a bad row does not take the number
	return st, nil
}

// inChinese is true for the mainland, and for the box around Hong Kong, Macau and Taiwan.
func inChinese(p geo.Point) bool {
	return geo.InChina(p) || p.Lat > 21.8 && p.Lat < 26.5 && p.Lng > 113.5 && p.Lng < 122.1
}

func (p *storeParser) place(row sheet.Row) (geo.Point, *sheet.RowError) {
	lat, err := row.Float("lat")
	if err != nil {
		return geo.Point{}, rowError(err)
	}
	lng, err := row.Float("lng")
	if err != nil {
		return geo.Point{}, rowError(err)
	}
	system := p.options.System
	if name := row.Get("system"); name != "" {
		if system = systemNamed(name); system == "" {
			return geo.Point{}, row.Error("system", "store.unknown_system", nil)
		}
	}
	if system == "" {
		system = geo.GCJ02
	}
	at, err := geo.Convert(geo.Point{Lat: lat, Lng: lng}, system, geo.GCJ02)
	if err != nil {
		var e *errs.Error
		if errors.As(err, &e) {
			return at, row.Error("lat", e.Code, map[string]any{"lat": lat, "lng": lng})
		}
		return at, row.Error("lat", "geo.out_of_range", nil)
	}
	return at, nil
}

func (p *storeParser) hours(row sheet.Row, st *readStore) {
	if !p.keep["open"] || !p.keep["close"] {
		return // said once for the file
	}
	open, closing := row.Get("open"), row.Get("close")
	code, key := "", "open"
	if open == "" || closing == "" {
		code = "store.hours_assumed"
	} else if o, c, bad := hours(open, closing); bad != "" {
		code, key = "store.bad_hours", bad
	} else {
		st.OpenMinute, st.CloseMinute, st.hasHours = o, c, true
		return
	}
	w := row.Error(key, code, nil)
	w.Warning = true
	p.options.Report(*w)
}

// rowError unwraps what sheet's readers of values return.
func rowError(err error) *sheet.RowError {
	var e *sheet.RowError
	if errors.As(err, &e) {
		return e
	}
	return &sheet.RowError{Code: "sheet.bad_number"}
}

// systemNamed reads the names people use for the three coordinate systems; "" for anything else.
func systemNamed(name string) geo.System {
	switch fold(name) {
	case "wgs84", "wgs-84", "gps", "gps坐标", "国际坐标":
		return geo.WGS84
	case "gcj02", "gcj-02", "高德", "腾讯", "火星坐标", "国测局":
		return geo.GCJ02
	case "bd09", "bd-09", "bd09ll", "百度", "百度坐标":
		return geo.BD09
	}
	return ""
}
