package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Difference is one session in which warehouse and API do not agree; SessionID is
// zero where it is not about one session.
type Difference struct {
	AppID     string
	SessionID model.UUID
	Key       string // of a record that cannot be used, as the API sent it
	CreatedAt time.Time
	Findings  []Finding
	// Participants holds the first of those that the API lists and the warehouse
	// lacks.
	Participants []model.UUID
}

// Finding is one way in which a session differs.
type Finding struct {
	Kind   string // one of the Found constants
	Detail string
}

// Kinds of finding.
const (
	FoundMissing      = "missing"      // the API has the session, the warehouse lacks it
	FoundGone         = "gone"         // the warehouse has the session, the API does not know it
	FoundRecord       = "record"       // columns of the session differ
	FoundParticipants = "participants" // participants differ
	FoundEvents       = "peer_events"  // peer events are missing, or have other values
	FoundSetAside     = "set_aside"    // a record waits in the rejected records
	FoundUnread       = "unread"       // the API did not give the session
	FoundList         = "list"         // a list of the API does not add up
	FoundAppMissing   = "app_missing"  // the warehouse has the app, the API does not list it
)

// found adds one way in which the session differs.
func (d *Difference) found(kind, format string, args ...any) {
	d.Findings = append(d.Findings, Finding{kind, fmt.Sprintf(format, args...)})
}

// differ notes a difference.
func (v *verification) differ(ctx context.Context, d Difference) {
	v.result.Differences = append(v.result.Differences, d)
	var kinds []string
	for _, f := range d.Findings {
		kinds = append(kinds, f.Kind)
	}
	v.logger.DebugContext(ctx, "session differs", "app_id", d.AppID, "session_id", d.SessionID.String(), "kinds", strings.Join(kinds, " "))
}
