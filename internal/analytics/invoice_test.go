package analytics_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// recording is one of the random recordings and livestreams; kind is as in usage_cost.
type recording struct {
	kind, app, session, meeting string
	at, seconds                 int // seconds: none is not known
}

// kindPrice is a price of recordings or livestreams.
type kindPrice struct {
	kind, app, view string
	day, mills      int
	currency        string
}

// costKey is what a row of usage_cost is about.
type costKey struct{ day, app, kind, meeting, preset, view string }

// bill is what a row of usage_cost adds up to, in ticks.
type bill struct{ ticks, recordings int }

// TestInvoiceAgreesWithGo compares the cost by meeting and kind, and what usage_by_meeting
// makes of it, with a computation in Go over random sessions, recordings and livestreams.
func TestInvoiceAgreesWithGo(t *testing.T) {
	t.Parallel()
	const seed, size = 11, 300
	t.Logf("seed %d, %d sessions", seed, size)
	db := newDatabase(t)
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 0))}
	world, meetings := make([]*session, size), map[string]string{}
	for n := range world {
		world[n] = m.session(n)
		meetings[world[n].id] = m.pick("", "m1", "m2", "m3")
	}
	db.store(world...)
	db.live("b", "Asia/Kathmandu")
	db.exec(`INSERT INTO analytics.settings (app_id, time_zone) VALUES ('b', 'Asia/Kathmandu')`)
	db.exec(`INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id)
		SELECT a, m, 'Title of ' || m, now(), now(), 1 FROM unnest('{a,b}'::text[]) AS a, unnest('{m1,m2,m3}'::text[]) AS m
		ON CONFLICT (app_id, meeting_id) DO UPDATE SET title = excluded.title`)
	for id, meeting := range meetings {
		db.exec(`UPDATE realtimekit.sessions SET meeting_id = nullif($2, '') WHERE session_id = $1`, id, meeting)
	}
	db.refresh(500)
	all := db.recordings(m, world, meetings)
	prices, kindPrices := db.prices(m), db.kindPrices(m)

	costs := db.expectedBills(world, meetings, all)
	var want []string
	type sums struct {
		ticks      map[string]int
		recordings map[string]int
		cost       map[string]int // by currency, mills × ticks
		unpriced   int
	}
	byMeeting := map[[3]string]*sums{}
	for key, b := range costs {
		currency, mills := "-", none
		if key.kind == "participant" {
			if p := priceOf([4]string{key.day, key.app, key.preset, key.view}, prices); p != nil {
				currency, mills = p.currency, p.mills
			}
		} else if p := kindPriceOf(key, kindPrices); p != nil {
			currency, mills = p.currency, p.mills
		}
		cost := "-"
		if mills != none {
			cost = fmt.Sprintf("%.6f", float64(b.ticks*mills)/2000)
		}
		want = append(want, row(key.day, key.app, key.kind, dash(key.meeting), dash(key.preset), dash(key.view), b.recordings,
			fmt.Sprintf("%.4f", float64(b.ticks)/2), currency, cost))
		of := [3]string{key.day, key.app, key.meeting}
		if byMeeting[of] == nil {
			byMeeting[of] = &sums{map[string]int{}, map[string]int{}, map[string]int{}, 0}
		}
		kind := key.kind
		if kind == "track_recording" {
			kind = "recording"
		}
		byMeeting[of].ticks[kind] += b.ticks
		byMeeting[of].recordings[kind] += b.recordings
		if mills == none {
			byMeeting[of].unpriced += b.ticks
		} else {
			byMeeting[of].cost[currency] += b.ticks * mills
		}
	}
	if len(want) < 100 {
		t.Fatalf("only %d rows are expected: the random data says too little", len(want))
	}
	db.want("usage_cost", db.lines(`SELECT usage_date, app_id, usage_kind, coalesce(meeting_id, '-'), coalesce(preset_name, '-'), coalesce(preset_view_type, '-'),
		coalesce(recordings, 0), coalesce(participant_minutes, recording_minutes, livestream_minutes), coalesce(currency, '-'), coalesce(cost_amount::text, '-')
		FROM analytics.usage_cost`), want)

	var wantMeetings []string
	for of, s := range byMeeting {
		currency, cost := "-", "-"
		if len(s.cost) == 1 {
			currency = slices.Collect(maps.Keys(s.cost))[0]
			cost = fmt.Sprintf("%.6f", float64(s.cost[currency])/2000)
		}
		half := func(ticks int) string { return fmt.Sprintf("%.1f", float64(ticks)/2) }
		wantMeetings = append(wantMeetings, row(of[0], of[1], dash(of[2]), half(s.ticks["participant"]), s.recordings["recording"], half(s.ticks["recording"]),
			s.recordings["livestream"], half(s.ticks["livestream"]), half(s.unpriced), currency, cost))
	}
	db.want("usage_by_meeting", db.lines(`SELECT usage_date, app_id, coalesce(meeting_id, '-'), round(participant_minutes, 1), recordings, round(recording_minutes, 1),
		livestreams, round(livestream_minutes, 1), round(minutes_without_price, 1), coalesce(currency, '-'), coalesce(cost_amount::text, '-')
		FROM analytics.usage_by_meeting WHERE participants > 0 OR recordings > 0 OR livestreams > 0`), wantMeetings)
	db.want("the sum of its sessions", db.lines(`SELECT sum(sessions_started), sum(sessions_active), sum(participants) FROM analytics.usage_by_meeting`),
		db.lines(`SELECT sum(sessions_started), sum(sessions_active), sum(participants) FROM analytics.daily_usage`))
}

// expectedBills adds up presences, cut at midnight, and recordings by their first day.
func (db *database) expectedBills(world []*session, meetings map[string]string, all []recording) map[costKey]*bill {
	costs, views := map[costKey]*bill{}, map[string]map[string]bool{}
	days := map[string][]aDay{"a": db.days("a"), "b": db.days("b")}
	add := func(key costKey, ticks, recordings int) {
		if costs[key] == nil {
			costs[key] = &bill{}
		}
		costs[key].ticks += ticks
		costs[key].recordings += recordings
	}
	db.pieces(world, func(s *session, i interval, day string, from, to int) {
		add(costKey{day, s.app, "participant", meetings[s.id], i.p.preset, i.view}, to-from, 0)
		if views[s.id] == nil {
			views[s.id] = map[string]bool{}
		}
		views[s.id][i.view] = true
	})
	for _, r := range all {
		view := ""
		if len(views[r.session]) == 1 {
			view = slices.Collect(maps.Keys(views[r.session]))[0]
		}
		add(costKey{dayOf(days[r.app], r.at), r.app, r.kind, r.meeting, "", view}, max(r.seconds, 0)/30, 1)
	}
	return costs
}

// recordings stores random recordings and livestreams, some of no session that is there.
func (db *database) recordings(m *maker, world []*session, meetings map[string]string) (all []recording) {
	for n := range 250 {
		s := world[m.IntN(len(world))]
		r := recording{kind: m.pick("recording", "recording", "track_recording", "livestream"), app: s.app, session: s.id, meeting: meetings[s.id], at: m.IntN(60), seconds: 30 * m.IntN(200)}
		if m.chance(0.1) {
			r.seconds = none
		}
		started, length, stopped := any(base.Add(time.Duration(r.at)*tick)), numberOrNull(r.seconds), any(nil)
		if r.seconds != none && m.chance(0.2) { // from its start to its end
			length, stopped = nil, base.Add(time.Duration(r.at)*tick+time.Duration(r.seconds)*time.Second)
		}
		if r.kind == "livestream" {
			db.exec(`INSERT INTO realtimekit.livestream_sessions (session_id, livestream_session_id, ingest_seconds, started_at, stopped_at, first_synced_at, synced_at, run_id)
				VALUES ($1, $2, $3, $4, $5, now(), now(), 1)`, r.session, fmt.Sprint(n), length, started, stopped)
			all = append(all, r)
			continue
		}
		invoked := started
		if m.chance(0.1) { // invoked, and never begun
			started, length, stopped, r.seconds = nil, nil, nil, none
		}
		if m.chance(0.1) {
			r.session, r.meeting = "", m.pick("", "m1", "gone")
		}
		kind := m.pick("", "COMPOSITE")
		if r.kind == "track_recording" {
			kind = "TRACK"
		}
		db.exec(`INSERT INTO realtimekit.recordings (app_id, recording_id, session_id, meeting_id, recording_type, status, invoked_at, started_at, stopped_at, duration_seconds,
			first_synced_at, synced_at, run_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now(), now(), 1)`,
			r.app, fmt.Sprint(n), orNull(r.session), orNull(r.meeting), orNull(kind), m.pick("UPLOADED", "ERRORED", "RECORDING"), invoked, started, stopped, length)
		all = append(all, r)
	}
	return all
}

func (db *database) kindPrices(m *maker) (all []kindPrice) {
	for range 12 {
		p := kindPrice{m.pick("recording", "track_recording", "livestream"), m.pick("", "a"), m.pick("", "AUDIO_ROOM"), 9 + m.IntN(3), 1 + m.IntN(50), m.pick("EUR", "USD")}
		all = append(all, p)
		db.exec(`INSERT INTO analytics.prices (usage_kind, app_id, preset_view_type, valid_from, price_per_minute, currency)
			VALUES ($1, nullif($2, ''), nullif($3, ''), $4::text::date, $5::text::numeric, $6) ON CONFLICT DO NOTHING`,
			p.kind, p.app, p.view, fmt.Sprintf("2026-03-%02d", p.day), fmt.Sprintf("0.%03d", p.mills), p.currency)
	}
	return all
}

// kindPriceOf looks for the price of a kind: by app, then view type, then the newest; of
// two of one day the first that was stored.
func kindPriceOf(key costKey, prices []kindPrice) (best *kindPrice) {
	rank := func(p *kindPrice) []int { return []int{len(p.app), len(p.view), p.day} }
	for i := range prices {
		p := &prices[i]
		if p.kind != key.kind || p.app != "" && p.app != key.app || p.view != "" && p.view != key.view || fmt.Sprintf("2026-03-%02d", p.day) > key.day {
			continue
		}
		if best == nil || slices.Compare(rank(p), rank(best)) > 0 {
			best = p
		}
	}
	return best
}

// TestInvoiceByHand is a month with two meetings, of which one was recorded and streamed
// and the other heard only, at the vendor's published prices.
func TestInvoiceByHand(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	maths := ended(1, 60, peer(1, "ana", join(0), leave(60)), peer(2, "bo", join(10), leave(40))) // 30 and 15 minutes, over midnight
	radio := ended(2, 20, peer(3, "cem", join(0), leave(20)))                                     // 10 minutes
	for i := range radio.participants[0].events {
		radio.participants[0].events[i].view = "AUDIO_ROOM"
	}
	db.store(maths, radio)
	db.exec(`INSERT INTO realtimekit.meetings (app_id, meeting_id, title, first_synced_at, synced_at, run_id) VALUES ('a', 'maths', 'Maths', now(), now(), 1), ('a', 'radio', 'Radio', now(), now(), 1)`)
	db.exec(`UPDATE realtimekit.sessions SET meeting_id = CASE WHEN session_id = $1 THEN 'maths' ELSE 'radio' END`, maths.id)
	db.refresh(500)
	db.exec(`INSERT INTO realtimekit.recordings (app_id, recording_id, session_id, meeting_id, recording_type, status, invoked_at, started_at, duration_seconds, first_synced_at, synced_at, run_id)
		VALUES ('a', 'r1', $1, 'maths', NULL, 'UPLOADED', $3, $3, 1500, now(), now(), 1), ('a', 'r2', $1, 'maths', 'TRACK', 'UPLOADED', $3, $3, 600, now(), now(), 1),
		       ('a', 'r3', $2, 'radio', NULL, 'UPLOADED', $3, $3, 540, now(), now(), 1)`, maths.id, radio.id, base)
	db.exec(`INSERT INTO realtimekit.livestream_sessions (session_id, livestream_session_id, ingest_seconds, started_at, first_synced_at, synced_at, run_id) VALUES ($1, 'l1', 300, $2, now(), now(), 1)`, maths.id, base)
	db.exec(`INSERT INTO analytics.prices (usage_kind, preset_view_type, valid_from, price_per_minute, currency) VALUES
		('participant', NULL, '2026-01-01', 0.002, 'USD'), ('participant', 'AUDIO_ROOM', '2026-01-01', 0.0005, 'USD'),
		('recording', NULL, '2026-01-01', 0.010, 'USD'), ('recording', 'AUDIO_ROOM', '2026-01-01', 0.003, 'USD'),
		('track_recording', NULL, '2026-01-01', 0.0005, 'USD'), ('livestream', NULL, '2026-01-01', 0.010, 'USD')`)
	db.want("the month", db.lines(`SELECT usage_month, meeting_title, usage_kind, sum(participant_minutes), sum(recordings), sum(recording_minutes), sum(livestream_minutes), sum(cost_amount)
		FROM analytics.usage_cost GROUP BY 1, 2, 3`), []string{
		"(2026-03-01,Maths,participant,45.0000,,,,0.090000)",      // 45 × 0.002
		"(2026-03-01,Maths,recording,,1,25.0000,,0.250000)",       // 25 × 0.010
		"(2026-03-01,Maths,track_recording,,1,10.0000,,0.005000)", // 10 × 0.0005
		"(2026-03-01,Maths,livestream,,1,,5.0000,0.050000)",       // 5 × 0.010
		"(2026-03-01,Radio,participant,10.0000,,,,0.005000)",      // 10 × 0.0005
		"(2026-03-01,Radio,recording,,1,9.0000,,0.027000)",        // 9 × 0.003
	})
	db.want("usage_by_meeting", db.lines(`SELECT meeting_title, sum(sessions_started), sum(participant_minutes), sum(recordings), sum(recording_minutes), sum(livestream_minutes), sum(cost_amount)
		FROM analytics.usage_by_meeting GROUP BY 1`), []string{"(Maths,1,45.0000,2,35.0000,5.0000,0.395000)", "(Radio,1,10.0000,1,9.0000,0,0.032000)"})

	// Retention has deleted a session: its minutes stay, of no meeting.
	db.exec(`UPDATE analytics.session_dates SET is_gone = true WHERE session_id = $1`, radio.id)
	for _, table := range []string{"realtimekit.recordings", "realtimekit.peer_events", "realtimekit.participants", "realtimekit.sessions", "analytics.session_figures"} {
		db.exec(`DELETE FROM `+table+` WHERE session_id = $1`, radio.id)
	}
	db.want("after retention", db.lines(`SELECT coalesce(meeting_id, '-'), sum(participant_minutes) FROM analytics.usage_cost WHERE usage_kind = 'participant' GROUP BY 1`), []string{"(maths,45.0000)", "(-,10.0000)"})

	// A length below zero is no length, and takes nothing off the bill.
	db.exec(`UPDATE realtimekit.recordings SET duration_seconds = -duration_seconds, stopped_at = CASE recording_id WHEN 'r1' THEN started_at + interval '20 minutes' END;
		UPDATE realtimekit.livestream_sessions SET ingest_seconds = -ingest_seconds`)
	db.want("negative lengths", db.lines(`SELECT usage_kind, recordings, recorded_seconds FROM analytics.recording_usage`), []string{"(recording,1,1200)", "(track_recording,1,0)", "(livestream,1,0)"})
	db.exec(`INSERT INTO sync.endpoint_states (app_id, endpoint, asked_at, read_at, run_id) SELECT 'a', unnest('{daywise,recordings}'::text[]), now(), now(), 1`)
	const ours = `SELECT our_recordings, our_recording_minutes FROM analytics.reconciliation WHERE our_recordings > 0`
	db.want("against the vendor", db.lines(ours), []string{"(2,20)"})
	const findings = `SELECT check_name, session_id, app_id, findings FROM analytics.data_quality WHERE check_name IN ('recording_out_of_bounds', 'livestream_out_of_bounds')`
	found := []string{row("recording_out_of_bounds", maths.id, "a", 2), row("livestream_out_of_bounds", maths.id, "a", 1)}
	db.want("findings of lengths below zero", db.lines(findings), found)

	// Nor does one of centuries fill it: from start to end where both are known, and a month at most.
	db.exec(`UPDATE realtimekit.recordings SET duration_seconds = 31 * 86400 + 1;
		UPDATE realtimekit.livestream_sessions SET ingest_seconds = 1e10, stopped_at = started_at + interval '400 years'`)
	db.want("lengths of centuries", db.lines(`SELECT usage_kind, recordings, recorded_seconds FROM analytics.recording_usage`),
		[]string{"(recording,1,1200)", "(track_recording,1,2678400)", "(livestream,1,2678400)"})
	db.want("centuries against the vendor", db.lines(ours), []string{"(2,44660)"})
	db.want("findings of centuries", db.lines(findings), found)
	db.exec(`UPDATE realtimekit.recordings SET duration_seconds = NULL, stopped_at = started_at - interval '1 second' WHERE recording_id = 'r1'`)
	db.exec(`UPDATE realtimekit.recordings SET duration_seconds = 31 * 86400 WHERE recording_id = 'r2'; UPDATE realtimekit.livestream_sessions SET ingest_seconds = 0`)
	db.want("backwards, a month, nothing", db.lines(`SELECT usage_kind, recordings, recorded_seconds FROM analytics.recording_usage`),
		[]string{"(recording,1,0)", "(track_recording,1,2678400)", "(livestream,1,0)"})
	db.want("one finding", db.lines(findings), []string{row("recording_out_of_bounds", maths.id, "a", 1)})

	for _, bad := range []string{
		`INSERT INTO analytics.prices (usage_kind, valid_from, price_per_minute, currency) VALUES ('chat', '2026-01-01', 1, 'EUR')`,
		`INSERT INTO analytics.prices (usage_kind, preset_name, valid_from, price_per_minute, currency) VALUES ('recording', 'host', '2026-01-01', 1, 'EUR')`,
	} {
		if _, err := db.conn.Exec(t.Context(), bad); err == nil {
			t.Errorf("%s: not refused", bad)
		}
	}
}
