//go:build unix

package private

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a made-up machine with PostgreSQL in every place Find looks at.
type machine struct {
	variable, pgConfig, path, installed, homebrew string
	env                                           []string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	root := openDir(t)
	m := machine{
		variable:  fakePrograms(t, filepath.Join(root, "variable"), "16.1"),
		pgConfig:  fakePrograms(t, filepath.Join(root, "config"), "15.3"),
		path:      fakePrograms(t, filepath.Join(root, "path"), "17.2"),
		installed: fakePrograms(t, filepath.Join(root, "usr/lib/postgresql/18/bin"), "18.0"),
		homebrew:  fakePrograms(t, filepath.Join(root, "opt/postgresql@19/bin"), "19beta1"),
	}
	fakePrograms(t, filepath.Join(root, "usr/lib/postgresql/9/bin"), "9.6.24")
	fakePrograms(t, filepath.Join(root, "usr/lib/postgresql/16/bin"), "16.9")
	tools := filepath.Join(root, "tools")
	mkdirOpen(t, tools)
	writeScript(t, filepath.Join(tools, "pg_config"), "[ \"$1\" = --bindir ] && echo "+m.pgConfig)
	m.env = []string{BinVariable + "=" + m.variable, "PATH=relative:" + tools + ":" + m.path}
	return m
}

func (m machine) find(ctx context.Context, t *testing.T) (Programs, error) {
	t.Helper()
	root := filepath.Dir(m.variable)
	return Find(ctx, FindOptions{
		Getenv:    environment(m.env...),
		Installed: []string{filepath.Join(root, "usr/lib/postgresql/*/bin"), filepath.Join(root, "usr/pgsql-*/bin")},
		Homebrew:  []string{filepath.Join(root, "opt/postgresql@*/bin")},
	})
}

// TestFindOrder takes one place after the other away.
func TestFindOrder(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, step := range []struct {
		dir, how, version string
		major             int
	}{
		{m.variable, BinVariable, "16.1", 16},
		{m.pgConfig, "pg_config --bindir", "15.3", 15},
		{m.path, "PATH", "17.2", 17},
		{m.installed, "newest installed", "18.0", 18},
		{m.homebrew, "Homebrew or Postgres.app", "19beta1", 19},
	} {
		got, err := m.find(t.Context(), t)
		if err != nil {
			t.Fatalf("%s: %v", step.how, err)
		}
		if want := (Programs{step.dir, step.major, step.version, step.how}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		m.env[0] = ""
		if err := os.Remove(filepath.Join(step.dir, "initdb")); err != nil {
			t.Fatal(err)
		}
		if step.dir == m.installed { // the older one of the same step
			if got, err = m.find(t.Context(), t); err != nil || got.Major != 16 {
				t.Errorf("without the newest: got %+v, %v, want version 16", got, err)
			}
			if err := os.RemoveAll(filepath.Join(filepath.Dir(m.variable), "usr")); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, err := m.find(t.Context(), t)
	if !errors.Is(err, ErrNoPrograms) {
		t.Errorf("with nothing left: got %v, want ErrNoPrograms", err)
	}
}

func TestFindUnusableVariableIsAnError(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	old := fakePrograms(t, filepath.Join(openDir(t), "old"), "14.2")
	for _, value := range []string{"/nonexistent", "relative", old} {
		m.env[0] = BinVariable + "=" + value
		_, err := m.find(t.Context(), t)
		if err == nil || !strings.Contains(err.Error(), BinVariable) {
			t.Errorf("%s=%s: got error %v, want one that names the variable", BinVariable, value, err)
		}
	}
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line, version string
		major         int // 0: refused
	}{
		{"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18", 15},
		{"postgres (PostgreSQL) 17.10", "17.10", 17},
		{"postgres (PostgreSQL) 19devel", "19devel", 19},
		{"postgres (PostgreSQL) 100.1", "100.1", 100},
		{"postgres (PostgreSQL) 14.9", "", 0},
		{"postgres (PostgreSQL) 9.6.24", "", 0},
		{"postgres 15", "", 0},
		{"", "", 0},
	} {
		got, err := parseVersion(test.line)
		if got.Major != test.major || got.Version != test.version || (err == nil) != (test.major > 0) {
			t.Errorf("%q: got %+v, %v", test.line, got, err)
		}
	}
}

func TestFindSaysWhatItPassedOver(t *testing.T) {
	t.Parallel()
	var log logBuffer
	old := fakePrograms(t, filepath.Join(openDir(t), "old"), "13.1")
	_, err := Find(t.Context(), FindOptions{
		Getenv: environment("PATH=" + old), Installed: []string{"/none"}, Homebrew: []string{"/none"}, Logger: log.logger(),
	})
	if !errors.Is(err, ErrNoPrograms) || !strings.Contains(log.String(), "version 13.1 is older than 15") {
		t.Errorf("got error %v and log %s", err, log.String())
	}
}
