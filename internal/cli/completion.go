package cli

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"
	"github.com/willabides/kongplete"
)

// completionScripts make a shell ask the program itself for what may come next.
// The packages install them; elsewhere: source <(rollcall completion bash).
var completionScripts = map[string]string{
	"bash": "complete -o bashdefault -o default -C rollcall rollcall\n",
	// #compdef is for where the file is found by itself; bashcompinit makes the
	// function that is called while the completion is under way.
	"zsh": `#compdef rollcall
autoload -U +X compinit bashcompinit
(( $+functions[compdef] )) || compinit
bashcompinit
complete -o nospace -C rollcall rollcall
`,
	"fish": `function __rollcall_complete
    set -lx COMP_LINE (commandline -cp)
    test -z (commandline -ct); and set COMP_LINE "$COMP_LINE "
    rollcall
end
complete -f -c rollcall -a "(__rollcall_complete)"
`,
}

// completionCommand prints what makes a shell complete the program's arguments.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run carries the command out.
func (c *completionCommand) Run(s *shell) error {
	_, err := fmt.Fprint(s.stdout, completionScripts[c.Shell])
	return err
}

// complete answers a shell that asks, with COMP_LINE, what may come next. It
// tells whether that was so.
func complete(parser *kong.Kong) bool {
	if os.Getenv("COMP_LINE") == "" {
		return false
	}
	done := false
	kongplete.Complete(parser, kongplete.WithExitFunc(func(int) { done = true }))
	return done
}
