package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Twice refuses a secret that is given in both ways, by the environment or by
// .env: which of the two is meant nobody can tell.
func Twice(name, value, file string) error {
	if value == "" || file == "" {
		return nil
	}
	return fmt.Errorf("%w: %s and %s_FILE are both set: keep one of them", model.ErrUsage, name, name)
}

// Read gives the secret of an environment variable or of the file; name is
// the variable's. It is the zero value where neither is set.
func Read(name, file string) (Text, error) {
	value := Trimmed(os.Getenv(name))
	if err := Twice(name, value.Reveal(), file); err != nil || !value.IsZero() {
		return value, err
	}
	if file == "" {
		return Text{}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return Text{}, Unread(name, file, err)
	}
	value = Trimmed(string(text))
	if value.IsZero() {
		return Text{}, fmt.Errorf("%w: %s_FILE: the file %s is empty", model.ErrUsage, name, file)
	}
	return value, nil
}

// Unread says why the file that name_FILE stands for cannot be read. The value is
// shown only where it plainly is a path: it may be the secret itself, put there by
// mistake.
func Unread(name, file string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err // without the path
	}
	if inFolder(file) {
		return fmt.Errorf("%w: %s_FILE: the file %s cannot be read: %w", model.ErrUsage, name, file, err)
	}
	return fmt.Errorf("%w: %s_FILE: the file that it names cannot be read: %w; its value is not shown, since it may be the secret itself, which belongs into %s", model.ErrUsage, name, err, name)
}

// inFolder tells whether a path names a folder that is there, other than the root:
// a secret in base64 may begin with a slash.
func inFolder(path string) bool {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	return strings.Contains(path, "/") && folder != "/" && err == nil && info.IsDir()
}
