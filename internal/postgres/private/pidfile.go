package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// pidFile is what a running server says of itself in postmaster.pid.
type pidFile struct {
	pid   int
	port  int  // 0 until it is known
	ready bool // accepts connections
}

const pidFileName = "data/postmaster.pid"

// readPidFile reads postmaster.pid. No file is a zero pidFile and no error: no
// server, or one that has only just begun.
func readPidFile(home *os.Root) (pidFile, error) {
	text, err := home.ReadFile(pidFileName)
	if errors.Is(err, fs.ErrNotExist) {
		return pidFile{}, nil
	}
	if err != nil {
		return pidFile{}, fmt.Errorf("read pid file of the server: %w", err)
	}
	return parsePidFile(string(text)), nil
}

// parsePidFile reads the lines that matter: 1 the pid, 4 the port, 8 the status.
// A file cut short by a crash leaves zeros.
func parsePidFile(text string) pidFile {
	lines := strings.Split(text, "\n")
	number := func(i int) int {
		if i >= len(lines) {
			return 0
		}
		n, err := strconv.Atoi(strings.TrimSpace(lines[i]))
		if err != nil {
			return 0
		}
		return max(n, -n) // a single-user server writes its pid negated
	}
	return pidFile{
		pid:   number(0),
		port:  number(3),
		ready: len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready",
	}
}

// isServerOf reports whether the command line args is that of the server of the
// data directory: its programs carry the folder in "-D".
func isServerOf(args []string, data string) bool {
	if len(args) == 0 || path.Base(args[0]) != "postgres" {
		return false
	}
	for i, arg := range args {
		if arg == "-D" && i+1 < len(args) && args[i+1] == data {
			return true
		}
	}
	return false
}
