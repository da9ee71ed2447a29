package model_test

import (
	"strings"
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

func TestOneCapitalAnywhereIsFolded(t *testing.T) {
	const id = "abcdefab-cdef-abcd-efab-cdefabcdefab"
	for i := range len(id) {
		if capital := id[:i] + strings.ToUpper(id[i:i+1]) + id[i+1:]; model.FoldID(capital) != id {
			t.Errorf("%q is folded to %q, want %q", capital, model.FoldID(capital), id)
		}
		for _, other := range []string{"G", "Z", "@", "_", "é"} {
			if text := "A" + id[1:max(i, 1)] + other + id[min(len(id), i+len(other)):]; i > 0 && model.FoldID(text) != text {
				t.Errorf("%q, which is no UUID, is folded to %q", text, model.FoldID(text))
			}
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
