package oracle

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// beside is what a run reads beside the sessions, one text a row.
type beside struct {
	Apps, Meetings, People, Days []string
}

// DiffBeside is [Diff] of apps, meetings, the people enrolled in them and the
// daily counts, as a run with enrolment and daywise must have left them. It
// computes the API's answers anew from the data. People who are marked as removed
// may stay.
func DiffBeside(ctx context.Context, pool *pgxpool.Pool, sim *simulator.Server) (string, error) {
	var stored beside
	for _, q := range []struct {
		into *[]string
		sql  string
	}{
		{&stored.Apps, `SELECT concat_ws('|', app_id, account_id, name) FROM realtimekit.apps`},
		{&stored.Meetings, `SELECT concat_ws('|', app_id, meeting_id, configured_title) FROM realtimekit.meetings`},
		{&stored.People, `SELECT concat_ws('|', app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, preset_name)
			FROM realtimekit.meeting_participants WHERE removed_at IS NULL`},
		{&stored.Days, `SELECT concat_ws('|', app_id, stats_date, total_sessions, round(total_session_minutes)) FROM realtimekit.daily_stats`},
	} {
		texts, err := collectText(ctx, pool, q.sql)
		if err != nil {
			return "", fmt.Errorf("read the warehouse: %w", err)
		}
		*q.into = texts
	}
	var want beside
	sim.View(func(d *simulator.Data) {
		for i := range d.Apps {
			want.app(d.AccountID, &d.Apps[i])
		}
	})
	for _, list := range []*[]string{&want.Apps, &want.Meetings, &want.People, &want.Days, &stored.Apps, &stored.Meetings, &stored.People, &stored.Days} {
		slices.Sort(*list)
	}
	return cmp.Diff(want, stored, cmpopts.EquateEmpty()), nil
}

func collectText(ctx context.Context, pool *pgxpool.Pool, sql string) ([]string, error) {
	type row struct{ Text string }
	rows, err := collect[row](ctx, pool, sql)
	texts := make([]string, 0, len(rows))
	for _, r := range rows {
		texts = append(texts, r.Text)
	}
	return texts, err
}

// app adds what is known of an app. Only meetings that had a session count.
func (b *beside) app(account string, app *simulator.App) {
	b.Apps = append(b.Apps, join(app.ID, account, app.Name))
	titles, people := map[string]string{}, map[string]bool{}
	sessions, minutes := map[string]int{}, map[string]float64{}
	enrol := func(meeting, id, custom, name, preset string) {
		if key := meeting + "|" + id; id != "" && !people[key] {
			people[key] = true
			b.People = append(b.People, join(app.ID, key, custom, name, preset))
		}
	}
	named := map[string]*simulator.Meeting{}
	for _, m := range app.Meetings {
		named[m.ID] = m
	}
	for _, s := range app.Sessions {
		day := s.StartedAt.UTC().Format(time.DateOnly)
		sessions[day]++
		minutes[day] += s.MinutesConsumed
		if !spoiled(s.Extra) {
			titles[s.MeetingID] = s.MeetingTitle
		}
	}
	for id := range titles {
		if m := named[id]; m != nil {
			if m.Title != "" {
				titles[id] = m.Title
			}
			for _, e := range m.Enrolled {
				enrol(id, e.ID, e.CustomParticipantID, e.Name, e.PresetName)
			}
		}
		b.Meetings = append(b.Meetings, join(app.ID, id, titles[id]))
	}
	for _, s := range app.Sessions {
		if _, known := titles[s.MeetingID]; !known {
			continue
		}
		for _, p := range s.Participants {
			enrol(s.MeetingID, p.UserID, p.CustomParticipantID, p.DisplayName, p.PresetName)
		}
	}
	for day, n := range sessions {
		b.Days = append(b.Days, join(app.ID, day, fmt.Sprint(n), fmt.Sprint(math.Round(minutes[day]))))
	}
}

func join(parts ...string) string { return strings.Join(parts, "|") }
