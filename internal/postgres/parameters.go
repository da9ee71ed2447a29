package postgres

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Parameters of libpq that pgx takes for settings of the server. Each is either
// carried out here or ignored on purpose: what it asks for does not arise, or
// changes nothing about who is spoken to. The names are those of
// https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-PARAMKEYWORDS.
var ignoredParameters = []string{
	"client_encoding",                 // always UTF8
	"sslcompression", "sslkeylogfile", // TLS of Go has neither
	"gsslib", "gssdelegation", // GSSAPI is not spoken
	"load_balance_hosts",                   // the order is as good as any
	"tcp_user_timeout",                     // a statement has a limit of its own
	"scram_client_key", "scram_server_key", // a password is needed
	"oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope", // the same
	"authtype", "tty", // of old releases, without an effect in libpq as well
}

// foreignParameters are those of other drivers and tools, which libpq refuses. Their
// names are known, so that none of them can be a part of a password.
var foreignParameters = []string{
	"schema", "pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size", "sslaccept", "sslidentity", "sslpassword_file", // Prisma
	"currentschema", "applicationname", "loglevel", "preparethreshold", "rewritebatchedinserts", "sslfactory", "targetservertype", "stringtype", "autosave", "loginTimeout", "socketTimeout", "tcpkeepalive", "assumeminserverversion", "defaultrowfetchsize", // JDBC
	"prepared_statement_cache_size", "prepared_statement_name_func", "command_timeout", "max_connections", "pool_size", "max_overflow", "pool_mode", "uselibpqcompat", "supa", "workaround", "charset", "encoding", "ssl_ca", "sslcapath", "serverversion", "timeout", "pooling", "pool",
}

// parse reads a connection string as libpq would. Errors hold nothing of it but
// the names of parameters.
func parse(connection string) (*pgxpool.Config, error) {
	if err := misread(connection); err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(connection)
	if err != nil {
		return nil, parameterError(connection, err)
	}
	filled := fillIn(cfg.ConnConfig)
	if addresses := cfg.ConnConfig.RuntimeParams["hostaddr"]; addresses != "" && noHost(connection, cfg.ConnConfig.Host) {
		if cfg, err = pgxpool.ParseConfig(withHost(connection, addresses)); err != nil {
			return nil, parameterError(connection, err)
		}
		filled = fillIn(cfg.ConnConfig)
	}
	if err := misparsed(connection, cfg.ConnConfig); err != nil {
		return nil, err
	}
	return cfg, leftTo(filled, adapt(cfg.ConnConfig))
}

// noHost tells whether a host is what the driver takes where none is named: an address then
// stands for it. A socket's folder gives way to an address as well.
func noHost(connection, host string) bool {
	return filepath.IsAbs(host) || host == "localhost" && !namesHost(connection) && os.Getenv("PGHOST") == ""
}

// hostKeyword is how a connection string names a host other than before its path.
var hostKeyword = regexp.MustCompile(`(?:^|[\s?&])host\s*=`)

// namesHost tells whether a connection string names a host, and not an address only.
func namesHost(connection string) bool {
	if hostKeyword.MatchString(connection) {
		return true
	}
	_, rest, _ := strings.Cut(connection, "://")
	authority, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = authority[at+1:]
	}
	authority, _, _ = strings.Cut(authority, "?")
	return isURL(connection) && strings.Trim(authority, ":0123456789,") != ""
}

// withHost lets a connection string name its addresses as the hosts as well.
func withHost(connection, addresses string) string {
	switch {
	case !isURL(connection):
		return connection + " host='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(addresses) + "'"
	case strings.Contains(connection, "?"):
		return connection + "&host=" + url.QueryEscape(addresses)
	}
	return connection + "?host=" + url.QueryEscape(addresses)
}

// adapt carries out what libpq would, and takes it from what is sent to the server.
func adapt(cfg *pgx.ConnConfig) error {
	params := cfg.RuntimeParams
	for name := range params {
		if slices.ContainsFunc(foreignParameters, func(other string) bool { return strings.EqualFold(name, other) }) {
			return refusedParameter(name)
		}
	}
	take := func(name string) string {
		value := params[name]
		delete(params, name)
		return value
	}
	for _, name := range ignoredParameters {
		delete(params, name)
	}
	if name := take("fallback_application_name"); params["application_name"] == "" && name != "" {
		params["application_name"] = name
	}
	if take("requiressl") == "1" {
		return refused("requiressl is of old releases: say sslmode=require, or better sslmode=verify-full, in its place")
	}
	if take("gssencmode") == "require" {
		return refused("gssencmode=require cannot be met, since Rollcall does not speak GSSAPI; use sslmode=verify-full instead")
	}
	for _, name := range []string{"sslcrl", "sslcrldir"} {
		if take(name) != "" && cfg.TLSConfig != nil {
			return refused(name + " cannot be met, since Rollcall does not check lists of revoked certificates; leave it out")
		}
	}
	if take("requirepeer") != "" && filepath.IsAbs(cfg.Host) {
		return refused("requirepeer cannot be met, since Rollcall does not ask who runs the server behind a socket; leave it out")
	}
	if value := strings.ToLower(take("replication")); !slices.Contains([]string{"", "false", "off", "no", "0"}, value) {
		return refused("replication must be left out: Rollcall reads and writes tables")
	}
	if err := limitTLS(cfg, take("ssl_min_protocol_version"), take("ssl_max_protocol_version")); err != nil {
		return err
	}
	if err := keepAlive(cfg, take); err != nil {
		return err
	}
	return resolveTo(cfg, take("hostaddr"))
}

// refusedParameter names a parameter that neither libpq nor the server knows.
func refusedParameter(name string) error {
	return refused(fmt.Sprintf("neither libpq nor the server knows its parameter %s: leave it out", name))
}

// tlsVersions are the values of ssl_min_protocol_version and its counterpart.
var tlsVersions = map[string]uint16{"tlsv1": tls.VersionTLS10, "tlsv1.1": tls.VersionTLS11, "tlsv1.2": tls.VersionTLS12, "tlsv1.3": tls.VersionTLS13}

// limitTLS sets the versions that every attempt to connect may speak; the empty
// text leaves a bound to Go, as which TLS 1.2 is the least.
func limitTLS(cfg *pgx.ConnConfig, least, most string) error {
	low, lowKnown := tlsVersions[strings.ToLower(least)]
	high, highKnown := tlsVersions[strings.ToLower(most)]
	switch {
	case least != "" && !lowKnown:
		return refused("ssl_min_protocol_version must be TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3")
	case most != "" && !highKnown:
		return refused("ssl_max_protocol_version must be TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3")
	case lowKnown && highKnown && low > high:
		return refused("ssl_min_protocol_version must not be above ssl_max_protocol_version")
	}
	configs := []*tls.Config{cfg.TLSConfig}
	for _, other := range cfg.Fallbacks {
		configs = append(configs, other.TLSConfig)
	}
	for _, config := range configs {
		if config != nil && lowKnown {
			config.MinVersion = low
		}
		if config != nil && highKnown {
			config.MaxVersion = high
		}
	}
	return nil
}

// keepAlive sets how an idle connection is kept: seconds, and how many unanswered
// probes end it. 0 or nothing leaves a value to the system, as in libpq.
func keepAlive(cfg *pgx.ConnConfig, take func(string) string) error {
	on := take("keepalives")
	var values [3]int
	for i, name := range []string{"keepalives_idle", "keepalives_interval", "keepalives_count"} {
		text := strings.TrimSpace(take(name))
		n, err := strconv.Atoi(text)
		if text != "" && err != nil {
			return refused(name + " must be a whole number")
		}
		values[i] = max(n, 0)
	}
	if on == "" && values == [3]int{} {
		return nil
	}
	dialer := &net.Dialer{Timeout: cfg.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: on != "0", Idle: time.Duration(values[0]) * time.Second, Interval: time.Duration(values[1]) * time.Second, Count: values[2],
	}}
	if on == "0" {
		dialer.KeepAlive = -1
	}
	cfg.DialFunc = dialer.DialContext
	return nil
}

// resolveTo connects to addresses in place of what the names of the hosts resolve
// to; certificates are still checked against the names.
func resolveTo(cfg *pgx.ConnConfig, addresses string) error {
	if addresses == "" {
		return nil
	}
	var hosts []string
	for i, attempt := range attempts(cfg) {
		if i == 0 || attempt.host != hosts[len(hosts)-1] || attempt.port != attempts(cfg)[i-1].port {
			hosts = append(hosts, attempt.host)
		}
	}
	list := strings.Split(addresses, ",")
	if len(list) != len(hosts) {
		return refused(fmt.Sprintf("hostaddr has %d addresses for %d hosts", len(list), len(hosts)))
	}
	found := map[string][]string{}
	for i, address := range list {
		address = strings.TrimSpace(address)
		if _, err := netip.ParseAddr(address); err != nil && address != "" {
			return refused("hostaddr must be a numeric address; a name belongs into host")
		}
		if address != "" {
			found[hosts[i]] = append(found[hosts[i]], address)
		}
	}
	lookup := cfg.LookupFunc
	cfg.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		if known, ok := found[host]; ok {
			return known, nil
		}
		return lookup(ctx, host)
	}
	return nil
}

// attempt is one of the places that are tried, in their order.
type attempt struct {
	host string
	port uint16
	tls  *tls.Config // nil without TLS
}

func attempts(cfg *pgx.ConnConfig) []attempt {
	all := []attempt{{cfg.Host, cfg.Port, cfg.TLSConfig}}
	for _, other := range cfg.Fallbacks {
		all = append(all, attempt{other.Host, other.Port, other.TLSConfig})
	}
	return all
}
