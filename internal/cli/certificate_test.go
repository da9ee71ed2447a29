package cli

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// issue gives a new certificate for a name, and its key, in PEM.
func issue(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	cert, err = x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	if key, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
}

// A certificate that is renewed while the receiver runs is the one that clients see; one
// that cannot be used, as between the writing of its two files, is not.
func TestRenewedCertificateIsServed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	var written time.Duration
	write := func(file string, text []byte) {
		t.Helper()
		written += time.Hour // file systems may tell no two writings of a moment apart
		at := time.Now().Add(written)
		if err := errors.Join(os.WriteFile(file, text, 0o600), os.Chtimes(file, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	cert, key := issue(t, "first")
	write(certFile, cert)
	write(keyFile, key)
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	pair, err := openCertificate(certFile, keyFile, logger)
	if err != nil {
		t.Fatal(err)
	}
	var passed atomic.Int64
	pair.now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	command := &serveCommand{Addr: "127.0.0.1:0", certificate: pair, listening: func(addr net.Addr) { ready <- addr }}
	go func() { ended <- command.serve(&shell{ctx: ctx, logger: logger}, &webhook.Handler{Logger: logger}) }()
	addr := (<-ready).String()
	sees := func(want string) {
		t.Helper()
		passed.Add(int64(2 * certificatePause))
		dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
		conn, err := dialer.DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got := conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName; got != want {
			t.Errorf("clients see the %s certificate, want the %s", got, want)
		}
	}
	sees("first")
	cert, key = issue(t, "second")
	write(certFile, cert)
	sees("first")
	write(keyFile, key)
	sees("second")
	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	sees("second")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if told := log.String(); strings.Count(told, "cannot be used") != 2 || strings.Count(told, "read anew") != 1 {
		t.Errorf("the log: %s", told)
	}
}

// Files that make no pair are refused before anything is received.
func TestCertificateThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cert, _ := issue(t, "one")
	_, key := issue(t, "another")
	files := map[string][]byte{"cert": cert, "key": key, "text": []byte("no PEM")}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, pair := range [][2]string{{"cert", "key"}, {"none", "key"}, {"cert", "none"}, {"text", "key"}, {"cert", "text"}} {
		_, err := openCertificate(filepath.Join(folder, pair[0]), filepath.Join(folder, pair[1]), slog.New(slog.DiscardHandler))
		if !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), "--tls-cert and --tls-key: ") {
			t.Errorf("%s and %s: %v", pair[0], pair[1], err)
		}
	}
}
