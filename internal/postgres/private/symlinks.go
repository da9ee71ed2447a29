package private

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// linksFile lists the symbolic links that the tarball cannot hold.
const linksFile = "native/pg-symlinks.json"

// link is an entry of linksFile; both paths are relative to the package.
type link struct {
	Source string `json:"source"` // the file there is
	Target string `json:"target"` // the link to it
}

// makeLinks makes the links that the package lists for itself. Each has to lie
// inside the package and to lead to a file inside it.
func makeLinks(root *os.Root) error {
	text, err := root.ReadFile(linksFile)
	if err != nil {
		return fmt.Errorf("read list of links: %w", err)
	}
	var links []link
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read list of links: %w", err)
	}
	if len(links) > maxEntries {
		return fmt.Errorf("more than %d links", maxEntries)
	}
	for _, wanted := range links {
		if err := makeLink(root, wanted); err != nil {
			return err
		}
	}
	return nil
}

func makeLink(root *os.Root, wanted link) error {
	if !filepath.IsLocal(wanted.Source) || !filepath.IsLocal(wanted.Target) {
		return fmt.Errorf("link %q to %q leads out of the package", wanted.Target, wanted.Source)
	}
	info, err := root.Stat(wanted.Source)
	if err != nil {
		return fmt.Errorf("link %q: %w", wanted.Target, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("link %q leads to %q, which is not a file", wanted.Target, wanted.Source)
	}
	relative, err := filepath.Rel(filepath.Dir(wanted.Target), wanted.Source)
	if err != nil {
		return fmt.Errorf("link %q: %w", wanted.Target, err)
	}
	if err := root.MkdirAll(filepath.Dir(wanted.Target), 0o755); err != nil {
		return fmt.Errorf("link %q: %w", wanted.Target, err)
	}
	if err := root.Symlink(relative, wanted.Target); err != nil {
		return fmt.Errorf("link %q: %w", wanted.Target, err)
	}
	if _, err := root.Stat(wanted.Target); err != nil {
		return fmt.Errorf("link %q: %w", wanted.Target, err)
	}
	return nil
}

// openUp lets everybody read what was unpacked, and run what is a program,
// whatever the umask is; the folder above decides who gets as far.
func openUp(root *os.Root) error {
	err := fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.IsDir() || info.Mode().Perm()&0o100 != 0 {
			mode = 0o755
		}
		return root.Chmod(name, mode)
	})
	if err != nil {
		return fmt.Errorf("set permissions: %w", err)
	}
	return nil
}
