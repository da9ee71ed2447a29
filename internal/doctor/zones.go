package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/inventory"
)

// mostZones is how many apps are named.
const mostZones = 10

// zones tells by which clocks days are cut, and whether all are cut by them yet.
func (c *Config) zones(ctx context.Context, to *Checks, store *inventory.Store) {
	apps, err := store.Zones(ctx, c.AccountID)
	if err != nil {
		to.failed("time zones", err, "")
		return
	}
	var named, waiting []string
	kept := 0
	for i := range apps {
		a := &apps[i]
		kept += a.Kept
		named = append(named, a.App+" "+a.Zone)
		if a.Waits {
			waiting = append(waiting, fmt.Sprintf("%s has %d of another time zone than %s", a.App, a.Older, a.Zone))
		}
	}
	text := "all days are those of UTC"
	if len(named) > 0 {
		text = "days are those of UTC, but for " + some(named)
	}
	if kept > 0 {
		text += fmt.Sprintf("; %d that rollcall retention keeps stay in the time zone that they were counted in", kept)
	}
	if len(waiting) > 0 {
		to.warn("time zones", "stored days are still those of an older time zone: "+some(waiting), "rollcall run counts them anew at its end")
		return
	}
	to.ok("time zones", "%s", text)
}

// some names the first of them.
func some(all []string) string {
	if n := len(all) - mostZones; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:mostZones], ", "), n)
	}
	return strings.Join(all, ", ")
}
