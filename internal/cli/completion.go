package cli

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"
	"github.com/posener/complete"
	"github.com/willabides/kongplete"

	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/migrations"
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

// completed answers a shell that asks, with COMP_LINE, what may come next. It
// tells whether that was so.
func completed(parser *kong.Kong) bool {
	if os.Getenv("COMP_LINE") == "" {
		return false
	}
	done := false
	kongplete.Complete(parser, kongplete.WithExitFunc(func(int) { done = true }), kongplete.WithPredictors(map[string]complete.Predictor{
		"view":  complete.PredictFunc(viewNames),
		"fault": complete.PredictFunc(faultNames),
	}))
	return done
}

// viewNames gives what report --view takes: views by their name, tables with their schema.
func viewNames(complete.Args) []string {
	all, err := migrations.Objects()
	if err != nil {
		return nil
	}
	var names []string
	for _, o := range all {
		switch {
		case o.Kind != migrations.Relation:
		case o.Schema == "analytics":
			names = append(names, o.Name)
		case o.Schema == "realtimekit":
			names = append(names, o.String())
		}
	}
	return names
}

// faultNames gives what simulate --fault takes.
func faultNames(complete.Args) []string {
	var names []string
	for _, fault := range simulator.Faults() {
		names = append(names, fault.Name)
	}
	return names
}
