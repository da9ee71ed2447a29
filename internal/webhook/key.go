package webhook

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Keys proves signatures with the vendor's public key: one that was pinned, or that of
// its well-known document. Safe for concurrent use.
type Keys struct {
	document *document // nil where the key is pinned
	now      func() time.Time

	mu      sync.Mutex // held while the document is asked, so that it is asked once
	key     *rsa.PublicKey
	read    time.Time // when key was read
	tried   time.Time // when the document was last asked
	failure error     // of that
	again   bool      // whether it was then asked once more
}

const (
	// keyAge is how long a key is used before the document is asked again. The
	// vendor documents no rule.
	keyAge = time.Hour
	// keyPause is how long the document is left alone once it was asked: strangers
	// with wrong signatures must not make us ask the vendor for each. Once in between it
	// is asked at once, since a refusal is final: the key may have changed just now.
	keyPause = time.Minute
	// keyRetry is the same where it did not give a key: the sender comes again for
	// seconds only.
	keyRetry = 5 * time.Second
)

// PinnedKey reads the public key from a file in PEM.
func PinnedKey(file string) (*Keys, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: ROLLCALL_WEBHOOK_KEY_FILE: %w", model.ErrUsage, err)
	}
	key, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%w: ROLLCALL_WEBHOOK_KEY_FILE: %w", model.ErrUsage, err)
	}
	return &Keys{key: key}, nil
}

// PublishedKey takes the public key from the well-known document at an address;
// empty is the vendor's. Nothing is asked before the first signature.
func PublishedKey(address string) (*Keys, error) {
	document, err := newDocument(address)
	if err != nil {
		return nil, err
	}
	return &Keys{document: document, now: time.Now}, nil
}

// Verify proves that the vendor signed a digest. An error is ErrSignature, or wraps
// ErrNoKey where nobody can tell: the sender is to come again.
func (k *Keys) Verify(ctx context.Context, digest [sha256.Size]byte, signature []byte) error {
	if k.document == nil {
		if verify(k.key, digest, signature) {
			return nil
		}
		return ErrSignature
	}
	key, err := k.current(ctx, nil)
	if err != nil {
		return err
	}
	if verify(key, digest, signature) {
		return nil
	}
	// The vendor may have changed its key since.
	newer, err := k.current(ctx, key)
	if err != nil {
		return err
	}
	if newer != key && verify(newer, digest, signature) {
		return nil
	}
	return ErrSignature
}

// current gives the key. Where one did not fit, the document is asked for another,
// unless it was asked a moment ago. A key that is old is used on while no newer can be
// had, but does not refuse anybody then.
func (k *Keys) current(ctx context.Context, misfit *rsa.PublicKey) (*rsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	isOld := k.key == nil || now.Sub(k.read) >= keyAge
	pause := keyPause
	if k.failure != nil {
		pause = keyRetry
	}
	switch isDue := k.tried.IsZero() || now.Sub(k.tried) >= pause; {
	case (isOld || misfit == k.key) && isDue:
		k.again = false
		k.ask(ctx, now)
	case misfit != nil && misfit == k.key && k.failure == nil && !k.again:
		k.again = true
		k.ask(ctx, now)
	}
	if k.key == nil || k.failure != nil && misfit == k.key {
		return nil, fmt.Errorf("%w: %w", ErrNoKey, k.failure)
	}
	return k.key, nil
}

// ask reads the document. What a client breaks off does not count as tried.
func (k *Keys) ask(ctx context.Context, now time.Time) {
	key, err := k.document.read(context.WithoutCancel(ctx))
	k.tried, k.failure = now, err
	if err != nil {
		return
	}
	k.read = now
	if k.key == nil || !k.key.Equal(key) {
		k.key = key // the same key keeps its address, by which callers know it
	}
}

// Ready tells why no signature could be proved, nil where one could be. It asks the
// document where no key is known.
func (k *Keys) Ready(ctx context.Context) error {
	if k.document == nil {
		return nil
	}
	_, err := k.current(ctx, nil)
	return err
}

// parseKey reads an RSA public key in PEM. The vendor's own sample shows that newlines
// may come as the two characters backslash and n.
func parseKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(bytes.TrimPrefix([]byte(strings.ReplaceAll(text, `\n`, "\n")), byteOrderMark))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New(`there is no PEM block "PUBLIC KEY"`)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the PEM block is no public key")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the public key is not an RSA key")
	}
	if key.N.BitLen() < leastBits {
		return nil, fmt.Errorf("the public key has %d bits, fewer than %d", key.N.BitLen(), leastBits)
	}
	return key, nil
}

// leastBits is the shortest key that is worth anything (NIST SP 800-131A).
const leastBits = 2048
