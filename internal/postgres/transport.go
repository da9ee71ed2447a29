package postgres

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Unverified gives the first host of a pool to which a connection can go over a
// network without proof that it is the right server, as sslmode=verify-full
// would ask for. ok is false where there is none: a Unix socket and the loopback
// interface leave no one in between.
func Unverified(pool *pgxpool.Pool) (host string, ok bool) {
	cfg := pool.Config().ConnConfig
	if unverified(cfg.Host, cfg.TLSConfig) {
		return cfg.Host, true
	}
	for _, other := range cfg.Fallbacks { // further hosts, and sslmode=prefer's second try without TLS
		if unverified(other.Host, other.TLSConfig) {
			return other.Host, true
		}
	}
	return "", false
}

func unverified(host string, config *tls.Config) bool {
	if filepath.IsAbs(host) || strings.HasPrefix(host, "@") || host == "localhost" {
		return false
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return false
	}
	return config == nil || config.InsecureSkipVerify // verify-ca looks at the certificate, but not at the name
}
