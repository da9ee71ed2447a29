//go:build unix

package private

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// major returns the folder name that Start will use.
func major(t *testing.T) string {
	t.Helper()
	found, err := Find(t.Context(), FindOptions{AllowDownload: true})
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(found.Major)
}

// ownedDir makes a folder as Start would.
func ownedDir(t *testing.T, path string) string {
	t.Helper()
	a, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.makeOwned(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestHalfMadeDataDirectory finds what an interrupted start may have left.
func TestHalfMadeDataDirectory(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	home := ownedDir(t, filepath.Join(dir, major(t)))
	data := ownedDir(t, filepath.Join(home, dataName))
	writeText(t, filepath.Join(data, "PG_VERSION"), "15\n")
	writeText(t, filepath.Join(data, "keep"), "somebody's")
	writeText(t, filepath.Join(ownedDir(t, filepath.Join(home, newPrefix+"dead")), "PG_VERSION"), "15\n")
	writeText(t, filepath.Join(home, newPrefix+"dead.password"), "secret")

	var log logBuffer
	server := startIn(t, Config{Dir: dir, NoSync: true, Logger: log.logger()})
	execSQL(t, server.URL(), "SELECT 1")
	if left, err := filepath.Glob(filepath.Join(home, newPrefix+"*")); err != nil || len(left) != 0 {
		t.Errorf("unfinished folders are still there: %v, %v", left, err)
	}
	kept, err := filepath.Glob(filepath.Join(home, dataName+".unfinished-*", "keep"))
	if err != nil || len(kept) != 1 {
		t.Errorf("what was in the way is gone: %v, %v", kept, err)
	}
	if !strings.Contains(log.String(), "was not complete") {
		t.Errorf("nothing was said: %s", log.String())
	}
}

// TestDatabaseIsMadeLater is the crash between initdb and CREATE DATABASE.
func TestDatabaseIsMadeLater(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	server := startIn(t, Config{Dir: dir, NoSync: true})
	execSQL(t, connectionURL(server.Port(), server.password, "postgres"), "DROP DATABASE "+databaseName+" WITH (FORCE)")
	stopServer(t, server)
	again := startIn(t, Config{Dir: dir, NoSync: true})
	execSQL(t, again.URL(), "SELECT 1")
}

func TestDataOfAnotherMajorIsRefused(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	server := startIn(t, Config{Dir: dir, NoSync: true})
	stopServer(t, server)
	writeText(t, filepath.Join(server.Dir(), dataName, "PG_VERSION"), "12\n")
	_, err := Start(t.Context(), Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "made by PostgreSQL 12") {
		t.Errorf("got error %v, want one that names the version", err)
	}
}

func TestEarlierMajorIsMentioned(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	earlier := filepath.Join(dir, "14", dataName)
	if err := os.MkdirAll(earlier, 0o700); err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(earlier, stampName), "{}")
	var log logBuffer
	startIn(t, Config{Dir: dir, NoSync: true, Logger: log.logger()})
	if !strings.Contains(log.String(), filepath.Join(dir, "14")) {
		t.Errorf("the folder of version 14 was not mentioned: %s", log.String())
	}
}

func TestFolderOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := openDir(t)
	home := ownedDir(t, filepath.Join(dir, major(t)))
	if err := os.Chown(home, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "belongs to uid 12345") {
		t.Errorf("got error %v, want one that names the owner", err)
	}
}

// TestLinksOutAreNotFollowed has the owner of the folder, who need not be this
// process's user, point a name elsewhere.
func TestLinksOutAreNotFollowed(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	for _, name := range []string{lockName, logName} {
		dir := openDir(t)
		home := ownedDir(t, filepath.Join(dir, major(t)))
		victim := filepath.Join(dir, "victim")
		writeText(t, victim, "untouched")
		if err := os.Symlink(victim, filepath.Join(home, name)); err != nil {
			t.Fatal(err)
		}
		server, err := Start(t.Context(), Config{Dir: dir, NoSync: true})
		if err == nil {
			stopServer(t, server)
		}
		if text, err := os.ReadFile(victim); err != nil || string(text) != "untouched" {
			t.Errorf("%s: wrote through the link: %q, %v", name, text, err)
		}
	}
}
