package optional

import _ "embed"

// The statements of the optional reads, one a file.
var (
	//go:embed sql/due_meetings.sql
	dueMeetingsSQL string
	//go:embed sql/save_meetings.sql
	saveMeetingsSQL string
	//go:embed sql/save_people.sql
	savePeopleSQL string
	//go:embed sql/remove_people.sql
	removePeopleSQL string
	//go:embed sql/save_meeting_state.sql
	saveMeetingStateSQL string
	//go:embed sql/resolve_enrolment.sql
	resolveEnrolmentSQL string
	//go:embed sql/save_days.sql
	saveDaysSQL string
	//go:embed sql/due_peers.sql
	duePeersSQL string
	//go:embed sql/peers_asked.sql
	peersAskedSQL string
	//go:embed sql/save_recordings.sql
	saveRecordingsSQL string
	//go:embed sql/due_livestreams.sql
	dueLivestreamsSQL string
	//go:embed sql/save_livestreams.sql
	saveLivestreamsSQL string
	//go:embed sql/save_peer_report.sql
	savePeerReportSQL string
)
