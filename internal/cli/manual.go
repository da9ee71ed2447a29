package cli

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
	mangokong "github.com/alecthomas/mango-kong"
	"github.com/muesli/roff"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// manCommand prints the manual page.
type manCommand struct{}

// Run carries the command out.
func (*manCommand) Run(s *shell, app *kong.Kong) error {
	at, err := manualDate(os.Getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return err
	}
	page := mangokong.NewManPage(1, app.Model).
		WithSection("Files", manualFiles).
		WithSection("See also", "The operations manual, docs/operations.md; in packages /usr/share/doc/rollcall/operations.md.")
	_, err = fmt.Fprintln(s.stdout, page.Build(&datedPage{Document: roff.NewDocument(), at: at}))
	return err
}

const manualFiles = `.env in the working directory: variables, one NAME=value per line; a variable of the environment that is not empty overrides it.

/etc/rollcall/rollcall.env, cloudflare_api_token, database_url: the configuration of the packaged service.

$XDG_DATA_HOME/rollcall: the private Postgres that is used without DATABASE_URL.`

// manualDate is the date of the page: today, or what whoever builds a package
// sets to get the same bytes each time, in seconds since 1970.
func manualDate(epoch string) (time.Time, error) {
	if epoch == "" {
		return time.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: SOURCE_DATE_EPOCH: %q is not a number of seconds", model.ErrUsage, epoch)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// datedPage is a page that carries its own date and the program's version.
type datedPage struct {
	*roff.Document
	at time.Time
}

// Heading implements mango.Builder.
func (p *datedPage) Heading(section uint, title, _ string, _ time.Time) {
	p.Document.Heading(section, title, "Rollcall "+version(), p.at)
}
