package distributed

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// clusterURL skips a test where no cluster is named.
func clusterURL(t *testing.T) *url.URL {
	t.Helper()
	text := os.Getenv("ROLLCALL_CITUS_URL")
	if text == "" {
		t.Skip("not run: ROLLCALL_CITUS_URL names no coordinator of Citus, and nothing was tried on a cluster")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		t.Fatalf("ROLLCALL_CITUS_URL is no address of a server: %v", err)
	}
	return u
}

var made atomic.Int64

// node is a server of the cluster, as host:port.
type node string

// newCluster makes a database of the test's own on each node, and joins them. It gives the
// coordinator's URL and the workers'.
func newCluster(t *testing.T) (coordinator string, workers []string) {
	t.Helper()
	base := clusterURL(t)
	name := fmt.Sprintf("rollcall_%d_%d", os.Getpid(), made.Add(1))
	at := func(n node, database string) string {
		u := *base
		u.Host, u.Path = string(n), "/"+database
		return u.String()
	}
	home := node(base.Host)
	rows := ask(t, base.String(), `SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE groupid > 0 AND noderole = 'primary' ORDER BY 1`)
	if len(rows) == 0 {
		t.Fatal("the coordinator of ROLLCALL_CITUS_URL knows no worker")
	}
	nodes := []node{home}
	for _, r := range rows {
		nodes = append(nodes, node(r))
	}
	maintenance := strings.TrimPrefix(base.Path, "/")
	for _, n := range nodes {
		do(t, at(n, maintenance), `SET citus.enable_create_database_propagation = off`, `CREATE DATABASE `+name)
		do(t, at(n, name), `CREATE EXTENSION citus`)
		t.Cleanup(func() {
			conn, err := pgtest.Connect(context.WithoutCancel(t.Context()), at(n, maintenance))
			if err == nil {
				_, err = conn.Exec(context.WithoutCancel(t.Context()), `DROP DATABASE `+name+` WITH (FORCE)`)
				_ = conn.Close(context.WithoutCancel(t.Context()))
			}
			if err != nil {
				t.Errorf("drop the database on %s: %v", n, err)
			}
		})
	}
	do(t, at(home, name), fmt.Sprintf(`SELECT citus_set_coordinator_host('%s', %s)`, base.Hostname(), base.Port()))
	for _, n := range nodes[1:] {
		host, port, _ := strings.Cut(string(n), ":")
		do(t, at(home, name), fmt.Sprintf(`SELECT citus_add_node('%s', %s)`, host, port))
		workers = append(workers, at(n, name))
	}
	return at(home, name), workers
}

// do runs statements, each by itself.
func do(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgtest.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, s := range statements {
		if _, err := conn.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// ask gives one column of texts.
func ask(t *testing.T, url, sql string) []string {
	t.Helper()
	conn, err := pgtest.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	return pgtest.Texts(t, conn, sql)
}

// migrated gives a pool on a warehouse.
func migrated(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Open(t, url, 8)
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	return pool
}

// distributed gives a pool on a warehouse whose tables Citus has.
func distributed(t *testing.T) (pool *pgxpool.Pool, url string) {
	t.Helper()
	url, _ = newCluster(t)
	pool = migrated(t, url)
	if _, err := postgres.Distribute(t.Context(), pool, 8); err != nil {
		t.Fatal(err)
	}
	return pool, url
}

// at is the moment around which the data lies, by every clock but the servers'.
var at = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

func now() time.Time { return at }

// ended gives the demo's data but for the session that is live: until when it lasts depends
// on when it is read.
func ended() *simulator.Data {
	data := simulator.Demo(1, at)
	for i := range data.Apps {
		data.Apps[i].Sessions = slices.DeleteFunc(data.Apps[i].Sessions, func(s *simulator.Session) bool { return s.Status == simulator.StatusLive })
	}
	return data
}

// fill loads them over the whole path.
func fill(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	data := ended()
	p := testbed.Path(t, pool, simulator.New(data, simulator.Options{Token: testbed.Token, Now: now}), data.AccountID, now)
	all := pipeline.Optional{Enrolment: true, Daywise: true, PeerReports: true, Recordings: true}
	if _, err := p.Run(t.Context(), pipeline.Plan{Kind: "run", Optional: all}); err != nil {
		t.Fatal(err)
	}
}
