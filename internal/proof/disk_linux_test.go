package proof_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// The disk of the data is full in mid-load: what was committed stays, the rest is
// loaded once there is room.
func TestDiskFull(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	s := newScene(t, 9, pgtest.New(t))
	s.sim.Update(func(d *simulator.Data) {
		big := simulator.Generate(simulator.Size{Sessions: 3, Participants: 800, EventsPerParticipant: 5}, 17, d.Apps[0].CreatedAt.AddDate(0, 3, 0))
		for _, session := range big.Apps[0].Sessions {
			session.AppID = d.Apps[0].ID
			d.Apps[0].Sessions = append(d.Apps[0].Sessions, session)
		}
	})
	name := databaseName(t, s.direct)
	conn := s.admin(t.Context())
	defer conn.Close(t.Context())
	var data string
	var size int64
	err := conn.QueryRow(t.Context(), `SELECT current_setting('data_directory'), pg_database_size($1)`, name).Scan(&data, &size)
	if err != nil {
		t.Fatal(err)
	}
	space := smallDisk(t, data, size+2<<20)
	for _, statement := range []string{
		`CREATE TABLESPACE small_` + name + ` LOCATION '` + space + `'`,
		`ALTER DATABASE ` + name + ` SET TABLESPACE small_` + name,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	end := s.start("run").wait()
	s.tellsOnce(end, 1)
	if !strings.Contains(end.stderr, "the server's disk is full") {
		t.Errorf("it does not say why:\n%s", end.stderr)
	}
	s.alone()
	if _, err := conn.Exec(t.Context(), `ALTER DATABASE `+name+` SET TABLESPACE pg_default`); err != nil {
		t.Fatal(err)
	}
	s.exact()
}

// smallDisk mounts a file system of that size for the owner of a folder, until
// the test ends.
func smallDisk(t *testing.T, like string, size int64) string {
	t.Helper()
	if os.Geteuid() != 0 {
		needs(t, "root, to mount a small file system")
	}
	dir, err := private.MkdirTemp("rollcall-proof-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	info, err := os.Stat(like)
	if err != nil {
		t.Fatal(err)
	}
	err = syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size))
	if errors.Is(err, syscall.EPERM) {
		t.Skip("NOT TRIED: root may not mount a file system here")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
	return dir
}
