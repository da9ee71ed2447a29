package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Recording is a recording of a session. A zero time and an empty string are null on
// the wire, as is a negative number.
type Recording struct {
	ID         string
	SessionID  string
	MeetingID  string // empty leaves the meeting out
	Track      bool   // one file per peer: the address is a list then
	Status     string
	InvokedAt  time.Time
	StartedAt  time.Time
	StoppedAt  time.Time
	Seconds    int
	Bytes      int
	OutputFile string
	Extra      Extra
}

// Livestream is a run of a session's livestream.
type Livestream struct {
	ID            string
	LivestreamID  string
	IngestSeconds float64
	ViewerSeconds float64
	StartedAt     time.Time
	StoppedAt     time.Time
	Extra         Extra
}

// recordedSize is from how many participants on a session of the made-up data
// counts as recorded.
const recordedSize = 300

// AllRecordings gives the recordings of an app: its own, and one of each large session
// that ended.
func (a *App) AllRecordings() []*Recording {
	all := slices.Clone(a.Recordings)
	for _, s := range a.Sessions {
		if s == nil || len(s.Participants) < recordedSize || s.StartedAt.IsZero() || s.EndedAt.IsZero() {
			continue
		}
		all = append(all, &Recording{
			ID: derivedID(s.ID, 'd'), SessionID: s.ID, MeetingID: s.MeetingID, Status: "UPLOADED",
			InvokedAt: s.StartedAt, StartedAt: s.StartedAt, StoppedAt: s.EndedAt,
			Seconds: int(s.EndedAt.Sub(s.StartedAt).Seconds()), Bytes: 1 << 20, OutputFile: "session.mp4",
		})
	}
	return all
}

// AllLivestreams gives the runs of a session's livestream: its own, and one of a session
// of the type that ended.
func (s *Session) AllLivestreams() []*Livestream {
	all := slices.Clone(s.Livestreams)
	if s.Type == TypeLivestream && !s.StartedAt.IsZero() && !s.EndedAt.IsZero() {
		seconds := s.EndedAt.Sub(s.StartedAt).Seconds()
		all = append(all, &Livestream{
			ID: derivedID(s.ID, 'c'), LivestreamID: derivedID(s.MeetingID, 'b'), IngestSeconds: float64(int(seconds)),
			ViewerSeconds: round4(seconds * float64(len(s.Participants))), StartedAt: s.StartedAt, StoppedAt: s.EndedAt,
		})
	}
	return all
}

// derivedID gives another UUID that follows from one.
func derivedID(id string, first byte) string {
	if id == "" {
		return id
	}
	return string(first) + id[1:]
}

// listRecordings answers with the recordings of an app. Expired ones are listed too.
func (c *call) listRecordings(app *App) ([]byte, *apiError) {
	q := &c.query
	from, to := q.instant("start_time"), q.instant("end_time")
	meeting := q.values.Get("meeting_id")
	q.choice("sort_by", "invokedTime")
	desc := q.choice("sort_order", "DESC", "ASC") == "DESC"
	pages := c.pages()
	if q.err != nil {
		return nil, q.err
	}
	var rows []*Recording
	for _, r := range app.AllRecordings() {
		if within(r.InvokedAt, from, to) && (meeting == "" || meeting == r.MeetingID) && found(q.search(), r.OutputFile, r.ID) {
			rows = append(rows, r)
		}
	}
	order(rows, desc, c.flips(), func(a, b *Recording) int { return a.InvokedAt.Compare(b.InvokedAt) })
	return c.dialect.list(c.buf, "", pages(len(rows)), func(buf []byte, n int) []byte { return c.dialect.recording(buf, rows[n]) }), nil
}

func (d *Dialect) recording(buf []byte, r *Recording) []byte {
	o := d.object(buf, r.Extra)
	o.text("id", r.ID)
	o.optional("session_id", r.SessionID)
	o.text("status", r.Status)
	o.time("invoked_time", r.InvokedAt, "")
	o.time("started_time", r.StartedAt, "")
	o.time("stopped_time", r.StoppedAt, "")
	if r.Seconds >= 0 && !r.StoppedAt.IsZero() {
		o.count("recording_duration", r.Seconds)
	}
	if r.Bytes >= 0 {
		o.count("file_size", r.Bytes)
	} else {
		o.raw("file_size", "null")
	}
	address := planted("download-url")
	if r.Track {
		// As the guide to track recordings shows it, whatever the schema says.
		o.text("type", "TRACK")
		address = `[{"layer_name":"default","download_urls":{` + strconv.Quote(r.OutputFile) + `:{"download_url":` + address + `}}}]`
	}
	o.text("output_file_name", PlantedSecret+r.OutputFile)
	o.raw("download_url", address)
	o.raw("audio_download_url", planted("audio-url"))
	o.time("download_url_expiry", r.InvokedAt.AddDate(0, 0, 7), "")
	o.raw("storage_config", `{"type":"aws","access_key":`+planted("access-key")+`,"secret":`+planted("secret")+
		`,"password":`+planted("password")+`,"private_key":`+planted("private-key")+`,"bucket":"b"}`)
	if r.MeetingID != "" {
		o.raw("meeting", fmt.Sprintf(`{"id":%q,"title":"x","recording_config":{"storage_config":{"secret":%s}}}`, r.MeetingID, planted("meeting-storage")))
	}
	return o.close()
}

// listLivestreams answers with one livestream for each meeting that has one.
func (c *call) listLivestreams(app *App) ([]byte, *apiError) {
	c.query.choice("sort_order", "DSC", "ASC")
	pages := c.pages()
	if c.query.err != nil {
		return nil, c.query.err
	}
	var rows []*Session
	for _, s := range app.Sessions {
		if s != nil && len(s.AllLivestreams()) > 0 && !slices.ContainsFunc(rows, func(o *Session) bool { return o.MeetingID == s.MeetingID }) {
			rows = append(rows, s)
		}
	}
	member := ""
	if c.dialect.LivestreamsInData {
		member = "data"
	}
	return c.dialect.list(c.buf, member, pages(len(rows)), func(buf []byte, n int) []byte {
		o := c.dialect.object(buf, nil)
		o.text("id", derivedID(rows[n].MeetingID, 'b'))
		o.text("meeting_id", rows[n].MeetingID)
		o.text("name", "x")
		o.text("status", "OFFLINE")
		o.text("disabled", "false")
		o.raw("stream_key", planted("stream-key"))
		o.raw("ingest_server", planted("ingest"))
		o.raw("playback_url", planted("playback"))
		return o.close()
	}), nil
}

// sessionLivestreams answers as the published example does, with a list, or as the
// schema says, with one record.
func (c *call) sessionLivestreams(s *Session) ([]byte, *apiError) {
	pages := c.pages()
	if c.query.err != nil {
		return nil, c.query.err
	}
	rows := s.AllLivestreams()
	if len(rows) == 0 && !c.dialect.LivestreamsInData {
		return nil, notFound("No livestream found")
	}
	if c.dialect.FlatLivestream && len(rows) == 1 {
		return append(c.dialect.livestream(c.ok(""), rows[0]), '}'), nil
	}
	return c.dialect.list(c.buf, "data", pages(len(rows)), func(buf []byte, n int) []byte { return c.dialect.livestream(buf, rows[n]) }), nil
}

func (d *Dialect) livestream(buf []byte, l *Livestream) []byte {
	o := d.object(buf, l.Extra)
	o.text("id", l.ID)
	o.text("livestream_id", l.LivestreamID)
	o.raw("err_message", "null")
	o.number("ingest_seconds", l.IngestSeconds)
	o.number("viewer_seconds", l.ViewerSeconds)
	o.raw("invoked_time", "null")
	o.time("started_time", l.StartedAt, "")
	o.time("stopped_time", l.StoppedAt, "")
	o.time("created_at", l.StartedAt, "")
	o.time("updated_at", laterOf(l.StoppedAt, l.StartedAt), "")
	o.raw("stream_key", planted("stream-key"))
	return o.close()
}

func laterOf(a, b time.Time) time.Time { return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare) }

// countRecordings adds the recordings of an app to its days.
func countRecordings(app *App, from, to time.Time, days map[time.Time]*dayCount) {
	for _, r := range app.AllRecordings() {
		day := cmp.Or(r.StartedAt, r.InvokedAt).UTC().Truncate(24 * time.Hour)
		if day.Before(from) || day.After(to) {
			continue
		}
		if days[day] == nil {
			days[day] = &dayCount{}
		}
		days[day].recordings++
		days[day].recorded += float64(r.Seconds) / 60
	}
}
