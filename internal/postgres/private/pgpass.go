package private

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// The one role of the cluster, its superuser, and its database.
const (
	userName     = "rollcall"
	databaseName = "rollcall"
	host         = "127.0.0.1"
)

// pgpassLine is the password file in libpq's format. Any port fits, as the
// server has another one each time.
func pgpassLine(password string) string {
	return strings.Join([]string{host, "*", "*", userName, password}, ":") + "\n"
}

// pgpassFile is the path of the password file.
func (h *home) pgpassFile() string { return filepath.Join(h.data(), pgpassName) }

// password reads the password back.
func (h *home) password() (string, error) {
	text, err := h.root.ReadFile(path.Join(dataName, pgpassName))
	if err != nil {
		return "", fmt.Errorf("read password of the private Postgres: %w", err)
	}
	fields := strings.Split(strings.TrimSpace(string(text)), ":")
	if len(fields) != 5 || fields[4] == "" {
		return "", fmt.Errorf("password file %s is damaged: it should be one line host:port:database:user:password", h.pgpassFile())
	}
	return fields[4], nil
}

// connectionURL returns the libpq URL of a database of the server.
func connectionURL(port int, password, database string) string {
	location := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(userName, password),
		Host:     net.JoinHostPort(host, strconv.Itoa(port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable", // no TLS on the loopback interface
	}
	return location.String()
}

// shellQuote quotes a word for a POSIX shell where it needs that.
func shellQuote(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=+:@%,"
	special := func(r rune) bool { return !strings.ContainsRune(plain, r) }
	if word != "" && !strings.ContainsFunc(word, special) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
