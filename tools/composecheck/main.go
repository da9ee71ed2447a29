// Command composecheck reads a Compose file as "docker compose config --quiet" does,
// with the environment, the .env file and all profiles, but needs no Docker. It then
// looks for what the shipped file promises: every variable of docs/configuration.md
// reaches the program, no service may take all memory or fill the disk with its log,
// what runs for good has a health check, and secrets are files.
// It prints nothing if all is well.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: composecheck docker-compose.yml docs/configuration.md")
		os.Exit(2)
	}
	if err := check(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "composecheck:", err)
		os.Exit(1)
	}
}

func check(ctx context.Context, file, manual string) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithOsEnv, cli.WithEnvFiles(), cli.WithDotEnv,
		cli.WithProfiles([]string{"*"}))
	if err != nil {
		return fmt.Errorf("read the options: %w", err)
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return fmt.Errorf("load the project: %w", err)
	}
	text, err := os.ReadFile(manual)
	if err != nil {
		return err
	}
	return errors.Join(variables(project, string(text)), bounds(project), secrets(project))
}

// elsewhere are variables that a service of Compose has no use for.
var elsewhere = []string{"ROLLCALL_POSTGRES_BIN", "ROLLCALL_LOADER_PASSWORD", "ROLLCALL_LOADER_ROLE", "ROLLCALL_ACCOUNTS"}

var (
	variableRow = regexp.MustCompile("(?m)^\\| (`[A-Z][^|]*) \\|")
	variable    = regexp.MustCompile("`([A-Z][A-Z_]+)`")
)

// variables has each variable of the manual, or the file in its place, handed through.
func variables(project *types.Project, manual string) (err error) {
	handed := map[string]bool{}
	for _, service := range project.Services {
		for name := range service.Environment {
			handed[strings.TrimSuffix(name, "_FILE")] = true
		}
	}
	rows := variableRow.FindAllStringSubmatch(manual, -1)
	if len(rows) < 20 {
		return fmt.Errorf("the manual has %d rows of variables", len(rows))
	}
	for _, row := range rows {
		for _, name := range variable.FindAllStringSubmatch(row[1], -1) {
			if n := strings.TrimSuffix(name[1], "_FILE"); !handed[n] && !slices.Contains(elsewhere, n) {
				err = errors.Join(err, fmt.Errorf("%s is handed to no service", n))
			}
		}
	}
	return err
}

// bounds has each service bounded, and those that stay up looked after.
func bounds(project *types.Project) (err error) {
	for name, service := range project.Services {
		if service.MemLimit == 0 {
			err = errors.Join(err, fmt.Errorf("%s has no limit of its memory", name))
		}
		if service.Logging == nil || service.Logging.Options["max-size"] == "" || service.Logging.Options["max-file"] == "" {
			err = errors.Join(err, fmt.Errorf("%s has no limit of its log", name))
		}
	}
	healthy := project.Services["rollcall"].HealthCheck
	if healthy == nil || !slices.Contains(healthy.Test, "--max-age") {
		err = errors.Join(err, errors.New("the health check of rollcall does not look at the age of the data"))
	}
	return err
}

// secrets has each file that a variable names mounted from a file that is there.
func secrets(project *types.Project) (err error) {
	for name, service := range project.Services {
		for variable, value := range service.Environment {
			if value == nil || !strings.HasPrefix(*value, "/run/secrets/") {
				continue
			}
			source := strings.TrimPrefix(*value, "/run/secrets/")
			if !slices.ContainsFunc(service.Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == source }) {
				err = errors.Join(err, fmt.Errorf("%s: %s names a secret that is not mounted", name, variable))
			}
		}
	}
	for _, optional := range []string{"privacy_key", "ping_url", "notify_url"} {
		if _, failure := os.Stat(project.Secrets[optional].File); failure != nil {
			err = errors.Join(err, fmt.Errorf("secret %s: %w", optional, failure))
		}
	}
	return err
}
