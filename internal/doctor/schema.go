package doctor

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// grants checks what the role may do. Without the rights on the queue all goes well where
// cron does the work.
func grants(ctx context.Context, to *Checks, pool *pgxpool.Pool, f *postgres.Facts) {
	lacking, err := postgres.Lacking(ctx, pool)
	ofQueue, queueErr := postgres.LackingOfQueue(ctx, pool)
	if !f.Temp {
		lacking = append(lacking, "TEMP on the database")
	}
	switch err := cmp.Or(err, queueErr); {
	case err != nil:
		to.failed("grants", err, "")
	case len(lacking) > 0:
		to.problem("grants", fmt.Sprintf("the role %s lacks %s", f.Role, strings.Join(append(lacking, ofQueue...), "; ")),
			"GRANT them, or use the role that ran rollcall migrate up")
	case len(ofQueue) > 0:
		to.warn("grants", fmt.Sprintf("the role may do all that a run does, but serve and work fail: %s lacks %s", f.Role, strings.Join(ofQueue, "; ")),
			"where serve or work uses this role: rollcall loader gives its role these rights, or GRANT them")
	default:
		to.ok("grants", "the role may do all that run, serve and work do")
	}
}

// policies tells of rows that the roles of rollcall reader and rollcall loader do not see;
// there is nothing to say where they see all.
func policies(ctx context.Context, to *Checks, pool *pgxpool.Pool) {
	roles, err := postgres.Grantees(ctx, pool)
	for _, role := range roles {
		var hidden []string
		if hidden, err = postgres.HiddenFrom(ctx, pool, role.Name); err != nil {
			break
		}
		if len(hidden) > 0 {
			to.warn("policies", fmt.Sprintf("row-level security hides rows of %d of our tables from the role %s", len(hidden), role.Name),
				"unless that is meant: "+role.Command()+" prints the statements that let it see them")
		}
	}
	if err != nil {
		to.failed("policies", err, "")
	}
}

// numbers checks that the next row of each numbered column gets a number of its own.
func numbers(ctx context.Context, to *Checks, pool *pgxpool.Pool) {
	behind, unseen, err := postgres.IdentitiesBehind(ctx, pool)
	var names []string
	for i := range behind {
		names = append(names, fmt.Sprintf("%s (%d, and a row has %d)", behind[i].String(), behind[i].Next, behind[i].Highest))
	}
	switch {
	case err != nil:
		to.failed("numbers", err, "")
	case len(behind) > 0:
		to.problem("numbers", "the next number is behind the rows of "+strings.Join(names, ", ")+", as in a copy without sequences: new rows would fail with a duplicate key",
			"the next run sets it right where its role may; or, as the owner of the tables: "+postgres.SetIdentities(behind))
	case len(unseen) > 0:
		to.skip("the role may not see the position of "+unseen[0].Sequence+": rollcall loader grants it", "numbers")
	default:
		to.ok("numbers", "the next number of each column lies behind its rows' last")
	}
}

// schemas names them where they have other names, or where there are others.
func schemas(ctx context.Context, to *Checks, pool *pgxpool.Pool) {
	text := "is this program's"
	if naming.Prefix() != "" {
		text += naming.Text(", in the schemas analytics, realtimekit and sync")
	}
	others, err := postgres.OtherWarehouses(ctx, pool)
	absent, lookErr := postgres.Absent(ctx, pool)
	switch err := cmp.Or(err, lookErr); {
	case err != nil:
		to.failed("schema", err, "")
	case len(absent) > 0:
		to.problem("schema", "lacks "+strings.Join(absent, ", "),
			"take them from a backup, or their definitions from an empty database after rollcall migrate up (pg_dump --schema-only): somebody dropped them, or a restore left them out")
	case others != "":
		to.ok("schema", "%s; %s", text, others)
	default:
		to.ok("schema", "%s", text)
	}
}
