package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	htmlreport "github.com/rollcall-etl/rollcall/internal/report"
)

// demoReport is where demo leaves its page, so that a browser that may not look
// into hidden folders can open it.
const demoReport = "rollcall-demo-report.html"

// writeDemoReport writes the page of the session that demo shows, in the working
// directory or, where that cannot be written to, in a temporary one.
func writeDemoReport(s *shell, pool *pgxpool.Pool, session model.UUID) error {
	if session.IsZero() {
		return nil
	}
	path, err := filepath.Abs(demoReport)
	if err != nil {
		return fmt.Errorf("find the working directory: %w", err)
	}
	out, err := openOutput(path, s.stdout)
	if err != nil {
		folder, tempErr := os.MkdirTemp("", "rollcall-demo-")
		if tempErr != nil {
			return errors.Join(err, tempErr)
		}
		path = filepath.Join(folder, demoReport)
		if out, err = openOutput(path, s.stdout); err != nil {
			return err
		}
	}
	defer out.discard()
	o := htmlreport.Options{Zone: time.UTC, Now: time.Now().UTC(), Version: version()}
	if _, err := htmlreport.Session(s.ctx, pool, out, session, o); err != nil {
		return err
	}
	if err := out.commit(); err != nil {
		return err
	}
	w := newScreen(s)
	w.line("")
	w.put("", "A report about it, to open in a browser or to print:")
	fmt.Fprintf(s.stdout, "  %s\n", path) // in one piece, to be copied
	return nil
}
