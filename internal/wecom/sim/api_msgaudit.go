package sim

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the fingerprint that the archive shows
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	qrcode "github.com/skip2/go-qrcode"
)

func msgAuditEndpoints() map[string]endpoint {
	return map[string]endpoint{
		"msgaudit/get_permit_user_list": post((*call).auditSeats).with(secretArchive),
		"msgaudit/check_single_agree":   post((*call).auditSingle).with(secretArchive),
		"msgaudit/check_room_agree":     post((*call).auditRoom).with(secretArchive),
		"msgaudit/groupchat/get":        post((*call).auditGroup).with(secretArchive),
		"msgaudit/get_robot_info":       get((*call).auditRobot).with(secretArchive),
	}
}

// audited refuses where the corp has no archive.
func (c *call) audited() error {
	if c.st.World.Archive == nil {
		return refuse(301053, "chat archive is not enabled")
	}
	return nil
}

func (c *call) auditSeats() (fields, error) {
	var in struct {
		Type int `json:"type"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.audited(); err != nil {
		return nil, err
	}
	if in.Type < 0 || in.Type > 3 {
		return nil, refuse(40058, "invalid type")
	}
	edition := c.st.World.Archive.Edition
	if edition == 0 {
		edition = 3
	}
	ids := []string{}
	for i := range c.st.World.Members {
		if m := &c.st.World.Members[i]; c.st.archives(m.UserID) && !m.Inactive && (in.Type == 0 || in.Type == edition) {
			ids = append(ids, m.UserID)
		}
	}
	return fields{"ids": ids}, nil
}

// agreement is a consent as the API tells it; ok is whether there is an answer.
func (s *state) agreement(chat, ext string) (out fields, ok bool) {
	c := s.Talk.Archive.Consents[consentKey{chat, ext}]
	if c == nil || c.Since == 0 {
		return nil, false
	}
	out = fields{"exteranalopenid": ext, "status_change_time": c.Since / 1000, "agree_status": "Disagree"}
	if c.Agrees {
		out["agree_status"] = "Agree"
	}
	return out, true
}

func (c *call) auditSingle() (fields, error) {
	var in struct {
		Info []struct {
			UserID string `json:"userid"`
			Ext    string `json:"exteranalopenid"`
		} `json:"info"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.audited(); err != nil {
		return nil, err
	}
	switch {
	case len(in.Info) == 0:
		return nil, refuse(40063, "some parameters are empty")
	case len(in.Info) > 100:
		return nil, refuse(301060, "more than 100 queries")
	}
	rows := []fields{}
	for _, q := range in.Info {
		m := c.st.member(q.UserID)
		if m == nil || c.st.people[q.Ext] == nil {
			return nil, refuse(301061, "user does not exist")
		}
		if row, ok := c.st.agreement(m.UserID, q.Ext); ok {
			row["userid"] = m.UserID
			rows = append(rows, row)
		}
	}
	return fields{"agreeinfo": rows}, nil
}

type roomIn struct {
	RoomID string `json:"roomid"`
}

func (c *call) auditRoom() (fields, error) {
	var in roomIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.audited(); err != nil {
		return nil, err
	}
	g := c.st.Groups[in.RoomID]
	switch {
	case in.RoomID == "":
		return nil, refuse(86003, "chatid missing")
	case g == nil:
		return nil, refuse(86001, "invalid chatid")
	}
	rows := []fields{}
	for _, id := range sortedKeys(g.Members) {
		if row, ok := c.st.agreement(g.ID, id); ok {
			rows = append(rows, row)
		}
	}
	return fields{"agreeinfo": rows}, nil
}

func (c *call) auditGroup() (fields, error) {
	var in roomIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.audited(); err != nil {
		return nil, err
	}
	r := c.st.Talk.Rooms[in.RoomID]
	switch {
	case in.RoomID == "":
		return nil, refuse(86003, "chatid missing")
	case c.st.Groups[in.RoomID] != nil:
		return nil, refuse(301059, "not an internal room")
	case r == nil:
		return nil, refuse(86001, "invalid chatid")
	}
	members := []fields{}
	for _, u := range r.Members {
		members = append(members, fields{"memberid": u, "jointime": r.Joined[u] / 1000})
	}
	return fields{"roomname": r.Name, "creator": r.Owner, "room_create_time": r.Created / 1000, "notice": "", "members": members}, nil
}

func (c *call) auditRobot() (fields, error) {
	if err := c.audited(); err != nil {
		return nil, err
	}
	id := c.q.Get("robot_id")
	for i := range c.st.World.Robots {
		if r := &c.st.World.Robots[i]; id != "" && r.id(c.st.World.Seed) == id {
			return fields{"data": fields{"robot_id": id, "name": r.Name, "creator_userid": r.Creator}}, nil
		}
	}
	return nil, refuse(40058, "invalid robot_id")
}

// The adapter protocol hands out what the closed SDK would, decrypted: see docs/simulator.md.

func archiveRoutes(s *Server, mux *http.ServeMux) {
	mux.HandleFunc("GET /sim/archive/messages", s.serveArchive)
	mux.HandleFunc("GET /sim/archive/media", s.serveArchiveMedia)
}

type archiveRow struct {
	Seq     int64  `json:"seq"`
	MsgID   string `json:"msgid"`
	KeyVer  int    `json:"publickey_ver"`
	Message fields `json:"message"`
}

// archiveCaller checks the key and answers itself if it is wrong.
func (s *Server) archiveCaller(w http.ResponseWriter, r *http.Request) bool {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	secret := s.opt.ArchiveSecret
	switch {
	case !ok || secret == "" || !hmac.Equal([]byte(key), []byte(secret)):
		answer(w, http.StatusUnauthorized, fields{"errcode": 40001, "errmsg": "invalid credential"})
	case s.st.World.Archive == nil:
		answer(w, http.StatusOK, fields{"errcode": 301053, "errmsg": "chat archive is not enabled"})
	default:
		return true
	}
	return false
}

// serveArchive: ?after=<seq>&limit=<1..1000, default 1000>; messages in order of seq, none = caught up. A position older
// than five days goes on at the first message that is left.
func (s *Server) serveArchive(w http.ResponseWriter, r *http.Request) {
	rows, n, code := s.archiveRows(w, r)
	switch {
	case code != 0:
		answer(w, http.StatusOK, fields{"errcode": code, "errmsg": "after or limit is invalid"})
	case rows != nil && s.settled(w, n):
		answer(w, http.StatusOK, fields{"errcode": 0, "errmsg": "ok", "messages": rows})
	}
}

// archiveRows reads what is asked for, and the number of the transaction it stands on; nil rows and no code if the caller
// was answered already.
func (s *Server) archiveRows(w http.ResponseWriter, r *http.Request) (rows []archiveRow, n int64, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.archiveCaller(w, r) {
		return nil, 0, 0
	}
	after, err1 := strconv.ParseInt(orZero(r.URL.Query().Get("after")), 10, 64)
	limit, err2 := strconv.Atoi(orZero(r.URL.Query().Get("limit")))
	if limit == 0 {
		limit = 1000
	}
	if err1 != nil || err2 != nil || after < 0 || limit < 1 || limit > 1000 {
		return nil, 0, 10000
	}
	k := &s.st.Talk.Archive
	rest := k.Messages[k.from(s.st.Now):]
	rest = rest[sort.Search(len(rest), func(i int) bool { return rest[i].Seq > after }):]
	rows = make([]archiveRow, 0, min(limit, len(rest)))
	for i := range rest[:min(limit, len(rest))] {
		m := &rest[i]
		rows = append(rows, archiveRow{m.Seq, m.ID, 1, s.archiveMessage(m)})
	}
	return rows, s.journal.last(), 0
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// sdkFileID names the bytes of a message: its number, with a checksum.
func sdkFileID(seq int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "sdk/%d/%08x", seq, crc32.ChecksumIEEE(strconv.AppendInt(nil, seq, 10))))
}

func parseSDKFileID(id string) (seq int64, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return 0, false
	}
	parts := strings.Split(string(raw), "/")
	if len(parts) != 3 {
		return 0, false
	}
	seq, err = strconv.ParseInt(parts[1], 10, 64)
	return seq, err == nil && sdkFileID(seq) == id
}

// serveArchiveMedia: ?sdkfileid= → the bytes, with Range if asked for.
func (s *Server) serveArchiveMedia(w http.ResponseWriter, r *http.Request) {
	var b []byte
	var kind string
	var code int
	s.mu.Lock()
	mine := func() bool {
		defer s.mu.Unlock()
		if !s.archiveCaller(w, r) {
			return false
		}
		b, kind, code = s.archiveBytes(r.URL.Query().Get("sdkfileid"))
		return true
	}()
	if !mine {
		return // it was answered
	}
	if code != 0 {
		answer(w, http.StatusOK, fields{"errcode": code, "errmsg": map[int]string{301048: "sdkfileid does not exist", 301052: "sdkfileid has expired"}[code]})
		return
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", msTime(0), bytes.NewReader(b))
}

// archiveBytes finds what a file id stands for; code says why not.
func (s *Server) archiveBytes(id string) (b []byte, kind string, code int) {
	seq, ok := parseSDKFileID(id)
	k := &s.st.Talk.Archive
	i, found := slices.BinarySearchFunc(k.Messages, seq, func(m archived, seq int64) int { return int(m.Seq - seq) })
	switch {
	case !ok || seq > k.Seq || found && !hasMedia(k.Messages[i].Type):
		return nil, "", 301048
	case !found || i < k.from(s.st.Now):
		return nil, "", 301052
	}
	item := s.archiveItem(&k.Messages[i])
	if item == nil {
		return nil, "", 301048
	}
	kind, _ = mediaType(item.Format, item.Name)
	if drawn := s.talk.drawn[item.ID]; drawn != nil {
		return drawn, kind, 0
	}
	b, err := s.talk.shelf.get(item.Sum)
	if err != nil {
		return nil, "", 301048
	}
	return b, kind, 0
}

// archiveItem is the medium of a message; nil if its bytes are nowhere.
func (s *Server) archiveItem(m *archived) *mediaItem {
	if m.Show != nil {
		return s.st.Talk.Media.Items[m.Show.Media]
	}
	att := m.Att
	if m.Ref != "" {
		att = &s.st.Mass[m.Ref].Parts[m.Part-1]
	}
	id := ""
	switch {
	case att.Image != nil && att.Image.MediaID == "":
		if pic := s.picture(att.Image.PicURL); pic != nil {
			return pic
		}
		return s.drawn(att.Image.PicURL)
	case att.Image != nil:
		id = att.Image.MediaID
	case att.Video != nil:
		id = att.Video.MediaID
	case att.File != nil:
		id = att.File.MediaID
	}
	return s.st.Talk.Media.Items[id]
}

// drawn is the picture of a code, which exists only when somebody looks; nil if the address is not one of a code.
func (s *Server) drawn(address string) *mediaItem {
	if _, _, ok := parseQR(address); !ok {
		return nil
	}
	b := s.talk.drawn[address]
	if b == nil {
		var err error
		if b, err = qrcode.Encode(address, qrcode.Medium, 320); err != nil {
			return nil
		}
		s.talk.drawn[address] = b
	}
	h := md5.Sum(b) //nolint:gosec // as above
	return &mediaItem{ID: address, Kind: mediaImage, MD5: hex.EncodeToString(h[:]), Size: int64(len(b)), Format: "png"}
}
