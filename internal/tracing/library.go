package tracing

import (
	"context"
	"log/slog"
	"regexp"

	"github.com/go-logr/logr"
)

// library logs what the OpenTelemetry library says of itself, without the values
// and errors that it says it with: it quotes the variables, and these hold
// credentials. It implements logr.LogSink.
type library struct {
	ctx    context.Context //nolint:containedctx // the library logs without one
	logger *slog.Logger
}

// mostVerbose is the level of the library's warnings; above it is chatter.
const mostVerbose = 1

// Init implements logr.LogSink.
func (library) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink.
func (library) Enabled(level int) bool { return level <= mostVerbose }

// Info implements logr.LogSink.
func (l library) Info(_ int, text string, _ ...any) {
	l.logger.WarnContext(l.ctx, "traces may lack something; the run is not affected", "reason", text)
}

// Error implements logr.LogSink.
func (l library) Error(_ error, text string, _ ...any) {
	l.logger.WarnContext(l.ctx, "an OTEL_EXPORTER_OTLP_ variable is not understood in part; the part is not shown, since it may be a credential", "doing", text)
}

// WithValues implements logr.LogSink.
func (l library) WithValues(...any) logr.LogSink { return l }

// WithName implements logr.LogSink.
func (l library) WithName(string) logr.LogSink { return l }

var address = regexp.MustCompile(`https?://[^\s"]+`)

// withoutAddress is the text of an error without the collector's address, which
// with some vendors holds a key.
func withoutAddress(err error) string { return address.ReplaceAllString(err.Error(), "[address]") }
