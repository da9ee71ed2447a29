package postgres_test

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// What psql takes is taken, and what asks for nothing that we can do without is
// not sent to the server.
func TestParametersOfLibpq(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	for _, parameters := range []string{
		"keepalives=1&keepalives_idle=30&keepalives_interval=5&keepalives_count=3", "keepalives=0", "tcp_user_timeout=1000",
		"gssencmode=prefer", "sslcompression=0", "sslsni=1", "requirepeer=", "client_encoding=auto", "client_encoding=LATIN1",
		"ssl_min_protocol_version=TLSv1.2&ssl_max_protocol_version=TLSv1.3", "replication=false", "load_balance_hosts=random",
		"options=-c%20work_mem%3D5MB", "work_mem=5MB", "my.parameter=x", "sslcrl=", "krbsrvname=postgres",
	} {
		open(t, url+"&"+parameters)
	}
	var name string
	if err := open(t, url+"&fallback_application_name=school").QueryRow(t.Context(), `SELECT current_setting('application_name')`).Scan(&name); err != nil || name != "school" {
		t.Errorf("the connection is called %q: %v", name, err)
	}
}

// Each parameter of libpq is taken, ignored, or refused by name; a value is never shown.
func TestEachParameterOfLibpq(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	taken := map[string]string{ // with a value that a server without TLS can meet
		"passfile": "/nonexistent", "require_auth": "scram-sha-256", "channel_binding": "prefer", "connect_timeout": "9", "client_encoding": "auto",
		"options": "-c%20work_mem%3D5MB", "application_name": "x", "fallback_application_name": "x", "keepalives": "1", "keepalives_idle": "30",
		"keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "9000", "replication": "false", "gssencmode": "disable",
		"sslmode": "disable", "requiressl": "0", "sslnegotiation": "postgres", "sslcompression": "1", "sslcert": "", "sslkey": "", "sslkeylogfile": "/x",
		"sslpassword": "canary", "sslcertmode": "allow", "sslrootcert": "", "sslcrl": "", "sslcrldir": "", "sslsni": "0", "requirepeer": "canary",
		"ssl_min_protocol_version": "TLSv1.2", "ssl_max_protocol_version": "TLSv1.3", "min_protocol_version": "3.0", "max_protocol_version": "latest",
		"krbsrvname": "canary", "gsslib": "gssapi", "gssdelegation": "1", "scram_client_key": "canary", "scram_server_key": "canary",
		"servicefile": "/nonexistent", "target_session_attrs": "read-write", "load_balance_hosts": "random", "oauth_issuer": "canary",
		"oauth_client_id": "canary", "oauth_client_secret": "canary", "oauth_scope": "canary", "authtype": "x", "tty": "x",
	}
	for name, value := range taken {
		pool, err := postgres.Open(t.Context(), secret.New(url+"&"+name+"="+value), 1)
		if err != nil {
			t.Errorf("%s=%s: %v", name, value, err)
			continue
		}
		pool.Close()
	}
	for name, value := range map[string]string{
		"connect_timeout": "canary", "port": "canary", "target_session_attrs": "canary", "require_auth": "canary",
		"sslmode": "canary", "service": "canary", "requiressl": "1", "replication": "canary", "keepalives_count": "canary",
		"ssl_max_protocol_version": "canary", "channel_binding": "canary", "sslcertmode": "canary", "max_protocol_version": "canary",
		"default_query_exec_mode": "canary", "pool_max_conns": "canary", "statement_cache_capacity": "canary",
	} {
		_, err := postgres.Open(t.Context(), secret.New(url+"&"+name+"="+value), 1)
		if !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s=%s gave %v", name, value, err)
		}
	}
}

func TestHostaddr(t *testing.T) {
	t.Parallel()
	cfg, err := pgtest.ParseConfig(pgtest.NewEmpty(t))
	if err != nil {
		t.Fatal(err)
	}
	rest := "@PLACE/" + cfg.Database + "?sslmode=disable"
	port := strconv.Itoa(int(cfg.Port))
	user := "postgres://" + cfg.User + ":" + cfg.Password
	address := "127.0.0.1"
	if ip := net.ParseIP(cfg.Host); ip != nil {
		address = ip.String()
	}
	for _, url := range []string{
		user + strings.Replace(rest, "PLACE", "no-such-host.invalid:"+port, 1) + "&hostaddr=" + address,
		user + strings.Replace(rest, "PLACE", ":"+port, 1) + "&hostaddr=" + address,
		"hostaddr=" + address + " port=" + port + " sslmode=disable user=" + cfg.User + " password='" + cfg.Password + "' dbname=" + cfg.Database,
	} {
		open(t, url)
	}
	for parameter, want := range map[string]string{"hostaddr=db.example": "numeric address", "hostaddr=127.0.0.1,127.0.0.2": "2 addresses for 1 hosts"} {
		_, err := postgres.Open(t.Context(), secret.New("postgres://u@h.invalid/d?"+parameter), 1)
		if !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v", parameter, err)
		}
	}
}

// What cannot be carried out, and what belongs to other tools, is named; a value is
// never shown.
func TestParametersThatAreRefused(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	for parameter, want := range map[string]string{
		"schema=canary":                          "parameter schema",
		"pgbouncer=canary":                       "parameter pgbouncer",
		"currentSchema=canary":                   "parameter currentSchema",
		"made_up=canary":                         "parameter made_up",
		"work_mem=canary":                        "parameter work_mem",
		"gssencmode=require":                     "gssencmode=require cannot be met",
		"replication=database":                   "replication must be left out",
		"ssl_min_protocol_version=canary":        "must be TLSv1,",
		"keepalives_idle=canary":                 "keepalives_idle must be a whole number",
		"application_name=x%zcanary":             "written as %25",
		"sslmode=prefer&host=h.invalid&sslcrl=x": "sslcrl cannot be met",
		"ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2": "must not be above",
	} {
		_, err := postgres.Open(t.Context(), secret.New(url+"&"+parameter), 1)
		if !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s gave %v, want %q", parameter, err, want)
		}
	}
	// The name may be the end of a password that was cut in two.
	_, err := postgres.Open(t.Context(), secret.New(strings.Replace(url, "?", "?can_ary=x@y&", 1)), 1)
	if !errors.Is(err, model.ErrUsage) || strings.Contains(err.Error(), "can_ary") {
		t.Errorf("what may be a part of a password is in %v", err)
	}
}
