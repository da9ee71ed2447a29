package metrics

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// lockWait is how long to wait for another process that writes the same file.
const lockWait = 5 * time.Second

// WriteFile writes the metrics for the node exporter's textfile collector, in
// one step, so that nobody reads half a file. Counters go on from those in the
// file: a cron job is a new process each time, and rate() shall work all the
// same. Where read fails, or is nil, the gauges of the books stay as they are in
// the file. A run and a backfill may share one file.
func (m *Metrics) WriteFile(ctx context.Context, path string, read Reader) error {
	lock := flock.New(path + ".lock")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockWait)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("wait for the lock of the metrics file %s: %w", path, err)
	}
	defer lock.Unlock() //nolint:errcheck // it ends with the process at the latest
	old, oldErr := readFile(path)

	total := newCounters(m.account)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m.buildInfo())
	own := prometheus.NewRegistry()
	for name, vector := range total.all() {
		add(vector, old[name], m.account)
		registry.MustRegister(vector)
		own.MustRegister(m.counters.all()[name])
	}
	mine, err := own.Gather()
	if err != nil {
		return err
	}
	for _, family := range mine {
		add(total.all()[family.GetName()], family, m.account)
	}
	registry.MustRegister(&books{m: m, read: read})
	err = prometheus.WriteToTextfile(path, keeping{registry, old, m.account})
	if err != nil {
		return fmt.Errorf("write the metrics file %s: %w", path, err)
	}
	m.counters.reset()
	return oldErr
}

// readFile reads what an earlier run wrote. A file that is not understood counts
// as none.
func readFile(path string) (map[string]*dto.MetricFamily, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the metrics file %s: %w", path, err)
	}
	defer file.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(file)
	if err != nil {
		return nil, fmt.Errorf("the metrics file %s is not what Rollcall wrote; its counters begin anew: %w", path, err)
	}
	return families, nil
}

// add adds counters of the same account; those of other labels, as another
// version had them, are left out.
func add(to *prometheus.CounterVec, family *dto.MetricFamily, account string) {
	for _, metric := range family.GetMetric() {
		labels := labelsOf(metric)
		if labels["account_id"] != account || metric.GetCounter() == nil {
			continue
		}
		delete(labels, "account_id")
		if counter, err := to.GetMetricWith(labels); err == nil {
			counter.Add(max(metric.GetCounter().GetValue(), 0))
		}
	}
}

func labelsOf(metric *dto.Metric) prometheus.Labels {
	labels := prometheus.Labels{}
	for _, pair := range metric.GetLabel() {
		labels[pair.GetName()] = pair.GetValue()
	}
	return labels
}

// keeping gathers the metrics of this process, and keeps from the file the
// gauges that it does not have: those of the other kind of run, and, where the
// books could not be read, those of the books.
type keeping struct {
	prometheus.Gatherer
	old     map[string]*dto.MetricFamily
	account string
}

// Gather implements prometheus.Gatherer.
func (k keeping) Gather() ([]*dto.MetricFamily, error) {
	families, err := k.Gatherer.Gather()
	fresh := make(map[string]*dto.MetricFamily, len(families))
	for _, family := range families {
		fresh[family.GetName()] = family
	}
	for name, old := range k.old {
		if old.GetType() != dto.MetricType_GAUGE || !strings.HasPrefix(name, "rollcall_") {
			continue
		}
		has, ok := fresh[name]
		switch {
		case !ok:
			families = append(families, old)
		case strings.HasPrefix(name, "rollcall_last_exit_") || name == "rollcall_last_run_duration_seconds":
			has.Metric = append(has.Metric, otherKinds(has, old)...)
		}
	}
	return families, err
}

// otherKinds gives the metrics of kinds of run that has lacks.
func otherKinds(has, old *dto.MetricFamily) []*dto.Metric {
	kinds := map[string]bool{}
	for _, metric := range has.GetMetric() {
		kinds[labelsOf(metric)["kind"]] = true
	}
	var others []*dto.Metric
	for _, metric := range old.GetMetric() {
		if !kinds[labelsOf(metric)["kind"]] {
			others = append(others, metric)
		}
	}
	return others
}
