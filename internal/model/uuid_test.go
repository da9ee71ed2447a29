package model_test

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
)

func TestFoldID(t *testing.T) {
	for id, want := range map[string]string{
		"1E460180-874E-4647-879E-BCE5DF47B4A7":   "1e460180-874e-4647-879e-bce5df47b4a7",
		"1e460180-874E-4647-879e-bce5df47b4a7":   "1e460180-874e-4647-879e-bce5df47b4a7",
		"1E460180874E4647879EBCE5DF47B4A7":       "1E460180874E4647879EBCE5DF47B4A7",
		"{1E460180-874E-4647-879E-BCE5DF47B4A7}": "{1E460180-874E-4647-879E-BCE5DF47B4A7}",
		"Abcdef-Ghijkl":                          "Abcdef-Ghijkl", // a room name
		"":                                       "",
	} {
		if got := model.FoldID(id); got != want {
			t.Errorf("%q is folded to %q, want %q", id, got, want)
		}
	}
}

func TestFoldAccountID(t *testing.T) {
	for id, want := range map[string]string{
		"1E460180874E4647879EBCE5DF47B4A7":     "1e460180874e4647879ebce5df47b4a7",
		"1e460180874e4647879eBCE5DF47B4A7":     "1e460180874e4647879ebce5df47b4a7",
		"1E460180-874E-4647-879E-BCE5DF47B4A7": "1e460180-874e-4647-879e-bce5df47b4a7", // an organization
		"1E460180874E4647879EBCE5DF47B4AG":     "1E460180874E4647879EBCE5DF47B4AG",
		"1E460180874E4647879EBCE5DF47B4A":      "1E460180874E4647879EBCE5DF47B4A",
		"Some Account":                         "Some Account",
	} {
		if got := model.FoldAccountID(id); got != want {
			t.Errorf("%q is folded to %q, want %q", id, got, want)
		}
	}
}
