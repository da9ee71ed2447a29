#!/usr/bin/env bash
# github.com/sethvargo/go-retry v0.5.0: Do gives back the error inside of
# RetryableError. What was wrapped around it is gone, and so is what errors.Join
# put beside it: the page, the id and the second error are in no log.
# RetryableError has to be the outermost call.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
export GOMODCACHE=$tmp/modules GOFLAGS=-modcacherw
go mod init finding >/dev/null 2>&1
go get github.com/sethvargo/go-retry@v0.5.0 2>/dev/null
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sethvargo/go-retry"
)

var reset = errors.New("connection reset")

func try(name string, make func() error) {
	calls := 0
	err := retry.Do(context.Background(), retry.WithMaxRetries(2, retry.NewConstant(time.Millisecond)), func(context.Context) error {
		calls++
		return make()
	})
	fmt.Printf("%s: %d calls, error %q\n", name, calls, err)
}

func main() {
	try("wrapped outside", func() error { return fmt.Errorf("read page 7: %w", retry.RetryableError(reset)) })
	try("joined outside", func() error { return errors.Join(errors.New("disk is full"), retry.RetryableError(reset)) })
	try("wrapped inside", func() error { return retry.RetryableError(fmt.Errorf("read page 7: %w", reset)) })
}
GO
go run . | tee seen
diff - seen <<'SEEN'
wrapped outside: 3 calls, error "connection reset"
joined outside: 3 calls, error "connection reset"
wrapped inside: 3 calls, error "read page 7: connection reset"
SEEN
