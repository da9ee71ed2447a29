package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// output is where a command writes a result that is a file: a file that appears
// only when it is whole, a device or pipe, or standard output.
type output struct {
	*bufio.Writer
	sink *sink
	file *os.File // nil for standard output
	path string   // where the file is to appear; empty where file is already it
}

// sink notes why it took no more: a connection to the database breaks with the same error
// as a pipe to a reader.
type sink struct {
	io.Writer
	begun bool // whether it took anything
	err   error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	s.begun, s.err = s.begun || n > 0, err
	return n, err
}

// outputTo writes to a file or standard output.
func outputTo(w io.Writer, file *os.File, path string) *output {
	to := &sink{Writer: w}
	return &output{Writer: bufio.NewWriterSize(to, 64<<10), sink: to, file: file, path: path}
}

// unwanted tells whether the reader of a pipe has seen enough.
func (o *output) unwanted() bool { return errors.Is(o.sink.err, syscall.EPIPE) }

// left says in a clause what a failure leaves of the result, which is not a whole one;
// nothing of it is empty.
func (o *output) left() string {
	if o.path == "" && o.sink.begun {
		return "; what was written is not all of it"
	}
	return ""
}

// openOutput makes ready to write to a path; "-" is standard output. Of a file
// that is there already nothing changes until commit.
func openOutput(path string, stdout io.Writer) (*output, error) {
	if path == "-" {
		return outputTo(stdout, nil, ""), nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("cannot write to %s: it is a folder; name a file in it", path)
	case err == nil && !info.Mode().IsRegular(): // /dev/stdout, a named pipe
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("cannot write to %s: %w", path, reason(err))
		}
		return outputTo(file, file, ""), nil
	case err == nil:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, fmt.Errorf("cannot write to %s: %w", path, reason(err))
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("cannot write to %s: %w", path, reason(err))
	default:
		path = behindLinks(path)
	}
	tidy(filepath.Dir(path), time.Now())
	// A name of its own, since that of the file may be as long as a name can be.
	file, err := os.CreateTemp(filepath.Dir(path), leftover)
	if err != nil {
		return nil, fmt.Errorf("cannot write to %s: %w", path, reason(err))
	}
	claim(file)
	return outputTo(file, file, path), nil
}

// mostLinks is how many links in a row the kernel follows.
const mostLinks = 40

// behindLinks gives where a path leads whose file is not there yet: a link to it stays, as one
// to a file that is there.
func behindLinks(path string) string {
	for range mostLinks {
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) { // it begins in the folder itself, which a link may lead to as well
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				break
			}
			target = filepath.Join(dir, target)
		}
		path = target
	}
	return path
}

// reason leaves out the name of the temporary file, which tells a user nothing.
func reason(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// commit puts the whole file in its place, readable for its owner alone: it
// holds names. The permissions of a file that is replaced are kept.
func (o *output) commit() error {
	if err := o.Flush(); err != nil {
		return o.failed(err)
	}
	if o.path == "" {
		return nil
	}
	if info, err := os.Stat(o.path); err == nil {
		if err := o.file.Chmod(info.Mode().Perm()); err != nil {
			return o.failed(err)
		}
	}
	if err := o.file.Sync(); err != nil {
		return o.failed(err)
	}
	if err := o.file.Close(); err != nil {
		return o.failed(err)
	}
	if err := os.Rename(o.file.Name(), o.path); err != nil {
		return o.failed(err)
	}
	o.path = ""
	return nil
}

func (o *output) failed(err error) error { return fmt.Errorf("cannot write the result: %w", err) }

// discard leaves nothing behind of a file that was not committed. There is
// nothing to do about a failure here: the error that led to it is told.
func (o *output) discard() {
	if o.file == nil {
		return
	}
	_ = o.file.Close()
	if o.path != "" {
		_ = os.Remove(o.file.Name())
	}
}
