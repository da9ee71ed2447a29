package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// scramIterations is what PostgreSQL itself uses.
const scramIterations = 4096

// scramVerifier gives what PostgreSQL stores in place of a password (RFC 5803).
// Sent instead of it, the password cannot end up in the server's log.
func scramVerifier(role string, password secret.Text) (string, error) {
	text := password.Reveal()
	for _, r := range text {
		if r < ' ' || r > '~' {
			// Anything else would have to be normalised first, by RFC 4013.
			return "", fmt.Errorf("%w: the password of %s must consist of printable ASCII characters", model.ErrUsage, role)
		}
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	salted, err := pbkdf2.Key(sha256.New, text, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive the verifier: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, encode(salt), encode(stored[:]), encode(mac(salted, "Server Key"))), nil
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
