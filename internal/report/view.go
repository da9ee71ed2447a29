package report

import (
	"fmt"
	"slices"
	"time"
)

// sessionView is the data of a session as its template wants it.
type sessionView struct {
	*sessionData
	Title    string
	Rows     []personView
	Absent   []noShow
	More     bool // more absent people than Absent holds
	Cut      int64
	Notes    []string
	Peak     string // where the curve is highest, in words
	Live     bool
	SpanDays bool
	Zone     string
}

// personView is a row of the attendance table.
type personView struct {
	person
	Shown string
	Times []stay // of more than one visit, the first few
	More  int
}

// maxTimes is how many visits of one person the table spells out.
const maxTimes = 12

// sessionCharts is what the script draws; times are milliseconds since 1970.
type sessionCharts struct {
	Zone     string       `json:"zone"`
	Start    int64        `json:"start"`
	End      int64        `json:"end"`
	SpanDays bool         `json:"spanDays"`
	ByMinute bool         `json:"byMinute"`
	Steps    [][3]int64   `json:"steps"`
	People   []personLine `json:"people"`
	Points   [][2]float64 `json:"points"`
}

// personLine is a row of the timeline: a stay is from, to, and 1 where the end
// is assumed.
type personLine struct {
	Name  string     `json:"n"`
	Stays [][3]int64 `json:"s"`
}

func sessionPage(d *sessionData, o Options) page {
	h := &d.Head
	v := &sessionView{
		sessionData: d, Title: nameOf(h.Title, "Session without a title"), Live: h.Status == "LIVE",
		Cut: h.People - int64(len(d.People)), Zone: o.Zone.String(),
	}
	c := sessionCharts{Zone: o.Zone.String(), ByMinute: d.ByMinute, Steps: [][3]int64{}, People: []personLine{}, Points: [][2]float64{}}
	if h.StartsAt != nil {
		c.Start = h.StartsAt.UnixMilli()
	}
	if h.EndsAt != nil {
		c.End = h.EndsAt.UnixMilli()
	}
	for i := range d.People {
		p := &d.People[i]
		row := personView{person: *p, Shown: nameOf(p.Name, p.CustomID, p.ID)}
		if len(p.Stays) > 1 {
			row.Times = p.Stays[:min(len(p.Stays), maxTimes)]
			row.More = len(p.Stays) - len(row.Times)
		}
		v.Rows = append(v.Rows, row)
		line := personLine{Name: labelOf(row.Shown)}
		for _, s := range p.Stays {
			line.Stays = append(line.Stays, [3]int64{s.From.UnixMilli(), s.To.UnixMilli(), flag(s.Open)})
		}
		c.People = append(c.People, line)
	}
	var highest *step
	for i := range d.Steps {
		s := &d.Steps[i]
		c.Steps = append(c.Steps, [3]int64{s.At.UnixMilli(), s.People, s.Devices})
		if highest == nil || s.People > highest.People {
			highest = s
		}
	}
	for _, p := range d.Points {
		if p.Share != nil {
			c.Points = append(c.Points, [2]float64{float64(p.Percent), *p.Share})
		}
	}
	for _, f := range d.Findings {
		v.Notes = append(v.Notes, f.sentence())
	}
	v.Absent, v.More = d.NoShows[:min(len(d.NoShows), maxNoShows)], len(d.NoShows) > maxNoShows
	p := page{Title: v.Title, Now: o.Now, Made: o.Version, Zone: o.Zone, Session: v}
	v.SpanDays = h.StartsAt != nil && h.EndsAt != nil && p.Date(*h.StartsAt) != p.Date(*h.EndsAt)
	c.SpanDays = v.SpanDays
	p.Charts = c
	if highest != nil {
		v.Peak = fmt.Sprintf("The most at once were %s, from %s.", counted(highest.People, "person", "people"), p.Moment(highest.At))
	}
	return p
}

// NameOf gives what to call somebody who did not come.
func (n noShow) NameOf() string { return nameOf(n.Name, n.CustomID, n.ID) }

func flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// rangeView is the data of a range as its template wants it.
type rangeView struct {
	*rangeData
	Heading                           string
	OneDay                            bool
	PersonSeconds, ParticipantSeconds float64
	Busiest                           string
	Cut                               int64
	Quality                           []qualityLine
}

// qualityLine is a check and the number of sessions in which it found something.
type qualityLine struct {
	Title    string
	Sessions int64
}

// rangeCharts is what the script draws; hours are person-hours.
type rangeCharts struct {
	Zone    string       `json:"zone"`
	Days    []string     `json:"days"`
	Apps    []string     `json:"apps"`
	Hours   [][]float64  `json:"hours"` // by app and day
	Presets []presetLine `json:"presets"`
}

type presetLine struct {
	Name  string  `json:"n"`
	Hours float64 `json:"h"`
}

func rangePage(d *rangeData, o Options) page {
	v := &rangeView{rangeData: d, OneDay: d.Span.Last().Equal(d.Span.From), Cut: d.Sessions - int64(len(d.Lines))}
	from, to := d.Span.From.Format("2 January 2006"), d.Span.Last().Format("2 January 2006")
	v.Heading = "Usage from " + from + " to " + to
	if v.OneDay {
		v.Heading = "Usage on " + from
	}
	best := map[string]float64{}
	for i := range d.Days {
		u := &d.Days[i]
		v.PersonSeconds += u.PersonSeconds
		v.ParticipantSeconds += u.ParticipantSeconds
		day := u.Day.Format(time.DateOnly)
		best[day] += u.PersonSeconds
		if v.Busiest == "" || best[day] > best[v.Busiest] {
			v.Busiest = day
		}
	}
	for _, f := range d.Findings {
		v.Quality = append(v.Quality, qualityLine{f.title(), f.Findings})
	}
	return page{Title: v.Heading, Charts: d.charts(o), Now: o.Now, Made: o.Version, Zone: o.Zone, Range: v}
}

// mostCalendarDays is up to how many days those without usage are drawn, too.
const mostCalendarDays = 3660

// Gaps reports whether the chart leaves out days without usage.
func (d *rangeData) Gaps() bool {
	return len(d.Days) > 0 && d.Days[len(d.Days)-1].Day.Sub(d.Days[0].Day) > mostCalendarDays*24*time.Hour
}

// calendar gives the days to draw, none twice: from the first with usage to the
// last, so that a range may begin long before the data.
func (d *rangeData) calendar() (days []string) {
	if d.Gaps() {
		for i := range d.Days {
			days = append(days, d.Days[i].Day.Format(time.DateOnly))
		}
		return slices.Compact(days)
	}
	first, last := d.Span.From, d.Span.Last()
	if len(d.Days) > 0 {
		first, last = d.Days[0].Day, d.Days[len(d.Days)-1].Day
	}
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		days = append(days, day.Format(time.DateOnly))
	}
	return days
}

// charts lays usage out by app and day; a day without usage is 0.
func (d *rangeData) charts(o Options) rangeCharts {
	c := rangeCharts{Zone: o.Zone.String(), Days: d.calendar(), Apps: []string{}, Hours: [][]float64{}, Presets: []presetLine{}}
	days := map[string]int{}
	for i, day := range c.Days {
		days[day] = i
	}
	apps := map[string]int{}
	for i := range d.Days {
		u := &d.Days[i]
		at, known := apps[u.AppID]
		if !known {
			at = len(c.Apps)
			apps[u.AppID] = at
			c.Apps = append(c.Apps, labelOf(nameOf(u.App, u.AppID)))
			c.Hours = append(c.Hours, make([]float64, len(c.Days)))
		}
		c.Hours[at][days[u.Day.Format(time.DateOnly)]] = u.PersonSeconds / 3600
	}
	for _, p := range d.Presets {
		c.Presets = append(c.Presets, presetLine{labelOf(p.Name()), p.ParticipantSeconds / 3600})
	}
	return c
}

// Name gives preset and view type in one text.
func (p presetSum) Name() string {
	name := nameOf(p.Preset, "no preset")
	if p.View != "" {
		name += " · " + p.View
	}
	return name
}

// Shown gives what to call the session.
func (l *sessionLine) Shown() string { return nameOf(l.Title, "Session without a title") }
