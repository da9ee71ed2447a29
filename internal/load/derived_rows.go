package load

import (
	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

// derivedRows write rows of what is derived of a session.
type derivedRows struct {
	session      model.UUID
	participants []derive.Participant
}

// row begins a row.
func (r derivedRows) row(e *pgcopy.Encoder, columns uint16) {
	e.Columns(columns)
	e.UUID(r.session)
}

func (r derivedRows) presence(e *pgcopy.Encoder, p *derive.Presence) {
	r.row(e, presenceColumns)
	e.UUID(r.participants[p.Participant].ID)
	e.Int64(p.JoinedAt)
	e.Int64(p.LeftAt)
	e.Int32(p.Number)
	e.Text(string(rune(p.Kind)))
	e.Bool(p.ByEvents)
	e.Bool(p.Cut)
	e.Text(p.ViewType)
	e.Text(p.Peer)
}

func (r derivedRows) person(e *pgcopy.Encoder, p *derive.Person) {
	r.row(e, personColumns)
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

func (r derivedRows) piece(e *pgcopy.Encoder, p *derive.Piece) {
	r.row(e, pieceColumns)
	e.Text(p.PersonID)
	e.Int32(p.Day)
	e.Int32(p.Number)
	e.Text(p.Preset)
	e.Text(p.ViewType)
	e.Multirange(p.Presence)
}
