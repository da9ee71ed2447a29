package simulator

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// PlantedSecret begins every text in the answers that a client must not keep:
// storage keys, stream keys, signed URLs, tokens, session descriptions.
const PlantedSecret = "planted-secret-"

// planted gives a JSON string that must not be kept.
func planted(what string) string { return `"` + PlantedSecret + what + `"` }

// meeting is a room as its record and its sessions show it.
type meeting struct {
	id, title        string
	created, updated time.Time
	enrolled         []*Enrolled // each id once
	extra            Extra
}

// meetings gathers the rooms of an app, in the order of their first session;
// those without a session come last.
func meetings(app *App) []*meeting {
	byID := map[string]*meeting{}
	var all []*meeting
	room := func(id string, created time.Time) *meeting {
		m := byID[id]
		if m == nil {
			m = &meeting{id: id, created: created, updated: created}
			byID[id] = m
			all = append(all, m)
		}
		return m
	}
	for _, s := range app.Sessions {
		if s != nil {
			m := room(s.MeetingID, s.CreatedAt)
			m.title, m.updated = s.MeetingTitle, s.CreatedAt
		}
	}
	for _, own := range app.Meetings {
		m := room(own.ID, own.CreatedAt)
		m.title, m.created, m.updated = cmp.Or(own.Title, m.title), own.CreatedAt, own.CreatedAt
		m.enrolled, m.extra = slices.Clone(own.Enrolled), own.Extra
	}
	for _, s := range app.Sessions {
		if s != nil {
			byID[s.MeetingID].came(s)
		}
	}
	return all
}

// came enrols whoever was in a session and is not enrolled yet.
func (m *meeting) came(s *Session) {
	known := map[string]bool{}
	for _, e := range m.enrolled {
		known[e.ID] = true
	}
	for _, p := range s.Participants {
		if p == nil || p.UserID == "" || known[p.UserID] {
			continue
		}
		known[p.UserID] = true
		m.enrolled = append(m.enrolled, &Enrolled{
			ID: p.UserID, CustomParticipantID: p.CustomParticipantID, Name: p.DisplayName, PresetName: p.PresetName,
			CreatedAt: m.created,
		})
	}
}

func (d *Dialect) meeting(buf []byte, m *meeting) []byte {
	o := d.object(buf, m.extra)
	o.text("id", m.id)
	o.optional("title", m.title)
	o.text("status", "ACTIVE")
	o.raw("record_on_start", "false")
	o.raw("persist_chat", "true")
	o.number("session_keep_alive_time_in_secs", 60)
	o.raw("recording_config", `{"file_name_prefix":"x","storage_config":{"type":"aws","access_key":`+planted("access-key")+
		`,"secret":`+planted("storage")+`,"bucket":"b"}}`)
	o.raw("live_streaming_config", `{"rtmp_url":`+planted("rtmp")+`}`)
	o.raw("stream_key", planted("stream-key"))
	o.time("created_at", m.created, "")
	o.time("updated_at", m.updated, "")
	return o.close()
}

func (c *call) listMeetings(app *App) ([]byte, *apiError) {
	q := &c.query
	from, to := q.instant("start_time"), q.instant("end_time")
	status := q.choice("status", "", "ACTIVE", "INACTIVE")
	desc := q.choice("sort_order", "DESC", "ASC") == "DESC"
	pages := c.pages()
	if q.err != nil {
		return nil, q.err
	}
	var rows []*meeting
	for _, m := range meetings(app) {
		if status != "INACTIVE" && within(m.created, from, to) && found(q.search(), m.title, m.id) {
			rows = append(rows, m)
		}
	}
	order(rows, desc, c.flips(), func(a, b *meeting) int { return a.created.Compare(b.created) })
	return c.dialect.list(c.buf, "", pages(len(rows)), func(buf []byte, n int) []byte {
		return c.dialect.meeting(buf, rows[n])
	}), nil
}

// room finds the meeting of the path.
func (c *call) room(app *App) (*meeting, *apiError) {
	for _, m := range meetings(app) {
		if m.id == c.route.meeting {
			return m, nil
		}
	}
	return nil, notFound("No meeting found")
}

func (c *call) meetingDetail(app *App) ([]byte, *apiError) {
	m, fail := c.room(app)
	if fail != nil {
		return nil, fail
	}
	return append(c.dialect.meeting(c.ok(""), m), '}'), nil
}

// listEnrolled answers with the people of a meeting, once each.
func (c *call) listEnrolled(app *App) ([]byte, *apiError) {
	pages := c.pages()
	if c.query.err != nil {
		return nil, c.query.err
	}
	m, fail := c.room(app)
	if fail != nil {
		return nil, fail
	}
	return c.dialect.list(c.buf, "", pages(len(m.enrolled)), func(buf []byte, n int) []byte {
		e := m.enrolled[n]
		o := c.dialect.object(buf, e.Extra)
		o.text("id", e.ID)
		o.text("custom_participant_id", e.CustomParticipantID)
		o.text("preset_name", e.PresetName)
		o.optional("name", e.Name)
		o.raw("picture", strconv.Quote("https://pictures.example/p.png?signature="+PlantedSecret+"picture"))
		o.raw("token", planted("token"))
		o.time("created_at", e.CreatedAt, "")
		o.time("updated_at", e.CreatedAt, "")
		return o.close()
	}), nil
}
