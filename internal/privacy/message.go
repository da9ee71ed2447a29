package privacy

import "regexp"

// Text masks in a message, such as the path of a request that failed or what the API
// says of it, the ids of people on the list, of whichever app it is.
func (f *Filter) Text(text string) string {
	if f.idle() || len(f.list) == 0 {
		return text
	}
	mask := func(id string) string {
		if len(id) < CertainLength || !f.knows(id) {
			return id
		}
		return ErasedText
	}
	return wordInText.ReplaceAllStringFunc(uuidInText.ReplaceAllStringFunc(text, mask), mask)
}

// knows tells whether a text is an id of somebody on the list, in some app.
func (f *Filter) knows(id string) bool {
	for _, kind := range []Kind{ParticipantID, UserID, CustomID} {
		if r := f.list[f.key.Identifier(kind, id)]; r.all != Keep || r.apps != nil {
			return true
		}
	}
	return false
}

var uuidInText = regexp.MustCompile(`(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
