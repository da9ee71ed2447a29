package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/rollcall-etl/rollcall/internal/naming"
)

// screen writes lines for a person. On a terminal none is longer than it is wide;
// elsewhere each stays in one piece, for grep.
type screen struct {
	w     io.Writer
	width int // columns, 0 for no bound
	most  int // lines, 0 for no bound
	lines int // written or left out so far
}

// newScreen gives a screen on the standard output of a command.
func newScreen(s *shell) *screen {
	width, _, ok := terminalSize(s.stdout)
	if !ok {
		return &screen{w: s.stdout}
	}
	return &screen{w: s.stdout, width: width}
}

// terminalSize gives columns and lines of the terminal that a writer is, if it is
// one. A terminal that does not tell its size counts as 80 columns and 24 lines.
func terminalSize(w io.Writer) (width, height int, ok bool) {
	if r, wrapped := w.(*results); wrapped {
		w = r.Writer
	}
	file, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24, true
	}
	return width, height, true
}

// put writes one line that begins with lead. What does not fit goes on below, as
// far in as lead is wide, or two columns where that is too much.
func (s *screen) put(lead, format string, args ...any) {
	body := oneLine(fmt.Sprintf(naming.Text(format), args...))
	if s.fits(lead + body) {
		s.line(strings.TrimRight(lead+body, " "))
		return
	}
	indent := text.StringWidthWithoutEscSequences(lead)
	if indent > s.width/2 {
		body, lead, indent = strings.TrimLeft(lead, " ")+body, "", 2
	}
	hang := strings.Repeat(" ", indent)
	for i, line := range strings.Split(text.WrapSoft(body, max(s.width-indent, 1)), "\n") {
		if i == 0 && lead != "" {
			s.line(lead + strings.TrimRight(line, " "))
			continue
		}
		s.line(hang + strings.TrimRight(line, " "))
	}
}

// fits says whether a text fits into one line.
func (s *screen) fits(line string) bool {
	return s.width == 0 || text.StringWidthWithoutEscSequences(line) <= s.width
}

func (s *screen) line(line string) {
	s.lines++
	if s.most == 0 || s.lines <= s.most {
		fmt.Fprintln(s.w, line)
	}
}
