package migrations

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ForCluster gives the views and functions that have another form where Citus has the tables:
// analytics/distributed/NAME.sql, by name. They say the same as their plain forms, which each
// migration that defines them brings back.
func ForCluster() (names, definitions []string, err error) {
	files, err := fs.Glob(embedded, "analytics/distributed/*.sql")
	if err != nil {
		return nil, nil, fmt.Errorf("list the forms for a cluster: %w", err)
	}
	slices.Sort(files)
	for _, file := range files {
		text, err := embedded.ReadFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("form for a cluster: %w", err)
		}
		names, definitions = append(names, strings.TrimSuffix(path.Base(file), ".sql")), append(definitions, string(text))
	}
	return names, definitions, nil
}
