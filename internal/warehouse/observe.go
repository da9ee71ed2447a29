package warehouse

import "github.com/rollcall-etl/rollcall/internal/model"

// Tables are the names under which Observe tells of rows: those of schema
// realtimekit.
var Tables = []string{
	"sessions", "participants", "peer_events", "meetings", "meeting_participants", "daily_stats", "peer_reports",
	"recordings", "livestream_sessions",
}

// tables gives the table of an entity; apps are not counted.
var tables = map[string]string{
	model.EntitySession: "sessions", model.EntityParticipant: "participants", model.EntityPeerEvent: "peer_events",
	model.EntityMeeting: "meetings", model.EntityMeetingParticipant: "meeting_participants",
	model.EntityDailyStats: "daily_stats", model.EntityPeerReport: "peer_reports",
	model.EntityRecording: "recordings", model.EntityLivestreamSession: "livestream_sessions",
}

// Observe names who is told what was committed to each table, by several
// goroutines at once. Call it before anything is stored.
func (d *DB) Observe(observe func(table string, rows model.RowCounts)) { d.observe = observe }

// Tell hands on what was committed of an entity.
func (d *DB) Tell(entity string, rows model.RowCounts) {
	if table := tables[entity]; d.observe != nil && table != "" && rows != (model.RowCounts{}) {
		d.observe(table, rows)
	}
}
