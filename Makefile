# "make check" is what CI runs; every other target is a part of it or a tool.
.PHONY: build test lint fmt demo check fuzz-short proof proof-long

FUZZTIME ?= 10s

build:
	go build -trimpath -o bin/rollcall ./cmd/sync

test:
	.ci/run test

lint:
	.ci/run vet format lint dead

fmt:
	go tool -modfile=tools/go.mod golangci-lint fmt ./...

demo:
	go run ./cmd/sync demo

check:
	.ci/run

# Breaks things on purpose while the program runs; docs/reliability.md says what.
proof:
	go test -count=1 ./internal/proof
	go test -count=1 -run 'AnyHistory|AWeek|EveryFault' ./internal/pipeline

# For a night. SEEDS weeks and histories; the faults go on for an hour.
SEEDS ?= 2000
proof-long:
	ROLLCALL_PROOF=long go test -count=1 -timeout 12h ./internal/proof
	ROLLCALL_PROOF=long ROLLCALL_SEEDS=$(SEEDS) go test -count=1 -timeout 12h -run 'AnyHistory|AWeek|EveryFault' ./internal/pipeline

# Each fuzz test for FUZZTIME, one after the other: go test takes one at a time.
fuzz-short:
	@set -e; for package in $$(go list ./...); do \
		for name in $$(go test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); do \
			echo "$$package $$name"; \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package"; \
		done; \
	done
