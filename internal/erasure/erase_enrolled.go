package erasure

import (
	"context"

	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// enrolments removes or pseudonymises the person among those enrolled.
func (w *erasure) enrolments(ctx context.Context) error {
	w.counts.MeetingParticipants = len(w.people)
	w.notePeople()
	return w.keepingPeople(ctx, w.enrolled)
}

// enrolled changes the rows of w.people.
func (w *erasure) enrolled(ctx context.Context) error {
	var apps, meetings, ids, newIDs, customs, names, repairs []string
	for i := range w.people {
		p, home := &w.people[i], &w.homes[i]
		apps, meetings, ids = append(apps, home.appID), append(meetings, home.meetingID), append(ids, p.ID)
		w.key.PseudonymisePerson(p)
		newIDs, customs, names = append(newIDs, p.ID), append(customs, p.CustomParticipantID), append(names, p.DisplayName)
		repairs = append(repairs, string(p.Repairs.JSON()))
	}
	if w.Mode == privacy.Pseudonymise {
		// Where a later reading came under the pseudonym, that stays.
		_, err := w.tx.Exec(ctx, `DELETE FROM realtimekit.meeting_participants AS t
			USING unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (app_id, meeting_id, id, new_id)
			JOIN realtimekit.meeting_participants AS p ON p.app_id = k.app_id AND p.meeting_id = k.meeting_id AND p.meeting_participant_id = k.new_id
			WHERE t.app_id = k.app_id AND t.meeting_id = k.meeting_id AND t.meeting_participant_id = k.id`, apps, meetings, ids, newIDs)
		if err != nil {
			return err
		}
		_, err = w.tx.Exec(ctx, `UPDATE realtimekit.meeting_participants AS t
			SET meeting_participant_id = k.new_id, custom_participant_id = nullif(k.custom_id, ''), display_name = k.name,
			    extra = NULL, repairs = nullif(k.repairs, '')::jsonb, synced_at = now()
			FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
			    AS k (app_id, meeting_id, id, new_id, custom_id, name, repairs)
			WHERE t.app_id = k.app_id AND t.meeting_id = k.meeting_id AND t.meeting_participant_id = k.id`,
			apps, meetings, ids, newIDs, customs, names, repairs)
		return err
	}
	_, err := w.tx.Exec(ctx, `DELETE FROM realtimekit.meeting_participants AS t
		USING unnest($1::text[], $2::text[], $3::text[]) AS k (app_id, meeting_id, id)
		WHERE t.app_id = k.app_id AND t.meeting_id = k.meeting_id AND t.meeting_participant_id = k.id`, apps, meetings, ids)
	return err
}
