package load

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

// derivedRows encode rows of one table after the other for COPY.
type derivedRows struct {
	pgcopy.Encoder

	session model.UUID
	rows    int64
}

// row begins a row.
func (e *derivedRows) row(columns uint16) {
	if e.rows == 0 {
		e.Encoder = append(e.Encoder[:0], pgcopy.Header...)
	}
	e.rows++
	e.Columns(columns)
	e.UUID(e.session)
}

func (e *derivedRows) presence(p *derive.Presence, participant model.UUID) {
	e.row(presenceColumns)
	e.UUID(participant)
	e.Int64(p.JoinedAt)
	e.Int64(p.LeftAt)
	e.Int32(p.Number)
	e.Text(string(rune(p.Kind)))
	e.Bool(p.ByEvents)
	e.Bool(p.Cut)
	e.Text(p.ViewType)
	e.Text(p.Peer)
}

func (e *derivedRows) person(p *derive.Person) {
	e.row(personColumns)
	e.Int64(p.FirstJoinAt)
	e.Int64(p.LastLeaveAt)
	e.Number(model.Number{Value: seconds(p.Present), Valid: true})
	e.Number(model.Number{Value: float64(p.Share) / 1e4, Valid: p.Share >= 0})
	e.Int32(len(p.Presence))
	e.Int32(p.Participants)
	e.Bool(false) // inside: the session has ended
	e.Bool(p.Open)
	e.Bool(p.ByRow)
	e.Bool(p.Split)
	e.Text(p.ID)
	e.Text(p.CustomID)
	e.Text(p.Name)
	e.Text(p.Preset)
	e.Text(p.ViewType)
	e.Multirange(p.Presence)
	e.Texts(p.CustomIDs)
	e.Text(p.UserID)
	e.Bool(p.Guest)
	e.Bool(p.Contradicted)
}

func (e *derivedRows) piece(p *derive.Piece) {
	e.row(pieceColumns)
	e.Text(p.PersonID)
	e.Int32(p.Day)
	e.Int32(p.Number)
	e.Text(p.Preset)
	e.Text(p.ViewType)
	e.Multirange(p.Presence)
}

// copy copies the rows and forgets them.
func (e *derivedRows) copy(ctx context.Context, tx pgx.Tx, sql string) error {
	if e.rows == 0 {
		return nil
	}
	e.Encoder = append(e.Encoder, pgcopy.Trailer...)
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(e.Encoder), sql)
	if err == nil && tag.RowsAffected() != e.rows {
		err = fmt.Errorf("%d of %d rows arrived", tag.RowsAffected(), e.rows)
	}
	e.rows = 0
	return err
}
