package simulator

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// object appends one JSON object to buf, member by member. A member named in
// extra is skipped, and extra's own value is appended at the end.
type object struct {
	buf   []byte
	extra Extra
	d     *Dialect
}

func (d *Dialect) object(buf []byte, extra Extra) object {
	return object{buf: append(buf, '{'), extra: extra, d: d}
}

// key starts a member. It is false where extra overrides the member.
func (o *object) key(name string) bool {
	if len(o.extra) > 0 {
		if _, over := o.extra[name]; over {
			return false
		}
	}
	o.name(name)
	return true
}

func (o *object) name(name string) {
	if o.buf[len(o.buf)-1] != '{' {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(appendString(o.buf, name), ':')
}

func (o *object) text(name, v string) {
	if o.key(name) {
		o.buf = appendString(o.buf, v)
	}
}

// optional writes null for the empty string.
func (o *object) optional(name, v string) {
	if !o.key(name) {
		return
	}
	if v == "" {
		o.buf = append(o.buf, "null"...)
		return
	}
	o.buf = appendString(o.buf, v)
}

func (o *object) raw(name, v string) {
	if o.key(name) {
		o.buf = append(o.buf, v...)
	}
}

func (o *object) number(name string, v float64) {
	if o.key(name) {
		o.buf = appendNumber(o.buf, v)
	}
}

func (o *object) count(name string, v int) {
	if !o.key(name) {
		return
	}
	o.buf = strconv.AppendInt(o.buf, int64(v), 10)
	if o.d.FloatCounts {
		o.buf = append(o.buf, ".0"...)
	}
}

// time writes null for the zero time. The tail is appended inside the string.
func (o *object) time(name string, t time.Time, tail string) {
	if !o.key(name) {
		return
	}
	if t.IsZero() {
		o.buf = append(o.buf, "null"...)
		return
	}
	o.buf = append(o.buf, '"')
	o.buf = appendTime(o.buf, t, o.d.SpaceTimes)
	o.buf = append(append(o.buf, tail...), '"')
}

// close appends the extra members in the order of their names.
func (o *object) close() []byte {
	if len(o.extra) > 0 {
		for _, name := range slices.Sorted(maps.Keys(o.extra)) {
			if v := o.extra[name]; len(v) > 0 {
				o.name(name)
				o.buf = append(o.buf, v...)
			}
		}
	}
	return append(o.buf, '}')
}

// appendTime writes UTC with milliseconds and a T, or in the looser form with a
// space and microseconds. It exists because a page holds thousands of times.
func appendTime(dst []byte, t time.Time, loose bool) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = appendDigits(dst, year, 4)
	dst = appendDigits(append(dst, '-'), int(month), 2)
	dst = appendDigits(append(dst, '-'), day, 2)
	separator := byte('T')
	if loose {
		separator = ' '
	}
	dst = appendDigits(append(dst, separator), hour, 2)
	dst = appendDigits(append(dst, ':'), minute, 2)
	dst = appendDigits(append(dst, ':'), second, 2)
	dst = append(dst, '.')
	if loose {
		return append(appendDigits(dst, t.Nanosecond()/1000, 6), 'Z')
	}
	return append(appendDigits(dst, t.Nanosecond()/1_000_000, 3), 'Z')
}

func appendDigits(dst []byte, v, width int) []byte {
	limit := 1
	for range width - 1 {
		limit *= 10
	}
	for ; limit > 0; limit /= 10 {
		dst = append(dst, byte('0'+v/limit%10))
	}
	return dst
}

// appendNumber writes null for what JSON cannot say.
func appendNumber(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// appendString writes a JSON string. Bytes that are not UTF-8 go out as they
// are, as from a server that does not look.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || (c >= ' ' && c != '"' && c != '\\') {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = appendHex(append(dst, `\u`...), uint64(c), 4)
		}
	}
	return append(append(dst, s[from:]...), '"')
}
