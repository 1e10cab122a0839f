// Command run gives a command a PostgreSQL for tests:
//
//	go run ./internal/pg/pgtest/run -- go test ./...
//
// It starts a private server without durability in a fresh folder, names it in QUNCE_TEST_DATABASE_URL, runs the
// command, stops the server, and exits with the command's code. If the variable is set already, the command uses that
// server. With -keep DIR it is the keeper of the server that tests share when nobody names one.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"qunce/internal/pg/embedded"
	"qunce/internal/pg/pgtest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case len(args) == 2 && args[0] == "-keep":
		if err := pgtest.Keep(ctx, args[1]); err != nil {
			return 1, err
		}
		return 0, nil
	case len(args) >= 2 && args[0] == "--":
		return with(ctx, args[1:])
	}
	return 2, errors.New("usage: run -- command arguments…, or run -keep folder")
}

// with runs the command beside a server of its own and returns the command's exit code.
func with(ctx context.Context, command []string) (code int, err error) {
	url := os.Getenv(pgtest.URLEnv)
	if url == "" {
		dir, err := os.MkdirTemp(pgtest.Folder(), "qunce-test-pg-run-")
		if err != nil {
			return 1, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		server, err := embedded.Start(ctx, embedded.Options{Dir: dir})
		if err != nil {
			return 1, err
		}
		defer func() {
			if stopErr := server.Stop(); stopErr != nil && err == nil {
				code, err = 1, stopErr
			}
		}()
		url = server.URL()
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	// A terminal's Ctrl-C reaches the command by itself; a SIGTERM to us is passed on.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pgtest.URLEnv+"="+url)
	runErr := cmd.Run()
	var exit *exec.ExitError
	if errors.As(runErr, &exit) {
		return max(exit.ExitCode(), 1), nil // -1 means ended by a signal
	}
	if runErr != nil {
		return 1, runErr
	}
	return 0, nil
}
