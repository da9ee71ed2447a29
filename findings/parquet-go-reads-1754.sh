#!/usr/bin/env bash
# github.com/parquet-go/parquet-go v0.32.0: a time.Time read from a microsecond
# column passes through nanoseconds and wraps outside of 1677 to 2262. The file is
# right (pyarrow 26.0.1 reads the years 1 and 9999, both usual for "no value" and
# "no end"); the reader of the same library gives 1754 and 1816, without an error.
# An int64 field gives the microseconds as they stand.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
export GOMODCACHE=$tmp/modules GOFLAGS=-modcacherw
go mod init finding >/dev/null 2>&1
go get github.com/parquet-go/parquet-go@v0.32.0 2>/dev/null
cat >main.go <<'GO'
package main

import (
	"fmt"
	"time"

	"github.com/parquet-go/parquet-go"
)

type price struct {
	ValidTo time.Time `parquet:"valid_to,timestamp(microsecond)"`
}

type raw struct {
	ValidTo int64 `parquet:"valid_to,timestamp(microsecond)"`
}

func main() {
	noEnd := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	if err := parquet.WriteFile("prices.parquet", []price{{time.Time{}}, {noEnd}}); err != nil {
		panic(err)
	}
	read, err := parquet.ReadFile[price]("prices.parquet")
	fmt.Println("parquet-go:", read[0].ValidTo.Year(), read[1].ValidTo.Year(), err)
	numbers, err := parquet.ReadFile[raw]("prices.parquet")
	fmt.Println("as int64:", time.UnixMicro(numbers[0].ValidTo).UTC().Year(), time.UnixMicro(numbers[1].ValidTo).UTC().Year(), err)
}
GO
go mod tidy 2>/dev/null
go run . | tee seen
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pyarrow==26.0.1
python/bin/python -c "
import pyarrow.parquet
print('pyarrow:', *(t.year for t in pyarrow.parquet.read_table('prices.parquet')['valid_to'].to_pylist()))" | tee -a seen
diff - seen <<'SEEN'
parquet-go: 1754 1816 <nil>
as int64: 1 9999 <nil>
pyarrow: 1 9999
SEEN
