package load

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// intake is one session on its way in. It needs no connection until its rows no
// longer fit in memory, or all were read.
type intake struct {
	store  *Store
	filter *privacy.Filter
	appID  string
	held   *heldRows
	size   int64         // bytes of store.held that are this session's, rejected records included
	conn   *pgxpool.Conn // nil until it is needed
	staged bool          // earlier rows are in staging tables of conn
	seq    int64         // of the latest staged row
	pass   int           // in which the held rows were listed

	counts       tally
	rejected     []model.Rejected // that are not staged
	rejectedSize int64            // about how many bytes they take
	erased       int              // participants of the pass that are not stored since the person was erased
	people       []privacy.Erased // of whom the pass had a record
	aside        []model.UUID     // participants whose record the pass rejected, or dropped since the person was erased
}

// heldRows are rows in memory.
type heldRows struct{ participants, events *rows }

// heldPool keeps their memory from session to session.
var heldPool = sync.Pool{New: func() any { return &heldRows{newRows(participantTable), newRows(eventTable)} }}

func (s *Store) newIntake(appID string, filter *privacy.Filter) *intake {
	held, _ := heldPool.Get().(*heldRows)
	return &intake{store: s, appID: appID, filter: filter, held: held}
}

// close lets go of memory and connection.
func (in *intake) close() {
	in.empty()
	heldPool.Put(in.held)
	in.disconnect()
}

// connect waits for a connection that a session may have.
func (in *intake) connect(ctx context.Context) error {
	if in.conn != nil {
		return nil
	}
	select {
	case in.store.loaders <- struct{}{}: // also for a run that was told to stop
	default:
		select {
		case in.store.loaders <- struct{}{}:
		case <-ctx.Done():
			return warehouse.Failed("wait for a connection", context.Cause(ctx))
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	conn, err := in.store.pool.Acquire(ctx)
	if err != nil {
		<-in.store.loaders
		return warehouse.Failed("connect", err)
	}
	in.conn = conn
	return nil
}

func (in *intake) disconnect() {
	if in.conn != nil {
		in.conn.Release()
		in.conn = nil
		<-in.store.loaders
	}
}

func (in *intake) empty() {
	in.held.participants.reset()
	in.held.events.reset()
	in.rejected, in.rejectedSize = nil, 0
	in.store.held.Add(-in.size)
	in.size = 0
}

// add takes one page: it passes the privacy filter before anything of it is kept.
func (in *intake) add(ctx context.Context, page model.ParticipantPage) error {
	if err := in.turnTo(ctx, page.Pass); err != nil {
		return err
	}
	taken := in.filter.Page(in.appID, &page)
	in.erased += taken.Participants
	in.aside = append(in.aside, taken.Aside...)
	in.people = append(in.people, taken.People...)
	in.encode(page)
	in.reject(page.Rejected)
	in.counts.participants.Read += len(page.Participants)
	in.counts.events.Read += len(page.Events)
	if in.isFull() {
		return in.stage(ctx)
	}
	return nil
}

// turnTo begins a pass, unless it is the present one. The rows of an earlier pass
// are staged first: copies of one record are told apart there.
func (in *intake) turnTo(ctx context.Context, pass int) error {
	if pass == in.pass {
		return nil
	}
	if in.size > 0 || in.staged {
		if err := in.stage(ctx); err != nil {
			return err
		}
	}
	in.nextPass(pass)
	return nil
}

// nextPass forgets what was said of the records in the pass before: this one
// tells. What that set aside is staged, should this one not be full either.
func (in *intake) nextPass(number int) {
	in.pass, in.erased, in.people, in.aside = number, 0, nil, nil
	in.counts.participants.Repaired, in.counts.events.Repaired = 0, 0
}

// stagedAtOnce is how many bytes of a session that is staged anyway are gathered
// for one COPY.
const stagedAtOnce = 1 << 20

// isFull counts the bytes in memory, and tells that they have to be staged.
func (in *intake) isFull() bool {
	size := in.held.participants.size() + in.held.events.size() + in.rejectedSize
	all := in.store.held.Add(size - in.size)
	in.size = size
	most := in.store.bounds.session
	if in.staged {
		most = min(most, stagedAtOnce)
	}
	return size > most || all > in.store.bounds.all
}

func (in *intake) encode(page model.ParticipantPage) {
	for i := range page.Participants {
		p := &page.Participants[i]
		in.held.participants.participant(p)
		countRepairs(&in.counts.participants, p.Repairs)
	}
	for i := range page.Events {
		e := &page.Events[i]
		in.held.events.event(e)
		countRepairs(&in.counts.events, e.Repairs)
	}
}

func countRepairs(rows *model.RowCounts, r model.Repairs) {
	if len(r) > 0 {
		rows.Repaired++
	}
}

// reject takes records that could not be used. Their texts are the API's, and may
// be far larger than rows.
func (in *intake) reject(records []model.Rejected) {
	for i := range records {
		r := &records[i]
		if id, err := model.ParseUUID(r.Key); err == nil {
			in.aside = append(in.aside, id)
		}
		in.rejectedSize += int64(len(r.Key) + len(r.Reason) + len(r.Raw) + 128)
	}
	in.rejected = append(in.rejected, records...)
}

// stage moves the rows and the rejected records from memory to the staging tables
// of a connection. Each COPY is a statement of its own, so no transaction is open
// while the API is awaited, and the tables die with their connection.
func (in *intake) stage(ctx context.Context) error {
	if err := in.connect(ctx); err != nil {
		return err
	}
	if !in.staged {
		if _, err := in.conn.Exec(ctx, stagingSQL); err != nil {
			return warehouse.Failed("prepare staging", err)
		}
		in.staged = true
	}
	if err := in.copyToStaging(ctx, in.conn.Conn()); err != nil {
		return warehouse.Failed("copy into staging", err)
	}
	if err := in.copyRejected(ctx, in.conn.Conn()); err != nil {
		return warehouse.Failed("copy rejected records into staging", err)
	}
	in.empty()
	return nil
}

// whole tells that the rows in memory are all of the session's, each once, and
// of its last pass: then they can be compared or copied as they are.
func (in *intake) whole(lastPass int) bool {
	return !in.staged && in.pass == lastPass && !in.held.participants.twice() && !in.held.events.twice()
}

// listedAside gives the participants that the API listed but that were set
// aside: they are not gone.
func (in *intake) listedAside() map[model.UUID]bool {
	ids := make(map[model.UUID]bool, len(in.aside))
	for _, id := range in.aside {
		ids[id] = true
	}
	return ids
}
