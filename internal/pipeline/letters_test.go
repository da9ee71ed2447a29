package pipeline_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// shout has the API write ids of the vendor's in capitals: of the sessions that are
// given, or of all where none is.
func shout(d *simulator.Data, which ...int) {
	for i := range d.Apps {
		for n, s := range d.Apps[i].Sessions {
			if len(which) > 0 && (i > 0 || n != which[0]) {
				continue
			}
			s.MeetingID = strings.ToUpper(s.MeetingID)
			for _, p := range s.Participants {
				p.UserID = strings.ToUpper(p.UserID)
				for e := range p.Events {
					p.Events[e].PeerID, p.Events[e].SocketSessionID = strings.ToUpper(p.Events[e].PeerID), strings.ToUpper(p.Events[e].SocketSessionID)
				}
			}
		}
	}
}

// capitals counts ids that are UUIDs in other letters than the small ones.
const capitals = `SELECT count(*) FROM (
	SELECT meeting_id FROM realtimekit.meetings UNION ALL SELECT meeting_id FROM realtimekit.sessions UNION ALL SELECT meeting_id FROM realtimekit.meeting_participants
	UNION ALL SELECT meeting_id FROM sync.meeting_states UNION ALL SELECT meeting_participant_id FROM realtimekit.meeting_participants
	UNION ALL SELECT user_id FROM realtimekit.participants UNION ALL SELECT peer_id FROM realtimekit.peer_events
	UNION ALL SELECT socket_session_id FROM realtimekit.peer_events UNION ALL SELECT record_key FROM sync.rejected_records) AS t (id)
	WHERE id <> lower(id) AND id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-'`

// Ids of meetings, people and peers that the API writes in capitals are stored as those
// in small letters, and asked for as the API writes them.
func TestIDsInCapitals(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 6, Participants: 4, EventsPerParticipant: 3}, 61, at.AddDate(0, 0, -10))
	shout(data)
	r := newRig(t, data)
	first := r.must(everything, model.RunSucceeded)
	if n := r.number(capitals); n != 0 || first.Optional.MeetingsGone != 0 || first.Optional.Meetings == 0 {
		t.Errorf("%d ids are stored in capitals; of meetings %d are gone, %d read", n, first.Optional.MeetingsGone, first.Optional.Meetings)
	}
	r.must(everything, model.RunSucceeded)
	before := r.versions()
	r.sim.Update(func(d *simulator.Data) { // and then no more
		for i := range d.Apps {
			for _, s := range d.Apps[i].Sessions {
				s.MeetingID = strings.ToLower(s.MeetingID)
			}
		}
	})
	if again := r.must(everything, model.RunSucceeded); r.versions() != before || again.Totals.Read != 0 {
		t.Errorf("the same in other letters was read again: %+v", again.Totals)
	}
}

// A meeting that the API writes in both ways is one.
func TestMeetingInBothLetters(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 4, Participants: 3, EventsPerParticipant: 3}, 62, at.AddDate(0, 0, -10))
	for _, s := range data.Apps[0].Sessions {
		s.MeetingID = data.Apps[0].Sessions[0].MeetingID
	}
	shout(data, 1)
	r := newRig(t, data)
	r.must(everything, model.RunSucceeded)
	if m, c := r.number(`SELECT count(*) FROM realtimekit.meetings`), r.number(capitals); m != 1 || c != 0 {
		t.Errorf("%d meetings are stored, %d ids in capitals", m, c)
	}
}

// What an earlier version stored under ids in capitals is put to the ids that they are,
// and nothing is read anew for it but the enrolment of meetings that were two.
func TestIDsInCapitalsAreHealed(t *testing.T) {
	t.Parallel()
	r := settled(t, 63)
	before := r.all()
	r.exec(`SET session_replication_role = replica;
		UPDATE realtimekit.meetings SET meeting_id = upper(meeting_id);
		UPDATE realtimekit.meeting_participants SET meeting_id = upper(meeting_id);
		UPDATE realtimekit.sessions SET meeting_id = upper(meeting_id);
		UPDATE sync.meeting_states SET meeting_id = upper(meeting_id);
		UPDATE realtimekit.apps SET account_id = upper(account_id);
		UPDATE sync.app_states SET account_id = upper(account_id);
		UPDATE sync.runs SET account_id = upper(account_id);
		UPDATE sync.checks SET account_id = upper(account_id);
		INSERT INTO sync.retention_horizons SELECT upper(account_id), '2020-01-01', now() FROM realtimekit.apps LIMIT 1;
		INSERT INTO sync.backfills SELECT account_id, app_id, '2021-01-01', '2022-01-01', false, '2021-06-01', now(), 1 FROM realtimekit.apps;
		INSERT INTO sync.verifications SELECT account_id, app_id, '2021-01-01', '2022-01-01', false, '2021-06-01', 1, '{}', now(), 1 FROM realtimekit.apps;
		RESET session_replication_role`)
	r.sim.Reset()
	result := r.must(everything, model.RunSucceeded)
	if n := r.requests(simulator.RouteParticipants) + r.requests(simulator.RouteMeetingParticipants); n != 0 || result.Totals.Read != 0 {
		t.Errorf("%d requests and %d records for the same in other letters", n, result.Totals.Read)
	}
	if after := r.all(); after != before {
		t.Errorf("before:\n%.2000s\nafter:\n%.2000s", before, after)
	}
	for _, table := range []string{"realtimekit.apps", "sync.app_states", "sync.runs", "sync.checks", "sync.retention_horizons", "sync.backfills", "sync.verifications"} {
		if n := r.number(`SELECT count(*) FROM ` + table + ` WHERE account_id <> lower(account_id)`); n != 0 {
			t.Errorf("%d rows of %s are another account's", n, table)
		}
		if n := r.number(`SELECT count(*) FROM ` + table); n == 0 {
			t.Errorf("%s is empty", table)
		}
	}
	if n := r.number(capitals); n != 0 {
		t.Errorf("%d ids are in capitals", n)
	}

	// One that is there in both letters keeps all that either has.
	r.exec(`INSERT INTO realtimekit.meetings SELECT app_id, upper(meeting_id), title, extra, repairs, first_synced_at, synced_at, run_id FROM realtimekit.meetings;
		INSERT INTO realtimekit.meeting_participants SELECT (jsonb_populate_record(t, jsonb_build_object('meeting_id', upper(meeting_id)))).* FROM realtimekit.meeting_participants AS t;
		INSERT INTO sync.meeting_states SELECT (jsonb_populate_record(t, jsonb_build_object('meeting_id', upper(meeting_id)))).* FROM sync.meeting_states AS t;
		UPDATE realtimekit.sessions SET meeting_id = upper(meeting_id) WHERE session_id IN (SELECT session_id FROM realtimekit.sessions ORDER BY 1 LIMIT 5);
		INSERT INTO sync.retention_horizons SELECT upper(account_id), '2020-06-01', now() FROM realtimekit.apps LIMIT 1;
		INSERT INTO sync.checks SELECT upper(account_id), NULL, now() FROM realtimekit.apps LIMIT 1;`)
	r.exec(notedInCapitals)
	r.must(everything, model.RunSucceeded)
	for table, want := range map[string]int{"settings": 2, "timetable": 3, "excuses": 2, "session_figures": -1} {
		if n := r.number(`SELECT count(*) FROM analytics.` + table + ` WHERE meeting_id <> lower(meeting_id) OR app_id <> lower(app_id)`); n != 0 {
			t.Errorf("%d rows of analytics.%s are in capitals", n, table)
		}
		if n := r.number(`SELECT count(*) FROM analytics.` + table); want >= 0 && n != want {
			t.Errorf("%d rows of analytics.%s, want %d", n, table, want)
		}
	}
	if after := r.all(); after != before {
		t.Errorf("before:\n%.2000s\nafter:\n%.2000s", before, after)
	}
	if got := r.text(`SELECT string_agg(account_id || ' ' || (horizon AT TIME ZONE 'UTC')::date, ',') FROM sync.retention_horizons`); got != r.data.AccountID+" 2020-06-01" {
		t.Errorf("the horizons are %s", got)
	}
}

// notedInCapitals is what a user noted of a meeting and an app, in both letters: of two
// settings, or lessons that overlap, one stays.
const notedInCapitals = `SET session_replication_role = replica;
	CREATE TEMP TABLE noted AS SELECT app_id, min(meeting_id) AS meeting_id FROM realtimekit.meetings WHERE meeting_id = lower(meeting_id) GROUP BY 1 ORDER BY 1 LIMIT 1;
	INSERT INTO realtimekit.apps SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', upper(app_id)))).* FROM realtimekit.apps AS t JOIN noted USING (app_id);
	UPDATE analytics.session_figures SET meeting_id = upper(meeting_id) WHERE session_id IN (SELECT session_id FROM realtimekit.sessions WHERE meeting_id <> lower(meeting_id));
	INSERT INTO analytics.settings (app_id, meeting_id, grace_seconds)
	SELECT app_id, m, 5 FROM noted, unnest(ARRAY[meeting_id, upper(meeting_id)]) AS m UNION ALL SELECT a, '', 6 FROM noted, unnest(ARRAY[app_id, upper(app_id)]) AS a;
	INSERT INTO analytics.timetable (app_id, meeting_id, starts_at, ends_at)
	SELECT app_id, m, at, at + interval '1 hour' FROM noted, unnest(ARRAY[meeting_id, upper(meeting_id)], ARRAY['2026-03-11 10:00Z', '2026-03-11 10:30Z']::timestamptz[]) AS u (m, at)
	UNION ALL SELECT app_id, upper(meeting_id), '2026-03-12 10:00Z'::timestamptz, '2026-03-12 11:00Z' FROM noted
	UNION ALL SELECT a, '', at, at + interval '1 hour' FROM noted, unnest(ARRAY[app_id, upper(app_id)], ARRAY['2026-03-11 10:00Z', '2026-03-11 10:30Z']::timestamptz[]) AS u (a, at);
	INSERT INTO analytics.excuses (app_id, meeting_id, person_id, starts_at, ends_at)
	SELECT app_id, upper(meeting_id), 'gone', '2026-03-11 10:00Z'::timestamptz, '2026-03-11 11:00Z'::timestamptz FROM noted
	UNION ALL SELECT upper(app_id), '', 'gone', '2026-03-11 10:00Z'::timestamptz, '2026-03-11 11:00Z'::timestamptz FROM noted;
	DROP TABLE noted;
	RESET session_replication_role`
