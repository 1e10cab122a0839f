package customer

import (
	"time"

	"qunce/internal/event"
)

// What happens to customers. CustomerID, StaffID and StoreID of the event are set.
const (
	Added    event.Kind = "customer.added"     // a relation with a member of staff began, or began again; Data AddedData
	Ended    event.Kind = "customer.ended"     // it ended; Data EndedData
	Tagged   event.Kind = "customer.tagged"    // Data TagData
	Untagged event.Kind = "customer.untagged"  // Data TagData
	OptedOut event.Kind = "customer.opted_out" // wants no messages any more
	OptedIn  event.Kind = "customer.opted_in"
	Welcomed event.Kind = "customer.welcome_due" // WeCom handed us a welcome code; Data WelcomeData

	TransferFailed event.Kind = "customer.transfer_failed" // the customer was not taken over; StaffID is the taker; Data TransferFailedData
)

// AddedData says how a relation began. NewPerson is true when nobody of the corp knew the customer before, so that people
// and relations are told apart; Again counts earlier beginnings of the same relation.
type AddedData struct {
	UserID         string `json:"userid"`
	ExternalUserID string `json:"external_userid"`
	WayState       string `json:"state"`
	AddWay         int    `json:"add_way"`
	NewPerson      bool   `json:"new_person"`
	Again          int    `json:"again"`
	Found          string `json:"found,omitempty"` // "sync" when no callback told us
}

// EndedData says who ended a relation: "customer", or "staff", who may have handed the customer on to somebody else.
type EndedData struct {
	By             string `json:"by"`
	UserID         string `json:"userid"`
	ExternalUserID string `json:"external_userid"`
	Transferred    bool   `json:"transferred,omitempty"`
}

// TransferFailedData says who was to take a customer over, and why it came to nothing: "customer_refused" or
// "customer_limit_exceed" (the taker's number of customers).
type TransferFailedData struct {
	UserID         string `json:"userid"`
	ExternalUserID string `json:"external_userid"`
	Reason         string `json:"reason"`
}

// TagData is one corp tag on a relation.
type TagData struct {
	TagID string `json:"tag_id"`
	Name  string `json:"name"`
	By    string `json:"by"` // "staff" or "system"
}

// WelcomeData carries the code that lets us send one welcome within 20 s of Received (wall time).
type WelcomeData struct {
	UserID         string    `json:"userid"`
	ExternalUserID string    `json:"external_userid"`
	WayState       string    `json:"state"`
	Name           string    `json:"name"`
	Consent        bool      `json:"consent,omitempty"` // the code came with the consent to the archive and ends the one before it
	Code           string    `json:"-"`
	Received       time.Time `json:"received"`
}
