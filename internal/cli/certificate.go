package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// certificate is what serve shows to clients. Whoever renews it writes the files anew, weeks
// before the old one ends: that is noticed, since nobody restarts a receiver for it.
type certificate struct {
	certFile, keyFile string
	log               logger
	now               func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate
	changed [2]time.Time // when the files of pair were written
	looked  time.Time
}

// certificatePause is how often the files are looked at.
const certificatePause = time.Minute

// openCertificate reads the files, and refuses those that make no pair.
func openCertificate(certFile, keyFile string, log logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: machineNow}
	c.looked = c.now()
	c.changed = c.written()
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%w: --tls-cert and --tls-key: %w", model.ErrUsage, err)
	}
	c.pair = &pair
	return c, nil
}

// written tells when each file was last written; the zero time where it is not there.
func (c *certificate) written() (at [2]time.Time) {
	for i, file := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(file); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

// current gives the certificate, read anew where the files have changed. One that cannot be
// used, as while only one of the two files is written, leaves the old one in place.
func (c *certificate) current(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.looked) < certificatePause {
		return c.pair, nil
	}
	c.looked = now
	changed := c.written()
	if changed == c.changed {
		return c.pair, nil
	}
	ctx := context.WithoutCancel(hello.Context())
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		c.log.WarnContext(ctx, "the changed certificate cannot be used: the one from before stays", "error", err)
		return c.pair, nil
	}
	c.pair, c.changed = &pair, changed
	c.log.InfoContext(ctx, "the certificate was read anew")
	return c.pair, nil
}
