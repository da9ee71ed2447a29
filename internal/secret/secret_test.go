package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/lmittmann/tint"

	"github.com/rollcall-etl/rollcall/internal/secret"
)

const canary = "canary-7f3a"

// Everything that a secret may be part of.
type (
	exported struct{ Token secret.Text }
	hidden   struct{ token secret.Text }
	deep     struct {
		Config *hidden
		List   []secret.Text
		Map    map[string]any
		Any    any
	}
	failure struct{ token secret.Text }
)

func (f *failure) Error() string { return fmt.Sprintf("refused: %v", *f) }

func holders() []any {
	text := secret.New(canary)
	h := hidden{text}
	return []any{
		text, &text,
		exported{text},
		&exported{text}, h, &h,
		[]secret.Text{text},
		[1]hidden{h},
		map[string]secret.Text{"t": text},
		map[string]hidden{"t": h},
		deep{&h, []secret.Text{text}, map[string]any{"t": h}, text},
		&failure{text}, fmt.Errorf("outer: %w", &failure{text}), errors.Join(&failure{text}),
	}
}

// told fails if a text holds the secret as it is or in a common encoding.
func told(t *testing.T, how, text string) {
	t.Helper()
	for _, form := range []string{
		canary, hex.EncodeToString([]byte(canary)), strings.ToUpper(hex.EncodeToString([]byte(canary))),
		fmt.Sprintf("% x", canary), strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]"), base64.StdEncoding.EncodeToString([]byte(canary)),
	} {
		if strings.Contains(text, form) {
			t.Errorf("%s tells the secret: %s", how, text)
		}
	}
}

func TestNoVerbTellsTheSecret(t *testing.T) {
	t.Parallel()
	for i, holder := range holders() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%#x", "%d", "%t", "%c", "%U", "%e", "%o", "%b", "%p", "%20v", "%z"} {
			told(t, fmt.Sprintf("%s of %d, a %T", verb, i, holder), fmt.Sprintf(verb, holder))
		}
		told(t, "Sprint", fmt.Sprint(holder))
	}
	for _, verb := range []string{"%v", "%s", "%q", "%#v", "%d"} {
		if got := fmt.Sprintf(verb, secret.New(canary)); got != "[redacted]" {
			t.Errorf("%s gives %s", verb, got)
		}
	}
}

func TestNoEncoderTellsTheSecret(t *testing.T) {
	t.Parallel()
	for _, holder := range holders() {
		for name, encode := range map[string]func(any) ([]byte, error){
			"json": json.Marshal, "json v2": func(v any) ([]byte, error) { return jsonv2.Marshal(v) }, "xml": xml.Marshal,
			"gob": func(v any) ([]byte, error) {
				var b bytes.Buffer
				err := gob.NewEncoder(&b).Encode(v)
				return b.Bytes(), err
			},
		} {
			out, err := encode(holder)
			told(t, fmt.Sprintf("%s of a %T", name, holder), string(out)+fmt.Sprint(err))
		}
	}
}

func TestNoLogTellsTheSecret(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil), tint.NewTextHandler(&b, nil)} {
		for _, holder := range holders() {
			slog.New(h).With("before", holder).WithGroup("g").Info("m", "value", holder, slog.Group("inner", "value", holder))
		}
	}
	told(t, "the log", b.String())
	if !strings.Contains(b.String(), "[redacted]") {
		t.Error("nothing was redacted, so the test shows nothing")
	}
}

func TestComparisonsDoNotTellTheSecret(t *testing.T) {
	t.Parallel()
	diff := cmp.Diff(exported{secret.New("x")}, exported{secret.New(canary)}, cmp.Comparer(func(a, b secret.Text) bool { return a.Reveal() == b.Reveal() }))
	if diff == "" {
		t.Error("two secrets count as one")
	}
	told(t, "a difference", diff)
}

func TestSecretItself(t *testing.T) {
	t.Parallel()
	if got := secret.New(canary).Reveal(); got != canary {
		t.Errorf("got %q", got)
	}
	if !secret.New("").IsZero() || (secret.Text{}).Reveal() != "" || secret.New(canary).IsZero() {
		t.Error("the empty secret is none")
	}
}
