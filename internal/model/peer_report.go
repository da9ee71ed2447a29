package model

import "reflect"

// PeerReport is the vendor's call statistics of one peer. Key: SessionID,
// ParticipantID, PeerID. Units are as the API gives them: its documents name
// none for loss, round-trip time and jitter.
type PeerReport struct {
	SessionID, ParticipantID, PeerID UUID

	PresetName     string // the API's role
	SDKName        string
	SDKVersion     string
	RoomViewType   string
	OS, OSVersion  string
	IsMobile       Flag
	CPUs           Number // whole
	Browser        string
	BrowserVersion string
	NetworkType    string // the first one reported
	Country        string
	IPAddress      string // only where it was asked for

	AudioSent, AudioReceived, VideoSent, VideoReceived Quality
	Provenance
}

// IsEmpty tells whether a report says nothing, as one that the vendor has not computed yet:
// of its role the vendor knows without it.
func (p *PeerReport) IsEmpty() bool {
	said := *p
	said.SessionID, said.ParticipantID, said.PeerID, said.PresetName = UUID{}, UUID{}, UUID{}, ""
	return reflect.ValueOf(said).IsZero()
}

// Quality is how one kind of stream fared in one direction. A number comes from
// the report's cumulative object where it has one, else it is the mean of the
// samples; Jitter always is the mean of the samples.
type Quality struct {
	MOS               Number // mean opinion score, 1 to 5
	PacketLoss        Number
	RTT               Number // sent streams only
	Jitter            Number
	JitterBufferDelay Number // received streams only
}

// DuePeer is a peer of which no report was asked for yet.
type DuePeer struct {
	AppID                            string
	SessionID, ParticipantID, PeerID UUID
}

// Outcomes of asking for a peer's report. Only a failure is asked again.
const (
	PeerReportStored   = "stored"
	PeerReportNone     = "none" // the API has none for this peer, or no more
	PeerReportRejected = "rejected"
	PeerReportFailed   = "failed"
)
