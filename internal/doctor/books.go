package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// privacyKey checks that a run would know who was erased.
func (c *Config) privacyKey(ctx context.Context, to *Checks, db *warehouse.DB) {
	const toDo = "set ROLLCALL_PRIVACY_KEY or ROLLCALL_PRIVACY_KEY_FILE; docs/privacy.md says what to do where the key is lost"
	wanted, err := c.Privacy()
	if err == nil {
		err = db.CheckPrivacy(ctx, wanted)
	}
	switch {
	case err != nil:
		to.failed("privacy", err, toDo)
	case db.Forgotten():
		to.warn("privacy", naming.Text("people were erased (sync.erasures) and none of them is on the list of sync.suppressions, as in a copy made without it: they come back"),
			naming.Text("where you did not empty it yourself, restore sync.suppressions before the next run"))
	case wanted.Key == nil:
		to.ok("privacy", "nobody was erased and no name is hashed: no key is needed")
	default:
		to.ok("privacy", "the key is the one that this warehouse was given, or it needs none yet")
	}
}

// locks tells who holds the lock of which kind of run.
func (c *Config) locks(ctx context.Context, to *Checks, store *ledger.Store) {
	holders, err := store.LockHolders(ctx, c.AccountID)
	if err != nil {
		to.failed("locks", err, "")
		return
	}
	if len(holders) == 0 {
		to.ok("locks", "free: no run is under way")
	}
	for _, h := range holders {
		where := ""
		if h.Address != "" {
			where = " from " + h.Address
		}
		to.ok("locks", "%s: held by %s%s, role %s, server process %d, since %s", h.Kind, orUnknown(h.Application), where, h.Role, h.PID, since(h.Since))
	}
}

func since(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func orUnknown(application string) string {
	if application == "" {
		return "a connection whose name this role is not shown (pg_monitor is)"
	}
	return application
}

// overview tells of what rollcall status shows.
func (c *Config) overview(ctx context.Context, to *Checks, store *ledger.Store) {
	overview, err := store.Overview(ctx, c.AccountID)
	if err != nil {
		to.failed(ofOverview[0], err, "")
		to.skip("mend that first", ofOverview[1:]...)
		return
	}
	records(to, &overview)
	queue(to, &overview)
}

// records hints at what waits for somebody to look at it.
func records(to *Checks, overview *model.Overview) {
	var open int64
	for _, r := range overview.Rejected {
		open += r.Open
	}
	bad := overview.Sessions.Incomplete + overview.Sessions.Failed
	if open == 0 && bad == 0 {
		to.ok("records", "nothing is set aside, incomplete or failing")
		return
	}
	to.warn("records", isOrAre(open, "record")+" set aside, "+isOrAre(bad, "session")+" incomplete or failing",
		"rollcall status and rollcall rejects list give the reasons")
}

// isOrAre counts things: 1 record is, 2 records are.
func isOrAre(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing + " is"
	}
	return fmt.Sprintf("%d %ss are", n, thing)
}
