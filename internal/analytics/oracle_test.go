package analytics_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The oracle knows the definitions of docs/analytics.md and shares nothing with
// the SQL: it plays the events of each peer through, one instant after the
// other, and merges by marking half-minutes in an array.

// slots has an element for each tick from -margin on. What is more than a day
// outside of a session is cut, and one without a start may itself be of the day
// before.
const (
	day    = 2880
	margin = 2*day + 10
	width  = margin + day + 80
)

type slots [width]int16

func (a *slots) mark(from, to int) {
	for k := from; k < to; k++ {
		a[k+margin] = 1
	}
}

// runs gives the stretches that are marked.
func (a *slots) runs() (runs [][2]int) {
	for k := range a {
		switch {
		case a[k] == 0:
		case k > 0 && a[k-1] == 1:
			runs[len(runs)-1][1] = k + 1 - margin
		default:
			runs = append(runs, [2]int{k - margin, k + 1 - margin})
		}
	}
	return runs
}

func (a *slots) count(from, to int) (n int) {
	for k := from; k < to; k++ {
		n += int(a[k+margin])
	}
	return n
}

func (a *slots) total() int { return a.count(-margin, width-margin) }

// interval is a presence.
type interval struct {
	p                  *participant
	peer, source, left string
	view               string
	from, to           int
	open, cut          bool
}

func first(times ...int) int {
	for _, t := range times {
		if t != none {
			return t
		}
	}
	return none
}

func (s *session) start() int { return first(s.started, s.created) }

// hasEnd tells whether the vendor gives an end that is none before the start.
func (s *session) hasEnd() bool { return s.ended != none && s.ended >= s.start() }

func (s *session) end() (int, string) {
	if s.hasEnd() {
		return s.ended, "session_ended_at"
	}
	if s.status == "LIVE" {
		return first(s.read, s.synced), "last_seen"
	}
	last, latest := none, first(s.read, s.synced)+day
	sign := func(at int) {
		if at <= latest {
			last = max(last, at)
		}
	}
	for _, p := range s.participants {
		sign(p.joined)
		sign(p.left)
		for _, e := range p.events {
			sign(e.at)
		}
	}
	return first(last, s.started, s.created), "last_sign"
}

// whose are the rules of an app about its people. App a has no settings.
type whose struct {
	byUser                 bool
	nobody, presets, names []string
}

var settings = map[string]whose{
	"a": {nobody: []string{"guest", "recorder"}, presets: []string{"recorder", "bot"}},
	"b": {byUser: true, nobody: []string{"u3", "c2"}, presets: []string{"host-camera"}, names: []string{"Recorder", "Ana"}},
}

// person gives who a participant is, and nothing for a machine.
func (s *session) person(p *participant) string {
	rules := settings[s.app]
	if slices.Contains(rules.presets, p.preset) || slices.Contains(rules.names, p.name) {
		return ""
	}
	ids := []string{p.custom, p.user, p.id}
	if rules.byUser {
		ids = []string{p.user, p.custom, p.id}
	}
	for _, id := range ids {
		if id != "" && !slices.Contains(rules.nobody, id) {
			return id
		}
	}
	return ""
}

func (s *session) intervals() (all []interval) {
	for _, p := range s.participants {
		all = append(all, s.stays(p)...)
	}
	return all
}

// stays plays one participant through.
func (s *session) stays(p *participant) (all []interval) {
	end, endSource := s.end()
	if p.removed != none && p.removed < end {
		end, endSource = p.removed, "removed_at"
	}
	for _, peer := range p.peers() {
		for _, m := range p.moments(peer) {
			if m.joins == m.leaves {
				all = append(all, interval{p, peer, "peer_events", "peer_leaving", "", m.at, m.at, false, false})
			}
		}
		for _, c := range p.connections(peer) {
			i := interval{p, peer, "peer_events", "peer_leaving", "", c.from, c.to, false, false}
			switch {
			case c.left:
			case c.to != none:
				i.left = "next_peer_joining"
			case p.left > c.from:
				i.to, i.left = p.left, "participant_left_at"
			default:
				i.to, i.left, i.open = max(c.from, end), endSource, true
			}
			all = append(all, i)
		}
	}
	if len(all) == 0 && p.joined != none {
		i := interval{p, "", "participant_row", endSource, "", p.joined, max(p.joined, end), true, false}
		if p.left != none {
			i.to, i.left, i.open = max(p.joined, p.left), "participant_left_at", false
		}
		all = append(all, i)
	}
	for k := range all {
		all[k].view = p.view()
		s.cut(&all[k])
	}
	return all
}

// connection is a time of a peer inside: to its leaving, else to the next, else none.
type connection struct {
	from, to int
	left     bool
}

// connections puts a joining on a stack and gives each leaving the newest of it. What
// overlaps is one.
func (p *participant) connections(peer string) (all []connection) {
	var stack []int
	for _, m := range p.moments(peer) {
		for range m.joins - m.leaves {
			stack = append(stack, m.at)
		}
		for range m.leaves - m.joins {
			if n := len(stack); n > 0 {
				all = append(all, connection{stack[n-1], m.at, true})
				stack = stack[:n-1]
			}
		}
	}
	for _, at := range stack {
		all = append(all, connection{at, none, false})
	}
	// Of those that begin at once the longest comes first, and those without an end last.
	slices.SortStableFunc(all, func(a, b connection) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	whole := all[:0]
	for _, c := range all {
		if n := len(whole); n > 0 {
			last := &whole[n-1]
			if last.left && c.from < last.to || c.from == last.from {
				continue
			}
			if !last.left {
				last.to = c.from
			}
		}
		whole = append(whole, c)
	}
	return whole
}

// cut takes away what lies more than a day outside of the session.
func (s *session) cut(i *interval) {
	end, _ := s.end()
	start := first(s.start(), end)
	within := func(t int) int { return min(max(t, min(start, end)-day), max(start, end)+day) }
	from, to := within(i.from), within(i.to)
	i.cut = from != i.from || to != i.to
	i.from, i.to = from, to
}

func (p *participant) view() (view string) {
	for _, e := range p.events {
		if e.at != none && (e.name == "PEER_JOINING" || e.name == "PEER_LEAVING") {
			view = max(view, e.view)
		}
	}
	return view
}

func (p *participant) peers() (peers []string) {
	for _, e := range p.events {
		if peer := cmp.Or(e.peer, p.id); !slices.Contains(peers, peer) {
			peers = append(peers, peer)
		}
	}
	return peers
}

// moment is what one peer did at one instant.
type moment struct{ at, joins, leaves int }

func (p *participant) moments(peer string) (all []moment) {
	at := map[int]moment{}
	for _, e := range p.events {
		if e.at == none || cmp.Or(e.peer, p.id) != peer {
			continue
		}
		m := at[e.at]
		switch m.at = e.at; e.name {
		case "PEER_JOINING":
			m.joins++
		case "PEER_LEAVING":
			m.leaves++
		}
		at[e.at] = m
	}
	for _, m := range at {
		if m.joins+m.leaves > 0 {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return all
}

// person is somebody in one session.
type person struct {
	id, custom, name    string
	first, last         int
	presence            slots
	parts               map[string]bool
	open, inside, byRow bool
	user, preset        string
	guest, contradicted bool
	names               map[string]*slots
}

// contradicts reports whether the row says times more than two ticks, a minute, away
// from those of the intervals.
func (p *participant) contradicts(is []interval) bool {
	from, to := width, none
	for _, i := range is {
		if i.p == p {
			from, to = min(from, i.from), max(to, i.to)
		}
	}
	away := func(a, b int) bool { return a != none && (a-b > 2 || b-a > 2) }
	return away(p.joined, from) || away(p.left, to)
}

// people gives the persons of a session, by id.
func (s *session) people() map[string]*person {
	all := map[string]*person{}
	is := s.intervals()
	slices.SortStableFunc(is, func(a, b interval) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.p.id, b.p.id)) })
	for _, i := range is {
		id := s.person(i.p)
		if id == "" {
			continue // a machine
		}
		p := all[id]
		if p == nil {
			p = &person{id: id, first: i.from, last: i.to, parts: map[string]bool{}, guest: true, names: map[string]*slots{}}
			all[p.id] = p
		}
		p.user, p.guest = cmp.Or(p.user, i.p.user), p.guest && (i.p.custom == "" || slices.Contains(settings[s.app].nobody, i.p.custom))
		if name, _, _ := strings.Cut(i.p.name, " ("); name != "" {
			mark(p.names, name, i.from, i.to)
		}
		p.preset = cmp.Or(p.preset, i.p.preset)
		p.contradicted = p.contradicted || i.source == "peer_events" && i.p.contradicts(is)
		p.custom, p.name = cmp.Or(p.custom, i.p.custom), cmp.Or(p.name, i.p.name)
		p.first, p.last = min(p.first, i.from), max(p.last, i.to)
		p.presence.mark(i.from, i.to)
		p.parts[i.p.id] = true
		p.open, p.inside, p.byRow = p.open || i.open, p.inside || i.left == "last_seen", p.byRow || i.source == "participant_row"
	}
	return all
}

// row writes values as Postgres writes a row as text.
func row(values ...any) string {
	text := "("
	for i, v := range values {
		if i > 0 {
			text += ","
		}
		switch v := v.(type) {
		case bool:
			text += map[bool]string{true: "t", false: "f"}[v]
		case float64:
			text += strconv.FormatFloat(v, 'f', -1, 64)
		case string:
			if strings.Contains(v, " ") {
				v = `"` + v + `"`
			}
			text += v
		default:
			text += fmt.Sprint(v)
		}
	}
	return text + ")"
}

// k shows a time as pg_temp.k does.
func k(t int) string {
	if t == none {
		return "-"
	}
	return strconv.Itoa(t)
}

// ratio is n/d rounded to a number of decimals as numeric rounds, for n ≥ 0.
func ratio(n, d, scale int) float64 { return float64((2*n*scale+d)/(2*d)) / float64(scale) }
