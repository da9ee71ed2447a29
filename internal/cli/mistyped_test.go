package cli

import (
	"io"
	"testing"
)

func TestMistypedVariables(t *testing.T) {
	var grammar cli
	parser, err := newParser(&grammar, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	known := knownVariables(parser)
	for name, want := range map[string]struct {
		meant string
		wrong bool
	}{
		"DATABSE_URL": {"DATABASE_URL", true}, "DATABASE_URI": {"DATABASE_URL", true}, "CLOUDFLARE_ACOUNT_ID": {"CLOUDFLARE_ACCOUNT_ID", true},
		"ROLLCALL_PERPAGE": {"ROLLCALL_PER_PAGE", true}, "ROLLCALL_COLOUR_SCHEME": {"", true},
		"ROLLCALL_ACCOUNTS": {"ROLLCALL_ACCOUNTS_FILE", true}, "ROLLCALL_WEBHOOK_KEY": {"ROLLCALL_WEBHOOK_KEY_FILE", true}, "ROLLCALL_METRICS": {"ROLLCALL_METRICS_FILE", true},
		"DATABASE_URL": {}, "CLOUDFLARE_API_TOKEN": {}, "ROLLCALL_PRIVACY_KEY": {}, "ROLLCALL_PRIVACY_KEY_FILE": {}, "ROLLCALL_POSTGRES_BIN": {},
		"ROLLCALL_READER_PASSWORD": {}, "ROLLCALL_LOG_LEVEL": {}, "PATH": {}, "DATABASE_NAME": {}, "CLOUDFLARE_API_KEY": {},
		"ROLLCALL_SERVICE_HOST": {}, "ROLLCALL_PORT_9187_TCP_ADDR": {}, "ROLLCALL_METRICS_SERVICE_PORT": {},
	} {
		if meant, wrong := mistyped(name, []string{name}, known); meant != want.meant || wrong != want.wrong {
			t.Errorf("%s: %q, %t, want %q, %t", name, meant, wrong, want.meant, want.wrong)
		}
	}
	if meant, wrong := mistyped("DATABASE_URLS", []string{"DATABASE_URL", "DATABASE_URLS"}, known); wrong {
		t.Errorf("another's variable beside ours is taken for %q", meant)
	}
}
