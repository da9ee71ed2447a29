package extract

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// DailyStats reads the vendor's own counts of an app, day by day. A zero from
// leaves the range to the API, which is documented as the last 30 days; else
// the days from and to are named. Days without data seem to be left out, all of
// them where there is none. An answer without the list of the days of sessions says
// nothing about any day and is an error.
func (c *Client) DailyStats(ctx context.Context, appID string, from, to time.Time) (model.DailyPage, error) {
	query := url.Values{}
	if !from.IsZero() {
		query.Set("start_date", from.UTC().Format(time.DateOnly))
		query.Set("end_date", to.UTC().Format(time.DateOnly))
	}
	var days dayBook
	err := c.get(ctx, "/"+url.PathEscape(appID)+"/analytics/daywise", query, func(body []byte) (envelope, error) {
		days = dayBook{appID: appID}
		env, err := readEnvelope(body, days.section)
		if err == nil && env.success && env.hasData && !days.listed {
			err = fmt.Errorf("%w: the answer has no list data.session_stats.day_stats", errShape)
		}
		return env, err
	})
	return days.page(), err
}

// dayBook gathers the two lists of an answer, sessions and recordings, by day.
type dayBook struct {
	appID    string
	listed   bool // the days of sessions were there, be it none
	days     []model.DailyStats
	rejected []model.Rejected
}

// section reads session_stats or recording_stats; their totals are the sums of
// the days.
func (b *dayBook) section(s *scanner, name string) error {
	if name != "session_stats" && name != "recording_stats" || s.dec.PeekKind() != jsontext.KindBeginObject {
		return wrapJSON(s.dec.SkipValue())
	}
	ofSessions := name == "session_stats"
	return s.object(func(name string) error {
		if name != "day_stats" || s.dec.PeekKind() == jsontext.KindNull {
			return wrapJSON(s.dec.SkipValue())
		}
		b.listed = b.listed || ofSessions
		return s.array(func() error {
			return s.guarded(dayFields, func(c cursor) error {
				b.day(c)
				return nil
			})
		})
	})
}

// dayFields are the members of a day. Source: Cloudflare's OpenAPI document.
var dayFields = fieldRules{
	"day": keptField, "total_sessions": keptField, "total_session_minutes": keptField,
	"total_recordings": keptField, "total_recording_minutes": keptField,
}

// day decodes one day and adds it to what the other list said of it.
func (b *dayBook) day(c cursor) {
	var d model.DailyStats
	r, ok := newRow(c)
	for ok && r.more() {
		r.dayField(&d, r.name(), r.value())
	}
	d.Provenance = r.prov
	if rejected := r.verdict(model.EntityDailyStats, d.Day.IsZero()); rejected != nil {
		rejected.AppID = b.appID
		b.rejected = append(b.rejected, *rejected)
		return
	}
	for i := range b.days {
		if b.days[i].Day.Equal(d.Day) {
			merge(&b.days[i], &d)
			return
		}
	}
	b.days = append(b.days, d)
}

func (r *row) dayField(into *model.DailyStats, name, raw string) {
	switch name {
	case "day":
		into.Day = r.day("stats_date", raw)
	case "total_sessions":
		into.Sessions = r.count("total_sessions", raw)
	case "total_session_minutes":
		into.SessionMinutes = r.number("total_session_minutes", raw)
	case "total_recordings":
		into.Recordings = r.count("total_recordings", raw)
	case "total_recording_minutes": // a whole number by its schema, a fraction by its example
		into.RecordingMinutes = r.number("total_recording_minutes", raw)
	default:
		r.keep(name, raw)
	}
}

// day reads a day, in either of the two forms that the documents show.
func (r *row) day(field, raw string) time.Time {
	text, ok := r.plainText(field, raw)
	if !ok || model.IsNoValue(text) {
		return time.Time{}
	}
	r.key = text
	day, mended, bad := model.ParseDay(text)
	switch {
	case bad != nil:
		r.reject(field, bad)
	case mended:
		r.repair(field, raw)
	}
	return day
}

// merge adds what another row of the same day says. Of two values that contradict
// each other the later counts, and both are kept in repairs.
func merge(into, more *model.DailyStats) {
	repairs := maps.Clone(more.Repairs)
	for column, n := range map[string]struct{ into, more *model.Number }{
		"total_sessions":          {&into.Sessions, &more.Sessions},
		"total_session_minutes":   {&into.SessionMinutes, &more.SessionMinutes},
		"total_recordings":        {&into.Recordings, &more.Recordings},
		"total_recording_minutes": {&into.RecordingMinutes, &more.RecordingMinutes},
	} {
		if n.into.Valid && n.more.Valid && *n.into != *n.more {
			repairs = repairs.With(column, fmt.Sprintf("%v, then %v", n.into.Value, n.more.Value))
		}
		if n.more.Valid {
			*n.into = *n.more
		}
	}
	switch {
	case len(into.Extra) == 0:
		into.Extra = more.Extra
	case len(more.Extra) > 0: // two objects of at least one member make one
		into.Extra = slices.Concat(into.Extra[:len(into.Extra)-1], []byte{','}, more.Extra[1:])
	}
	for column, raw := range repairs {
		into.Repairs = into.Repairs.With(column, raw)
	}
}

func (b *dayBook) page() model.DailyPage {
	slices.SortFunc(b.days, func(a, z model.DailyStats) int { return a.Day.Compare(z.Day) })
	return model.DailyPage{Days: b.days, Rejected: b.rejected}
}
