package simulator

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// analyticsMonths is how long the vendor keeps call analytics (data retention
// page); older peers have no report.
const analyticsMonths = 6

// PlantedAddress is the network address in every peer report.
const PlantedAddress = "192.0.2.77"

// peerReport answers with the call statistics of one peer: of a participant
// whose own id it is, or whose events name it.
func (c *call) peerReport(app *App) ([]byte, *apiError) {
	if !isUUID(c.route.peer) {
		return nil, badRequest(`"id" must be a valid GUID`)
	}
	s, p := findPeer(app, c.route.peer)
	if p == nil || s.EndedAt.Before(c.now.AddDate(0, -analyticsMonths, 0)) {
		return nil, notFound("No peer report found")
	}
	opening, closing := `{"participant":`, "}}"
	if c.dialect.FlatPeerReport {
		opening, closing = "", "}"
	}
	return append(c.dialect.peerReport(c.ok(opening), s, p), closing...), nil
}

func findPeer(app *App, peer string) (*Session, *Participant) {
	for _, s := range app.Sessions {
		if s == nil || s.Status != StatusEnded {
			continue
		}
		for _, p := range s.Participants {
			if p == nil || p.JoinedAt.IsZero() {
				continue
			}
			if p.ID == peer {
				return s, p
			}
			for i := range p.Events {
				if p.Events[i].PeerID == peer && p.Events[i].EventName != PeerCreated {
					return s, p
				}
			}
		}
	}
	return nil, nil
}

func (d *Dialect) peerReport(buf []byte, s *Session, p *Participant) []byte {
	o := d.object(buf, nil)
	o.text("id", p.ID)
	o.optional("user_id", p.UserID)
	o.optional("display_name", p.DisplayName)
	o.optional("role", p.PresetName)
	o.text("session_id", s.ID)
	o.time("joined_at", p.JoinedAt, "")
	o.time("left_at", p.LeftAt, "")
	o.raw("peer_report", reportBody(newWitness(p.ID), p.JoinedAt))
	return o.close()
}

// witness draws the numbers of a report from the peer's id, so that they repeat.
type witness struct{ seed uint64 }

func newWitness(id string) *witness {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return &witness{h.Sum64()}
}

func (w *witness) below(n uint64) uint64 {
	w.seed = w.seed*6364136223846793005 + 1442695040888963407
	return (w.seed >> 33) % n
}

func (w *witness) pick(words ...string) string { return words[w.below(uint64(len(words)))] }

// reportBody writes metadata and quality: one sender and one receiver of audio
// and of video.
func reportBody(w *witness, at time.Time) string {
	meta := fmt.Sprintf(`{"sdk_name":"web-core","sdk_version":"1.2.%d","sdk_type":"web","room_view_type":"GROUP_CALL",`+
		`"device_info":{"os":%q,"os_version":"1%d","cpus":%d,"is_mobile":%t},`+
		`"browser_metadata":{"browser":%q,"browser_version":"14%d","user_agent":%s,"webgl_support":"true"},`+
		`"ip_information":{"country":%q,"city":"Kassel","ipv4":%q,"asn":{"asn":"AS64500"}},`+
		`"pc_metadata":[{"effective_network_type":%q,"sdp":[%s],"timestamp":"%s"}],`+
		`"candidate_pairs":{"producing_transport":[{"local_candidate_address":%q}]}}`,
		w.below(9), w.pick("Windows", "macOS", "Android", "iOS"), w.below(6), 4+2*w.below(4), w.below(4) == 0,
		w.pick("Chrome", "Safari", "Firefox"), w.below(9), planted("user-agent"),
		w.pick("DE", "FR", "IN", "BR"), PlantedAddress, w.pick("4g", "3g"), planted("sdp"),
		at.UTC().Format(time.RFC3339), PlantedAddress)
	quality := strings.Join([]string{w.producer("audio"), w.consumer("audio"), w.producer("video"), w.consumer("video")}, ",")
	return `{"metadata":` + meta + `,"quality":{` + quality + `}}`
}

func (w *witness) producer(kind string) string {
	mos, loss, rtt := 3+float64(w.below(150))/100, float64(w.below(500))/100, 20+w.below(180)
	return fmt.Sprintf(`"%[1]s_producer":[{"jitter":%[2]d,"mos_quality":%[3]g,"rtt":%[4]d},{"jitter":%[5]d,"mos_quality":%[3]g,"rtt":%[4]d}],`+
		`"%[1]s_producer_cumulative":{"quality_mos":{"avg":%[3]g,"p50":%[3]g},"packet_loss":{"avg":%[6]g},"rtt":{"avg":%[4]d,"100ms_or_greater_event_fraction":0.1}}`,
		kind, 1+w.below(20), mos, rtt, 1+w.below(20), loss)
}

func (w *witness) consumer(kind string) string {
	mos, loss, delay := 3+float64(w.below(150))/100, float64(w.below(500))/100, 10+w.below(90)
	return fmt.Sprintf(`"%[1]s_consumer":[{"jitter":%[2]d,"mos_quality":%[3]g}],`+
		`"%[1]s_consumer_cumulative":{"quality_mos":{"avg":%[3]g,"p50":%[3]g},"packet_loss":{"avg":%[4]g},"jitter_buffer_delay":{"avg":%[5]d}}`,
		kind, 1+w.below(20), mos, loss, delay)
}
