package main

import "github.com/rollcall-etl/rollcall/internal/postgres"

// readerCommand makes the role that BI tools log in with.
type readerCommand struct {
	databaseFlags `embed:""`

	PasswordFile string `env:"ROLLCALL_READER_PASSWORD_FILE" placeholder:"FILE" help:"File with the role's password, in place of ROLLCALL_READER_PASSWORD; with a password the role can log in (${env})."`
	NewPassword  bool   `help:"Give the role a new random password and print it; it is printed nowhere else."`
}

// Run carries the command out.
func (c *readerCommand) Run(s *shell) error {
	work := roleWork{
		command: "reader", role: postgres.Reader,
		variable: "ROLLCALL_READER_PASSWORD", file: c.PasswordFile, newPassword: c.NewPassword,
		may:    "reads analytics, realtimekit and, without the raw text of rejected records, sync",
		ensure: postgres.EnsureReader, shell: s, databaseFlags: &c.databaseFlags,
	}
	return work.run()
}
