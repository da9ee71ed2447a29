package privacy

import "regexp"

// CertainLength is from which length on a text that equals an identifier is
// taken for it under whatever name it stands. A shorter one, such as the custom
// id "17", must stand under the name of an identifier.
const CertainLength = 8

// tidy masks what a JSON text says of people on the list and, in a record of a
// person, what may be a name where these are not wanted.
func (f *Filter) tidy(appID, raw string, ofPerson bool) string {
	return rewriteTokens(raw, func(t token) (string, bool) {
		if f.names && ofPerson && t.kind != nameToken {
			if clean, changed := f.withoutNames(t.member, t.text, t.kind == bareToken); changed {
				return clean, true
			}
		}
		if t.kind != nameToken && f.listed(appID, t.member, t.text) != Keep {
			return ErasedText, true
		}
		if t.kind == bareToken {
			return "", false
		}
		return f.maskWords(appID, t.text)
	})
}

// tidyExtra does so in the fields of a record of a person that Rollcall does not know.
func (f *Filter) tidyExtra(appID string, extra []byte) []byte {
	if len(extra) == 0 {
		return extra
	}
	return []byte(f.tidy(appID, string(extra), true))
}

// wordInText is what an identifier may be within running text.
var wordInText = regexp.MustCompile(`[\p{L}\p{N}_]+(?:[-.@+][\p{L}\p{N}_]+)*`)

// maskWords masks identifiers of people on the list within a text.
func (f *Filter) maskWords(appID, text string) (masked string, changed bool) {
	if f.listedWithin(appID, text) == Keep {
		return "", false
	}
	return wordInText.ReplaceAllStringFunc(text, func(word string) string {
		if len(word) < CertainLength || f.listed(appID, "", word) == Keep {
			return word
		}
		return ErasedText
	}), true
}

// listed tells whether a value of a JSON text is the identifier of somebody on the
// list.
func (f *Filter) listed(appID, member, text string) Mode {
	if len(text) >= CertainLength {
		return max(f.mode(appID, UserID, text), f.mode(appID, CustomID, text), f.mode(appID, ParticipantID, text))
	}
	if kind, known := identifierMembers[member]; known {
		return f.mode(appID, kind, text)
	}
	return Keep
}

// listedWithin tells whether one stands in a text. Only hashes are known, so
// identifiers with a space or another odd mark in them are not found.
func (f *Filter) listedWithin(appID, text string) (mode Mode) {
	if len(f.list) == 0 || len(text) < CertainLength {
		return Keep
	}
	for _, word := range wordInText.FindAllString(text, -1) {
		if len(word) >= CertainLength {
			mode = max(mode, f.listed(appID, "", word))
		}
	}
	return mode
}
