package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"qunce/internal/errs"
)

const (
	passwordFile = "password"
	locationFile = "location"

	defaultElsewhere = "/var/lib/qunce"
)

// settle finds the programs and decides as whom the server runs and where its cluster stands.
func (s *Server) settle() error {
	s.cluster = s.file("cluster")
	moved, err := os.ReadFile(s.file(locationFile))
	if err == nil {
		s.cluster = strings.TrimSpace(string(moved))
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	want, err := clusterVersion(s.cluster)
	if err != nil {
		return err
	}
	if s.programs, err = findPrograms(s.life, programFolders(), want); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	if moved == nil && !s.o.noNamespace {
		if s.identity, err = namespaced(s.programs); err == nil {
			return nil
		}
		if want != 0 {
			return errs.E(errs.Unavailable, "pg.namespace",
				"the data in %s belongs to root, and PostgreSQL can only use it in a user namespace, which this machine refuses: allow user namespaces, or start qunce as another user that owns the folder", s.dir).Wrap(err)
		}
	}
	if s.identity, err = switched(); err != nil {
		return err
	}
	if moved != nil {
		return nil
	}
	return s.moveElsewhere()
}

// moveElsewhere makes a folder that the switched user may enter, and writes down where it is.
func (s *Server) moveElsewhere() error {
	base := s.o.elsewhere
	if base == "" {
		base = defaultElsewhere
	}
	if err := os.MkdirAll(base, 0o711); err != nil {
		return fmt.Errorf("make the folder of the clusters: %w", err)
	}
	sum := sha256.Sum256([]byte(s.dir))
	home := filepath.Join(base, "pg-"+hex.EncodeToString(sum[:4]))
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	if err := os.Chown(home, s.identity.uid, s.identity.gid); err != nil {
		return fmt.Errorf("hand over the cluster's folder: %w", err)
	}
	s.cluster = filepath.Join(home, "cluster")
	return writeSecret(s.file(locationFile), []byte(s.cluster+"\n"))
}

// clusterVersion is the major version that made the cluster; 0 when there is none.
func clusterVersion(cluster string) (int, error) {
	text, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the data folder's version: %w", err)
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, errs.E(errs.Conflict, "pg.version", "%s/PG_VERSION holds %q instead of a version", cluster, text)
	}
	return version, nil
}

// makeCluster runs initdb beside the final place and moves the finished cluster there, so that a kill in between
// leaves nothing that looks like a cluster.
func (s *Server) makeCluster(ctx context.Context) error {
	if version, err := clusterVersion(s.cluster); err != nil || version != 0 {
		return err
	}
	unfinished, secret := s.cluster+".new", s.cluster+".secret"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("remove an unfinished cluster: %w", err)
	}
	if err := writeSecret(secret, []byte(s.password+"\n")); err != nil {
		return err
	}
	defer func() { _ = os.Remove(secret) }()
	if s.identity.kind == bySwitch {
		if err := os.Chown(secret, s.identity.uid, s.identity.gid); err != nil {
			return err
		}
	}
	args := []string{
		"--pgdata=" + unfinished, "--username=" + role, "--pwfile=" + secret,
		"--auth=scram-sha-256", "--locale=C.UTF-8", "--encoding=UTF8",
	}
	if !s.o.Durable {
		args = append(args, "--no-sync")
	}
	var output bytes.Buffer
	c, err := spawn(s.programs.initdb(), args, s.identity.attr(syscall.SIGKILL), &output)
	if err != nil {
		return errs.E(errs.Internal, "pg.initdb", "cannot run %s", s.programs.initdb()).Wrap(err)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		c.kill()
		return ctx.Err()
	}
	if c.err != nil {
		return errs.E(errs.Internal, "pg.initdb", "cannot make the database cluster in %s:\n%s", s.cluster, &output).Wrap(c.err)
	}
	if err := os.Rename(unfinished, s.cluster); err != nil {
		return fmt.Errorf("put the new cluster in its place: %w", err)
	}
	return nil
}

// arguments of the server: all settings come from here, for a machine of two to four cores.
func (s *Server) arguments() []string {
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=",
		"shared_buffers=256MB", "effective_cache_size=1GB", "work_mem=8MB", "maintenance_work_mem=128MB",
		"max_connections=60", "idle_in_transaction_session_timeout=60s",
		"synchronous_commit=on", "wal_compression=on", "max_wal_size=2GB", "checkpoint_timeout=15min",
		"random_page_cost=1.1", "jit=off",
		// Tables of queues and ledgers change much: vacuum small and often rather than late and long.
		"autovacuum_naptime=20s", "autovacuum_vacuum_scale_factor=0.05", "autovacuum_vacuum_insert_scale_factor=0.1",
		"autovacuum_analyze_scale_factor=0.02", "autovacuum_vacuum_cost_limit=1000",
		"timezone=UTC", "log_timezone=UTC", "lc_messages=C", "log_line_prefix=%m [%p] %q%a ", "log_checkpoints=off",
		"log_min_duration_statement=2s",
	}
	if !s.o.Durable {
		settings = append(settings,
			"fsync=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0",
			"max_connections=250", "shared_buffers=128MB", "max_wal_size=256MB", "autovacuum=off", "log_min_duration_statement=-1")
	}
	args := []string{"-D", s.cluster}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// keepPassword reads the superuser's password, making it at the first start.
func keepPassword(dir string) (string, error) {
	name := filepath.Join(dir, passwordFile)
	text, err := os.ReadFile(name)
	if err == nil && len(bytes.TrimSpace(text)) > 0 {
		return string(bytes.TrimSpace(text)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the database password: %w", err)
	}
	if version, err := clusterVersion(filepath.Join(dir, "cluster")); err == nil && version != 0 {
		return "", errs.E(errs.Conflict, "pg.password_lost", "the file %s is missing, and the database in the same folder cannot be opened without it: restore it from the backup", name)
	}
	password := rand.Text()
	return password, writeSecret(name, []byte(password+"\n"))
}

// writeSecret writes a file that only its owner reads, whole or not at all.
func writeSecret(name string, text []byte) error {
	temporary := name + ".tmp"
	if err := os.RemoveAll(temporary); err != nil {
		return err
	}
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	if err := os.Rename(temporary, name); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	return nil
}
