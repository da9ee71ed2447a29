package load_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// derivedTables are what analytics.derive keeps, but for when.
var derivedTables = []string{"session_presences", "presences", "session_people", "session_person_days", "session_figures"}

func derivedRows(b *testbed.Bench) map[string][]string {
	rows := map[string][]string{}
	for _, table := range derivedTables {
		text := b.Text(`SELECT coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), '') FROM (
			SELECT (to_jsonb(t) - 'derived_at')::text AS line FROM analytics.` + table + ` AS t) AS t`)
		rows[table] = strings.Split(text, "\n")
	}
	return rows
}

// What the loader derives of a new session from the rows in hand is what the
// function derives of the same session from the tables, over random sessions with
// odd times, unknown events, people of several devices, days and presets.
func TestLoaderDerivesWhatTheFunctionDoes(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	b := testbed.New(t)
	function := b.Text(`SELECT pg_get_functiondef('analytics.derive'::regproc)`)
	pgtest.Exec(t, b.Pool, `CREATE OR REPLACE FUNCTION analytics.derive(session_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'asked'; END$$`)
	pgtest.Exec(t, b.Pool, `INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id)
			SELECT app, 'account', now(), now(), 1 FROM unnest('{app,users,machines,spring,island,twice,gap}'::text[]) AS app;
		INSERT INTO analytics.settings (app_id, person_by, nobody_ids, machine_presets, machine_names, time_zone)
		VALUES ('users', 'user_id', '{u3}', NULL, NULL, NULL), ('machines', NULL, '{}', '{Zed}', '{Ana}', NULL),
			('spring', NULL, NULL, NULL, NULL, 'Europe/Berlin'), ('island', NULL, NULL, NULL, NULL, 'Pacific/Apia'),
			('twice', NULL, NULL, NULL, NULL, 'America/Sao_Paulo'), ('gap', NULL, NULL, NULL, NULL, 'America/Sao_Paulo')`)
	apps := []struct {
		name string
		at   time.Time // a quarter of an hour before midnight, the base of random sessions where zero
	}{
		{"app", time.Time{}},
		{"users", time.Time{}},
		{"machines", time.Time{}},
		{"spring", time.Date(2026, 3, 28, 22, 45, 0, 0, time.UTC)}, // before a day of 23 hours
		{"island", time.Date(2011, 12, 30, 9, 45, 0, 0, time.UTC)}, // before a day that was left out
		{"twice", time.Date(2018, 2, 18, 1, 45, 0, 0, time.UTC)},   // the clock is set back over midnight
		{"gap", time.Date(2018, 11, 4, 2, 45, 0, 0, time.UTC)},     // there is no midnight
	}
	const sessions = 700
	for n := range sessions {
		session, page := randomSession(rng, n)
		app := apps[n%len(apps)]
		if session.AppID = app.name; !app.at.IsZero() {
			shift(&session, &page, app.at.Sub(randomBase))
		}
		b.MustLoad(session, page)
	}
	pgtest.Exec(t, b.Pool, function)
	loaded := derivedRows(b)
	if got := b.Text(`SELECT count(*)::text FROM analytics.session_figures`); got != fmt.Sprint(sessions) {
		t.Fatalf("%s sessions have figures, want %d", got, sessions)
	}
	pgtest.Exec(t, b.Pool, `SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	if got := b.Text(`SELECT count(*)::text FROM analytics.stale_people`); got != "0" {
		t.Errorf("%s people are other ones", got)
	}
	sameRows(t, 50, derivedRows(b), loaded)
}

// The program and analytics.derive know the same events to move a peer.
func TestDecodeKnowsWhatMovesAPeer(t *testing.T) {
	t.Parallel()
	for _, name := range moves {
		if load.MoveOf(name) == 0 {
			t.Errorf("analytics.derive has %s move a peer: decode.go is to say in which direction", name)
		}
	}
}

// Which zone counts where a day is kept since retention deleted a session of it, the function
// knows: it is asked.
func TestFunctionDerivesBesideDaysThatAreKept(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 0))
	b := testbed.New(t)
	pgtest.Exec(t, b.Pool, `INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'account', now(), now(), 1);
		INSERT INTO analytics.settings (app_id, time_zone) VALUES ('app', 'Europe/Berlin')`)
	load := func(n int, want string) {
		t.Helper()
		session, page := randomSession(rng, n)
		session.AppID, session.StartedAt, session.EndedAt = "app", randomBase, randomBase.Add(time.Hour)
		b.MustLoad(session, page)
		if got := b.Text(`SELECT time_zone FROM analytics.session_figures WHERE session_id = '` + session.ID.String() + `'`); got != want {
			t.Errorf("the days of session %d are cut by %q, want %q", n, got, want)
		}
	}
	load(1, "Europe/Berlin")
	pgtest.Exec(t, b.Pool, `SELECT analytics.refresh(500)`)
	pgtest.Exec(t, b.Pool, `UPDATE analytics.usage_days SET time_zone = 'Europe/Madrid'; UPDATE analytics.session_dates SET is_gone = true, time_zone = 'Europe/Madrid'`)
	load(2, "Europe/Madrid")
}

// An end before the start is none: the last sign of anybody is taken for it.
func TestAnEndBeforeTheStartIsNone(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	session := testbed.Session(1)
	session.StartedAt, session.EndedAt = testbed.T0, testbed.T0.Add(-time.Second)
	page := model.ParticipantPage{Pass: 1}
	for n, left := range []time.Time{testbed.T0.Add(time.Hour), {}} {
		page.Participants = append(page.Participants, model.Participant{ID: testbed.UUID(100 + n), JoinedAt: testbed.T0, LeftAt: left})
	}
	b.MustLoad(session, page)
	const rows = `SELECT string_agg(concat_ws(' ', ends_at - starts_at, ends_at_source, person_seconds, average_share), ',') FROM analytics.session_figures`
	if got, want := b.Text(rows), "01:00:00 last_sign 7200 1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// sameRows compares what the function gives with what the program does, table by table;
// each has so many rows at least.
func sameRows(t *testing.T, least int, function, loaded map[string][]string) {
	t.Helper()
	for table, rows := range function {
		for _, side := range []struct {
			name      string
			has, less []string
		}{{"function", rows, loaded[table]}, {"program", loaded[table], rows}} {
			others := map[string]bool{}
			for _, row := range side.less {
				others[row] = true
			}
			wrong := slices.DeleteFunc(slices.Clone(side.has), func(row string) bool { return others[row] })
			if len(wrong) > 0 {
				t.Errorf("%s: %d rows only by the %s (internal/derive, or how internal/load reads and writes its rows, does otherwise than analytics.derive: change both alike):\n%s", table, len(wrong), side.name, strings.Join(wrong[:min(len(wrong), 2)], "\n"))
			}
		}
		if len(rows) < least || len(rows) != len(loaded[table]) {
			t.Errorf("%s: %d rows by the function, %d by the program", table, len(rows), len(loaded[table]))
		}
	}
}

// What the loader derives of a session that changed is what the function derives of it,
// and it notes whom the next refresh is to look for. Of a session of which more is stored
// than was read the function is asked.
func TestLoaderDerivesAChangedSession(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	b := testbed.New(t)
	sessions, pages := make([]model.Session, 80), make([]model.ParticipantPage, 80)
	for n := range sessions {
		sessions[n], pages[n] = randomSession(rng, n)
		withoutRepairs(&sessions[n], &pages[n]) // which are spelled otherwise where they are stored
		b.MustLoad(sessions[n], pages[n])
	}
	pgtest.Exec(t, b.Pool, `CREATE TABLE public.before AS SELECT * FROM analytics.session_people`)
	function := b.Text(`SELECT pg_get_functiondef('analytics.derive'::regproc)`)
	pgtest.Exec(t, b.Pool, `CREATE OR REPLACE FUNCTION analytics.derive(session_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'asked'; END$$`)
	for n := range sessions {
		_, other := randomSession(rng, n)
		withoutRepairs(&sessions[n], &other)
		change(rng, &sessions[n], &pages[n], &other)
		b.MustLoad(sessions[n], pages[n])
	}
	pgtest.Exec(t, b.Pool, function)
	loaded := derivedRows(b)
	wrong := b.Text(`WITH due AS (
			SELECT o.session_id, o.person_id, coalesce(o.custom_ids, ARRAY[o.custom_participant_id]) AS custom_ids
			FROM public.before AS o LEFT JOIN analytics.session_people AS n ON n.session_id = o.session_id AND n.person_id = o.person_id
			WHERE (n.custom_participant_id, n.custom_ids, n.person_id) IS DISTINCT FROM (o.custom_participant_id, o.custom_ids, o.person_id))
		SELECT format('%s of %s', count(*), (SELECT count(*) FROM due)) FROM due FULL JOIN analytics.stale_people AS s USING (session_id, person_id, custom_ids)
		WHERE due IS NULL OR s IS NULL`)
	if due, found := strings.CutPrefix(wrong, "0 of "); !found || due == "0" {
		t.Errorf("people who are other ones, wrong: %s", wrong)
	}
	pgtest.Exec(t, b.Pool, `SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	sameRows(t, 50, derivedRows(b), loaded)

	b.MustLoad(sessions[0], pages[0])
	derivedAt := `SELECT derived_at::text FROM analytics.session_figures WHERE session_id = '` + sessions[0].ID.String() + `'`
	unchanged := b.Text(derivedAt)
	b.MustLoad(sessions[0], pages[0])
	if b.Text(derivedAt) != unchanged {
		t.Error("a session that did not change was derived anew")
	}
	full := slices.IndexFunc(pages, func(p model.ParticipantPage) bool { return len(p.Events) > 1 })
	less := pages[full]
	less.Events = slices.Clone(less.Events[1:]) // the vendor serves no more
	sessions[full].UpdatedAt = sessions[full].UpdatedAt.Add(time.Hour)
	b.MustLoad(sessions[full], less)
	loaded = derivedRows(b)
	pgtest.Exec(t, b.Pool, `SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	sameRows(t, 50, derivedRows(b), loaded)
}

func withoutRepairs(s *model.Session, page *model.ParticipantPage) {
	s.Repairs = nil
	for i := range page.Participants {
		page.Participants[i].Repairs = nil
	}
	for i := range page.Events {
		page.Events[i].Repairs = nil
	}
}

// change gives some participants and events of a session the values of another, and adds
// those that only the other has.
func change(rng *rand.Rand, s *model.Session, page, other *model.ParticipantPage) {
	s.UpdatedAt, s.MinutesConsumed = s.UpdatedAt.Add(time.Minute), model.Number{Value: rng.Float64(), Valid: true}
	for i := range other.Participants {
		p := other.Participants[i]
		p.UpdatedAt = p.UpdatedAt.Add(time.Minute)
		if i >= len(page.Participants) {
			page.Participants = append(page.Participants, p)
		} else if rng.IntN(3) == 0 {
			page.Participants[i] = p
		}
	}
	for i := range other.Events {
		e := other.Events[i]
		e.UpdatedAt = e.UpdatedAt.Add(time.Minute)
		k := slices.IndexFunc(page.Events, func(o model.PeerEvent) bool { return o.ParticipantID == e.ParticipantID && o.ID == e.ID })
		if k < 0 {
			page.Events = append(page.Events, e)
		} else if rng.IntN(3) == 0 {
			page.Events[k] = e
		}
	}
}

// randomBase is about when random sessions are.
var randomBase = time.Date(2026, 3, 10, 23, 45, 0, 0, time.UTC)

// shift moves a session in time.
func shift(s *model.Session, page *model.ParticipantPage, by time.Duration) {
	for _, t := range []*time.Time{&s.StartedAt, &s.CreatedAt, &s.EndedAt} {
		shiftTime(t, by)
	}
	for i := range page.Participants {
		shiftTime(&page.Participants[i].JoinedAt, by)
		shiftTime(&page.Participants[i].LeftAt, by)
	}
	for i := range page.Events {
		shiftTime(&page.Events[i].CreatedAt, by)
	}
}

func shiftTime(t *time.Time, by time.Duration) {
	if !t.IsZero() {
		*t = t.Add(by)
	}
}

// fillOthers gives a text to each field of a record that has one and is not filled by name:
// a new one is tried as well.
func fillOthers(record any, pick func(words ...string) string, filled ...string) {
	of := reflect.ValueOf(record).Elem()
	for i := range of.NumField() {
		if field := of.Field(i); field.Kind() == reflect.String && !slices.Contains(filled, of.Type().Field(i).Name) {
			field.SetString(pick("", "one", "two"))
		}
	}
}

// moves are tried twice as often as other events.
var moves = testbed.Moves()

// randomSession has few different times, so that ties are frequent.
func randomSession(rng *rand.Rand, n int) (model.Session, model.ParticipantPage) {
	const tick = 30*time.Second + 7*time.Microsecond
	base := randomBase
	chance := func(share float64) bool { return rng.Float64() < share }
	pick := func(words ...string) string { return words[rng.IntN(len(words))] }
	moment := func(null float64) time.Time {
		switch {
		case chance(null):
			return time.Time{}
		case chance(0.03):
			return base.AddDate(0, 0, []int{-800, -2, 2, 3, 800}[rng.IntN(5)])
		}
		return base.Add(time.Duration(rng.IntN(60)) * tick)
	}
	repairs := func() model.Repairs {
		if chance(0.1) {
			return model.Repairs{"left_at": "soon"}
		}
		return nil
	}
	s := testbed.Session(n + 1)
	s.Status, s.StartedAt, s.CreatedAt, s.EndedAt = pick("ENDED", "LIVE", ""), moment(0.3), base, moment(0)
	s.MaxConcurrent, s.MinutesConsumed = model.Number{Value: float64(n % 7), Valid: n%3 > 0}, model.Number{Value: float64(n) / 3, Valid: n%4 > 0}
	start := s.StartedAt
	if start.IsZero() {
		start = s.CreatedAt
	}
	if s.EndedAt.Before(start) { // which is for the function
		s.EndedAt = start.Add(start.Sub(s.EndedAt))
	}
	s.Repairs = repairs()
	page := model.ParticipantPage{Pass: 1}
	for i := range rng.IntN(12) {
		p := model.Participant{
			ID: testbed.UUID(i + 100), UserID: pick("", "", "u1", "u2", "u3"), CustomParticipantID: pick("", "c1", "c2", "u1", "Č", "guest"),
			DisplayName: pick("", "Ana", "Ana ", "Çem", "Çem (phone)", "C\u0327em", "name-aaaaaaaaaaaaaaaa", "name-bbbbbbbbbbbbbbbb"), PresetName: pick("", "host", "student", "Zed", "bot"), JoinedAt: moment(0.3), LeftAt: moment(0.3),
			DurationMinutes: model.Number{Value: float64(rng.IntN(2)), Valid: chance(0.7)}, UpdatedAt: base,
		}
		p.Repairs = repairs()
		fillOthers(&p, pick, "UserID", "CustomParticipantID", "DisplayName", "PresetName")
		page.Participants = append(page.Participants, p)
		for k := range rng.IntN(7) {
			e := model.PeerEvent{
				ParticipantID: p.ID, ID: testbed.UUID(k), Name: pick(slices.Concat(moves, moves, []string{"PEER_CREATED", ""})...),
				PeerID: pick("", p.ID.String(), "other", "Other", strings.ToUpper(p.ID.String())), PresetViewType: pick("", "GROUP_CALL", "WEBINAR", "webinar"),
				CreatedAt: moment(0.05), UpdatedAt: base,
			}
			e.Repairs = repairs()
			fillOthers(&e, pick, "Name", "PeerID", "PresetViewType", "SocketSessionID")
			page.Events = append(page.Events, e)
		}
	}
	rng.Shuffle(len(page.Events), func(i, k int) { page.Events[i], page.Events[k] = page.Events[k], page.Events[i] })
	return s, page
}
