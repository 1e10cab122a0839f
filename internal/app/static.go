package app

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"qunce/web"
)

// pages serves one built entry: its files as they are, everything else as its index, since the page routes itself.
type pages struct {
	entry  string // console, staff, h5, phone
	prefix string // "/staff"; "" for the console
	files  fs.FS

	mu      sync.Mutex
	zipped  map[string][]byte
	missing bool
}

func newPages(entry, prefix string) (*pages, error) {
	files, err := fs.Sub(web.Dist, "dist/"+entry)
	if err != nil {
		return nil, fmt.Errorf("pages of %s: %w", entry, err)
	}
	p := &pages{entry: entry, prefix: prefix, files: files, zipped: map[string][]byte{}}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		p.missing = true
	}
	return p, nil
}

// policy is what a page may load: only our own files. antd writes its styles into the page.
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'"

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.missing {
		http.Error(w, "这个程序没有带上页面，请用 make build 构建。The pages were not built in: use make build.", http.StatusNotImplemented)
		return
	}
	name := strings.TrimPrefix(path.Clean(strings.TrimPrefix(r.URL.Path, p.prefix)), "/")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "same-origin")
	if info, err := fs.Stat(p.files, name); name == "" || err != nil || info.IsDir() {
		if strings.HasPrefix(name, "assets/") {
			http.NotFound(w, r)
			return
		}
		name = "index.html"
		w.Header().Set("Cache-Control", "no-cache")
	} else if strings.HasPrefix(name, "assets/") { // their names carry a hash of their content
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	p.send(w, r, name)
}

func (p *pages) send(w http.ResponseWriter, r *http.Request, name string) {
	raw, err := fs.ReadFile(p.files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	kind := mime.TypeByExtension(path.Ext(name))
	w.Header().Set("Content-Type", kind)
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || !compressible(kind) {
		_, _ = w.Write(raw)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Vary", "Accept-Encoding")
	_, _ = w.Write(p.zip(name, raw))
}

func compressible(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.Contains(kind, "javascript") || strings.Contains(kind, "json") || strings.Contains(kind, "svg")
}

func (p *pages) zip(name string, raw []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if z, ok := p.zipped[name]; ok {
		return z
	}
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	_, _ = zw.Write(raw) // a buffer does not fail
	_ = zw.Close()
	p.zipped[name] = b.Bytes()
	return b.Bytes()
}
