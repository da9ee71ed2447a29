package warehouse

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/usage"
)

const (
	// As analytics.count_sessions has it; and all of a cursor is read.
	readAllSQL = `SET LOCAL work_mem = '64MB'; SET LOCAL enable_seqscan = off; SET LOCAL cursor_tuple_fraction = 1`
	// Who has one preset and day in a session stands in session_people, who has several in
	// session_person_days. The order is that of bytes, which is the quickest.
	staysSQL = `DECLARE stays NO SCROLL CURSOR FOR SELECT session_id, person_id, first_join_at, usage_date, preset_name, preset_view_type, multirange_send(presence),
		custom_participant_id, custom_ids
	FROM (SELECT session_id, person_id, first_join_at, NULL::date AS usage_date, preset_name, preset_view_type, presence, custom_participant_id, custom_ids
		FROM analytics.session_people WHERE session_id = ANY ($1) AND NOT is_split
		UNION ALL
		SELECT session_id, person_id, NULL, usage_date, preset_name, preset_view_type, presence, NULL, NULL
		FROM analytics.session_person_days WHERE session_id = ANY ($1)) AS s
	ORDER BY person_id COLLATE "C"`
	someStaysSQL = `FETCH 5000 FROM stays`
)

// people hands the stays of one person after the other to who counts them.
type people struct {
	all      []*derivedSession
	numbers  map[pgtype.UUID]int // of the sessions
	counter  *usage.Counter
	own      *ownIDs
	presets  map[usage.Preset]*usage.Preset
	person   []byte       // the last one
	stays    []usage.Stay // of the last one
	presence []derive.Span
}

func newPeople(sessions []*derivedSession) *people {
	p := &people{all: sessions, numbers: make(map[pgtype.UUID]int, len(sessions)), own: newOwnIDs(len(sessions)), presets: map[usage.Preset]*usage.Preset{}}
	for i, s := range sessions {
		p.numbers[s.id] = i
	}
	return p
}

// declare opens the cursor. All locks that reading takes are taken here.
func (p *people) declare(ctx context.Context, tx pgx.Tx) error {
	ids := make([]pgtype.UUID, len(p.all))
	for i, s := range p.all {
		ids[i] = s.id
	}
	if _, err := tx.Exec(ctx, readAllSQL); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, staysSQL, ids)
	return err
}

// read opens the cursor and counts who was inside. It gives who was in several sessions of a
// day in between, so that only some of them are in memory.
func (p *people) read(ctx context.Context, tx pgx.Tx, ready <-chan *usage.Counter) iter.Seq2[[]usage.SharedPerson, error] {
	return func(yield func([]usage.SharedPerson, error) bool) {
		if err := p.declare(ctx, tx); err != nil {
			yield(nil, err)
			return
		}
		p.fetch(ctx, tx, ready)(yield)
	}
}

// fetch is read for a cursor that is open. The counter arrives after the server was asked for
// the first stays; where the channel is closed, nobody is counted.
func (p *people) fetch(ctx context.Context, tx pgx.Tx, ready <-chan *usage.Counter) iter.Seq2[[]usage.SharedPerson, error] {
	return func(yield func([]usage.SharedPerson, error) bool) {
		for more := true; more; {
			// Not prepared for longer: the cursor is another in each transaction.
			rows, err := tx.Query(ctx, someStaysSQL, pgx.QueryExecModeDescribeExec)
			if err != nil {
				yield(nil, err)
				return
			}
			if p.counter == nil {
				p.counter = <-ready
			}
			if p.counter == nil {
				rows.Close()
				return
			}
			if more, err = p.take(rows); err == nil && !more {
				p.flush()
			}
			if !yield(p.counter.TakeShared(), err) || err != nil {
				return
			}
		}
	}
}

// take counts some of the stays, and reports whether there were any.
func (p *people) take(rows pgx.Rows) (more bool, err error) {
	var id pgtype.UUID
	var person, presence, own pgtype.DriverBytes // valid until the next row
	var at pgtype.Timestamptz
	var date pgtype.Date
	var preset, viewType pgtype.Text
	var several []string
	tag, err := pgx.ForEachRow(rows, []any{&id, &person, &at, &date, &preset, &viewType, &presence, &own, &several}, func() error {
		if !bytes.Equal(person, p.person) {
			p.flush()
			p.person = append(p.person, person...)
		}
		session, day := p.numbers[id], numberOf(date)
		if !date.Valid {
			day = p.all[session].DayOf(timeOf(at.Time))
			p.own.counted[session]++
			if p.counter.Knows(session, day) {
				p.own.add(dayOfApp{p.all[session].App, day}, own, several)
			}
		}
		spans, err := p.within(presence)
		p.stays = append(p.stays, usage.Stay{
			Session: session, Day: day, Presence: spans, Preset: p.preset(usage.Preset{Name: usage.Text(preset), ViewType: usage.Text(viewType)}),
		})
		return err
	})
	return tag.RowsAffected() > 0, err
}

// flush counts the last person.
func (p *people) flush() {
	if len(p.stays) > 0 {
		p.counter.Add(string(p.person), p.stays)
	}
	p.person, p.stays, p.presence = p.person[:0], p.stays[:0], p.presence[:0]
}

func (p *people) preset(its usage.Preset) *usage.Preset {
	own, known := p.presets[its]
	if !known {
		own = &its
		p.presets[its] = own
	}
	return own
}

// within reads a multirange as Postgres sends it: how many ranges, and of each its length,
// what kind it is, and of both bounds their length and microseconds.
func (p *people) within(sent []byte) ([]derive.Span, error) {
	const size = 4 + 1 + 2*(4+8)
	if len(sent) < 4 || len(sent) != 4+size*int(binary.BigEndian.Uint32(sent)) {
		return nil, fmt.Errorf("a presence of %d bytes has ranges without an end", len(sent))
	}
	first := len(p.presence)
	for at := 4; at < len(sent); at += size {
		p.presence = append(p.presence, derive.Span{Start: bigint(sent[at+9:]), End: bigint(sent[at+21:])})
	}
	return p.presence[first:len(p.presence):len(p.presence)], nil
}

func bigint(sent []byte) int64 {
	return int64(binary.BigEndian.Uint64(sent)) //nolint:gosec // two's complement is the wire format
}
