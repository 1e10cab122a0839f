package sim

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"

	"qunce/internal/clock"
)

// Members with a StaffURL look at the platform's staff pages a few times of their working day, as people do: after opening,
// before noon, in the quiet of the afternoon, and twice in the evening. They do what is to be sent from the chat's sidebar.
// Each has a browser with its own cookies, signed in through OAuth.

// lookAt are the minutes of the day at which members look; each comes up to half an hour later, always the same.
var lookAt = []int{9*60 + 5, 11*60 + 15, 15*60 + 30, 19*60 + 5, 20*60 + 40}

// nextLook is the next time after ms at which the member looks, in Unix milliseconds.
func nextLook(seed uint64, m *Member, ms int64) int64 {
	late := time.Duration(dice(seed, "late", m.UserID).IntN(30)) * time.Minute
	for day := clock.Day(time.UnixMilli(ms)); ; day = day.AddDate(0, 0, 1) {
		for _, minute := range lookAt {
			at := day.Add(time.Duration(minute)*time.Minute + late).UnixMilli()
			if at > ms && m.working(at) == at {
				return at
			}
		}
		if day.UnixMilli() > ms+2*dayMS { // works at none of those hours
			return m.working(ms + dayMS)
		}
	}
}

type browsers struct {
	mu     sync.Mutex
	byUser map[string]*http.Client
}

// sentHere is a message a member sent by a tap in the sidebar.
type sentHere struct {
	External string
	Chat     string
	Text     string
}

func (s *Server) browser(user string) *http.Client {
	s.staff.mu.Lock()
	defer s.staff.mu.Unlock()
	c := s.staff.byUser[user]
	if c == nil {
		jar, _ := cookiejar.New(nil) // never fails without options
		c = &http.Client{Transport: s.http.Transport, Timeout: 10 * time.Second, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		s.staff.byUser[user] = c
	}
	return c
}

// lookAtTasks reads a member's tasks and reports those done here. It draws which from the seed.
func (s *Server) lookAtTasks(ctx context.Context, a *act) visit {
	s.mu.Lock()
	who, seed := s.st.member(a.User), s.st.World.Seed
	if who == nil { // resigned
		s.mu.Unlock()
		return visit{}
	}
	m := *who
	s.mu.Unlock()
	if dice(seed, "look", m.UserID, itoa(int(a.At))).Float64() >= m.Diligence {
		return visit{}
	}
	tasks, err := s.staffTasks(ctx, &m)
	if err != nil {
		return visit{err: err}
	}
	var v visit
	for _, task := range tasks {
		id := strings.Trim(string(task.ID), `"`)
		if task.How != "send_here" || task.State != "open" && task.State != "" || dice(seed, "do", m.UserID, id).Float64() >= m.Diligence {
			continue
		}
		_, status, err := roundTrip(ctx, s.browser(m.UserID), http.MethodPost, strings.TrimRight(m.StaffURL, "/")+"/api/tasks/"+url.PathEscape(id)+"/sent", []byte("{}"))
		if err == nil && status < 300 {
			v.sent = append(v.sent, sentHere{External: task.Target.External, Chat: task.Target.Chat, Text: task.Text})
		}
	}
	return v
}

type staffTask struct {
	ID     json.RawMessage `json:"id"`
	How    string          `json:"how"`
	State  string          `json:"state"`
	Text   string          `json:"text"`
	Target struct {
		External string `json:"external_userid"`
		Chat     string `json:"chat_id"`
	} `json:"target"`
}

// staffTasks reads the list of the day, signing in when the platform asks for it.
func (s *Server) staffTasks(ctx context.Context, m *Member) ([]staffTask, error) {
	base := strings.TrimRight(m.StaffURL, "/")
	for signedIn := false; ; signedIn = true {
		raw, status, err := roundTrip(ctx, s.browser(m.UserID), http.MethodGet, base+"/api/today", nil)
		if err != nil {
			return nil, err
		}
		if status == http.StatusUnauthorized && !signedIn {
			if err := s.signIn(ctx, m, base+"/login?redirect=1"); err != nil {
				return nil, err
			}
			continue
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("%s answered %d", base, status)
		}
		var out struct {
			Tasks []staffTask `json:"tasks"`
		}
		if err := json.Unmarshal(raw, &out); err != nil {
			return nil, fmt.Errorf("%s: %w", base, err)
		}
		return out.Tasks, nil
	}
}

// signIn walks the redirects as a webview does; the step at WeCom's authorize page is answered here, as the member.
func (s *Server) signIn(ctx context.Context, m *Member, address string) error {
	c := s.browser(m.UserID)
	for range 10 {
		u, err := url.Parse(address)
		if err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		if strings.HasSuffix(u.Path, "/connect/oauth2/authorize") {
			back, err := s.authorize(u.Query(), "staff:"+m.UserID)
			if err != nil {
				return err
			}
			address = back
			continue
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		res, err := c.Do(req)
		if err != nil {
			return fmt.Errorf("sign in: %w", err)
		}
		_ = res.Body.Close()
		if res.StatusCode < 300 {
			return nil
		}
		next, err := res.Location()
		if err != nil || res.StatusCode >= 400 {
			return fmt.Errorf("sign in: %s answered %d", u.Path, res.StatusCode)
		}
		address = next.String()
	}
	return errors.New("sign in: too many redirects")
}

// afterStaff notes what was sent and plans the next look.
func (s *Server) afterStaff(t *transaction, a *act, v visit) {
	if v.err != nil {
		s.say("staff page of %s: %v", a.User, v.err)
	}
	for _, m := range v.sent {
		s.sidebar(t, a.User, m)
	}
	if m := s.st.member(a.User); m != nil {
		t.later(nextLook(s.st.World.Seed, m, t.At), act{Kind: actStaff, User: a.User})
	}
}

// sidebar puts a message that a member sent by a tap into the chat; false if the member has no such chat.
func (s *Server) sidebar(t *transaction, user string, m sentHere) bool {
	if m.Chat != "" {
		g := s.st.Groups[m.Chat]
		if g == nil || g.Dismissed || g.Members[user] == nil {
			return false
		}
		t.do(op{K: opSay, Chat: m.Chat, ID: user, Name: "sidebar", Text: m.Text})
		return true
	}
	if e := s.st.edge(user, m.External); e == nil || e.Status != edgeFull {
		return false
	}
	t.do(op{K: opTalk, User: user, Ext: m.External, ID: user, Name: "sidebar", Text: m.Text})
	return true
}

func freshKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}
