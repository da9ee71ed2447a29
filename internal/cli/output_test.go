package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
