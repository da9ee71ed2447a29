package private

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var versionLine = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// probe tells which version the programs in dir are, or why they are of no use.
// It runs postgres as the server's user, so that programs which that user
// cannot reach are found out here.
func (f finder) probe(ctx context.Context, dir string) (Programs, error) {
	if !filepath.IsAbs(dir) {
		return Programs{}, fmt.Errorf("folder %q is not an absolute path", dir)
	}
	for _, name := range []string{"initdb", "postgres"} {
		if !isExecutable(filepath.Join(dir, name)) {
			return Programs{}, fmt.Errorf("no program %s in %s", name, dir)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version") //nolint:gosec // to find out about a program, run it
	cmd.Dir, cmd.Env = string(filepath.Separator), programEnv(dir)
	cmd.SysProcAttr = f.account.sysProcAttr()
	out, err := cmd.Output()
	if err != nil {
		return Programs{}, fmt.Errorf("run %s --version as user %s: %w", cmd.Path, f.account.name, withStderr(err))
	}
	found, err := parseVersion(string(out))
	found.Dir = dir
	return found, err
}

func parseVersion(line string) (Programs, error) {
	match := versionLine.FindStringSubmatch(line)
	if match == nil {
		return Programs{}, fmt.Errorf("no version in %.80q", line)
	}
	major, err := strconv.Atoi(match[2])
	if err != nil {
		return Programs{}, fmt.Errorf("version in %.80q: %w", line, err)
	}
	if major < MinMajor {
		return Programs{}, fmt.Errorf("version %s is older than %d", match[1], MinMajor)
	}
	return Programs{Major: major, Version: match[1]}, nil
}

// try is probe for a place that may be passed over.
func (f finder) try(ctx context.Context, dir string) (Programs, bool) {
	found, err := f.probe(ctx, dir)
	if err != nil {
		f.Logger.DebugContext(ctx, "passed over a PostgreSQL folder", "dir", dir, "error", err)
		return Programs{}, false
	}
	return found, true
}

// newest returns the programs of the highest major version in all folders that
// match the patterns; of equals the first.
func (f finder) newest(ctx context.Context, patterns []string) (Programs, bool) {
	var best Programs
	for _, pattern := range patterns {
		dirs, err := filepath.Glob(pattern)
		if err != nil {
			f.Logger.DebugContext(ctx, "passed over a pattern", "pattern", pattern, "error", err)
			continue
		}
		for _, dir := range dirs {
			if found, ok := f.try(ctx, dir); ok && found.Major > best.Major {
				best = found
			}
		}
	}
	return best, best.Major > 0
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// programEnv is the whole environment of a PostgreSQL program: nothing of the
// caller's, whose PG* variables would change what it does and whose secrets are
// none of its business.
func programEnv(bin string) []string {
	path := "/usr/bin:/bin"
	if bin != "" {
		path = bin + ":" + path
	}
	return []string{"LC_ALL=C", "TZ=UTC", "PATH=" + path}
}

// withStderr adds to the error of a program what it had to say.
func withStderr(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}
