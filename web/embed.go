// Package web holds the built pages: console, staff pages, customer pages and the simulator's phone. `make build` fills
// dist; a binary built without it says so instead of serving nothing.
package web

import "embed"

// Dist is the output of the web build: console/, staff/, h5/ and phone/.
//
//go:embed all:dist
var Dist embed.FS
