package privacy

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// said fills the texts of a record, and gives the names of those that change leaves as
// they were.
func said[R any](change func(*R)) (left []string) {
	var record R
	fields := reflect.ValueOf(&record).Elem()
	text := func(n int) string { return "text-" + fields.Type().Field(n).Name }
	for n := range fields.NumField() {
		if f := fields.Field(n); f.Kind() == reflect.String {
			f.SetString(text(n))
		}
	}
	change(&record)
	for n := range fields.NumField() {
		if f := fields.Field(n); f.Kind() == reflect.String && f.String() == text(n) {
			left = append(left, fields.Type().Field(n).Name)
		}
	}
	return left
}

// A text that is added to a record says who somebody is, unless it stands here.
func TestEveryTextIsLookedAt(t *testing.T) {
	t.Parallel()
	key := newKey(t, "k")
	names := NewFilter(key, 1, true, nil)
	for what, c := range map[string]struct {
		left []string
		may  string
	}{
		"a pseudonymised participant":     {said(key.PseudonymiseParticipant), "PresetName"},
		"a pseudonymised event":           {said(key.PseudonymiseEvent), "Name PresetViewType"},
		"a pseudonymised enrolled person": {said(key.PseudonymisePerson), "PresetName"},
		"a participant without a name":    {said(names.TakeName), "UserID CustomParticipantID PresetName"},
	} {
		if may := strings.Fields(c.may); !slices.Equal(c.left, may) {
			t.Errorf("%s keeps %v, and may keep %v: where a new text says who somebody is, replace it", what, c.left, may)
		}
	}
}
