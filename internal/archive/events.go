package archive

import "qunce/internal/event"

// What others may hear: somebody outside agreed to the archive in one chat, or took it back.
const (
	Agreed    event.Kind = "archive.agreed"
	Disagreed event.Kind = "archive.disagreed"
)

// ConsentData is the data of both. In a group RoomID names it; in a single chat it is empty.
type ConsentData struct {
	ExternalUserID string `json:"external_userid"`
	RoomID         string `json:"room_id,omitempty"`
	Source         Origin `json:"source"`
}
