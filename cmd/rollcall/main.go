// Command rollcall is the same program as cmd/sync, under the name that "go install"
// is to give it.
package main

import "github.com/rollcall-etl/rollcall/internal/cli"

func main() { cli.Main() }
