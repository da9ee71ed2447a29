package private

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// cacheDir is where downloaded programs are kept: the option, else
// rollcall/postgres in the user's cache folder.
func (f finder) cacheDir(ctx context.Context) (string, error) {
	if f.CacheDir != "" {
		if !filepath.IsAbs(f.CacheDir) {
			return "", fmt.Errorf("cache folder %s is not an absolute path", f.CacheDir)
		}
		return filepath.Clean(f.CacheDir), nil
	}
	dir, err := userDir(f.Getenv, "XDG_CACHE_HOME", ".cache")
	if err != nil {
		return "", err
	}
	return f.account.place(ctx, dir, "programs", f.Logger)
}

// makeCache makes the folder of the programs, or checks that nobody else can put
// programs there. Root's stays root's, and the server's user may read it.
func (a account) makeCache(dir string) error {
	if err := a.makeParents(filepath.Dir(dir)); err != nil {
		return err
	}
	err := os.Mkdir(dir, 0o700)
	if err == nil && a.drop {
		err = os.Chmod(dir, 0o755) //nolint:gosec // to be read by the server's user
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make cache folder: %w", err)
	}
	if a.drop {
		return rootOwned(dir)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at cache folder: %w", err)
	}
	if uid, _ := owner(info); !info.IsDir() || supported && uid != a.uid || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("cache folder %s is not this user's own, or others may write to it: remove it", dir)
	}
	return nil
}

// isMusl reports whether the C library is musl (Alpine), for which the packages
// are not built.
func isMusl() bool {
	found, err := filepath.Glob("/lib/ld-musl-*")
	return err == nil && len(found) > 0
}
