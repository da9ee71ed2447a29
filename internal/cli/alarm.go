package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/notify"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// alarm tells a chat or mailbox once that runs fail, and once that they succeed again.
// What it told last is in the ledger, since most runs are processes of their own. A nil
// one tells nobody.
type alarm struct {
	sender *notify.Sender
	logger logger
	stays  bool // this process makes more than one run
	// failing is that this process told of a failure, which the ledger may not know:
	// the database may be what failed.
	failing bool
}

// newAlarm gives nil for an empty address.
func newAlarm(address secret.Text, stays bool, log logger) (*alarm, error) {
	sender, err := notify.New(address)
	if sender == nil {
		return nil, err
	}
	return &alarm{sender: sender, logger: log, stays: stays}, nil
}

// ended tells how a run ended, where that is a change. store is nil where there is no
// ledger. Nothing that goes wrong here affects the run.
func (a *alarm) ended(ctx context.Context, store *ledger.Store, accountID string, result pipeline.Result, err error) {
	code := exitCode(err)
	if a == nil || store == nil || code == exitTryLater { // which says nothing about the next run
		return
	}
	if errors.As(err, new(*unbegunError)) && !a.stays {
		return // it has no entry that could say so: each run from cron would tell it again
	}
	told, unread := store.LastTold(ctx, accountID)
	if unread != nil {
		told = model.ToldRun{}
	}
	failing := code != exitDone && code != exitPartial
	if failing == (a.failing || told.Failing) {
		return
	}
	title, message := alarmText(accountID, result.Run.ID, told, failing, err)
	if err := a.sender.Send(title, message); err != nil {
		a.logger.WarnContext(ctx, "nobody could be told how the run ended, and the next run tries again; the run is not affected", "error", err)
		return
	}
	a.failing = failing
	if result.Run.ID == 0 || unread != nil {
		return
	}
	if err := store.NoteTold(ctx, result.Run.ID); err != nil {
		a.logger.WarnContext(ctx, "that somebody was told of the run could not be noted, and the next run may tell it again", "error", err)
	}
}

// alarmText writes the message. The error itself stays in the log: it may quote the API
// or the database, and with them a name.
func alarmText(accountID string, runID int64, told model.ToldRun, failing bool, err error) (title, message string) {
	run := "A run"
	if runID != 0 {
		run = fmt.Sprintf("Run %d", runID)
	}
	of := fmt.Sprintf("%s of account %s", run, accountID)
	if !failing {
		message = of + " came to its end."
		if told.Failing {
			message += fmt.Sprintf(" Runs had failed since run %d, which began at %s.", told.ID, stamp(told.StartedAt))
		}
		return "Rollcall: runs succeed again", message
	}
	return "Rollcall: runs fail", fmt.Sprintf("%s failed: %s.\nNothing that was stored is lost. You are told again when runs succeed.\nWhat to do: rollcall doctor, rollcall status, and the log.", of, alarmReason(err))
}

// alarmReason says in general words what ended a run.
func alarmReason(err error) string {
	switch {
	case errors.Is(err, model.ErrDenied):
		return "the API refuses the token"
	case errors.Is(err, model.ErrStore):
		return "the database failed"
	case errors.Is(err, model.ErrUsage):
		return "the configuration is wrong"
	}
	return "the API gave no usable answer, or the network failed"
}
