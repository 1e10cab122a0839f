// Package send does the mechanics of mass sends (群发): it has WeCom make the task that a member of staff confirms, and
// reads back who was reached.
//
//	send.go     types and the pure rules: chunks, fingerprints, when to ask next, what a reading means
//	service.go  planning and withdrawing
//	call.go     the calls of the outbox, and finding out about one whose answer got lost
//	poll.go     reading results, outside transactions, and applying the difference
//	store.go    all SQL, in sets
//
// Invariants: a send is made at WeCom once, however often the program dies: while one is in flight no other of the same
// sender, kind of chat and content is, so a lost answer is found by looking for it. Everything a recipient's touch holds
// is settled: delivered, failed, or released. A created send cannot drop a recipient; taking somebody out means
// cancelling it and making it anew, and when the confirmation was faster, that is what is recorded. The package never
// decides who may be reached: recipients come with an allowed touch.
package send

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"qunce/internal/media"
	"qunce/internal/pg"
	"qunce/internal/wecom"
)

// State of a send.
type State string

// The states; the CHECK of send_send lists the same.
const (
	Planned   State = "planned"   // WeCom does not know it yet
	Created   State = "created"   // the member of staff has it in their client
	Confirmed State = "confirmed" // and has confirmed; results are coming in
	Finished  State = "finished"  // nothing more is expected
	Cancelled State = "cancelled" // never confirmed, taken back
	Broken    State = "failed"    // WeCom refused it
)

// States lists all of them.
func States() []State { return []State{Planned, Created, Confirmed, Finished, Cancelled, Broken} }

// Statuses of a recipient; the CHECK of send_recipient lists the same.
const (
	Pending    = "pending"
	Reached    = "delivered"
	NotAFriend = "not_friend" // the customer has deleted the sender
	OverCap    = "over_cap"   // the platform's receive quota was used up
	Invalid    = "invalid"    // WeCom did not take the recipient
	Unsent     = "unsent"     // never sent
)

// Statuses lists all of them.
func Statuses() []string { return []string{Pending, Reached, NotAFriend, OverCap, Invalid, Unsent} }

// Content is what is sent: the same to every recipient.
type Content struct {
	Text        string             `json:"text"`
	Attachments []wecom.Attachment `json:"attachments,omitempty"` // that need no upload
	Parts       []media.Part       `json:"parts,omitempty"`
}

// Recipient is a customer or a group, with the touch that allows it.
type Recipient struct {
	External   string // external_userid of a customer
	ChatID     string // of a group
	CustomerID int64
	GroupID    int64
	TouchID    int64
}

func (r Recipient) to() string { return r.External + r.ChatID }

// NewSend is a mass send to be made for one member of staff. ChatType is wecom.ChatSingle or wecom.ChatGroup. More
// recipients than WeCom takes at once become several sends of the same task.
type NewSend struct {
	StaffID    int64
	UserID     string
	ChatType   string
	Key        string // unique per member of staff, for ever
	Content    Content
	Recipients []Recipient
	WindowEnd  time.Time
	CloseAt    time.Time // when an unconfirmed one is taken back; zero means a day after WindowEnd
	TaskID     int64
	CauseID    int64
}

// WeCom's limits of recipients per call.
const (
	MaxCustomers = 10_000
	MaxGroups    = 2_000
)

// Patience is how long after its window an unconfirmed send stays, unless it says otherwise.
const Patience = 24 * time.Hour

// chunks splits recipients by WeCom's limit.
func chunks(chatType string, list []Recipient) [][]Recipient {
	limit := MaxCustomers
	if chatType == wecom.ChatGroup {
		limit = MaxGroups
	}
	var out [][]Recipient
	for len(list) > limit {
		out = append(out, list[:limit])
		list = list[limit:]
	}
	return append(out, list)
}

// fingerprint is what WeCom's list lets us recognise a send by: who sends what into which kind of chat.
func fingerprint(userID, chatType string, c Content) (string, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("content of a send: %w", err)
	}
	sum := sha256.Sum256([]byte(userID + "\x00" + chatType + "\x00" + string(raw)))
	return hex.EncodeToString(sum[:16]), nil
}

// send is a row of send_send.
type send struct {
	StaffID, ID int64
	Key         string
	ChatType    string
	UserID      string
	Content     Content
	TaskID      int64
	State       State
	MsgID       string
	WindowEnd   time.Time
	CloseAt     time.Time
	CreatedAt   time.Time
	IssuedAt    *time.Time
	ConfirmedAt *time.Time
	Polls       int
	Closing     bool
	Reissue     bool
	CauseID     int64
}

// Result says who was reached of one send: what WeCom showed at one reading.
type reading struct {
	confirmed   bool
	confirmedAt time.Time // zero if not known
	results     []result
	err         error
}

// result is one recipient's outcome; a pending one is not listed.
type result struct {
	to     string
	status string
	at     time.Time
}

// statusOf translates WeCom's number; "" is still pending.
func statusOf(n int) string {
	switch n {
	case wecom.SendDone:
		return Reached
	case wecom.SendNotFriend:
		return NotAFriend
	case wecom.SendOverCap:
		return OverCap
	}
	return ""
}

// progress is what a reading means for a send.
type progress struct {
	state       State
	confirmedAt *time.Time
	next        *time.Time // when to ask again; nil = not by itself
	cancel      bool       // take it back at WeCom, then read once more
	reissue     bool       // make it anew for those still pending
}

// ended reports whether those still pending will never get it from this send.
func (p progress) ended() bool { return p.state == Finished || p.state == Cancelled }

// advance is the rule: x as it stood, r what WeCom shows, pending how many recipients have no result after it.
func advance(x send, r reading, pending int, now time.Time) progress {
	p := progress{state: x.State, confirmedAt: x.ConfirmedAt}
	if r.err != nil {
		if now.After(x.CloseAt.Add(Patience)) { // nothing will come any more
			p.state = Finished
			return p
		}
		p.next = at(now.Add(pollFirst))
		return p
	}
	if r.confirmed && x.ConfirmedAt == nil {
		when := r.confirmedAt
		if when.IsZero() {
			when = now
		}
		p.state, p.confirmedAt = Confirmed, &when
	}
	over := !now.Before(x.CloseAt)
	switch {
	case p.confirmedAt != nil && (pending == 0 || over):
		p.state = Finished
	case p.confirmedAt != nil:
		p.next = nextPoll(x, now)
	case x.Closing && x.Reissue && !over && pending > 0:
		p.state, p.reissue = Cancelled, true
	case x.Closing:
		p.state = Cancelled
	case over:
		p.cancel = true
	default:
		p.next = nextPoll(x, now)
	}
	return p
}

// How often results are asked for, on the corp's clock.
const (
	pollFirst = 15 * time.Minute
	pollLater = time.Hour
)

// nextPoll is 15 minutes after the send was made, then an hour after it, then hourly, and at the latest when it closes.
func nextPoll(x send, now time.Time) *time.Time {
	next := now.Add(pollLater)
	if x.IssuedAt != nil {
		for _, d := range []time.Duration{pollFirst, pollLater} {
			if t := x.IssuedAt.Add(d); t.After(now) {
				next = t
				break
			}
		}
	}
	if next.After(x.CloseAt) && now.Before(x.CloseAt) {
		next = x.CloseAt
	}
	return &next
}

func at(t time.Time) *time.Time { return &t }

// Tables declares what this package owns.
func Tables() []pg.Table {
	return []pg.Table{
		{Name: "send_send", Owner: "send", Family: pg.ByStaff, Key: "staff_id", Merge: "keep", Erase: "keep", Retention: "24 months", Sampling: "none"},
		{Name: "send_recipient", Owner: "send", Family: pg.ByStaff, Key: "staff_id", Personal: []string{"recipient"}, Merge: "rewrite customer_id", Erase: "delete", Retention: "24 months", Sampling: "none"},
	}
}
