package private

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// rootHomes are where root's data and programs go when the place asked for
// cannot be entered by the server's user; the first that can be made is taken.
var rootHomes = []string{"/var/lib/rollcall", "/var/tmp/rollcall-0"}

// DefaultDir returns where the private server's data belongs:
// rollcall/postgres in XDG_DATA_HOME, or in ~/.local/share without it. Root may
// end up elsewhere, see [Config.Dir].
func DefaultDir(getenv func(string) string) (string, error) {
	return userDir(getenv, "XDG_DATA_HOME", ".local/share")
}

// userDir returns rollcall/postgres below one of the XDG base folders. A
// relative path in the variable is ignored, as the XDG rules want.
func userDir(getenv func(string) string, variable, inHome string) (string, error) {
	base := getenv(variable)
	if !filepath.IsAbs(base) {
		home := getenv("HOME")
		if found, err := user.LookupId(strconv.Itoa(os.Geteuid())); err == nil && !filepath.IsAbs(home) {
			home = found.HomeDir // a service of the system may have no HOME
		}
		if !filepath.IsAbs(home) {
			return "", fmt.Errorf("neither %s nor HOME is an absolute path: set one of them, or set DATABASE_URL", variable)
		}
		base = filepath.Join(home, filepath.FromSlash(inHome))
	}
	return filepath.Join(base, "rollcall", "postgres"), nil
}

// place returns dir, or where root's files go instead because the server's user
// could not reach them in dir. The substitute is called name and a hash of dir,
// so that each place asked for keeps files of its own.
func (a account) place(ctx context.Context, dir, name string, log *slog.Logger) (string, error) {
	if !a.drop || a.canReach(dir) {
		return dir, nil
	}
	sum := sha256.Sum256([]byte(dir))
	for _, home := range rootHomes {
		if err := errors.Join(a.makeParents(home), rootOwned(home)); err != nil {
			log.DebugContext(ctx, "passed over a folder", "dir", home, "error", err)
			continue
		}
		other := filepath.Join(home, name+"-"+hex.EncodeToString(sum[:4]))
		log.InfoContext(ctx, "private Postgres uses another folder, as the server's user cannot enter the usual one",
			"user", a.name, "usual", dir, "dir", other)
		return other, nil
	}
	return "", fmt.Errorf("user %s, as whom the server runs, cannot enter %s, and neither %v could be used instead: start the program as an ordinary user or set DATABASE_URL", a.name, dir, rootHomes)
}

// canReach reports whether the account can enter dir, or could once the missing
// folders of it are made.
func (a account) canReach(dir string) bool {
	for {
		resolved, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return a.canEnter(resolved)
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || parent == dir {
			return false
		}
		dir = parent
	}
}

// makeParents makes a folder that holds nothing secret itself, and those above
// it. Root's can be passed through but not listed, and stay root's: who owns a
// folder could replace what root puts there.
func (a account) makeParents(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err := a.makeParents(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil && a.drop {
		err = os.Chmod(dir, 0o711) //nolint:gosec // the folders inside are closed
	}
	if err != nil {
		return unmade(err)
	}
	return nil
}

// unmade says what to do where a folder cannot be made. A service of the system, or a
// container with a user of its own, has a home in which it may write nothing.
func unmade(err error) error {
	return fmt.Errorf("make folder: %w; set DATABASE_URL, or let HOME (or XDG_DATA_HOME and XDG_CACHE_HOME) name a folder in which this user may write", err)
}

// rootOwned makes sure that nobody but root decides what dir holds; /var/tmp,
// where it may lie, is open to all.
func rootOwned(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at folder: %w", err)
	}
	if uid, _ := owner(info); !info.IsDir() || uid != 0 || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("folder %s is not root's own, or others may write to it", dir)
	}
	return nil
}

// makeOwned makes dir for the server's user alone, or checks that it is so.
func (a account) makeOwned(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := a.mkdir(dir); err != nil {
			return unmade(err)
		}
		info, err = os.Lstat(dir)
	}
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is in the way: it is not a folder", dir)
	}
	if uid, _ := owner(info); supported && uid != a.uid {
		return fmt.Errorf("folder %s belongs to uid %d, but the server runs as %s (uid %d): give it to that user, remove it, or set DATABASE_URL", dir, uid, a.name, a.uid)
	}
	if info.Mode().Perm() == 0o700 {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder
		return fmt.Errorf("close folder to others: %w", err)
	}
	return nil
}

// mkdir makes dir, which appears with its owner already: another process that
// starts at the same time must not find it belonging to root.
func (a account) mkdir(dir string) error {
	made, err := os.MkdirTemp(filepath.Dir(dir), ".new-*") // mode 0700
	if err != nil {
		return err
	}
	if a.drop {
		err = os.Lchown(made, a.uid, a.gid)
	}
	if err == nil {
		err = os.Rename(made, dir)
	}
	if err == nil {
		return nil
	}
	err = errors.Join(err, os.Remove(made))
	if _, there := os.Lstat(dir); there == nil {
		return nil // the other process was first
	}
	return err
}

// MkdirTemp makes a new temporary folder that the server's user can enter, for
// a cluster that is thrown away: in the first of the preferred folders and the usual
// ones that this user can enter. The caller removes it.
func MkdirTemp(pattern string, preferred ...string) (string, error) {
	a, err := serverAccount()
	if err != nil {
		return "", err
	}
	for _, parent := range append(preferred, os.TempDir(), "/tmp", "/var/tmp") {
		if a.drop && !a.canReach(parent) {
			continue
		}
		dir, err := os.MkdirTemp(parent, pattern)
		if err == nil && a.drop {
			err = os.Chmod(dir, 0o711) //nolint:gosec // passed through by the server's user; its own folders inside are 0700
		}
		if err != nil {
			return "", fmt.Errorf("make temporary folder: %w", err)
		}
		return dir, nil
	}
	return "", fmt.Errorf("no temporary folder that user %s can enter: set TMPDIR to one", a.name)
}
