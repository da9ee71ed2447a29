package private

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// hba admits nobody without the password, and nobody from elsewhere.
const hba = `# TYPE  DATABASE  USER  ADDRESS       METHOD
host    all       all   127.0.0.1/32  scram-sha-256
host    all       all   ::1/128       scram-sha-256
`

// fillCluster makes a complete data directory in the new folder fresh: initdb,
// who may connect, the password, and last the stamp.
func (h *home) fillCluster(ctx context.Context, fresh string) error {
	if err := h.root.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if h.account.drop {
		if err := h.root.Lchown(fresh, h.account.uid, h.account.gid); err != nil {
			return fmt.Errorf("give data directory to user %s: %w", h.account.name, err)
		}
	}
	password := randomHex(24)
	if err := h.initdb(ctx, fresh, password); err != nil {
		return err
	}
	made, err := json.Marshal(stamp{Major: h.programs.Major, Version: h.programs.Version, MadeAt: time.Now().UTC()})
	if err != nil {
		return fmt.Errorf("write stamp: %w", err)
	}
	if err := h.replaceFile(path.Join(fresh, "pg_hba.conf"), hba); err != nil {
		return err
	}
	if err := h.writeFile(path.Join(fresh, pgpassName), pgpassLine(password)); err != nil {
		return err
	}
	if err := h.writeFile(path.Join(fresh, stampName), string(made)+"\n"); err != nil {
		return err
	}
	return h.syncDir(fresh)
}

// initdb runs the program of that name. The password goes by a file that only
// the server's user can read, and that is gone afterwards.
func (h *home) initdb(ctx context.Context, fresh, password string) (err error) {
	secret := fresh + ".password" // swept with the folder after a crash
	if err := h.writeFile(secret, password+"\n"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.root.Remove(secret)) }()

	dir := filepath.Join(h.path, fresh)
	args := []string{
		"-D", dir, "-U", userName, "--pwfile", filepath.Join(h.path, secret),
		"-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-instructions",
	}
	if h.cfg.NoSync {
		args = append(args, "--no-sync")
	} else {
		args = append(args, "--data-checksums")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(h.programs.Dir, "initdb"), args...) //nolint:gosec // the programs that were looked for
	cmd.Dir, cmd.Env = dir, programEnv(h.programs.Dir)
	cmd.SysProcAttr = h.account.sysProcAttr()
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return fmt.Errorf("make data directory: %w", ctx.Err())
	}
	if err != nil {
		return h.initdbError(err, string(out))
	}
	return nil
}

func (h *home) initdbError(err error, out string) error {
	hint := ""
	if strings.Contains(out, "could not look up effective user ID") {
		hint = fmt.Sprintf(" (PostgreSQL needs a name for uid %d: add it to /etc/passwd, or set DATABASE_URL)", h.account.uid)
	}
	if errors.Is(err, fs.ErrPermission) && h.account.drop {
		hint = fmt.Sprintf(" (starting programs as user %s is not permitted here: start as an ordinary user, or set DATABASE_URL)", h.account.name)
	}
	return fmt.Errorf("make data directory with %s: %w%s: %s",
		filepath.Join(h.programs.Dir, "initdb"), err, hint, lastLines(out, 10))
}

// randomHex returns 2n random hexadecimal digits.
func randomHex(n int) string {
	bytes := make([]byte, n)
	rand.Read(bytes) // never fails
	return hex.EncodeToString(bytes)
}

// lastLines returns the end of a text, at most n lines.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
