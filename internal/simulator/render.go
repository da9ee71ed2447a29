package simulator

// renderer writes rows in one dialect.
type renderer struct {
	*Dialect
	events bool               // include_peer_events
	added  map[string]float64 // minutes in breakout rooms by user_id, for view=consolidated
}

func (d *Dialect) app(buf []byte, a *App) []byte {
	o := d.object(buf, a.Extra)
	o.text("id", a.ID)
	o.optional("name", a.Name)
	o.time("created_at", a.CreatedAt, "")
	return o.close()
}

// session writes a session; rooms is the value of breakout_rooms, which is left
// out where it is empty.
func (d *Dialect) session(buf []byte, s *Session, rooms string) []byte {
	o := d.object(buf, s.Extra)
	o.text("id", s.ID)
	o.text("associated_id", s.MeetingID)
	o.text("meeting_display_name", s.MeetingTitle)
	o.text("type", s.Type)
	o.text("status", s.Status)
	o.count("live_participants", s.LiveParticipants)
	o.count("max_concurrent_participants", s.MaxConcurrent)
	o.number("minutes_consumed", s.MinutesConsumed)
	o.text("organization_id", s.AppID)
	o.time("started_at", s.StartedAt, "")
	switch {
	case !s.EndedAt.IsZero():
		o.time("ended_at", s.EndedAt, "")
	case d.EndedAtStringNull:
		o.text("ended_at", "null")
	}
	o.time("created_at", s.CreatedAt, "")
	o.time("updated_at", s.UpdatedAt, "")
	if rooms != "" {
		o.raw("breakout_rooms", rooms)
	}
	return o.close()
}

// participant writes the n-th row of its session, counted from 0.
func (r *renderer) participant(buf []byte, p *Participant, n int) []byte {
	o := r.object(buf, p.Extra)
	o.text("id", p.ID)
	o.optional("user_id", p.UserID)
	o.optional("custom_participant_id", p.CustomParticipantID)
	o.optional("display_name", p.DisplayName)
	o.optional("preset_name", p.PresetName)
	tail := ""
	if r.StrayQuotes > 0 && (n+1)%r.StrayQuotes == 0 {
		tail = `\"`
	}
	o.time("joined_at", p.JoinedAt, tail)
	o.time("left_at", p.LeftAt, "")
	if p.DurationMinutes == nil {
		o.raw("duration", "null")
	} else {
		o.number("duration", round4(*p.DurationMinutes+r.added[p.UserID]))
	}
	o.time("created_at", p.CreatedAt, "")
	o.time("updated_at", p.UpdatedAt, "")
	if r.events && o.key("peer_events") {
		o.buf = r.peerEvents(o.buf, p.Events)
	}
	return o.close()
}

func (r *renderer) peerEvents(buf []byte, events []PeerEvent) []byte {
	buf = append(buf, '[')
	if r.NoPeerEvents {
		return append(buf, ']')
	}
	for i := range events {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = r.peerEvent(buf, &events[i])
	}
	return append(buf, ']')
}

func (d *Dialect) peerEvent(buf []byte, e *PeerEvent) []byte {
	o := d.object(buf, e.Extra)
	o.text("id", e.ID)
	o.text("event_name", e.EventName)
	o.text("peer_id", e.PeerID)
	if !d.FiveFieldEvents {
		o.optional("participant_id", e.ParticipantID)
		o.optional("session_id", e.SessionID)
		o.optional("socket_session_id", e.SocketSessionID)
		o.optional("preset_view_type", e.PresetViewType)
		o.number("minutes_consumed", e.MinutesConsumed)
	}
	o.time("created_at", e.CreatedAt, "")
	o.time("updated_at", e.UpdatedAt, "")
	return o.close()
}

// list writes an answer with rows: data is an array, or an object with the rows
// under member. The rows are written by row, for each number in [p.lo, p.hi).
func (d *Dialect) list(buf []byte, member string, p page, row func([]byte, int) []byte) []byte {
	inData := d.Paging == PagingInData || d.Paging == PagingAuto && member == "participants"
	inData = inData && member != ""
	buf = append(buf, `{"success":true,"data":`...)
	if member != "" {
		buf = append(appendString(append(buf, '{'), member), ':')
	}
	buf = append(buf, '[')
	for n := p.lo; n < p.hi; n++ {
		if n > p.lo {
			buf = append(buf, ',')
		}
		buf = row(buf, n)
	}
	buf = append(buf, ']')
	if member != "" {
		if inData {
			buf = d.paging(buf, p)
		}
		buf = append(buf, '}')
	}
	if !inData && d.Paging != PagingAbsent {
		buf = d.paging(buf, p)
	}
	return append(buf, '}')
}

func (d *Dialect) paging(buf []byte, p page) []byte {
	o := d.object(append(buf, `,"paging":`...), nil)
	o.count("total_count", p.total)
	o.count("start_offset", p.start)
	o.count("end_offset", p.end)
	return o.close()
}
