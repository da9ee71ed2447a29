package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// database checks the warehouse. The pool is nil where it cannot be reached;
// current tells whether its schema is this program's, and can be written to.
func (c *Config) database(ctx context.Context, to *Checks) (pool *pgxpool.Pool, done func(), current bool) {
	rest := []string{"database clock", "TLS", "role", "connections", "disk", "schema", "grants", "numbers", "privacy", "rows", "time zones", "lessons", "locks", "records"}
	url, server, stop, err := c.Locate(ctx)
	if err != nil {
		to.failed("database", err, "set DATABASE_URL")
		to.skip("mend the connection first", rest...)
		return nil, func() {}, false
	}
	pool, err = postgres.Open(ctx, url, 2)
	if err != nil {
		to.failed("database", err, "check DATABASE_URL")
		to.skip("mend the connection first", rest...)
		return nil, stop, false
	}
	opened := pool // the result is nil where the server cannot be looked at
	done = func() { opened.Close(); stop() }
	before := c.Now()
	facts, err := postgres.Inspect(ctx, pool)
	if err != nil {
		to.failed("database", err, "")
		to.skip("mend the connection first", rest...)
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
		to.skip("mend the schema first", "grants", "numbers", "privacy", "rows", "time zones", "lessons", "locks", "records")
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
	c.records(ctx, to, ledger.New(db))
	return true
}

// grants checks what the role may do. Without the rights on the queue all goes well where
// cron does the work.
func grants(ctx context.Context, to *Checks, pool *pgxpool.Pool, f *postgres.Facts) {
	lacking, err := postgres.Lacking(ctx, pool)
	ofQueue, queueErr := postgres.LackingOfQueue(ctx, pool)
	if !f.Temp {
		lacking = append(lacking, "TEMP on the database")
	}
	switch err := cmp.Or(err, queueErr); {
	case err != nil:
		to.failed("grants", err, "")
	case len(lacking) > 0:
		to.problem("grants", fmt.Sprintf("the role %s lacks %s", f.Role, strings.Join(append(lacking, ofQueue...), "; ")),
			"GRANT them, or use the role that ran rollcall migrate up")
	case len(ofQueue) > 0:
		to.warn("grants", fmt.Sprintf("the role may do all that a run does, but serve and work fail: %s lacks %s", f.Role, strings.Join(ofQueue, "; ")),
			"where serve or work uses this role: rollcall loader gives its role these rights, or GRANT them")
	default:
		to.ok("grants", "the role may do all that run, serve and work do")
	}
}

// policies tells of rows that the roles of rollcall reader and rollcall loader do not see;
// there is nothing to say where they see all.
func policies(ctx context.Context, to *Checks, pool *pgxpool.Pool) {
	roles, err := postgres.Grantees(ctx, pool)
	for _, role := range roles {
		var hidden []string
		if hidden, err = postgres.HiddenFrom(ctx, pool, role.Name); err != nil {
			break
		}
		if len(hidden) > 0 {
			to.warn("policies", fmt.Sprintf("row-level security hides rows of %d of our tables from the role %s", len(hidden), role.Name),
				"unless that is meant: "+role.Command()+" prints the statements that let it see them")
		}
	}
	if err != nil {
		to.failed("policies", err, "")
	}
}

// numbers checks that the next row of each numbered column gets a number of its own.
func numbers(ctx context.Context, to *Checks, pool *pgxpool.Pool) {
	behind, unseen, err := postgres.IdentitiesBehind(ctx, pool)
	var names []string
	for i := range behind {
		names = append(names, fmt.Sprintf("%s (%d, and a row has %d)", behind[i].String(), behind[i].Next, behind[i].Highest))
	}
	switch {
	case err != nil:
		to.failed("numbers", err, "")
	case len(behind) > 0:
		to.problem("numbers", "the next number is behind the rows of "+strings.Join(names, ", ")+", as in a copy without sequences: new rows would fail with a duplicate key",
			"the next run sets it right where its role may; or, as the owner of the tables: "+postgres.SetIdentities(behind))
	case len(unseen) > 0:
		to.skip("the role may not see the position of "+unseen[0].Sequence+": rollcall loader grants it", "numbers")
	default:
		to.ok("numbers", "the next number of each column lies behind its rows' last")
	}
}

// schemas names them where they have other names, or where there are others.
func schemas(ctx context.Context, to *Checks, pool *pgxpool.Pool) {
	text := "is this program's"
	if naming.Prefix() != "" {
		text += naming.Text(", in the schemas analytics, realtimekit and sync")
	}
	others, err := postgres.OtherWarehouses(ctx, pool)
	absent, lookErr := postgres.Absent(ctx, pool)
	switch err := cmp.Or(err, lookErr); {
	case err != nil:
		to.failed("schema", err, "")
	case len(absent) > 0:
		to.problem("schema", "lacks "+strings.Join(absent, ", "),
			"take them from a backup, or their definitions from an empty database after rollcall migrate up (pg_dump --schema-only): somebody dropped them, or a restore left them out")
	case others != "":
		to.ok("schema", "%s; %s", text, others)
	default:
		to.ok("schema", "%s", text)
	}
}

// privacyKey checks that a run would know who was erased.
func (c *Config) privacyKey(ctx context.Context, to *Checks, db *warehouse.DB) {
	const toDo = "set ROLLCALL_PRIVACY_KEY or ROLLCALL_PRIVACY_KEY_FILE; docs/privacy.md says what to do where the key is lost"
	wanted, err := c.Privacy()
	if err == nil {
		err = db.CheckPrivacy(ctx, wanted)
	}
	switch {
	case err != nil:
		to.failed("privacy", err, toDo)
	case db.Forgotten():
		to.warn("privacy", naming.Text("people were erased (sync.erasures) and none of them is on the list of sync.suppressions, as in a copy made without it: they come back"),
			naming.Text("where you did not empty it yourself, restore sync.suppressions before the next run"))
	case wanted.Key == nil:
		to.ok("privacy", "nobody was erased and no name is hashed: no key is needed")
	default:
		to.ok("privacy", "the key is the one that this warehouse was given, or it needs none yet")
	}
}

// locks tells who holds the lock of which kind of run.
func (c *Config) locks(ctx context.Context, to *Checks, store *ledger.Store) {
	holders, err := store.LockHolders(ctx, c.AccountID)
	if err != nil {
		to.failed("locks", err, "")
		return
	}
	if len(holders) == 0 {
		to.ok("locks", "free: no run is under way")
	}
	for _, h := range holders {
		where := ""
		if h.Address != "" {
			where = " from " + h.Address
		}
		to.ok("locks", "%s: held by %s%s, role %s, server process %d, since %s", h.Kind, orUnknown(h.Application), where, h.Role, h.PID, since(h.Since))
	}
}

func since(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func orUnknown(application string) string {
	if application == "" {
		return "a connection whose name this role is not shown (pg_monitor is)"
	}
	return application
}

// records hints at what waits for somebody to look at it.
func (c *Config) records(ctx context.Context, to *Checks, store *ledger.Store) {
	overview, err := store.Overview(ctx, c.AccountID)
	if err != nil {
		to.failed("records", err, "")
		return
	}
	var open int64
	for _, r := range overview.Rejected {
		open += r.Open
	}
	bad := overview.Sessions.Incomplete + overview.Sessions.Failed
	if open == 0 && bad == 0 {
		to.ok("records", "nothing is set aside, incomplete or failing")
		return
	}
	to.warn("records", isOrAre(open, "record")+" set aside, "+isOrAre(bad, "session")+" incomplete or failing",
		"rollcall status and rollcall rejects list give the reasons")
}

// isOrAre counts things: 1 record is, 2 records are.
func isOrAre(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing + " is"
	}
	return fmt.Sprintf("%d %ss are", n, thing)
}
