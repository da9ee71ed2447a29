// Command sync is rollcall: it copies Cloudflare RealtimeKit sessions, their
// participants and every peer event into Postgres.
package main

import "github.com/rollcall-etl/rollcall/internal/cli"

func main() { cli.Main() }
