package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// chosen gives the accounts that --account names, by id or name, each once; all where it
// names none. A name may hold commas, at which the flag's value was cut.
func chosen(all []account, names []string) ([]account, error) {
	if len(names) == 0 {
		return all, nil
	}
	var some []account
	taken := make(map[string]bool)
	for len(names) > 0 {
		i, parts := named(all, names)
		if i < 0 {
			return nil, fmt.Errorf("%w: --account: %s has no account of that id or name", model.ErrUsage, accountsVariable)
		}
		names = names[parts:]
		if !taken[all[i].ID] {
			taken[all[i].ID], some = true, append(some, all[i])
		}
	}
	return some, nil
}

// named finds the account that the first names stand for, as many of them as are its parts;
// -1 for none.
func named(all []account, names []string) (i, parts int) {
	for parts = len(names); parts > 0; parts-- {
		name := strings.Join(names[:parts], ",")
		i = slices.IndexFunc(all, func(a account) bool { return strings.EqualFold(a.ID, name) || a.Name != "" && tight(a.Name) == name })
		if i >= 0 {
			return i, parts
		}
	}
	return -1, 0
}

// tight gives a name as [list] cuts it at commas, and joined again.
func tight(name string) string {
	var parts list
	for part := range strings.SplitSeq(name, ",") {
		parts.add(part)
	}
	return strings.Join(parts, ",")
}
