package alike_test

import (
	"slices"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/alike"
)

func TestKeyIsTheSameForWhatLooksAlike(t *testing.T) {
	for _, same := range [][2]string{
		{"Zo\u00eb", "Zoe\u0308"},
		{"Ann Lee", "ann\u00a0 lee "},
		{"Ann Lee", "Ann\u200b Lee\ufeff"},
		{"МУЗЫКА", "музыка"},
		{"STRASSE", "Straße"},
		{"Ｒｏｏｍ ７", "room 7"},
		{"\u1e9b\u0323", "\u1e69"},
		{"\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af"},
	} {
		if one, other := alike.Key(same[0]), alike.Key(same[1]); one != other {
			t.Errorf("%q has the key %q, and %q has %q", same[0], one, same[1], other)
		}
	}
	for _, differ := range [][2]string{{"Zoë", "Zoe"}, {"Ann Lee", "Annlee"}, {"Ann", "Anna"}, {"7", "\x077"}} {
		if alike.Key(differ[0]) == alike.Key(differ[1]) {
			t.Errorf("%q and %q have the same key", differ[0], differ[1])
		}
	}
}

func TestKeyOfNothingToSeeIsEmpty(t *testing.T) {
	for _, text := range []string{"", " \t\n", "\u00a0", "\u200b\u200d", "\u3164", "\u2800", "\ufe0f", "\u202e"} {
		if key := alike.Key(text); key != "" {
			t.Errorf("%q has the key %q", text, key)
		}
	}
	for _, text := range []string{"\x01", "0", "\ufffd", "👩‍🏫"} {
		if alike.Key(text) == "" {
			t.Errorf("%q has no key", text)
		}
	}
}

func TestOthersAreAlikeAndNotTheSame(t *testing.T) {
	all := []string{"ümit@x", "ÜMIT@x", "u\u0308mit@x ", "umit@x", "greta", "Greta"}
	if others := alike.Others(all, "ümit@x", "greta"); !slices.Equal(others, []string{"ÜMIT@x", "u\u0308mit@x ", "Greta"}) {
		t.Errorf("the others are %q", others)
	}
}
