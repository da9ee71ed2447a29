// Package proof breaks things on purpose while the real program runs, as a
// process of its own, and then asks one oracle whether the warehouse is still
// exact. A sample is part of go test ./...; ROLLCALL_PROOF=ci, as in CI, tries a larger
// one, ROLLCALL_PROOF=full (make proof) every point of the crash matrix, and
// ROLLCALL_PROOF=long (make proof-long) everything many times more often.
package proof_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// program is the path of the program under test.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "rollcall-proof-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "rollcall")
	build := exec.Command("go", "build", "-o", program, "../../cmd/sync")
	if out, err := build.CombinedOutput(); err != nil {
		return fail(fmt.Errorf("build the program: %w\n%s", err, out))
	}
	return pgtest.Run(m, pgtest.Migrated)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "proof:", err)
	return 1
}

// long tells that everything is to be tried many times.
func long() bool { return os.Getenv("ROLLCALL_PROOF") == "long" }

// full tells that no point of the crash matrix is left out.
func full() bool { return long() || os.Getenv("ROLLCALL_PROOF") == "full" }

// tries gives how often something is tried: in a bare "go test" once.
func tries(short, many int) int {
	if long() {
		return many
	}
	return sampling.Size(1, short)
}
