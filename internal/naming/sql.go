package naming

import "strings"

// names say what each name becomes.
type names struct {
	schemas map[string]string
	lock    [2]string // how the names of advisory locks begin, and are to begin
}

// lockPrefix begins the name of each advisory lock. Two warehouses of one database have
// locks of their own.
const lockPrefix = "rollcall:"

// named gives the names with a prefix.
func named(prefix string) names {
	n := names{map[string]string{}, [2]string{lockPrefix, prefix + lockPrefix}}
	for _, name := range plain {
		n.schemas[name] = prefix + name
	}
	return n
}

// place is where in a statement the next word stands.
type place int

const (
	elsewhere place = iota
	wantPath        // = or TO of search_path is to come
	wantName        // a schema is to be named
	hadName         // one was, and a comma may follow
)

// reader goes through a statement token by token and copies it, names changed.
type reader struct {
	names
	in   string
	at   int // of what is read next
	out  strings.Builder
	from int // of what is not yet copied
	next place
}

// sql changes the names of schemas in a statement, where they stand as such: before a dot,
// after the word SCHEMA, in search_path, and in texts that are a name or hold one before a
// dot. Columns, aliases, roles and comments stay.
func (n names) sql(statement string) string {
	r := reader{names: n, in: statement}
	for r.at < len(r.in) {
		r.token()
	}
	if r.from == 0 {
		return statement
	}
	r.out.WriteString(r.in[r.from:])
	return r.out.String()
}

// replace puts another text in the place of what was just read.
func (r *reader) replace(start, end int, with string) {
	if r.in[start:end] == with {
		return
	}
	r.out.WriteString(r.in[r.from:start])
	r.out.WriteString(with)
	r.from = end
}

// token reads one.
func (r *reader) token() {
	rest := r.in[r.at:]
	switch c := rest[0]; {
	case isSpace(c):
		r.at++
	case strings.HasPrefix(rest, "--"):
		r.at += through(rest, "\n")
	case strings.HasPrefix(rest, "/*"):
		r.at += comment(rest)
	case c == '\'':
		r.text(false)
	case c == '"':
		r.quoted()
	case c == '$':
		r.dollar()
	case isLetter(c):
		r.word()
	case isDigit(c):
		for r.at < len(r.in) && isWord(r.in[r.at]) {
			r.at++
		}
		r.next = elsewhere
	default:
		r.sign(c)
	}
}

// sign reads a character of its own.
func (r *reader) sign(c byte) {
	switch {
	case c == ',' && r.next == hadName, c == '=' && r.next == wantPath:
		r.next = wantName
	default:
		r.next = elsewhere
	}
	r.at++
}

// word reads a keyword or a name.
func (r *reader) word() {
	start := r.at
	for r.at < len(r.in) && isWord(r.in[r.at]) {
		r.at++
	}
	word := r.in[start:r.at]
	if (word == "E" || word == "e") && r.at < len(r.in) && r.in[r.at] == '\'' {
		r.text(true)
		return
	}
	switch keyword := strings.ToUpper(word); {
	case keyword == "SCHEMA", keyword == "TO" && r.next == wantPath:
		r.next = wantName
	case keyword == "SEARCH_PATH":
		r.next = wantPath
	case r.next == wantName && (keyword == "IF" || keyword == "NOT" || keyword == "EXISTS"):
	default:
		r.name(start, r.at, word)
	}
}

// name reads what may be that of a schema.
func (r *reader) name(start, end int, name string) {
	isFirst := start == 0 || r.in[start-1] != '.'
	hasDot := end < len(r.in) && r.in[end] == '.'
	with, known := r.schemas[name]
	if known && isFirst && (hasDot || r.next == wantName) {
		if r.in[start] == '"' {
			with = `"` + with + `"`
		}
		r.replace(start, end, with)
	}
	if r.next == wantName {
		r.next = hadName
	} else {
		r.next = elsewhere
	}
}

// quoted reads a name in quotes.
func (r *reader) quoted() {
	start := r.at
	r.at++
	r.at += through(r.in[r.at:], `"`)
	if r.at-start >= 2 {
		r.name(start, r.at, r.in[start+1:r.at-1])
	}
}

// text reads a literal; one that begins with E may have characters with a backslash.
func (r *reader) text(escaped bool) {
	r.at++
	start := r.at
	for ; r.at < len(r.in); r.at++ {
		c := r.in[r.at]
		if escaped && c == '\\' {
			r.at++
		} else if c == '\'' {
			if r.at+1 == len(r.in) || r.in[r.at+1] != '\'' {
				break
			}
			r.at++
		}
	}
	r.at = min(r.at, len(r.in))
	r.replace(start, r.at, r.literal(r.in[start:r.at]))
	r.at = min(r.at+1, len(r.in))
	r.next = elsewhere
}

// dollar reads a parameter, or a text between dollar signs: the body of a function.
func (r *reader) dollar() {
	r.next = elsewhere
	start := r.at
	for r.at++; r.at < len(r.in) && isWord(r.in[r.at]) && r.in[r.at] != '$'; r.at++ {
	}
	if r.at == len(r.in) || r.in[r.at] != '$' || isDigit(r.in[start+1]) {
		return
	}
	r.at++
	tag := r.in[start:r.at]
	body, _, closed := strings.Cut(r.in[r.at:], tag)
	r.replace(r.at, r.at+len(body), r.sql(body))
	r.at += len(body)
	if closed {
		r.at += len(tag)
	}
}

// comment gives the length of one, and of those within it.
func comment(text string) int {
	depth := 0
	for at := 0; at < len(text)-1; at++ {
		switch text[at : at+2] {
		case "/*":
			depth++
			at++
		case "*/":
			depth--
			at++
			if depth == 0 {
				return at + 1
			}
		}
	}
	return len(text)
}

// through gives the length up to a text and with it.
func through(text, end string) int {
	if at := strings.Index(text, end); at >= 0 {
		return at + len(end)
	}
	return len(text)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
func isWord(c byte) bool { return isLetter(c) || isDigit(c) || c == '$' }
