package send

import (
	"errors"
	"testing"
	"time"

	"qunce/internal/wecom"
)

func TestAdvance(t *testing.T) {
	issued := time.Date(2026, 11, 18, 19, 0, 0, 0, time.UTC)
	closes := issued.Add(26 * time.Hour)
	confirmed := issued.Add(5 * time.Minute)
	open := send{State: Created, IssuedAt: &issued, CloseAt: closes}
	yes := reading{confirmed: true, confirmedAt: confirmed}
	with := func(change func(*send)) send { x := open; change(&x); return x }
	for name, c := range map[string]struct {
		x       send
		r       reading
		pending int
		now     time.Time
		want    State
		next    time.Duration // after issued; 0 = none
		cancel  bool
		reissue bool
	}{
		"first look too early":      {x: open, r: reading{err: errors.New("41063")}, pending: 3, now: issued.Add(time.Minute), want: Created, next: 16 * time.Minute},
		"not confirmed":             {x: open, pending: 3, now: issued.Add(15 * time.Minute), want: Created, next: time.Hour},
		"not confirmed after hours": {x: open, pending: 3, now: issued.Add(3 * time.Hour), want: Created, next: 4 * time.Hour},
		"last look at the close":    {x: open, pending: 3, now: issued.Add(25*time.Hour + 30*time.Minute), want: Created, next: 26 * time.Hour},
		"closes unconfirmed":        {x: open, pending: 3, now: closes, want: Created, cancel: true},
		"taken back":                {x: with(func(x *send) { x.Closing = true }), pending: 3, now: closes, want: Cancelled},
		"confirmation was faster":   {x: with(func(x *send) { x.Closing = true }), r: yes, pending: 0, now: closes, want: Finished},
		"all reached":               {x: open, r: yes, pending: 0, now: issued.Add(15 * time.Minute), want: Finished},
		"some still under way":      {x: open, r: yes, pending: 1, now: issued.Add(15 * time.Minute), want: Confirmed, next: time.Hour},
		"rest never came":           {x: with(func(x *send) { x.State, x.ConfirmedAt = Confirmed, &confirmed }), pending: 1, now: closes, want: Finished},
		"somebody taken out":        {x: with(func(x *send) { x.Closing, x.Reissue = true, true }), pending: 2, now: issued.Add(time.Hour), want: Cancelled, reissue: true},
		"everybody taken out":       {x: with(func(x *send) { x.Closing, x.Reissue = true, true }), pending: 0, now: issued.Add(time.Hour), want: Cancelled},
		"taken out too late":        {x: with(func(x *send) { x.Closing, x.Reissue = true, true }), pending: 2, now: closes, want: Cancelled},
		"unreadable for days":       {x: open, r: reading{err: errors.New("gone")}, pending: 2, now: closes.Add(Patience + time.Minute), want: Finished},
	} {
		t.Run(name, func(t *testing.T) {
			p := advance(c.x, c.r, c.pending, c.now)
			if p.state != c.want || p.cancel != c.cancel || p.reissue != c.reissue {
				t.Errorf("got %+v", p)
			}
			switch {
			case c.next == 0 && p.next != nil:
				t.Errorf("asks again at %s", p.next)
			case c.next != 0 && (p.next == nil || !p.next.Equal(issued.Add(c.next))):
				t.Errorf("asks again at %v, want %s after", p.next, c.next)
			}
			if p.next != nil && !p.next.After(c.now) {
				t.Error("asks again without end")
			}
		})
	}
}

func TestChunksKeepEverybody(t *testing.T) {
	for _, c := range []struct {
		chat  string
		n     int
		sizes []int
	}{
		{wecom.ChatSingle, 1, []int{1}}, {wecom.ChatSingle, 10_000, []int{10_000}}, {wecom.ChatSingle, 10_001, []int{10_000, 1}},
		{wecom.ChatGroup, 2_000, []int{2_000}}, {wecom.ChatGroup, 4_500, []int{2_000, 2_000, 500}},
	} {
		got := chunks(c.chat, make([]Recipient, c.n))
		if len(got) != len(c.sizes) {
			t.Fatalf("%s %d: %d chunks", c.chat, c.n, len(got))
		}
		for i, part := range got {
			if len(part) != c.sizes[i] {
				t.Errorf("%s %d: chunk %d of %d", c.chat, c.n, i, len(part))
			}
		}
	}
}

func TestFingerprintTellsSendsApart(t *testing.T) {
	seen := map[string]string{}
	for name, f := range map[string]func() (string, error){
		"plain":  func() (string, error) { return fingerprint("wang", wecom.ChatSingle, Content{Text: "a"}) },
		"sender": func() (string, error) { return fingerprint("li", wecom.ChatSingle, Content{Text: "a"}) },
		"kind":   func() (string, error) { return fingerprint("wang", wecom.ChatGroup, Content{Text: "a"}) },
		"text":   func() (string, error) { return fingerprint("wang", wecom.ChatSingle, Content{Text: "b"}) },
		"attachment": func() (string, error) {
			return fingerprint("wang", wecom.ChatSingle, Content{Text: "a", Attachments: []wecom.Attachment{{MsgType: "link"}}})
		},
	} {
		p, err := f()
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[p]; twice {
			t.Errorf("%s and %s look the same", name, other)
		}
		seen[p] = name
	}
	again, _ := fingerprint("wang", wecom.ChatSingle, Content{Text: "a"})
	if seen[again] != "plain" {
		t.Error("the same send looks different the second time")
	}
}
