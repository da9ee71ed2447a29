package postgres

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// connectError says in one sentence which server did not answer, why, and what
// to check.
func connectError(connection string, cfg *pgx.ConnConfig, err error) error {
	where := fmt.Sprintf("database %q on %s as user %q", cmp.Or(cfg.Database, cfg.User), // as the server takes it
		net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))), cfg.User)
	var reason, advice string
	causes := leaves(err)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("connect to %s: %w", where, err) // given up by the caller
	case errors.Is(err, errSharing):
		return fmt.Errorf("%w: cannot use %s: %w", model.ErrUsage, where, err)
	case errors.Is(err, errCrowded):
		return fmt.Errorf("%w: cannot use %s: %w", model.ErrStore, where, errCrowded)
	case errors.Is(err, model.ErrSchema), errors.Is(err, model.ErrLocked):
		return err
	case answered(causes) != nil:
		pg := answered(causes)
		if name, is := unknownParameter(pg); is {
			return parameterRefusal(connection, cfg, pg, name)
		}
		reason, advice = pg.Message, refusalAdvice(cfg, pg)
	default:
		reason, advice = silenceAdvice(cfg, err, causes)
	}
	return fmt.Errorf("%w: cannot use %s: %s; %s", model.ErrStore, where, reason, advice)
}

// encryptionAdvice says what to check where two sides that reached each other did
// not agree on TLS; empty for any other error.
func encryptionAdvice(err error, reason string) string {
	_, issuer := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case name:
		return "let DATABASE_URL name the host as the server's certificate does, or give the server one for this name"
	case issuer || invalid:
		return "let sslrootcert in DATABASE_URL name the certificate of the authority that signed the server's, and see that neither is out of date"
	case reason == noTLS:
		return "turn on ssl at the server; " + asked("sslmode") + " asks for it"
	}
	return ""
}

// noTLS is what the driver says of a server that does not speak TLS.
const noTLS = "server refused TLS connection"

// What a connection string looks like, and what is often wrong with one.
const (
	notAConnection = "it is not a connection string such as postgres://user:password@host:5432/database"
	badSpace       = "a space must be written as %20 in a URL, and in the keyword form a value with a space in it stands in single quotes"
	badPercent     = "a percent sign in a name or password must be written as %25"
	badMark        = "in a password a slash must be written as %2F and @ as %40, and in another name @ as %40"
)

// parameterName is what PostgreSQL takes for the name of a parameter.
var parameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*$`)

func isURL(connection string) bool {
	return strings.HasPrefix(connection, "postgres://") || strings.HasPrefix(connection, "postgresql://")
}

// refused says why a connection string is not used, without repeating it.
func refused(why string) error { return fmt.Errorf("%w: DATABASE_URL: %s", model.ErrUsage, why) }

// misread refuses a connection string of which the driver would take a part for
// something else than it is, and show it as such: a URL of another scheme for the
// name of a parameter, what is behind a slash in a password for that of a database.
func misread(connection string) error {
	scheme, rest, found := strings.Cut(connection, "://")
	if strings.IndexAny(connection, "\"'`“”‘’") == 0 {
		return refused("it must stand without quotes around it")
	}
	if !isURL(connection) {
		if found && !strings.ContainsAny(scheme, "= ") {
			return refused(notAConnection)
		}
		return nil
	}
	authority, path, _ := strings.Cut(rest, "/")
	if strings.Contains(authority, "?") {
		path = "" // the slash is in a parameter
	}
	name, _, _ := strings.Cut(path, "=") // of the database, and of the first parameter
	switch {
	case strings.ContainsAny(connection, asciiSpace):
		return refused(badSpace)
	case strings.Contains(name, "@"):
		return refused(badMark)
	case rawPercent.MatchString(connection):
		return refused(badPercent)
	}
	return nil
}

// rawPercent is a percent sign that begins no escape.
var rawPercent = regexp.MustCompile(`%(?:$|[^0-9A-Fa-f]|.$|.[^0-9A-Fa-f])`)

// asciiSpace is what separates the keywords of a connection string.
const asciiSpace = " \t\r\n\v\f"

// misparsed refuses a connection string that the driver understands, but not as it
// was meant: a part of it, perhaps of the password, would be shown as the name of a
// host, a database or a parameter, or sent to a server that it does not name.
func misparsed(connection string, cfg *pgx.ConnConfig) error {
	hosts := []string{cfg.Host}
	for _, other := range cfg.Fallbacks {
		hosts = append(hosts, other.Host)
	}
	for _, host := range hosts {
		if strings.HasPrefix(host, "/") { // the folder of a socket
			continue
		}
		if strings.LastIndex(host, "@") > 0 && isURL(connection) { // a socket's abstract name begins with one
			return refused(badMark)
		} else if strings.LastIndex(host, "@") > 0 {
			return refused(notAConnection)
		}
	}
	for _, value := range append(hosts, cfg.Database, cfg.User) {
		if strings.Contains(value, "://") {
			return refused(notAConnection)
		}
	}
	for name, value := range cfg.RuntimeParams {
		if !parameterName.MatchString(name) || isURL(value) {
			return refused(notA(connection))
		}
	}
	return nil
}

// notA says that a text is no connection string, and names the space in it.
func notA(connection string) string {
	if strings.ContainsAny(connection, asciiSpace) {
		return notAConnection + "; " + badSpace
	}
	return notAConnection
}

// parameterError says what is wrong with a connection string without repeating
// it: of the driver's texts only those are told that hold nothing of it but the
// names of files.
func parameterError(connection string, err error) error {
	why := notA(connection)
	if parse, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		file, unread := errors.AsType[*fs.PathError](parse)
		switch inner := errors.Unwrap(parse); {
		case unread:
			why = "a file that it names cannot be read: " + file.Error()
		case inner == nil:
		case inner.Error() == "sslmode is invalid":
			why = "sslmode must be disable, allow, prefer, require, verify-ca or verify-full"
		case inner.Error() == "unable to add CA to cert pool":
			why = "the file of sslrootcert holds no certificate in PEM form"
		case inner.Error() == `both "sslcert" and "sslkey" are required`:
			why = "sslcert and sslkey go together"
		}
	}
	// What pgx says begins with the connection string.
	said := err.Error()[strings.LastIndex(err.Error(), "`: ")+1:]
	return refused(parameterAdvice(connection, said, why, why != notA(connection)))
}
