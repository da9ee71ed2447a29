package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// endings are those by which programs open a file, and what it then has to be. What
// nothing here writes is its own.
var endings = map[string]string{
	".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet", ".xlsx": "xlsx",
	".html": page, ".htm": page, ".pdf": ".pdf", ".xls": ".xls", ".ods": ".ods", ".docx": ".docx",
}

const page = "a page"

// ending takes the format of an export from the name of its file where no other is given,
// and refuses a name by which the file could not be opened.
func (c *reportCommand) ending() error {
	suffix := strings.ToLower(filepath.Ext(string(c.Output)))
	named, known := endings[suffix]
	if !known {
		return nil
	}
	if c.View == "" && (c.Person == "" || c.Format == "") {
		return c.pageEnding(suffix, named)
	}
	switch {
	case c.Format == named:
	case c.Format == "" && (named == page || named == suffix):
		return fmt.Errorf("%w: --output: an export cannot be %s: name a file that ends in .csv, .json, .parquet or .xlsx", model.ErrUsage, suffix)
	case c.Format == "":
		c.Format = named
	default:
		return fmt.Errorf("%w: --output: a file that ends in %s would not open as what --format %s writes: name it .%s", model.ErrUsage, suffix, c.Format, c.Format)
	}
	return nil
}

// pageEnding refuses to write a page into what is none.
func (c *reportCommand) pageEnding(suffix, named string) error {
	advice := "for rows give --view NAME, or --register with --format"
	switch {
	case named == page:
		return nil
	case c.Register:
		advice = "for its rows give --format"
	case suffix == ".pdf":
		advice = "print it from the browser into a PDF"
	case c.Person != "" && named == "json":
		advice = "for all that is stored give --format json"
	}
	return fmt.Errorf("%w: --output: a page is HTML and would not open as %s: name it .html; %s", model.ErrUsage, suffix, advice)
}

// mostOfID is how much of an id a name of a file has, which may be as long as 255 bytes.
const mostOfID = 60

// inFileName gives an id as a name of a file may have it on any system.
func inFileName(id string) string {
	safe := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, id))
	return string(safe[:min(len(safe), mostOfID)])
}
