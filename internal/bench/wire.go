package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// listener is an HTTP server on the loopback interface.
type listener struct {
	address string
	server  *http.Server
	done    chan struct{}
}

// serve starts a server like that of `qunce serve`.
func (r *run) serve(ctx context.Context, h http.Handler) (*listener, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l := &listener{address: ln.Addr().String(), done: make(chan struct{}),
		server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}}
	go func() {
		defer close(l.done)
		_ = l.server.Serve(ln) // ends with close
	}()
	return l, nil
}

func (l *listener) close() {
	_ = l.server.Close()
	<-l.done
}

// deliver sends the requests, each connection one after the other, and expects 200 to each. The client writes prepared
// bytes on a bare connection, so that it takes as little of the machine as possible from what is measured.
func (r *run) deliver(ctx context.Context, l *listener, requests [][]byte, connections int) (delivery, error) {
	return r.spread(len(requests), connections, func(int) (func(i int) error, func(), error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp4", l.address)
		if err != nil {
			return nil, nil, fmt.Errorf("connect: %w", err)
		}
		in := bufio.NewReader(conn)
		send := func(i int) error {
			if _, err := conn.Write(requests[i]); err != nil {
				return fmt.Errorf("send: %w", err)
			}
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				return fmt.Errorf("receive: %w", err)
			}
			defer func() { _ = res.Body.Close() }()
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				return fmt.Errorf("receive: %w", err)
			}
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("the server answered %s", res.Status)
			}
			return nil
		}
		return send, func() { _ = conn.Close() }, nil
	})
}
