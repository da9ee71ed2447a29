package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-etl/rollcall/internal/naming"
)

// live chooses the zone of clock times where none is given: that of the apps, if it is
// one.
func (o *Options) live(zones ...string) (err error) {
	if o.Zone != nil {
		return nil
	}
	o.Zone = time.UTC
	if zones = slices.Compact(slices.Sorted(slices.Values(zones))); len(zones) != 1 {
		return nil
	}
	if o.Zone, err = time.LoadLocation(zones[0]); err != nil {
		return fmt.Errorf("the time zone of %s is not known to this program; give another with --timezone: %w", naming.Real("analytics.settings"), err)
	}
	return nil
}

// twice tells whether the clock of t's zone shows this time of day a second time,
// before or after, because it is set back in between.
func twice(t time.Time) bool {
	begin, end := t.ZoneBounds()
	_, own := t.Zone()
	if !begin.IsZero() {
		_, before := begin.Add(-time.Nanosecond).Zone()
		if t.Sub(begin) < time.Duration(before-own)*time.Second {
			return true
		}
	}
	if !end.IsZero() {
		_, after := end.Zone()
		return end.Sub(t) <= time.Duration(own-after)*time.Second
	}
	return false
}

// clocks gathers the times that a page shows, to know how they have to be written.
type clocks struct {
	zone        *time.Location
	first, last time.Time
	twice       bool
}

func (c *clocks) add(t time.Time) {
	t = t.In(c.zone)
	if c.first.IsZero() || t.Before(c.first) {
		c.first = t
	}
	if c.last.IsZero() || t.After(c.last) {
		c.last = t
	}
	c.twice = c.twice || twice(t)
}

// days tells whether the times lie on several days.
func (c *clocks) days() bool {
	return c.first.Format(time.DateOnly) != c.last.Format(time.DateOnly)
}

// offsets tells whether the clock was set in between, or shows a time twice.
func (c *clocks) offsets() bool {
	_, first := c.first.Zone()
	_, last := c.last.Zone()
	return c.twice || first != last
}

// clocks gives the times of a session's page.
func (d *sessionData) clocks(zone *time.Location) *clocks {
	c := &clocks{zone: zone}
	for _, t := range []*time.Time{d.Head.StartsAt, d.Head.EndsAt} {
		if t != nil {
			c.add(*t)
		}
	}
	for i := range d.People {
		p := &d.People[i]
		c.add(p.FirstJoin)
		c.add(p.LastLeave)
		for _, s := range p.Stays {
			c.add(s.From)
			c.add(s.To)
		}
	}
	for _, s := range d.Steps {
		c.add(s.At)
	}
	return c
}
