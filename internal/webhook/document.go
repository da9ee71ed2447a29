package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// KeyURL is where the vendor publishes the key that it signs with.
const KeyURL = "https://api.realtime.cloudflare.com/.well-known/webhooks.json"

const (
	documentTimeout = 2 * time.Second // the sender of the webhook waits meanwhile
	documentSize    = 64 << 10        // bytes; a key has less than one thousand
)

// document is where the key is published.
type document struct {
	address string
	http    *http.Client
}

// newDocument checks the address: what signs is only as good as the way it comes.
func newDocument(address string) (*document, error) {
	address = cmp.Or(address, KeyURL)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("%w: ROLLCALL_WEBHOOK_KEY_URL must begin with https:// (plain http is for loopback only)", model.ErrUsage)
	}
	return &document{address: address, http: &http.Client{
		Timeout: documentTimeout,
		Transport: &http.Transport{
			Proxy:           http.ProxyFromEnvironment,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// read asks for the key, in bounded time and size.
func (d *document) read(ctx context.Context) (*rsa.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.address, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, errors.New("its document does not answer") // the error would repeat the address
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("its document answers with status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, documentSize+1))
	switch {
	case err != nil:
		return nil, errors.New("its document breaks off")
	case len(body) > documentSize:
		return nil, fmt.Errorf("its document is larger than %d bytes", documentSize)
	}
	return keyOf(body)
}

// keyOf reads {success, data:{publicKey}, message}.
func keyOf(body []byte) (*rsa.PublicKey, error) {
	var answer struct {
		Data struct {
			PublicKey string `json:"publicKey"`
		} `json:"data"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &answer); err != nil {
		return nil, errors.New("its document is not the JSON that holds a key")
	}
	key, err := parseKey(answer.Data.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("its document: %w", err)
	}
	return key, nil
}
