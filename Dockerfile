# syntax=docker/dockerfile:1

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
# What --version says: without --build-arg VERSION=v1.2.3 the newest release of the
# changelog, marked as built from these sources.
ARG VERSION
RUN version=${VERSION:-$(sed -n 's/^## \([0-9][0-9.]*\).*/v\1+source/p' CHANGELOG.md | head -n 1)} \
    && CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags="-s -w -X github.com/rollcall-etl/rollcall/internal/cli.stamped=$version" \
    -o /image/rollcall ./cmd/sync
# What a program expects of a system: a user, trusted roots, a folder for
# temporary files. There is no shell and no package manager.
RUN mkdir -p /image/etc/ssl/certs \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && echo 'rollcall:x:65532:65532:rollcall:/:/sbin/nologin' >/image/etc/passwd \
    && echo 'rollcall:x:65532:' >/image/etc/group \
    && mkdir -m 1777 /image/tmp

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
ENTRYPOINT ["/rollcall"]
CMD ["--help"]
