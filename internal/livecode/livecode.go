// Package livecode keeps the brand's live codes (活码): the doors through which customers come in, what happens to them
// at the door (a landing page, a welcome, tags, the group of their store), and which door an order is owed to.
//
//	livecode.go     types and pure rules: who stands behind a code, which groups are open, what a welcome says
//	service.go      making and changing codes
//	ensure.go       the one staff code and the one group code that every store has, for thousands of stores at a time
//	way.go          the calls that make and change a code at WeCom
//	room.go         the next open group when one is nearly full
//	welcome.go      the welcome and its twenty seconds
//	attribution.go  scan, add, join, first order: which code each is owed to
//	landing.go      what a page behind a code needs to know
//	report.go       a code's numbers
//
// Three kinds: a staff code (WeCom's contact way) adds one of up to 100 staff; a group code (join way) leads into one of
// up to 5 groups, and WeCom opens the next one when all are full; a locator has no code at WeCom, only a landing page that
// finds the nearest open store. A code never changes its printed address: the landing page's token.
//
// Invariants: a code's state at WeCom is unique and at most 30 characters, so that an add or a join names its code;
// WeCom is written to only through the outbox, and only when what should be there differs from what is; an order is owed
// to the code of the customer's first add, if it was placed within 30 days of it, and to no other.
//
// The package never stores where a visitor stood, never guesses which of two codes brought somebody, and never deletes a
// code at WeCom: printed paper lives long.
package livecode

import (
	"crypto/rand"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"qunce/internal/group"
	"qunce/internal/media"
	"qunce/internal/pg"
)

// Kind of a code.
type Kind string

// The kinds; the CHECK of livecode_code lists the same.
const (
	StaffCode Kind = "staff"
	GroupCode Kind = "group"
	Locator   Kind = "locator"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{StaffCode, GroupCode, Locator} }

// Status of a code.
type Status string

// The statuses; the CHECK of livecode_code lists the same.
const (
	Creating Status = "creating"
	Active   Status = "active"
	Failed   Status = "failed"
	Paused   Status = "paused"
)

// Statuses lists all of them.
func Statuses() []Status { return []Status{Creating, Active, Failed, Paused} }

// Channel says where a code hangs or is shown.
type Channel string

// The channels.
const (
	StorePoster Channel = "store_poster"
	TableCard   Channel = "table_card"
	Receipt     Channel = "receipt"
	Package     Channel = "package"
	Moments     Channel = "moments"
	Article     Channel = "article"
	Other       Channel = "other"
)

// Channels lists all of them.
func Channels() []Channel {
	return []Channel{StorePoster, TableCard, Receipt, Package, Moments, Article, Other}
}

// Limits of WeCom (and of the group code a phone can still scan into).
const (
	MaxStaff   = 100 // users of one contact way
	MaxGroups  = 5   // groups of one join way
	MaxTags    = 20  // of our own: tags set on an add
	MaxName    = 30  // characters; it is the remark at WeCom
	RoomLimit  = 200 // members up to which a group can be joined by scanning
	nearlyFull = RoomLimit * 9 / 10
	maxWelcome = 4000               // bytes
	maxParts   = media.MaxParts - 1 // the way into the group is one more
	maxBase    = 36                 // characters of a new group's name before WeCom's number
	stateMark  = "q1"
)

// Window is how long after the first add an order is owed to the code.
const Window = 30 * 24 * time.Hour

// Code is one live code.
type Code struct {
	ID             int64
	Kind           Kind
	Name           string
	Channel        Channel
	StoreID        int64
	Token          string // of the landing page
	WayState       string // WeCom carries it through add and join
	ConfigID       string
	QR             string // address of WeCom's picture
	Status         Status
	StatusReason   string // an error code; on an active code: why its last change did not reach WeCom
	StaffIDs       []int64
	GroupIDs       []int64
	TagIDs         []string
	WelcomeText    string
	WelcomeParts   []media.Part // pictures, files and links that go out with it, beside the way into the group
	OfferGroup     bool
	WelcomeVersion int
	FollowStore    bool // staff or groups are the store's
	RoomBaseName   string
	CreatedAt      time.Time
	UpdatedAt      time.Time

	autoKey    string     // "staff/12" on the one code of a kind that every store has
	checkAt    *time.Time // when its groups are to be looked at again
	checkCause int64      // what made that due, 0 if nobody knows
}

// Usable reports whether somebody who scans the code gets further.
func (c Code) Usable() bool {
	return c.Status == Active && (c.Kind == Locator || c.QR != "")
}

// open reports whether a phone can still scan into the group for a while.
func open(g group.Ref) bool { return g.Status == group.Normal && g.Members < nearlyFull }

// stateOf is the state a code carries at WeCom.
func stateOf(id int64) string { return stateMark + strconv.FormatInt(id, 36) }

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newToken is 16 random bytes in base 62: 22 characters that fit a printed address.
func newToken() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	n, rest, digit := new(big.Int).SetBytes(raw[:]), new(big.Int), big.NewInt(int64(len(base62)))
	out := make([]byte, 22)
	for i := len(out) - 1; i >= 0; i-- {
		n.DivMod(n, digit, rest)
		out[i] = base62[rest.Int64()]
	}
	return string(out)
}

// chooseRooms decides which groups stand behind a group code: those that do already and are open, then other open ones,
// the newest first, five at most. When none is open it is the newest that still lives, from which WeCom opens the next;
// when none lives, what there was: an empty list cannot be written.
func chooseRooms(current []int64, rooms []group.Ref) []int64 {
	byID := make(map[int64]group.Ref, len(rooms))
	for _, r := range rooms {
		byID[r.ID] = r
	}
	var chosen []int64
	for _, id := range current {
		if r, ok := byID[id]; ok && open(r) && len(chosen) < MaxGroups {
			chosen = append(chosen, id)
		}
	}
	newest := slices.Clone(rooms)
	slices.SortFunc(newest, func(a, b group.Ref) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return int(b.ID - a.ID)
	})
	for _, r := range newest {
		if len(chosen) < MaxGroups && open(r) && !slices.Contains(chosen, r.ID) {
			chosen = append(chosen, r.ID)
		}
	}
	if len(chosen) > 0 {
		return chosen
	}
	for _, r := range newest {
		if r.Status == group.Normal {
			return []int64{r.ID}
		}
	}
	return slices.Clone(current)
}

// sameSet compares ids regardless of order.
func sameSet(a, b []int64) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// speech is what a welcome says things about.
type speech struct {
	Name, Store, Staff, Brand string
	Group                     bool // a card that leads to the group stands below the text
}

// render fills a welcome text; an empty one is the default. What the customer is called is never read as a placeholder.
func (p speech) render(text string) string {
	name, store := strings.TrimSpace(p.Name), p.Store
	if name == "" {
		name = "朋友"
	}
	if store == "" {
		store = p.Brand
	}
	if strings.TrimSpace(text) == "" {
		text = p.standard()
	}
	out := strings.NewReplacer("{name}", name, "{store}", store, "{staff}", p.Staff, "{brand}", p.Brand).Replace(text)
	return cut(out, maxWelcome)
}

func (p speech) standard() string {
	who := "我是{store}的{staff}"
	if p.Staff == "" {
		who = "这里是{store}"
	}
	text := "{name}，你好！" + who + "，很高兴认识你。新品和到店福利我会在这里告诉你；想少收到消息，随时说一声就好。"
	if p.Group {
		text += "\n点下面的卡片可以进{store}的顾客群，群里每天都有小福利。"
	}
	return text
}

// cut shortens text to at most n bytes without breaking a character.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// firstRunes shortens text to at most n characters.
func firstRunes(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n])
	}
	return text
}

// Tables declares what this package owns.
func Tables() []pg.Table {
	const owner = "livecode"
	return []pg.Table{
		{Name: "livecode_code", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "keep", Sampling: "all"},
		{Name: "livecode_orphan", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "keep", Sampling: "none"},
		{Name: "livecode_scan", Owner: owner, Family: pg.ByValue, Key: "visitor", Personal: []string{"visitor"}, Merge: "keep", Erase: "keep, the visitor is a random number", Retention: "13 months", Sampling: "none"},
		{Name: "livecode_attribution", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Personal: []string{"member"}, Merge: "move, the earlier first order stays", Erase: "set customer_id to 0", Retention: "follow customer", Sampling: "follow customer"},
		{Name: "livecode_welcome", Owner: owner, Family: pg.ByCustomer, Key: "customer_id", Personal: []string{"text"}, Merge: "move", Erase: "delete", Retention: "6 months", Sampling: "none"},
	}
}
