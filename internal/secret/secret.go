// Package secret holds texts that must never be printed: the API token and
// database URLs with a password.
package secret

import "log/slog"

// Text is a secret that prints as [redacted] wherever it is formatted, logged
// or encoded. The zero value is an empty secret.
type Text struct{ value string }

const redacted = "[redacted]"

// New wraps a secret.
func New(value string) Text { return Text{value: value} }

// Reveal gives the secret itself. Call it only where it is sent.
func (t Text) Reveal() string { return t.value }

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.value == "" }

// String implements fmt.Stringer.
func (Text) String() string { return redacted }

// GoString implements fmt.GoStringer, for %#v.
func (Text) GoString() string { return redacted }

// MarshalText implements encoding.TextMarshaler, which JSON encoders use too.
func (Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (Text) LogValue() slog.Value { return slog.StringValue(redacted) }
