package extract

import (
	"errors"
	"math"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

var errNoObject = errors.New("an object was wanted")

// report reads peer_report. Source of the shape: the vendor's SDK and OpenAPI
// document; the older quality_stats is not read, since its unit and direction
// are documented nowhere.
func (r *reportRow) report(raw string) {
	if !isOfMembers(raw) {
		r.reject("peer_report", errNoObject)
	}
	within(raw, func(name, raw string) {
		switch name {
		case "metadata":
			within(raw, r.metadata)
		case "quality":
			r.quality(raw)
		}
	})
}

// isOfMembers tells whether a value is an object, or none at all, in whatever way that is
// written.
func isOfMembers(raw string) bool {
	switch kindOf(raw) {
	case jsontext.KindBeginObject, jsontext.KindNull:
		return true
	case jsontext.KindBeginArray:
		return strings.Trim(raw, "[] \t\r\n") == ""
	}
	text, _ := unquote(raw)
	return kindOf(raw) == jsontext.KindString && model.IsNoValue(text)
}

func (r *reportRow) metadata(name, raw string) {
	p := r.of
	switch name {
	case "sdk_name":
		r.short(name, raw, &p.SDKName)
	case "sdk_version":
		r.short(name, raw, &p.SDKVersion)
	case "room_view_type":
		r.short(name, raw, &p.RoomViewType)
	case "device_info":
		within(raw, r.device)
	case "browser_metadata":
		within(raw, func(name, raw string) {
			switch name {
			case "browser":
				r.short(name, raw, &p.Browser)
			case "browser_version":
				r.short(name, raw, &p.BrowserVersion)
			}
		})
	case "ip_information":
		within(raw, r.address)
	case "pc_metadata":
		each(raw, func(raw string) { within(raw, r.connection) })
	}
}

func (r *reportRow) device(name, raw string) {
	switch name {
	case "os":
		r.short(name, raw, &r.of.OS)
	case "os_version":
		r.short(name, raw, &r.of.OSVersion)
	case "cpus":
		r.metric(name, raw, &r.of.CPUs)
		if n := r.of.CPUs.Value; n != math.Trunc(n) || math.Abs(n) > 1<<20 {
			r.of.CPUs = model.Number{}
		}
	case "is_mobile":
		if kind := kindOf(raw); kind == jsontext.KindTrue || kind == jsontext.KindFalse {
			r.of.IsMobile = r.flag(name, raw)
		}
	}
}

// address takes the country; the address itself only if it was asked for, and
// nothing else of what the vendor knows about it.
func (r *reportRow) address(name, raw string) {
	switch {
	case name == "country":
		r.short(name, raw, &r.of.Country)
	case name == "ipv4" && r.withAddress:
		r.short("ip_address", raw, &r.of.IPAddress)
	}
}

func (r *reportRow) connection(name, raw string) {
	if name == "effective_network_type" && r.of.NetworkType == "" {
		r.short("network_type", raw, &r.of.NetworkType)
	}
}

// quality reads the streams: samples under the stream's name, their summary
// under the name with _cumulative.
func (r *reportRow) quality(raw string) {
	streams := map[string]*stream{
		"audio_producer": {name: "audio_sent", into: &r.of.AudioSent},
		"audio_consumer": {name: "audio_received", into: &r.of.AudioReceived},
		"video_producer": {name: "video_sent", into: &r.of.VideoSent},
		"video_consumer": {name: "video_received", into: &r.of.VideoReceived},
	}
	within(raw, func(name, raw string) {
		if s := streams[name]; s != nil {
			each(raw, func(raw string) { within(raw, func(name, raw string) { r.sample(s, name, raw) }) })
		}
		base, summary := strings.CutSuffix(name, "_cumulative")
		if s := streams[base]; summary && s != nil {
			within(raw, func(name, raw string) { r.cumulative(s, name, raw) })
		}
	})
	for _, s := range streams {
		s.into.Jitter = s.jitter.value()
		if !s.into.MOS.Valid {
			s.into.MOS = s.mos.value()
		}
		if !s.into.RTT.Valid {
			s.into.RTT = s.rtt.value()
		}
	}
}

// stream is one kind of stream in one direction while it is read.
type stream struct {
	name             string
	into             *model.Quality
	jitter, mos, rtt mean
}

func (r *reportRow) sample(s *stream, name, raw string) {
	var to *mean
	switch name {
	case "jitter":
		to = &s.jitter
	case "mos_quality":
		to = &s.mos
	case "rtt":
		to = &s.rtt
	default:
		return
	}
	var n model.Number
	r.metric(s.name+"_"+name, raw, &n)
	to.add(n)
}

func (r *reportRow) cumulative(s *stream, name, raw string) {
	into := map[string]*model.Number{
		"quality_mos": &s.into.MOS, "packet_loss": &s.into.PacketLoss,
		"rtt": &s.into.RTT, "jitter_buffer_delay": &s.into.JitterBufferDelay,
	}[name]
	if into == nil {
		return
	}
	within(raw, func(member, raw string) {
		if member == "avg" {
			r.metric(s.name+"_"+name, raw, into)
		}
	})
}

// mean is the arithmetic mean of samples.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(n model.Number) {
	if n.Valid {
		m.sum += n.Value
		m.n++
	}
}

func (m *mean) value() model.Number {
	if m.n == 0 {
		return model.Number{}
	}
	return model.Number{Value: m.sum / float64(m.n), Valid: true}
}
