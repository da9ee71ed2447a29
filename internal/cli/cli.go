package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

const description = `Copies Cloudflare RealtimeKit sessions, participants and peer events into Postgres.

Every flag can be set by the environment variable shown with it; a flag overrides the variable, and the variable a .env file in the working directory; one that is empty counts as not set. The API token comes from CLOUDFLARE_API_TOKEN or a file, never from a flag.

Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 done, but some sessions or records were set aside, or something is not as it should be (verify, status --max-age); 75 nothing is wrong, try later.`

// cli is the whole command line; kong binds flags, environment, defaults, help
// and validation to it.
type cli struct {
	Log logFlags `embed:"" prefix:"log-"`

	Run      runCommand        `cmd:"" help:"Copy everything new or changed: the cron job."`
	Backfill backfillCommand   `cmd:"" help:"Copy the sessions of a time range, or named sessions."`
	Serve    serveCommand      `cmd:"" help:"Receive webhooks, and queue the sessions that they tell of."`
	Work     workCommand       `cmd:"" help:"Read what is queued: as many of it as you like, on as many machines."`
	Status   statusCommand     `cmd:"" help:"Say how fresh the warehouse is, and what is incomplete, failing or set aside."`
	Verify   verifyCommand     `cmd:"" help:"Compare the warehouse with the API, session by session; change no data."`
	Doctor   doctorCommand     `cmd:"" help:"Check configuration, API, database and rights, and say what to do about each problem."`
	Rejects  rejectsCommand    `cmd:"" help:"List the records that were set aside, or try them again."`
	Erase    eraseCommand      `cmd:"" help:"Erase a person from every table, and keep them from coming back."`
	Retain   retentionCommand  `cmd:"" name:"retention" help:"Delete sessions that ended long ago, with all that belongs to them."`
	Names    namesCommand      `cmd:"" name:"pseudonymise" help:"Replace the display names that are stored by keyed hashes, now and from now on."`
	Migrate  migrateCommand    `cmd:"" help:"Bring the database schema up to date, show it, or take a step back."`
	Spread   distributeCommand `cmd:"" name:"distribute" help:"Spread the tables of sessions over the nodes of Citus, once."`
	Reader   readerCommand     `cmd:"" help:"Create or update the read-only role for BI tools, rollcall_reader."`
	Loader   loaderCommand     `cmd:"" help:"Create or update the role for run and backfill, rollcall_loader, which can change no table definition."`
	Sessions sessionsCommand   `cmd:"" help:"List sessions with id, app, title, day, length, people and state: to find the one for a report."`
	Report   reportCommand     `cmd:"" help:"Write a page about a session or a range of days, or export a view as CSV, JSON, Parquet or XLSX."`
	Webhooks webhooksCommand   `cmd:"" help:"Register the address of a receiver of webhooks in each app, list or remove it: the only command that writes to the vendor."`
	Demo     demoCommand       `cmd:"" help:"Run the main job on simulated sessions and a private Postgres: no account, no server; no network where PostgreSQL is installed."`
	Simulate simulateCommand   `cmd:"" help:"Serve a simulated RealtimeKit API, to try the other commands against."`

	Completion completionCommand `cmd:"" help:"Print the completion script of bash, zsh or fish."`
	Man        manCommand        `cmd:"" hidden:"" help:"Print the manual page, in roff."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

// stamped is the version that a build without version control gives with
// -ldflags="-X …": that of the image does.
var stamped string

// version gives the version that the build or the Go tool stamped, or the commit.
func version() string {
	if stamped != "" {
		return stamped
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return fmt.Sprintf("devel-%.12s", setting.Value)
		}
	}
	return "devel"
}
