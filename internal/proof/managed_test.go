package proof_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
)

// Managed servers want the password itself where others are content with a verifier.
// One of them is told from its words: the role keeps its rights, no password is shown
// that was not set, and none is sent where others could read it.
func TestServerThatRefusesAVerifier(t *testing.T) {
	t.Parallel()
	s := newScene(t, 1, pgtest.New(t))
	const set = `EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L'`
	proxy := newTripwire(t, s.direct, nil, nil, set, `IF current_setting('rollcall.verifier') LIKE 'SCRAM-SHA-256$%' THEN RAISE EXCEPTION
		USING ERRCODE = 'XX000', MESSAGE = 'This server only supports being given plaintext passwords.'; END IF; `+set)
	s.database = proxy.url
	end := s.roles(1, "reader", "--role=refused", "--new-password")
	for _, want := range []string{"the role refused has its rights", "only supports being given plaintext passwords", "--plaintext-password", "ALTER ROLE"} {
		if !strings.Contains(end, want) {
			t.Errorf("it does not say %q: %s", want, end)
		}
	}
	if strings.Contains(end, "shown only now") {
		t.Errorf("a password that was not set is shown: %s", end)
	}
	if got := s.text(`(SELECT has_table_privilege(oid, 'analytics.people', 'SELECT') || ' ' || rolcanlogin FROM pg_roles WHERE rolname = 'refused')`); got != "true false" {
		t.Errorf("the role can read, can log in: %s", got)
	}
	if end := s.roles(2, "reader", "--role=refused", "--new-password", "--plaintext-password"); !strings.Contains(end, "over TLS only") {
		t.Errorf("without TLS: %s", end)
	}
}

// Over TLS the server gets what it wants: it then hashes the password itself.
func TestPlaintextPasswordOverTLS(t *testing.T) {
	t.Parallel()
	// An installed one: a build that ROLLCALL_POSTGRES_BIN names may have no TLS.
	programs, err := private.Find(t.Context(), private.FindOptions{AllowDownload: true, Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, programs.Dir)
	certificate(t, c)
	s := newScene(t, 1, c.url("postgres", "postgres"))
	s.sql(`ALTER SYSTEM SET ssl = on -- %s`)
	s.sql(`ALTER SYSTEM SET password_encryption = 'md5' -- %s`)
	s.sql(`SELECT pg_reload_conf() -- %s`)
	s.until(`SELECT current_setting('ssl') = 'on'`)
	s.database += "?sslmode=require"
	s.mustRun("migrate", "up")
	for args, hash := range map[string]string{"--new-password": "SCRAM", "--new-password --plaintext-password": "md5"} {
		out := s.roles(0, append([]string{"loader"}, strings.Fields(args)...)...)
		if got := s.text(`(SELECT rolpassword FROM pg_authid WHERE rolname = 'rollcall_loader')`); !strings.HasPrefix(got, hash) {
			t.Errorf("%s: the server keeps %.5s…, want %s", args, got, hash)
		}
		password := regexp.MustCompile(`shown only now: (\S+)`).FindStringSubmatch(out)
		if password == nil {
			t.Fatalf("%s: %s", args, out)
		}
		if hash != "SCRAM" {
			continue // pg_hba.conf wants SCRAM of whoever logs in
		}
		conn, err := pgx.Connect(t.Context(), strings.Replace(s.database, "postgres:"+superPassword, "rollcall_loader:"+password[1], 1))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close(t.Context())
	}
}

// roles runs a command that makes a role, and gives all that it prints.
func (s *scene) roles(code int, args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), program, args...)
	cmd.Dir = s.t.TempDir()
	cmd.Env = []string{"DATABASE_URL=" + s.database}
	out, err := cmd.CombinedOutput()
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		s.t.Fatal(err)
	}
	if got != code {
		s.t.Fatalf("%v ends with %d, want %d: %s", args, got, code, out)
	}
	return string(out)
}

// certificate gives the server one of its own.
func certificate(t *testing.T, c *cluster) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"server.key": {Type: "PRIVATE KEY", Bytes: private}, "server.crt": {Type: "CERTIFICATE", Bytes: der}} {
		file := filepath.Join(c.data, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		c.own(file)
	}
}
