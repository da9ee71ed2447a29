package cli

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The documented schema has the members that are read, and no others.
func TestAccountsSchema(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/accounts.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Accounts struct {
				Items struct {
					Properties map[string]struct{ Description string }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var read, told []string
	for field := range reflect.TypeFor[account]().Fields() {
		read = append(read, field.Tag.Get("json"))
	}
	for name, property := range schema.Properties.Accounts.Items.Properties {
		if told = append(told, name); property.Description == "" {
			t.Errorf("%s is not described", name)
		}
	}
	slices.Sort(read)
	slices.Sort(told)
	if !slices.Equal(read, told) {
		t.Errorf("read: %s; described: %s", strings.Join(read, " "), strings.Join(told, " "))
	}
}

// Some editors begin a file with a byte order mark.
func TestAccountsFileWithByteOrderMark(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "accounts.json")
	for name, text := range map[string]string{
		file:                        "\uFEFF" + `{"accounts":[{"id":"0123456789abcdef0123456789abcdef","token_file":"token"}]}`,
		filepath.Join(dir, "token"): "a-token",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := readAccounts(file); err != nil || len(all) != 1 {
		t.Errorf("%d accounts, %v", len(all), err)
	}
}

// askedOf is a command that notes of how many accounts it was asked.
type askedOf struct {
	apiFlags
	several *bool
}

// Run implements the interface of a command.
func (c *askedOf) Run(*shell) error {
	*c.several = c.ofSeveral
	return nil
}

// A command that does the same for many accounts knows it.
func TestCommandForManyKnowsIt(t *testing.T) {
	t.Parallel()
	var several bool
	target := reflect.ValueOf(askedOf{several: &several})
	out := &turns{stdout: io.Discard, stderr: io.Discard}
	s := &shell{ctx: t.Context(), logger: slog.New(slog.DiscardHandler)}
	if _, err := out.all(s, target, []account{{ID: "a"}, {ID: "b"}}); err != nil || !several {
		t.Errorf("several %v, %v", several, err)
	}
}
