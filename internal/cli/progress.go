package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/rollcall-etl/rollcall/internal/pipeline"
)

// bar shows on a terminal how far a command has come. Elsewhere the log has a
// line after each chunk.
type bar struct {
	*progressbar.ProgressBar

	mu sync.Mutex // a line of the log and the bar do not meet
}

// barSteps is how finely the bar is divided.
const barSteps = 1000

// barColumns is how many columns the bar may take, with what it tells.
const barColumns = 72

// newBar gives a bar, or nil where standard error is no terminal or too narrow, or
// somebody wants to see more than the bar: debug lines, or JSON.
func newBar(s *shell, name string, quiet bool) *bar {
	width, _, terminal := terminalSize(s.stderr)
	wordy := s.logs.Format == "json" || s.logs.Level == "debug"
	if quiet || wordy || !terminal || width < barColumns {
		return nil
	}
	return barOn(s.stderr, name, 100*time.Millisecond)
}

func barOn(w io.Writer, name string, between time.Duration) *bar {
	return &bar{ProgressBar: progressbar.NewOptions(barSteps,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(name),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(between), progressbar.OptionClearOnFinish(),
	)}
}

// show moves the bar. What cannot be shown is no reason to end a backfill.
func (b *bar) show(p pipeline.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := fmt.Sprintf("%s, %.1f/s", plural(p.Sessions, "session"), float64(p.Sessions)/max(p.Took.Seconds(), 0.001))
	if p.Left > 0 {
		text += fmt.Sprintf(", %s left", p.Left.Round(time.Second))
	}
	_ = b.Set(int(p.Share * (barSteps - 1))) // the last step clears the bar
	b.Describe(text)
}

// close takes the bar away, before the results are printed at the latest; nil is
// no bar.
func (b *bar) close() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.IsFinished() {
		_ = b.Clear() // Finish alone would draw it once more
		_ = b.Finish()
	}
}

// shown is what tells a pipeline to show the bar; nil for no bar.
func (b *bar) shown() func(pipeline.Progress) {
	if b == nil {
		return nil
	}
	return b.show
}

// above gives the logger to use beside the bar: both are on one terminal.
func (b *bar) above(l logger) logger {
	if b == nil {
		return l
	}
	return b.logger(l)
}

// logger gives a logger for the terminal that the bar is on: silent as long as all
// goes well, and its lines take the bar's place.
func (b *bar) logger(l logger) logger { return slog.New(aboveBar{quietly(l).Handler(), b}) }

// aboveBar clears the bar before each line; the next step draws it again.
type aboveBar struct {
	slog.Handler
	bar *bar
}

// Handle implements slog.Handler.
func (h aboveBar) Handle(ctx context.Context, r slog.Record) error {
	h.bar.mu.Lock()
	defer h.bar.mu.Unlock()
	_ = h.bar.Clear()
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h aboveBar) WithAttrs(attrs []slog.Attr) slog.Handler {
	return aboveBar{h.Handler.WithAttrs(attrs), h.bar}
}

// WithGroup implements slog.Handler.
func (h aboveBar) WithGroup(name string) slog.Handler {
	return aboveBar{h.Handler.WithGroup(name), h.bar}
}
