package simulator

import "time"

// call is one request on its way through the API.
type call struct {
	buf     []byte
	route   route
	data    *Data
	index   index
	dialect *Dialect
	query   query
	now     time.Time
}

// ok begins a good answer.
func (c *call) ok(opening string) []byte {
	c.buf = append(append(c.buf, `{"success":true,"data":`...), opening...)
	return c.buf
}

// handle dispatches to the endpoint, after the checks that are common to those
// below an app.
func (c *call) handle() ([]byte, *apiError) {
	switch c.route.name {
	case RouteVerify:
		return c.verify()
	case RouteApps:
		return c.listApps()
	}
	app := c.index.apps[c.route.app]
	if app == nil {
		return nil, notFound("No app found")
	}
	switch c.route.name {
	case RouteApp:
		return append(c.dialect.app(c.ok(""), app), '}'), nil
	case RouteSessions:
		return c.listSessions(app)
	case RouteMeetings:
		return c.listMeetings(app)
	case RouteMeeting:
		return c.meetingDetail(app)
	case RouteMeetingParticipants:
		return c.listEnrolled(app)
	case RouteDaywise:
		return c.daywise(app)
	case RouteRecordings:
		return c.listRecordings(app)
	case RouteLivestreams:
		return c.listLivestreams(app)
	case RoutePeerReport:
		return c.peerReport(app)
	}
	return c.inSession(app)
}

// inSession dispatches to the endpoints below a session.
func (c *call) inSession(app *App) ([]byte, *apiError) {
	if !isUUID(c.route.session) {
		return nil, badRequest(`"id" must be a valid GUID`)
	}
	s := c.index.sessions[app.ID+"/"+c.route.session]
	if s == nil {
		return nil, notFound("No session found")
	}
	switch c.route.name {
	case RouteSession:
		return c.sessionDetail(app, s)
	case RouteParticipants:
		return c.listParticipants(app, s)
	case RouteSessionLivestreams:
		return c.sessionLivestreams(s)
	case RouteParticipant:
		return c.participantDetail(s)
	}
	return nil, noRoute()
}

// pages reads page_no and per_page and returns the page of a list of a length.
// The list of apps counts its pages from 1 in every dialect, as documented.
func (c *call) pages() func(total int) page {
	base, least := 1, 0
	switch {
	case c.route.name == RouteApps:
		least = 1
	case c.dialect.PageBase0:
		base = 0
	}
	no := c.query.number("page_no", base, least)
	size := c.query.number("per_page", 0, least)
	return func(total int) page { return c.dialect.page(no, base, size, total) }
}

// flips tells whether ties change their order on this page.
func (c *call) flips() bool {
	return c.dialect.UnstableTies && c.query.number("page_no", 1, 0)%2 == 0
}
