package extract

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// cursor walks over one JSON value that the decoder has found to be well formed,
// so that nothing in here can fail. What it hands out are parts of the text: a
// page costs one string and not one for each field.
type cursor struct {
	text string
	at   int
}

// skip goes to the next value, name or closing bracket, which it gives.
func (c *cursor) skip() byte {
	for {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\r', '\n', ',', ':':
			c.at++
		default:
			return b
		}
	}
}

// enter goes into the object or array that comes next.
func (c *cursor) enter() {
	c.skip()
	c.at++
}

// more reports whether there is another member or element, and leaves the object
// or array otherwise.
func (c *cursor) more() bool {
	if b := c.skip(); b != '}' && b != ']' {
		return true
	}
	c.at++
	return false
}

// name gives the name of the next member.
func (c *cursor) name() string {
	raw := c.value()
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	text, _ := unquote(raw)
	return text
}

// value gives the next value whole.
func (c *cursor) value() string {
	first := c.skip()
	start := c.at
	switch first {
	case '"':
		c.passString()
	case '{', '[':
		c.passNested()
	default:
		c.passScalar()
	}
	return c.text[start:c.at]
}

func (c *cursor) passString() {
	text := c.text
	i := c.at + 1
	for text[i] != '"' {
		if text[i] == '\\' {
			i++
		}
		i++
	}
	c.at = i + 1
}

func (c *cursor) passNested() {
	for depth := 0; ; {
		switch c.text[c.at] {
		case '"':
			c.passString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		c.at++
		if depth == 0 {
			return
		}
	}
}

func (c *cursor) passScalar() {
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
		c.at++
	}
}

// kindOf gives the kind of a whole value.
func kindOf(raw string) jsontext.Kind {
	switch first := raw[0]; first {
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return jsontext.KindNumber
	default:
		return jsontext.Kind(first)
	}
}
