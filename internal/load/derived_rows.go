package load

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// derivedRows encode rows of one table after the other for COPY.
type derivedRows struct {
	encoder

	session model.UUID
	rows    int64
}

// row begins a row.
func (e *derivedRows) row(columns uint16) {
	if e.rows == 0 {
		e.encoder = append(e.encoder[:0], copyHeader...)
	}
	e.rows++
	e.columns(columns)
	e.uuid(e.session)
}

func (e *derivedRows) presence(p *derive.Presence, participant model.UUID) {
	e.row(presenceColumns)
	e.uuid(participant)
	e.int64(p.JoinedAt)
	e.int64(p.LeftAt)
	e.int32(p.Number)
	e.text(string(rune(p.Kind)))
	e.bool(p.ByEvents)
	e.bool(p.Cut)
	e.text(p.ViewType)
	e.text(p.Peer)
}

func (e *derivedRows) person(p *derive.Person) {
	e.row(personColumns)
	e.int64(p.FirstJoinAt)
	e.int64(p.LastLeaveAt)
	e.number(model.Number{Value: seconds(p.Present), Valid: true})
	e.number(model.Number{Value: float64(p.Share) / 1e4, Valid: p.Share >= 0})
	e.int32(len(p.Presence))
	e.int32(p.Participants)
	e.bool(false) // inside: the session has ended
	e.bool(p.Open)
	e.bool(p.ByRow)
	e.bool(p.Split)
	e.text(p.ID)
	e.text(p.CustomID)
	e.text(p.Name)
	e.text(p.Preset)
	e.text(p.ViewType)
	e.multirange(p.Presence)
	e.texts(p.CustomIDs)
	e.text(p.UserID)
	e.bool(p.Guest)
	e.bool(p.Contradicted)
}

func (e *derivedRows) piece(p *derive.Piece) {
	e.row(pieceColumns)
	e.text(p.PersonID)
	e.int32(p.Day)
	e.int32(p.Number)
	e.text(p.Preset)
	e.text(p.ViewType)
	e.multirange(p.Presence)
}

// copy copies the rows and forgets them.
func (e *derivedRows) copy(ctx context.Context, tx pgx.Tx, sql string) error {
	if e.rows == 0 {
		return nil
	}
	e.encoder = append(e.encoder, copyTrailer...)
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(e.encoder), sql)
	if err == nil && tag.RowsAffected() != e.rows {
		err = fmt.Errorf("%d of %d rows arrived", tag.RowsAffected(), e.rows)
	}
	e.rows = 0
	return err
}

func (b *encoder) int32(n int) {
	b.length(4)
	b.length(n)
}

func (b *encoder) bool(yes bool) {
	b.length(1)
	if yes {
		*b = append(*b, 1)
	} else {
		*b = append(*b, 0)
	}
}

// texts writes a text[] of which no element is null, and null for none.
func (b *encoder) texts(all []string) {
	if all == nil {
		b.null()
		return
	}
	const textType, header = 25, 20
	size := header
	for _, s := range all {
		size += 4 + len(s)
	}
	for _, n := range []int{size, 1, 0, textType, len(all), 1} { // dimensions, nulls, type, elements, first index
		b.length(n)
	}
	for _, s := range all {
		b.length(len(s))
		*b = append(*b, s...)
	}
}

// multirange writes a tstzmultirange.
func (b *encoder) multirange(spans []derive.Span) {
	const withStart, size = 2, 1 + 12 + 12 // the range holds its start but not its end
	b.length(4 + len(spans)*(4+size))
	b.length(len(spans))
	for _, s := range spans {
		b.length(size)
		*b = append(*b, withStart)
		b.int64(s.Start)
		b.int64(s.End)
	}
}
