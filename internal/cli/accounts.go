package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// account is one of ROLLCALL_ACCOUNTS_FILE; docs/accounts.schema.json describes it.
type account struct {
	Name              string   `json:"name"` // for people; empty for none
	ID                string   `json:"id"`
	TokenFile         string   `json:"token_file"`
	Apps              []string `json:"apps"`
	RequestsPerSecond *float64 `json:"requests_per_second"` // nil as the flag says
	QuotaShare        *float64 `json:"quota_share"`         // nil as the flag says
	TimeZone          string   `json:"time_zone"`           // of apps that have none of their own; empty for UTC
}

// label names an account to people.
func (a *account) label() string {
	if a.Name != "" {
		return a.Name
	}
	return a.ID
}

const accountsVariable = "ROLLCALL_ACCOUNTS_FILE"

// mostAccountsFile bounds the file, in bytes: thousands of accounts.
const mostAccountsFile = 4 << 20

// readAccounts reads and checks the accounts file. Nothing of what it holds is quoted
// where it may be a token in the wrong place.
func readAccounts(file string) ([]account, error) {
	refuse := func(format string, args ...any) ([]account, error) {
		return nil, fmt.Errorf("%w: %s: %w", model.ErrUsage, accountsVariable, fmt.Errorf(format, args...))
	}
	text, err := os.ReadFile(file) //nolint:gosec // G703: whoever runs the program names the file
	switch {
	case err != nil:
		return refuse("the file cannot be read: %w", withoutPath(err))
	case len(text) > mostAccountsFile:
		return refuse("the file is larger than %d bytes", mostAccountsFile)
	}
	text = withoutMark(text)
	var list struct {
		Accounts []account `json:"accounts"`
	}
	if err := json.Unmarshal(text, &list, json.RejectUnknownMembers(true)); err != nil {
		if at := where(text, err); strings.HasSuffix(at, "/token") || strings.HasSuffix(at, "/api_token") {
			return refuse("a token does not belong in it: give token_file, the path of a file with the token")
		}
		return refuse("it is not the JSON that docs/accounts.schema.json describes%s", where(text, err))
	}
	if len(list.Accounts) == 0 {
		return refuse("it has no account")
	}
	for i := range list.Accounts {
		if err := list.Accounts[i].check(filepath.Dir(file), list.Accounts[:i]); err != nil {
			return refuse("account %d: %w", i+1, err)
		}
	}
	return list.Accounts, nil
}

// where tells the place of a mistake in JSON: the line, or the names above it, and no value.
func where(text []byte, err error) string {
	if broken, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf(", on line %d", 1+bytes.Count(text[:min(broken.ByteOffset, int64(len(text)))], []byte("\n")))
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok && semantic.JSONPointer != "" {
		return ", at " + string(semantic.JSONPointer)
	}
	return ""
}

func withoutPath(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// check refuses an account that cannot be read, or that stands above already. Its ids
// are then as those that a flag gives. A relative token_file is one beside the accounts
// file.
func (a *account) check(folder string, above []account) error {
	var apps list
	for _, app := range a.Apps {
		apps.add(app)
	}
	a.ID, a.Name = model.FoldAccountID(a.ID), strings.TrimSpace(a.Name)
	switch {
	case !(&accountFlags{AccountID: a.ID}).wellFormed():
		return errors.New("id is not an account's id: that has 32 digits and letters from a to f, or is the id of an organization of the older API")
	case a.TokenFile == "":
		return errors.New("token_file is missing: the path of a file with the API token")
	case len(apps) == 0 && len(a.Apps) > 0:
		return errors.New("apps names none: leave it out for all")
	case a.RequestsPerSecond != nil && (*a.RequestsPerSecond <= 0 || *a.RequestsPerSecond > 1_000_000):
		return errors.New("requests_per_second must be above 0 and at most 1000000")
	case a.QuotaShare != nil && (*a.QuotaShare < 0 || *a.QuotaShare > 0.9):
		return errors.New("quota_share must be between 0 and 0.9")
	case location(a.TimeZone) == nil:
		return errors.New("time_zone is not known: give a name of the IANA database, such as Europe/Berlin")
	}
	a.Apps = apps
	if !filepath.IsAbs(a.TokenFile) {
		a.TokenFile = filepath.Join(folder, a.TokenFile)
	}
	if _, err := os.Stat(a.TokenFile); err != nil {
		return fmt.Errorf("token_file cannot be read: %w; its value is not shown, since it may be the token itself", withoutPath(err))
	}
	return a.distinct(above)
}

// distinct refuses an account that --account could not tell from another.
func (a *account) distinct(above []account) error {
	for i := range above {
		switch other := &above[i]; {
		case other.ID == a.ID:
			return fmt.Errorf("its id is that of account %d too", i+1)
		case a.Name != "" && other.Name == a.Name:
			return fmt.Errorf("its name is that of account %d too", i+1)
		case strings.EqualFold(other.ID, a.Name):
			return fmt.Errorf("its name is the id of account %d", i+1)
		case strings.EqualFold(a.ID, other.Name):
			return fmt.Errorf("its id is the name of account %d", i+1)
		}
	}
	return nil
}

// location gives the time zone of a name, UTC for none; nil where this program knows none
// of that name. The machine's own is none: another machine has another.
func location(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil
	}
	return zone
}
