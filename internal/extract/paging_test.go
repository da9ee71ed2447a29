package extract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Records must not get lost while everything looks like success
// (airbytehq/airbyte#76465), whichever way the API reads its documentation.
func TestEveryDialectGivesEveryRow(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 8, 30} {
		t.Run(fmt.Sprintf("%d rows", rows), func(t *testing.T) {
			t.Parallel()
			data := bulk(rows)
			for bits := range 1 << 4 {
				for place := simulator.PagingAuto; place <= simulator.PagingAbsent; place++ {
					for _, most := range []int{0, 7} {
						d := simulator.Dialect{
							PageBase0: bits&1 != 0, CapRowsOnly: bits&2 != 0, EmptyLastPage: bits&4 != 0, RepeatLastPage: bits&8 != 0,
							FloatCounts: most == 0, Paging: place, MaxPerPage: most,
						}
						if d.RepeatLastPage && (d.EmptyLastPage || d.CapRowsOnly && d.PageBase0) {
							continue // no server does both: its pages would contradict themselves
						}
						for _, perPage := range []int{10, 500} {
							checkDialect(t, data, d, perPage)
						}
					}
				}
			}
		})
	}
}

func checkDialect(t *testing.T, data *simulator.Data, d simulator.Dialect, perPage int) {
	t.Helper()
	r := newRig(t, data, simulator.Options{Dialect: d}, func(c *Config) { c.PerPage = perPage })
	rows, size := len(r.truth()), perPage
	if d.MaxPerPage > 0 {
		size = min(size, d.MaxPerPage)
	}
	name := fmt.Sprintf("%d rows, per_page=%d, %+v", rows, perPage, d)
	needed := max((rows+size-1)/size, 1)
	for pass := range 2 {
		before := r.requests()
		got, err := r.participants(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(r.truth(), got.ids()); diff != "" {
			t.Fatalf("%s: rows read (+) and there (-): %s", name, diff)
		}
		spent := r.requests() - before
		most := needed
		switch {
		case d.Paging == simulator.PagingAbsent || d.RepeatLastPage:
			most += 2 // an answer that shows the end, and page 0
		case d.PageBase0 && pass == 0:
			most++ // page 1, where the first is 0
		case len(got.participants) != rows:
			t.Errorf("%s: %d rows were handed on", name, len(got.participants))
		}
		if spent > most || spent < needed {
			t.Errorf("%s: pass %d took %d requests, at most %d are needed", name, pass, spent, most)
		}
		lies := d.RepeatLastPage && d.Paging != simulator.PagingAbsent && rows > 0
		if got.pass.Sound() == lies {
			t.Errorf("%s: sound %v: %s", name, got.pass.Sound(), got.pass.Doubt())
		}
	}
}

func TestWellBehavedAPITakesNoRequestTooMany(t *testing.T) {
	t.Parallel()
	for rows := range 42 {
		r := newRig(t, bulk(rows), simulator.Options{})
		got, err := r.participants(t.Context())
		pages := max((rows+9)/10, 1)
		requests := pages
		if rows == 10 {
			requests++ // as many are announced as one page has: is that the list, or the page?
		}
		if err != nil || r.requests() != requests || got.pages != pages {
			t.Errorf("%d rows: %d requests, want %d, %d pages, want %d: %v", rows, r.requests(), requests, got.pages, pages, err)
		}
		want := model.Pass{Announced: rows, Distinct: rows}
		if diff := cmp.Diff(want, got.pass); diff != "" {
			t.Errorf("%d rows: %s", rows, diff)
		}
	}
}

// Offset paging over rows that change skips records (airbytehq/airbyte#21500):
// it must show.
func TestRowsThatShiftBetweenPagesAreNoticed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change     func(*simulator.Data)
		duplicates int
	}{
		"a row comes in front": {simulator.AddLateRow, 1},
		"a row goes":           {simulator.DropRow, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, bulk(25), simulator.Options{Script: []simulator.Fault{
				{Path: "*/participants?*page_no=2*", Nth: 1, Do: tt.change},
			}})
			got, err := r.participants(t.Context())
			if err != nil || got.pass.Sound() || got.pass.Duplicates != tt.duplicates {
				t.Errorf("%+v, %v", got.pass, err)
			}
			again, err := r.participants(t.Context())
			if err != nil || !again.pass.Sound() || !cmp.Equal(again.ids(), r.truth()) {
				t.Errorf("second pass: %+v, %v", again.pass, err)
			}
		})
	}
}

func TestNewcomerAtTheEndIsReadInTheSamePass(t *testing.T) {
	t.Parallel()
	data := bulk(20)
	data.Apps[0].Sessions[0].Status = simulator.StatusLive
	r := newRig(t, data, simulator.Options{Script: []simulator.Fault{
		{Path: "*/participants?*page_no=2*", Nth: 1, Do: simulator.JoinLive},
	}})
	got, err := r.participants(t.Context())
	if err != nil || got.pass.Distinct != 21 || got.pass.Announced != 21 || got.pass.Sound() || r.requests() != 3 {
		t.Errorf("%+v after %d requests, %v", got.pass, r.requests(), err)
	}
}

// A lonely page 1 whose offsets begin late, and no page 0: what can be had is
// handed on, and the doubt is said.
func TestPagesThatBeginLateAreDoubted(t *testing.T) {
	t.Parallel()
	base := new(pageBase)
	asked := 0
	pass, err := walkList(t.Context(), 10, base, func(_ context.Context, number, _ int) (fetched, error) {
		asked++
		if number == 0 {
			return fetched{}, &AnswerError{Status: http.StatusBadRequest}
		}
		return fetched{
			paging: paging{present: true, total: 2, start: 2, end: 2}, keys: []key{{1}}, deliver: func() error { return nil },
		}, nil
	})
	if err != nil || pass.Sound() || pass.Problem == "" || asked != 2 || base.known.Load() != baseOne {
		t.Errorf("%+v after %d requests, %v", pass, asked, err)
	}
}

// One mistaken 404 for page 0 must not cost the first page of every list; a page 0
// that is never there is not asked for again.
func TestPageZeroThatIsOnceNotFoundIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		times int // that page 0 is not found
		base  int32
		rows  int
	}{{0, baseZero, 3}, {1, baseZero, 3}, {mostNotFound - 1, baseZero, 3}, {mostNotFound, baseOne, 2}} {
		base := new(pageBase)
		lost := 0
		pass, err := walkList(t.Context(), 1, base, func(_ context.Context, number, _ int) (fetched, error) {
			if number == 0 && lost < tt.times {
				lost++
				return fetched{}, &AnswerError{Status: http.StatusNotFound}
			}
			page := fetched{deliver: func() error { return nil }}
			if number < 3 { // of a list that announces nothing
				page.keys = []key{{byte(number)}}
			}
			return page, nil
		})
		if err != nil || pass.Distinct != tt.rows || base.known.Load() != tt.base {
			t.Errorf("after %d times: %+v, base %d, %v", tt.times, pass, base.known.Load(), err)
		}
	}
}

// Offsets that go on for ever while the rows do not.
func TestEndlessPagesAreBounded(t *testing.T) {
	t.Parallel()
	asked := 0
	pass, err := walkList(t.Context(), 1, new(pageBase), func(_ context.Context, number, _ int) (fetched, error) {
		asked++
		return fetched{
			paging: paging{present: true, total: -1, start: number, end: number}, keys: []key{{1}}, deliver: func() error { return nil },
		}, nil
	})
	if err != nil || pass.Sound() || asked > 2*maxStale || pass.Distinct != 1 {
		t.Errorf("%+v after %d requests, %v", pass, asked, err)
	}
}

func TestBaseIsForgottenWhereItDoesNotFit(t *testing.T) {
	t.Parallel()
	r := newRig(t, bulk(30), simulator.Options{Dialect: simulator.Dialect{PageBase0: true}})
	for range 2 {
		if got, err := r.participants(t.Context()); err != nil || !got.pass.Sound() {
			t.Fatalf("%+v, %v", got.pass, err)
		}
	}
	r.sim.SetDialect(simulator.Dialect{}) // the API was rolled out anew
	if got, err := r.participants(t.Context()); err != nil || got.pass.Sound() {
		t.Errorf("page 1 stood for page 0, which went unnoticed: %+v, %v", got.pass, err)
	}
	if got, err := r.participants(t.Context()); err != nil || !got.pass.Sound() || !cmp.Equal(got.ids(), r.truth()) {
		t.Errorf("%+v, %v", got.pass, err)
	}
}

func TestSessionsAndAppsArePagedToo(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 23, Sessions: 23 * 12, Participants: 1}, 7, now)
	r := newRig(t, data, simulator.Options{Dialect: simulator.Dialect{PageBase0: true, MaxPerPage: 5}})
	var apps []model.App
	pass, err := r.Apps(t.Context(), func(p model.AppPage) error {
		apps = append(apps, p.Apps...)
		return nil
	})
	if err != nil || !pass.Sound() || len(apps) != 23 || apps[0].AccountID != data.AccountID {
		t.Fatalf("%d apps, %+v, %v", len(apps), pass, err)
	}
	for _, app := range apps {
		var sessions []model.Session
		pass, err := r.Sessions(t.Context(), app.ID, time.Time{}, now, func(p model.SessionPage) error {
			sessions = append(sessions, p.Sessions...)
			return nil
		})
		if err != nil || !pass.Sound() || len(sessions) != 12 {
			t.Fatalf("%d sessions, %+v, %v", len(sessions), pass, err)
		}
		for i := 1; i < len(sessions); i++ {
			if sessions[i].CreatedAt.Before(sessions[i-1].CreatedAt) || sessions[i].AppID != app.ID {
				t.Errorf("session %d of app %s is out of order or place", i, app.ID)
			}
		}
	}
}

func TestErrorOfTheReceiverEndsTheWalk(t *testing.T) {
	t.Parallel()
	r := newRig(t, bulk(30), simulator.Options{})
	_, err := r.Apps(t.Context(), func(model.AppPage) error { return model.ErrStore })
	if !errors.Is(err, model.ErrStore) || r.requests() != 1 {
		t.Errorf("%v after %d requests", err, r.requests())
	}
}
