package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// ClusterURL gives the coordinator of Citus that the environment names, and skips the test
// where it names none.
func ClusterURL(tb testing.TB) *url.URL {
	tb.Helper()
	text := os.Getenv("ROLLCALL_CITUS_URL")
	if text == "" {
		tb.Skip("not run: ROLLCALL_CITUS_URL names no coordinator of Citus, and nothing was tried on a cluster")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		tb.Fatalf("ROLLCALL_CITUS_URL is no address of a server: %v", err)
	}
	if u.RawQuery == "" {
		u.RawQuery = "sslmode=disable" // tests go on with &, and the one server that they compare with has no TLS either
	}
	return u
}

var clusters atomic.Int64

// ClusterNodes gives the addresses of the workers.
func ClusterNodes(tb testing.TB) []string {
	tb.Helper()
	return Ask(tb, ClusterURL(tb).String(), `SELECT nodename || ':' || nodeport FROM pg_dist_node WHERE groupid > 0 AND noderole = 'primary' ORDER BY 1`)
}

// NewCluster makes a database of the test's own on each node, and joins them. It gives the
// coordinator's URL and the workers'.
func NewCluster(tb testing.TB) (coordinator string, workers []string) {
	tb.Helper()
	base := ClusterURL(tb)
	name := fmt.Sprintf("rollcall_%d_%d", os.Getpid(), clusters.Add(1))
	at := func(node, database string) string {
		u := *base
		u.Host, u.Path = node, "/"+database
		return u.String()
	}
	found := ClusterNodes(tb)
	if len(found) == 0 {
		tb.Fatal("the coordinator of ROLLCALL_CITUS_URL knows no worker")
	}
	maintenance := strings.TrimPrefix(base.Path, "/")
	for _, node := range append([]string{base.Host}, found...) {
		Do(tb, at(node, maintenance), `SET citus.enable_create_database_propagation = off`, `CREATE DATABASE `+name)
		Do(tb, at(node, name), `CREATE EXTENSION citus`)
		tb.Cleanup(func() { dropOn(tb, node, at(node, maintenance), name) })
	}
	coordinator = at(base.Host, name)
	Do(tb, coordinator, fmt.Sprintf(`SELECT citus_set_coordinator_host('%s', %s)`, base.Hostname(), base.Port()))
	for _, node := range found {
		host, port, _ := strings.Cut(node, ":")
		addNode(tb, coordinator, host, port)
		workers = append(workers, at(node, name))
	}
	return coordinator, workers
}

// addNode tries again where somebody else changes the roles of all nodes at the same moment,
// which are sent to the new one.
func addNode(tb testing.TB, coordinator, host, port string) {
	tb.Helper()
	conn, err := Connect(tb.Context(), coordinator)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(tb.Context()))
	for range 10 {
		if _, err = conn.Exec(tb.Context(), `SELECT citus_add_node($1, $2::text::integer)`, host, port); err == nil {
			return
		}
	}
	tb.Fatalf("add the node %s:%s: %v", host, port, err)
}

func dropOn(tb testing.TB, node, maintenance, name string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context())
	conn, err := Connect(ctx, maintenance)
	if err == nil {
		// Citus's own worker may come back while the server waits for it to go.
		for range 5 {
			var busy *pgconn.PgError
			if _, err = conn.Exec(ctx, `DROP DATABASE `+name+` WITH (FORCE)`); !errors.As(err, &busy) || busy.Code != "55006" {
				break
			}
		}
		_ = conn.Close(ctx)
	}
	if err != nil {
		tb.Errorf("drop the database on %s: %v", node, err)
	}
}

// Do runs statements on a connection of their own, each by itself.
func Do(tb testing.TB, url string, statements ...string) {
	tb.Helper()
	conn, err := Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(tb.Context()))
	for _, s := range statements {
		Exec(tb, conn, s)
	}
}

// Ask gives one column of texts.
func Ask(tb testing.TB, url, sql string) []string {
	tb.Helper()
	conn, err := Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(tb.Context()))
	return Texts(tb, conn, sql)
}
