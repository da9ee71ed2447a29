package cli

import (
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
)

// optionalFlags choose what a run reads beside the sessions.
type optionalFlags struct {
	With    list `env:"ROLLCALL_WITH" placeholder:"NAME,…" help:"Also read: peer-reports (call quality, one request per peer), peer-report-ips (the same with network addresses, personal data), recordings (what the vendor bills beside participants: recordings and livestreams) (${env})."`
	Without list `env:"ROLLCALL_WITHOUT" placeholder:"NAME,…" help:"Do not read: enrolment (meetings and who is enrolled in them), daywise (the vendor's own counts) (${env})."`
}

// optional reads the two lists. Enrolment and daywise are cheap and so the
// default; peer reports take one request each.
func (f *optionalFlags) optional() (pipeline.Optional, error) {
	o := pipeline.Optional{Enrolment: true, Daywise: true}
	for _, name := range f.With {
		switch name {
		case "enrolment", "daywise": // the default
		case "peer-reports":
			o.PeerReports = true
		case "peer-report-ips":
			o.PeerReports, o.PeerAddresses = true, true
		case "recordings":
			o.Recordings = true
		default:
			return o, fmt.Errorf("%w: ROLLCALL_WITH: %q is none of peer-reports, peer-report-ips, recordings", model.ErrUsage, name)
		}
	}
	for _, name := range f.Without {
		switch name {
		case "enrolment":
			o.Enrolment = false
		case "daywise":
			o.Daywise = false
		case "peer-reports":
			o.PeerReports = false
		case "peer-report-ips":
			o.PeerAddresses = false
		case "recordings":
			o.Recordings = false
		default:
			return o, fmt.Errorf("%w: ROLLCALL_WITHOUT: %q is neither enrolment nor daywise", model.ErrUsage, name)
		}
	}
	return o, nil
}

// printOptional tells a person what the optional reads did, where there were
// any.
func printOptional(w *screen, r pipeline.OptionalResult) {
	if r == (pipeline.OptionalResult{}) {
		return
	}
	if r.Failures+r.MeetingsWaiting > 0 {
		w.put("", "also read, reasons: SELECT app_id, endpoint, last_error FROM sync.endpoint_states WHERE last_error IS NOT NULL; SELECT meeting_id, last_error FROM sync.meeting_states WHERE attempts > 0")
	}
	recordings := ""
	if r.Recordings+r.Livestreams > 0 {
		recordings = fmt.Sprintf(", %s, %s", plural(r.Recordings, "recording"), plural(r.Livestreams, "livestream"))
	}
	w.put("", "also read: enrolment of %s, %s of the vendor's counts, %s%s; rows: %d new, %d changed",
		plural(r.Meetings, "meeting"), plural(r.Days, "day"), plural(r.PeerReports, "peer report"), recordings, r.Inserted, r.Updated+r.Removed)
}
