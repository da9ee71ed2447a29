package privacy

import (
	"encoding/json"
	"strings"
)

// token is a part of a JSON text: a value that is no list or object, or the name of
// a member.
type token struct {
	kind   tokenKind
	member string // of the value, that around a list for its elements
	top    string // the member of the outermost object in which it is
	text   string
}

type tokenKind int

const (
	textToken tokenKind = iota
	bareToken           // number, boolean or null
	nameToken           // of a member
)

// rewriteTokens visits every token of a JSON text and puts another in its place
// where visit says so. It asks little of the text: a rejected record need not be
// sound JSON once its bytes were made printable.
func rewriteTokens(raw string, visit func(token) (string, bool)) string {
	var out strings.Builder
	var open []string // members around the present one
	member, copied := "", 0
	replace := func(from, to int, text string, kind tokenKind) {
		top := member
		if len(open) > 1 {
			top = open[1]
		}
		if value, changed := visit(token{kind, member, top, text}); changed {
			quoted, _ := json.Marshal(value) // a string cannot fail
			out.WriteString(raw[copied:from])
			out.Write(quoted)
			copied = to
		}
	}
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '{' || c == '[':
			open = append(open, member)
			i++
		case (c == '}' || c == ']') && len(open) > 0:
			member, open = open[len(open)-1], open[:len(open)-1]
			i++
		case c == '"':
			end := stringEnd(raw, i)
			text := unquote(raw[i:end])
			if strings.HasPrefix(strings.TrimLeft(raw[end:], " \t\r\n"), ":") {
				member = text
				replace(i, end, text, nameToken)
			} else {
				replace(i, end, text, textToken)
			}
			i = end
		case c > ' ' && !strings.ContainsRune(`,:]}`, rune(c)):
			end := i + 1
			for end < len(raw) && !strings.ContainsRune(",:]}[{\" \t\r\n", rune(raw[end])) {
				end++
			}
			replace(i, end, raw[i:end], bareToken)
			i = end
		default:
			i++
		}
	}
	if copied == 0 {
		return raw
	}
	out.WriteString(raw[copied:])
	return out.String()
}

// stringEnd gives where the string that begins at start ends.
func stringEnd(raw string, start int) int {
	for i := start + 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

func unquote(quoted string) string {
	var text string
	if json.Unmarshal([]byte(quoted), &text) == nil {
		return text
	}
	return strings.Trim(quoted, `"`)
}
