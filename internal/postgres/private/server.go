package private

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
)

// Limits on a stop: for the clean one, and for the hard one that follows.
const (
	stopTimeout = time.Minute
	hardTimeout = 10 * time.Second
)

// Server is a running private Postgres.
type Server struct {
	port     int
	password string
	version  string
	found    string
	dir      string
	pgpass   string
	psql     string
	log      *slog.Logger

	process  *process      // nil if another process runs the server
	done     chan struct{} // closed when the server is gone and the lock given back
	stopping atomic.Bool
	stop     sync.Once
	stopErr  error
}

func (h *home) newServer(port int, password, version string) *Server {
	return &Server{
		port: port, password: password, version: version,
		found: h.programs.How, dir: h.path, pgpass: h.pgpassFile(), psql: h.psql(), log: h.log,
	}
}

// psql is the name under which a person finds that program.
func (h *home) psql() string {
	if path := filepath.Join(h.programs.Dir, "psql"); isExecutable(path) && newFinder(FindOptions{Getenv: h.cfg.Getenv}, h.account).lookPath("psql") == "" {
		return path
	}
	return "psql"
}

// URL returns a libpq connection URL of the database rollcall, as its superuser.
// It holds the password.
func (s *Server) URL() string { return connectionURL(s.port, s.password, databaseName) }

// Found tells how the server programs were found, such as "pg_config --bindir".
func (s *Server) Found() string { return s.found }

// Port returns the TCP port on 127.0.0.1. It differs from start to start.
func (s *Server) Port() int { return s.port }

// Dir returns the folder of the cluster, <Config.Dir>/<major>. The data is in
// its folder data, the server's log beside that.
func (s *Server) Dir() string { return s.dir }

// Version returns the version of the server, such as "15.18".
func (s *Server) Version() string { return s.version }

// Joined reports whether another process runs the server. It goes away with
// that process.
func (s *Server) Joined() bool { return s.process == nil }

// PsqlCommand returns a shell command that opens psql on the database. It names
// the password file and not the password.
func (s *Server) PsqlCommand() string {
	return fmt.Sprintf(`PGPASSFILE=%s %s "host=%s port=%d dbname=%s user=%s"`,
		shellQuote(s.pgpass), shellQuote(s.psql), host, s.port, databaseName, userName)
}

// Stop shuts the server down, closing all connections to it, and returns when
// it is gone. If ctx ends first, or after a minute, the server is stopped at
// once, which loses nothing but makes the next start recover, and the error says
// so. A server that was joined is left running. Further calls return what the
// first did.
func (s *Server) Stop(ctx context.Context) error {
	if s.Joined() {
		return nil
	}
	s.stop.Do(func() { s.stopErr = s.shutdown(ctx) })
	return s.stopErr
}

func (s *Server) shutdown(ctx context.Context) error {
	select {
	case <-s.done: // ended by itself, which watch has logged
		return nil
	default:
	}
	s.stopping.Store(true)
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := s.process.signal(fastShutdown); err != nil {
		return fmt.Errorf("stop private Postgres: %w", err)
	}
	select {
	case <-s.done:
		if s.process.err != nil {
			return fmt.Errorf("private Postgres did not end cleanly: %w (see %s)", s.process.err, filepath.Join(s.dir, logName))
		}
		return nil
	case <-ctx.Done():
	}
	return fmt.Errorf("private Postgres was stopped at once, and recovers at the next start: %w", errors.Join(ctx.Err(), s.stopHard()))
}

// stopHard ends a server that takes too long.
func (s *Server) stopHard() error {
	for _, sig := range []os.Signal{immediateShutdown, os.Kill} {
		if err := s.process.signal(sig); err != nil {
			return fmt.Errorf("stop at once: %w", err)
		}
		select {
		case <-s.done:
			return nil
		case <-time.After(hardTimeout):
		}
	}
	return fmt.Errorf("process %d does not end", s.process.pid)
}

// watch gives the lock back when the server is gone, for whatever reason, so
// that the next Start, here or elsewhere, can run it again.
func (s *Server) watch(ctx context.Context, lock *flock.Flock) {
	<-s.process.exited
	if !s.stopping.Load() {
		s.log.WarnContext(ctx, "private Postgres ended by itself", "error", s.process.err, "log", filepath.Join(s.dir, logName))
	}
	if err := lock.Close(); err != nil {
		s.log.WarnContext(ctx, "lock of the private Postgres could not be given back", "error", err)
	}
	close(s.done)
}
