//go:build unix

package private

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/sampling"
)

func TestOnlyThePasswordOpens(t *testing.T) {
	t.Parallel()
	server := startIn(t, Config{Dir: openDir(t), NoSync: true})
	location, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	for name, user := range map[string]*url.Userinfo{
		"wrong password": url.UserPassword(userName, "wrong"),
		"no password":    url.User(userName),
		"other user":     url.UserPassword("postgres", "wrong"),
	} {
		location.User = user
		_, err := pgx.Connect(t.Context(), location.String())
		var pgErr *pgconn.PgError
		if err == nil || errors.As(err, &pgErr) && pgErr.Code != "28P01" {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if got := queryText(t, server.URL(), "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules"); got != "scram-sha-256" {
		t.Errorf("ways in: %s, want scram-sha-256 only", got)
	}
}

func TestFilesAreClosedToOthers(t *testing.T) {
	t.Parallel()
	a, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	parent := filepath.Join(openDir(t), "new")
	server := startIn(t, Config{Dir: parent})
	err = filepath.WalkDir(parent, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // a file of the running server that came and went
			return nil
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		uid, _ := owner(info)
		if mode := info.Mode().Perm(); mode&0o077 != 0 || uid != a.uid && path != filepath.Join(server.Dir(), lockName) {
			t.Errorf("%s has mode %o and owner %d", path, mode, uid)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestPsqlCommandWorksWithoutPassword(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	server := startIn(t, Config{Dir: filepath.Join(openDir(t), "it's here"), NoSync: true})
	command := server.PsqlCommand()
	if strings.Contains(command, server.password) {
		t.Error("the command holds the password")
	}
	if _, err := exec.LookPath("psql"); err != nil {
		if os.Getenv("ROLLCALL_CI") != "" {
			t.Fatal("no psql on this machine")
		}
		t.Skip("no psql on this machine")
	}
	out, err := exec.CommandContext(t.Context(), "sh", "-c", command+" -XAtwc 'SELECT current_database()'").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != databaseName {
		t.Errorf("%s: got %s, %v", command, out, err)
	}
}
