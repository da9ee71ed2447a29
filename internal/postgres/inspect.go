package postgres

import (
	"context"
	"crypto/tls"
	_ "embed"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/migrations"
)

var (
	//go:embed inspect.sql
	inspectSQL string
	//go:embed lacking.sql
	lackingSQL string
	//go:embed lacking_queue.sql
	lackingQueueSQL string
)

// Facts is what a connection shows of the server, the database and the role.
type Facts struct {
	Where    string // host and port, or the socket's folder
	Local    bool   // a socket or a loopback address: nothing crosses a network
	Version  string
	Now      time.Time // by the server's clock
	ReadOnly bool      // a standby, or read-only by default
	Standby  bool

	RoleOnlyReads bool // which is why ReadOnly is true
	// AwaitsNobody is true where each commit waits for a standby, and none is connected.
	AwaitsNobody bool

	Encrypted  bool
	TLSVersion string
	// Verified tells how far the server's certificate is checked: "no", "issuer"
	// (sslmode=verify-ca) or "name" (verify-full).
	Verified string

	Role   string
	Powers []string // attributes beyond those of an ordinary role, such as SUPERUSER
	Temp   bool     // may make temporary tables, which every run does
	Create bool     // may make schemas, which migrations do

	DatabaseBytes int64
	// DataDirectory is on this machine: empty unless the connection is a Unix
	// socket and the role may know it.
	DataDirectory string
	// Connections in use, of those that an ordinary role can have at all; a
	// negative limit means none.
	Used, Most, RoleLimit, DatabaseLimit int
}

// Inspect looks at the connection, the database and the role. It changes nothing.
func Inspect(ctx context.Context, pool *pgxpool.Pool) (Facts, error) {
	config := pool.Config().ConnConfig
	f := Facts{Where: net.JoinHostPort(config.Host, fmt.Sprint(config.Port)), Verified: verified(config.TLSConfig)}
	if ip := net.ParseIP(config.Host); strings.HasPrefix(config.Host, "/") || config.Host == "localhost" || ip != nil && ip.IsLoopback() {
		f.Local = true
	}
	var powers [5]bool
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return f, Failed("connect", err)
	}
	defer conn.Release()
	if several(config) {
		f.Where = conn.Conn().PgConn().Conn().RemoteAddr().String()
	}
	err = conn.QueryRow(ctx, inspectSQL).Scan(&f.Version, &f.Now, &f.Standby, &f.ReadOnly, &f.RoleOnlyReads, &f.AwaitsNobody, &f.Encrypted, &f.TLSVersion,
		&f.Role, &powers[0], &powers[1], &powers[2], &powers[3], &powers[4],
		&f.DatabaseBytes, &f.Most, &f.Used, &f.RoleLimit, &f.DatabaseLimit, &f.Temp, &f.Create, &f.DataDirectory)
	if !strings.HasPrefix(config.Host, "/") {
		f.DataDirectory = "" // of another machine, or of a container
	}
	for i, name := range []string{"SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"} {
		if powers[i] {
			f.Powers = append(f.Powers, name)
		}
	}
	if err != nil {
		return f, Failed("look at the server", err)
	}
	return f, nil
}

// several tells whether any of several servers may have answered.
func several(cfg *pgx.ConnConfig) bool {
	return slices.ContainsFunc(attempts(cfg), func(a attempt) bool { return a.host != cfg.Host || a.port != cfg.Port })
}

// verified tells what a TLS configuration of pgx checks.
func verified(cfg *tls.Config) string {
	switch {
	case cfg == nil:
		return "no"
	case !cfg.InsecureSkipVerify:
		return "name"
	case cfg.VerifyPeerCertificate != nil:
		return "issuer"
	}
	return "no"
}

// Lacking names the rights that a run needs and the role lacks, one text a right;
// the schema must be this program's.
func Lacking(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	relations, err := Relations()
	if err != nil {
		return nil, err
	}
	functions, err := names(migrations.Function)
	if err != nil {
		return nil, err
	}
	lacking, err := texts(ctx, pool, lackingSQL, relations, functions)
	return lacking, Failed("look at the role's rights", err)
}

// LackingOfQueue names those that serve and work need beside them, and the role lacks.
func LackingOfQueue(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	lacking, err := texts(ctx, pool, lackingQueueSQL)
	return lacking, Failed("look at the role's rights on the queue", err)
}
