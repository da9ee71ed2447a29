//go:build linux || darwin

package doctor

import (
	"fmt"
	"syscall"
)

// freeSpace gives the bytes that an ordinary user can still write below a folder.
func freeSpace(dir string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:gosec,unconvert // types differ between systems
}
