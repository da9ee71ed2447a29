// Package oracle compares a warehouse with what the simulated API holds, column
// by column. It shares no code with the path it judges, and is for tests.
package oracle

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Note is a member that no column of the warehouse is for: whatever a test gives
// it, as a JSON text, must be in extra.
const Note = "custom_note"

type sessionRow struct {
	ID, App, Meeting, Title, Type, Status string
	Live, Most                            int
	Minutes                               float64
	Started, Ended, Created, Updated      time.Time
	Note                                  string
}

type participantRow struct {
	Session, ID, User, Custom, Name, Preset string
	Joined, Left, Created, Updated          time.Time
	Minutes                                 float64
	Removed                                 bool
	Note                                    string
}

type eventRow struct {
	Session, Participant, ID, Name, Peer, Socket, View string
	Minutes                                            float64
	Created, Updated                                   time.Time
	Own                                                int
	Note                                               string
}

type warehouse struct {
	Sessions     []sessionRow
	Participants []participantRow
	Events       []eventRow
}

// Diff says in words how the warehouse differs from what the API holds, and is
// empty where it does not. keep chooses the sessions that the warehouse must
// hold; nil means all.
func Diff(ctx context.Context, pool *pgxpool.Pool, sim *simulator.Server, keep func(*simulator.Session) bool) (string, error) {
	stored, err := read(ctx, pool)
	if err != nil {
		return "", fmt.Errorf("read the warehouse: %w", err)
	}
	return diff(truth(sim, keep), stored), nil
}

// DiffListed is [Diff] where the API once showed participants that it lists no
// more: rows that are marked as removed, and their events, may stay. Whatever is
// stored of the vanished sessions may stay as well.
func DiffListed(ctx context.Context, pool *pgxpool.Pool, sim *simulator.Server, vanished map[string]bool) (string, error) {
	stored, err := read(ctx, pool)
	if err != nil {
		return "", fmt.Errorf("read the warehouse: %w", err)
	}
	stored.Sessions = slices.DeleteFunc(stored.Sessions, func(s sessionRow) bool { return vanished[s.ID] })
	removed := map[string]bool{}
	stored.Participants = slices.DeleteFunc(stored.Participants, func(p participantRow) bool {
		removed[p.Session+p.ID] = p.Removed
		return p.Removed || vanished[p.Session]
	})
	stored.Events = slices.DeleteFunc(stored.Events, func(e eventRow) bool {
		return removed[e.Session+e.Participant] || vanished[e.Session]
	})
	return diff(truth(sim, nil), stored), nil
}

func diff(truth, stored warehouse) string {
	same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
	return cmp.Diff(truth, stored, same, cmpopts.EquateEmpty())
}

// truth gives what the warehouse must hold.
func truth(sim *simulator.Server, keep func(*simulator.Session) bool) warehouse {
	var w warehouse
	sim.View(func(d *simulator.Data) {
		for _, s := range d.AllSessions() {
			if !spoiled(s.Extra) && (keep == nil || keep(s)) {
				w.add(s)
			}
		}
	})
	w.sort()
	return w
}

func (w *warehouse) add(s *simulator.Session) {
	w.Sessions = append(w.Sessions, sessionRow{
		ID: s.ID, App: s.AppID, Meeting: s.MeetingID, Title: s.MeetingTitle, Type: s.Type, Status: s.Status,
		Live: s.LiveParticipants, Most: s.MaxConcurrent, Minutes: s.MinutesConsumed,
		Started: wire(s.StartedAt), Ended: wire(s.EndedAt), Created: wire(s.CreatedAt), Updated: wire(s.UpdatedAt), Note: note(s.Extra),
	})
	for _, p := range s.Participants {
		if spoiled(p.Extra) {
			continue
		}
		minutes := 0.0
		if p.DurationMinutes != nil {
			minutes = *p.DurationMinutes
		}
		w.Participants = append(w.Participants, participantRow{
			Session: s.ID, ID: p.ID, User: p.UserID, Custom: p.CustomParticipantID, Name: p.DisplayName, Preset: p.PresetName,
			Joined: wire(p.JoinedAt), Left: wire(p.LeftAt), Created: wire(p.CreatedAt), Updated: wire(p.UpdatedAt), Minutes: minutes,
			Note: note(p.Extra),
		})
		for _, e := range p.Events {
			w.Events = append(w.Events, eventRow{
				Session: s.ID, Participant: p.ID, ID: e.ID, Name: e.EventName, Peer: e.PeerID, Socket: e.SocketSessionID,
				View: e.PresetViewType, Minutes: e.MinutesConsumed, Created: wire(e.CreatedAt), Updated: wire(e.UpdatedAt),
				Own: own(s, p, &e), Note: note(e.Extra),
			})
		}
	}
}

// spoiled reports whether a record comes with another id than its own, and so
// can be in no table.
func spoiled(extra simulator.Extra) bool { return extra["id"] != nil }

func note(extra simulator.Extra) string { return strings.Trim(string(extra[Note]), `"`) }

// own says which ids an event repeats: 1 the session's, 2 the participant's, 4 the user's.
func own(s *simulator.Session, p *simulator.Participant, e *simulator.PeerEvent) (sum int) {
	for _, id := range []struct {
		own, known string
		as         int
	}{{e.SessionID, s.ID, 1}, {e.ParticipantID, p.ID, 2}, {e.ParticipantID, p.UserID, 4}} {
		if id.own != "" && id.own == id.known {
			sum += id.as
		}
	}
	return sum
}

// wire gives a time as the API writes it: in milliseconds.
func wire(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func (w *warehouse) sort() {
	sort.Slice(w.Sessions, func(i, j int) bool { return w.Sessions[i].ID < w.Sessions[j].ID })
	sort.Slice(w.Participants, func(i, j int) bool {
		a, b := w.Participants[i], w.Participants[j]
		return a.Session+a.ID < b.Session+b.ID
	})
	sort.Slice(w.Events, func(i, j int) bool {
		a, b := w.Events[i], w.Events[j]
		return a.Session+a.Participant+a.ID < b.Session+b.Participant+b.ID
	})
}

// read gives what the warehouse does hold; a null comes as a zero value.
func read(ctx context.Context, pool *pgxpool.Pool) (w warehouse, err error) {
	w.Sessions, err = collect[sessionRow](ctx, pool, `SELECT session_id::text, app_id, coalesce(meeting_id, ''), coalesce(meeting_title, ''),
		coalesce(session_type, ''), coalesce(status, ''), coalesce(live_participants, 0), coalesce(max_concurrent_participants, 0),
		coalesce(minutes_consumed, 0), coalesce(started_at, Z), coalesce(ended_at, Z), coalesce(created_at, Z), coalesce(updated_at, Z),
		coalesce(extra->>'`+Note+`', '') FROM realtimekit.sessions`)
	if err != nil {
		return w, err
	}
	w.Participants, err = collect[participantRow](ctx, pool, `SELECT session_id::text, participant_id::text, coalesce(user_id, ''),
		coalesce(custom_participant_id, ''), coalesce(display_name, ''), coalesce(preset_name, ''), coalesce(joined_at, Z),
		coalesce(left_at, Z), coalesce(created_at, Z), coalesce(updated_at, Z), coalesce(duration_minutes, 0), removed_at IS NOT NULL,
		coalesce(extra->>'`+Note+`', '') FROM realtimekit.participants`)
	if err != nil {
		return w, err
	}
	w.Events, err = collect[eventRow](ctx, pool, `SELECT session_id::text, participant_id::text, event_id::text, coalesce(event_name, ''),
		coalesce(peer_id, ''), coalesce(socket_session_id, ''), coalesce(preset_view_type, ''), coalesce(minutes_consumed, 0),
		coalesce(created_at, Z), coalesce(updated_at, Z), coalesce(own_ids, 0), coalesce(extra->>'`+Note+`', '') FROM realtimekit.peer_events`)
	for i := range w.Sessions {
		s := &w.Sessions[i]
		s.Started, s.Ended, s.Created, s.Updated = s.Started.UTC(), s.Ended.UTC(), s.Created.UTC(), s.Updated.UTC()
	}
	w.sort()
	return w, err
}

func collect[T any](ctx context.Context, pool *pgxpool.Pool, sql string) ([]T, error) {
	const zero = `'0001-01-01 00:00:00+00')`
	rows, err := pool.Query(ctx, strings.ReplaceAll(sql, "Z)", zero))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}
