package extract

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// PeerReport reads the call statistics of one peer. Of the answer, which holds
// network addresses and session descriptions, only the fields of
// model.PeerReport are looked at; the address only if withAddress. A report that
// cannot be used is a *model.RejectedError; an answer without one, or with an empty
// one, is as good as a 404: it may come later.
//
// No filter is sent: the documents disagree whether filters takes one value or a
// list, and without it the API gives everything.
func (c *Client) PeerReport(ctx context.Context, peer model.DuePeer, withAddress bool) (model.PeerReport, error) {
	var report model.PeerReport
	var rejected *model.Rejected
	found := false
	path := "/" + url.PathEscape(peer.AppID) + "/sessions/peer-report/" + peer.PeerID.String()
	err := c.get(ctx, path, nil, func(body []byte) (envelope, error) {
		return readDetail(body, "participant", func(s *scanner) (err error) {
			report, rejected, found, err = s.peerReport(peer, withAddress)
			return err
		})
	})
	switch {
	case err == nil && rejected != nil:
		return model.PeerReport{}, &model.RejectedError{Record: *rejected}
	case err == nil && !found:
		return model.PeerReport{}, fmt.Errorf("GET %s: the answer has no report: %w", path, model.ErrNotFound)
	}
	return report, err
}

// reportRow decodes one report.
type reportRow struct {
	row
	withAddress bool
	of          *model.PeerReport
}

// peerReport decodes an answer's record, and tells whether a report is in it.
func (s *scanner) peerReport(peer model.DuePeer, withAddress bool) (report model.PeerReport, rejected *model.Rejected, found bool, err error) {
	report = model.PeerReport{SessionID: peer.SessionID, ParticipantID: peer.ParticipantID, PeerID: peer.PeerID}
	raw, err := s.value()
	if err != nil {
		return report, nil, false, err
	}
	r := reportRow{withAddress: withAddress, of: &report}
	switch kindOf(raw) {
	case jsontext.KindBeginObject:
	case jsontext.KindNull:
		return report, nil, false, nil
	default:
		r.reject("record", errNoObject)
	}
	var sessionID string
	within(raw, func(name, raw string) {
		switch name {
		case "role":
			r.short("preset_name", raw, &report.PresetName)
		case "session_id":
			r.short("session_id", raw, &sessionID)
		case "peer_report":
			r.report(raw)
		}
	})
	if sessionID != "" && !strings.EqualFold(sessionID, peer.SessionID.String()) {
		r.reject("session_id", fmt.Errorf("the report is of session %q", model.VisibleText(sessionID)))
	}
	report.Provenance = r.prov
	found = !report.IsEmpty()
	if r.problem == "" {
		return report, nil, found, nil
	}
	// Its raw text is left out: it holds addresses.
	return report, &model.Rejected{
		Entity: model.EntityPeerReport, AppID: peer.AppID, SessionID: peer.SessionID, Key: peer.PeerID.String(),
		Reason: r.problem, Raw: `"[a peer report, not kept: it holds network addresses]"`,
	}, found, nil
}

// within visits the members of an object; anything else has none.
func within(raw string, visit func(name, raw string)) {
	if kindOf(raw) != jsontext.KindBeginObject {
		return
	}
	c := cursor{text: raw}
	for c.enter(); c.more(); {
		visit(c.name(), c.value())
	}
}

// each visits the elements of a list; anything else has none.
func each(raw string, visit func(raw string)) {
	if kindOf(raw) != jsontext.KindBeginArray {
		return
	}
	c := cursor{text: raw}
	for c.enter(); c.more(); {
		visit(c.value())
	}
}

// short reads a short text; what is none is left out, not a reason to lose the
// report.
func (r *reportRow) short(field, raw string, into *string) {
	switch kindOf(raw) {
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		return
	}
	if *into = r.text(field, raw); len(*into) > model.MaxIdentifierBytes {
		*into = ""
	}
	*into = strings.Clone(*into) // a report is large, and little of it is kept
}

// Up to what length a text is shown that stands for a number, and one that is none:
// n/a tells nothing of anybody.
const (
	mostDigits = 40
	mostShown  = 4
)

// metric reads a number; one that is none is left out and kept in repairs, unless
// it is a text that might say anything.
func (r *reportRow) metric(field, raw string, into *model.Number) {
	text := raw
	isText := false
	switch kindOf(raw) {
	case jsontext.KindNull, jsontext.KindBeginObject, jsontext.KindBeginArray:
		return
	case jsontext.KindString:
		text, _ = unquote(raw)
		isText = true
	}
	n, err := model.ParseNumber(text)
	if isText && (len(text) > mostDigits || err != nil && len(text) > mostShown) {
		raw = `"[a text, not shown]"`
	}
	if isText || err != nil {
		r.repair(field, raw)
	}
	if err == nil {
		*into = n
	}
}
