package private

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// account is the user the server runs as.
type account struct {
	name     string
	uid, gid int
	// drop is set when this process is root, which PostgreSQL refuses, and the
	// programs have to be started as the user above.
	drop bool
}

// serverAccount is this process's user, or, for root, postgres and else nobody.
func serverAccount() (account, error) {
	uid := os.Geteuid()
	if uid != 0 {
		return account{name: "uid " + strconv.Itoa(uid), uid: uid, gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := lookupDropped(name)
		if _, unknown := errors.AsType[user.UnknownUserError](err); !unknown {
			return found, err
		}
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody: start the program as an ordinary user or set DATABASE_URL")
}

// lookupDropped is the account of a user that root becomes to run the server.
func lookupDropped(name string) (account, error) {
	found, err := user.Lookup(name)
	if err != nil {
		return account{}, fmt.Errorf("look up user: %w", err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("user %s: uid: %w", found.Username, err)
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("user %s: gid: %w", found.Username, err)
	}
	if uid == 0 {
		return account{}, fmt.Errorf("user %s has uid 0, as which PostgreSQL refuses to run: start the program as an ordinary user or set DATABASE_URL", found.Username)
	}
	return account{name: found.Username, uid: int(uid), gid: int(gid), drop: true}, nil
}

// give hands a file that this process has just made to the server's user.
func (a account) give(file *os.File) error {
	if !a.drop {
		return nil
	}
	if err := file.Chown(a.uid, a.gid); err != nil {
		return fmt.Errorf("give %s to user %s: %w", file.Name(), a.name, err)
	}
	return nil
}
