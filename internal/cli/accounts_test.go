package cli

import (
	"encoding/json"
	"os"
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
