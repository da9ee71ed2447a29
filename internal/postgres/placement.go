package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
)

// bySession is the column by which rows are spread; sessions of one value lie together.
const bySession = "session_id"

// Ways in which Citus has a table, as sync.distributed_tables calls them.
const (
	PlacedBySession  = bySession
	PlacedEverywhere = "every node"
)

// placing is a table and how Citus is to have it.
type placing struct{ table, by string }

// placed is where Citus is to put each table that it is to have. The order is that of the
// keys between them. Everything else stays on the coordinator.
var placed = []placing{
	{"realtimekit.apps", PlacedEverywhere},
	{"realtimekit.meetings", PlacedEverywhere},
	{"realtimekit.meeting_participants", PlacedEverywhere},
	{"realtimekit.daily_stats", PlacedEverywhere},
	{"realtimekit.recordings", PlacedEverywhere},
	{"realtimekit.sessions", PlacedBySession},
	{"realtimekit.participants", PlacedBySession},
	{"realtimekit.peer_events", PlacedBySession},
	{"realtimekit.peer_reports", PlacedBySession},
	{"realtimekit.livestream_sessions", PlacedBySession},
	{"sync.livestream_states", PlacedBySession},
	{"sync.session_states", PlacedBySession},
	{"sync.peer_report_states", PlacedBySession},
	{"analytics.session_figures", PlacedBySession},
	{packedPresences, PlacedBySession},
	{"analytics.session_people", PlacedBySession},
	{"analytics.session_person_days", PlacedBySession},
}

// placedKeys are the foreign keys between these tables; one that leads from a table of the
// coordinator to one of them cannot be kept.
var placedKeys = []struct{ table, columns, target string }{
	{"realtimekit.meetings", "app_id", "realtimekit.apps"},
	{"realtimekit.meeting_participants", "app_id, meeting_id", "realtimekit.meetings"},
	{"realtimekit.daily_stats", "app_id", "realtimekit.apps"},
	{"realtimekit.recordings", "app_id", "realtimekit.apps"},
	{"realtimekit.sessions", "app_id", "realtimekit.apps"},
	{"realtimekit.sessions", "app_id, meeting_id", "realtimekit.meetings"},
	{"realtimekit.participants", "session_id", "realtimekit.sessions"},
	{"realtimekit.peer_events", "session_id, participant_id", "realtimekit.participants"},
	{"realtimekit.peer_reports", "session_id, participant_id", "realtimekit.participants"},
	{"realtimekit.livestream_sessions", "session_id", "realtimekit.sessions"},
}

// packedPresences is the table that migration 00033 made in the place of another.
const (
	packedPresences = "analytics.session_presences"
	packedSince     = 33
)

// placedAt is placed for a version of the schema that a migration down came back to.
func placedAt(version int64) []placing {
	all := slices.Clone(placed)
	for i := range all {
		if all[i].table == packedPresences && version < packedSince {
			all[i].table = "analytics.presences"
		}
	}
	return all
}

func placedNames() []string { return namesOf(placed) }

func namesOf(tables []placing) []string {
	all := make([]string, 0, len(tables))
	for _, p := range tables {
		all = append(all, naming.Real(p.table))
	}
	return all
}

// Placement is what Citus has of the warehouse's tables.
type Placement struct {
	Citus      string            // version of the extension; empty where it is not in this database
	Worker     bool              // the server is a worker: what stays on the coordinator is not here
	Placed     map[string]string // how Citus has a table that is to be placed
	Wrong      []string          // tables that are placed otherwise than they are to be
	Remembered int               // tables that sync.distributed_tables has
	Shards     int               // of realtimekit.sessions
	Hidden     int64             // bytes of rows from before, which nothing reads any more

	tables []placing // that are to be placed
}

// Whole tells whether every table is where it is to be.
func (p *Placement) Whole() bool { return len(p.Placed) == len(p.tables) && len(p.Wrong) == 0 }

// None tells whether nothing was ever distributed here.
func (p *Placement) None() bool { return len(p.Placed) == 0 && len(p.Wrong) == 0 && p.Remembered == 0 }

// Lacking lists the tables that are yet to be placed.
func (p *Placement) Lacking() []string {
	var all []string
	for _, t := range p.tables {
		if name := naming.Real(t.table); p.Placed[name] == "" {
			all = append(all, name)
		}
	}
	return all
}

// Check refuses what no run can work with: some tables distributed and others not.
func (p *Placement) Check() error {
	switch {
	case len(p.Wrong) > 0:
		return fmt.Errorf("%w: Citus has tables otherwise than Rollcall needs them: %s; take them back with undistribute_table, then run: rollcall distribute", model.ErrSchema, strings.Join(p.Wrong, "; "))
	case p.Citus == "" && p.Remembered > 0:
		return fmt.Errorf("%w: the tables were distributed by Citus, which this database does not have: it is a copy, and what was on the workers is not in it; restore such a dump with Citus, or empty %s where all rows are there", model.ErrSchema, naming.Real("sync.distributed_tables"))
	case !p.None() && !p.Whole():
		return fmt.Errorf("%w: %d of %d tables are distributed, without %s; run: rollcall distribute", model.ErrSchema, len(p.Placed), len(p.tables), strings.Join(p.Lacking(), ", "))
	}
	return nil
}

// checkPlacement refuses tables of which Citus has some only.
func checkPlacement(ctx context.Context, pool *pgxpool.Pool) error {
	p, err := PlacementOf(ctx, pool)
	if err != nil {
		return err
	}
	return p.Check()
}

// PlacementOf looks how the tables are distributed. It changes nothing; the schema must be
// this program's.
func PlacementOf(ctx context.Context, pool *pgxpool.Pool) (Placement, error) {
	p := Placement{Placed: map[string]string{}}
	var citus bool
	var version int64
	err := pool.QueryRow(ctx, `SELECT `+hasCitus+`, (SELECT count(*) FROM sync.distributed_tables), (`+appliedSQL+`)`).Scan(&citus, &p.Remembered, &version)
	if p.tables = placedAt(version); err != nil || !citus {
		return p, Failed("look how the tables are distributed", err)
	}
	err = pool.QueryRow(ctx, `SELECT (SELECT extversion FROM pg_extension WHERE extname = 'citus'), groupid > 0,
		(SELECT count(*) FROM pg_catalog.pg_dist_shard WHERE logicalrelid = 'realtimekit.sessions'::regclass)
		FROM pg_catalog.pg_dist_local_group`).Scan(&p.Citus, &p.Worker, &p.Shards)
	if err != nil {
		return p, Failed("look how the tables are distributed", err)
	}
	return p, p.read(ctx, pool)
}

// read tells how Citus has each table. A table of the coordinator that Citus only knows (its
// own way for one that has a key to a table of every node) is not placed.
func (p *Placement) read(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, `SELECT t.name, d.partmethod = 'h', coalesce(pg_catalog.column_to_column_name(d.logicalrelid, d.partkey), ''),
			d.colocationid = (SELECT s.colocationid FROM pg_catalog.pg_dist_partition AS s WHERE s.logicalrelid = 'realtimekit.sessions'::regclass),
			pg_relation_size(d.logicalrelid)
		FROM unnest($1::text[]) AS t (name)
		JOIN pg_catalog.pg_dist_partition AS d ON d.logicalrelid = t.name::regclass
		WHERE d.partmethod <> 'n' OR d.repmodel = 't'`, namesOf(p.tables))
	if err != nil {
		return Failed("look how the tables are distributed", err)
	}
	want := map[string]string{}
	for _, t := range p.tables {
		want[naming.Real(t.table)] = t.by
	}
	var name, column string
	var hashed bool
	var together *bool
	var hidden int64
	_, err = pgx.ForEachRow(rows, []any{&name, &hashed, &column, &together, &hidden}, func() error {
		p.Hidden += hidden
		by := PlacedEverywhere
		if hashed {
			by = column
		}
		switch {
		case by != want[name]:
			p.Wrong = append(p.Wrong, fmt.Sprintf("%s by %s, not by %s", name, by, want[name]))
		case hashed && (together == nil || !*together):
			p.Wrong = append(p.Wrong, name+" not together with "+naming.Real("realtimekit.sessions"))
		default:
			p.Placed[name] = by
		}
		return nil
	})
	return Failed("look how the tables are distributed", err)
}
