package webhook

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
)

// Headers of a delivery. The second name of each pair is the one that the older Dyte
// API used.
var (
	signatureHeaders = []string{"rtk-signature", "dyte-signature"}
	webhookHeaders   = []string{"rtk-webhook-id", "dyte-webhook-id"}
)

var (
	// ErrSignature refuses a body that nobody signed, or somebody else.
	ErrSignature = errors.New("the signature is missing or wrong")
	// ErrNoKey tells that no key can be had to look at the signature with.
	ErrNoKey = errors.New("the vendor's public key cannot be had")
)

// firstHeader gives the first header that is there.
func firstHeader(h http.Header, names []string) string {
	for _, name := range names {
		if value := h.Get(name); value != "" {
			return value
		}
	}
	return ""
}

// signatureOf gives the signature of a request.
func signatureOf(h http.Header) ([]byte, error) {
	signature, err := base64.StdEncoding.DecodeString(firstHeader(h, signatureHeaders))
	if err != nil || len(signature) == 0 {
		return nil, ErrSignature
	}
	return signature, nil
}

// verify tells whether the owner of the key signed the digest of the raw bytes, by
// RSASSA-PKCS1-v1_5 with SHA-256.
func verify(key *rsa.PublicKey, digest [sha256.Size]byte, signature []byte) bool {
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
}
