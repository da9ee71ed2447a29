package load

import (
	_ "embed"
	"strings"
)

// The statements, one a file, so that each can be read and explained on its own.
var (
	//go:embed sql/lock_state.sql
	lockStateSQL string
	//go:embed sql/insert_app.sql
	insertAppSQL string
	//go:embed sql/insert_meeting.sql
	insertMeetingSQL string
	//go:embed sql/insert_meetings.sql
	insertMeetingsSQL string
	//go:embed sql/unknown_meetings.sql
	unknownMeetingsSQL string
	//go:embed sql/known.sql
	knownSQL string
	//go:embed sql/newest_title.sql
	newestTitleSQL string
	//go:embed sql/update_meeting.sql
	updateMeetingSQL string
	//go:embed sql/staging.sql
	stagingText string
	//go:embed sql/update_participants.sql
	updateParticipantsText string
	//go:embed sql/insert_participants.sql
	insertParticipantsText string
	//go:embed sql/remove_participants.sql
	removeParticipantsSQL string
	//go:embed sql/remove_listed.sql
	removeListedSQL string
	//go:embed sql/stored_participants.sql
	storedParticipantsText string
	//go:embed sql/stored_peer_events.sql
	storedPeerEventsText string
	//go:embed sql/update_peer_events.sql
	updatePeerEventsText string
	//go:embed sql/insert_peer_events.sql
	insertPeerEventsText string
	//go:embed sql/update_session.sql
	updateSessionSQL string
	//go:embed sql/insert_session.sql
	insertSessionSQL string
	//go:embed sql/identity.sql
	identitySQL string
	//go:embed sql/insert_figures.sql
	insertFiguresSQL string
	//go:embed sql/place.sql
	placeSQL string
	//go:embed sql/count_rows.sql
	countRowsSQL string
	//go:embed sql/save_state.sql
	saveStateSQL string
	//go:embed sql/fail_session.sql
	failSessionSQL string
	//go:embed sql/count_session.sql
	countSessionSQL string
	//go:embed sql/set_aside.sql
	setAsideSQL string
	//go:embed sql/set_aside_staged.sql
	setAsideStagedSQL string
	//go:embed sql/resolve.sql
	resolveSQL string
)

// Those that name the columns of a record, with the columns in their places.
var (
	stagingSQL = strings.NewReplacer("{participants}", participantTable.definitions(), "{peer_events}", eventTable.definitions(),
		"{rejected_records}", rejectedTable.definitions()).Replace(stagingText)
	updateParticipantsSQL = participantTable.statement(updateParticipantsText)
	insertParticipantsSQL = participantTable.statement(insertParticipantsText)
	storedParticipantsSQL = participantTable.statement(storedParticipantsText)
	updatePeerEventsSQL   = eventTable.statement(updatePeerEventsText)
	insertPeerEventsSQL   = eventTable.statement(insertPeerEventsText)
	storedPeerEventsSQL   = eventTable.statement(storedPeerEventsText)
)
