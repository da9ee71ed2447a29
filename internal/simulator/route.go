package simulator

import (
	"net/http"
	"net/url"
	"strings"
)

// route is what a path asks for. Its name is the key of Stats.ByRoute.
type route struct {
	name        string
	account     string
	app         string
	session     string
	participant string
	meeting     string
	legacy      bool // the older v2 API, where the organization stands for account and app
	peer        string
	webhook     string
}

// The names of the routes, as in Stats.ByRoute.
const (
	RouteVerify              = "verify"
	RouteApps                = "apps"
	RouteApp                 = "app"
	RouteSessions            = "sessions"
	RouteSession             = "session"
	RouteParticipants        = "participants"
	RouteParticipant         = "participant"
	RouteMeetings            = "meetings"
	RouteMeeting             = "meeting"
	RouteMeetingParticipants = "meeting participants"
	RouteDaywise             = "daywise"
	RoutePeerReport          = "peer report"
	RouteRecordings          = "recordings"
	RouteLivestreams         = "livestreams"
	RouteSessionLivestreams  = "session livestreams"
	RouteWebhooks            = "webhooks"
	RouteWebhook             = "webhook"
	RouteKey                 = "webhook key"
	RouteUnknown             = "unknown"
)

// parseRoute takes the path apart. A segment may be escaped. Of the older API,
// below /v2, only what a session is made of is served.
func parseRoute(r *http.Request) route {
	path := r.URL.EscapedPath()
	if path == KeyPath {
		return route{name: RouteKey}
	}
	if rest, old := strings.CutPrefix(path, "/v2/"); old {
		organization, _, _ := r.BasicAuth()
		path = "/client/v4/accounts/-/realtime/kit/" + url.PathEscape(organization) + "/" + rest
	}
	found := newRoute(path)
	found.legacy = path != r.URL.EscapedPath()
	return found
}

func newRoute(path string) route {
	rest, found := strings.CutPrefix(path, "/client/v4/")
	parts := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	for i, part := range parts {
		plain, err := url.PathUnescape(part)
		if err != nil || plain == "" {
			return route{name: RouteUnknown}
		}
		parts[i] = plain
	}
	switch {
	case !found:
	case strings.Join(parts, "/") == "user/tokens/verify":
		return route{name: RouteVerify}
	case len(parts) < 4 || parts[0] != "accounts":
	case len(parts) == 4 && parts[2] == "tokens" && parts[3] == "verify":
		return route{name: RouteVerify, account: parts[1]}
	case len(parts) > 4 && parts[2] == "realtime" && parts[3] == "kit":
		return kitRoute(parts[1], parts[4:])
	}
	return route{name: RouteUnknown}
}

// kitRoute reads what follows /realtime/kit; there is at least one part.
func kitRoute(account string, parts []string) route {
	r := route{name: RouteUnknown, account: account}
	if parts[0] == "apps" {
		switch len(parts) {
		case 1:
			r.name = RouteApps
		case 2:
			r.name, r.app = RouteApp, parts[1]
		}
		return r
	}
	r.app = parts[0]
	if len(parts) < 2 {
		return r
	}
	switch parts[1] {
	case "sessions":
		return r.sessions(parts[2:])
	case "meetings":
		switch {
		case len(parts) == 2:
			r.name = RouteMeetings
		case len(parts) == 3:
			r.name, r.meeting = RouteMeeting, parts[2]
		case len(parts) == 4 && parts[3] == "participants":
			r.name, r.meeting = RouteMeetingParticipants, parts[2]
		}
	case "webhooks":
		switch len(parts) {
		case 2:
			r.name = RouteWebhooks
		case 3:
			r.name, r.webhook = RouteWebhook, parts[2]
		}
	case "recordings", "livestreams":
		if len(parts) == 2 {
			r.name = parts[1]
		}
	case "analytics":
		if len(parts) == 3 && parts[2] == "daywise" {
			r.name = RouteDaywise
		}
	}
	return r
}

// sessions reads what follows /sessions.
func (r route) sessions(parts []string) route {
	if len(parts) == 0 {
		r.name = RouteSessions
		return r
	}
	if parts[0] == "peer-report" {
		if len(parts) == 2 {
			r.name, r.peer = RoutePeerReport, parts[1]
		}
		return r
	}
	r.session = parts[0]
	switch {
	case len(parts) == 1:
		r.name = RouteSession
	case len(parts) == 2 && parts[1] == "livestream-sessions":
		r.name = RouteSessionLivestreams
	case parts[1] != "participants":
	case len(parts) == 2:
		r.name = RouteParticipants
	case len(parts) == 3:
		r.name, r.participant = RouteParticipant, parts[2]
	}
	return r
}
