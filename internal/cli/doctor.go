package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// doctorCommand looks for what keeps Rollcall from working.
type doctorCommand struct {
	apiFlags      `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`
	privacyFlags  `embed:"" group:"Privacy"`

	JSON bool `name:"json" help:"Print one JSON object: ok, and the checks with name, state, text and to_do."`
}

// Help gives the longer text of --help.
func (*doctorCommand) Help() string {
	return `Makes every check, whatever the others find, and prints no secret. Costs two or three requests to the API, within the shared request budget, and writes nothing to the database but that budget.

Each check is ok, a warning, a problem, or skipped since another must be mended first.

Exit codes: 0 no problem (warnings do not count); 1 at least one problem; 2 wrong usage.`
}

// States of a check.
const (
	checkOK      = "ok"
	checkWarning = "warning"
	checkProblem = "problem"
	checkSkipped = "skipped"
)

// check is one thing that was looked at.
type check struct {
	Name  string `json:"name"`
	State string `json:"state"` // one of the check constants
	Text  string `json:"text"`
	ToDo  string `json:"to_do"` // empty where there is nothing to do
}

// checks collects what was looked at.
type checks []check

func (c *checks) ok(name, format string, args ...any) {
	*c = append(*c, check{name, checkOK, fmt.Sprintf(format, args...), ""})
}

func (c *checks) warn(name, text, toDo string) {
	*c = append(*c, check{name, checkWarning, text, toDo})
}

func (c *checks) problem(name, text, toDo string) {
	*c = append(*c, check{name, checkProblem, text, toDo})
}

func (c *checks) skip(reason string, names ...string) {
	for _, name := range names {
		*c = append(*c, check{name, checkSkipped, reason, ""})
	}
}

// failed notes an error. Errors of this program say what happened and, behind a
// semicolon, what to do.
func (c *checks) failed(name string, err error, toDo string) {
	text, advice, found := strings.Cut(strings.TrimPrefix(err.Error(), model.ErrUsage.Error()+": "), "; ")
	if found {
		toDo = advice
	}
	c.problem(name, text, toDo)
}

// Run carries the command out. The database comes first, since it holds the
// request budget that the requests to the API take from.
func (c *doctorCommand) Run(s *shell) error {
	s.logger = quietly(s.logger)
	var all, api, database checks
	token, ready := c.configuration(&all)
	c.files(&all)
	pool, done, current := c.database(s, &database)
	defer done()
	var shared *pgxpool.Pool
	if current {
		shared = pool
	}
	c.api(s, &api, token, ready, shared)
	all = append(append(all, api...), database...)
	if s.ctx.Err() != nil {
		return s.ctx.Err()
	}
	return c.report(s, all)
}

func (c *doctorCommand) report(s *shell, all checks) error {
	problems := 0
	for _, one := range all {
		if one.State == checkProblem {
			problems++
		}
	}
	if c.JSON {
		encoder := json.NewEncoder(plainJSON{s.stdout})
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(struct {
			OK     bool   `json:"ok"`
			Checks checks `json:"checks"`
		}{problems == 0, all}); err != nil {
			return err
		}
	} else {
		printChecks(newScreen(s), all)
	}
	switch problems {
	case 0:
		return nil
	case 1:
		return errors.New("doctor found 1 problem")
	}
	return fmt.Errorf("doctor found %d problems", problems)
}

func printChecks(s *screen, all checks) {
	for _, one := range all {
		s.put(fmt.Sprintf("%-8s %-13s ", one.State, one.Name), "%s", one.Text)
		if one.ToDo != "" {
			s.put("         to do: ", "%s", one.ToDo)
		}
	}
}

// configuration checks the values, and tells whether the API can be asked at all.
func (c *doctorCommand) configuration(to *checks) (token secret.Text, ready bool) {
	wrong := c.wrong()
	token, err := readSecret("CLOUDFLARE_API_TOKEN", c.APITokenFile)
	switch {
	case err != nil:
		wrong = append(wrong, err.Error())
	case token.IsZero():
		wrong = append(wrong, "CLOUDFLARE_API_TOKEN is not set: make an API token with the Realtime permission")
	}
	if len(wrong) == 0 {
		if _, err := c.client(token, nil, discardLogger); err != nil {
			wrong = append(wrong, err.Error())
		}
	}
	for _, text := range wrong {
		to.problem("configuration", text, "set it in the environment or in .env; rollcall run --help lists all")
	}
	if len(wrong) == 0 {
		to.ok("configuration", "account %s at %s, %.4g requests a second at most", c.AccountID, c.BaseURL, c.RequestsPerSecond)
	}
	return token, len(wrong) == 0
}

// files checks who may read the files that hold secrets.
func (c *doctorCommand) files(to *checks) {
	for _, file := range []struct{ name, path string }{
		{"", ".env"}, {"CLOUDFLARE_API_TOKEN", c.APITokenFile}, {"DATABASE_URL", string(c.DatabaseURLFile)}, {"ROLLCALL_PRIVACY_KEY", c.PrivacyKeyFile},
	} {
		path := file.path
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist): // a missing one is told where it is read
		case err != nil:
			to.failed("secret files", unread(file.name, path, err), "let the user that runs rollcall read it")
		case !info.Mode().IsRegular(): // handed over by a pipe or a device
		case info.Mode().Perm()&0o077 != 0 && path == ".env":
			to.warn("secret files", fmt.Sprintf(".env has mode %04o: others may read the secrets in it", info.Mode().Perm()), "chmod 600 .env")
		case info.Mode().Perm()&0o007 != 0 && !strings.HasPrefix(path, "/run/secrets/"):
			to.warn("secret files", fmt.Sprintf("%s has mode %04o: others may read the secret in it", path, info.Mode().Perm()), "chmod 600 "+path)
		default:
			to.ok("secret files", "%s is readable by its owner only, or as its group allows", path)
		}
	}
}
