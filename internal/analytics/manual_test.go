package analytics_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// manualSQL gives the statements of a page, indented or fenced, in their order.
func manualSQL(t *testing.T, page string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?m)^(?:    .*\n)+|^```sql\n(?:[^`]*\n)?```").FindAllString(string(text), -1) {
		for statement := range strings.SplitSeq(strings.Trim(block, "`"), ";") {
			if from := regexp.MustCompile(`INSERT|SELECT|UPDATE`).FindStringIndex(statement); from != nil {
				all = append(all, statement[from[0]:])
			}
		}
	}
	return all
}

// Whoever follows docs/analytics.md from top to bottom, and its settings and prices once
// more, has all settings in force and each price once.
func TestStatementsOfTheManual(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.store(classroom())
	filled := strings.NewReplacer("('…', '…'", "('a', 'm'", "('…'", "('a'", "WHERE …", "WHERE true")
	all := manualSQL(t, "analytics.md")
	if len(all) < 11 {
		t.Fatalf("%d statements were found", len(all))
	}
	for _, sql := range all {
		db.exec(filled.Replace(sql))
	}
	for _, sql := range all {
		if !regexp.MustCompile(`analytics\.(timetable|excuses)`).MatchString(sql) { // these have a row for each
			db.exec(filled.Replace(sql))
		}
	}
	db.want("settings", db.lines(`SELECT meeting_id, person_by, least_lesson_people, longest_gap_seconds, least_lesson_seconds, time_zone FROM analytics.settings`),
		[]string{`("",user_id,1,0,,Pacific/Auckland)`, "(m,,,,600,)"})
	db.want("prices", db.lines(`SELECT usage_kind, preset_view_type, price_per_minute FROM analytics.prices WHERE usage_kind = 'participant'`),
		[]string{"(participant,,0.00200000)", "(participant,AUDIO_ROOM,0.00050000)"})
}
