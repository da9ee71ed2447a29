package webhook

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What section 2.3 of the vendor's documentation shows, and each member absent or null.
func TestParse(t *testing.T) {
	t.Parallel()
	m := `"meeting":{"id":"room","sessionId":"` + testSession + `","title":"T","status":"LIVE","createdAt":"2026-01-01T00:00:00.000Z","startedAt":null,"organizedBy":{"id":"` + testApp + `","name":"N"}}`
	for _, test := range []struct {
		body          string
		name          string
		session, app  string
		refused, none bool
	}{
		{body: `{"event":"meeting.started",` + m + `}`, name: MeetingStarted, session: testSession, app: testApp},
		{body: `{"event":"meeting.ended",` + m + `,"reason":"HOST_ENDED_MEETING"}`, name: MeetingEnded, session: testSession, app: testApp},
		{body: `{"event":"meeting.participantJoined",` + m + `,"participant":{"peerId":"p","userDisplayName":"Ada Lovelace","customParticipantId":"c","joinedAt":"x"}}`, name: ParticipantJoined, session: testSession, app: testApp},
		{body: `{"event":"meeting.participantLeft",` + m + `,"participant":null}`, name: ParticipantLeft, session: testSession, app: testApp},
		{body: `{"event":"meeting.chatSynced","title":null,"meetingId":"room","sessionId":"` + testSession + `","chatDownloadUrl":"https://secret","organizedBy":{"id":"` + testApp + `"}}`, name: ChatSynced, session: testSession, app: testApp},
		{body: `{"event":"recording.statusUpdate","meeting":null,"recording":{"roomUUID":"` + testSession + `","organizationId":"` + testApp + `","fileSize":"12"}}`, name: RecordingChanged, session: testSession, app: testApp},
		{body: `{"event":"livestreaming.statusUpdate","streamKey":"secret","meeting":{"id":"m","organizedBy":{"id":"` + testApp + `"}}}`, name: LivestreamChanged, app: testApp, none: true},
		{body: `{"event":"meeting.transcript",` + m + `,"transcriptDownloadUrl":"https://secret"}`, name: TranscriptReady, session: testSession, app: testApp},
		{body: `{"event":"meeting.summary","meeting":{"id":"m","sessionId":"` + testSession + `","organizedBy":{"id":"` + testApp + `"}}}`, name: SummaryReady, session: testSession, app: testApp},
		{body: `{"event":"meeting.ended","meeting":{"sessionId":"` + strings.ToUpper(testSession) + `","organizedBy":null}}`, name: MeetingEnded, session: testSession},
		{body: `{"event":"meeting.ended","event":"meeting.ended","meeting":{"sessionId":"` + testSession + `"},"new":{"a":[1]}}`, name: MeetingEnded, session: testSession},
		{body: `{"event":"meeting.ended","meeting":null}`, name: MeetingEnded, none: true},
		{body: `{"event":"room.exploded",` + m + `}`, none: true},
		{body: `{"event":"room.exploded","meeting":"room","sessionId":7,"organizedBy":[]}`, none: true},
		{body: `{"event":"meeting.ended",` + m + `,"recording":[],"organizedBy":"N","sessionId":{}}`, name: MeetingEnded, session: testSession, app: testApp},
		{body: `{"event":"meeting.ended","meeting":{"sessionId":"` + testSession + `","organizedBy":{"id":7}}}`, name: MeetingEnded, session: testSession, app: "7"},
		{body: `{"event":"meeting.ended","meeting":{"sessionId":"null","organizedBy":"N"}}`, name: MeetingEnded, none: true},
		{body: "\uFEFF" + `{"event":"meeting.ended",` + m + `}`, name: MeetingEnded, session: testSession, app: testApp},
		{body: `{"event":null}`, refused: true},
		{body: `{}`, refused: true},
		{body: `[]`, refused: true},
		{body: ``, refused: true},
		{body: `{"event":"meeting.ended"`, refused: true},
		{body: `{"event":"meeting.ended","meeting":{"sessionId":7}}`, refused: true},
		{body: `{"event":"meeting.ended","meeting":{"sessionId":"` + testSession + `x"}}`, refused: true},
	} {
		e, err := parse([]byte(test.body), sha256.Sum256([]byte(test.body)), http.Header{"Rtk-Webhook-Id": {testApp}})
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", test.body, err)
		}
		if err != nil {
			continue
		}
		session := ""
		if !e.SessionID.IsZero() {
			session = e.SessionID.String()
		}
		if e.Name != test.name || session != test.session || e.AppID != test.app || (session == "") != test.none || e.WebhookID != testApp {
			t.Errorf("%s\n%+v", test.body, e)
		}
	}
}

// Nothing of a body but names of events and ids comes into an event.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"event":"meeting.ended","meeting":{"sessionId":"`+testSession+`","organizedBy":{"id":"x y"}}}`), "w")
	f.Add([]byte(`{"event":"meeting.ended","meeting":{"organizedBy":{"id":"\u0000"}}}`), "\x00")
	f.Fuzz(func(t *testing.T, body []byte, webhookID string) {
		h := http.Header{"Rtk-Webhook-Id": {webhookID}}
		e, err := parse(body, sha256.Sum256(body), h)
		if err != nil {
			return
		}
		for _, id := range []string{e.AppID, e.WebhookID} {
			if len(id) > mostIdentifierText || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("%q is kept as an id", id)
			}
		}
		if e.Name != "" && !strings.Contains(fmt.Sprint(Names()), e.Name) {
			t.Errorf("%q is kept as a name", e.Name)
		}
	})
}
