package analytics_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/naming"
)

// contract holds all views of schema analytics, since users build on them, and the columns
// with which each begins.
var contract = map[string]string{
	"participant_intervals": "session_id, participant_id, person_id, peer_id, user_id, custom_participant_id, display_name, preset_name, preset_view_type, " +
		"joined_at, left_at, present_seconds, interval_source, left_at_source, is_open, is_removed, is_cut",
	"person_attendance": "session_id, person_id, custom_participant_id, display_name, first_join_at, last_leave_at, present_seconds, visits, session_share",
	"session_summary": "session_id, app_id, app_name, meeting_id, meeting_title, session_type, status, started_date, starts_at, ends_at, ends_at_source, " +
		"session_seconds, unique_people, participants, peak_people, peak_participants",
	"session_concurrency":          "session_id, changed_at, until_at, present_people, present_participants",
	"session_concurrency_minutely": "session_id, minute_at, peak_people, average_people, peak_participants",
	"session_drop_off":             "session_id, elapsed_percent, point_at, present_people, present_share, joined_people, gone_people, session_people",
	"join_latency":                 "session_id, participant_id, person_id, display_name, preset_name, created_event_at, joining_event_at, lobby_seconds, joined_at, late_seconds",
	"rejoins":                      "session_id, person_id, custom_participant_id, display_name, rejoins, away_seconds, longest_away_seconds",
	"person_overlap":               "session_id, person_id, custom_participant_id, display_name, other_person_id, other_custom_participant_id, other_display_name, together_seconds",
	"preset_usage":                 "usage_date, app_id, app_name, preset_name, preset_view_type, sessions, unique_people, participants, person_seconds, participant_seconds",
	"usage_cost":                   "usage_date, app_id, app_name, preset_name, preset_view_type, participant_minutes, price_per_minute, currency, cost_amount",
	"usage_by_meeting":             "usage_date, usage_month, app_id, app_name, meeting_id, meeting_title, sessions_started, sessions_active, participants, participant_minutes, recordings, recording_minutes",
	"recording_usage":              "app_id, usage_date, usage_kind, session_id, meeting_id, preset_view_type, recording_id, recordings, recorded_seconds",
	"daily_usage":                  "usage_date, app_id, app_name, sessions_started, sessions_active, unique_people, unique_custom_ids, participants, person_seconds, participant_seconds, vendor_minutes",
	"people":                       "app_id, person_id, user_id, custom_participant_id, display_name, preset_name, first_seen_at, last_seen_at, sessions, participants",
	"data_quality":                 "session_id, app_id, started_at, check_name, findings, measured_value, vendor_value",
	"sync_freshness":               "app_id, app_name, account_id, discovered_at, watermark",
	"concurrency_hourly":           "usage_date, app_id, app_name, hour_at, peak_people, average_people, peak_participants, average_participants",
	"no_shows":                     "session_id, person_id, custom_participant_id, display_name, preset_name, app_id, meeting_id",
	"reconciliation":               "app_id, stats_date, our_sessions, vendor_sessions, sessions_difference, our_minutes, vendor_minutes, minutes_difference, status",
	"call_quality":                 "session_id, person_id, custom_participant_id, display_name, reports",
	"register": "occurrence_id, app_id, meeting_id, meeting_title, session_type, starts_at, ends_at, person_id, custom_participant_id, display_name, preset_name, is_enrolled, " +
		"status, is_present, is_late, has_left_early, is_excused, excuse, present_seconds, late_seconds, left_early_seconds, share, first_join_at, last_leave_at, is_final, session_ids, time_zone",
	"occurrences":     "occurrence_id, app_id, meeting_id, meeting_title, session_type, starts_at, ends_at, lesson_seconds, session_ids, sessions, most_people, is_final, grace_seconds, timetable_id, time_zone",
	"session_bounds":  "session_id, app_id, meeting_id, meeting_title, session_type, status, starts_at, ends_at, ends_at_source, vendor_peak_participants, vendor_minutes, is_complete, started_date, time_zone",
	"person_presence": "session_id, person_id, custom_participant_id, display_name, preset_name, first_join_at, last_leave_at, presence, participants, has_open_presence, is_inside, has_row_presence",
	"presence_by_day": "app_id, usage_date, session_id, participant_id, person_id, custom_participant_id, preset_name, preset_view_type, from_at, to_at, present_seconds, time_zone",
	"presences":       "session_id, participant_id, joined_at, left_at, presence_no, left_at_kind, is_by_events, is_cut, preset_view_type, peer_id",
}

// TestContract holds the names of views and columns, and their order, to what
// users were promised: new columns come behind.
func TestContract(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for view, columns := range contract {
		got := db.lines(`SELECT string_agg(attname, ', ' ORDER BY attnum) AS names FROM pg_attribute
			WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`, naming.Real("analytics."+view))
		if names := strings.Trim(got[0], `()"`); names != columns && !strings.HasPrefix(names, columns+", ") {
			t.Errorf("analytics.%s has the columns %s\nwant them to begin with %s", view, names, columns)
		}
	}
	for _, name := range db.lines(`SELECT c.relname FROM pg_class AS c WHERE c.relkind = 'v' AND c.relnamespace = to_regnamespace($1) ORDER BY 1`, naming.Real("analytics")) {
		view := strings.Trim(name, `()"`)
		if contract[view] == "" {
			t.Errorf("analytics.%s has no line in the contract: put its columns there", view)
		}
	}
}

// Each view is tried by a test, and the page says what it is for.
func TestEachViewIsTriedAndTold(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	read := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var tests strings.Builder
	for _, file := range files {
		if filepath.Base(file) != "contract_test.go" {
			tests.WriteString(read(file))
		}
	}
	page := read("../../docs/analytics.md")
	for view := range contract {
		if !regexp.MustCompile(`\b` + view + `\b`).MatchString(tests.String()) {
			t.Errorf("no test reads analytics.%s: work out rows of it by hand, as hand_test.go does, and compute it a second time in Go, as property_test.go does", view)
		}
		if !strings.Contains(page, "`"+view+"`") {
			t.Errorf("docs/analytics.md does not say which question analytics.%s answers", view)
		}
	}
}
