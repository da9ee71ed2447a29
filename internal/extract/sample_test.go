package extract

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func sample(tb testing.TB, name string) string {
	tb.Helper()
	body, err := fs.ReadFile(simulator.Samples(), name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}

func id(t *testing.T, text string) model.UUID {
	t.Helper()
	id, err := model.ParseUUID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05.000", clock)
	if err != nil {
		panic(err)
	}
	return t
}

func minutes(v float64) model.Number { return model.Number{Value: v, Valid: true} }

// The vendor's own example: event ids under two participants, a peer_id that
// differs, a stray quote, 123 announced for two rows.
func TestVendorSampleDecodesAsPublished(t *testing.T) {
	t.Parallel()
	page, env, err := decodePage(sample(t, "vendor_participants.json"))
	if err != nil {
		t.Fatal(err)
	}
	asha, tomas := id(t, "1f0c7d52-8a64-4f0e-9b31-6d2c5e80a401"), id(t, "2a4d9e73-17bc-4c58-b0e6-8f91d3a7c502")
	want := model.ParticipantPage{Participants: []model.Participant{
		{
			ID: asha, UserID: "7b9e2a10-44c5-4d7e-8e13-90a1f26c5b01", CustomParticipantID: "asha-01", DisplayName: "Asha",
			PresetName: "webinar_viewer", DurationMinutes: minutes(5.8097),
			JoinedAt: at("2023-02-01 10:51:08.030"), LeftAt: at("2023-02-01 10:56:56.612"),
			CreatedAt: at("2023-02-01 10:51:08.039"), UpdatedAt: at("2023-02-01 10:56:56.618"),
		},
		{
			ID: tomas, UserID: "8c0f3b21-55d6-4e8f-9f24-a1b2037d6c02", CustomParticipantID: "tomas-02", DisplayName: "Tomás",
			PresetName: "webinar_viewer", DurationMinutes: minutes(6.9263),
			JoinedAt: at("2023-02-01 10:50:36.846"), LeftAt: at("2023-02-01 10:57:32.424"),
			CreatedAt: at("2023-02-01 10:50:36.853"), UpdatedAt: at("2023-02-01 10:57:32.431"),
			Provenance: model.Provenance{Repairs: model.Repairs{"joined_at": `2023-02-01T10:50:36.846Z"`}},
		},
	}}
	for _, of := range []struct {
		participant model.UUID
		peer        string
	}{{asha, "e8a3c6f1-0d25-4b97-a1f4-52c7d9e0b6aa"}, {tomas, tomas.String()}} {
		want.Events = append(want.Events, model.PeerEvent{
			ParticipantID: of.participant, ID: id(t, "c2d1b8e4-5f37-4a90-8c6e-3b7a9d40191a"), Name: "PEER_JOINING", PeerID: of.peer,
			CreatedAt: at("2023-02-01 10:51:50.786"), UpdatedAt: at("2023-02-01 10:51:50.792"),
		}, model.PeerEvent{
			ParticipantID: of.participant, ID: id(t, "c2d1b8e4-5f37-4a90-8c6e-3b7a9d40191b"), Name: "PEER_LEAVING", PeerID: of.peer,
			CreatedAt: at("2023-02-01 10:56:50.786"), UpdatedAt: at("2023-02-01 10:56:50.792"),
		})
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Error(diff)
	}
	if env.paging != (paging{true, 123, 1, 2}) {
		t.Errorf("%+v", env.paging)
	}
}

// Two rows for an announcement of 123, again and again: bounded and loud.
func TestVendorSampleAsTheWholeAnswerIsNotComplete(t *testing.T) {
	t.Parallel()
	r := newRig(t, bulk(1), simulator.Options{Script: []simulator.Fault{{Answer: reply(http.StatusOK, sample(t, "vendor_participants.json"))}}})
	got, err := r.participants(t.Context())
	if err != nil || got.pass.Sound() || len(got.ids()) != 2 || r.requests() > 3 {
		t.Errorf("%+v after %d requests, %v", got.pass, r.requests(), err)
	}
}

func TestSampleOfAllOddities(t *testing.T) {
	t.Parallel()
	page, env, err := decodePage(sample(t, "participants.json"))
	if err != nil || len(page.Participants) != 2 || len(page.Events) != 7 || len(page.Rejected) != 0 || env.paging != (paging{true, 2, 1, 2}) {
		t.Fatalf("%+v, %+v, %v", page, env, err)
	}
	phone := page.Participants[1]
	if !phone.LeftAt.IsZero() || phone.DurationMinutes.Valid || phone.Repairs["joined_at"] == "" || page.Participants[0].UserID != phone.UserID {
		t.Errorf("%+v", phone)
	}
	if last := page.Events[6]; last.Name != "PEER_WAITLISTED" || last.ParticipantID != phone.ID {
		t.Errorf("%+v", last)
	}
	if page.Events[1].ID != page.Events[5].ID || page.Events[1].ParticipantID == page.Events[5].ParticipantID {
		t.Errorf("the shared event id: %+v and %+v", page.Events[1], page.Events[5])
	}
}

// answering gives a client whose server always answers with the sample.
func answering(t *testing.T, name string) rig {
	t.Helper()
	return newRig(t, bulk(1), simulator.Options{Script: []simulator.Fault{{Answer: reply(http.StatusOK, sample(t, name))}}})
}

func TestAppAndSessionSamples(t *testing.T) {
	t.Parallel()
	var apps []model.App
	r := answering(t, "apps.json")
	pass, err := r.Apps(t.Context(), func(p model.AppPage) error { apps = append(apps, p.Apps...); return nil })
	want := []model.App{{ID: "7c1f0c52-6a0e-4b53-9a35-0f6f5f8f2a10", AccountID: r.data.AccountID, Name: "classes-prod", CreatedAt: at("2026-01-05 09:00:00.000")}}
	if diff := cmp.Diff(want, apps); err != nil || !pass.Sound() || diff != "" {
		t.Errorf("%+v, %v: %s", pass, err, diff)
	}
	var sessions []model.Session
	pass, err = answering(t, "sessions.json").Sessions(t.Context(), want[0].ID, time.Time{}, now, func(p model.SessionPage) error {
		sessions = append(sessions, p.Sessions...)
		return nil
	})
	if err != nil || !pass.Sound() || len(sessions) != 2 {
		t.Fatalf("%+v, %v: %+v", pass, err, sessions)
	}
	ended := model.Session{
		ID: id(t, "0b6f6f0e-1d9b-4d0a-8f61-1a3c7a1d1001"), AppID: want[0].ID, MeetingID: "5e8d2c1a-93f4-4f43-8b7c-6d5b7f4e2001",
		MeetingTitle: "Algebra 2", Type: "meeting", Status: model.StatusEnded,
		LiveParticipants: minutes(0), MaxConcurrent: minutes(3), MinutesConsumed: minutes(94.2167),
		StartedAt: at("2026-11-20 15:00:03.120"), EndedAt: at("2026-11-20 15:47:10.004"),
		CreatedAt: at("2026-11-20 15:00:03.131"), UpdatedAt: at("2026-11-20 15:47:10.020"),
	}
	if diff := cmp.Diff(ended, sessions[0]); diff != "" {
		t.Error(diff)
	}
	if live := sessions[1]; live.Status != model.StatusLive || !live.EndedAt.IsZero() || live.Repairs != nil {
		t.Errorf("%+v", live)
	}
}

func TestSessionSamplesFlatAndNested(t *testing.T) {
	t.Parallel()
	session := id(t, "0b6f6f0e-1d9b-4d0a-8f61-1a3c7a1d1001")
	for _, name := range []string{"session_flat.json", "session_nested.json"} {
		got, err := answering(t, name).Session(t.Context(), "app", session)
		if err != nil || got.ID != session || got.Status != model.StatusEnded || got.Type != "meeting" || got.AppID != "app" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	bad := newRig(t, bulk(1), simulator.Options{Script: []simulator.Fault{{Answer: reply(http.StatusOK, `{"success":true,"data":{"session":{"id":"x"}}}`)}}})
	_, err := bad.Session(t.Context(), "app", session)
	var rejected *model.RejectedError
	if !errors.As(err, &rejected) || rejected.Record.Raw != `{"id":"x"}` || rejected.Record.Entity != model.EntitySession || bad.requests() != 1 {
		t.Errorf("%v after %d requests", err, bad.requests())
	}
}

// A cache that mixes up its answers must not give a session another's times.
func TestAnotherSessionsRecordIsNoAnswer(t *testing.T) {
	t.Parallel()
	other := "99999999-0000-4000-8000-000000000001"
	for _, shape := range []string{`{"success":true,"data":%s}`, `{"success":true,"data":{"session":%s}}`} {
		for _, rest := range []string{`"status":"ENDED"`, `"created_at":"yesterday"`} {
			r := answeringWith(t, http.StatusOK, fmt.Sprintf(shape, `{"id":"`+other+`",`+rest+`}`))
			session, err := r.Session(t.Context(), "app", testSession)
			if _, rejected := errors.AsType[*model.RejectedError](err); err == nil || rejected ||
				!strings.Contains(err.Error(), other) || !strings.Contains(err.Error(), testSession.String()) {
				t.Errorf("got %+v, %v", session, err)
			}
		}
	}
}

// Every error that the documentation prints is told apart, without its body.
func TestErrorSamples(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		says   string
	}{
		"error_authentication.json": {403, "Authentication error (code 10000)"},
		"error_headers.json":        {400, "Invalid request headers (code 6003); check that CLOUDFLARE_API_TOKEN"},
		"error_route.json":          {404, "No route for the URI (code 7003)"},
		"error_no_session.json":     {404, "No session found (code 404)"},
		"error_bad_id.json":         {400, "must be a valid GUID (code 400)"},
		"error_unauthorized.json":   {401, "status 401: Unauthorized; check"},
	} {
		got := under(t, reply(tt.status, sample(t, name)), 0)
		if got.err == nil || !strings.Contains(got.err.Error(), tt.says) || got.requests != 1 {
			t.Errorf("%s: %v", name, got.err)
		}
	}
}
