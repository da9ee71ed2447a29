package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// errEnough ends the list of meetings early.
var errEnough = errors.New("enough was read")

// fewMeetings is up to how many records are asked for one by one.
const fewMeetings = 2

// enrolment reads the meetings with sessions that are new or have ended since
// they were last read: their records and the people enrolled in them.
func (w enrolmentWork) enrolment(ctx context.Context, appID string, state *model.EndpointState) (asked bool, err error) {
	due, waiting, err := w.dueMeetings(ctx, appID)
	if err != nil {
		return false, err
	}
	if len(due) > 0 {
		// Whom a full list lacks is marked as removed. Of two readers at once, a run and a
		// worker, one could so mark whom the other has just seen.
		held, release, err := w.stores.Ledger.Acquire(ctx, w.run.AccountID, "enrolment of "+appID)
		if errors.Is(err, model.ErrLocked) {
			w.logger.InfoContext(ctx, "another process reads the enrolment of the app", "app_id", appID)
			return false, nil
		}
		if err != nil {
			return false, err
		}
		defer release()
		ctx = held
		if due, waiting, err = w.dueMeetings(ctx, appID); err != nil { // what is left by now
			return false, err
		}
	}
	if waiting > 0 {
		w.leaveOut()
		w.extras.MeetingsWaiting += waiting
	}
	if len(due) == 0 {
		return w.noneIsDue(ctx, appID, state, waiting)
	}
	missing, err := w.listedRecords(ctx, appID, due)
	if err != nil {
		return true, err
	}
	ask := &asking{refusals: refusals{things: "meetings"}, answered: !state.ReadAt.IsZero() || len(due) > fewMeetings}
	if err := w.enrolments(ctx, appID, due, missing, ask); err != nil {
		return true, err
	}
	state.ReadAt = w.now()
	if len(due) == mostMeetings {
		w.extras.More = true
		w.logger.InfoContext(ctx, "enough meetings for one run; the next one goes on", "app_id", appID, "meetings", len(due))
	}
	return true, nil
}

// noneIsDue tells whether it is to be noted that all was read, perhaps by a run that was
// killed before it could say so. Of an app without sessions nothing was asked: the account
// may lack it.
func (w enrolmentWork) noneIsDue(ctx context.Context, appID string, state *model.EndpointState, waiting int) (noted bool, err error) {
	unsaid := waiting == 0 && state.UnavailableAt.IsZero() && (state.ReadAt.IsZero() || state.Failure != "")
	if !unsaid {
		return false, nil
	}
	first, err := w.stores.Inventory.FirstSession(ctx, appID)
	if err != nil || first.IsZero() && state.ReadAt.IsZero() {
		return err == nil && state.Failure != "", err
	}
	state.ReadAt = w.now()
	return true, nil
}

func (w enrolmentWork) dueMeetings(ctx context.Context, appID string) (due []model.DueMeeting, waiting int, err error) {
	due, err = w.stores.Optional.DueMeetings(ctx, appID, mostMeetings)
	due, waiting = withoutWaiting(due)
	return due, waiting, err
}

// enrolments reads due meetings one after the other. A meeting that is refused is
// left to a later run and keeps no other from being read; the same refusal of
// several in a row, or other failures, end the part. As long as the endpoint has
// given nothing, who was refused is held: it may be that the account lacks it, and
// then nothing is wrong with the meetings.
func (w enrolmentWork) enrolments(ctx context.Context, appID string, due []model.DueMeeting, missing map[string]bool, ask *asking) error {
	type refused struct {
		e   model.Enrolment
		err error
	}
	var held []refused
	failures := 0
	for _, m := range due {
		e := model.Enrolment{AppID: appID, Meeting: m, Pass: model.Pass{Announced: -1}}
		err := w.readEnrolment(ctx, &e, missing[m.ID])
		if err == nil {
			ask.gave()
		}
		if ask.answered {
			for _, h := range held {
				if err := w.endEnrolment(ctx, &h.e, h.err); err != nil {
					return err
				}
			}
			held = nil
		}
		if ask.isOver(ctx, err) {
			return fmt.Errorf("meeting %s: %w", m.ID, err)
		}
		unknown := meetingAbsence(m.ID, err) != model.Present
		if ask.isUnclear(err) && !unknown {
			held = append(held, refused{e, err})
		} else if saveErr := w.endEnrolment(ctx, &e, err); saveErr != nil {
			return saveErr
		}
		if err == nil || unknown {
			continue
		}
		if !errors.Is(err, model.ErrRefused) {
			failures++
		}
		if over := ask.judge(err); over != nil || failures == mostFailures {
			return fmt.Errorf("meeting %s: %w", m.ID, cmp.Or(over, err))
		}
	}
	if len(held) > 0 {
		return fmt.Errorf("meeting %s: %w", held[0].e.Meeting.ID, held[0].err)
	}
	return nil
}

// withoutWaiting gives the meetings to read now, and how many are left alone.
func withoutWaiting(due []model.DueMeeting) (now []model.DueMeeting, waiting int) {
	now = slices.DeleteFunc(due, func(m model.DueMeeting) bool { return m.Waits })
	return now, len(due) - len(now)
}

// listedRecords takes the records of due meetings from the list while it pays:
// a page holds many of them as long as they are the newest, and the list ends
// with the first page that holds none. It gives the meetings that are missing.
func (w enrolmentWork) listedRecords(ctx context.Context, appID string, due []model.DueMeeting) (missing map[string]bool, err error) {
	missing = make(map[string]bool, len(due))
	for _, m := range due {
		missing[m.ID] = true
	}
	if len(due) <= fewMeetings {
		return missing, nil
	}
	_, err = w.source.Meetings(ctx, appID, func(page model.MeetingPage) error {
		var wanted []model.Meeting
		for i := range page.Meetings {
			if m := page.Meetings[i]; missing[m.ID] {
				wanted = append(wanted, m)
				delete(missing, m.ID)
			}
		}
		if err := w.saveMeetings(ctx, wanted); err != nil {
			return err
		}
		if len(wanted) == 0 || len(missing) == 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return missing, err
}

func (w enrolmentWork) saveMeetings(ctx context.Context, meetings []model.Meeting) error {
	counts, err := w.stores.Optional.SaveMeetings(ctx, w.run, meetings)
	w.extras.Add(counts)
	return err
}

// readEnrolment reads one meeting: its record where that is wanted, and its people.
func (w enrolmentWork) readEnrolment(ctx context.Context, e *model.Enrolment, withRecord bool) error {
	if withRecord {
		if err := w.meetingRecord(ctx, e); err != nil {
			return err
		}
	}
	return w.people(ctx, e)
}

// endEnrolment notes how the reading of a meeting ended. What failed or did not add
// up is read again by a later run; a meeting that the API does not know, as it has
// said three times, is not, until its sessions change.
func (w enrolmentWork) endEnrolment(ctx context.Context, e *model.Enrolment, err error) error {
	e.Absence = meetingAbsence(e.Meeting.ID, err)
	switch {
	case e.Absence != model.Present:
		e.Failure = err.Error()
		w.extras.MeetingsGone++
		w.logger.InfoContext(ctx, "the API does not know the meeting", "app_id", e.AppID, "meeting_id", e.Meeting.ID, "error", err)
	case err != nil:
		e.Failure = err.Error()
		w.noteEnrolment(ctx, e)
	default:
		w.extras.Meetings++
		e.Empty = e.Sound() && e.Announced < 0 && e.Distinct == 0
		if e.Failure = e.Doubt(); e.Failure != "" {
			w.noteEnrolment(ctx, e)
		}
	}
	removed, err := w.stores.Optional.EndEnrolment(ctx, w.run, *e)
	w.extras.Removed += removed
	return err
}

// meetingAbsence tells what an error says of whether the API knows a meeting. In
// older accounts its id may be a room name, which the documents do not allow:
// refused for that, it is as good as gone.
func meetingAbsence(id string, reason error) model.Absence {
	_, notUUID := model.ParseUUID(id)
	switch {
	case errors.Is(reason, model.ErrNotFound):
		return model.Missed
	case notUUID != nil && errors.Is(reason, model.ErrBadRequest):
		return model.Gone
	}
	return model.Present
}

func (w enrolmentWork) noteEnrolment(ctx context.Context, e *model.Enrolment) {
	w.leaveOut()
	w.extras.Failures++
	w.logger.WarnContext(ctx, "enrolment was not read; a later run tries again", "app_id", e.AppID, "meeting_id", e.Meeting.ID, "problem", e.Failure)
}

// meetingRecord reads the record of a meeting; one that cannot be used is set
// aside.
func (w enrolmentWork) meetingRecord(ctx context.Context, e *model.Enrolment) error {
	meeting, err := w.source.Meeting(ctx, e.AppID, e.Meeting.ID)
	if rejected, ok := errors.AsType[*model.RejectedError](err); ok {
		e.Aside = append(e.Aside, rejected.Record.Key)
		return w.setAside(ctx, []model.Rejected{rejected.Record})
	}
	if err != nil {
		return err
	}
	return w.saveMeetings(ctx, []model.Meeting{meeting})
}

// people stores the people enrolled in a meeting, page by page.
func (w enrolmentWork) people(ctx context.Context, e *model.Enrolment) (err error) {
	own := len(e.Aside)
	e.Pass, err = twice(func() (model.Pass, error) {
		e.Listed, e.Aside = e.Listed[:0], e.Aside[:own]
		return w.source.MeetingParticipants(ctx, e.AppID, e.Meeting.ID, func(page model.MeetingParticipantPage) error {
			for i := range page.People {
				e.Listed = append(e.Listed, page.People[i].ID)
			}
			for i := range page.Rejected {
				key := page.Rejected[i].Key // meeting/id
				e.Listed, e.Aside = append(e.Listed, key[len(e.Meeting.ID)+1:]), append(e.Aside, key)
			}
			if err := w.setAside(ctx, page.Rejected); err != nil {
				return err
			}
			counts, err := w.stores.Optional.SavePeople(ctx, w.run, e.AppID, e.Meeting.ID, page.People)
			w.extras.Add(counts)
			return err
		})
	})
	return err
}
