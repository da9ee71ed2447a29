package load_test

import (
	"runtime"
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

// One that is stored while the time zone of its account changes has the new days, though a
// refresh counts it before the change is there.
func TestZonesOfAccountsReachSessionsUnderWay(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1)) // which makes the app
	tx, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `INSERT INTO sync.account_zones (account_id, time_zone) SELECT account_id, 'Pacific/Auckland' FROM realtimekit.apps`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		if _, err := b.Load(testbed.Session(2), testbed.Full); err != nil {
			done <- err
			return
		}
		_, err := b.DB.RefreshAnalytics(t.Context())
		done <- err
	}()
	const waiting = `SELECT count(*)::text FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	for len(done) == 0 && b.Text(waiting) == "0" {
		runtime.Gosched()
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := b.DB.RefreshAnalytics(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.Text(`SELECT string_agg(DISTINCT time_zone, ' ') FROM analytics.session_dates`); got != "Pacific/Auckland" {
		t.Errorf("sessions are counted in %s", got)
	}
}
