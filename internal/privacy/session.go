package privacy

import (
	"maps"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Session masks what a session's unknown fields say of people on the list.
func (f *Filter) Session(s *model.Session) {
	if f.idle() || len(f.list) == 0 || len(s.Extra) == 0 {
		return
	}
	s.Extra = []byte(f.tidy(s.AppID, string(s.Extra), false))
}

// Livestream masks people on the list in what went wrong with a livestream, and in the
// raw text of what was mended.
func (f *Filter) Livestream(appID string, l *model.LivestreamSession) {
	if f.idle() || len(f.list) == 0 {
		return
	}
	mask := func(text string) string {
		if masked, changed := f.maskWords(appID, text); changed {
			return masked
		}
		return text
	}
	l.ErrMessage, l.Repairs = mask(l.ErrMessage), maps.Clone(l.Repairs)
	for column, text := range l.Repairs {
		l.Repairs[column] = mask(text)
	}
}
