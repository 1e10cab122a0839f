package archive

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// message is a decoded message. What is not known of it is empty; nothing that came makes it fail.
type message struct {
	seq      int64
	msgID    string
	from     string
	to       []string
	room     string
	at       time.Time // zero when the message does not say
	kind     string
	body     string // what it says, or is called
	payload  []byte // JSON: all it holds besides; nil for a plain text
	media    []media
	revokes  string // the id of the message that this one recalls
	consent  *agreement
	switched bool // somebody changed companies: no message
	strange  bool // of a kind that this version does not know
}

// media is a file that a message carries.
type media struct {
	fileID string
	md5    string
	name   string
	size   int64
}

// agreement is a consent that somebody gave or took back.
type agreement struct {
	external string
	state    State
	at       time.Time
}

// The kinds that mean something to the program; of the others only their words matter.
const (
	kindText     = "text"
	kindAgree    = "agree"
	kindDisagree = "disagree"
	kindRevoke   = "revoke"
	kindUnknown  = "unknown"
)

// words are, for each kind, where its object stands and which of its fields people read. Lists inside are gone through as
// well. A kind that is not here is strange: it is kept, and what it calls title, content and the like can be found.
var words = map[string]struct {
	object string // "" = called like the kind
	fields []string
}{
	kindText:               {"", []string{"content"}},
	"image":                {},
	kindRevoke:             {},
	kindAgree:              {},
	kindDisagree:           {},
	"voice":                {},
	"video":                {},
	"card":                 {"", []string{"corpname"}},
	"location":             {"", []string{"title", "address"}},
	"emotion":              {},
	"file":                 {"", []string{"filename"}},
	"link":                 {"", []string{"title", "description"}},
	"weapp":                {"", []string{"title", "description", "displayname"}},
	"chatrecord":           {"", []string{"title", "item"}},
	"mixed":                {"", []string{"item"}},
	"todo":                 {"", []string{"title", "content"}},
	"vote":                 {"", []string{"votetitle", "voteitem"}},
	"collect":              {"", []string{"room_name", "title", "details"}},
	"redpacket":            {"", []string{"wish"}},
	"external_redpacket":   {"redpacket", []string{"wish"}},
	"meeting":              {"", []string{"topic", "address", "remarks"}},
	"meeting_notification": {"info", []string{"content"}},
	"docmsg":               {"doc", []string{"title"}},
	"markdown":             {"info", []string{"content"}},
	"news":                 {"info", []string{"item"}},
	"calendar":             {"", []string{"title", "place", "remarks"}},
	"meeting_voice_call":   {"", []string{"demofiledata"}},
	"voip_doc_share":       {"", []string{"filename"}},
	"sphfeed":              {"", []string{"sph_name", "feed_desc"}},
	"voiptext":             {"info", nil},
	"qydiskfile":           {"info", []string{"filename"}},
}

// inner are the fields that people read in the items of lists and in objects of strange kinds.
var inner = []string{"title", "content", "description", "ques", "filename", "address", "displayname", "wish", "topic"}

const (
	maxID      = 128
	maxBody    = 64 << 10 // bytes
	maxPayload = 512 << 10
	maxDepth   = 32
	maxFiles   = 100
)

// decode reads one message of the archive. It never fails: a message that makes no sense is kept as what it is.
func decode(r Raw) message {
	m := message{seq: int64(min(r.Seq, math.MaxInt64)), msgID: short(r.MsgID), kind: kindUnknown}
	object := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(r.Message))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		m.strange, m.payload = true, mustJSON(map[string]any{"raw": clip(clean(string(r.Message)), maxBody)})
		return m
	}
	object, _ = tidy(object, 0).(map[string]any)
	if m.msgID == "" {
		m.msgID = short(text(object["msgid"]))
	}
	m.from, m.room = short(text(object["from"])), short(text(object["roomid"]))
	for _, t := range list(object["tolist"]) {
		if id := short(text(t)); id != "" {
			m.to = append(m.to, id)
		}
	}
	if m.at = moment(object["msgtime"]); m.at.IsZero() {
		m.at = moment(object["time"])
	}
	if k := short(text(object["msgtype"])); k != "" {
		m.kind = k
	}
	m.switched = text(object["action"]) == "switch"
	for _, common := range []string{"msgid", "action", "from", "tolist", "roomid", "msgtime", "msgtype"} {
		delete(object, common)
	}
	m.read(object)
	return m
}

// read takes from the rest of a message what its kind says is in it.
func (m *message) read(object map[string]any) {
	w, known := words[m.kind]
	m.strange = !known
	name := w.object
	if name == "" {
		name = m.kind
	}
	it, _ := object[name].(map[string]any)
	fields := w.fields
	if !known {
		fields = inner
	}
	var b strings.Builder
	say(&b, it, fields, 0)
	m.body = clip(strings.TrimSpace(b.String()), maxBody)
	switch m.kind {
	case kindText:
		if len(object) == 1 && len(it) == 1 {
			return // there is nothing but its text
		}
	case kindRevoke:
		m.revokes = short(text(it["pre_msgid"]))
	case kindAgree, kindDisagree:
		a := agreement{external: short(text(it["userid"])), state: Agree, at: moment(it["agree_time"])}
		if m.kind == kindDisagree {
			a.state, a.at = Disagree, moment(it["disagree_time"])
		}
		if a.external == "" {
			a.external = m.from
		}
		if isOutside(a.external) {
			m.consent = &a
		}
	}
	m.media = files(object, nil, 0)
	if m.payload = mustJSON(object); len(m.payload) > maxPayload {
		m.payload = mustJSON(map[string]any{"left_out_bytes": len(m.payload)})
	}
	if len(object) == 0 {
		m.payload = nil
	}
}

// say writes the words of an object's fields, one a line. The items of lists may hold their content as JSON in a string;
// what stands in the message itself is what somebody wrote, braces or not.
func say(b *strings.Builder, it map[string]any, fields []string, depth int) {
	if depth > maxDepth {
		return
	}
	for _, f := range fields {
		sayValue(b, it[f], depth)
	}
}

func sayValue(b *strings.Builder, v any, depth int) {
	switch v := v.(type) {
	case string:
		if o, ok := object(v); ok && depth > 0 {
			say(b, o, inner, depth+1)
			sayValue(b, o["item"], depth+1)
			return
		}
		if s := strings.TrimSpace(v); s != "" {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	case []any:
		for _, x := range v {
			sayValue(b, x, depth+1)
		}
	case map[string]any:
		if depth > maxDepth {
			return
		}
		say(b, v, inner, depth+1)
		sayValue(b, v["item"], depth+1)
	}
}

// object reads a string that holds a JSON object, as the items of forwarded and mixed messages do.
func object(s string) (map[string]any, bool) {
	if !strings.HasPrefix(s, "{") {
		return nil, false
	}
	decoder := json.NewDecoder(strings.NewReader(s))
	decoder.UseNumber()
	var o map[string]any
	if err := decoder.Decode(&o); err != nil {
		return nil, false
	}
	o, _ = tidy(o, 0).(map[string]any)
	return o, o != nil
}

// files finds everything that can be fetched, in the order of the message.
func files(v any, found []media, depth int) []media {
	if depth > maxDepth || len(found) >= maxFiles {
		return found
	}
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "sdkfileid") {
			if o, ok := object(v); ok {
				return files(o, found, depth+1)
			}
		}
	case []any:
		for _, x := range v {
			found = files(x, found, depth+1)
		}
	case map[string]any:
		if id := text(v["sdkfileid"]); id != "" && len(found) < maxFiles {
			f := media{fileID: clip(id, 4096), md5: short(text(v["md5sum"])), name: short(text(v["filename"]))}
			for _, size := range []string{"filesize", "voice_size", "imagesize"} {
				if n := number(v[size]); n > 0 {
					f.size = n
				}
			}
			found = append(found, f)
		}
		for _, key := range sortedKeys(v) {
			found = files(v[key], found, depth+1)
		}
	}
	return found
}

// tidy makes a value fit for the database: no NUL, no broken character, no number out of all bounds, no bottomless depth.
func tidy(v any, depth int) any {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case string:
		return clean(v)
	case json.Number:
		if f, err := v.Float64(); err != nil || math.IsInf(f, 0) || len(v) > 40 {
			return clean(v.String())
		}
		return v
	case []any:
		for i := range v {
			v[i] = tidy(v[i], depth+1)
		}
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, x := range v {
			out[short(key)] = tidy(x, depth+1)
		}
		return out
	}
	return v
}

func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "�")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// short bounds what is to be an id or a name.
func short(s string) string { return clip(clean(strings.TrimSpace(s)), maxID) }

// clip cuts a text to n bytes, between two characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !isStart(s[n]) {
		n--
	}
	return s[:n]
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func number(v any) int64 {
	n, err := strconv.ParseInt(text(v), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// moment reads a time in milliseconds, or in seconds where it is too small for that; zero when it is none.
func moment(v any) time.Time {
	const (
		inSeconds = 100_000_000_000 // as milliseconds, the year 1973
		tooLate   = 32_503_680_000_000
	)
	n := number(v)
	switch {
	case n <= 0 || n >= tooLate:
		return time.Time{}
	case n < inSeconds:
		return time.Unix(n, 0)
	}
	return time.UnixMilli(n)
}

func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil { // only what was read from JSON comes here
		return []byte("{}")
	}
	return raw
}

// isStart reports whether a byte begins a character.
func isStart(b byte) bool { return b&0xC0 != 0x80 }
