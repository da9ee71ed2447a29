package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/doctor"
	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
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

// Run carries the command out.
func (c *doctorCommand) Run(s *shell) error {
	s.logger = quietly(s.logger)
	found := c.config(s).Examine(s.ctx)
	if s.ctx.Err() != nil {
		return s.ctx.Err()
	}
	for i := range found {
		if one := &found[i]; c.ofFile != nil {
			one.Text, one.ToDo = c.ofFile.words(one.Text), c.ofFile.words(one.ToDo)
		}
	}
	if err := c.print(s, found); err != nil {
		return err
	}
	if problems := found.Problems(); problems > 0 {
		return errors.New("doctor found " + plural(problems, "problem"))
	}
	return nil
}

// config tells the doctor what there is to examine.
func (c *doctorCommand) config(s *shell) *doctor.Config {
	token, wrong := c.credentials()
	return &doctor.Config{
		AccountID: c.AccountID, BaseURL: c.BaseURL, AppIDs: c.AppIDs,
		RequestsPerSecond: c.RequestsPerSecond, Connections: runConnections(c.Concurrency), SideBySide: c.sideBySide,
		Wrong: wrong,
		SecretFiles: []doctor.SecretFile{
			{Path: environmentFile},
			{Name: "CLOUDFLARE_API_TOKEN", Path: c.APITokenFile},
			{Name: "DATABASE_URL", Path: string(c.DatabaseURLFile)},
			{Name: "ROLLCALL_PRIVACY_KEY", Path: c.PrivacyKeyFile},
		},
		Client: func(shared extract.BudgetStore) (*extract.Client, error) {
			flags := c.apiFlags
			flags.RetryFor, flags.MaxWait = min(c.RetryFor, doctor.RetryFor), min(c.MaxWait, doctor.MaxWait)
			return flags.client(token, shared, s.logger)
		},
		Locate: func(ctx context.Context) (secret.Text, *private.Server, func(), error) {
			return c.locate(ctx, s.logger)
		},
		Privacy: c.privacy,
		Now:     machineNow, Logger: s.logger,
	}
}

// credentials gives the token, and a sentence about each value without which the API
// cannot be asked.
func (c *doctorCommand) credentials() (token secret.Text, wrong []string) {
	wrong = c.wrong()
	token, err := secret.Read("CLOUDFLARE_API_TOKEN", c.APITokenFile)
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
	return token, wrong
}

func (c *doctorCommand) print(s *shell, all doctor.Checks) error {
	if c.JSON {
		encoder := json.NewEncoder(plainJSON{s.stdout})
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			OK     bool          `json:"ok"`
			Checks doctor.Checks `json:"checks"`
		}{all.Problems() == 0, all})
	}
	w := newScreen(s)
	for _, one := range all {
		w.put(fmt.Sprintf("%-8s %-13s ", one.State, one.Name), "%s", one.Text)
		if one.ToDo != "" {
			w.put("         to do: ", "%s", one.ToDo)
		}
	}
	return nil
}
