package doctor

import (
	"fmt"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// States of a check.
const (
	OK      = "ok"
	Warning = "warning"
	Problem = "problem"
	Skipped = "skipped" // another has to be mended first
)

// Check is one thing that was looked at.
type Check struct {
	Name  string `json:"name"`
	State string `json:"state"` // one of the constants above
	Text  string `json:"text"`
	ToDo  string `json:"to_do"` // empty where there is nothing to do
}

// Checks collects what was looked at, in the order in which it is shown.
type Checks []Check

// Problems counts the checks that found a problem.
func (c Checks) Problems() int {
	n := 0
	for i := range c {
		if c[i].State == Problem {
			n++
		}
	}
	return n
}

func (c *Checks) ok(name, format string, args ...any) {
	*c = append(*c, Check{name, OK, fmt.Sprintf(format, args...), ""})
}

func (c *Checks) warn(name, text, toDo string) {
	*c = append(*c, Check{name, Warning, text, toDo})
}

func (c *Checks) problem(name, text, toDo string) {
	*c = append(*c, Check{name, Problem, text, toDo})
}

func (c *Checks) skip(reason string, names ...string) {
	for _, name := range names {
		*c = append(*c, Check{name, Skipped, reason, ""})
	}
}

// failed notes an error. Errors of this program say what happened and, behind a
// semicolon, what to do.
func (c *Checks) failed(name string, err error, toDo string) {
	text, advice, found := strings.Cut(strings.TrimPrefix(err.Error(), model.ErrUsage.Error()+": "), "; ")
	if found {
		toDo = advice
	}
	c.problem(name, text, toDo)
}
