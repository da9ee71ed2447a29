package load_test

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// A session that is stored while the settings of its app change, in a transaction that
// does not see it yet, is of people by the new ones.
func TestSettingsReachSessionsUnderWay(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1)) // which makes the app
	p := testbed.Participant(2, "Ana", testbed.T0)
	p.UserID, p.CustomParticipantID, p.JoinedAt, p.LeftAt = "user", "custom", testbed.T0, testbed.T0
	tx, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `INSERT INTO analytics.settings (app_id, person_by) VALUES ('app', 'user_id')`); err != nil {
		t.Fatal(err)
	}
	loaded := make(chan error, 1)
	go func() {
		_, err := b.Load(testbed.Session(2), testbed.Full, model.ParticipantPage{Participants: []model.Participant{p}})
		loaded <- err
	}()
	b.UntilOneWaits()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-loaded; err != nil {
		t.Fatal(err)
	}
	if got := b.Text(`SELECT string_agg(person_id, ',') FROM analytics.session_people`); got != "user" {
		t.Errorf("the person is %s, by the settings before", got)
	}
}
