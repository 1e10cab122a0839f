package sim

import (
	"net/http"
	"slices"
	"time"
)

// momentRow is a member's part of a moment as a phone shows it.
type momentRow struct {
	ID        string       `json:"moment_id"`
	UserID    string       `json:"userid"`
	Name      string       `json:"name"`
	At        time.Time    `json:"created_at"`
	Own       bool         `json:"own"` // the member's own, not the corp's
	Text      string       `json:"text"`
	Parts     []momentView `json:"attachments,omitempty"`
	Selected  int          `json:"selected"`
	Published *time.Time   `json:"published_at,omitempty"`
	Seen      int          `json:"seen"`
	Likes     int          `json:"likes"`
	Comments  int          `json:"comments"`
	Cancelled bool         `json:"cancelled,omitempty"`
	Deleted   bool         `json:"deleted,omitempty"`
	Liked     bool         `json:"liked,omitempty"`     // by the person who looks
	Commented bool         `json:"commented,omitempty"` // by the person who looks
}

type momentView struct {
	Type    string `json:"msgtype"`
	MediaID string `json:"media_id,omitempty"`
	Title   string `json:"title,omitempty"`
	URL     string `json:"url,omitempty"`
}

func momentRoutes(s *Server, mux *http.ServeMux) {
	mux.HandleFunc("GET /sim/api/staff/{userid}/moments", s.phoneStaffMoments)
	mux.HandleFunc("GET /sim/api/person/{id}/moments", s.phonePersonMoments)
}

func (s *state) momentRow(m *moment, t *momentTask, person string) momentRow {
	row := momentRow{ID: m.ID, UserID: t.User, Name: s.name(t.User), At: msTime(m.Created), Own: m.Creator != "", Text: m.Text, Selected: len(t.Customers), Seen: len(t.Seen),
		Cancelled: m.Cancelled && t.Published == 0, Deleted: t.Deleted}
	for _, p := range m.Parts {
		row.Parts = append(row.Parts, momentView(p))
	}
	if t.Published > 0 {
		at := msTime(t.Published)
		row.Published = &at
	}
	for _, x := range t.Likes {
		row.Likes += int(b2f(x.At <= s.Now))
		row.Liked = row.Liked || x.Ext == person && x.At <= s.Now
	}
	for _, x := range t.Comments {
		row.Comments += int(b2f(x.At <= s.Now))
		row.Commented = row.Commented || x.Ext == person && x.At <= s.Now
	}
	return row
}

// phoneStaffMoments: a member's moments of the last 30 days, newest first; those without published_at wait for the member.
func (s *Server) phoneStaffMoments(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.st.member(r.PathValue("userid"))
	if who == nil {
		answer(w, http.StatusNotFound, problem{"sim.nobody", "没有这位员工"})
		return
	}
	answer(w, http.StatusOK, fields{"items": s.st.recentMoments(func(t *momentTask) bool { return t.User == who.UserID }, "")})
}

// phonePersonMoments: what a person sees of members' moments, newest first.
func (s *Server) phonePersonMoments(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("id")
	if s.st.people[id] == nil {
		answer(w, http.StatusNotFound, problem{"sim.nobody", "没有这个人"})
		return
	}
	answer(w, http.StatusOK, fields{"items": s.st.recentMoments(func(t *momentTask) bool { return !t.Deleted && slices.Contains(t.Seen, id) }, id)})
}

// recentMoments are at most 50 parts of the last 30 days.
func (s *state) recentMoments(keep func(*momentTask) bool, person string) []momentRow {
	rows, k := []momentRow{}, &s.Talk.Moments
	for i := len(k.Order) - 1; i >= 0; i-- {
		m := k.All[k.Order[i]]
		if s.Now-m.Created > 30*dayMS {
			break
		}
		for _, t := range m.Tasks {
			if keep(t) {
				if rows = append(rows, s.momentRow(m, t, person)); len(rows) == 50 {
					return rows
				}
			}
		}
	}
	return rows
}
