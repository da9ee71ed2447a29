// Package tracing sends OpenTelemetry traces over OTLP/HTTP where the standard
// OTEL_* variables ask for it, and does nothing otherwise. One run is one trace:
// its sessions, the requests to the API and the statements in Postgres. No
// header, credential or SQL parameter is recorded.
package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/go-logr/logr"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// flushTimeout bounds how long the end of the program waits for a collector.
const flushTimeout = 3 * time.Second

// Tracing makes spans. A nil one makes none.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// Start reads the environment and gives nil where it asks for no traces. What
// is asked for and cannot be had is logged, and is no reason not to run.
func Start(ctx context.Context, version string, logger *slog.Logger) *Tracing {
	if !wanted(ctx, logger) {
		return nil
	}
	var once sync.Once
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		once.Do(func() {
			logger.WarnContext(ctx, "traces are lost; the run is not affected", "error", withoutAddress(err))
		})
	}))
	otel.SetLogger(logr.New(library{ctx, logger}))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		logger.WarnContext(ctx, "traces cannot be sent; check the OTEL_EXPORTER_OTLP_ variables", "error", withoutAddress(err))
		return nil
	}
	attributes, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "rollcall"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		logger.WarnContext(ctx, "OTEL_RESOURCE_ATTRIBUTES is not understood in part", "error", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(attributes))
	return &Tracing{provider: provider, tracer: provider.Tracer("github.com/rollcall-etl/rollcall")}
}

// wanted reads the variables of the OpenTelemetry specification. Without an
// endpoint or an exporter nothing is sent: the specification's default, a
// collector on this machine, would be a surprise.
func wanted(ctx context.Context, logger *slog.Logger) bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	endpoint := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if endpoint == "" {
		endpoint = os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")
	}
	switch exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "otlp":
	case "":
		if endpoint == "" {
			return false
		}
	case "none":
		return false
	default:
		logger.WarnContext(ctx, "traces are not sent: OTEL_TRACES_EXPORTER must be otlp or none", "exporter", exporter)
		return false
	}
	protocol := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
	if protocol == "" {
		protocol = os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	if protocol != "" && protocol != "http/protobuf" {
		logger.WarnContext(ctx, "traces are not sent: OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf", "protocol", protocol)
		return false
	}
	if _, err := url.Parse(endpoint); err != nil { // the library would take its default
		logger.WarnContext(ctx, "traces are not sent: OTEL_EXPORTER_OTLP_ENDPOINT is not an address such as http://127.0.0.1:4318; it is not shown, since it may hold a credential")
		return false
	}
	return true
}

// Close sends what waits, for a few seconds at most.
func (t *Tracing) Close(ctx context.Context, logger *slog.Logger) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		logger.WarnContext(ctx, "traces were not sent to the end; the run is not affected", "error", withoutAddress(err))
	}
}

// Span begins a span; end closes it with the reason for a failure, nil for none.
func (t *Tracing) Span(ctx context.Context, name string, attributes ...attribute.KeyValue) (spanCtx context.Context, end func(reason error, more ...attribute.KeyValue)) {
	if t == nil {
		return ctx, func(error, ...attribute.KeyValue) {}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(attributes...))
	return ctx, func(reason error, more ...attribute.KeyValue) {
		span.SetAttributes(more...)
		if reason != nil && !errors.Is(reason, context.Canceled) {
			span.SetStatus(codes.Error, reason.Error())
		}
		span.End()
	}
}

// Transport wraps an HTTP transport: a span a request, named by what it asks
// for. Nothing is added to the request itself.
func (t *Tracing) Transport(endpoint func(path string) string) func(http.RoundTripper) http.RoundTripper {
	if t == nil {
		return nil
	}
	return func(base http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(base,
			otelhttp.WithTracerProvider(t.provider),
			otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
			otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + endpoint(r.URL.Path) }))
	}
}

// Postgres gives a tracer of statements, nil for none: texts with $1, never
// their parameters.
func (t *Tracing) Postgres() pgx.QueryTracer {
	if t == nil {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.provider), otelpgx.WithDisableAcquireTracer())
}
