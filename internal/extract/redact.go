package extract

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/rollcall-etl/rollcall/internal/secret"
)

// redactor takes the credentials out of what the server says, should it repeat
// them: as they are, or spelt with the escapes of JSON or of a URL.
type redactor []credential

type credential struct {
	text []byte
	// spelt matches any spelling. Made when it is needed: hardly any server repeats
	// the token, and the search is a hundred times as slow as that for the text.
	spelt func() *regexp.Regexp
}

// newRedactor knows the spellings in which the server was given the token.
func newRedactor(token secret.Text, accountID string) redactor {
	var r redactor
	basic := base64.StdEncoding.EncodeToString([]byte(accountID + ":" + token.Reveal()))
	for _, text := range []string{basic, token.Reveal()} {
		r = append(r, credential{[]byte(text), sync.OnceValue(func() *regexp.Regexp { return anySpelling(text) })})
	}
	return r
}

func anySpelling(text string) *regexp.Regexp {
	var pattern strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&pattern, `(?:%s|\\u00(?i:%02x)|%%(?i:%02x))`, regexp.QuoteMeta(string(c)), c, c)
	}
	return regexp.MustCompile(strings.ReplaceAll(pattern.String(), "(?:/|", `(?:\\?/|`))
}

// text cleans a text of the server.
func (r redactor) text(text string) string { return string(r.clean([]byte(text), 1)) }

// leastSecret is the length, in bytes, from which a text is surely the token where it stands
// in a body. A shorter one may be a part of ordinary words, and is left there.
const leastSecret = 12

// body cleans a body, so that nothing of it that is logged, stored or set aside
// can give the credentials away.
func (r redactor) body(body []byte) []byte { return r.clean(body, leastSecret) }

// clean takes out the credentials of that length and above.
func (r redactor) clean(text []byte, least int) []byte {
	found := make([]bool, len(r))
	look := func(part []byte) {
		for i := range r {
			found[i] = found[i] || bytes.Contains(part, r[i].text)
		}
	}
	look(text)
	if bytes.IndexByte(text, '\\') >= 0 || bytes.IndexByte(text, '%') >= 0 { // faster than ContainsAny
		r.unescaped(text, look)
	}
	for i, c := range r {
		if found[i] && len(c.text) >= least {
			text = c.spelt().ReplaceAllLiteral(text, []byte(secret.Text{}.String()))
		}
	}
	return text
}

// window is how much of a body is unescaped at once.
const window = 256 << 10

// unescaped shows a body in which each ASCII character stands for itself, in
// parts of which one holds whatever credential is in it.
func (r redactor) unescaped(body []byte, look func(part []byte)) {
	overlap := 0
	for i := range r {
		overlap = max(overlap, longestEscape*len(r[i].text))
	}
	var plain []byte
	for start := 0; start < len(body); start += window {
		plain = unescape(plain[:0], body[start:min(start+window+overlap, len(body))])
		look(plain)
	}
}

// longestEscape is the length of \u0041.
const longestEscape = 6

func unescape(plain, text []byte) []byte {
	for {
		i := bytes.IndexAny(text, `\%`)
		if i < 0 {
			return append(plain, text...)
		}
		plain = append(plain, text[:i]...)
		c, length := escape(text[i:])
		plain, text = append(plain, c), text[i+length:]
	}
}

// escape reads the escape that a text begins with, and gives the byte that it
// stands for and its length; what is none stands for itself.
func escape(text []byte) (c byte, length int) {
	digits, length := text[1:], 3
	if text[0] == '\\' {
		if len(text) > 1 && text[1] == '/' {
			return '/', 2
		}
		if !bytes.HasPrefix(text, []byte(`\u00`)) {
			return text[0], 1
		}
		digits, length = text[4:], 6
	}
	var decoded [1]byte
	if len(digits) < 2 {
		return text[0], 1
	}
	if _, err := hex.Decode(decoded[:], digits[:2]); err != nil || decoded[0] >= 0x80 {
		return text[0], 1
	}
	return decoded[0], length
}

// redacting cleans what a transport says beside the body's bytes: status, headers,
// and the errors in which net/http quotes what it cannot read, trailers included.
type redacting struct {
	http.RoundTripper
	redactor redactor
}

// RoundTrip implements http.RoundTripper.
func (t redacting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, t.redactor.error(err)
	}
	resp.Status = t.redactor.text(resp.Status)
	for _, values := range resp.Header {
		for i := range values {
			values[i] = t.redactor.text(values[i])
		}
	}
	resp.Body = redactedBody{resp.Body, t.redactor}
	return resp, nil
}

// redactedBody cleans the errors of reading a body.
type redactedBody struct {
	io.ReadCloser
	redactor redactor
}

// Read implements io.Reader.
func (b redactedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // a reader gives io.EOF itself
		err = b.redactor.error(err)
	}
	return n, err
}

// CloseIdleConnections lets http.Client reach the transport within.
func (t redacting) CloseIdleConnections() {
	if closer, ok := t.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// error gives an error that keeps the credentials to itself.
func (r redactor) error(err error) error {
	if text := err.Error(); r.text(text) != text {
		return errors.New(r.text(text))
	}
	return err
}
