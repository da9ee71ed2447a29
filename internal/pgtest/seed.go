package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"

	"github.com/gofrs/flock"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
)

// seedVariable names a folder in which the test binaries of one run of CI keep what each
// would make anew: a cluster with the migrated database. It is for one state of the sources.
const seedVariable = "ROLLCALL_TEST_SEED"

// fromSeed fills the folder with a copy of the cluster that another test binary left, or
// leaves one. Only clusters that [Migrated] made are alike.
func (c *cluster) fromSeed(ctx context.Context) error {
	folder := os.Getenv(seedVariable)
	if folder == "" || c.migrate == nil || reflect.ValueOf(c.migrate).Pointer() != reflect.ValueOf(Migrated).Pointer() {
		return nil
	}
	programs, err := private.Find(ctx, private.FindOptions{AllowDownload: true})
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(programs.Dir + "\n" + programs.Version + "\n" + naming.Prefix()))
	seed := filepath.Join(folder, hex.EncodeToString(sum[:8]))
	lock := flock.New(seed + ".lock")
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := os.Stat(seed); errors.Is(err, fs.ErrNotExist) { //nolint:gosec // below a folder that .ci/run names
		err = c.leaveSeed(ctx, seed)
		c.isSeeded = err == nil
		return err
	}
	c.isSeeded = true
	return copyFolder(ctx, seed, c.dir)
}

// leaveSeed makes the cluster, and copies it while no server runs. A copy that is not whole
// has another name.
func (c *cluster) leaveSeed(ctx context.Context, seed string) error {
	if err := c.launch(ctx); err != nil {
		return err
	}
	err := errors.Join(c.makeTemplate(ctx), c.server.Stop(ctx))
	c.server = nil
	if err != nil {
		return err
	}
	fresh := seed + ".new"
	if err := errors.Join(os.RemoveAll(fresh), copyFolder(ctx, c.dir, fresh)); err != nil { //nolint:gosec // as above
		return err
	}
	return os.Rename(fresh, seed) //nolint:gosec // as above
}

// copyFolder copies what is in a folder, with its owners.
func copyFolder(ctx context.Context, from, to string) error {
	out, err := exec.CommandContext(ctx, "cp", "-a", from+"/.", to).CombinedOutput() //nolint:gosec // folders of ours
	if err != nil {
		return fmt.Errorf("cp: %w: %s", err, out)
	}
	return nil
}
