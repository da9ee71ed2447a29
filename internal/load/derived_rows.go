package load

import (
	"bytes"
	"cmp"
	"slices"

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

// packed gives the rows that presences take: one of a session, none where there are none.
func packed(presences []derive.Presence) [][]derive.Presence {
	if len(presences) == 0 {
		return nil
	}
	return [][]derive.Presence{presences}
}

// presences writes all of a session in one row, an array for each column, in the order of
// participants and numbers.
func (r derivedRows) presences(e *pgcopy.Encoder, of *[]derive.Presence) {
	all := make([]*derive.Presence, len(*of))
	for i := range *of {
		all[i] = &(*of)[i]
	}
	slices.SortFunc(all, func(a, b *derive.Presence) int {
		if a.Participant == b.Participant {
			return cmp.Compare(a.Number, b.Number)
		}
		x, y := &r.participants[a.Participant].ID, &r.participants[b.Participant].ID
		return bytes.Compare(x[:], y[:])
	})
	r.row(e, presencesColumns)
	pgcopy.ArrayOf(e, pgcopy.TypeUUID, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.UUID(r.participants[p.Participant].ID) })
	pgcopy.ArrayOf(e, pgcopy.TypeInt4, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.Int32(p.Number) })
	pgcopy.ArrayOf(e, pgcopy.TypeTimestamptz, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.Int64(p.JoinedAt) })
	pgcopy.ArrayOf(e, pgcopy.TypeTimestamptz, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.Int64(p.LeftAt) })
	pgcopy.ArrayOf(e, pgcopy.TypeChar, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.Sent([]byte{p.Kind}) })
	pgcopy.ArrayOf(e, pgcopy.TypeBool, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.Bool(p.ByEvents) })
	pgcopy.ArrayOf(e, pgcopy.TypeBool, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.Bool(p.Cut) })
	pgcopy.ArrayOf(e, pgcopy.TypeText, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.Text(p.ViewType) })
	pgcopy.ArrayOf(e, pgcopy.TypeText, all, func(e *pgcopy.Encoder, p *derive.Presence) { e.Text(p.Peer) })
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
