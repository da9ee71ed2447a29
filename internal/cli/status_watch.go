package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// watch shows the state again and again. On a terminal it stays through a failure,
// such as a database that restarts; elsewhere a failure ends it. Ctrl-C, or a
// reader that went away, is how it ends well.
func (c *statusCommand) watch(s *shell, pool *pgxpool.Pool) error {
	_, _, terminal := terminalSize(s.stdout)
	ticker := time.NewTicker(c.Interval)
	defer ticker.Stop()
	for first := true; ; first = false {
		now, err := c.look(s, pool)
		switch {
		case s.ctx.Err() != nil:
			return nil
		case terminal && !c.JSON:
			c.redraw(s.stdout, now, err)
		case err != nil:
			return err
		default:
			if !first && !c.JSON {
				fmt.Fprintln(s.stdout)
			}
			if !c.JSON {
				fmt.Fprintln(s.stdout, stamp(now.At))
			}
			if err := c.show(&screen{w: s.stdout}, now, ""); err != nil {
				return err
			}
		}
		if broken, ok := s.stdout.(*results); ok && broken.err != nil {
			return nil // what broke is told when the command has ended
		}
		select {
		case <-s.ctx.Done():
			if terminal {
				fmt.Fprintln(s.stdout) // the prompt comes below
			}
			return nil
		case <-ticker.C:
		}
	}
}

// Control sequences of every terminal since the VT100: to the upper left corner,
// clear to the end of the line, clear what is below.
const (
	cursorHome = "\x1b[H"
	clearRight = "\x1b[K"
	clearBelow = "\x1b[J"
)

// redraw writes one screen over the last one, without a flicker in between, and no
// more lines than there are.
func (c *statusCommand) redraw(w io.Writer, now standing, failure error) {
	width, height, _ := terminalSize(w)
	var page bytes.Buffer
	screen := &screen{w: &page, width: width, most: max(height-2, 1)}
	screen.put("", "rollcall status, every %s; Ctrl-C ends it", c.Interval)
	if failure != nil {
		screen.put("", "%s: %v", stamp(time.Now()), failure)
	} else {
		screen.put("", "%s", stamp(now.At))
		_ = c.show(screen, now, "") // into memory
	}
	if left := screen.lines - screen.most; left > 0 {
		screen.most++
		screen.lines = screen.most - 1
		screen.put("", "… %d more lines", left)
	}
	text := strings.ReplaceAll(strings.TrimRight(page.String(), "\n"), "\n", clearRight+"\r\n")
	fmt.Fprint(w, cursorHome+text+clearRight+clearBelow)
}
