package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/rollcall-etl/rollcall/internal/pipeline"
)

// bar shows on a terminal how far a command has come. Elsewhere the log has a
// line after each chunk.
type bar struct{ *progressbar.ProgressBar }

// barSteps is how finely the bar is divided.
const barSteps = 1000

// newBar gives a bar, or nil where standard error is no terminal.
func newBar(s *shell, name string, quiet bool) *bar {
	file, ok := s.stderr.(*os.File)
	if quiet || !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return barOn(file, name, 100*time.Millisecond)
}

func barOn(w io.Writer, name string, between time.Duration) *bar {
	return &bar{progressbar.NewOptions(barSteps,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(name),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(between), progressbar.OptionClearOnFinish(),
	)}
}

// show moves the bar. What cannot be shown is no reason to end a backfill.
func (b *bar) show(p pipeline.Progress) {
	text := fmt.Sprintf("%d sessions, %.1f/s", p.Sessions, float64(p.Sessions)/max(p.Took.Seconds(), 0.001))
	if p.Left > 0 {
		text += fmt.Sprintf(", %s left", p.Left.Round(time.Second))
	}
	_ = b.Set(int(p.Share * (barSteps - 1))) // the last step clears the bar
	b.Describe(text)
}

func (b *bar) close() { _ = b.Finish() }
