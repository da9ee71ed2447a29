package proof_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// newerVariable names the folder of a newer PostgreSQL's programs, which the manual
// is tried with as well.
const newerVariable = "ROLLCALL_NEWER_POSTGRES_BIN"

// The manual's commands for backup, restore, replicas and new versions are run as
// they are printed, on the installed PostgreSQL, on a newer one, and from the one to
// the other. Each time the warehouse must then be exact.
func TestManualsRestore(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	programs, err := private.Find(t.Context(), private.FindOptions{})
	if err != nil || !exists(filepath.Join(programs.Dir, "pg_restore")) {
		needs(t, "PostgreSQL with its client programs")
	}
	installed, newer := programs.Dir, os.Getenv(newerVariable)
	for name, pair := range map[string][2]string{
		"installed": {installed, installed},
		"newer":     {newer, newer},
		"upgrade":   {installed, newer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "installed" && installed == newer {
				t.Skip("the installed PostgreSQL is the newer one")
			}
			if name == "newer" && sampling.Divided() {
				t.Skip("the run on the newer PostgreSQL tries this: there it is the installed one")
			}
			if pair[0] == "" || pair[1] == "" {
				needs(t, "a newer PostgreSQL, which "+newerVariable+" names")
			}
			w := newWalk(t, pair[0], pair[1])
			w.choosePrograms()
			w.backup()
			w.restore()
			w.notEmpty()
			w.admin()
			if pair[0] != pair[1] {
				w.newerPrograms()
			}
			w.logical()
			standby := w.promote()
			if pair[0] != pair[1] {
				w.upgrade(standby)
			}
			w.everyBlock()
		})
	}
}

// transactionTimeout is the release since which pg_restore sets what older servers
// do not know; adminOption that since which CREATEROLE is not enough.
const (
	transactionTimeout = 17
	adminOption        = 16
)

// backup makes the dump, of a database that has tables of others by then, and lets
// the world go on: what changes in the account is older than any lookback.
func (w *walk) backup() {
	w.t.Helper()
	w.do("Backup", 0)
	w.must(`psql "$OLD_SUPER" -c '\connect warehouse' -c 'CREATE SCHEMA payroll CREATE TABLE salaries (n int)'`)
	w.refused(w.block("Backup", 0), "permission denied")
	w.do("Backup", 1)
	w.sim.Update(func(d *simulator.Data) {
		addLongAgo(d, "bbbbbbbb") // somebody had these brought by a backfill since the backup
		for _, s := range d.AllSessions() {
			if s.Status == simulator.StatusEnded { // and all others were corrected
				s.MinutesConsumed++
				s.UpdatedAt = s.UpdatedAt.Add(time.Second)
			}
		}
	})
}

// addLongAgo gives each app a session that no lookback reaches, to which nobody came.
func addLongAgo(d *simulator.Data, id string) {
	at := time.Now().UTC().AddDate(-1, 0, 0).Truncate(time.Second)
	for i := range d.Apps {
		s := *d.Apps[i].Sessions[0]
		s.ID = fmt.Sprintf("%s-0000-4000-8000-%012d", id, i+1)
		s.CreatedAt, s.StartedAt, s.EndedAt, s.UpdatedAt = at, at, at.Add(time.Hour), at.Add(time.Hour)
		s.Status, s.Participants, s.Extra = simulator.StatusEnded, nil, nil
		s.LiveParticipants, s.MaxConcurrent, s.MinutesConsumed = 0, 0, 0
		d.Apps[i].Sessions = append(d.Apps[i].Sessions, &s)
	}
}

// restore brings the dump to another server, under another owner, and then what it
// does not have.
func (w *walk) restore() {
	w.t.Helper()
	w.do("Restore", 0)
	w.do("Restore", 1)
	w.moveTo(w.env["NEW"])
	passwords := regexp.MustCompile(`shown only now: (\S+)`).FindAllStringSubmatch(w.do("Restore", 2), -1)
	if len(passwords) != 2 {
		w.t.Fatalf("the roles were not made: %v", passwords)
	}
	w.env["READER"] = strings.Replace(w.env["NEW"], "attendance:pw", "rollcall_reader:"+passwords[0][1], 1)
	if got := strings.TrimSpace(w.must(`psql "$READER" -XAtc "SELECT count(*) > 0, current_setting('default_transaction_read_only'), current_setting('TimeZone') FROM people"`)); got != "t|on|UTC" {
		w.t.Errorf("the reader sees %q", got)
	}
	w.do("What changed since the backup", 0)
	w.done(outcome{})
	w.do("What changed since the backup", 1)
	w.must(`rollcall doctor`)
	w.sameDays()
}

// sameDays compares the usage by day with a computation from the rows.
func (w *walk) sameDays() {
	w.t.Helper()
	const question = `SELECT count(*) FROM realtimekit.sessions AS s WHERE EXISTS (SELECT FROM realtimekit.participants AS p WHERE p.session_id = s.session_id)
		AND NOT EXISTS (SELECT FROM analytics.daily_usage AS d WHERE d.app_id = s.app_id AND d.usage_date = (s.started_at AT TIME ZONE 'UTC')::date)`
	if got := w.text("(" + question + ")::text || ' ' || (SELECT count(*) FROM analytics.stale_sessions)"); got != "0 0" {
		w.t.Errorf("sessions without their day, and waiting: %s", got)
	}
}

// notEmpty restores to where rollcall migrate up was called first, beside roles that
// the server has.
func (w *walk) notEmpty() {
	w.t.Helper()
	w.again()
	w.must(`rollcall migrate up`)
	w.refused(w.block("Restore", 1), "already exists")
	w.do("A target that is not empty", 0)
	w.do("Restore", 1)
	settings := regexp.MustCompile(`(?m)^ALTER ROLE .* IN DATABASE .*;$`)
	statements := settings.FindAllString(w.do("Restore", 3), -1)
	if len(statements) != 6 {
		w.t.Fatalf("the owner may make no setting, and is told of %q", statements)
	}
	w.env["STATEMENTS"] = strings.Join(statements, "\n")
	w.must(`psql "$NEW_SUPER" --set=ON_ERROR_STOP=1 <<<"$STATEMENTS"`)
	if out := w.do("Restore", 3); settings.MatchString(out) {
		w.t.Errorf("after they were made: %s", out)
	}
	w.do("What changed since the backup", 0)
	w.done(outcome{})
}

// again empties the new server, but for its roles.
func (w *walk) again() {
	w.t.Helper()
	w.must(`psql "$NEW_SUPER" -c 'DROP DATABASE warehouse WITH (FORCE)' -c "CREATE DATABASE warehouse OWNER attendance TEMPLATE template0 ENCODING 'UTF8'"`)
}

// admin changes the password of a role that somebody else made, as the owner with
// CREATEROLE: the program must name the right that lacks, and that must be enough.
func (w *walk) admin() {
	w.t.Helper()
	w.must(`psql "$NEW_SUPER" -c 'REVOKE rollcall_reader FROM attendance' -c 'ALTER ROLE attendance CREATEROLE'`)
	if major(w.t, w.new.bin) >= adminOption {
		out := w.refused(`rollcall reader --new-password`, "ADMIN OPTION")
		_, statements, found := strings.Cut(strings.TrimSpace(out), " gives: ")
		if !found {
			w.t.Fatalf("nothing says what to grant: %s", out)
		}
		w.env["STATEMENTS"] = statements
		w.must(`psql "$NEW_SUPER" --set=ON_ERROR_STOP=1 -c "$STATEMENTS"`)
	}
	w.must(`rollcall reader --new-password && psql "$NEW_SUPER" -c 'ALTER ROLE attendance NOCREATEROLE'`)
}

// newerPrograms restores to a server that is older than the programs.
func (w *walk) newerPrograms() {
	w.t.Helper()
	before := w.env["NEW"]
	w.must(`psql "$OLD_SUPER" -c "CREATE ROLE attendance LOGIN PASSWORD 'pw'" -c "CREATE DATABASE beside OWNER attendance TEMPLATE template0"`)
	w.env["NEW"] = w.old.url("attendance", "beside")
	if major(w.t, w.old.bin) < transactionTimeout {
		w.refused(w.block("Restore", 1), "transaction_timeout")
	}
	w.do("Programs newer than the server", 0)
	w.moveTo(w.env["NEW"])
	w.must(`rollcall run --quiet`)
	w.env["NEW"] = before
}

// logical lets the rows follow to the new server while runs go on, and then the runs.
func (w *walk) logical() {
	w.t.Helper()
	w.moveTo(w.env["OLD"])
	w.again()
	// Tables that cannot say which row changed would stop the runs.
	w.must(`psql "$OLD" -XAtc "SELECT format('ALTER TABLE %s REPLICA IDENTITY FULL;', c.oid::regclass) FROM pg_class AS c
		WHERE relkind = 'r' AND relnamespace IN ('realtimekit'::regnamespace, 'sync'::regnamespace, 'analytics'::regnamespace)
		AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)" | psql "$OLD" --set=ON_ERROR_STOP=1`)
	w.do("Logical replication", 0)
	w.do("Logical replication", 1)
	w.must(`rollcall run --quiet && rollcall backfill --from 2020-01-01 --full --quiet`)
	w.do("Logical replication", 2)
	w.moveTo(w.env["NEW"])
	w.do("Logical replication", 3)
	w.do("Restore", 3)
	w.must(`rollcall run && rollcall run`)
	w.done(outcome{})
	w.sameDays()
}

// promote makes a standby of the old server, and lets it take that one's place.
func (w *walk) promote() *cluster {
	w.t.Helper()
	standby := &cluster{t: w.t, bin: w.old.bin, data: filepath.Join(clusterDir(w.t), "data")}
	w.env["STANDBY"] = standby.data
	w.env["PATH"] = w.old.bin + ":" + w.env["PATH"]
	w.do("Promoting a replica", 0)
	standby.own(standby.data)
	standby.start()
	w.env["STANDBY_SUPER"] = standby.url("postgres", "postgres")
	w.moveTo(standby.url("rollcall", "warehouse"))
	w.refused(`rollcall run`, "only reads")
	w.old.stop(syscall.SIGQUIT)
	w.do("Promoting a replica", 1)
	w.must(`rollcall run && rollcall doctor`)
	w.done(outcome{})
	w.sameDays()
	return standby
}

// upgrade brings a server to the newer version as it stands.
func (w *walk) upgrade(from *cluster) {
	w.t.Helper()
	from.stop(syscall.SIGINT)
	to := &cluster{t: w.t, bin: w.new.bin, data: filepath.Join(clusterDir(w.t), "data")}
	checksums := "--data-checksums"
	if strings.Contains(w.must(w.old.bin+"/pg_controldata --pgdata="+from.data), "checksum version:           0") {
		checksums = "--no-data-checksums"
	}
	to.init(checksums)
	w.env["OLD_BIN"], w.env["NEW_BIN"], w.env["OLD_DATA"], w.env["NEW_DATA"] = from.bin, to.bin, from.data, to.data
	w.env["PATH"] = to.bin + ":" + w.env["PATH"]
	w.env["PGUSER"], w.env["PGPASSWORD"] = "postgres", superPassword
	w.dir, w.user = filepath.Dir(to.data), serverUser(w.t)
	if w.ownDumps { // pg_upgrade makes its dump with the new version's
		w.refused(w.block("To a new major version", 0), "Failure, exiting")
		if out := w.must(`grep -rh ` + stamped + ` "$NEW_DATA" || true`); !strings.Contains(out, "unrecognized parameter") {
			w.t.Errorf("pg_upgrade failed for another reason: %s", out)
		}
		return
	}
	w.do("To a new major version", 0)
	to.start()
	w.user = nil
	w.moveTo(to.url("rollcall", "warehouse"))
	w.must(`rollcall run && rollcall doctor && rollcall reader`)
	if major(w.t, from.bin) < adminOption {
		w.refused(`rollcall reader --new-password`, "ADMIN OPTION")
	}
	w.done(outcome{})
	w.sameDays()
}
