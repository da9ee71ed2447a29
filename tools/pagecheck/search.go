package main

import (
	"context"
	"strings"

	"github.com/chromedp/chromedp"
)

// accented is a name that people look for without its accent.
const accented, plain = "Zoë", "zoe"

// typed puts a text into the search field and gives, once the page has answered, the
// names in the rows that are left and in those that are not.
const typed = `new Promise((done) => {
	const find = document.querySelector("#find"), found = document.querySelector("#found");
	const names = (hidden) => [...document.querySelector("#attendance").tBodies[0].rows].filter((r) => r.hidden === hidden).map((r) => r.cells[0].textContent).join("\n");
	new MutationObserver((_, observer) => { observer.disconnect(); done([names(false), names(true)]); }).observe(found, { childList: true, characterData: true, subtree: true });
	find.value = TEXT;
	find.dispatchEvent(new Event("input"));
})`

// search looks for a name without its accent, and then for nothing again.
func (c *check) search(ctx context.Context) error {
	const all = `[...document.querySelector("#attendance").tBodies[0].rows].map((r) => r.cells[0].textContent).join("\n")`
	names, err := chromedp.Run(ctx, chromedp.Evaluate[string](all))
	if err != nil {
		return err
	}
	if !strings.Contains(names, accented) {
		if c.name == "session-class" {
			c.found("nobody is called %s, so the search was not tried", accented)
		}
		return nil
	}
	for text, want := range map[string]bool{plain: true, accented: true, strings.ToUpper(plain): true, "nobody of that name": false} {
		rows, err := c.find(ctx, text)
		if err != nil {
			return err
		}
		if strings.Contains(rows[0], accented) != want || want && strings.Contains(rows[1], accented) {
			c.found("the search for %q leaves %.80q", text, rows[0])
		}
	}
	rows, err := c.find(ctx, "")
	if err == nil && rows[1] != "" {
		c.found("an empty search hides %.80q", rows[1])
	}
	return err
}

func (c *check) find(ctx context.Context, text string) ([]string, error) {
	script := strings.Replace(typed, "TEXT", `"`+text+`"`, 1)
	return chromedp.Run(ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
}
