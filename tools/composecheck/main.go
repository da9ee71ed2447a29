// Command composecheck reads Compose files as "docker compose config --quiet"
// does, with the environment, the .env file and all profiles, but needs no Docker.
// It prints nothing if they are valid.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := check(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "composecheck:", err)
		os.Exit(1)
	}
}

func check(ctx context.Context, files []string) error {
	options, err := cli.NewProjectOptions(files, cli.WithOsEnv, cli.WithEnvFiles(), cli.WithDotEnv,
		cli.WithProfiles([]string{"*"}))
	if err != nil {
		return fmt.Errorf("read the options: %w", err)
	}
	if _, err := options.LoadProject(ctx); err != nil {
		return fmt.Errorf("load the project: %w", err)
	}
	return nil
}
