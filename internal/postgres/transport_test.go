package postgres_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

func TestUnverified(t *testing.T) {
	for _, name := range []string{"PGHOST", "PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	for url, want := range map[string]string{
		"postgres://u:p@db.example/w?sslmode=verify-full":          "",
		"postgres://u:p@db.example/w?sslmode=verify-ca":            "db.example",
		"postgres://u:p@db.example/w?sslmode=require":              "db.example",
		"postgres://u:p@db.example/w?sslmode=prefer":               "db.example",
		"postgres://u:p@db.example/w?sslmode=disable":              "db.example",
		"postgres://u:p@db.example/w":                              "db.example",
		"host=10.0.0.5 user=u dbname=w":                            "10.0.0.5",
		"postgres://u:p@127.0.0.1,db.example/w":                    "db.example",
		"postgres://u:p@a.example,b.example/w?sslmode=verify-full": "",
		"postgres://u:p@127.0.0.1/w":                               "",
		"postgres://u:p@[::1]:5433/w":                              "",
		"postgres://u:p@localhost/w?sslmode=disable":               "",
		"host=/var/run/postgresql dbname=w":                        "",
		"postgres:///w?host=/tmp":                                  "",
		"postgres://u:p@127.0.0.1.example/w":                       "127.0.0.1.example",
	} {
		cfg, err := pgtest.ParsePool(url)
		if err != nil {
			t.Fatal(err)
		}
		pool, err := pgxpool.NewWithConfig(t.Context(), cfg) // connects to nothing yet
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := postgres.Unverified(pool); got != want || ok != (want != "") {
			t.Errorf("%s gives %q, %v, want %q", url, got, ok, want)
		}
		pool.Close()
	}
}
