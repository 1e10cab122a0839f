package sim

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"

	"qunce/internal/wecom"
)

// Truth is what really happened, for comparing with what the platform believes. Lists are sorted.
//
// Friends: [userid, external_userid, one_way] – one_way means the customer deleted the member. Members: [chat_id, id],
// staff included. Tags: [userid, external_userid, tag_id]. Delivered: [msgid, userid, recipient]. Welcomes: [userid,
// external_userid, count, latency in wall ms of the last] for every pair that ever had a welcome code. Codes: [config_id,
// state, people who came by it] for every contact way and join way. MassSends: the msgids of all mass sends made by the API.
// Orphans: [userid, external_userid] of customers whose member resigned and whom nobody has taken over; they are nobody's
// friends.
type Truth struct {
	Now       string      `json:"now"`
	Friends   [][3]any    `json:"friends"`
	Members   [][2]string `json:"members"`
	Tags      [][3]string `json:"tags"`
	Delivered [][3]string `json:"delivered"`
	Welcomes  [][4]any    `json:"welcomes"`
	Codes     [][3]any    `json:"codes"`
	MassSends []string    `json:"mass_sends"`
	Orphans   [][2]string `json:"orphans,omitempty"`
	Counts    Counts      `json:"counts"`
}

func (s *Server) serveTruth(w http.ResponseWriter, _ *http.Request) {
	t := s.Truth()
	if err := s.journal.wait(s.journal.last()); err != nil {
		answer(w, http.StatusInternalServerError, problem{"sim.log", err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	b := bufio.NewWriterSize(w, 1<<16)
	_ = json.NewEncoder(b).Encode(t) // the reader may be gone
	_ = b.Flush()
}

// Truth reads the whole truth at one instant.
func (s *Server) Truth() Truth {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.st.truth()
}

func (s *state) truth() Truth {
	t := Truth{Now: msTime(s.Now).UTC().Format("2006-01-02T15:04:05.000Z07:00"), Friends: [][3]any{}, Members: [][2]string{}, Tags: [][3]string{},
		Delivered: [][3]string{}, Welcomes: [][4]any{}, Codes: [][3]any{}, MassSends: []string{}, Counts: s.Counts}
	for _, user := range sortedKeys(s.byUser) {
		for _, ext := range sortedKeys(s.byUser[user]) {
			e := s.byUser[user][ext]
			if e.Codes > 0 {
				t.Welcomes = append(t.Welcomes, [4]any{user, ext, e.Welcomes, e.LatencyMS})
			}
			if !e.alive() {
				continue
			}
			if s.left(user) != nil {
				t.Orphans = append(t.Orphans, [2]string{user, ext})
				continue
			}
			t.Friends = append(t.Friends, [3]any{user, ext, e.Status == edgeOneWay})
			ids := slices.Clone(e.Tags)
			slices.Sort(ids)
			for _, id := range ids {
				t.Tags = append(t.Tags, [3]string{user, ext, id})
			}
		}
	}
	for _, chat := range sortedKeys(s.Groups) {
		if s.Groups[chat].Dismissed {
			continue
		}
		for _, id := range sortedKeys(s.Groups[chat].Members) {
			t.Members = append(t.Members, [2]string{chat, id})
		}
	}
	for _, id := range sortedKeys(s.Ways) {
		t.Codes = append(t.Codes, [3]any{id, s.Ways[id].State, s.Uses[id]})
	}
	for _, id := range sortedKeys(s.Joins) {
		t.Codes = append(t.Codes, [3]any{id, s.Joins[id].State, s.Uses[id]})
	}
	for _, id := range sortedKeys(s.Mass) {
		if s.Mass[id].Creator == "" {
			t.MassSends = append(t.MassSends, id)
		}
		for _, task := range s.Mass[id].Tasks {
			for i, r := range task.Results {
				if r == wecom.SendDone {
					t.Delivered = append(t.Delivered, [3]string{id, task.User, task.Recipients[i]})
				}
			}
		}
	}
	return t
}
