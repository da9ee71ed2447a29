package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// leaves gives the causes of an error: one for each place that was tried. What
// tells an address or a code stays whole.
func leaves(err error) []error {
	switch known := err.(type) { //nolint:errorlint // the tree is walked here
	case *net.OpError, *net.DNSError, *pgconn.PgError:
		return []error{err}
	case interface{ Unwrap() []error }:
		var all []error
		for _, inner := range known.Unwrap() {
			all = append(all, leaves(inner)...)
		}
		return all
	}
	if inner := errors.Unwrap(err); inner != nil {
		return leaves(inner)
	}
	return []error{err}
}

// answered gives what a server said, nil where none did. That one lets nobody in
// without TLS says less than what it said over it.
func answered(causes []error) *pgconn.PgError {
	var first *pgconn.PgError
	for _, cause := range causes {
		pg, ok := cause.(*pgconn.PgError) //nolint:errorlint // leaves are not wrapped
		if ok && (first == nil || first.Code == "28000" && pg.Code != "28000") {
			first = pg
		}
	}
	return first
}

// quotedName is a name in the quotes of any language of the server's messages.
var quotedName = regexp.MustCompile(`["«„“:] ?([A-Za-z_][A-Za-z0-9_.$]*)`)

// unknownParameter tells whether the server refuses a parameter, or a pooler in
// front of it does, and which; the name is empty where that cannot be told.
func unknownParameter(pg *pgconn.PgError) (name string, is bool) {
	switch pg.Code {
	case "42704", "42602", "22023", "22P02", "55P02":
	case "08P01": // of PgBouncer
		if !strings.Contains(pg.Message, "startup parameter") {
			return "", false
		}
	default:
		return "", false
	}
	if found := quotedName.FindStringSubmatch(pg.Message); found != nil {
		name = found[1]
	}
	return name, true
}

// parameterRefusal names a parameter that the server refuses. Its value is never
// shown, and the name only where it cannot be the end of a password.
func parameterRefusal(connection string, cfg *pgx.ConnConfig, pg *pgconn.PgError, name string) error {
	for given := range cfg.RuntimeParams {
		if !strings.EqualFold(given, name) {
			continue
		}
		if _, parameters, _ := strings.Cut(connection, "?"); !isURL(connection) || strings.Contains(parameters, "@") {
			break
		}
		if pg.Code == "42704" {
			return refusedParameter(given)
		}
		return refused(fmt.Sprintf("the server, or a pooler in front of it, does not take its parameter %s, or not with this value", given))
	}
	return refused("the server does not know a parameter that it names, or not with this value; a value with a space in it must stand in single quotes")
}

// refusalAdvice says what to check where a server answered and let nobody in.
func refusalAdvice(cfg *pgx.ConnConfig, pg *pgconn.PgError) string {
	switch pg.Code {
	case "28P01":
		return "check user and password in DATABASE_URL"
	case "28000":
		return lockedOut(cfg, pg)
	case "3D000":
		return "create the database, or name another in DATABASE_URL"
	case "42501":
		if strings.HasPrefix(pg.Message, "permission denied for") && objectOfMessage.MatchString(pg.Message) { // within it
			return strings.TrimPrefix(missingRight(pg, rightRole), "; ")
		}
		return "the role may not enter this database: its owner runs GRANT CONNECT ON DATABASE … TO …"
	case "53300":
		return tooMany
	case "55000":
		return "this database takes no connections: name another in DATABASE_URL, or let its owner run ALTER DATABASE … ALLOW_CONNECTIONS true"
	case "57P01", "57P02", "57P03":
		return "the server is starting, stopping or recovering: try again when it is up"
	case "0A000":
		return "the server, or a pooler in front of it, cannot do what the connection asks for: name the server itself in DATABASE_URL"
	case "08P01":
		return "a pooler answers so: see its log, or name the server itself in DATABASE_URL"
	case "XX000":
		return "poolers of hosted servers answer so where they know no such user or project: check user and host in DATABASE_URL; see the server's log otherwise"
	}
	return "check DATABASE_URL"
}

// lockedOut says what to check where the server does not let a user in, whatever
// the password. The routine of the server is the same in every language.
func lockedOut(cfg *pgx.ConnConfig, pg *pgconn.PgError) string {
	const line = "pg_hba.conf at the server needs a line for this user, database and address; a hosted server has a list of the addresses that it lets in"
	switch {
	case cfg.User == "":
		return "let DATABASE_URL name a user: this machine has no name for the one that runs the program"
	case pg.Routine == "InitializeSessionUserId":
		return "let DATABASE_URL name a user that the server has, and that may log in"
	case strings.Contains(pg.Message, "certificate"):
		return "the server asks for a client's certificate: name it with sslcert and sslkey in DATABASE_URL"
	case pg.Routine == "auth_failed":
		return "the server does not ask this user for a password here, but who calls (peer, ident, a certificate): check pg_hba.conf at the server"
	case !slices.ContainsFunc(attempts(cfg), func(a attempt) bool { return a.tls != nil }) && !strings.HasPrefix(cfg.Host, "/"):
		return "the server may let this user in over TLS only: write sslmode=verify-full, or at least sslmode=require, in DATABASE_URL; otherwise " + line
	}
	return line
}

// silenceAdvice says why no server answered, and what to check.
func silenceAdvice(cfg *pgx.ConnConfig, err error, causes []error) (reason, advice string) {
	const noIPv6 = "; this is an address of IPv6: where this machine has none, let DATABASE_URL name a host with an address of IPv4, as a hosted server's pooler has"
	const server = "check that the server is running, and host and port in DATABASE_URL"
	cause, six := telling(cfg, causes)
	var dns *net.DNSError
	switch reason = innermost(cause).Error(); {
	case six:
		return reason, server + noIPv6
	case tooLate(err):
		advice = "check host and port in DATABASE_URL and the firewall"
		if !slices.ContainsFunc(attempts(cfg), func(a attempt) bool { return !isIPv6(a.host) }) {
			advice += noIPv6 // the patience ended before the network's, which tells
		}
		return "no answer in time", advice
	case slices.ContainsFunc(notAsAsked, func(sort error) bool { return errors.Is(cause, sort) }):
		return reason, asked("target_session_attrs") + " asks for another kind of server: name one, or leave it out"
	case strings.HasPrefix(reason, "channel binding required"):
		return reason, asked("channel_binding") + " asks for what needs TLS and SCRAM at the server: set sslmode=verify-full, or leave it out"
	case strings.HasPrefix(reason, "authentication method requirement"):
		return reason, asked("require_auth") + " asks for another way to log in than the server does: change it, or leave it out"
	case cfg.SSLNegotiation == "direct" && errors.Is(cause, io.EOF):
		return reason, asked("sslnegotiation") + " asks for TLS at once, which PostgreSQL 17 and newer understands: leave it out"
	case encryptionAdvice(err, reason) != "":
		return reason, encryptionAdvice(err, reason)
	case errors.As(cause, &dns):
		return reason, "check host in DATABASE_URL: this machine finds no address for it"
	case errors.Is(cause, fs.ErrNotExist):
		return reason, "no server listens at this socket: " + server
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return reason, server
	}
	return err.Error(), "check DATABASE_URL"
}

// telling gives the first cause that tells something: not that there is no way to an address
// of IPv6, which six says that all are, nor that a server without TLS was then asked without.
func telling(cfg *pgx.ConnConfig, causes []error) (cause error, six bool) {
	withoutTLS := slices.ContainsFunc(attempts(cfg), func(a attempt) bool { return a.tls == nil })
	cause, six = causes[0], true
	for _, other := range causes {
		switch {
		case unreachableIPv6(other):
		case withoutTLS && innermost(other).Error() == noTLS:
			cause, six = other, false
		default:
			return other, false
		}
	}
	return cause, six
}

// notAsAsked is what the driver says of a server that target_session_attrs does not want.
var notAsAsked = []error{pgconn.ErrReadOnlyConnection, pgconn.ErrReadWriteConnection, pgconn.ErrPrimaryConnection, pgconn.ErrStandbyConnection}

// isIPv6 tells whether a host is named by an address of IPv6, of another machine.
func isIPv6(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.To4() == nil && !ip.IsLoopback()
}

// unreachableIPv6 tells whether an attempt at an address of IPv6 found no way there.
func unreachableIPv6(cause error) bool {
	op, ok := errors.AsType[*net.OpError](cause)
	if !ok || op.Op != "dial" {
		return false
	}
	tcp, ok := op.Addr.(*net.TCPAddr)
	return ok && tcp.IP.To4() == nil && !tcp.IP.IsLoopback() && noWay(op.Err)
}

// noWay tells whether no packet came back from an address: there is no route, no
// address of this kind on the machine, or no answer.
func noWay(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) || tooLate(err)
}

// tooLate tells whether a wait ended: of the caller's, or of the network's.
func tooLate(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// innermost gives the error at the end of a chain, without the addresses and
// parameters that the outer ones repeat.
func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
