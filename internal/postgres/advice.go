package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/migrations"
)

// Failed says what the database did not do, and what to check. It is marked with
// model.ErrStore, unless the caller himself gave the work up: a context that was
// cancelled is no failure of the database. nil stays nil.
func Failed(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%w: %s: %w%s", model.ErrStore, doing, err, Advice(err))
}

// Advice says in one clause, which begins with a semicolon, what to check after an
// error of the database; empty where nothing can be said.
func Advice(err error) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, errCrowded):
		return "" // which says it itself
	case !ok:
		return "; check that the server at DATABASE_URL is running; what was committed stays, and the next run goes on"
	case pg.Code == "42501":
		return missingRight(pg, rightRole)
	case OthersFunction(pg) != "":
		return "; this comes from " + OthersFunction(pg) + ", a function of somebody else that a trigger on a table of Rollcall calls: let its owner mend it, or take the trigger away" + unqualified(pg)
	case pg.Code == "42P01" && partOfTable.MatchString(pg.Message):
		return "; a part of a table is not on its node of Citus: see rollcall doctor"
	case advice[pg.Code] != "":
		return "; " + advice[pg.Code] + detail(pg)
	case Class(pg) == "57" || Class(pg) == "08":
		return "; the server ended the connection; what was committed stays, and the next run goes on"
	}
	return ""
}

// Class gives the class of an error, which the first two characters of its SQLSTATE name;
// empty where a pooler answered without one.
func Class(pg *pgconn.PgError) string { return pg.Code[:min(2, len(pg.Code))] }

// functionOfContext finds a function in what the server says of where an error came from,
// in any language.
var functionOfContext = regexp.MustCompile(`(?m)^PL/pgSQL.*? ([^\s()]+)\([^()]*\) `)

// OthersFunction names the function of somebody else in which a statement or a rule of its
// own failed, empty where there is none.
func OthersFunction(pg *pgconn.PgError) string {
	if !slices.Contains([]string{"P0", "22", "23", "42"}, Class(pg)) {
		return ""
	}
	ours, err := names(migrations.Function)
	for _, found := range functionOfContext.FindAllStringSubmatch(pg.Where, -1) {
		if err == nil && !slices.Contains(ours, found[1]) && !slices.Contains(queueNames(migrations.Function), found[1]) {
			return found[1]
		}
	}
	return ""
}

// unqualified says why a function finds here what it finds elsewhere.
func unqualified(pg *pgconn.PgError) string {
	switch pg.Code {
	case "42P01", "42883", "42704":
		return "; the search_path of Rollcall is pg_catalog, so that names in the function need their schema, or the function a SET search_path"
	}
	return ""
}

// partOfTable finds a part of a table, as Citus names it.
var partOfTable = regexp.MustCompile(`^relation "[a-z_.]+_[0-9]{6,}" does not exist`)

// somethingMissing is said of a table, a column or a function that is not there.
const somethingMissing = "something of the schema is missing: run rollcall migrate up, and where that has nothing to do rollcall doctor"

// tooMany is said where the server gives no further connection.
const tooMany = "raise max_connections or lower ROLLCALL_CONCURRENCY; the role and the database may have a CONNECTION LIMIT of their own; of many accounts --account names fewer"

// advice is what to check after an error, by its SQLSTATE.
var advice = map[string]string{
	"0A000": "the server, an extension of it (with Citus see rollcall doctor and docs/scaling.md) or a pooler in front of it cannot do this; PostgreSQL 15 to 18 can",
	"25006": "the server only reads, as a standby does, or the role, as rollcall_reader does, or the database was set to (default_transaction_read_only): DATABASE_URL must name the primary and a role that may write",
	"25P03": "the server ended a transaction that waited too long for this program: see idle_in_transaction_session_timeout, and whether this machine was asleep; what was committed stays, and the next run goes on",
	"25P04": "the server ended a transaction that took too long: raise transaction_timeout, which Rollcall sets to 0 where it may; what was committed stays, and the next run goes on",
	"26000": "a pooler changed the connection in between: let DATABASE_URL name the server itself, or a pool with pool_mode = session",
	"2BP01": "something that is not of Rollcall depends on it: drop that first, and make it again afterwards",
	"3F000": somethingMissing,
	"40001": "another transaction changed the same rows; try again",
	"40P01": "another transaction and this one waited for each other again and again: end the other, see pg_stat_activity",
	"42703": somethingMissing,
	"42883": somethingMissing,
	"42P01": somethingMissing,
	"42P05": "a pooler changed the connection in between: let DATABASE_URL name the server itself, or a pool with pool_mode = session",
	"42P06": "a schema of this name is there already: rename it (ALTER SCHEMA … RENAME TO …), or use another database",
	"42P07": "something of this name is there already and was not made by Rollcall: rename it (ALTER … RENAME TO …), or use another database",
	"53100": "the server's disk is full: make room there",
	"53200": "the server is out of memory: lower ROLLCALL_CONCURRENCY, or see what else runs there",
	"53300": tooMany,
	"53400": "a limit of the server is reached, see its settings",
	"55000": "the server cannot do this in the state that it is in",
	"55006": "somebody else uses it at this moment: try again, or end the other, see pg_stat_activity",
	"55P03": "another transaction holds a lock for too long: end it, see pg_locks",
	"57014": "a statement took longer than ten minutes or was cancelled: look for a lock that is held, and for a server without room",
	"57P05": "the server or a pooler ended a connection that waited (idle_session_timeout), and with it the locks that it held; what was committed stays, and the next run goes on",
	"58030": "the server cannot read or write its files: see its log and its disk",
	"58P01": "the server misses one of its files: see its log",
	"XX000": "this is an error inside the server or an extension of it: see the server's log",
	"XX001": "a table of the server is damaged: see its log, and restore it from a backup",
	"XX002": "an index of the server is damaged: see its log, and run REINDEX",
}

// detail adds what the server says of it in the cases where that tells of objects
// and settings; elsewhere it may hold personal data.
func detail(pg *pgconn.PgError) string {
	switch pg.Code {
	case "0A000", "2BP01", "55000", "55006", "53100", "53300", "53400":
		if pg.Detail != "" {
			return ": " + strings.Join(strings.Fields(pg.Detail), " ")
		}
	}
	return ""
}

// What says whose role may do it: anything, or change the schema.
const (
	rightRole = "use the role that ran rollcall migrate up or, for run, backfill, serve, work, verify, status and rejects, that of rollcall loader"
	ownerRole = "use the role that ran rollcall migrate up; the first time the owner of the database runs GRANT CREATE, TEMPORARY ON DATABASE … TO …"
)

// missingRight tells rows that are hidden, and what others own, from a right that
// the role lacks. The routines of the server are the same in every language.
func missingRight(pg *pgconn.PgError, role string) string {
	switch found := objectOfMessage.FindStringSubmatch(pg.Message); {
	case found != nil && strings.HasPrefix(found[1], "pg_"):
		return "; everybody may use " + found[1] + " unless an administrator took that away: let one GRANT the right on it to the role of DATABASE_URL"
	case pg.Routine == "ExecWithCheckOptions", pg.Routine == "check_enable_rls":
		return "; row-level security hides rows from the role of DATABASE_URL, and what it does not see would be taken for absent: " + seeAll
	case pg.Routine == "aclcheck_error" && !namesOurs(pg.Message):
		return "; this is not of Rollcall: a trigger, a view or a rule on one of its tables leads there, whose owner may GRANT the right or take that away"
	}
	return "; the role of DATABASE_URL lacks this right: " + role
}

// seeAll is what to do where row-level security hides rows.
const seeAll = "let the tables' owner run ALTER TABLE … DISABLE ROW LEVEL SECURITY, or CREATE POLICY … USING (true) for this role"

// objectOfMessage finds what a refusal is about.
var objectOfMessage = regexp.MustCompile(`^(?:permission denied for|must be owner of) (?:table|view|materialized view|sequence|function|relation) "?([^"\s]+)"?`)

// namesOurs tells whether a refusal is about something that a migration made, or
// does not say what it is about.
func namesOurs(message string) bool {
	found := objectOfMessage.FindStringSubmatch(message)
	objects, err := migrations.Objects()
	return err != nil || found == nil ||
		slices.ContainsFunc(slices.Concat(objects, migrations.Queue()), func(o migrations.Object) bool { return o.Name == found[1] })
}
