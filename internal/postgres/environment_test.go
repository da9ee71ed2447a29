package postgres_test

import (
	"cmp"
	"net"
	"strconv"
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

// What the driver does not look at stands in as it does for libpq, behind what
// DATABASE_URL says.
func TestEnvironmentStandsIn(t *testing.T) {
	url := pgtest.NewEmpty(t)
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	user, port := "postgres://"+cfg.User+":"+cfg.Password+"@", ":"+strconv.Itoa(int(cfg.Port))+"/"+cfg.Database
	here := cmp.Or(numeric(cfg.Host), "127.0.0.1")
	for name, c := range map[string]struct {
		url, want string // no want: it connects
		set       map[string]string
	}{
		"an address for a name":              {user + "no-such-host.invalid" + port, "", map[string]string{"PGHOSTADDR": here}},
		"an address for no host":             {user + port, "", map[string]string{"PGHOSTADDR": here}},
		"an address for the variable's name": {user + port, "", map[string]string{"PGHOSTADDR": here, "PGHOST": "no-such-host.invalid"}},
		"another address in DATABASE_URL":    {user + "no-such-host.invalid" + port + "?hostaddr=" + here, "", map[string]string{"PGHOSTADDR": "192.0.2.1"}},
		"no address": {
			user + "h.invalid" + port, "hostaddr must be a numeric address; a name belongs into host; it is PGHOSTADDR of the environment that asks for it",
			map[string]string{"PGHOSTADDR": "canary"},
		},
		"a version of TLS": {
			url, "ssl_min_protocol_version must be TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3; it is PGSSLMINPROTOCOLVERSION of the environment",
			map[string]string{"PGSSLMINPROTOCOLVERSION": "canary"},
		},
		"another version in DATABASE_URL": {url + "&ssl_min_protocol_version=TLSv1.2", "", map[string]string{"PGSSLMINPROTOCOLVERSION": "canary"}},
		"GSSAPI":                          {url, "cannot be met, since Rollcall does not speak GSSAPI; use sslmode=verify-full instead; it is PGGSSENCMODE of", map[string]string{"PGGSSENCMODE": "require"}},
		"GSSAPI, better":                  {url, "", map[string]string{"PGGSSENCMODE": "prefer"}},
		"revoked certificates": {
			user + "h.invalid" + port + "?sslmode=require", "sslcrl cannot be met", map[string]string{"PGSSLCRL": "canary"},
		},
		"who runs the server": {"postgres:///d?host=/none.invalid", "requirepeer cannot be met", map[string]string{"PGREQUIREPEER": "canary"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PGSSLMODE", "disable")
			for variable, value := range c.set {
				t.Setenv(variable, value)
			}
			pool, err := postgres.Open(t.Context(), secret.New(c.url), 1)
			if err == nil {
				pool.Close()
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("gave %v, want %q", err, c.want)
			}
		})
	}
}

// numeric gives a host that is an address, else nothing.
func numeric(host string) string {
	if net.ParseIP(host) == nil {
		return ""
	}
	return host
}

// Of several servers doctor names the one that answers.
func TestInspectNamesWhoAnswers(t *testing.T) {
	t.Parallel()
	cfg, err := pgtest.ParseConfig(pgtest.NewEmpty(t))
	if err != nil {
		t.Fatal(err)
	}
	here := net.JoinHostPort(cmp.Or(numeric(cfg.Host), "127.0.0.1"), strconv.Itoa(int(cfg.Port)))
	url := "postgres://" + cfg.User + ":" + cfg.Password + "@127.0.0.1:1," + here + "/" + cfg.Database + "?sslmode=disable&target_session_attrs=read-write"
	facts, err := postgres.Inspect(t.Context(), open(t, url))
	if err != nil || facts.Where != here {
		t.Errorf("the server is called %q: %v, want %s", facts.Where, err, here)
	}
}
