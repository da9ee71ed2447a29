package cli

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/when"
)

// filled is a value that may be left out but not be empty, as that of a variable
// of the shell is that was never set: an export would then hold everything, and an
// erasure be of every app. An id that is a UUID may be given in any letters.
type filled string

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *filled) UnmarshalText(text []byte) error {
	var v verbatim
	err := v.UnmarshalText(text)
	*f = filled(model.FoldID(string(v)))
	return err
}

// verbatim is [filled] to the letter: an id of somebody else's system, of which another
// spelling may be another person.
type verbatim string

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *verbatim) UnmarshalText(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		return errors.New("the value is empty")
	}
	*v = verbatim(text)
	return nil
}

// list holds values that are given with commas between them, by a flag that may be
// repeated: each once, without the space around it, ids that are UUIDs in any letters.
// It may be left out but not be empty, for the same reason as [filled].
type list []string

// UnmarshalText implements encoding.TextUnmarshaler. It adds to what is there.
func (l *list) UnmarshalText(text []byte) error {
	for value := range strings.SplitSeq(string(text), ",") {
		l.add(value)
	}
	if len(*l) == 0 {
		return errors.New("the list is empty")
	}
	return nil
}

func (l *list) add(value string) {
	if value = model.FoldID(strings.TrimSpace(value)); value != "" && !slices.Contains(*l, value) {
		*l = append(*l, value)
	}
}

// decodeAccount reads the id of an account, which may be given in any letters.
func decodeAccount(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	err := ctx.Scan.PopValueInto("id", &text)
	target.SetString(model.FoldAccountID(text))
	return err
}

// decodeDuration reads the value of every flag that is a duration: days and weeks too.
func decodeDuration(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("duration", &text); err != nil {
		return err
	}
	d, err := when.Duration(text)
	if err == nil {
		target.SetInt(int64(d))
	}
	return err
}
