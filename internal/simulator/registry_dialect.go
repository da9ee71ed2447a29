package simulator

import "net/http"

// statusText is the message for a status in RealtimeKit's envelope.
func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Unknown error"
}

// turn makes an entry's function out of a switch without parameters.
func turn(on func(*Dialect)) func(*Dialect, *params) {
	return func(d *Dialect, _ *params) { on(d) }
}

func pagingDialects() []entry {
	return []entry{
		{
			name:        "page-base-0",
			description: "page_no counts from 0 for sessions, participants and meetings",
			dialect:     turn(func(d *Dialect) { d.PageBase0 = true }),
		},
		{
			name: "page-cap", defaults: []string{"rows=50"},
			description: "per_page is capped in silence, and pages follow the cap",
			dialect:     func(d *Dialect, p *params) { d.MaxPerPage, d.CapRowsOnly = p.whole("rows"), false },
		},
		{
			name: "page-cap-gaps", defaults: []string{"rows=50"},
			description: "per_page is capped in silence, but pages begin where the size asked for puts them: rows in between are not shown",
			dialect:     func(d *Dialect, p *params) { d.MaxPerPage, d.CapRowsOnly = p.whole("rows"), true },
		},
		{
			name:        "paging-top",
			description: "the paging object always stands at the top level",
			dialect:     turn(func(d *Dialect) { d.Paging = PagingTop }),
		},
		{
			name:        "paging-in-data",
			description: "the paging object stands inside data wherever data is an object",
			dialect:     turn(func(d *Dialect) { d.Paging = PagingInData }),
		},
		{
			name:        "paging-absent",
			description: "there is no paging object",
			dialect:     turn(func(d *Dialect) { d.Paging = PagingAbsent }),
		},
		{
			name:        "float-counts",
			description: "counts and offsets look like 30.0",
			dialect:     turn(func(d *Dialect) { d.FloatCounts = true }),
		},
		{
			name:        "empty-last-page",
			description: "end_offset stays below total_count until an empty page",
			dialect:     turn(func(d *Dialect) { d.EmptyLastPage = true }),
		},
		{
			name:        "repeat-last-page",
			description: "beyond the end the last page comes again for ever, and total_count promises one row more",
			dialect:     turn(func(d *Dialect) { d.RepeatLastPage = true }),
		},
		{
			name:        "unstable-ties",
			description: "rows with the same sort key change places between pages",
			dialect:     turn(func(d *Dialect) { d.UnstableTies = true }),
		},
	}
}

func valueDialects() []entry {
	return []entry{
		{
			name:        "nested-detail",
			description: "session detail stands in data.session, as before the schema was flattened",
			dialect:     turn(func(d *Dialect) { d.NestedDetail = true }),
		},
		{
			name:        "hidden-breakouts",
			description: "breakout rooms are not in the sessions list",
			dialect:     turn(func(d *Dialect) { d.HideChildSessions = true }),
		},
		{
			name:        "range-on-started",
			description: "start_time and end_time filter on started_at",
			dialect:     turn(func(d *Dialect) { d.StartTimeOn = OnStarted }),
		},
		{
			name:        "range-on-ended",
			description: "start_time and end_time filter on ended_at, so LIVE sessions fall out",
			dialect:     turn(func(d *Dialect) { d.StartTimeOn = OnEnded }),
		},
		{
			name:        "ended-at-string-null",
			description: `a missing ended_at is the string "null"`,
			dialect:     turn(func(d *Dialect) { d.EndedAtStringNull = true }),
		},
		{
			name: "stray-quotes", defaults: []string{"n=3"},
			description: "joined_at of every n-th participant ends in a stray quote, as in the published example",
			dialect:     func(d *Dialect, p *params) { d.StrayQuotes = p.whole("n") },
		},
		{
			name:        "space-times",
			description: "times have a space and microseconds",
			dialect:     turn(func(d *Dialect) { d.SpaceTimes = true }),
		},
		{
			name:        "five-field-events",
			description: "peer events carry only the five fields of the published example",
			dialect:     turn(func(d *Dialect) { d.FiveFieldEvents = true }),
		},
		{
			name:        "no-peer-events",
			description: "peer_events is empty although asked for, as after the retention period",
			dialect:     turn(func(d *Dialect) { d.NoPeerEvents = true }),
		},
		{
			name:        "date-only-days",
			description: "a day of analytics/daywise is 2026-11-20, not midnight of it",
			dialect:     turn(func(d *Dialect) { d.DateOnlyDays = true }),
		},
		{
			name:        "daywise-off",
			description: "analytics/daywise counts a session that no list shows",
			dialect:     turn(func(d *Dialect) { d.DaywiseOff = true }),
		},
		{
			name:        "flat-peer-report",
			description: "a peer report stands in data itself, as in some releases of the vendor's SDK",
			dialect:     turn(func(d *Dialect) { d.FlatPeerReport = true }),
		},
		{
			name:        "flat-livestream",
			description: "the livestream of a session is one record, as its schema says, and not a list as in its example",
			dialect:     turn(func(d *Dialect) { d.FlatLivestream = true }),
		},
		{
			name:        "livestreams-in-data",
			description: "lists of livestreams stand in data.data, and a session without one has an empty list in place of 404",
			dialect:     turn(func(d *Dialect) { d.LivestreamsInData = true }),
		},
		{
			name:        "account-token",
			description: "the token belongs to the account: only the account's verification call knows it",
			dialect:     turn(func(d *Dialect) { d.TokenKind = TokenAccount }),
		},
		{
			name:        "user-token",
			description: "the token belongs to a user: only the user's verification call knows it",
			dialect:     turn(func(d *Dialect) { d.TokenKind = TokenUser }),
		},
	}
}
