package report

import "fmt"

// sessionView is the data of a session as its template wants it.
type sessionView struct {
	*sessionData
	Title    string
	Rows     []personView
	Absent   []absentView
	More     bool // more absent people than Absent holds
	Cut      int64
	Notes    []string
	Peak     string // where the curve is highest, in words
	Points   []point
	Live     bool
	SpanDays bool
	Zone     string
}

// absentView is a row of the table of who did not come.
type absentView struct {
	noShow
	called
}

// Uncounted says why nobody is said to be absent.
func (v *sessionView) Uncounted() string {
	switch {
	case !v.Enrolled:
		return "Who was absent is not known: nobody is known to be enrolled in the meeting."
	case !v.Lesson && v.Live:
		return "Who is absent is not counted yet: with so few people or minutes, this session is no lesson so far."
	case !v.Lesson:
		return "Who was absent is not counted: with so few people or minutes, this session is no lesson (see “Lessons” in docs/analytics.md)."
	}
	return ""
}

// manyRows is from how many rows in a table a page has a table of contents.
const manyRows = 40

// Long tells whether the page needs a table of contents.
func (v *sessionView) Long() bool { return len(v.Rows) >= manyRows }

// leastAudience is from how many people on a session has an audience: of fewer, a
// share says nothing that the attendance table does not say better.
const leastAudience = 5

// audience gives the points to draw: none of a consultation, and neither the start
// nor the end where nobody was inside at that very moment, which is the rule.
func (d *sessionData) audience() []point {
	points := d.Points
	if d.Head.People < leastAudience {
		return nil
	}
	if len(points) > 0 && points[0].Percent == 0 && points[0].Present == 0 {
		points = points[1:]
	}
	if n := len(points); n > 0 && points[n-1].Percent == 100 && points[n-1].Present == 0 {
		points = points[:n-1]
	}
	return points
}

// personView is a row of the attendance table.
type personView struct {
	person
	called
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
	Offsets  bool         `json:"offsets"`
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
		Cut: h.People - int64(len(d.People)), Points: d.audience(), Zone: o.Zone.String(),
	}
	p := page{Title: v.Title, Now: o.Now, Made: o.Version, Zone: o.Zone, Session: v}
	if h.StartsAt != nil {
		p.Title += ", " + p.Date(*h.StartsAt)
	}
	shown := d.clocks(o.Zone)
	v.SpanDays, p.Offsets = shown.days(), shown.offsets()
	people := calledBy(len(d.People), func(i int) (string, string, string) {
		return d.People[i].Name, d.People[i].CustomID, d.People[i].ID
	})
	for i := range d.People {
		row := personView{person: d.People[i], called: people[i]}
		if n := len(row.Stays); n > 1 {
			row.Times = row.Stays[:min(n, maxTimes)]
			row.More = n - len(row.Times)
		}
		v.Rows = append(v.Rows, row)
	}
	for _, f := range d.Findings {
		v.Notes = append(v.Notes, f.sentence())
	}
	v.More = len(d.NoShows) > maxNoShows
	missing := d.NoShows[:min(len(d.NoShows), maxNoShows)]
	names := calledBy(len(missing), func(i int) (string, string, string) {
		return missing[i].Name, missing[i].CustomID, missing[i].ID
	})
	for i := range missing {
		v.Absent = append(v.Absent, absentView{missing[i], names[i]})
	}
	if highest := d.highest(); highest != nil {
		v.Peak = fmt.Sprintf("The peak was %s, from %s.", counted(highest.People, "person", "people"), p.Moment(highest.At))
	}
	p.Charts = v.charts(p)
	return p
}

// highest gives the first step at which most people were inside.
func (d *sessionData) highest() (highest *step) {
	for i := range d.Steps {
		if s := &d.Steps[i]; highest == nil || s.People > highest.People {
			highest = s
		}
	}
	return highest
}

// charts gives what the script draws.
func (v *sessionView) charts(p page) sessionCharts {
	c := sessionCharts{
		Zone: v.Zone, SpanDays: v.SpanDays, Offsets: p.Offsets, ByMinute: v.ByMinute,
		Steps: [][3]int64{}, People: []personLine{}, Points: [][2]float64{},
	}
	if at := v.Head.StartsAt; at != nil {
		c.Start = at.UnixMilli()
	}
	if at := v.Head.EndsAt; at != nil {
		c.End = at.UnixMilli()
	}
	for i := range v.Rows {
		line := personLine{Name: v.Rows[i].label()}
		for _, s := range v.Rows[i].Stays {
			line.Stays = append(line.Stays, [3]int64{s.From.UnixMilli(), s.To.UnixMilli(), flag(s.Open)})
		}
		c.People = append(c.People, line)
	}
	for _, s := range v.Steps {
		c.Steps = append(c.Steps, [3]int64{s.At.UnixMilli(), s.People, s.Devices})
	}
	for _, point := range v.Points {
		if point.Share != nil {
			c.Points = append(c.Points, [2]float64{float64(point.Percent), *point.Share})
		}
	}
	return c
}

func flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
