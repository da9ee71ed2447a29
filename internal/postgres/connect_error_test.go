package postgres_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

func TestConnectErrors(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	cfg, err := pgtest.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	host, trusted := tlsServer(t)
	const password = "canary-password-0815"
	for name, c := range map[string]struct {
		url  string
		kind error
		want string
	}{
		"not a URL":      {"postgres://u:" + password + "@host:notaport/db", model.ErrUsage, "not a connection string"},
		"for Java":       {"jdbc:postgresql://127.0.0.1:1/db?user=u&password=" + password, model.ErrUsage, "not a connection string"},
		"a slash in it":  {"postgres://u:12/" + password + "@127.0.0.1:1/db", model.ErrUsage, "must be written as %2F"},
		"a slash and ?":  {"postgres://u:12/a?" + password + "@127.0.0.1:1/db", model.ErrUsage, "must be written as %2F"},
		"a mark in it":   {"postgres://u:12?" + password + "@127.0.0.1:1/db", model.ErrStore, "check that the server is running"},
		"@ in a value":   {"postgres://127.0.0.1:1/db?application_name=a@b", model.ErrStore, "check that the server is running"},
		"a space in it":  {fmt.Sprintf("host=%s port=%d user=%s password=%s %s=x dbname=%s", cfg.Host, cfg.Port, cfg.User, cfg.Password, password, cfg.Database), model.ErrUsage, "in single quotes"},
		"a word behind":  {fmt.Sprintf("host=%s port=%d user=%s password=%s %s=x dbname=%s", cfg.Host, cfg.Port, cfg.User, cfg.Password, "canary_0815", cfg.Database), model.ErrUsage, "in single quotes"},
		"nobody there":   {"postgres://u:" + password + "@127.0.0.1:1/db", model.ErrStore, "check that the server is running"},
		"wrong password": {strings.Replace(url, cfg.Password, password, 1), model.ErrStore, "check user and password"},
		"no TLS there":   {url + "&sslmode=require", model.ErrStore, "server refused TLS connection; turn on ssl"},
		"no standby":     {url + "&sslmode=prefer&target_session_attrs=standby", model.ErrStore, "is not in hot standby mode; target_session_attrs in DATABASE_URL asks for another kind of server"},
		"no name":        {"postgres://u:" + password + "@127.0.0.1:1", model.ErrStore, `database "u" on`},
		"another issuer": {strings.Replace(host, "localhost", "127.0.0.1", 1) + "&sslmode=verify-full", model.ErrStore, "let sslrootcert in DATABASE_URL name"},
		"issuer alone":   {host + "&sslmode=verify-ca", model.ErrStore, "let sslrootcert in DATABASE_URL name"},
		"another name":   {host + "&sslmode=verify-full&sslrootcert=" + trusted, model.ErrStore, "let DATABASE_URL name the host as"},
		"sslmode":        {host + "&sslmode=banana", model.ErrUsage, "sslmode must be disable, "},
		"no such file":   {host + "&sslrootcert=/nosuch.pem", model.ErrUsage, "open /nosuch.pem: no such file"},
		"no certificate": {host + "&sslrootcert=connect_error.go", model.ErrUsage, "holds no certificate in PEM form"},
		"half a pair":    {host + "&sslcert=" + trusted, model.ErrUsage, "sslcert and sslkey go together"},
		"no database":    {strings.Replace(url, "/"+cfg.Database, "/nosuchdb", 1), model.ErrStore, "create the database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), secret.New(c.url), 2)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), cfg.Password)) {
				t.Errorf("the password is in %v", err)
			}
		})
	}
}

// tlsServer agrees to TLS as a PostgreSQL server does, and goes no further. Its
// certificate, which the file holds, is its own authority and not for the name in
// the address.
func tlsServer(t *testing.T) (address, certificate string) {
	t.Helper()
	web := httptest.NewTLSServer(nil)
	t.Cleanup(web.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); group.Wait() })
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() { shakeHands(conn, web.TLS) })
		}
	})
	certificate = filepath.Join(t.TempDir(), "own.pem")
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(certificate, own, 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "postgres://u:canary-password-0815@localhost:" + port + "/db?connect_timeout=20", certificate
}

// shakeHands answers the request for TLS and what follows it.
func shakeHands(conn net.Conn, config *tls.Config) {
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil {
		return
	}
	if _, err := conn.Write([]byte("S")); err != nil {
		return
	}
	_ = tls.Server(conn, config).Handshake() // the other side says how it went
}

// Whatever is written in place of a connection string: no part of it is shown, and
// nothing is sent to a server that it does not name.
func TestMisreadConnectionStringIsNotShown(t *testing.T) {
	t.Parallel()
	const uri = "postgres://u:canary%s@127.0.0.1:1/db"
	const space = "a space must be written as %20 in a URL"
	quoted := func(quote string) string { return quote + fmt.Sprintf(uri, "") + "?sslmode=disable" + quote }
	for name, c := range map[string]struct{ url, want string }{
		"quotes":                     {quoted(`"`), "without quotes around it"},
		"single quotes":              {quoted("'"), "without quotes around it"},
		"quotes, keywords":           {`"host=127.0.0.1 port=1 user=u password=canary"`, "without quotes around it"},
		"its name":                   {"DATABASE_URL=" + fmt.Sprintf(uri, ""), "not a connection string"},
		"its name, a parameter":      {"DATABASE_URL=" + fmt.Sprintf(uri, "") + "?sslmode=disable", "not a connection string"},
		"a command":                  {"psql " + fmt.Sprintf(uri, "") + "?sslmode=disable", "not a connection string"},
		"one slash":                  {"postgres:/u:canary@127.0.0.1:1/db?sslmode=disable", "not a connection string"},
		"capitals":                   {"POSTGRES://u:canary@127.0.0.1:1/db?sslmode=disable", "not a connection string"},
		"the secret alone":           {"canary", "not a connection string"},
		"a URL as database":          {"host=127.0.0.1 port=1 dbname=" + fmt.Sprintf(uri, ""), "not a connection string"},
		"a URL as host":              {"host=" + fmt.Sprintf(uri, ""), "not a connection string"},
		"a user in the host":         {"host=u:canary@127.0.0.1 port=1", "not a connection string"},
		"a space in it":              {"postgres://u:can ary@127.0.0.1:1/db", space},
		"a space at the end of it":   {"postgres://u:canary @127.0.0.1:1/db", space},
		"a space at its beginning":   {"postgres://u: canary@127.0.0.1:1/db", space},
		"a line in it":               {"postgres://u:can\nary@127.0.0.1:1/db", space},
		"a space, keywords":          {"host=127.0.0.1 port=1 password=a canary", "stands in single quotes"},
		"a space, keywords behind":   {"host=127.0.0.1 port=1 password=a canary user=u", "stands in single quotes"},
		"a hard space, keywords":     {"host=127.0.0.1 port=1 password=a\u00a0 canary\u00a0b=c", "stands in single quotes"},
		"an @ in it":                 {"postgres://u:12@canary@127.0.0.1:1/db", "@ as %40"},
		"an @ and a slash":           {"postgres://u:12@127.0.0.1/canary@127.0.0.1:1/db", "@ as %40"},
		"an @ and a port":            {"postgres://u:12@can:ary@127.0.0.1:1/db", "not a connection string"},
		"a parameter without a name": {fmt.Sprintf(uri, "") + "?can@ary=1", "@ as %40"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), secret.New(c.url), 2)
			if !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "ary")) {
				t.Errorf("a part of it is in %v", err)
			}
		})
	}
	// What looks alike and is right.
	for _, url := range []string{
		"postgres://u:can%20ary@127.0.0.1:1/db", "host=127.0.0.1 port=1 user=u password='can ary'", "host = 127.0.0.1 port = 1 application_name = 'a @ b://c'",
		" postgres://u:canary@127.0.0.1:1/db", "\tpostgres://u:canary@127.0.0.1:1/db?sslmode=disable", "\r\npostgres://u:canary@127.0.0.1:1/db\n",
		"\u00a0postgres://u:canary@127.0.0.1:1/db\u00a0", "\ufeffpostgres://u:canary@127.0.0.1:1/db\u200b", " host=127.0.0.1 port=1 password=canary\n",
		"postgres://u@127.0.0.1:1,127.0.0.1:2/db?application_name=a@b", "postgres://u@127.0.0.1:1/db?options=-c%20search_path%3Dx", "postgres://u@127.0.0.1:1/d%40b?my.param=x",
		"postgres://u@127.0.0.1:1?passfile=/a@b", "postgres://127.0.0.1:1?user=u&password=a/b@c&dbname=d",
	} {
		if _, err := postgres.Open(t.Context(), secret.New(url), 2); !errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), "on 127.0.0.1:1 as user") || strings.Contains(err.Error(), "ary") {
			t.Errorf("%q: %v", url, err)
		}
	}
	// Homes of some networks have an @.
	for _, url := range []string{"host=/home/jo@corp.example/run dbname=d user=u", "postgres://u@/d?host=/home/jo@corp.example/run"} {
		if _, err := postgres.Open(t.Context(), secret.New(url), 2); !errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), "/home/jo@corp.example/run") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// A container whose user has no line in /etc/passwd leaves the name out.
func TestAConnectionWithoutAUser(t *testing.T) {
	t.Parallel()
	cfg, err := pgtest.ParseConfig(pgtest.NewEmpty(t))
	if err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("postgres://%s/%s?sslmode=disable&user=", net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))), cfg.Database)
	if filepath.IsAbs(cfg.Host) {
		url = fmt.Sprintf("host=%s port=%d dbname=%s user=''", cfg.Host, cfg.Port, cfg.Database)
	}
	if _, err := postgres.Open(t.Context(), secret.New(url), 1); err == nil || !strings.Contains(err.Error(), "let DATABASE_URL name a user") {
		t.Errorf("gave %v", err)
	}
}
