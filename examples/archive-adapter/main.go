// Command archive-adapter reads WeCom's chat archive (会话内容存档) through WeCom's closed library and serves it by the
// adapter protocol of docs/archive-adapter.md. It is an example to take over: it needs nothing but Go's standard library
// and, built with the tag sdk, WeCom's library. It keeps nothing: whoever asks says from where.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("archive-adapter", flag.ContinueOnError)
	listen := fs.String("listen", "127.0.0.1:9700", "where to serve")
	corp := fs.String("corp-id", "", "the corp's id, ww…")
	secretFile := fs.String("secret-file", "", "file with the chat archive's secret")
	keyFile := fs.String("key-file", "", "file with the key that callers must show")
	rsaDir := fs.String("rsa-dir", "", "folder of the RSA private keys, called after their version: 1.pem, 2.pem")
	proxy := fs.String("proxy", "", "proxy for WeCom's library, such as socks5://10.0.0.1:8081; empty = none")
	proxyFile := fs.String("proxy-password-file", "", "file with user:password of the proxy")
	skip := fs.Bool("skip-unreadable", false, "pass on messages whose key is lost as unreadable, instead of stopping at them")
	if err := fs.Parse(args); err != nil {
		return err
	}
	secret, err := line(*secretFile)
	if err != nil {
		return fmt.Errorf("--secret-file: %w", err)
	}
	key, err := line(*keyFile)
	if err != nil {
		return fmt.Errorf("--key-file: %w", err)
	}
	password := ""
	if *proxyFile != "" {
		if password, err = line(*proxyFile); err != nil {
			return fmt.Errorf("--proxy-password-file: %w", err)
		}
	}
	keys, err := readKeys(*rsaDir)
	if err != nil {
		return fmt.Errorf("--rsa-dir: %w", err)
	}
	lib, err := openSDK(*corp, secret, *proxy, password)
	if err != nil {
		return err
	}
	defer lib.Close()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: &adapter{sdk: lib, key: key, keys: keys, skip: *skip}, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(closing)
	}()
	log.Printf("serving on %s with %d RSA keys", ln.Addr(), len(keys))
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// line reads a file of one line.
func line(name string) (string, error) {
	raw, err := os.ReadFile(name) //nolint:gosec // the person who starts it names it
	text := strings.TrimSpace(string(raw))
	if err == nil && (text == "" || strings.ContainsAny(text, "\r\n")) {
		err = errors.New("must hold one line")
	}
	return text, err
}
