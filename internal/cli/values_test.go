package cli

import (
	"io"
	"slices"
	"testing"
)

func TestListsHoldEachValueOnce(t *testing.T) {
	for name, c := range map[string]struct {
		environment string
		args        []string
		want        []string
	}{
		"space around":       {"", []string{"--app", " a ,\tb"}, []string{"a", "b"}},
		"twice":              {"", []string{"--app", "a,b,a"}, []string{"a", "b"}},
		"repeated":           {"", []string{"--app", "a,b", "--app", "b, c"}, []string{"a", "b", "c"}},
		"nothing in between": {"", []string{"--app", ",a,,b,"}, []string{"a", "b"}},
		"of the environment": {"a, b ,a", nil, []string{"a", "b"}},
		"a flag goes before": {"a,b", []string{"--app-ids", "c"}, []string{"c"}},
		"none":               {"", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if c.environment != "" {
				t.Setenv("REALTIMEKIT_APP_IDS", c.environment)
			}
			var grammar cli
			parser, err := newParser(&grammar, io.Discard, io.Discard, func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(append([]string{"verify"}, c.args...)); err != nil {
				t.Fatal(err)
			}
			got := grammar.Verify.App
			if len(got) == 0 {
				got = grammar.Verify.AppIDs
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
