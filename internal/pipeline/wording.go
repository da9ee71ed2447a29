package pipeline

import (
	"fmt"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// plural counts things in a sentence, by an English plural in s.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// anyOf names apps in a sentence that says what none of them has.
func anyOf(apps []string) string {
	if len(apps) == 1 {
		return "app " + apps[0]
	}
	return fmt.Sprintf("any of the %d apps", len(apps))
}

// listed names sessions in a sentence.
func listed(ids []model.UUID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	if len(ids) == 1 {
		return "session " + texts[0]
	}
	return "sessions " + strings.Join(texts, ", ")
}
