package sim

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

// The control page: where the simulator stands, what clients need, and levers for everything that can be set while it
// runs. It is plain HTML and JavaScript, without a build.

//go:embed page
var pageFiles embed.FS

// controlRoutes are the page and what it reads besides the other addresses of the simulator.
func (s *Server) controlRoutes(mux *http.ServeMux) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // embedded with the binary
	}
	mux.HandleFunc("GET /sim/{$}", func(w http.ResponseWriter, r *http.Request) {
		pageHeaders(w)
		http.ServeFileFS(w, r, files, "index.html")
	})
	assets := http.StripPrefix("/sim/page/", http.FileServerFS(files))
	mux.HandleFunc("GET /sim/page/{file}", func(w http.ResponseWriter, r *http.Request) {
		pageHeaders(w)
		assets.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /sim/overview", s.serveOverview)
	mux.HandleFunc("GET /sim/codes", s.serveCodes)
	mux.HandleFunc("GET /sim/acts", s.serveActs)
}

func pageHeaders(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: http: https:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
}

// serveOverview is where everything stands.
func (s *Server) serveOverview(w http.ResponseWriter, r *http.Request) {
	st, c, to := s.status(), s.clock(), s.receiver()
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	base := scheme + r.Host
	if s.opt.Standalone && s.base != "" {
		base = s.base
	}
	s.mu.Lock()
	sizes := map[string]int{"members": len(s.st.World.Members), "people": len(s.st.World.People), "departments": len(s.st.World.Departments),
		"groups": 0, "relations": 0, "ways": len(s.st.Ways), "join_ways": len(s.st.Joins), "acts": len(s.st.Acts)}
	for _, g := range s.st.Groups {
		if !g.Dismissed {
			sizes["groups"]++
		}
	}
	for _, e := range s.st.Edges {
		if e.alive() {
			sizes["relations"]++
		}
	}
	counts := s.st.Counts
	s.mu.Unlock()
	keys := s.Sandbox(base)
	keys.ControlURL = base + "/sim/"
	answer(w, http.StatusOK, fields{"status": st, "clock": c, "receiver": to, "keys": keys, "sizes": sizes, "counts": counts, "standalone": s.opt.Standalone,
		"phone": s.opt.Phone != nil, "corp": s.corpName(), "unrated": keys.Unrated})
}

func (s *Server) corpName() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.st.World.Departments {
		if d.ParentID == 0 {
			return d.Name
		}
	}
	return s.opt.CorpID
}

// scannable is something that people can scan or open.
type scannable struct {
	Kind   string `json:"kind"` // way, join, link (获客链接), kf
	ID     string `json:"id"`
	URL    string `json:"url"`
	State  string `json:"state,omitempty"`
	Remark string `json:"remark,omitempty"`
	To     string `json:"to"` // whom or what it leads to
}

// serveCodes lists contact ways, join ways, acquisition links and customer service accounts, and what acts by hand name:
// groups and tags. At most 200 of each; the newest ways come first.
func (s *Server) serveCodes(w http.ResponseWriter, _ *http.Request) {
	const most = 200
	out := []scannable{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, id := range sortedBy(s.st.Ways, func(a, b *contactWay) bool { return a.Created > b.Created }) {
		if i == most {
			break
		}
		x := s.st.Ways[id]
		var names []string
		for _, u := range s.seats(x.Users, x.Parties) {
			names = append(names, s.st.name(u))
		}
		out = append(out, scannable{Kind: "way", ID: id, URL: s.qrURL(qrWay, id), State: x.State, Remark: x.Remark, To: strings.Join(names[:min(len(names), 5)], "、")})
	}
	for i, id := range sortedKeys(s.st.Joins) {
		if i == most {
			break
		}
		x := s.st.Joins[id]
		var names []string
		for _, chat := range x.ChatIDs {
			if g := s.st.Groups[chat]; g != nil {
				names = append(names, g.Name)
			}
		}
		out = append(out, scannable{Kind: "join", ID: id, URL: s.qrURL(qrJoin, id), State: x.State, Remark: x.Remark, To: strings.Join(names, "、")})
	}
	for i, id := range sortedBy(s.st.Acquire.Links, func(a, b *link) bool { return a.Created > b.Created }) {
		if x := s.st.Acquire.Links[id]; i < most && !x.Gone {
			out = append(out, scannable{Kind: "link", ID: id, URL: s.linkURL(id), Remark: x.Name})
		}
	}
	for i, id := range sortedKeys(s.st.Talk.Kf.Accounts) {
		if x := s.st.Talk.Kf.Accounts[id]; i < most && !x.Deleted {
			out = append(out, scannable{Kind: "kf", ID: id, Remark: x.Name})
		}
	}
	type named struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	groups, tags := []named{}, []named{}
	for _, id := range sortedKeys(s.st.Groups) {
		if g := s.st.Groups[id]; !g.Dismissed && len(groups) < most {
			groups = append(groups, named{id, g.Name})
		}
	}
	for _, id := range sortedKeys(s.st.Tags) {
		for _, t := range s.st.Tags[id].Tags {
			if len(tags) < most && !t.Deleted {
				tags = append(tags, named{t.ID, s.st.Tags[id].Name + " / " + t.Name})
			}
		}
	}
	answer(w, http.StatusOK, fields{"items": out, "groups": groups, "tags": tags})
}

// serveActs lists the kinds of POST /sim/act.
func (s *Server) serveActs(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, fields{"kinds": sortedKeys(byHands()), "events": emissionNames()})
}
