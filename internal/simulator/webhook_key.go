package simulator

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
)

// KeyPath is where the key that webhooks are signed with is published.
const KeyPath = "/.well-known/webhooks.json"

// newSigningKey makes a key as the vendor's may be.
func newSigningKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the operating system's source of chance does not fail
	}
	return key
}

// signingKey gives the server's key, which is made when it is first asked for.
func (s *Server) signingKey() *rsa.PrivateKey {
	s.keyLock.Lock()
	defer s.keyLock.Unlock()
	if s.key == nil {
		s.key = newSigningKey()
	}
	return s.key
}

// ChangeKey lets a new key sign from now on.
func (s *Server) ChangeKey() {
	s.keyLock.Lock()
	defer s.keyLock.Unlock()
	s.key = newSigningKey()
}

// keyDocument is the published form. As in the vendor's sample, the newlines of the
// PEM text are the two characters backslash and n, also after the JSON is read.
func (s *Server) keyDocument() []byte {
	der, err := x509.MarshalPKIXPublicKey(&s.signingKey().PublicKey)
	if err != nil {
		panic(err) // an RSA key can be written
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return dataOf(map[string]any{"publicKey": strings.ReplaceAll(text, "\n", `\n`)})
}

// signed gives the signature of a body: RSASSA-PKCS1-v1_5 over its SHA-256, in base64.
func signed(key *rsa.PrivateKey, body []byte) string {
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // the digest has the right length
	}
	return base64.StdEncoding.EncodeToString(signature)
}
