package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// printed are the tables that may need several pages: what a row of theirs looks like
// in the text of a PDF, and what must stand above it on each page.
var printed = []struct {
	row    *regexp.Regexp
	header []string
}{
	{regexp.MustCompile(`\d\d:\d\d:\d\d .*\d\.\d .*[0-9] ?%`), []string{"Name", "First join", "Last leave", "Late"}},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d .*[0-9] ?%`), []string{"Meeting", "Start", "Peak"}},
	{regexp.MustCompile(`^\s*\d{4}-\d\d-\d\d  .*\d\.\d`), []string{"Day", "App", "Person-hours"}},
}

// Widths of what is printed on A4, in pixels.
const (
	upright = 703
	across  = 1032
)

// broad gives the tables that are more than a fifth wider than the paper. A browser makes
// a page smaller for one that is a bit wider, and cuts off what is much wider.
const broad = `[...document.querySelectorAll("table")].filter((t) => t.offsetWidth > innerWidth * 1.2).map((t) => t.id + " is " + t.offsetWidth + " of " + innerWidth)`

// fits looks whether the paper has room for each table.
func (c *check) fits(ctx context.Context) error {
	width := int64(upright)
	if strings.HasPrefix(c.name, "register") {
		width = across
	}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1})
	if err != nil {
		return err
	}
	tables, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](broad))
	if err != nil {
		return err
	}
	for _, table := range tables {
		c.found("the paper cuts a table off: %s", table)
	}
	// As it was, for what comes next.
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	return err
}

// print makes a PDF and looks whether it has pages for all rows, and each its header.
func (c *check) print(ctx context.Context) error {
	paper := true
	result, err := chromedp.Call(ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &paper})
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	file := filepath.Join(c.shots, c.name+".pdf")
	if err := os.WriteFile(file, result.Data, 0o644); err != nil {
		return err
	}
	var complaint bytes.Buffer
	command := exec.CommandContext(ctx, c.pdftotext, "-layout", file, "-")
	command.Stderr = &complaint
	text, err := command.Output()
	if err != nil {
		return fmt.Errorf("read the PDF: %w %s", err, complaint.String())
	}
	pages := strings.Split(strings.TrimSuffix(string(text), "\f"), "\f")
	if least := 1 + c.facts.Rows/100; len(pages) < least {
		c.found("the PDF has %d pages for %d rows, want %d or more", len(pages), c.facts.Rows, least)
	}
	with := 0
	for i, text := range pages {
		if c.headed(i+1, text) {
			with++
		}
	}
	if with == 0 || c.facts.Rows > 100 && with < 2 {
		c.found("%d pages of the PDF have a table, of %d rows", with, c.facts.Rows)
	}
	return nil
}

// headed looks for the headers of the tables of which a page has rows, and tells
// whether it has any.
func (c *check) headed(number int, text string) (rows bool) {
	for _, table := range printed {
		above := ""
		for line := range strings.Lines(text) {
			if !table.row.MatchString(line) {
				above += line
				continue
			}
			rows = true
			for _, head := range table.header {
				if !strings.Contains(above, head) {
					c.found("page %d of the PDF has rows without the header %q", number, head)
				}
			}
			break
		}
	}
	return rows
}
