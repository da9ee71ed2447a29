package extract

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/secret"
)

// However a body spells the token or the pair that basic authentication sends,
// neither is left of it, also not for whoever undoes the escapes.
func TestNoSpellingOfTheTokenIsLeft(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	key := "Ab/+9_-xyz~Token"
	basic := base64.StdEncoding.EncodeToString([]byte("account:" + key))
	r := newRedactor(secret.New(key), "account")
	for i := range 2000 {
		text := []string{key, basic}[rng.IntN(2)]
		var spelt strings.Builder
		for _, c := range []byte(text) {
			switch rng.IntN(6) {
			case 0:
				fmt.Fprintf(&spelt, `\u00%02x`, c)
			case 1:
				fmt.Fprintf(&spelt, `\u00%02X`, c)
			case 2:
				fmt.Fprintf(&spelt, `%%%02x`, c)
			case 3:
				spelt.WriteString(strings.ReplaceAll(string(c), "/", `\/`))
			default:
				spelt.WriteByte(c)
			}
		}
		body := []byte(`{"a":"b\/c\n\u00e9%20` + spelt.String() + `","d":1}`)
		want := `{"a":"b\/c\n\u00e9%20[redacted]","d":1}`
		if got := string(r.body(body)); got != want {
			t.Fatalf("of %s is left %s", body, got)
		}
		if got := r.text(string(body)); got != want {
			t.Fatalf("of the text %s is left %s", body, got)
		}
		if i%100 == 0 { // where two parts of a large body meet
			far := bytes.Repeat([]byte{'x'}, window-rng.IntN(6*len(text)))
			if got := string(r.body(append(far, body...))[len(far):]); got != want {
				t.Fatalf("far behind, of %s is left %s", body, got)
			}
		}
	}
	for _, body := range []string{`{"a":"\u00`, `%`, `\`, `%4`, `{"a":"Ab\/+9_-xyz~Toke"}`, "\\u00zz%zz"} {
		if got := string(r.body([]byte(body))); got != body {
			t.Errorf("%s became %s", body, got)
		}
	}
}

// Neither who traces the requests nor who reads the headers is told the token.
func TestTransportKeepsTheTokenToItself(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	answers := []string{
		"HTTP/1.1 401 " + token + "\r\nRatelimit: \"" + token + "\";r=1;t=1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 " + token + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + token + " no colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nno colon here " + token + "\r\n\r\n",
	}
	go func() {
		for _, answer := range answers {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte(answer))
			conn.Close()
		}
	}()
	var told []string
	client, log := newClient(t, "http://"+listener.Addr().String(), func(c *Config) {
		c.RetryFor = 0
		c.Transport = func(base http.RoundTripper) http.RoundTripper {
			return roundTrip(func(req *http.Request) (*http.Response, error) {
				resp, err := base.RoundTrip(req)
				if err != nil {
					told = append(told, err.Error())
				} else {
					told = append(told, fmt.Sprint(resp.Status, resp.Header))
				}
				return resp, err
			})
		}
	})
	for range answers {
		_, err := client.Session(t.Context(), "app", [16]byte{})
		told = append(told, err.Error())
	}
	if all := fmt.Sprint(told, log); strings.Contains(all, token) || strings.Count(all, "[redacted]") < 2*len(answers) {
		t.Errorf("the token was told: %s", all)
	}
}

// What cleaning a body of a megabyte costs, with escapes in it and without.
func BenchmarkRedactBody(b *testing.B) {
	r := newRedactor(secret.New(strings.Repeat("aB3-", 10)), "0123456789abcdef0123456789abcdef")
	for name, record := range map[string]string{
		"plain":   `{"display_name":"José María","id":"0d465610-1b70-42b1-8119-6961725ea42b","url":"https://a"},`,
		"escapes": `{"display_name":"Jos\u00e9 Mar\u00eda","id":"0d465610-1b70-42b1-8119-6961725ea42b","url":"https:\/\/a"},`,
	} {
		body := bytes.Repeat([]byte(record), 1<<20/len(record))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				r.body(body)
			}
		})
	}
}
