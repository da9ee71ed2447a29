package privacy

import "regexp"

// Text masks in a message, such as the path of a request that failed, the ids of
// people on the list. They are UUIDs there.
func (f *Filter) Text(text string) string {
	if f.idle() || len(f.list) == 0 || text == "" {
		return text
	}
	return uuidInText.ReplaceAllStringFunc(text, func(id string) string {
		r := f.list[f.key.Identifier(ParticipantID, id)]
		if user := f.list[f.key.Identifier(UserID, id)]; r.all == Keep && r.apps == nil && user.all == Keep && user.apps == nil {
			return id
		}
		return ErasedText
	})
}

var uuidInText = regexp.MustCompile(`(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
