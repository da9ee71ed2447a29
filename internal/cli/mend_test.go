package cli

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
)

// What verify advises names the thing that differs and a command that has to do
// with it.
func TestAdviceOfVerify(t *testing.T) {
	t.Parallel()
	id := model.UUID{1}
	for name, c := range map[string]struct {
		d    pipeline.Difference
		want string
	}{
		"a session":      {pipeline.Difference{SessionID: id, Findings: []pipeline.Finding{{Kind: pipeline.FoundRecord}}}, "rollcall backfill --session " + id.String()},
		"a record":       {pipeline.Difference{Key: "x", Findings: []pipeline.Finding{{Kind: pipeline.FoundSetAside}}}, "rollcall rejects list"},
		"rows set aside": {pipeline.Difference{SessionID: id, Findings: []pipeline.Finding{{Kind: pipeline.FoundSetAside}}}, "rollcall rejects list"},
		"and more":       {pipeline.Difference{SessionID: id, Findings: []pipeline.Finding{{Kind: pipeline.FoundRecord}, {Kind: pipeline.FoundSetAside}}}, "rollcall backfill --session " + id.String()},
		"a list":         {pipeline.Difference{AppID: "app", Findings: []pipeline.Finding{{Kind: pipeline.FoundList}}}, "rollcall verify, once more"},
		"an app is gone": {pipeline.Difference{AppID: "app", Findings: []pipeline.Finding{{Kind: pipeline.FoundAppMissing}}}, "REALTIMEKIT_APP_IDS"},
	} {
		if got := mend(&c.d); !strings.Contains(got, c.want) {
			t.Errorf("%s: advised %q, want %q in it", name, got, c.want)
		}
	}
}
