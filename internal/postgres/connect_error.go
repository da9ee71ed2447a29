package postgres

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// connectError says in one sentence which server did not answer, why, and what
// to check.
func connectError(cfg *pgx.ConnConfig, err error) error {
	where := fmt.Sprintf("database %q on %s as user %q", cfg.Database,
		net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port))), cfg.User)
	reason, advice := err.Error(), "check DATABASE_URL"
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("connect to %s: %w", where, err) // given up by the caller
	case errors.Is(err, errSharing):
		return fmt.Errorf("%w: cannot use %s: %w", model.ErrUsage, where, err)
	case errors.As(err, &pg):
		reason = pg.Message
		switch pg.Code {
		case "28P01", "28000":
			advice = "check user and password in DATABASE_URL"
		case "3D000":
			advice = "create the database, or name another in DATABASE_URL"
		case "42704": // its name may be the end of a password
			reason = "the server does not know a parameter that DATABASE_URL names"
			advice = "a value with a space in it must stand in single quotes"
		case "53300":
			advice = "raise max_connections or lower ROLLCALL_CONCURRENCY"
		}
	case errors.Is(err, context.DeadlineExceeded):
		reason, advice = "no answer in time", "check host and port in DATABASE_URL and the firewall"
	case errors.As(err, &connect):
		reason = rootCause(connect).Error()
		if advice = encryptionAdvice(connect, reason); advice == "" {
			advice = "check that the server is running, and host and port in DATABASE_URL"
		}
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
	case reason == "server refused TLS connection":
		return "turn on ssl at the server; sslmode in DATABASE_URL asks for it"
	}
	return ""
}

// notAConnection says what a connection string looks like.
const notAConnection = "it is not a connection string such as postgres://user:password@host:5432/database"

// misread refuses a URL of another scheme, which would be taken for the name of a
// parameter, and one whose password has a slash in it: what is behind that would
// be taken for the name of a database or parameter, and shown as such.
func misread(connection string) error {
	scheme, rest, isURL := strings.Cut(connection, "://")
	if isURL && scheme != "postgres" && scheme != "postgresql" && !strings.ContainsAny(scheme, "= ") {
		return fmt.Errorf("%w: DATABASE_URL: %s", model.ErrUsage, notAConnection)
	}
	authority, path, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(path, "=") // of the database, and of the first parameter
	if isURL && !strings.Contains(authority, "@") && strings.Contains(name, "@") {
		return fmt.Errorf("%w: DATABASE_URL: in a password a slash must be written as %%2F, and in another name @ as %%40", model.ErrUsage)
	}
	return nil
}

// parameterError says what is wrong with a connection string without repeating
// it: of the driver's texts only those are told that hold nothing of it but the
// names of files.
func parameterError(err error) error {
	why := notAConnection
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
	return fmt.Errorf("%w: DATABASE_URL: %s", model.ErrUsage, why)
}

// rootCause gives the innermost error, without the connection parameters that
// the outer ones repeat.
func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			var many interface{ Unwrap() []error }
			if errors.As(err, &many) && len(many.Unwrap()) > 0 {
				err = many.Unwrap()[0]
				continue
			}
			return err
		}
		err = inner
	}
}
