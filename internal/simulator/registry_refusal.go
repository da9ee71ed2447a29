package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// refusalFaults refuse single things for good, or ask for a wait that nobody means.
func refusalFaults() []entry {
	return []entry{
		{
			name: "refused", defaults: []string{"of=sessions", "code=403", "ids=01"},
			description: "answers with that status to whatever is asked of single sessions, apps (the list of their sessions), meetings or peers: those whose id ends with one of the digits",
			fault: func(p *params) Fault {
				return Fault{Answer: refusing(p, KitError(p.status(), statusText(p.status())))}
			},
		},
		{
			name: "refused-200", defaults: []string{"of=sessions", "code=1234", "ids=01"},
			description: "does so with 200, success false and the code",
			fault: func(p *params) Fault {
				return Fault{Answer: refusing(p, Unsuccessful(p.whole("code"), "refused"))}
			},
		},
		{
			name: "absurd-wait", defaults: []string{"as=date"},
			description: "asks for a wait of years: as=date and as=seconds with 429 and Retry-After, as=t with a Ratelimit header beside the usual answer, as=clock with a date one second after its own Date of another year",
			fault:       func(p *params) Fault { return Fault{Answer: absurdWait(p)} },
		},
	}
}

// refusing refuses some things of a kind and lets the others through.
func refusing(p *params, refusal Answer) Answer {
	of, digits := p.text("of"), p.text("ids")
	if !slices.Contains([]string{"sessions", "apps", "meetings", "peers"}, of) {
		p.fail("of", "sessions, apps, meetings or peers")
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if id := askedFor(of, r.URL.Path); id != "" && strings.ContainsAny(id[len(id)-1:], digits) {
			refusal(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// askedFor gives the id of the one thing of a kind that a path asks for; "" for none.
func askedFor(of, path string) string {
	_, rest, _ := strings.Cut(path, "/realtime/kit/")
	parts := strings.Split(rest, "/")
	switch {
	case of == "apps" && len(parts) == 2 && parts[1] == "sessions":
		return parts[0]
	case len(parts) < 3:
		return ""
	case of == "peers" && len(parts) == 4 && parts[2] == "peer-report":
		return parts[3]
	case of == parts[1] && parts[2] != "peer-report":
		return parts[2]
	}
	return ""
}

// absurdWait asks for a wait that is a mistake.
func absurdWait(p *params) Answer {
	limited := func(header http.Header) Answer {
		return Reply(http.StatusTooManyRequests, header, string(denied(http.StatusTooManyRequests, "slow down").render()))
	}
	switch p.text("as") {
	case "date":
		return limited(http.Header{"Retry-After": {"Fri, 31 Dec 9999 23:59:59 GMT"}})
	case "seconds":
		return limited(http.Header{"Retry-After": {"1000000000"}})
	case "clock":
		other := time.Now().AddDate(1, 0, 0).UTC()
		return limited(http.Header{
			"Date": {other.Format(http.TimeFormat)}, "Retry-After": {other.Add(time.Second).Format(http.TimeFormat)},
		})
	case "t":
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Ratelimit", `"default";r=0;t=1000000000`)
			next.ServeHTTP(w, r)
		}
	}
	p.fail("as", "date, seconds, clock or t")
	return nil
}
