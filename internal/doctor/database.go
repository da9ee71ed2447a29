package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Checks that need a database, in the order in which they are shown: those of each list
// need what makes up those before it.
var (
	ofOverview = []string{"records", "queue"} // what rollcall status shows
	ofTables   = append([]string{"grants", "numbers", "privacy", "rows", "time zones", "lessons", "locks"}, ofOverview...)
	ofDatabase = append([]string{"database clock", "TLS", "role", "connections", "disk", "schema"}, ofTables...)
)

// database checks the warehouse. The pool is nil where it cannot be reached;
// current tells whether its schema is this program's, and can be written to.
func (c *Config) database(ctx context.Context, to *Checks) (pool *pgxpool.Pool, done func(), current bool) {
	url, server, stop, err := c.Locate(ctx)
	if err != nil {
		to.failed("database", err, "set DATABASE_URL")
		to.skip("mend the connection first", ofDatabase...)
		return nil, func() {}, false
	}
	pool, err = postgres.Open(ctx, url, 2)
	if err != nil {
		to.failed("database", err, "check DATABASE_URL")
		to.skip("mend the connection first", ofDatabase...)
		return nil, stop, false
	}
	opened := pool // the result is nil where the server cannot be looked at
	done = func() { opened.Close(); stop() }
	before := c.Now()
	facts, err := postgres.Inspect(ctx, pool)
	if err != nil {
		to.failed("database", err, "")
		to.skip("mend the connection first", ofDatabase...)
		return nil, done, false
	}
	now := before.Add(c.Now().Sub(before) / 2)
	c.server(to, &facts, server)
	judgeClock(to, "database clock", facts.Now.Sub(now))
	encryption(to, &facts)
	role(to, &facts, server)
	c.room(ctx, to, pool, &facts)
	disk(to, &facts, server)
	return pool, done, c.books(ctx, to, pool, &facts) && !facts.Standby
}

func (c *Config) server(to *Checks, f *postgres.Facts, server *private.Server) {
	what := "at " + f.Where
	if server != nil {
		what = "private, in " + server.Dir()
	}
	if f.RoleOnlyReads {
		to.problem("database", fmt.Sprintf("PostgreSQL %s %s lets the role %s only read", f.Version, what, f.Role),
			"let DATABASE_URL name the role that ran rollcall migrate up, or that of rollcall loader")
		return
	}
	if f.Standby {
		to.problem("database", fmt.Sprintf("PostgreSQL %s %s is a standby: status and report work, run does not", f.Version, what), "let DATABASE_URL name the primary")
		return
	}
	if f.ReadOnly {
		to.problem("database", fmt.Sprintf("PostgreSQL %s %s only reads, since default_transaction_read_only is on", f.Version, what), "ALTER DATABASE … RESET default_transaction_read_only, or mend why the server was set so, such as a full disk")
		return
	}
	if f.AwaitsNobody {
		to.problem("database", fmt.Sprintf("PostgreSQL %s %s waits at each commit for a standby (synchronous_standby_names), and none is connected: a run goes no further", f.Version, what),
			"start the standby, or take it out of synchronous_standby_names; ALTER ROLE "+f.Role+" SET synchronous_commit = local lets Rollcall alone not wait")
		return
	}
	to.ok("database", "PostgreSQL %s %s answers", f.Version, what)
}

func encryption(to *Checks, f *postgres.Facts) {
	const toDo = "add sslmode=verify-full (and sslrootcert=…) to DATABASE_URL"
	switch {
	case f.Local:
		to.ok("TLS", "not needed: the connection does not leave this machine")
	case !f.Encrypted:
		to.warn("TLS", "the connection is not encrypted: names and the password's proof cross the network in the clear", toDo)
	case f.Verified == "no":
		to.warn("TLS", f.TLSVersion+", but the server's certificate is not checked: another server could take its place", toDo)
	case f.Verified == "issuer":
		to.warn("TLS", f.TLSVersion+"; the certificate's issuer is checked, its name is not", toDo)
	default:
		to.ok("TLS", "%s, certificate and name are checked", f.TLSVersion)
	}
}

func role(to *Checks, f *postgres.Facts, server *private.Server) {
	switch {
	case server != nil:
		to.ok("role", "%s, of the private server", f.Role)
	case len(f.Powers) > 0:
		to.warn("role", fmt.Sprintf("%s may do more than loading needs: %s", f.Role, strings.Join(f.Powers, ", ")),
			"give DATABASE_URL a role of its own, which owns the schemas and nothing else (rollcall reader needs CREATEROLE once)")
	default:
		to.ok("role", "%s, an ordinary role", f.Role)
	}
}

// Free space of the database's disk, in bytes.
const (
	littleSpace = 2 << 30
	noSpace     = 200 << 20
)

// disk tells the size of the database and, where the server shows that it keeps
// its data on this machine, what is free.
func disk(to *Checks, f *postgres.Facts, server *private.Server) {
	text, dir := "the database takes "+size(f.DatabaseBytes), f.DataDirectory
	if server != nil {
		dir = server.Dir()
	}
	if dir == "" {
		to.skip(text+"; what is free on its server cannot be seen from here", "disk")
		return
	}
	free, err := freeSpace(dir)
	if err != nil {
		to.warn("disk", text+"; what is free cannot be told: "+err.Error(), "")
		return
	}
	text += ", " + size(free) + " are free"
	switch {
	case free < noSpace:
		to.problem("disk", text, "make room in "+dir)
	case free < littleSpace:
		to.warn("disk", text, "make room in "+dir)
	default:
		to.ok("disk", "%s", text)
	}
}

// size writes bytes for a person.
func size(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	default:
		return fmt.Sprintf("%d MiB", (bytes+1<<20-1)>>20)
	}
}

// books checks schema, rights, locks and what the books complain about.
func (c *Config) books(ctx context.Context, to *Checks, pool *pgxpool.Pool, f *postgres.Facts) (current bool) {
	if err := postgres.CheckEncoding(ctx, pool); err != nil {
		to.failed("encoding", err, "use a database in UTF8")
	}
	if err := postgres.CheckSchema(ctx, pool); err != nil {
		if taken := postgres.CheckDatabase(ctx, pool); taken != nil && errors.Is(err, model.ErrSchema) {
			to.failed("schema", taken, "rename what is there, set "+naming.Variable+", or use another database; then rollcall migrate up")
		} else {
			to.failed("schema", err, "rollcall migrate up")
		}
		if !f.Create {
			to.warn("schema", "the role "+f.Role+" may not make schemas, which rollcall migrate up does", "run it once as the database's owner, or GRANT CREATE ON DATABASE")
		}
		to.skip("mend the schema first", ofTables...)
		return false
	}
	schemas(ctx, to, pool)
	grants(ctx, to, pool, f)
	policies(ctx, to, pool)
	numbers(ctx, to, pool)
	nodes(ctx, to, pool)
	db := warehouse.New(pool, c.Logger)
	c.privacyKey(ctx, to, db)
	c.rows(ctx, to, inventory.New(db))
	c.zones(ctx, to, inventory.New(db))
	c.lessons(ctx, to, inventory.New(db))
	if f.Standby {
		to.skip("only the primary knows who holds them", "locks")
	} else {
		c.locks(ctx, to, ledger.New(db))
	}
	c.overview(ctx, to, ledger.New(db))
	return true
}
