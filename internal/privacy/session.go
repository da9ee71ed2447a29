package privacy

import "github.com/rollcall-etl/rollcall/internal/model"

// Session masks what a session's unknown fields say of people on the list.
func (f *Filter) Session(s *model.Session) {
	if f.idle() || len(f.list) == 0 || len(s.Extra) == 0 {
		return
	}
	s.Extra = []byte(f.tidy(s.AppID, string(s.Extra), false))
}
