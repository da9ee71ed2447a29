package pipeline

import (
	"context"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// aside holds the keys of the records that a reading of a list set aside.
type aside map[string]bool

func (a aside) add(rejected []model.Rejected) {
	for i := range rejected {
		a[rejected[i].Key] = true
	}
}

// closeAside closes the records of a list that earlier readings set aside, and that a sound
// one has not set aside again: a record without an id is closed by no other that is
// stored. covers tells of which records the reading tells; appID is empty for apps.
func (w *work) closeAside(ctx context.Context, entity, appID string, again aside, covers func(model.StoredReject) bool) error {
	open, err := w.stores.Rejects.Unnamed(ctx, w.run, entity, appID)
	if err != nil {
		return err
	}
	for i := range open {
		if again[open[i].Key] || !covers(open[i]) {
			continue
		}
		if err := w.stores.Rejects.ResolveReject(ctx, open[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// wholeList is the range of a reading that tells of all records.
func wholeList(model.StoredReject) bool { return true }

// coversAside tells whether the list of a discovery tells of a session's record that was set
// aside: its creation lies well within, or the list has no beginning.
func (d *discovery) coversAside(r model.StoredReject) bool {
	if d.listFrom.IsZero() {
		return true
	}
	at, _, err := model.ParseTime(r.Raw)
	return err == nil && at.After(d.listFrom.Add(listMargin)) && at.Before(d.listTo.Add(-listMargin))
}
