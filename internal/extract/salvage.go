package extract

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Understand decodes the raw text of a rejected record by the rules of this
// version, as if the API had sent it again. An error says why the record is
// still rejected.
func Understand(r model.Rejected, accountID string) (model.Salvaged, error) {
	salvaged, err := understand(r, accountID, []byte(r.Raw))
	if err != nil && !errors.Is(err, errStillRejected) {
		// Bytes that are not UTF-8 were written as \xNN, which JSON does not know.
		salvaged, err = understand(r, accountID, shownByte.ReplaceAll([]byte(r.Raw), []byte("${1}\uFFFD")))
	}
	return salvaged, err
}

// shownByte is a byte as model.VisibleText shows it, after an even number of
// backslashes.
var shownByte = regexp.MustCompile(`((?:^|[^\\])(?:\\\\)*)\\x[0-9a-f]{2}`)

// errStillRejected is wrapped by the reasons of records that are no better now.
var errStillRejected = errors.New("still rejected")

func understand(r model.Rejected, accountID string, raw []byte) (model.Salvaged, error) {
	var out model.Salvaged
	var rejected *model.Rejected
	var err error
	switch r.Entity {
	case model.EntityApp:
		var app model.App
		app, rejected, err = newScanner(raw).app(accountID)
		app.ID = model.FoldID(app.ID)
		out.App = &app
	case model.EntitySession:
		var session model.Session
		session, rejected, err = newScanner(raw).session(r.AppID)
		session.MeetingID = model.FoldID(session.MeetingID)
		out.Session = &session
	case model.EntityParticipant:
		err = newScanner(raw).participant(r.AppID, r.SessionID, &out.Page)
		if len(out.Page.Participants) == 0 && len(out.Page.Rejected) > 0 {
			rejected = &out.Page.Rejected[0]
		}
	case model.EntityPeerEvent:
		participant, _, _ := strings.Cut(r.Key, "/")
		within := bytes.Join([][]byte{[]byte(`{"id":"` + participant + `","peer_events":[`), raw, []byte(`]}`)}, nil)
		err = newScanner(within).participant(r.AppID, r.SessionID, &out.Page)
		out.Page.Participants = nil // only its id is known here
		if len(out.Page.Rejected) > 0 {
			rejected = &out.Page.Rejected[0]
		}
	default:
		err = fmt.Errorf("%w: the next run that reads such records asks the API for this %s again", errStillRejected, r.Entity)
	}
	if err == nil && rejected != nil {
		err = fmt.Errorf("%w: %s", errStillRejected, rejected.Reason)
	}
	if err != nil {
		return model.Salvaged{}, err
	}
	return out, nil
}
