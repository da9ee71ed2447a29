package naming

import "strings"

// literal changes what a text of a statement says of schemas: a text that is a name, the
// name of a lock, a list of names, or one with names in it.
func (n names) literal(text string) string {
	if with, known := n.schemas[text]; known {
		return with
	}
	if rest, isLock := strings.CutPrefix(text, n.lock[0]); isLock {
		return n.lock[1] + rest
	}
	if list, isPath := strings.CutPrefix(text, "search_path="); isPath {
		return "search_path=" + n.list(list)
	}
	return n.text(text)
}

// list changes names between commas.
func (n names) list(text string) string {
	parts := strings.Split(text, ",")
	for i, part := range parts {
		name := strings.TrimSpace(part)
		if with, known := n.schemas[name]; known {
			parts[i] = strings.Replace(part, name, with, 1)
		}
	}
	return strings.Join(parts, ",")
}

// text changes the names that stand before a dot and another name, and those after the word
// schema or schemas. Other words of a sentence stay.
func (n names) text(text string) string {
	var out strings.Builder
	from, named := 0, false // named: a schema is named here
	for at := 0; at < len(text); {
		if !isWord(text[at]) {
			if !strings.ContainsRune(" ,", rune(text[at])) {
				named = false
			}
			at++
			continue
		}
		start := at
		for at < len(text) && isWord(text[at]) {
			at++
		}
		word := text[start:at]
		with, known := n.schemas[word]
		known = known && (start == 0 || !strings.ContainsRune("./-", rune(text[start-1])))
		if known && (named || beforeName(text[at:])) {
			out.WriteString(text[from:start])
			out.WriteString(with)
			from = at
		}
		switch {
		case strings.EqualFold(word, "schema"), strings.EqualFold(word, "schemas"):
			named = true
		case !known && word != "and":
			named = false
		}
	}
	out.WriteString(text[from:])
	return out.String()
}

// beforeName tells whether what follows a name is a dot and another, as in sync.runs, or
// what stands for that: sync.%I, sync.*.
func beforeName(rest string) bool {
	return len(rest) > 1 && rest[0] == '.' && (isLetter(rest[1]) || strings.ContainsRune(`%*"`, rune(rest[1])))
}
