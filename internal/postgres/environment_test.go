package postgres_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// What the environment asks of a connection is not put down to DATABASE_URL, nor to the
// server.
func TestErrorsNameTheEnvironment(t *testing.T) {
	url := pgtest.NewEmpty(t)
	for variable, c := range map[string]struct{ value, want string }{
		"PGSSLMODE":            {"canary", "it leaves sslmode to PGSSLMODE of the environment: sslmode must be disable"},
		"PGCONNECT_TIMEOUT":    {"canary", "it leaves connect_timeout to PGCONNECT_TIMEOUT of the environment, whose value cannot be used"},
		"PGSSLCERT":            {"canary", "it leaves sslcert to PGSSLCERT of the environment: sslcert and sslkey go together"},
		"PGSERVICE":            {"canary", "it leaves service to PGSERVICE of the environment, whose value cannot be used: the file "},
		"PGTARGETSESSIONATTRS": {"standby", "or PGTARGETSESSIONATTRS in the environment, asks for another kind of server"},
		"PGREQUIREAUTH":        {"gss", "or PGREQUIREAUTH in the environment, asks for another way to log in"},
		"PGCHANNELBINDING":     {"require", "or PGCHANNELBINDING in the environment, asks for what needs TLS and SCRAM"},
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("PGSERVICEFILE", t.TempDir()+"/none")
			t.Setenv(variable, c.value)
			from, _, _ := strings.Cut(url, "?") // which says nothing of all this
			pool, err := postgres.Open(t.Context(), secret.New(from), 1)
			if err == nil {
				pool.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("gave %v", err)
			}
		})
	}
}
