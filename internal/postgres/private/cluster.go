package private

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Names in the folder of a cluster.
const (
	dataName   = "data"
	newPrefix  = "data.new-" // a data directory in the making
	logName    = "server.log"
	lockName   = "lock"
	stampName  = "rollcall.json"
	pgpassName = "rollcall.pgpass"
)

// stamp marks a complete cluster. It is written last, into the data directory
// that is then renamed into place.
type stamp struct {
	Major   int       `json:"major"`
	Version string    `json:"version"` // of the initdb that made it
	MadeAt  time.Time `json:"made_at"`
}

// ensureCluster makes the data directory unless it is there. The lock is held.
func (h *home) ensureCluster(ctx context.Context) error {
	if err := h.sweep(ctx); err != nil {
		return err
	}
	_, err := h.root.Lstat(dataName)
	if errors.Is(err, fs.ErrNotExist) {
		h.mentionOthers(ctx)
		return h.makeCluster(ctx)
	}
	if err != nil {
		return fmt.Errorf("look at data directory: %w", err)
	}
	made, err := h.readStamp()
	if errors.Is(err, fs.ErrNotExist) {
		return h.remakeCluster(ctx)
	}
	if err != nil {
		return err
	}
	return h.checkCluster(made)
}

func (h *home) readStamp() (stamp, error) {
	var made stamp
	name := path.Join(dataName, stampName)
	text, err := h.root.ReadFile(name)
	if err != nil {
		return made, fmt.Errorf("read stamp of the data directory: %w", err)
	}
	if err := json.Unmarshal(text, &made); err != nil {
		return made, fmt.Errorf("stamp %s of the data directory is damaged: %w", filepath.Join(h.path, name), err)
	}
	return made, nil
}

// checkCluster refuses a data directory that the programs cannot run.
func (h *home) checkCluster(made stamp) error {
	text, err := h.root.ReadFile(path.Join(dataName, "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("read version of the data directory: %w", err)
	}
	version := strings.TrimSpace(string(text))
	if want := strconv.Itoa(h.programs.Major); version != want || made.Major != h.programs.Major {
		return fmt.Errorf("data directory %s was made by PostgreSQL %s and not by %s: move it away, or set %s to programs of its version",
			h.data(), version, want, BinVariable)
	}
	info, err := h.root.Lstat(dataName)
	if err != nil {
		return fmt.Errorf("look at data directory: %w", err)
	}
	if uid, _ := owner(info); supported && uid != h.account.uid {
		return fmt.Errorf("data directory %s belongs to uid %d, but the server runs as %s (uid %d): give it to that user, or move it away",
			h.data(), uid, h.account.name, h.account.uid)
	}
	return nil
}

// remakeCluster sets an unfinished data directory aside, never deleting what
// might be somebody's data, and makes a new one.
func (h *home) remakeCluster(ctx context.Context) error {
	aside := dataName + ".unfinished-" + randomHex(4)
	if err := h.root.Rename(dataName, aside); err != nil {
		return fmt.Errorf("set unfinished data directory aside: %w", err)
	}
	h.log.WarnContext(ctx, "data directory of the private Postgres was not complete: set aside, and a new one made",
		"dir", h.data(), "aside", filepath.Join(h.path, aside))
	return h.makeCluster(ctx)
}

// makeCluster makes a data directory under another name and renames it when it
// is complete. A crash before the rename leaves a folder that sweep removes.
func (h *home) makeCluster(ctx context.Context) error {
	fresh := newPrefix + randomHex(4)
	if err := h.fillCluster(ctx, fresh); err != nil {
		if cleanup := h.root.RemoveAll(fresh); cleanup != nil {
			h.log.DebugContext(ctx, "unfinished data directory left behind", "dir", fresh, "error", cleanup)
		}
		return err
	}
	if err := h.root.Rename(fresh, dataName); err != nil {
		return fmt.Errorf("put data directory in place: %w", err)
	}
	return h.syncDir(".")
}

// sweep removes data directories whose making was interrupted: they have never
// held anything.
func (h *home) sweep(ctx context.Context) error {
	entries, err := fs.ReadDir(h.root.FS(), ".")
	if err != nil {
		return fmt.Errorf("list data folder: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), newPrefix) {
			continue
		}
		if err := h.root.RemoveAll(entry.Name()); err != nil {
			h.log.WarnContext(ctx, "unfinished data directory could not be removed", "dir", entry.Name(), "error", err)
		}
	}
	return nil
}

// mentionOthers says that data of another major version exists, which the new
// cluster will not have.
func (h *home) mentionOthers(ctx context.Context) {
	stamps, err := filepath.Glob(filepath.Join(filepath.Dir(h.path), "*", dataName, stampName))
	if err != nil {
		return // the path itself has pattern characters; this is a hint only
	}
	for _, found := range stamps {
		dir := filepath.Dir(filepath.Dir(found))
		if _, err := os.Stat(found); err != nil || dir == h.path {
			continue
		}
		h.log.WarnContext(ctx, "the private Postgres begins empty: earlier data belongs to another major version; to go on with it set "+BinVariable+" to the programs of that version",
			"new", h.path, "earlier", dir)
	}
}
