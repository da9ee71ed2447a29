package migrations

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// QueueSchema is where the job queue's own tables stand.
const QueueSchema = "rollcall_queue"

// riverVersion is the newest of River's migrations that is taken. A newer River that
// brings more needs a migration of ours that takes them.
const riverVersion = 8

// Queue lists what River's migrations leave in QueueSchema, as far as a name tells.
func Queue() []Object {
	all := []Object{{Kind: Function, Schema: QueueSchema, Name: "river_job_state_in_bitmask"}}
	for _, table := range []string{"river_job", "river_leader", "river_migration", "river_notification", "river_queue"} {
		all = append(all, Object{Kind: Relation, Schema: QueueSchema, Name: table})
	}
	return all
}

const riverLine = "-- +rollcall river "

// river gives River's own migrations, one after the other, all up or all down.
func river(direction string) ([]byte, error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(nil), &rivermigrate.Config{Schema: QueueSchema})
	if err != nil {
		return nil, fmt.Errorf("the migrations of River: %w", err)
	}
	var out bytes.Buffer
	for i := range riverVersion {
		number := i + 1
		if direction == "down" {
			number = riverVersion - i
		}
		m, err := migrator.GetVersion(number)
		if err != nil {
			return nil, fmt.Errorf("the migrations of River: %w", err)
		}
		text := m.SQLUp
		if direction == "down" {
			text = m.SQLDown
		}
		// Before PostgreSQL 17 a transaction that adds a word to an enum cannot use it, as
		// a later of these does: the enum has it from the start, in the same place.
		text = strings.Replace(text, "  'discarded',\n  'retryable',", "  'discarded',\n  'pending',\n  'retryable',", 1)
		text = strings.ReplaceAll(text, "/* TEMPLATE: schema */", QueueSchema+".")
		fmt.Fprintf(&out, "-- +goose StatementBegin\n%s\n-- +goose StatementEnd\n", text)
	}
	return out.Bytes(), nil
}
