//go:build unix

package private

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is a file of a made-up tarball; typeflag 0 is a plain file.
type entry struct {
	name, text, link string
	typeflag         byte
	mode             int64
}

func writeTarball(t *testing.T, entries ...entry) (path, sum string) {
	t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Typeflag: e.typeflag, Linkname: e.link, Mode: 0o644 | e.mode, Size: int64(len(e.text))}
		if e.typeflag == 0 {
			header.Typeflag = tar.TypeReg
		}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(e.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	hash := sha512.Sum512(packed.Bytes())
	return path, base64.StdEncoding.EncodeToString(hash[:])
}

func links(text string) entry { return entry{name: "package/" + linksFile, text: text} }

func TestUnpack(t *testing.T) {
	t.Parallel()
	tarball, sum := writeTarball(t,
		entry{name: "package/native/bin/postgres", text: "program", mode: 0o4755},
		entry{name: "package/native/lib/", typeflag: tar.TypeDir},
		entry{name: "package/native/lib/libpq.so.5.17", text: "library"},
		links(`[{"source":"native/lib/libpq.so.5.17","target":"native/lib/libpq.so"}]`))
	dir := t.TempDir()
	if err := unpack(tarball, sum, dir); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(filepath.Join(dir, "native/lib/libpq.so")); err != nil || target != "libpq.so.5.17" {
		t.Errorf("link leads to %q, %v, want the file beside it", target, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "native/lib/libpq.so")); err != nil || string(text) != "library" {
		t.Errorf("through the link: got %q, %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "native/bin/postgres")); err != nil || info.Mode() != 0o755 {
		t.Errorf("program: got %v, %v, want mode 0755 without set-uid", info, err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	t.Parallel()
	good := links("[]")
	for name, test := range map[string]struct {
		entries []entry
		want    string
	}{
		"parent folder":     {[]entry{good, {name: "package/../../evil"}}, "outside"},
		"inner parent":      {[]entry{good, {name: "package/a/../../evil"}}, "outside"},
		"absolute path":     {[]entry{good, {name: "/package/evil"}}, "outside"},
		"other top folder":  {[]entry{good, {name: "evil"}}, "outside"},
		"top folder itself": {[]entry{good, {name: "package", text: "x"}}, "outside"},
		"backslash":         {[]entry{good, {name: `package/..\evil`}}, "outside"},
		"symbolic link":     {[]entry{good, {name: "package/l", typeflag: tar.TypeSymlink, link: "/etc"}}, "neither file nor folder"},
		"hard link":         {[]entry{good, {name: "package/l", typeflag: tar.TypeLink, link: "/etc/passwd"}}, "neither file nor folder"},
		"device":            {[]entry{good, {name: "package/d", typeflag: tar.TypeChar}}, "neither file nor folder"},
		"same file twice":   {[]entry{good, {name: "package/a"}, {name: "package/a"}}, "exists"},
		"file as folder":    {[]entry{good, {name: "package/a"}, {name: "package/a/b"}}, "package"},
		"no list of links":  {[]entry{{name: "package/a"}}, "list of links"},
		"broken list":       {[]entry{links("{")}, "list of links"},
		"link from outside": {[]entry{links(`[{"source":"native/pg-symlinks.json","target":"../evil"}]`)}, "leads out"},
		"link to outside":   {[]entry{links(`[{"source":"../../etc/passwd","target":"native/l"}]`)}, "leads out"},
		"link to absolute":  {[]entry{links(`[{"source":"/etc/passwd","target":"native/l"}]`)}, "leads out"},
		"link to nothing":   {[]entry{links(`[{"source":"native/none","target":"native/l"}]`)}, "no such file"},
		"link to a folder":  {[]entry{links(`[{"source":"native","target":"l"}]`)}, "not a file"},
		"link over a file":  {[]entry{links(`[{"source":"native/pg-symlinks.json","target":"native/pg-symlinks.json"}]`)}, "exists"},
		"too many entries":  {make([]entry, maxEntries+1), "entries"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range test.entries {
				if test.entries[i].name == "" {
					test.entries[i] = entry{name: "package/d", typeflag: tar.TypeDir}
				}
			}
			tarball, sum := writeTarball(t, test.entries...)
			parent := t.TempDir()
			dir := filepath.Join(parent, "into")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			err := unpack(tarball, sum, dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
			if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
				t.Errorf("files beside the target: %v, %v", left, err)
			}
		})
	}
}

func TestUnpackRefusesAlteredPackage(t *testing.T) {
	t.Parallel()
	tarball, sum := writeTarball(t, links("[]"))
	text, err := os.ReadFile(tarball)
	if err != nil {
		t.Fatal(err)
	}
	for name, altered := range map[string][]byte{"cut": text[:len(text)-1], "longer": append(bytes.Clone(text), 0)} {
		if err := os.WriteFile(tarball, altered, 0o600); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := unpack(tarball, sum, dir); err == nil || !strings.Contains(err.Error(), "sha512") {
			t.Errorf("%s: got error %v, want one about the sha512", name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: unpacked all the same: %v, %v", name, left, err)
		}
	}
}

// TestExtractStopsAtTheLimit feeds a header that announces too much.
func TestExtractStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	if err := archive.WriteHeader(&tar.Header{Name: "package/big", Typeflag: tar.TypeReg, Size: maxUnpacked + 1}); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	if err := extract(root, &packed); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got error %v, want the size limit", err)
	}
}
