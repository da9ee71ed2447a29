package analytics_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// moves are tried twice as often as other events.
var moves = testbed.Moves()

// maker makes random sessions, odd ones included.
type maker struct {
	*rand.Rand
	events int
	span   int // times lie in [0, span]
}

func (m *maker) chance(p float64) bool { return m.Float64() < p }

func (m *maker) time(nullable float64) int {
	if m.chance(nullable) {
		return none
	}
	return m.IntN(m.span + 1)
}

// recorded is time of a participant or an event, which now and then is absurd.
func (m *maker) recorded(nullable float64) int {
	if m.chance(0.02) {
		return []int{-700 * day, -day - 1, -day, 2 * day, 2*day + 7, 700 * day}[m.IntN(6)]
	}
	return m.time(nullable)
}

func (m *maker) pick(texts ...string) string { return texts[m.IntN(len(texts))] }

func (m *maker) session(n int) *session {
	m.span = []int{6, 20, 60}[m.IntN(3)]
	s := &session{
		id: uuid("00000000", n), app: m.pick("a", "b"), status: m.pick("ENDED", "ENDED", "ENDED", "LIVE", ""),
		started: m.time(0.1), created: m.time(0.3), ended: m.time(0.2), read: m.time(0.1), synced: m.IntN(m.span),
		minutes: m.IntN(20), peak: m.IntN(4), repaired: m.chance(0.1), complete: m.chance(0.7), distinct: m.IntN(5), announce: m.IntN(5),
	}
	s.meeting = fmt.Sprint("m", m.IntN(150))
	if m.chance(0.05) {
		s.meeting = ""
	}
	if m.chance(0.7) && s.started != none { // mostly as one expects
		s.started, s.ended = 0, m.span
	}
	if s.status == "LIVE" && m.chance(0.9) {
		s.ended = none
	}
	if m.chance(0.1) {
		s.minutes, s.peak, s.rejected = none, none, 1+m.IntN(3)
	}
	for i := range m.IntN(7) {
		s.participants = append(s.participants, m.participant(i))
	}
	return s
}

// participant may share its person with another of the session, and of other
// sessions of the app.
func (m *maker) participant(i int) *participant {
	p := &participant{
		id: uuid("aaaaaaaa", i), name: m.pick("", "Ana", "Bo", "Çem", "Bo (phone)"), preset: m.pick("", "host", "student", "host", "student", "recorder", "host-camera"),
		joined: m.recorded(0.3), left: m.recorded(0.3), created: m.time(0.3), removed: none, repaired: m.chance(0.1),
	}
	if m.chance(0.8) {
		p.user = m.pick("u1", "u2", "u3", "u4", "u5")
	}
	if m.chance(0.6) {
		p.custom = m.pick("c1", "c2", "u1", "guest") // u1 is also somebody's user_id
	}
	if m.chance(0.1) {
		p.removed = m.IntN(m.span + 1)
	}
	for range []int{0, 0, 1, 2, 3, 4, 6, 9}[m.IntN(8)] {
		m.events++
		p.events = append(p.events, event{
			id: uuid("eeeeeeee", m.events), at: m.recorded(0.05), peer: m.pick("", p.id, "other"), view: m.pick("", "GROUP_CALL", "AUDIO_ROOM"),
			name: m.pick(slices.Concat(moves, moves, []string{"PEER_CREATED", "PEER_WAITLISTED"})...), repaired: m.chance(0.05),
		})
	}
	return p
}

// prices holds no price for everything, so that some usage has none.
func (db *database) prices(m *maker) (all []price) {
	for range 16 {
		p := price{m.pick("", "a"), m.pick("", "host", "student"), m.pick("", "AUDIO_ROOM"), db.base.AddDate(0, 0, m.IntN(3)-1).Format(time.DateOnly), 1 + m.IntN(50), m.pick("EUR", "USD")}
		if p.app+p.preset+p.view == "" {
			continue
		}
		all = append(all, p)
		db.exec(`INSERT INTO analytics.prices (app_id, preset_name, preset_view_type, valid_from, price_per_minute, currency)
			VALUES (nullif($1, ''), nullif($2, ''), nullif($3, ''), $4::text::date, $5::text::numeric, $6) ON CONFLICT DO NOTHING`,
			p.app, p.preset, p.view, p.day, fmt.Sprintf("0.%03d", p.mills), p.currency)
	}
	return all
}
