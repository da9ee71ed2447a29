package simulator

import (
	"slices"
	"time"
)

// Kind tells what a name of the registry stands for.
type Kind string

// The kinds of entries.
const (
	KindFault   Kind = "fault"   // strikes requests: Options.Script
	KindDialect Kind = "dialect" // reads the documentation: Options.Dialect
	KindQuota   Kind = "quota"   // Options.Quota
	KindWebhook Kind = "webhook" // Options.Habits
)

// NamedFault documents one entry of the registry.
type NamedFault struct {
	Name        string
	Kind        Kind
	Description string
	Parameters  []string // own parameters with their defaults, as "delay=2s"
}

// Faults lists everything that ParseFault and Options.Apply know by name: first
// the faults, then the dialects, then the quota, then the habits of webhooks.
func Faults() []NamedFault {
	var all []NamedFault
	for _, e := range registry() {
		all = append(all, NamedFault{e.name, e.kind, e.description, slices.Clone(e.defaults)})
	}
	return all
}

// entry is one name with what it does; only the function of its kind is set.
type entry struct {
	name        string
	kind        Kind
	description string
	defaults    []string
	fault       func(*params) Fault
	dialect     func(*Dialect, *params)
	quota       func(*params) Quota
	habit       func(*Habits, *params)
}

func registry() []entry {
	all := slices.Concat(statusFaults(), refusalFaults(), bodyFaults(), transportFaults(), dataFaults(), webhookFaults())
	for i := range all {
		all[i].kind = KindFault
	}
	dialects := slices.Concat(pagingDialects(), valueDialects())
	for i := range dialects {
		dialects[i].kind = KindDialect
	}
	quota := entry{
		name: "quota", kind: KindQuota, defaults: []string{"calls=1200", "window=5m", "block=5m"},
		description: "counts calls in a fixed window, sends the Ratelimit headers, and refuses everything for a while once exceeded",
		quota: func(p *params) Quota {
			return Quota{Calls: p.whole("calls"), Window: p.duration("window"), Block: p.duration("block")}
		},
	}
	own := quota
	own.name, own.defaults = recordingsQuota, []string{"calls=1000", "window=50s", "block=50s"}
	own.description = "the same for the list of recordings, beside the quota of all calls and under the same name in the headers"
	return slices.Concat(all, dialects, []entry{quota, own}, webhookHabits())
}

const recordingsQuota = "recordings-quota"

// always makes an entry's function out of an answer without parameters.
func always(a Answer) func(*params) Fault {
	return func(*params) Fault { return Fault{Answer: a} }
}

func statusFaults() []entry {
	return []entry{
		{
			name: "status", defaults: []string{"code=500"},
			description: "answers with that status and RealtimeKit's envelope; a bare number such as 503 is short for it",
			fault:       func(p *params) Fault { c := p.status(); return Fault{Answer: KitError(c, statusText(c))} },
		},
		{
			name:        "every-4th-500",
			description: "answers each fourth request with 500; the prefix every-Nth- works with every fault",
			fault:       func(*params) Fault { return Fault{Every: 4, Answer: KitError(500, statusText(500))} },
		},
		{
			name: "rate-limited", defaults: []string{"wait=37s"},
			description: "answers 429 with Retry-After, Ratelimit headers and the gateway's envelope; 429 is short for it",
			fault:       func(p *params) Fault { return Fault{Answer: RateLimited(p.duration("wait"))} },
		},
		{
			name: "envoy-rate-limited", defaults: []string{"wait=4s"},
			description: "answers 429 as the proxy behind the gateway does: Retry-After and no body",
			fault:       func(p *params) Fault { return Fault{Answer: EnvoyRateLimited(p.duration("wait"))} },
		},
		{
			name:        "bad-token",
			description: "answers 401 with code 10000, as for a token that is not valid",
			fault:       always(GatewayError(401, 10000, "Authentication error")),
		},
		{
			name:        "bare-unauthorized",
			description: `answers 401 with {"message":"Unauthorized"}: neither envelope`,
			fault:       always(BareUnauthorized()),
		},
		{
			name:        "no-permission",
			description: "answers 403 with code 10000 below /realtime/kit, as for a token without the Realtime permission; verification still answers",
			fault: func(*params) Fault {
				return Fault{Path: "*/realtime/kit/*", Answer: GatewayError(403, 10000, "Authentication error")}
			},
		},
		{
			name:        "gone",
			description: "answers 404 for participants, as for a session deleted after it was listed",
			fault: func(*params) Fault {
				return Fault{Path: "*/participants", Answer: KitError(404, "No session found")}
			},
		},
		{
			name: "redirect", defaults: []string{"to=http://redirect.invalid/"},
			description: "answers 307 with another host, which must not get the token",
			fault:       func(p *params) Fault { return Fault{Answer: Redirect(p.text("to"))} },
		},
	}
}

func bodyFaults() []entry {
	return []entry{
		{
			name: "html", defaults: []string{"code=502"},
			description: "answers with an HTML error page, as a proxy in between does",
			fault:       func(p *params) Fault { return Fault{Answer: HTML(p.status())} },
		},
		{
			name:        "html-200",
			description: "answers 200 with an HTML page",
			fault:       always(HTML(200)),
		},
		{
			name: "empty", defaults: []string{"code=200"},
			description: "answers with that status and no body",
			fault:       func(p *params) Fault { return Fault{Answer: Empty(p.status())} },
		},
		{
			name: "unsuccessful", defaults: []string{"code=500"},
			description: "answers 200 with success false and an error that carries the code",
			fault: func(p *params) Fault {
				c := p.whole("code")
				return Fault{Answer: Unsuccessful(c, statusText(c))}
			},
		},
		{
			name:        "garbage",
			description: "answers 200 with bytes that only begin like JSON",
			fault:       always(Garbage()),
		},
		{
			name: "huge", defaults: []string{"bytes=134217728"},
			description: "streams a well-formed body of that many bytes",
			fault:       func(p *params) Fault { return Fault{Answer: Huge(int64(p.whole("bytes")))} },
		},
		{
			name: "gzip-bomb", defaults: []string{"bytes=1073741824"},
			description: "sends about a thousandth of that, which unpacks to that many bytes",
			fault:       func(p *params) Fault { return Fault{Answer: GzipBomb(int64(p.whole("bytes")))} },
		},
	}
}

func transportFaults() []entry {
	return []entry{
		{
			name: "slow", defaults: []string{"delay=2s"},
			description: "answers as usual, after a delay",
			fault:       func(p *params) Fault { return Fault{Delay: p.duration("delay")} },
		},
		{
			name: "drip", defaults: []string{"chunk=256", "pause=100ms"},
			description: "sends the usual body a few bytes at a time",
			fault:       func(p *params) Fault { return Fault{Answer: Drip(p.whole("chunk"), p.duration("pause"))} },
		},
		{
			name: "stall", defaults: []string{"pause=1m"},
			description: "sends half of the usual body, then nothing for a while, then the rest",
			fault:       func(p *params) Fault { return Fault{Answer: Stall(p.duration("pause"))} },
		},
		{
			name:        "truncated",
			description: "sends half of the usual body under its full Content-Length, then drops the connection",
			fault:       always(Truncated()),
		},
		{
			name:        "cut-gzip",
			description: "sends a gzip stream that ends half way in a well-formed message",
			fault:       always(CutGzip()),
		},
		{
			name:        "reset",
			description: "drops the connection without an answer",
			fault:       always(ConnectionReset()),
		},
	}
}

func dataFaults() []entry {
	before := func(path string, change func(*Data)) func(*params) Fault {
		return func(*params) Fault { return Fault{Path: path, Do: change} }
	}
	return []entry{
		{
			name:        "late-joiner",
			description: "one more person joins every LIVE session before each page of participants",
			fault:       before("*/participants", JoinLive),
		},
		{
			name:        "late-row",
			description: "the session that ended last gains its earliest participant before each page of participants: rows move down",
			fault:       before("*/participants", AddLateRow),
		},
		{
			name:        "lost-row",
			description: "the session that ended last loses its first participant before each page of participants: rows move up",
			fault:       before("*/participants", DropRow),
		},
		{
			name:        "new-session",
			description: "the first app gains a session before each page of sessions",
			fault:       before("*/sessions", AddSession),
		},
		{
			name:        "live-ends",
			description: "every LIVE session ends before the first page of participants",
			fault: func(*params) Fault {
				return Fault{Path: "*/participants", Times: 1, Do: EndLive}
			},
		},
	}
}

// Cloudflare is the documented quota of the public API: 1,200 calls in five
// minutes, then five minutes of refusal.
func Cloudflare() Quota {
	return Quota{Calls: 1200, Window: 5 * time.Minute, Block: 5 * time.Minute}
}
