package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
)

// home is the folder of one cluster and what is needed to work on it. All files
// in it are reached through root, which lets no symbolic link lead out: where
// this process is root, the folder belongs to somebody else.
type home struct {
	path     string
	root     *os.Root
	account  account
	programs Programs
	cfg      Config
	log      *slog.Logger
}

// openHome makes the folder <dir>/<major> if needed and opens it.
func openHome(dir string, a account, programs Programs, cfg Config) (*home, error) {
	path := filepath.Join(dir, strconv.Itoa(programs.Major))
	if err := a.makeParents(filepath.Dir(dir)); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := a.makeOwned(dir); err != nil {
			return nil, err
		}
	}
	if !a.canReach(dir) {
		return nil, fmt.Errorf("user %s, as whom the server runs, cannot enter %s: choose another folder or open the ones above it", a.name, dir)
	}
	if err := a.makeOwned(path); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	return &home{path: path, root: root, account: a, programs: programs, cfg: cfg, log: cfg.Logger}, nil
}

// data is PGDATA.
func (h *home) data() string { return filepath.Join(h.path, dataName) }

// writeFile makes a new file for the server's user alone, on disk when it
// returns.
func (h *home) writeFile(name, text string) (err error) {
	file, err := h.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.WriteString(file, text); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := h.account.give(file); err != nil {
		return err
	}
	return h.sync(file)
}

// replaceFile is writeFile for a file that may be there already.
func (h *home) replaceFile(name, text string) error {
	if err := h.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace file: %w", err)
	}
	return h.writeFile(name, text)
}

// sync puts a file or folder on disk, unless the data may be lost anyway.
func (h *home) sync(file *os.File) error {
	if h.cfg.NoSync {
		return nil
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("put on disk: %w", err)
	}
	return nil
}

// syncDir makes the names in a folder durable.
func (h *home) syncDir(name string) (err error) {
	dir, err := h.root.Open(name)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return h.sync(dir)
}

// openLog begins the server's log, keeping the one before as server.log.1.
func (h *home) openLog() (*os.File, error) {
	if err := h.root.Rename(logName, logName+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("set the old server log aside: %w", err)
	}
	file, err := h.root.OpenFile(logName, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("begin server log: %w", err)
	}
	if err := h.account.give(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
