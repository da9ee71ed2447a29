package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// FuzzCommandLine: whatever is typed, the program understands it or says in an
// error what is wrong; a range that it accepts is one.
func FuzzCommandLine(f *testing.F) {
	for _, line := range []string{
		"run --every 15m --quiet", "backfill --from 2026-01-01 --to 2026-01-31 --full", "backfill --session 01234567-89ab-cdef-0123-456789abcdef",
		"migrate", "migrate down --yes", "rejects list", "status --json", "--help", "run --requests-per-second NaN --per-page -1", "simulate --fault every-4th-500",
		"backfill --from 9999-12-31T23:59:59-23:59", "run --app-ids a,,b --lookback -1h", "backfill --last 2w", "backfill --from yesterday --to 1d12h",
	} {
		f.Add(strings.ReplaceAll(line, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, line string) {
		var grammar cli
		exited := false
		parser, err := newParser(&grammar, io.Discard, io.Discard, func(int) { exited = true })
		if err != nil {
			t.Fatal(err)
		}
		command, err := parser.Parse(strings.Split(line, "\x00"))
		if err != nil || exited {
			return
		}
		for _, flags := range []*apiFlags{&grammar.Run.apiFlags, &grammar.Backfill.apiFlags} {
			flags.AccountID = "0123456789abcdef0123456789abcdef"
			if err := flags.check(); err != nil && !errors.Is(err, model.ErrUsage) {
				t.Fatal(err)
			}
		}
		if _, err := grammar.Run.optional(); err != nil && !errors.Is(err, model.ErrUsage) {
			t.Fatal(err)
		}
		if command.Command() != "backfill" {
			return
		}
		plan, _, err := grammar.Backfill.plan()
		switch {
		case err != nil && !errors.Is(err, model.ErrUsage):
			t.Fatal(err)
		case err == nil && len(plan.Sessions) == 0 && (plan.From.IsZero() || !plan.To.IsZero() && !plan.From.Before(plan.To) || plan.From.Year() > lastYear):
			t.Fatalf("%q gives the range %v to %v", line, plan.From, plan.To)
		}
	})
}

// FuzzEnvironment: a .env file with anything in it is read, or refused without a
// word of what is in it, since that may be a secret.
func FuzzEnvironment(f *testing.F) {
	for _, text := range []string{
		"CLOUDFLARE_API_TOKEN=abc\nDATABASE_URL='postgres://u:p@h/d'\n", "export A=\"b\nc\" # d\n\n=x", "A=${B}\nB=$A\nROLLCALL_EVERY=",
		"CLOUDFLARE_API_TOKEN abc-secret-word\n", "\xff\xfe", "A='", "A=\"\\n\\", "A: b\nC = d",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		known := map[string]bool{}
		for _, entry := range os.Environ() {
			name, value, _ := strings.Cut(entry, "=")
			known[name] = true
			t.Setenv(name, value) // as it was before, afterwards
		}
		defer func() {
			for _, entry := range os.Environ() {
				if name, _, _ := strings.Cut(entry, "="); !known[name] {
					_ = os.Unsetenv(name)
				}
			}
		}()
		file := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := loadEnvironment(file)
		if err == nil {
			return
		}
		if !errors.Is(err, model.ErrUsage) {
			t.Fatal(err)
		}
		const sentence = "the file cannot be read; it must hold lines of the form NAME=value"
		told := strings.ReplaceAll(err.Error(), file, "")
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("= \n'\"", r) }) {
			if len(word) > 6 && strings.Contains(told, word) && !strings.Contains(sentence, word) {
				t.Fatalf("%q tells %q", told, word)
			}
		}
	})
}
