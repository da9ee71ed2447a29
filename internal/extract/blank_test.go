package extract

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// People whose id is blanks alone have none: all of them would be one person.
func TestIDOfBlanksIsNone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ raw, want, repair string }{
		"spaces":          {`"   "`, "", "   "},
		"no-break spaces": {`"` + "\u00a0\u202f\u3000" + `"`, "", "\u00a0\u202f\u3000"},
		"of no width":     {`"` + "\ufeff\u200b" + `"`, "", "\ufeff\u200b"},
		"escaped":         {`"\t\n"`, "", "\t\n"},
		"none":            {`""`, "", ""},
		"blanks about it": {`" ana "`, " ana ", ""},
		"no letter":       {`"é"`, "é", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var page model.ParticipantPage
			record := `{"id":"00000000-0000-4000-8000-000000000001","custom_participant_id":` + tt.raw + `,"user_id":` + tt.raw + `}`
			if err := newScanner([]byte(record)).participant("app", model.UUID{1}, &page); err != nil || len(page.Participants) != 1 {
				t.Fatal(page, err)
			}
			p := page.Participants[0]
			if p.CustomParticipantID != tt.want || p.UserID != tt.want || p.Repairs["custom_participant_id"] != tt.repair || p.Repairs["user_id"] != tt.repair {
				t.Errorf("%q, %q, repairs %q", p.CustomParticipantID, p.UserID, p.Repairs)
			}
		})
	}
}
