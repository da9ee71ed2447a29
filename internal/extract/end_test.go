package extract

import (
	"testing"
	"time"
)

// An end that lies years behind all that else is known of a record is none: it would make
// one lesson of all that follow, and a recording of millennia. Its text stays.
func TestEndThatCannotBe(t *testing.T) {
	t.Parallel()
	const others = `"started_at":"2026-01-01T10:00:00Z","created_at":"2026-01-01T10:00:00Z","updated_at":"2026-01-03T00:00:00Z"`
	for name, tt := range map[string]struct{ record, want, repair string }{
		"9999":                 {`{"ended_at":"9999-12-31T23:59:59.999Z",` + others + `}`, "", "9999-12-31T23:59:59.999Z"},
		"behind the others":    {`{` + others + `,"ended_at":"2026-02-03T00:00:00.001Z"}`, "", "2026-02-03T00:00:00.001Z"},
		"31 days":              {`{"ended_at":"2026-02-03T00:00:00Z",` + others + `}`, "2026-02-03T00:00:00Z", ""},
		"an absurd start":      {`{"started_at":"1969-07-20T20:17:00Z","ended_at":"2026-01-01T11:00:00Z","created_at":"2026-01-01T10:00:00Z"}`, "2026-01-01T11:00:00Z", ""},
		"nothing else is told": {`{"ended_at":"9999-12-31T23:59:59Z"}`, "9999-12-31T23:59:59Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session, _, err := newScanner([]byte(tt.record)).session("app")
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if !session.EndedAt.IsZero() {
				got = session.EndedAt.Format(time.RFC3339Nano)
			}
			if got != tt.want || session.Repairs["ended_at"] != tt.repair {
				t.Errorf("the end is %q, repairs %v; want %q, %q", got, session.Repairs, tt.want, tt.repair)
			}
		})
	}
}

func TestRecordingThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ times, started, stopped string }{
		"stopped in 9999": {`"invoked_time":"2026-01-01T10:00:00Z","stopped_time":"9999-12-31T23:59:59Z"`, "", "9999-12-31T23:59:59Z"},
		"begun in 1969":   {`"invoked_time":"2026-01-01T10:00:00Z","started_time":"1969-01-01T00:00:00Z","stopped_time":"2026-01-01T11:00:00Z"`, "1969-01-01T00:00:00Z", ""},
		"31 days":         {`"invoked_time":"2026-01-01T10:00:00Z","started_time":"2026-01-01T10:00:05Z","stopped_time":"2026-02-01T10:00:05Z"`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := readRecording(`{"id":"r",`+tt.times+`}`, "app")
			if r.Repairs["started_at"] != tt.started || r.Repairs["stopped_at"] != tt.stopped || r.StoppedAt.IsZero() != (tt.stopped != "") || tt.started != "" && !r.StartedAt.IsZero() {
				t.Errorf("%+v", r)
			}
			s, _ := readLivestreamSession(cursor{text: `{"id":"r",` + tt.times + `}`}, "app", r.SessionID)
			if s.Repairs["started_at"] != tt.started || s.Repairs["stopped_at"] != tt.stopped || s.StoppedAt.IsZero() != (tt.stopped != "") {
				t.Errorf("%+v", s)
			}
		})
	}
}
