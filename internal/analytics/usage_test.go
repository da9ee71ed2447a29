package analytics_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// usage is one group of presences: an app's day, or a preset's.
type usage struct {
	sessions, customs, parts map[string]bool
	people, devices          map[string]*slots
	ticks                    int
}

func newUsage() *usage {
	return &usage{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]*slots{}, map[string]*slots{}, 0}
}

func (u *usage) add(s *session, i interval, from, to int) {
	u.sessions[s.id], u.parts[s.id+i.p.id] = true, true
	if id := s.person(i.p); id != "" {
		if i.p.custom != "" {
			u.customs[i.p.custom] = true
		}
		mark(u.people, id, from, to)
		mark(u.devices, s.id+i.p.id, from, to)
	}
	u.ticks += to - from
}

func mark(all map[string]*slots, key string, from, to int) {
	if all[key] == nil {
		all[key] = &slots{}
	}
	all[key].mark(from, to)
}

// most gives how many were inside at once, at most.
func most(all map[string]*slots) (peak int) {
	var sum slots
	for _, own := range all {
		for k := range sum {
			sum[k] += own[k]
		}
	}
	return int(slices.Max(sum[:]))
}

// wantHours looks at the half-minutes of each hour of an app's day. Hours begin at
// quarter past base, 120 ticks apart.
func wantHours(byDay map[string]*usage) (want []string) {
	for key, u := range byDay {
		var people, devices slots
		for sum, all := range map[*slots]map[string]*slots{&people: u.people, &devices: u.devices} {
			for _, own := range all {
				for k := range sum {
					sum[k] += own[k]
				}
			}
		}
		for hour := midnight - 4*day; hour < width-margin; hour += 120 {
			from, to := max(hour+margin, 0), min(hour+120+margin, width)
			if to > from && slices.Max(devices[from:to]) > 0 {
				want = append(want, row(key, hour, slices.Max(people[from:to]), ratio(people.count(from-margin, to-margin), 120, 1000),
					slices.Max(devices[from:to]), ratio(devices.count(from-margin, to-margin), 120, 1000)))
			}
		}
	}
	return want
}

func (u *usage) merged() (ticks int) {
	for _, p := range u.people {
		ticks += p.total()
	}
	return ticks
}

// aDay is a day of an app, in ticks.
type aDay struct {
	text, zone string
	from, to   int
}

// days are those that presences of an app may reach to. A clock on the wall there is
// looked at in each tick: once it shows a day, the one before it is over.
func (db *database) days(app string) (all []aDay) {
	zone := db.zone[app]
	if zone == nil {
		zone = time.UTC
	}
	for k := -margin; k < width-margin; k++ {
		text := db.base.Add(time.Duration(k) * tick).In(zone).Format(time.DateOnly)
		if n := len(all); n > 0 && text <= all[n-1].text {
			all[n-1].to = k + 1
			continue
		}
		all = append(all, aDay{text, zone.String(), k, k + 1})
	}
	return all
}

// pieces calls each for every presence, cut at midnight.
func (db *database) pieces(world []*session, each func(s *session, i interval, day string, from, to int)) {
	days := map[string][]aDay{"a": db.days("a"), "b": db.days("b")}
	for _, s := range world {
		for _, i := range s.intervals() {
			for _, d := range days[s.app] {
				if i.from < d.to && (i.to > d.from || i.from >= d.from) {
					each(s, i, d.text, max(i.from, d.from), min(i.to, d.to))
				}
			}
		}
	}
}

func dayOf(days []aDay, tick int) string {
	return days[slices.IndexFunc(days, func(d aDay) bool { return tick < d.to })].text
}

// wantUsage compares everything that is kept by day.
func (db *database) wantUsage(world []*session, prices []price) {
	db.t.Helper()
	byDay, byPreset := map[string]*usage{}, map[[4]string]*usage{}
	started, minutes := map[string]int{}, map[string]int{}
	byMeeting := map[[4]string]map[string]int{} // ticks
	var cut []string
	days := map[string][]aDay{"a": db.days("a"), "b": db.days("b")}
	for _, s := range world {
		if s.start() == none {
			continue
		}
		key := dayOf(days[s.app], s.start()) + "," + s.app
		started[key]++
		if byDay[key] == nil {
			byDay[key] = newUsage()
		}
		if s.minutes != none {
			minutes[key] += s.minutes
		}
	}
	db.pieces(world, func(s *session, i interval, day string, from, to int) {
		key, preset := day+","+s.app, [4]string{day, s.app, i.p.preset, i.view}
		if byDay[key] == nil {
			byDay[key] = newUsage()
		}
		if byPreset[preset] == nil {
			byPreset[preset], byMeeting[preset] = newUsage(), map[string]int{}
		}
		byDay[key].add(s, i, from, to)
		byPreset[preset].add(s, i, from, to)
		byMeeting[preset][s.meeting] += to - from
		cut = append(cut, row(s.app, day, s.id, i.p.id, from, to, 30*(to-from)))
	})
	var daily, presets, costs []string
	for key, u := range byDay {
		daily = append(daily, row(key, started[key], len(u.sessions), len(u.people), len(u.customs), len(u.parts), 30*u.merged(), 30*u.ticks, minutes[key],
			most(u.people), most(u.devices)))
	}
	for key, u := range byPreset {
		presets = append(presets, row(key[0], key[1], dash(key[2]), dash(key[3]), len(u.sessions), len(u.people), len(u.parts), 30*u.merged(), 30*u.ticks))
		for meeting, ticks := range byMeeting[key] {
			costs = append(costs, "("+dash(meeting)+","+strings.TrimPrefix(wantCost(key, ticks, prices), "("))
		}
	}
	db.want("presence_by_day", db.lines(`SELECT app_id, usage_date, session_id, participant_id, pg_temp.k(from_at), pg_temp.k(to_at), present_seconds
		FROM analytics.presence_by_day`), cut)
	db.want("daily_usage", db.lines(`SELECT usage_date, app_id, sessions_started, sessions_active, unique_people, unique_custom_ids, participants,
		person_seconds, participant_seconds, coalesce(vendor_minutes, 0), peak_people, peak_participants FROM analytics.daily_usage`), daily)
	db.want("concurrency_hourly", db.lines(`SELECT usage_date, app_id, pg_temp.k(hour_at), peak_people, average_people, peak_participants, average_participants
		FROM analytics.concurrency_hourly`), wantHours(byDay))
	db.want("preset_usage", db.lines(`SELECT usage_date, app_id, coalesce(preset_name, '-'), coalesce(preset_view_type, '-'), sessions, unique_people,
		participants, person_seconds, participant_seconds FROM analytics.preset_usage`), presets)
	var zones []string
	for key := range byDay {
		day, app, _ := strings.Cut(key, ",")
		zones = append(zones, row(app, day, db.days(app)[0].zone))
	}
	db.want("time_zone", db.lines(`SELECT app_id, usage_date, time_zone FROM analytics.daily_usage UNION SELECT app_id, usage_date, time_zone FROM analytics.preset_usage
		UNION SELECT app_id, usage_date, time_zone FROM analytics.presence_by_day UNION SELECT app_id, usage_date, time_zone FROM analytics.usage_cost
		UNION SELECT app_id, started_date, time_zone FROM analytics.session_bounds WHERE started_date IS NOT NULL
		UNION SELECT app_id, usage_date, time_zone FROM analytics.usage_by_meeting`), zones)
	db.want("usage_cost", db.lines(`SELECT coalesce(meeting_id, '-'), usage_date, app_id, coalesce(preset_name, '-'), coalesce(preset_view_type, '-'), participant_minutes,
		coalesce(currency, '-'), coalesce(cost_amount::text, '-') FROM analytics.usage_cost`), costs)
}

// price is a row of analytics.prices; day is the first on which it counts, mills are
// thousandths.
type price struct {
	app, preset, view string
	day               string
	mills             int
	currency          string
}

// priceOf looks for the price: by app, then preset, then view type, then the
// newest; of two of one day the first that was stored. nil is none.
func priceOf(key [4]string, prices []price) (best *price) {
	for i := range prices {
		p := &prices[i]
		fits := func(have, want string) bool { return want == "" || want == have }
		if p.day > key[0] || !fits(key[1], p.app) || !fits(key[2], p.preset) || !fits(key[3], p.view) {
			continue
		}
		if best == nil {
			best = p
		} else if cmp.Or(cmp.Compare(len(p.app), len(best.app)), cmp.Compare(len(p.preset), len(best.preset)),
			cmp.Compare(len(p.view), len(best.view)), cmp.Compare(p.day, best.day)) > 0 {
			best = p
		}
	}
	return best
}

func wantCost(key [4]string, ticks int, prices []price) string {
	best := priceOf(key, prices)
	minutes := fmt.Sprintf("%.4f", float64(ticks)/2)
	if best == nil {
		return row(key[0], key[1], dash(key[2]), dash(key[3]), minutes, "-", "-")
	}
	return row(key[0], key[1], dash(key[2]), dash(key[3]), minutes, best.currency, fmt.Sprintf("%.6f", float64(ticks*best.mills)/2000))
}

const peopleSQL = `SELECT app_id, person_id, coalesce(user_id, '-'), coalesce(custom_participant_id, '-'), coalesce(display_name, '-'),
	pg_temp.k(first_seen_at), pg_temp.k(last_seen_at), sessions, participants FROM analytics.people`

// seen is a row of a person, with its session.
type seen struct {
	s *session
	p *participant
}

func wantPeople(world []*session) (want []string) {
	rows := map[string][]seen{}
	for _, s := range world {
		for _, p := range s.participants {
			if key := s.app + "," + s.person(p); s.person(p) != "" {
				rows[key] = append(rows[key], seen{s, p})
			}
		}
	}
	for key, all := range rows {
		slices.SortFunc(all, func(a, b seen) int {
			return cmp.Or(cmp.Compare(first(b.p.joined, b.p.created), first(a.p.joined, a.p.created)), strings.Compare(a.s.id+a.p.id, b.s.id+b.p.id))
		})
		var user, custom, name string
		from, to, sessions := none, none, map[string]bool{}
		for _, x := range all {
			user, custom, name = max(user, x.p.user), cmp.Or(custom, x.p.custom), cmp.Or(name, x.p.name)
			if t := first(x.p.joined, x.p.created); t != none && (from == none || t < from) {
				from = t
			}
			to = max(to, first(x.p.left, x.p.joined, x.p.created))
			sessions[x.s.id] = true
		}
		want = append(want, row(key, dash(user), dash(custom), dash(name), k(from), k(to), len(sessions), len(all)))
	}
	return want
}

// between is somebody in the sessions of a range.
type between struct {
	from, to, sessions, parts, visits int
	meetings, days                    map[string]bool
	guest                             bool
	presence                          slots
}

// wantPeopleBetween asks for the sessions that began from tick 2 to midnight.
func (db *database) wantPeopleBetween(world []*session) {
	db.t.Helper()
	all, days := map[string]*between{}, map[string][]aDay{"a": db.days("a"), "b": db.days("b")}
	for _, s := range world {
		if s.start() == none || s.start() < 2 || s.start() >= midnight {
			continue
		}
		for id, p := range s.people() {
			b := all[s.app+","+id]
			if b == nil {
				b = &between{from: p.first, to: p.last, meetings: map[string]bool{}, days: map[string]bool{}, guest: true}
				all[s.app+","+id] = b
			}
			b.from, b.to, b.sessions, b.parts, b.visits = min(b.from, p.first), max(b.to, p.last), b.sessions+1, b.parts+len(p.parts), b.visits+len(p.presence.runs())
			b.guest = b.guest && p.guest
			if b.days[dayOf(days[s.app], s.start())] = true; s.meeting != "" {
				b.meetings[s.meeting] = true
			}
			for k := range b.presence {
				b.presence[k] |= p.presence[k]
			}
		}
	}
	var want []string
	for key, b := range all {
		want = append(want, row(key, k(b.from), k(b.to), b.sessions, len(b.meetings), len(b.days), b.parts, b.visits, 30*b.presence.total(), b.guest))
	}
	if len(want) < 10 {
		db.t.Errorf("only %d people in the range", len(want))
	}
	db.want("people_between", db.lines(`SELECT app_id, person_id, pg_temp.k(first_join_at), pg_temp.k(last_leave_at), sessions, meetings, session_days, participants, visits, present_seconds, is_guest
		FROM analytics.people_between($1, $2)`, db.at(2), db.at(midnight)), want)
}

func wantFreshness(world []*session) (want []string) {
	for _, app := range []string{"a", "b"} {
		sessions, live, incomplete, rejected := 0, 0, 0, 0
		for _, s := range world {
			if s.app != app {
				continue
			}
			rejected += s.rejected
			if s.read == none {
				continue
			}
			sessions++
			if s.status == "LIVE" {
				live++
			} else if !s.complete {
				incomplete++
			}
		}
		want = append(want, row(app, sessions, live, incomplete, rejected, 0))
	}
	return want
}
