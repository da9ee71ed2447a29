package cli

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// leftover is what the files are called that are not yet whole.
const leftover = ".rollcall-*.tmp"

// leftoverAge is how old such a file is before it is taken for one that nobody writes: an
// older version held no lock on its own.
const leftoverAge = time.Hour

// claim tells other commands that somebody writes to this file. Where the file system
// knows no locks, its age protects it.
func claim(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// tidy deletes what commands that were killed left beside their result: parts of exports,
// with names in them. Only this user's, which nobody writes to any more. What cannot be
// deleted stays, and keeps nobody from writing.
func tidy(folder string, now time.Time) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if is, _ := filepath.Match(leftover, entry.Name()); !is {
			continue
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < leftoverAge {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
			continue
		}
		deleteUnclaimed(filepath.Join(folder, entry.Name()))
	}
}

// deleteUnclaimed deletes a file unless somebody claims it.
func deleteUnclaimed(path string) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return
	}
	defer file.Close()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.Remove(path)
	}
}
