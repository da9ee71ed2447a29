package report

import (
	"slices"
	"strings"
	"time"
)

// rangeView is the data of a range as its template wants it.
type rangeView struct {
	*rangeData
	Heading                           string
	OneDay                            bool
	PersonSeconds, ParticipantSeconds float64
	Busiest                           string
	Cut                               int64
	Quality                           []qualityLine
	DaysIn                            string // whose days they are, in words
	Zones                             bool   // whether they are of several zones
}

// Long tells whether the page needs a table of contents.
func (v *rangeView) Long() bool { return len(v.Lines)+len(v.Days) >= manyRows }

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

func rangePage(d *rangeData, zones []string, o Options) page {
	v := &rangeView{rangeData: d, Zones: len(zones) > 1, DaysIn: "UTC", OneDay: d.Span.Last().Equal(d.Span.From), Cut: d.Stored - int64(len(d.Lines))}
	from, to := d.Span.From.Format("2 January 2006"), d.Span.Last().Format("2 January 2006")
	v.Heading = "Usage from " + from + " to " + to
	if v.OneDay {
		v.Heading = "Usage on " + from
	}
	switch {
	case v.Zones:
		v.DaysIn = "those of each app"
	case len(zones) == 1 && zones[0] != "UTC":
		v.DaysIn = "those of " + zones[0]
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

// LeftOut says which minutes no price fits, where there are costs.
func (d *rangeData) LeftOut() string {
	var without []string
	for _, part := range []struct {
		minutes float64
		of      string
	}{{d.Unpriced.Minutes, " participant-minutes"}, {d.Unpriced.Recorded, " minutes of recordings and livestreams"}} {
		if part.minutes >= 0.05 { // which is written as 0.1
			without = append(without, grouped(part.minutes, 1)+part.of)
		}
	}
	if len(d.Costs) == 0 || len(without) == 0 {
		return ""
	}
	return "The cost leaves out " + strings.Join(without, " and ") + ", for which analytics.prices has no price."
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

// NothingSentence is Nothing as a sentence.
func (d *rangeData) NothingSentence() string {
	return strings.ToUpper(d.Nothing[:1]) + d.Nothing[1:] + "."
}
