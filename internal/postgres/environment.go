package postgres

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// unreadVariables are those of libpq that the driver does not look at, by the parameter
// that each stands in for. Without them somebody would be connected to another server, or
// with less protection, than they asked for.
var unreadVariables = map[string]string{
	"hostaddr": "PGHOSTADDR", "gssencmode": "PGGSSENCMODE", "requirepeer": "PGREQUIREPEER", "sslcrl": "PGSSLCRL", "sslcrldir": "PGSSLCRLDIR",
	"ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION", "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
}

// fillIn lets these variables stand in for what neither the connection string nor a service
// says, as libpq does. It gives the parameters that they set.
func fillIn(cfg *pgx.ConnConfig) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(unreadVariables)) {
		value := os.Getenv(unreadVariables[name])
		if _, given := cfg.RuntimeParams[name]; given || value == "" {
			continue
		}
		cfg.RuntimeParams[name] = value
		names = append(names, name)
	}
	return names
}

// leftTo says of a parameter that is refused which variable of the environment set it.
func leftTo(names []string, err error) error {
	for _, name := range names {
		if err != nil && strings.Contains(err.Error(), name) {
			return fmt.Errorf("%w; it is %s of the environment that asks for it", err, unreadVariables[name])
		}
	}
	return err
}

// parsedParameters are those whose values pgx reads when it parses, longest names first
// where one is a part of another.
var parsedParameters = []string{
	"sslmode", "sslcert", "sslrootcert",
	"connect_timeout", "target_session_attrs", "require_auth", "channel_binding", "sslnegotiation", "sslcertmode", "min_protocol_version",
	"max_protocol_version", "default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity", "pool_max_conns", "pool_min_conns",
	"pool_min_idle_conns", "pool_max_conn_lifetime_jitter", "pool_max_conn_lifetime", "pool_max_conn_idle_time", "pool_health_check_period", "service", "port",
}

// variables are those of the environment that stand in for a parameter.
var variables = map[string]string{
	"sslmode": "PGSSLMODE", "sslcert": "PGSSLCERT", "sslrootcert": "PGSSLROOTCERT", "connect_timeout": "PGCONNECT_TIMEOUT",
	"target_session_attrs": "PGTARGETSESSIONATTRS", "require_auth": "PGREQUIREAUTH", "channel_binding": "PGCHANNELBINDING",
	"sslnegotiation": "PGSSLNEGOTIATION", "sslcertmode": "PGSSLCERTMODE", "min_protocol_version": "PGMINPROTOCOLVERSION",
	"max_protocol_version": "PGMAXPROTOCOLVERSION", "service": "PGSERVICE", "port": "PGPORT",
}

// asked says where a parameter comes from.
func asked(name string) string {
	if variable := variables[name]; os.Getenv(variable) != "" {
		return name + " in DATABASE_URL, or " + variable + " in the environment,"
	}
	return name + " in DATABASE_URL"
}

// parameterAdvice says which parameter the driver could not read, and where it is from;
// known tells that why says already what is wrong.
func parameterAdvice(connection, said, why string, known bool) string {
	for _, name := range parsedParameters {
		variable, given := variables[name], strings.Contains(connection, name+"=")
		fromEnvironment := !given && os.Getenv(variable) != ""
		switch {
		case !strings.Contains(said, name) || !given && !fromEnvironment:
			continue
		case fromEnvironment && known:
			why = "it leaves " + name + " to " + variable + " of the environment: " + why
		case fromEnvironment:
			why = "it leaves " + name + " to " + variable + " of the environment, whose value cannot be used"
		case !known:
			why = "its parameter " + name + " has a value that cannot be used"
		}
		if name == "service" {
			why += serviceAdvice(said)
		}
		return why
	}
	return why
}

// serviceAdvice says which file was looked into for a service, which is the caller's or
// that of the home folder.
func serviceAdvice(said string) string {
	if _, file, unread := strings.Cut(said, "failed to read service file: "); unread {
		return ": the file " + strings.TrimRight(file, ")") + " cannot be read; PGSERVICEFILE names another"
	}
	return ": the service file has no such service; PGSERVICEFILE names another file"
}
