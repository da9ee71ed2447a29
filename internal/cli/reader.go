package cli

import (
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// readerCommand makes the role that BI tools log in with.
type readerCommand struct {
	databaseFlags `embed:""`
	passwordFlags `embed:""`

	Role         filled `env:"ROLLCALL_READER_ROLE" default:"rollcall_reader" placeholder:"NAME" help:"The role's name. Roles belong to the whole server: give each of several warehouses on it one of its own (${env})."`
	PasswordFile string `env:"ROLLCALL_READER_PASSWORD_FILE" placeholder:"FILE" help:"File with the role's password, in place of ROLLCALL_READER_PASSWORD; with a password the role can log in (${env})."`
}

// Run carries the command out.
func (c *readerCommand) Run(s *shell) error {
	work := roleWork{
		command: "reader", role: string(c.Role),
		variable: "ROLLCALL_READER_PASSWORD", file: c.PasswordFile, passwordFlags: c.passwordFlags,
		may:    naming.Text("reads the schemas analytics and realtimekit and, without the raw text of rejected records, the schema sync"),
		ensure: postgres.EnsureReader, shell: s, databaseFlags: &c.databaseFlags,
	}
	return work.run()
}
