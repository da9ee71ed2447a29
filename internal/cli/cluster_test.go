package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// onACluster are the scripts that a cluster has to pass too: each command, as the owner and
// as the roles that may do less, and workers beside serve. What they want of the owner is
// that it is called rollcall.
var onACluster = []string{
	"accounts", "backfill", "caution", "clocks", "doctor", "erase", "fleet", "legacy", "letters", "loader", "metrics", "names",
	"optional", "partial", "prefix", "reader", "recordings", "refused", "rejects", "report", "retention", "run", "sessions",
	"status", "stopped", "terminal", "upgrade", "usage", "verify", "webhooks",
}

// migrates is where a script makes its tables, with what it wants to be said.
var migrates = regexp.MustCompile(`(?m)^exec rollcall migrate up\n((! )?std(out|err) .*\n)*`)

// distributing gives a script that distributes the tables of each warehouse that the owner
// makes; the role that loads migrates up as well, and finds nothing to do. What comes back
// after one step down is still distributed: workers would make room once more.
func distributing(script []byte) []byte {
	var out []byte
	owner := true
	for len(script) > 0 {
		found := migrates.FindIndex(script)
		if found == nil {
			break
		}
		before := script[:found[0]]
		if at := bytes.LastIndex(before, []byte("\nlogin")); at >= 0 {
			owner = before[at+len("\nlogin")] == '\n'
		}
		out = append(out, script[:found[1]]...)
		if owner && !bytes.HasSuffix(before, []byte("exec rollcall migrate down --yes\n")) {
			out = append(out, "exec rollcall distribute --shards 4\n"...)
		}
		script = script[found[1]:]
	}
	return append(out, script...)
}

// The commands do on a cluster what they do on one server: the same scripts, whose tables are
// distributed once they are made.
func TestScriptsOnACluster(t *testing.T) {
	pgtest.ClusterURL(t)
	if naming.Prefix() != "" {
		t.Skip("prefix.txtar has prefixes of its own")
	}
	dropRoles(t)
	params := scripted(t.TempDir(), func(tb testing.TB, _ string) string {
		tb.Helper()
		url, _ := pgtest.NewCluster(tb)
		return url
	})
	params.Condition = func(string) (bool, error) { return true, nil }
	dir := t.TempDir()
	for _, name := range onACluster {
		text, err := os.ReadFile(filepath.Join("testdata", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		text = distributing(text)
		file := filepath.Join(dir, name+".txtar")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		params.Files = append(params.Files, file)
	}
	testscript.Run(t, params)
}

// rolesMade lists the roles that somebody made.
const rolesMade = `SELECT rolname::text FROM pg_roles WHERE rolname !~ '^pg_' AND NOT rolsuper ORDER BY 1`

// dropRoles has the roles that the scripts make on all nodes dropped when they have ended and
// their databases are gone.
func dropRoles(t *testing.T) {
	t.Helper()
	base := pgtest.ClusterURL(t)
	had := pgtest.Ask(t, base.String(), rolesMade)
	nodes := append([]string{base.Host}, pgtest.ClusterNodes(t)...)
	t.Cleanup(func() {
		for _, node := range nodes {
			u := *base
			u.Host = node
			if err := dropRolesOn(context.WithoutCancel(t.Context()), u.String(), had); err != nil {
				t.Errorf("drop the roles on %s: %v", node, err)
			}
		}
	})
}

func dropRolesOn(ctx context.Context, url string, keep []string) error {
	conn, err := pgtest.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `SET citus.enable_create_role_propagation = off`); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, rolesMade)
	if err != nil {
		return err
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, role := range roles {
		if err == nil && !slices.Contains(keep, role) {
			_, err = conn.Exec(ctx, `DROP ROLE `+pgx.Identifier{role}.Sanitize())
		}
	}
	return err
}
