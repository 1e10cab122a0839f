package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	qrcode "github.com/skip2/go-qrcode"

	"qunce/internal/wecom"
)

// visit is what a person sees after opening an address: the codes on the page, and its words for the phone. For a
// member's look at the staff pages it is the messages sent from there.
type visit struct {
	Kind    string          `json:"kind"` // staff, group, locator; way or join for a bare code
	StaffQR string          `json:"staff_qr,omitempty"`
	GroupQR string          `json:"group_qr,omitempty"`
	Page    json.RawMessage `json:"page,omitempty"`   // what the landing page was given
	Stores  json.RawMessage `json:"stores,omitempty"` // what the locator found
	Chosen  json.RawMessage `json:"chosen,omitempty"` // what choosing the nearest open store gave

	err  error
	sent []sentHere
}

// ask opens what the act is about; it changes nothing here.
func (s *Server) ask(ctx context.Context, a *act) visit {
	if a.Kind == actStaff {
		return s.lookAtTasks(ctx, a)
	}
	s.mu.Lock()
	p := *s.st.people[a.Person]
	s.mu.Unlock()
	return s.land(ctx, &p, a.URL)
}

// land opens a landing page of the platform as a customer's browser does: the code, then for a locator the nearest
// stores and the choice of the first open one.
func (s *Server) land(ctx context.Context, p *Person, address string) visit {
	origin, token, err := landing(address)
	if err != nil {
		return visit{err: err}
	}
	visitor := openID(p.ExternalUserID)
	var v visit
	var page struct {
		Kind     string `json:"kind"`
		QR       string `json:"qr"`
		Fallback struct {
			QR string `json:"qr"`
		} `json:"fallback"`
	}
	if v.Page, err = s.fetch(ctx, http.MethodGet, origin+"/h5/api/code/"+url.PathEscape(token)+"?v="+url.QueryEscape(visitor), nil, &page); err != nil {
		return visit{err: err}
	}
	v.Kind = page.Kind
	if page.QR == "" {
		page.QR = page.Fallback.QR
	}
	if page.Kind != "locator" {
		switch kind, _, _ := parseQR(page.QR); kind {
		case qrWay:
			v.StaffQR = page.QR
		case qrJoin:
			v.GroupQR = page.QR
		}
		return v
	}
	var found struct {
		Stores []struct {
			ID   json.RawMessage `json:"id"`
			Open bool            `json:"open"`
		} `json:"stores"`
	}
	where := map[string]any{"token": token, "visitor": visitor, "lat": p.Lat, "lng": p.Lng, "coord_system": "gcj02"}
	if v.Stores, err = s.fetch(ctx, http.MethodPost, origin+"/h5/api/locate", where, &found); err != nil {
		return visit{err: err}
	}
	if len(found.Stores) == 0 {
		return v
	}
	choice := found.Stores[0].ID
	for _, st := range found.Stores {
		if st.Open {
			choice = st.ID
			break
		}
	}
	var codes struct {
		StaffQR string `json:"staff_qr"`
		GroupQR string `json:"group_qr"`
	}
	if v.Chosen, err = s.fetch(ctx, http.MethodPost, origin+"/h5/api/locate/choose", map[string]any{"token": token, "visitor": visitor, "store_id": choice}, &codes); err != nil {
		return visit{err: err}
	}
	v.StaffQR, v.GroupQR = codes.StaffQR, codes.GroupQR
	return v
}

// fetch calls the platform's customer API; a failed connection is tried again for ten seconds, since the platform may be
// starting.
func (s *Server) fetch(ctx context.Context, method, address string, in, out any) (json.RawMessage, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
	}
	until := s.wall.Now().Add(patience)
	for {
		raw, status, err := roundTrip(ctx, s.http, method, address, body)
		if (err != nil || status >= 500) && s.wall.Now().Before(until) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(retryAfter):
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("%s answered %d", address, status)
		}
		if err := json.Unmarshal(raw, out); err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
		return raw, nil
	}
}

// roundTrip makes one request. Writes carry what the platform's pages send along.
func roundTrip(ctx context.Context, c *http.Client, method, address string, body []byte) (raw []byte, status int, err error) {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, r)
	if err != nil {
		return nil, 0, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0 wxwork/4.1")
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Qunce", "1")
		req.Header.Set("Idempotency-Key", freshKey())
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("request: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if raw, err = io.ReadAll(io.LimitReader(res.Body, 4<<20)); err != nil {
		return nil, 0, fmt.Errorf("read: %w", err)
	}
	return raw, res.StatusCode, nil
}

// landing splits a landing page's address, …/c/{token}.
func landing(address string) (origin, token string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", "", errors.New("not an address")
	}
	i := strings.LastIndex(u.Path, "/c/")
	if i < 0 || u.Path[i+3:] == "" {
		return "", "", errors.New("not a landing page")
	}
	return u.Scheme + "://" + u.Host + u.Path[:i], strings.TrimSuffix(u.Path[i+3:], "/"), nil
}

func openID(ext string) string { return "o" + strings.TrimPrefix(ext, "wm") }

// Kinds of codes: of contact ways and of join ways.
const (
	qrWay  = "w"
	qrJoin = "j"
)

// parseQR reads the address of a code's picture.
func parseQR(address string) (kind, id string, ok bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", false
	}
	dir, file := path.Split(u.Path)
	for _, k := range []string{qrWay, qrJoin} {
		if strings.HasSuffix(dir, "/sim/qr/"+k+"/") && strings.HasSuffix(file, ".png") {
			return k, strings.TrimSuffix(file, ".png"), true
		}
	}
	return "", "", false
}

func (s *Server) qrURL(kind, id string) string { return s.base + "/sim/qr/" + kind + "/" + id + ".png" }

// serveQR draws a code; scanned by a real phone it only says where it is from.
func (s *Server) serveQR(w http.ResponseWriter, r *http.Request) {
	kind, id, ok := parseQR(r.URL.Path)
	s.mu.Lock()
	known := s.st.Ways[id] != nil && kind == qrWay || s.st.Joins[id] != nil && kind == qrJoin
	s.mu.Unlock()
	if !ok || !known {
		http.NotFound(w, r)
		return
	}
	png, err := qrcode.Encode(s.qrURL(kind, id), qrcode.Medium, 320)
	if err != nil {
		http.Error(w, "cannot draw", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(png)
}

var addresses = regexp.MustCompile(`https?://[^\s"'<>，。！）]+`)

// offers finds what a message invites to: landing pages and codes.
func offers(text string, parts []wecom.Attachment) (pages, codes []string) {
	all := addresses.FindAllString(text, -1)
	for _, p := range parts {
		if p.Link != nil {
			all = append(all, p.Link.URL)
		}
		if p.Image != nil {
			all = append(all, p.Image.PicURL)
		}
	}
	for _, a := range all {
		if kind, _, ok := parseQR(a); ok {
			if kind == qrJoin {
				codes = append(codes, a)
			}
		} else if _, _, err := landing(a); err == nil {
			pages = append(pages, a)
		}
	}
	return pages, codes
}

// follow decides whether a person takes up what a message invites to.
func (s *Server) follow(t *transaction, person, cause, text string, parts []wecom.Attachment) {
	p := s.st.people[person]
	if p == nil {
		return
	}
	pages, codes := offers(text, parts)
	r := dice(s.st.World.Seed, "follow", person, cause)
	if r.Float64() >= s.st.behaviour(p).Join {
		return
	}
	at := t.At + 20*second + r.Int64N(280*second)
	if len(codes) > 0 {
		t.later(at, act{Kind: actJoin, Person: person, URL: codes[0]})
	} else if len(pages) > 0 {
		t.later(at, act{Kind: actScan, Person: person, URL: pages[0], State: keen})
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
