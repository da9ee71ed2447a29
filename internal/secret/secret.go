// Package secret holds texts that must never be printed: the API token and
// database URLs with a password.
package secret

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
)

// Text is a secret that prints as [redacted] wherever it is formatted, logged
// or encoded. The zero value is an empty secret.
type Text struct {
	// In a closure, since fmt prints an unexported field without asking the
	// methods below, and reflection reads it; here both come upon an address.
	reveal func() string
}

const redacted = "[redacted]"

// New wraps a secret.
func New(value string) Text {
	if value == "" {
		return Text{}
	}
	return Text{reveal: func() string { return value }}
}

// Trimmed wraps a secret as somebody typed or pasted it: without what is white or
// invisible around it, such as a line's end or a byte order mark.
func Trimmed(value string) Text {
	return New(strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }))
}

// Reveal gives the secret itself. Call it only where it is sent.
func (t Text) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return t.reveal()
}

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.reveal == nil }

// Format implements fmt.Formatter: whatever the verb, the secret is not shown.
func (Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String implements fmt.Stringer.
func (Text) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler, which JSON encoders use too.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Text) LogValue() slog.Value { return slog.StringValue(redacted) }
