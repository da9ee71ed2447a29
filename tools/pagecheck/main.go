// Command pagecheck opens pages of "rollcall report" in a headless Chromium as a
// reader would: light and dark, on a phone, a tablet and a desk, with a keyboard, on
// paper. It fails where a page says something to the console, asks for anything over
// the network, runs a script that came from a name, draws an empty chart, loses a row,
// scrolls sideways, hides a column or the name that it is about, breaks a word, cuts an id, finds
// no name for want of an accent, prints a table that is cut off or without its header, or has
// text that is hard to read. It leaves screenshots and PDFs in a folder.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed inspect.js
var inspectScript string

func main() {
	browser := flag.String("browser", "chromium", "path of the Chromium program")
	pdftotext := flag.String("pdftotext", "pdftotext", "path of the program that reads PDFs, of poppler")
	shots := flag.String("shots", "", "folder for screenshots and PDFs")
	flag.Parse()
	if err := run(context.Background(), *browser, *pdftotext, *shots, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "pagecheck:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, browser, pdftotext, shots string, pages []string) error {
	if len(pages) == 0 || shots == "" {
		return errors.New("usage: pagecheck -browser PROGRAM -shots FOLDER page.html…")
	}
	if err := os.MkdirAll(shots, 0o755); err != nil {
		return err
	}
	profile, err := os.MkdirTemp("", "pagecheck-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browser), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", false), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	ctx, stop := chromedp.NewContext(ctx)
	defer stop()
	if err := chromedp.Do(ctx); err != nil {
		return fmt.Errorf("start %s: %w", browser, err)
	}
	var all error
	for _, page := range pages {
		began := time.Now()
		c := &check{page: page, pdftotext: pdftotext, shots: shots, name: strings.TrimSuffix(filepath.Base(page), ".html")}
		if err := c.look(ctx); err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", page, err))
		}
		fmt.Printf("%-24s %s, %d found wrong, %s\n", c.name, c.facts, len(c.wrong), time.Since(began).Round(100*time.Millisecond))
		for _, w := range c.wrong {
			all = errors.Join(all, fmt.Errorf("%s: %s", c.name, w))
		}
	}
	return all
}

// findings is what inspect.js gives.
type findings struct {
	Rows, People, Charts, Scripts, SortButtons int
	DrawnMillis                                float64
	Hit, Sideways, Late                        bool
	Empty, Contrast, Unnamed                   []string
	Wide, Broken, Cut, Unreachable             []string
	Links                                      []string // of the table of contents: empty, or one that leads nowhere
}

func (f findings) String() string {
	return fmt.Sprintf("%d rows, %d charts, drawn in %.0f ms", f.Rows, f.Charts, f.DrawnMillis)
}

func parse(text string) (f findings, err error) {
	err = json.Unmarshal([]byte(text), &f)
	return f, err
}
