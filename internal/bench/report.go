package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"
)

// report prints the median of each figure.
func (b *bench) report() error {
	limit := median(b.results[phaseCopy], usage.rate)
	first := median(b.results[phaseWhole], func(u usage) float64 { return float64(u.wal) })
	fmt.Fprintf(b.stdout, "%d sessions × %d participants × %d events = %d rows; medians of %d runs\n\n",
		b.size.Sessions, b.size.Participants, b.size.Events, b.size.rows(), b.runs)
	w := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "phase\trows/s\tof COPY\trollcall CPU s\tPostgres CPU s\tAPI CPU s\tpeak MiB\tWAL MiB\tof first\trows written\tBI queries\t")
	for _, phase := range phases {
		all := b.results[phase]
		if len(all) == 0 {
			continue
		}
		rate := median(all, usage.rate)
		wal := median(all, func(u usage) float64 { return float64(u.wal) })
		fmt.Fprintf(w, "%s\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\t%.1f\t%.2f %%\t%d\t%d\t\n", phase, rate, rate/limit,
			median(all, func(u usage) float64 { return u.own.Seconds() }),
			median(all, func(u usage) float64 { return u.postgres.Seconds() }),
			median(all, func(u usage) float64 { return u.api.Seconds() }),
			median(all, func(u usage) float64 { return float64(u.peak) / (1 << 20) }),
			wal/(1<<20), 100*wal/max(first, 1), all[0].written, all[0].queries)
	}
	return w.Flush()
}

func median(all []usage, figure func(usage) float64) float64 {
	values := make([]float64, 0, len(all))
	for _, u := range all {
		values = append(values, figure(u))
	}
	slices.Sort(values)
	if len(values) == 0 {
		return 0
	}
	return values[len(values)/2]
}

// grow loads one data set after the other into one warehouse and prints what a
// row costs as the tables grow. Beside each it loads a smaller set into an empty
// warehouse, since the clock of a shared machine drifts more than the cost does.
func (b *bench) grow(ctx context.Context) error {
	w, err := b.newWarehouse(ctx)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(b.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "round\trows then\trows/s\tCPU µs per row\tof an empty one's\tWAL bytes per row\tpeak MiB\t")
	for i := range b.rounds {
		var u, empty usage
		if u, err = b.round(ctx, i, b.size, w); err != nil {
			break
		}
		if empty, err = b.control(ctx, i); err != nil {
			break
		}
		fmt.Fprintf(out, "%d\t%d\t%.0f\t%.2f\t%.2f\t%d\t%d\t\n", i+1, (i+1)*b.size.rows(), u.rate(),
			float64(u.perRow())/float64(time.Microsecond), float64(u.perRow())/float64(max(empty.perRow(), 1)),
			u.wal/int64(u.rows), u.peak>>20)
	}
	return errors.Join(err, out.Flush(), w.drop(ctx))
}

// control loads a part of a round's sessions into an empty warehouse.
func (b *bench) control(ctx context.Context, i int) (usage, error) {
	w, err := b.newWarehouse(ctx)
	if err != nil {
		return usage{}, err
	}
	size := b.size
	size.Sessions = max(size.Sessions/4, 1)
	u, err := b.round(ctx, i, size, w)
	return u, errors.Join(err, w.drop(ctx))
}

func (b *bench) round(ctx context.Context, i int, size size, w *warehouse) (usage, error) {
	size.Seed = uint64(i) + 1 //nolint:gosec // a small count
	a, err := startAPI(ctx, size)
	if err != nil {
		return usage{}, err
	}
	u, err := b.sync(ctx, phaseWhole, a, w)
	if err == nil {
		err = expect("round", u, size.rows(), size.rows())
	}
	return u, errors.Join(err, a.stop())
}
