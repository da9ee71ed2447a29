package cli

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/alecthomas/kong"
	"github.com/posener/complete"
	"github.com/willabides/kongplete"

	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
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
		"app":   complete.PredictFunc(appNames),
	}))
	return done
}

// viewNames gives what report --view takes: views by their name, tables with their schema.
func viewNames(complete.Args) []string {
	all, err := migrations.Objects()
	if err != nil {
		return nil
	}
	_ = loadEnvironment(environmentFile) // whatever is wrong with it, a command will say
	var names []string
	for _, o := range all {
		switch {
		case o.Kind == migrations.Function && o.Name == "people_between": // read as a view is
			names = append(names, o.Name)
		case o.Kind != migrations.Relation:
		case o.Schema == "analytics":
			names = append(names, o.Name)
		case o.Schema == "realtimekit":
			names = append(names, naming.Real(o.String()))
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

// completionTimeout is how long somebody who presses the tabulator waits at most.
const completionTimeout = 2 * time.Second

// appNames gives the names of the apps of the warehouse, or the id where a shell would
// split the name. It gives none where the warehouse is not at hand: no server is started.
func appNames(complete.Args) []string {
	ctx, cancel := context.WithTimeout(context.Background(), completionTimeout)
	defer cancel()
	_ = loadEnvironment(environmentFile) // whatever is wrong with it, a command will say
	url, err := secret.Read("DATABASE_URL", os.Getenv("DATABASE_URL_FILE"))
	if err != nil || url.IsZero() {
		return nil
	}
	pool, err := postgres.Open(ctx, url, 1)
	if err != nil {
		return nil
	}
	defer pool.Close()
	apps, err := find.Known(ctx, pool)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(apps))
	for i := range apps {
		if name := apps[i].Name; name != "" && plainName.MatchString(name) {
			names = append(names, name)
		} else {
			names = append(names, apps[i].ID)
		}
	}
	return names
}

// plainName matches what a shell takes as one word.
var plainName = regexp.MustCompile(`^[\pL\pN._@%+-]+$`)
