//go:build unix

package private

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// supported reports whether the private server can run on this system.
const supported = true

// noFollow refuses a symbolic link in the place of a file to be opened.
const noFollow = syscall.O_NOFOLLOW

// sysProcAttr starts a program as the server's user, out of reach of the
// terminal's Ctrl-C, which is ours to handle.
func (a account) sysProcAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a.drop {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)} //nolint:gosec // parsed as 32 bits
	}
	return attr
}

// owner returns the owner of a file.
func owner(info fs.FileInfo) (uid, gid int) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), int(stat.Gid)
	}
	return -1, -1
}

// canEnter reports whether the account may pass through the folder dir and all
// folders above it, by their permission bits.
func (a account) canEnter(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() {
			return false
		}
		uid, gid := owner(info)
		bit := fs.FileMode(0o001)
		switch {
		case uid == a.uid:
			bit = 0o100
		case gid == a.gid:
			bit = 0o010
		}
		if info.Mode().Perm()&bit == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}
