package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/rollcall-etl/rollcall/internal/model"
)

type logger = *slog.Logger

// logFlags choose how the log is written; it goes to standard error.
type logFlags struct {
	Format string `env:"ROLLCALL_LOG_FORMAT" enum:"auto,text,json" default:"auto" help:"Log format: text, json, or auto: text on a terminal and JSON elsewhere (${env})."`
	Level  string `env:"ROLLCALL_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"Least level to log: debug, info, warn or error (${env})."`
}

func (f logFlags) logger(stderr io.Writer) (logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.Level)); err != nil {
		return nil, fmt.Errorf("%w: ROLLCALL_LOG_LEVEL: %w", model.ErrUsage, err)
	}
	file, isFile := stderr.(*os.File)
	terminal := isFile && term.IsTerminal(int(file.Fd()))
	if f.Format == "json" || f.Format == "auto" && !terminal {
		return slog.New(ofRun{Handler: slog.NewJSONHandler(plainJSON{stderr}, &slog.HandlerOptions{Level: level})}), nil
	}
	// tint quotes what a terminal would obey.
	return slog.New(ofRun{Handler: tint.NewTextHandler(stderr, &tint.Options{
		Level: level, TimeFormat: time.TimeOnly, NoColor: !terminal || os.Getenv("NO_COLOR") != "",
	})}), nil
}

// discardLogger is for what has nothing to say.
var discardLogger = slog.New(slog.DiscardHandler)

// quietly gives a logger that is silent as long as all goes well.
func quietly(l logger) logger { return slog.New(atLeast{l.Handler(), slog.LevelWarn}) }

// atLeast lets only records of a level and above through.
type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled implements slog.Handler.
func (h atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs), h.level}
}

// WithGroup implements slog.Handler.
func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}

// ofRun adds the run_id of the context to each line, so that those of the API's
// client and of the store carry it too. Whoever has it already is left alone.
type ofRun struct {
	slog.Handler
	told bool // run_id is among the attributes
}

const runIDKey = "run_id"

// Handle implements slog.Handler.
func (h ofRun) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := model.RunID(ctx); ok && !h.told {
		r = r.Clone()
		r.AddAttrs(slog.Int64(runIDKey, id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h ofRun) WithAttrs(attrs []slog.Attr) slog.Handler {
	told := h.told || slices.ContainsFunc(attrs, func(a slog.Attr) bool { return a.Key == runIDKey })
	return ofRun{h.Handler.WithAttrs(attrs), told}
}

// WithGroup implements slog.Handler.
func (h ofRun) WithGroup(name string) slog.Handler { return ofRun{h.Handler.WithGroup(name), h.told} }
