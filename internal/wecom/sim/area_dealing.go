package sim

import "net/http"

// dealingAreas are those of dealing with customers: tags, links, templates, statistics, transfers.
func dealingAreas() []area {
	return []area{{
		routes: func(s *Server, mux *http.ServeMux) { mux.HandleFunc("POST /sim/act", s.serveHand) },
	}}
}
