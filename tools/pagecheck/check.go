package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// pageLimit is how long everything about one page may take, on a busy machine.
const pageLimit = 10 * time.Minute

// Widths of a phone, a tablet and a desk.
const (
	phone  = 390
	tablet = 768
	desk   = 1280
)

// manyRows is from where a page is opened twice instead of six times: light on a
// desk, dark on a phone.
const manyRows = 400

// manyPeople is from where a page must have a table of contents.
const manyPeople = 500

// check is one page being looked at.
type check struct {
	page, name, shots, pdftotext string
	facts                        findings

	mu    sync.Mutex
	wrong []string
}

func (c *check) found(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// look opens the page in a tab of its own, in every way.
func (c *check) look(ctx context.Context) error {
	path, err := filepath.Abs(c.page)
	if err != nil {
		return err
	}
	address := "file://" + path
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithListener(func(event any) { c.listen(event, address) }))
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, pageLimit)
	defer stop()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{desk, tablet, phone} {
			if c.facts.Rows > manyRows && (scheme == "light" || width > phone) {
				continue
			}
			if err := c.view(ctx, address, scheme, width); err != nil {
				return fmt.Errorf("%s, %d wide: %w", scheme, width, err)
			}
		}
	}
	if err := c.fits(ctx); err != nil {
		return fmt.Errorf("paper: %w", err)
	}
	if c.name == emptyPage || slices.Contains(plainPages, c.name) {
		return nil
	}
	if err := c.search(ctx); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	if err := c.keyboard(ctx); err != nil {
		return fmt.Errorf("keyboard: %w", err)
	}
	return c.print(ctx)
}

// listen notes what must not happen.
func (c *check) listen(event any, address string) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		c.found("the console says something: %s", e.Type)
	case *runtime.EventExceptionThrown:
		c.found("a script fails: %s", e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		c.found("the browser objects: %s", e.Entry.Text)
	case *network.EventRequestWillBeSent:
		if e.Request.URL != address {
			c.found("the page asks for %.80s", e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		c.found("the page opens a dialog: %.80s", e.Message)
	}
}

// view opens the page in one colour scheme and width, inspects it and leaves a
// picture of it.
func (c *check) view(ctx context.Context, address, scheme string, width int64) error {
	text, err := c.open(ctx, address, scheme, width)
	if err != nil {
		return err
	}
	if c.facts, err = parse(text); err != nil {
		return err
	}
	c.judge(c.facts, fmt.Sprintf("%s, %d wide", scheme, width))
	picture := filepath.Join(c.shots, fmt.Sprintf("%s-%s-%d.png", c.name, scheme, width))
	const tallest = 6000 // of a page of thousands of rows the rest looks the same
	size, err := chromedp.Call(ctx, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		return err
	}
	beyond := true
	shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: &beyond,
		Clip:                  &page.Viewport{Width: float64(width), Height: min(size.CSSContentSize.Height, tallest), Scale: 1},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(picture, shot.Data, 0o644)
}

// open shows the page in a scheme and width and gives what inspect.js finds.
func (c *check) open(ctx context.Context, address, scheme string, width int64) (string, error) {
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		return "", err
	}
	_, err = chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 500,
	})
	if err != nil {
		return "", err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		return "", err
	}
	return chromedp.Run(ctx, chromedp.Evaluate[string](inspectScript))
}

// emptyPage has no table and no chart.
const emptyPage = "range-empty"

// plainPages have tables, no chart and no script.
var plainPages = []string{"register", "register-live", "register-term", "person", "person-absent"}

var peopleInName = regexp.MustCompile(`^session-(\d+)$`)

func (c *check) judge(f findings, how string) {
	if f.People >= 0 && f.People != f.Rows {
		c.found("%s: the table has %d rows, the charts %d people", how, f.Rows, f.People)
	}
	if m := peopleInName.FindStringSubmatch(c.name); m != nil && m[1] != fmt.Sprint(f.Rows) {
		c.found("%s: the table has %d rows, want %s", how, f.Rows, m[1])
	}
	scripts := 3
	if slices.Contains(plainPages, c.name) {
		scripts = 0
	} else if c.name != emptyPage && (f.Charts < 2 || f.SortButtons < 7 || f.Rows == 0) {
		c.found("%s: %d charts, %d rows, %d columns to sort by", how, f.Charts, f.Rows, f.SortButtons)
	}
	if f.Hit || f.Scripts != scripts {
		c.found("%s: a script that came from a name ran or was made (%d scripts)", how, f.Scripts)
	}
	if f.Sideways {
		c.found("%s: the page scrolls sideways", how)
	}
	if f.People >= 0 && !f.Late {
		c.found("%s: no column says who came late", how)
	}
	if f.Rows >= manyPeople && len(f.Links) == 0 || strings.Join(f.Links, "") != "" {
		c.found("%s: the table of contents is %q", how, f.Links)
	}
	for what, which := range map[string][]string{"wider than the screen": f.Wide, "words broken": f.Broken, "ids cut off": f.Cut, "cannot be reached": f.Unreachable, "empty charts": f.Empty, "text of low contrast": f.Contrast, "nameless controls": f.Unnamed} {
		if len(which) > 0 {
			c.found("%s: %s: %s", how, what, strings.Join(which, "; "))
		}
	}
}

// focused describes the element that has the focus.
const focused = `(() => { const e = document.activeElement; return [e.tagName, e.closest("th")?.cellIndex ?? -1, e.closest("table")?.id ?? "", getComputedStyle(e).outlineStyle].join(" "); })()`

// order gives how the fourth column says it is sorted, and its values.
const order = `(() => { const t = document.querySelector("#attendance"); return [t.tHead.rows[0].cells[3].getAttribute("aria-sort"), ...[...t.tBodies[0].rows].map((r) => r.cells[3].dataset.v ?? 0)].map(String); })()`

// keyboard goes through the page with the Tab key to the last sort button of the
// main table, and sorts with it.
func (c *check) keyboard(ctx context.Context) error {
	const limit = 60
	for range limit {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Tab)); err != nil {
			return err
		}
		at, err := chromedp.Run(ctx, chromedp.Evaluate[string](focused))
		if err != nil {
			return err
		}
		if !strings.HasPrefix(at, "BUTTON 3 attendance") {
			continue
		}
		if strings.HasSuffix(at, " none") {
			c.found("a button that has the focus does not show it")
		}
		for _, want := range []struct {
			order string
			sign  float64
		}{{"ascending", 1}, {"descending", -1}} {
			if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
				return err
			}
			state, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](order))
			if err != nil {
				return err
			}
			c.sorted(state, want.order, want.sign)
		}
		return nil
	}
	c.found("%d presses of Tab do not reach the sort buttons", limit)
	return nil
}

func (c *check) sorted(state []string, want string, sign float64) {
	if len(state) == 0 || state[0] != want {
		c.found("sorting by keyboard: aria-sort is %q, want %q", state[:min(1, len(state))], want)
		return
	}
	var last float64
	for i, text := range state[1:] {
		var value float64
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			c.found("sorting: %v", err)
			return
		}
		if i > 0 && sign*(value-last) < 0 {
			c.found("sorted %s, row %d is out of order", want, i+1)
			return
		}
		last = value
	}
}
