package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"time"
)

//go:embed assets/page.html.tmpl assets/session.html.tmpl assets/range.html.tmpl assets/register.html.tmpl assets/person.html.tmpl
var templates embed.FS

//go:embed assets/report.css
var styleText string

//go:embed assets/report.js
var scriptText string

//go:embed assets/echarts.min.js
var chartsText string

var pages = template.Must(template.New("").Funcs(template.FuncMap{"clean": clean}).ParseFS(templates, "assets/*.tmpl"))

// page is what the templates see; its methods write times and numbers.
type page struct {
	Kind    string // session, range, register or person
	Title   string // of the browser's tab and of a PDF: with the date
	Charts  any    // for the script, as JSON
	Now     time.Time
	Made    string // version of the program
	Zone    *time.Location
	Offsets bool // every clock time has its offset from UTC

	Session  *sessionView
	Range    *rangeView
	Register *registerView
	Person   *personPage
}

// Policy lets the two scripts of the page run and nothing else; nothing is
// fetched from anywhere.
func (page) Policy() string {
	return fmt.Sprintf("default-src 'none'; script-src '%s' '%s'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
		digest(chartsText), digest(scriptText))
}

func digest(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Style, Library and Script are ours or the library's, and hold no data.
func (page) Style() template.CSS  { return template.CSS(styleText) } //nolint:gosec // embedded, see above
func (page) Library() template.JS { return template.JS(chartsText) } //nolint:gosec // embedded, see above
func (page) Script() template.JS  { return template.JS(scriptText) } //nolint:gosec // embedded, see above

// ZoneName names the zone of the clock times.
func (p page) ZoneName() string { return p.Zone.String() }

// Clock writes a time of day.
func (p page) Clock(t time.Time) string { return p.write(t, "15:04:05") }

// Moment writes a time of the session: of day, with the day where it spans several.
func (p page) Moment(t time.Time) string {
	if p.Session.SpanDays {
		return p.Stamp(t)
	}
	return p.Clock(t)
}

// Date writes a day.
func (p page) Date(t time.Time) string { return t.In(p.Zone).Format("2 January 2006") }

// Until writes the end of something that began at a time: with its day where that is
// another, and its offset from UTC where the clock was set in between.
func (p page) Until(end, begin time.Time) string {
	_, before := begin.In(p.Zone).Zone()
	_, after := end.In(p.Zone).Zone()
	p.Offsets = p.Offsets || before != after
	if p.Date(end) != p.Date(begin) {
		return p.Date(end) + ", " + p.Clock(end)
	}
	return p.Clock(end)
}

// Stamp writes day and time.
func (p page) Stamp(t time.Time) string { return p.write(t, "2006-01-02 15:04:05") }

// Short writes day and time to the minute.
func (p page) Short(t time.Time) string { return p.write(t, "2006-01-02 15:04") }

// write adds the offset from UTC where the clock shows the same time twice.
func (p page) write(t time.Time, layout string) string {
	t = t.In(p.Zone)
	if p.Offsets || twice(t) {
		layout += " UTC-07:00"
	}
	return t.Format(layout)
}

// Day writes a day of the views, which come as midnights in UTC.
func (page) Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// ISO is for the attribute datetime.
func (page) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// Sort is a number that sorts as the time does.
func (page) Sort(t time.Time) int64 { return t.UnixMilli() }

// Minutes writes seconds as minutes.
func (page) Minutes(seconds float64) string { return grouped(seconds/60, 1) }

// Hours writes seconds as hours.
func (page) Hours(seconds float64) string { return grouped(seconds/3600, 1) }

// Number writes a whole number.
func (page) Number(n int64) string { return grouped(float64(n), 0) }

// Percent writes a share of 0 to 1.
func (page) Percent(share *float64) string {
	if share == nil {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", *share*100)
}

// Value gives a number for sorting; -1 stands for none.
func (page) Value(f *float64) float64 {
	if f == nil {
		return -1
	}
	return *f
}

// Length writes a duration of seconds in words.
func (page) Length(seconds float64) string {
	seconds = math.Round(seconds)
	minutes := math.Round(seconds / 60)
	switch { // no time.Duration: it ends at 292 years, and absurd times lie further apart
	case seconds < 60:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%.0f min", minutes)
	}
	return fmt.Sprintf("%.0f h %.0f min", math.Floor(minutes/60), math.Mod(minutes, 60))
}

// writePage fills the template of that kind in.
func writePage(w io.Writer, kind string, p page) error {
	p.Kind = kind
	if err := pages.ExecuteTemplate(w, "page.html.tmpl", p); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// Count writes "1 person", "2 people".
func (page) Count(n int64, one, many string) string { return counted(n, one, many) }

// Late writes how late somebody came, in minutes; who came before the start is not.
func (p page) Late(seconds *float64) string {
	if seconds == nil {
		return "–"
	}
	return p.Minutes(max(*seconds, 0))
}

// Named gives what to call a meeting.
func (page) Named(title string) string { return nameOf(title, "Without a title") }

// Whole makes the length of a list a number for Number.
func (page) Whole(n int) int64 { return int64(n) }
