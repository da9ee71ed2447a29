#!/bin/sh
# Writes what the packages hold beside the program, to dist-files/: the manual
# page and the completions. Takes the time of the commit, in seconds since 1970,
# so that the same commit gives the same bytes.
set -eu
[ $# = 1 ] || { echo "usage: $0 seconds" >&2; exit 2; }
out=dist-files
mkdir -p $out
program=$(mktemp)
trap 'rm -f "$program"' EXIT
GOOS='' GOARCH='' go build -buildvcs=true -o "$program" ./cmd/sync
SOURCE_DATE_EPOCH=$1 "$program" man | gzip -9n >$out/rollcall.1.gz
"$program" completion bash >$out/rollcall.bash
"$program" completion zsh >$out/_rollcall
"$program" completion fish >$out/rollcall.fish
