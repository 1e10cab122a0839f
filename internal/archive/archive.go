// Package archive keeps what was said in the corp's chats (会话存档): it reads the messages that WeCom archives, keeps them
// by the month, finds any piece of two characters or more in them (package gram), and knows who agreed to being archived.
//
//	archive.go    types and pure rules
//	decode.go     what a message of each kind holds and says
//	source.go     the two-method interface, and the adapter protocol that implements it over HTTP
//	pull.go       reading on, exactly once, and noticing gaps
//	search.go     finding, newest first
//	view.go       conversations and the place of a message in them
//	consent.go    who agreed, who has a seat; reconciled with WeCom
//	media.go      files, kept within WeCom's five days
//	partition.go  months, retention, erasure
//
// WeCom gives messages only through a closed library; it stands in a process of the installer's, behind the protocol of
// source.go (docs/archive-adapter.md). The position and the messages read up to it are written in one transaction, and a
// message's id is claimed once, so nothing is lost or doubled however often the process dies. What is missing is shown as
// a gap, never smoothed over.
//
// Nothing here decides who may read: the permission and the scope do. Every look at content names a purpose and a reason,
// and is recorded. Nothing here writes to WeCom.
package archive

import (
	"strings"
	"time"

	"qunce/internal/pg"
)

// Place is where something was said.
type Place string

// The places; the CHECKs list the same.
const (
	Single   Place = "single"   // a member and somebody outside
	Internal Place = "internal" // members among themselves
	Room     Place = "room"     // a group of any kind
)

// Places lists all of them.
func Places() []Place { return []Place{Single, Internal, Room} }

// State of somebody's consent in one chat. Unknown is not a no: WeCom was asked and did not say, or was never asked.
type State string

// The states; the CHECK of archive_consent lists the same.
const (
	Agree    State = "agree"
	Disagree State = "disagree"
	Unknown  State = "unknown"
)

// States lists all of them.
func States() []State { return []State{Agree, Disagree, Unknown} }

// Origin is how we know of a consent.
type Origin string

// The origins; the CHECK of archive_consent lists the same.
const (
	ByCallback Origin = "callback"
	ByMessage  Origin = "message"
	ByCheck    Origin = "check"
)

// Origins lists all of them.
func Origins() []Origin { return []Origin{ByCallback, ByMessage, ByCheck} }

// MediaState is what became of a file.
type MediaState string

// The states; the CHECK of archive_media lists the same.
const (
	Listed   MediaState = "listed" // only its description is here
	Wanted   MediaState = "wanted"
	Stored   MediaState = "stored"
	Expired  MediaState = "expired" // WeCom has it no more
	TooLarge MediaState = "too_large"
	Failed   MediaState = "failed"
)

// MediaStates lists all of them.
func MediaStates() []MediaState {
	return []MediaState{Listed, Wanted, Stored, Expired, TooLarge, Failed}
}

// KeptAtWeCom is how long WeCom holds messages and files for the archive.
const KeptAtWeCom = 5 * 24 * time.Hour

// Settings are what an administrator decides. They are kept as JSON; what is missing there has the default.
type Settings struct {
	RetentionMonths int  `json:"retention_months" minimum:"1" maximum:"60"`
	FetchMedia      bool `json:"fetch_media" doc:"fetch every file by itself, within the five days that WeCom keeps it"`
	MediaMaxMB      int  `json:"media_max_mb" minimum:"1" maximum:"100" doc:"larger files are not kept"`
}

// Defaults are what the product ships with: six months, and no file unless somebody looks at it.
func Defaults() Settings { return Settings{RetentionMonths: 6, MediaMaxMB: 20} }

// isOutside tells somebody outside by the prefix of the id, as WeCom's own documentation does; isRobot a robot.
func isOutside(id string) bool { return strings.HasPrefix(id, "wm") || strings.HasPrefix(id, "wo") }
func isRobot(id string) bool   { return strings.HasPrefix(id, "wb") }

// isMember tells the corp's own people: they are neither outside nor robots.
func isMember(id string) bool { return id != "" && !isOutside(id) && !isRobot(id) }

// chatOf says in which chat a message was written: its key, its place, the member whose chat it is and the other one.
func chatOf(from string, to []string, room string) chat {
	if room != "" {
		return chat{key: "r/" + room, place: Room, room: room}
	}
	people := []string{from}
	for _, t := range to {
		if t != "" && t != from {
			people = append(people, t)
		}
	}
	var members, others []string
	for _, p := range people {
		if isMember(p) {
			members = append(members, p)
		} else if p != "" {
			others = append(others, p)
		}
	}
	switch {
	case len(members) > 0 && len(others) > 0:
		return chat{key: "s/" + members[0] + "/" + others[0], place: Single, member: members[0], peer: others[0]}
	case len(members) > 1:
		a, b := min(members[0], members[1]), max(members[0], members[1])
		return chat{key: "i/" + a + "/" + b, place: Internal, member: a, peer: b}
	case len(members) == 1:
		return chat{key: "i/" + members[0] + "/", place: Internal, member: members[0]}
	case len(others) > 1: // a robot and somebody outside
		a, b := min(others[0], others[1]), max(others[0], others[1])
		return chat{key: "i/" + a + "/" + b, place: Internal, peer: b}
	}
	return chat{key: "i//", place: Internal}
}

// chat is a conversation as a message names it.
type chat struct {
	key    string
	place  Place
	member string
	peer   string
	room   string
}

// Tables declares what this package owns. Messages say nothing of the customer but WeCom's id, so a merge of two customers
// changes nothing here; an erasure takes the person's single chats, and in groups what the person wrote.
func Tables() []pg.Table {
	const owner = "archive"
	byMonth := "as many months as the setting says, by partition"
	return []pg.Table{
		{Name: "archive_state", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none"},
		{Name: "archive_setting", Owner: owner, Family: pg.Reference, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none"},
		{Name: "archive_key", Owner: owner, Family: pg.ByValue, Key: "msg_id", Merge: "keep", Erase: "keep", Retention: "40 days", Sampling: "none"},
		{Name: "archive_chat", Owner: owner, Family: pg.ByValue, Key: "key", Personal: []string{"key", "peer"}, Merge: "keep", Erase: "delete", Retention: "until its last message and its consents go", Sampling: "none"},
		{Name: "archive_message", Owner: owner, Family: pg.ByGroup, Key: "chat_id", Personal: []string{"sender", "body", "norm", "payload", "grams"}, Merge: "keep", Erase: "delete", Retention: byMonth, Sampling: "none"},
		{Name: "archive_consent", Owner: owner, Family: pg.ByGroup, Key: "chat_id", Personal: []string{"external_userid"}, Merge: "keep", Erase: "delete", Retention: "follow relation or stay", Sampling: "none"},
		{Name: "archive_gap", Owner: owner, Family: pg.Local, Merge: "keep", Erase: "keep", Retention: "for ever", Sampling: "none"},
		{Name: "archive_seat", Owner: owner, Family: pg.ByStaff, Key: "staff_id", Merge: "keep", Erase: "keep", Retention: "36 months after its end", Sampling: "none"},
		{Name: "archive_media", Owner: owner, Family: pg.ByGroup, Key: "chat_id", Personal: []string{"file_id", "name"}, Merge: "keep", Erase: "delete", Retention: byMonth, Sampling: "none"},
		{Name: "archive_chunk", Owner: owner, Family: pg.ByGroup, Key: "chat_id", Personal: []string{"data"}, Merge: "keep", Erase: "delete", Retention: byMonth, Sampling: "none"},
	}
}
