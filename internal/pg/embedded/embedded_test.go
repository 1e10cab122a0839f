package embedded

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"qunce/internal/errs"
)

// parentEnv makes the test binary behave as a parent that starts a server in the named folder and never stops it.
const parentEnv = "QUNCE_TEST_EMBEDDED_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentEnv); dir != "" {
		parent(dir)
	}
	os.Exit(m.Run())
}

// parent starts a server, writes one row and says so on its output; then it waits for its own kill.
func parent(dir string) {
	ctx := context.Background()
	s, err := Start(ctx, Options{Dir: dir, Durable: true})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	if err := exec1(ctx, s.URL(), `CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)`); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("ready", s.Pid())
	select {}
}

// folder makes a data folder, in memory where that is possible: making a cluster there takes half the time.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "qunce-embedded-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func exec1(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// start starts a server that the test stops.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func count(t *testing.T, url, table string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// eventually waits for a condition of another process, which we can only look at.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited 30 s in vain: %s", what)
		case <-tick.C:
		}
	}
}

func TestStartStopStart(t *testing.T) {
	dir := folder(t)
	s := start(t, Options{Dir: dir})
	if err := exec1(t.Context(), s.URL(), `CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	if url, err := Attach(dir); err != nil || url != s.URL() {
		t.Fatalf("Attach = %q, %v", url, err)
	}
	for _, name := range []string{passwordFile, announceFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", name, info.Mode(), err)
		}
	}
	wrong := strings.Replace(s.URL(), s.password, "guess", 1)
	if err := exec1(t.Context(), wrong, `SELECT 1`); err == nil {
		t.Error("a wrong password was let in")
	}
	pid := s.Pid()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("the server lives on after Stop")
	}
	if _, err := Attach(dir); !errs.Is(err, "pg.not_running") {
		t.Errorf("Attach to a stopped server: %v", err)
	}
	again := start(t, Options{Dir: dir})
	if n := count(t, again.URL(), "kept"); n != 1 {
		t.Fatalf("%d rows after a restart, want 1", n)
	}
	var collation string
	conn, err := pgx.Connect(t.Context(), again.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), `SELECT datcollate FROM pg_database WHERE datname = 'qunce'`).Scan(&collation); err != nil || collation != "C.UTF-8" {
		t.Fatalf("collation %q, %v", collation, err)
	}
}

func TestRootRunsInANamespaceUnderAClosedFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root needs it")
	}
	closed := filepath.Join(folder(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{Dir: filepath.Join(closed, "pg")})
	if s.identity.kind != byNamespace {
		t.Skip("user namespaces are unavailable here")
	}
	info, err := os.Stat(s.cluster)
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Fatalf("the cluster should belong to root: %v", err)
	}
}

func TestRootWithoutNamespacesRunsElsewhere(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root needs it")
	}
	open, err := os.MkdirTemp("", "qunce-embedded-") // folder(t) is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(open) })
	if err := os.Chmod(open, 0o711); err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	s := start(t, Options{Dir: dir, noNamespace: true, elsewhere: open})
	if err := exec1(t.Context(), s.URL(), `CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	// The location file decides from now on, whatever the machine has learned meanwhile.
	again := start(t, Options{Dir: dir})
	if n := count(t, again.URL(), "kept"); n != 1 || !strings.HasPrefix(again.cluster, open) {
		t.Fatalf("%d rows in %s", n, again.cluster)
	}
}

func TestSecondParentIsRefused(t *testing.T) {
	dir := folder(t)
	start(t, Options{Dir: dir})
	_, err := Start(t.Context(), Options{Dir: dir})
	if !errs.Is(err, "pg.folder_in_use") || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Fatalf("got %v", err)
	}
}

func TestTakenPortIsReported(t *testing.T) {
	first := start(t, Options{Dir: folder(t)})
	dir := folder(t)
	if _, err := Start(t.Context(), Options{Dir: dir, Port: first.port}); err == nil {
		t.Fatal("two servers on one port")
	}
	start(t, Options{Dir: dir}) // the failed start holds nothing
}

// startParent runs a parent process on the folder and returns it with the pid of its postmaster.
func startParent(t *testing.T, dir string) (cmd *exec.Cmd, postmaster int) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, scanErr := fmt.Sscanf(line, "ready %d", &postmaster); scanErr != nil {
		t.Fatalf("the parent said %q, %v", line, err)
	}
	return cmd, postmaster
}

func TestServerEndsWithItsParentAndDataStays(t *testing.T) {
	dir := folder(t)
	for round, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL} {
		cmd, postmaster := startParent(t, dir)
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if round < 2 { // in the last round the next Start meets the server still shutting down
			eventually(t, "the postmaster ends after its parent got "+signal.String(), func() bool {
				return syscall.Kill(postmaster, 0) != nil
			})
			if log, err := os.ReadFile(filepath.Join(dir, logFile)); err != nil || !strings.Contains(string(log), "fast shutdown") {
				t.Fatalf("no fast shutdown in the log (%v):\n%s", err, log)
			}
		}
	}
	s := start(t, Options{Dir: dir})
	if n := count(t, s.URL(), "kept"); n != 3 {
		t.Fatalf("%d rows after three kills of the parent, want 3", n)
	}
}

// With parent and postmaster killed at once, backends are left without either.
func TestParentAndPostmasterKilled(t *testing.T) {
	dir := folder(t)
	cmd, postmaster := startParent(t, dir)
	if err := syscall.Kill(postmaster, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if _, err := Attach(dir); !errs.Is(err, "pg.not_running") {
		t.Errorf("Attach to a killed server: %v", err)
	}
	s := start(t, Options{Dir: dir})
	if n := count(t, s.URL(), "kept"); n != 1 {
		t.Fatalf("%d rows, want 1", n)
	}
}

// A process id in postmaster.pid may meanwhile belong to another program: here, to this test.
func TestStalePidFileOfAnotherProgram(t *testing.T) {
	dir := folder(t)
	s := start(t, Options{Dir: dir})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	stale := fmt.Sprintf("%d\n%s\n1\n5432\n\n127.0.0.1\n0 0\nready\n", os.Getpid(), s.cluster)
	if err := os.WriteFile(filepath.Join(s.cluster, "postmaster.pid"), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, Options{Dir: dir})
}

func TestWatchRestartsAKilledPostmaster(t *testing.T) {
	dir := folder(t)
	s := start(t, Options{Dir: dir, Durable: true})
	ended := make(chan struct{})
	go func() {
		s.Watch(context.Background())
		close(ended)
	}()
	if err := exec1(t.Context(), s.URL(), `CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		pid := s.Pid()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "another postmaster serves", func() bool {
			return s.Pid() != pid && exec1(t.Context(), s.URL(), `INSERT INTO kept VALUES (2)`) == nil
		})
	}
	if n := count(t, s.URL(), "kept"); n != 3 {
		t.Fatalf("%d rows, want 3", n)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("Watch goes on after Stop")
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	s := start(t, Options{Dir: folder(t)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Watch(ctx) // returns
	if err := exec1(t.Context(), s.URL(), `SELECT 1`); err != nil {
		t.Fatalf("the end of Watch stopped the server: %v", err)
	}
}

func TestUnfinishedClusterIsMadeAnew(t *testing.T) {
	dir := folder(t)
	half := filepath.Join(dir, "cluster.new")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, Options{Dir: dir})
}
