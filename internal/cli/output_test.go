package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOutputSaysWhatIsLeft of a result that is not whole: of a file nothing, of a pipe the
// part that was written. A connection to the database that breaks as a pipe does is no
// reader who has seen enough.
func TestOutputSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	rows := strings.Repeat("a row\n", 20_000)
	var stdout bytes.Buffer
	piped, err := openOutput("-", &stdout)
	if err != nil {
		t.Fatal(err)
	}
	if left := piped.left(); left != "" {
		t.Errorf("nothing was written, and left is %q", left)
	}
	if _, err := io.WriteString(piped, rows); err != nil {
		t.Fatal(err)
	}
	if left := piped.left(); left != "; what was written is not all of it" {
		t.Errorf("rows were written, and left is %q", left)
	}
	if piped.unwanted() {
		t.Error("a reader has seen enough who took all")
	}

	file, err := openOutput(filepath.Join(t.TempDir(), "rows.csv"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer file.discard()
	if _, err := io.WriteString(file, rows); err != nil || file.left() != "" {
		t.Errorf("of a file that does not appear %q is left, %v", file.left(), err)
	}

	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	gone, err := openOutput("-", w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(gone, rows); err == nil || !gone.unwanted() {
		t.Errorf("nobody reads, and the output is wanted: %v", err)
	}
}

// What a command that was killed left beside its result goes with the next one; what
// somebody writes to, or may, stays.
func TestOutputTidiesUp(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	under, err := openOutput(filepath.Join(folder, "under-way.csv"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer under.discard()
	old := time.Now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{".rollcall-1.tmp": old, ".rollcall-2.tmp": time.Now(), "rollcall-3.tmp": old, filepath.Base(under.file.Name()): old} {
		file, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		if err := os.Chtimes(file.Name(), at, at); err != nil {
			t.Fatal(err)
		}
	}
	next, err := openOutput(filepath.Join(folder, "next.csv"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	next.discard()
	var left []string
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	want := []string{".rollcall-2.tmp", "rollcall-3.tmp", filepath.Base(under.file.Name())}
	slices.Sort(left)
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left are %q, want %q", left, want)
	}
}

// A link stays, and leads to what was written: to a file that is there, and to one that is
// not there yet. A link into a folder that is not there is no place to write to.
func TestOutputGoesWhereALinkLeads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, folder := range []string{"share", "away", "home"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "share", "old.csv"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"home/old.csv": "../share/old.csv", "home/new.csv": "../share/new.csv", "home/chain.csv": "next.csv",
		"home/next.csv": filepath.Join(dir, "share", "chained.csv"), "share/by": "../away", "away/up.csv": "../home/up.csv",
		"home/nowhere.csv": "../gone/x.csv",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"home/old.csv": "share/old.csv", "home/new.csv": "share/new.csv", "home/chain.csv": "share/chained.csv", "share/by/up.csv": "home/up.csv",
	} {
		o, err := openOutput(filepath.Join(dir, link), io.Discard)
		if err != nil {
			t.Errorf("%s: %v", link, err)
			continue
		}
		if _, err := io.WriteString(o, link); err != nil || o.commit() != nil {
			t.Errorf("%s was not written: %v", link, err)
		}
		info, err := os.Lstat(filepath.Join(dir, link))
		text, readErr := os.ReadFile(filepath.Join(dir, target))
		if err != nil || info.Mode()&os.ModeSymlink == 0 || string(text) != link {
			t.Errorf("%s: the link is %v (%v), and %s holds %q (%v)", link, info, err, target, text, readErr)
		}
	}
	if o, err := openOutput(filepath.Join(dir, "home", "nowhere.csv"), io.Discard); err == nil {
		o.discard()
		t.Error("a link into a folder that is not there was taken for a place to write to")
	}
}
