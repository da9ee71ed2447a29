package pgtest

import "syscall"

// sharedMemory is where Linux mounts a file system that lives in memory.
const sharedMemory = "/dev/shm"

// Memory gives the folders in memory in which test servers stand: hundreds of small
// databases, of some five hundred files each, keep a disk's file system busier than
// PostgreSQL. There are none where less than 4 GiB are free, as in a container.
func Memory() []string {
	const tmpfs = 0x01021994
	var fs syscall.Statfs_t
	if err := syscall.Statfs(sharedMemory, &fs); err != nil || fs.Type != tmpfs {
		return nil
	}
	if uint64(fs.Bsize)*fs.Bavail < 4<<30 { //nolint:gosec // the size of a block is positive
		return nil
	}
	return []string{sharedMemory}
}
