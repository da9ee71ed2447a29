# "make check" is what CI runs; every other target is a part of it or a tool.
.PHONY: build test lint fmt demo check echarts pictures fuzz-short proof proof-long

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

# The chart library of the reports, as npm publishes it, checked against the
# digest of the package; a test holds the file to its own.
ECHARTS = 6.1.0
ECHARTS_INTEGRITY = q0yaFPggC9FUdsWH4blavRWFmxdrIodbkoKNAjJudAI6CA9gNPxHtV2RcZNEepZVlk4yvBYkOkbk6HIVpIyHZA==
echarts:
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
		npm pack --silent --pack-destination "$$dir" echarts@$(ECHARTS); \
		test "$$(openssl dgst -sha512 -binary "$$dir/echarts-$(ECHARTS).tgz" | base64 | tr -d '\n')" = "$(ECHARTS_INTEGRITY)" \
			|| { echo 'the package has another digest' >&2; exit 1; }; \
		tar -xzf "$$dir/echarts-$(ECHARTS).tgz" -C "$$dir"; \
		cp "$$dir/package/dist/echarts.min.js" internal/report/assets/echarts.min.js; \
		cp "$$dir/package/LICENSE" internal/report/assets/echarts.LICENSE; \
		cp "$$dir/package/NOTICE" internal/report/assets/echarts.NOTICE; \
		cp "$$dir/package/licenses/LICENSE-d3" internal/report/assets/echarts.LICENSE-d3

# The pictures of README.md and docs/sample-report.pdf, from the demo. Needs Chromium.
pictures:
	tools/pictures/make

# Ends with what was left out for want of root or of a program, and why.
GOTESTSUM = go tool -modfile=tools/go.mod gotestsum --format pkgname --

# Breaks things on purpose while the program runs; docs/reliability.md says what.
proof:
	ROLLCALL_PROOF=full $(GOTESTSUM) -count=1 ./internal/proof
	ROLLCALL_PROOF=full $(GOTESTSUM) -count=1 -run 'AnyHistory|AWeek|ADay|EveryFault' ./internal/pipeline
	ROLLCALL_PROOF=full $(GOTESTSUM) -count=1 -run AWeek ./internal/worker

# For a night. SEEDS weeks and histories; the faults go on for an hour.
SEEDS ?= 2000
proof-long:
	ROLLCALL_PROOF=long $(GOTESTSUM) -count=1 -timeout 12h ./internal/proof
	ROLLCALL_PROOF=long ROLLCALL_SEEDS=$(SEEDS) $(GOTESTSUM) -count=1 -timeout 12h -run 'AnyHistory|AWeek|ADay|EveryFault' ./internal/pipeline
	ROLLCALL_PROOF=long ROLLCALL_SEEDS=$(SEEDS) $(GOTESTSUM) -count=1 -timeout 24h -run AWeek ./internal/worker

# Each fuzz test for FUZZTIME, one after the other: go test takes one at a time.
fuzz-short:
	@set -e; for package in $$(go list ./...); do \
		for name in $$(go test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); do \
			echo "$$package $$name"; \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package"; \
		done; \
	done
