package analytics_test

import (
	"cmp"
	"slices"
)

// Each function below gives the rows of one view, of one session, as the query
// of the same name in property_test.go shows them.

func dash(text string) string { return cmp.Or(text, "-") }

func (s *session) wantIntervals() (want []string) {
	for _, i := range s.intervals() {
		peer := "-"
		if i.source == "peer_events" {
			peer = i.peer
		}
		want = append(want, row(s.id, i.p.id, dash(s.person(i.p)), peer, dash(i.view), i.from, i.to, 30*(i.to-i.from), i.source, i.left, i.open, i.p.removed != none, i.cut))
	}
	return want
}

func (s *session) wantBounds() string {
	end, source := s.end()
	return row(s.id, k(s.start()), k(end), source)
}

// share gives the ten-thousandths of the session that a person was inside, or
// none where the session has no length.
func (s *session) share(p *person) (float64, bool) {
	end, _ := s.end()
	if s.start() == none || end == none || end <= s.start() {
		return 0, false
	}
	return ratio(p.presence.count(s.start(), end), end-s.start(), 10_000), true
}

func (s *session) wantAttendance() (want []string) {
	end, _ := s.end()
	for _, p := range s.people() {
		share, late := any("-"), any("-")
		if v, ok := s.share(p); ok {
			share = v
		}
		if s.start() != none {
			late = 30 * (p.first - s.start())
		}
		want = append(want, row(s.id, p.id, dash(p.custom), dash(p.name), p.first, p.last, 30*p.presence.total(), len(p.presence.runs()), share,
			late, 30*(end-p.last), len(p.parts), p.inside, p.open, p.byRow, dash(p.user), p.guest, p.contradicted))
	}
	return want
}

// step is a stretch of the concurrency curve.
type step struct{ from, until, people, parts int }

func (s *session) steps() (steps []step) {
	var people slots
	for _, p := range s.people() {
		for k := range people {
			people[k] += p.presence[k]
		}
	}
	parts := s.inside(func(p *participant) bool { return s.person(p) != "" })
	for k := 1; k < width; k++ {
		if people[k] != people[k-1] || parts[k] != parts[k-1] {
			if len(steps) > 0 {
				steps[len(steps)-1].until = k - margin
			}
			steps = append(steps, step{k - margin, none, int(people[k]), int(parts[k])})
		}
	}
	return steps
}

// inside counts those participants who are inside at each tick.
func (s *session) inside(counts func(*participant) bool) (all slots) {
	is := s.intervals()
	for _, p := range s.participants {
		if !counts(p) {
			continue
		}
		var own slots
		for _, i := range is {
			if i.p == p {
				own.mark(i.from, i.to)
			}
		}
		for k := range all {
			all[k] += own[k]
		}
	}
	return all
}

func (s *session) wantConcurrency() (want []string) {
	for _, x := range s.steps() {
		want = append(want, row(s.id, x.from, k(x.until), x.people, x.parts))
	}
	return want
}

// wantMinutely looks at the half-minutes of each minute: a tick is one, and
// base is a full minute.
func (s *session) wantMinutely() (want []string) {
	end, _ := s.end()
	steps := s.steps()
	for minute := -margin; minute < width-margin; minute += 2 {
		covered, sum, peak, parts := 0, 0, 0, 0
		for tick := minute; tick < minute+2; tick++ {
			for _, x := range steps {
				if x.until == none || tick < x.from || tick >= x.until || tick < s.start() || tick >= end {
					continue
				}
				covered, sum, peak, parts = covered+1, sum+x.people, max(peak, x.people), max(parts, x.parts)
			}
		}
		if covered > 0 {
			want = append(want, row(s.id, minute, peak, ratio(sum, covered, 1000), parts))
		}
	}
	return want
}

func (s *session) wantDropOff() (want []string) {
	end, _ := s.end()
	people := s.people()
	if s.start() == none || end <= s.start() || len(people) == 0 {
		return nil
	}
	for percent := 0; percent <= 100; percent += 10 {
		at := 100*s.start() + (end-s.start())*percent // in hundredths of a tick
		present, joined, gone := 0, 0, 0
		for _, p := range people {
			present += int(p.presence[at/100+margin])
			if 100*p.first <= at {
				joined++
			}
			if 100*p.last <= at {
				gone++
			}
		}
		want = append(want, row(s.id, percent, float64(at)/100, present, ratio(present, len(people), 10_000), joined, gone, len(people)))
	}
	return want
}

func (s *session) wantLatency() (want []string) {
	for _, p := range s.participants {
		joining, created := none, none
		for _, e := range p.events {
			if e.name == "PEER_JOINING" && e.at != none && (joining == none || e.at < joining) {
				joining = e.at
			}
		}
		for _, e := range p.events {
			if e.name == "PEER_CREATED" && (joining == none || e.at <= joining) {
				created = max(created, e.at)
			}
		}
		joined, lobby, late := first(joining, p.joined), any("-"), any("-")
		if joining != none && created != none {
			lobby = 30 * (joining - created)
		}
		if joined != none && s.start() != none {
			late = 30 * (joined - s.start())
		}
		if first(joined, created) != none {
			want = append(want, row(s.id, p.id, dash(s.person(p)), k(created), k(joining), lobby, k(joined), late))
		}
	}
	return want
}

func (s *session) wantRejoins() (want []string) {
	for _, p := range s.people() {
		runs := p.presence.runs()
		if len(runs) < 2 {
			continue
		}
		away, longest := 0, 0
		for i, r := range runs[1:] {
			away, longest = away+r[0]-runs[i][1], max(longest, r[0]-runs[i][1])
		}
		want = append(want, row(s.id, p.id, len(runs)-1, 30*away, 30*longest, runs[0][1], runs[len(runs)-1][0]))
	}
	return want
}

func (s *session) wantOverlap() (want []string) {
	for _, a := range s.people() {
		for _, b := range s.people() {
			var both slots
			for k := range both {
				both[k] = a.presence[k] * b.presence[k]
			}
			if runs := both.runs(); a.id < b.id && len(runs) > 0 {
				want = append(want, row(s.id, a.id, b.id, 30*both.total(), runs[0][0], runs[len(runs)-1][1], dash(a.preset), dash(b.preset)))
			}
		}
	}
	return want
}

func (s *session) wantSummary() string {
	end, _ := s.end()
	length, people, seconds, inside, open, rejoins := max(end-s.start(), 0), s.people(), 0, 0, 0, 0
	sum, shares, peak, peakParts := 0.0, 0, 0, 0
	parts, removed := map[string]bool{}, map[string]bool{}
	for _, p := range people {
		inside += p.presence.total()
		rejoins += max(len(p.presence.runs())-1, 0)
		if v, ok := s.share(p); ok {
			sum, shares = sum+v*10_000, shares+1
		}
	}
	for _, i := range s.intervals() {
		seconds += i.to - i.from
		parts[i.p.id] = true
		if i.open {
			open++
		}
		if i.p.removed != none {
			removed[i.p.id] = true
		}
	}
	for _, x := range s.steps() {
		peak, peakParts = max(peak, x.people), max(peakParts, x.parts)
	}
	average, share, lengthText := any("-"), any("-"), any("-")
	if s.start() != none {
		lengthText = 30 * length
		if length > 0 {
			average = ratio(inside, length, 1000)
		}
	}
	if shares > 0 {
		share = ratio(int(sum+0.5), shares*10_000, 10_000)
	}
	return row(s.id, lengthText, len(people), len(parts), peak, peakParts, 30*inside, 30*seconds, average, share, rejoins, open, len(removed), s.read != none && s.complete)
}

// wantQuality gives the findings of one session.
func (s *session) wantQuality() (want []string) {
	found := map[string]int{"repaired_values": 0}
	for _, p := range s.people() {
		if most(p.names) > 1 {
			found["one_id_several_people"]++
		}
	}
	count := func(name string, yes bool) {
		if yes {
			found[name]++
		}
	}
	sum, is := 0, s.intervals()
	for _, i := range is {
		assumed := i.open && i.left != "last_seen"
		sum += i.to - i.from
		count("open_presences", assumed)
		count("time_out_of_bounds", i.cut)
		count("joining_without_leaving", i.left == "next_peer_joining" || i.source == "peer_events" && assumed)
	}
	count("repaired_values", s.repaired)
	for _, p := range s.participants {
		count("repaired_values", p.repaired)
		count("left_before_joined", p.left != none && p.left < p.joined)
		count("removed_participants", p.removed != none)
		has := slices.ContainsFunc(is, func(i interval) bool { return i.p == p })
		count("no_usable_time", p.joined == none && p.left != none && !has)
		for _, e := range p.events {
			count("repaired_values", e.repaired)
			count("no_usable_time", e.at == none)
		}
		for _, peer := range p.peers() {
			inside := 0
			for _, m := range p.moments(peer) {
				inside += m.joins - m.leaves
				count("leaving_without_joining", inside < 0)
				inside = max(inside, 0)
			}
		}
	}
	count("session_without_end", s.status == "ENDED" && s.ended == none)
	end, _ := s.end()
	count("session_out_of_bounds", s.ended != none && s.ended < s.start() || end != none && end < s.start())
	most := 0
	for _, x := range s.steps() {
		most = max(most, x.parts)
	}
	inside := s.inside(func(*participant) bool { return true })
	count("minutes_disagree", s.status == "ENDED" && s.minutes != none && sum != 2*s.minutes)
	count("peak_disagrees", s.status == "ENDED" && s.peak != none && s.peak != most && s.peak != int(slices.Max(inside[:])))
	count("session_not_complete", s.read != none && !s.complete && s.status != "LIVE")
	for range s.rejected {
		found["rejected_records"]++
	}
	values := map[string][2]any{
		"minutes_disagree": {float64(sum) / 2, s.minutes}, "peak_disagrees": {most, s.peak}, "session_not_complete": {s.distinct, s.announce},
	}
	for name, n := range found {
		v := [2]any{"-", "-"}
		if x, ok := values[name]; ok {
			v = x
		}
		if n > 0 {
			want = append(want, row(s.id, s.app, name, n, v[0], v[1]))
		}
	}
	return want
}
