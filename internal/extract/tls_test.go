package extract

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}}
	a.cert = a.sign(a.cert, &key.PublicKey)
	return a
}

func (a *authority) sign(template *x509.Certificate, key *ecdsa.PublicKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// serve gives the address of a simulator that shows such a certificate, and how
// many requests came.
func (a *authority) serve(data *simulator.Data, config *tls.Config, change func(*x509.Certificate)) (url string, requests *atomic.Int64) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	if change != nil {
		change(template)
	}
	cert := a.sign(template, &key.PublicKey)
	requests = new(atomic.Int64)
	sim := simulator.New(data, simulator.Options{Token: token})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		sim.ServeHTTP(w, r)
	}))
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
	server.TLS = config
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	a.t.Cleanup(server.Close)
	return server.URL + "/client/v4", requests
}

// A server that cannot prove to be the API gets no request, and with it no
// token; the sentence says why, and nothing is tried again.
func TestOnlyTheRightServerGetsTheToken(t *testing.T) {
	t.Parallel()
	trusted, unknown := newAuthority(t), newAuthority(t)
	for name, tt := range map[string]struct {
		by     *authority
		config *tls.Config
		change func(*x509.Certificate)
		want   string // "" is an answer
	}{
		"right":     {by: trusted, config: &tls.Config{}},
		"TLS 1.2":   {by: trusted, config: &tls.Config{MaxVersion: tls.VersionTLS12}},
		"untrusted": {by: unknown, config: &tls.Config{}, want: "certificate signed by unknown authority"},
		"of another host": {by: trusted, config: &tls.Config{}, want: "certificate is valid for 192.0.2.1, not 127.0.0.1", change: func(c *x509.Certificate) {
			c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)}
		}},
		"expired": {by: trusted, config: &tls.Config{}, want: "certificate has expired or is not yet valid", change: func(c *x509.Certificate) {
			c.NotAfter = time.Now().Add(-time.Hour)
		}},
		"not yet valid": {by: trusted, config: &tls.Config{}, want: "certificate has expired or is not yet valid", change: func(c *x509.Certificate) {
			c.NotBefore = time.Now().Add(time.Hour)
		}},
		"no server's": {by: trusted, config: &tls.Config{}, want: "certificate specifies an incompatible key usage", change: func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}},
		"TLS 1.1": {by: trusted, config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, want: "TLS 1.2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := bulk(3)
			address, requests := tt.by.serve(data, tt.config, tt.change)
			client, log := newClient(t, address)
			roots := x509.NewCertPool()
			roots.AddCert(trusted.cert)
			client.http.Transport.(redacting).RoundTripper.(*http.Transport).TLSClientConfig.RootCAs = roots
			_, err := rig{Client: client, log: log, data: data}.participants(t.Context())
			if tt.want == "" {
				if err != nil || requests.Load() != 1 {
					t.Errorf("%d requests: %v", requests.Load(), err)
				}
				return
			}
			if !errors.Is(err, model.ErrRefused) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "CLOUDFLARE_BASE_URL") {
				t.Errorf("got %v", err)
			}
			if !strings.Contains(err.Error(), "SSL_CERT_FILE") && name == "untrusted" {
				t.Errorf("nothing for a network whose proxy inspects TLS: %v", err)
			}
			if requests.Load() != 0 || strings.Contains(err.Error()+log.String(), token) {
				t.Errorf("%d requests, log %s", requests.Load(), log)
			}
		})
	}
}
