package simulator

import "time"

// Options say how the server behaves. The zero value is the plain reading of
// the documentation: it lets any well-formed token in, counts no quota and does
// nothing wrong.
type Options struct {
	Token   string // the token to ask for; empty lets any well-formed token in
	Dialect Dialect
	Quota   Quota
	// RecordingsQuota is that of the list of recordings, beside the one of all calls.
	RecordingsQuota Quota
	Script          []Fault
	Habits          Habits           // of whoever sends its webhooks: see NewCourier
	Now             func() time.Time // clock of the quota and of the records; nil is time.Now
}

// PagingPlace is where the paging object stands.
type PagingPlace int

// The places of the paging object. Where data is an array (apps, meetings)
// PagingInData cannot be had and means the top level.
const (
	PagingAuto   PagingPlace = iota // in data for participants, else at the top level
	PagingTop                       // always at the top level
	PagingInData                    // inside data
	PagingAbsent                    // nowhere
)

// TimeColumn is the column that start_time and end_time filter on.
type TimeColumn int

// The columns of a session that a time range may mean.
const (
	OnCreated TimeColumn = iota
	OnStarted
	OnEnded // sessions without ended_at are outside every range
)

// TokenKind is whose token it is, which decides where it can be verified.
type TokenKind int

// The kinds of token.
const (
	TokenAny     TokenKind = iota // both verification calls answer
	TokenUser                     // only /user/tokens/verify answers
	TokenAccount                  // only /accounts/{id}/tokens/verify answers
)

// Dialect picks a reading wherever the documentation is silent or contradicts
// itself. The zero value is the plain reading.
type Dialect struct {
	PageBase0   bool // page_no counts from 0 for sessions, participants and meetings
	MaxPerPage  int  // silent cap of per_page; 0 is no cap
	CapRowsOnly bool // the cap shortens the page, while the offset still follows the size asked for

	Paging         PagingPlace
	FloatCounts    bool // counts look like 30.0
	EmptyLastPage  bool // end_offset stays below total_count until an empty page
	RepeatLastPage bool // the last page comes again for ever, and total_count promises more
	UnstableTies   bool // rows with an equal sort key change places between pages

	NestedDetail      bool // session detail stands in data.session
	HideChildSessions bool // breakout rooms are not in the sessions list
	StartTimeOn       TimeColumn

	EndedAtStringNull bool // a missing ended_at is the string "null"
	StrayQuotes       int  // joined_at of every n-th participant ends in a stray quote; 0 is none
	SpaceTimes        bool // 2006-01-02 15:04:05.000000Z
	FiveFieldEvents   bool // peer events carry only the five fields of the published example
	NoPeerEvents      bool // peer_events is empty although asked for, as after retention

	DateOnlyDays   bool // a day of daywise is 2006-01-02
	DaywiseOff     bool // daywise counts a session that no list shows
	FlatPeerReport bool // a peer report stands in data itself

	FlatLivestream    bool // the livestream of a session is one record, as its schema says
	LivestreamsInData bool // lists of livestreams stand in data.data; a session without one has an empty list and no 404

	TokenKind TokenKind
}

// Quota is a fixed window of calls shared by everything that uses the token.
// The zero value counts nothing and sends no headers.
type Quota struct {
	Calls  int           // calls allowed in one window; 0 is no quota
	Window time.Duration // 0 is five minutes
	Block  time.Duration // how long everything is refused once exceeded; 0 is five minutes
}
