package load

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

var (
	at    = time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	minor = model.PeerEvent{
		ParticipantID: model.UUID{1}, ID: model.UUID{2}, Name: "PEER_JOINING", PeerID: "p", PresetViewType: "GROUP_CALL",
		MinutesConsumed: model.Number{Value: 1.5, Valid: true}, CreatedAt: at, UpdatedAt: at,
		OwnIDs: model.OwnSession,
	}
)

// columnsOf takes an encoded row apart, as Postgres would send it back.
func columnsOf(t *testing.T, row []byte) (values [][]byte) {
	t.Helper()
	for len(row) > 0 {
		length := int32(uint32(row[0])<<24 | uint32(row[1])<<16 | uint32(row[2])<<8 | uint32(row[3]))
		row = row[4:]
		if length < 0 {
			values = append(values, nil)
			continue
		}
		values = append(values, row[:length:length])
		row = row[length:]
	}
	return values
}

// A row is the same only if each column is: null is not empty, and no column may
// be missing or too many.
func TestSameRow(t *testing.T) {
	t.Parallel()
	r := newRows(eventTable)
	r.event(&minor)
	row := r.row(0)
	values := columnsOf(t, row)
	if len(values) != 12 || !sameRow(row, values) {
		t.Fatalf("%d columns, or the row differs from itself", len(values))
	}
	for i := range values {
		changed := append([]byte{}, values[i]...) // of null, an empty text
		if len(changed) > 0 {
			changed[len(changed)-1] ^= 1
		}
		for _, other := range [][]byte{changed, nil, append(bytes.Clone(values[i]), 0)} {
			if other == nil && values[i] == nil {
				continue
			}
			differing := append([][]byte(nil), values...)
			differing[i] = other
			if sameRow(row, differing) {
				t.Errorf("column %d: %v passes for %v", i, other, values[i])
			}
		}
	}
	if sameRow(row, values[:11]) || sameRow(row, append(values, nil)) {
		t.Error("a column too few or too many passes")
	}
}

// What is left out of the COPY is what the table already has, however small the
// pieces are in which it is read.
func TestCopyStream(t *testing.T) {
	t.Parallel()
	r := newRows(eventTable)
	for n := range byte(4) {
		e := minor
		e.ID[0] = n
		r.event(&e)
	}
	for n := range byte(4) {
		if n%2 == 0 && !r.compare(columnsOf(t, r.row(int(n)))) {
			t.Error("a row that was read is not known")
		}
	}
	other := model.UUID{9}
	if r.compare([][]byte{other[:], other[:]}) || r.left != 2 {
		t.Errorf("%d rows are left, want 2", r.left)
	}
	before := func(e *pgcopy.Encoder) { e.Columns(13) }
	want := pgcopy.Header + "\x00\x0d" + string(r.row(1)) + "\x00\x0d" + string(r.row(3)) + pgcopy.Trailer
	for _, reader := range []io.Reader{newCopyStream(r, before), iotest.OneByteReader(newCopyStream(r, before))} {
		if got, err := io.ReadAll(reader); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	r.reset()
	if got, _ := io.ReadAll(newCopyStream(r, before)); string(got) != pgcopy.Header+pgcopy.Trailer || r.left != 0 {
		t.Errorf("%q and %d rows left after a reset", got, r.left)
	}
}

// BenchmarkEncode encodes a page of 200 participants with ten events each.
func BenchmarkEncode(b *testing.B) {
	p := model.Participant{
		UserID: "bbbbbbbb-0000-4000-8000-000000000001", CustomParticipantID: "stu-1", DisplayName: "Mira", PresetName: "student",
		JoinedAt: at, LeftAt: at, DurationMinutes: model.Number{Value: 35, Valid: true}, CreatedAt: at, UpdatedAt: at,
	}
	participants, events := newRows(participantTable), newRows(eventTable)
	b.ReportAllocs()
	for b.Loop() {
		participants.reset()
		events.reset()
		for i := range 200 {
			p.ID[0] = byte(i)
			participants.participant(&p)
			for k := range 10 {
				e := minor
				e.ParticipantID, e.ID[1] = p.ID, byte(k)
				events.event(&e)
			}
		}
		if participants.len() != 200 || events.len() != 2000 || participants.twice() || events.twice() {
			b.Fatal("the page is not what it should be")
		}
		b.SetBytes(int64(len(participants.Encoder) + len(events.Encoder)))
	}
}

// A row is found by its ids, and one that came twice is seen, also where ids begin alike.
func TestRowsAreFoundByTheirIDs(t *testing.T) {
	t.Parallel()
	r := newRows(eventTable)
	alike := func(n, at int) (id model.UUID) {
		id[at], id[15] = byte(n), byte(n*7)
		return id
	}
	e := minor
	for n := range 200 {
		e.ParticipantID, e.ID = alike(n%10, n%2*6), alike(n, n%3*5)
		r.event(&e)
	}
	for n := range 200 {
		participant, event := alike(n%10, n%2*6), alike(n, n%3*5)
		if row, known := r.find(participant[:], event[:]); !known || row != n {
			t.Errorf("row %d is found at %d, %v", n, row, known)
		}
		event[14] = 1
		if _, known := r.find(participant[:], event[:]); known {
			t.Errorf("what is not there is found for row %d", n)
		}
	}
	if r.twice() {
		t.Error("no row came twice")
	}
	if r.event(&e); !r.twice() {
		t.Error("the last row came twice")
	}
}
