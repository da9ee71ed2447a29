package migrations

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// ForCluster gives the views and functions that have another form where Citus has the tables
// and the schema is at that version: analytics/distributed/NAME.sql, by name, or as it was kept
// in analytics/distributed/before/VERSION, where a file that creates nothing stands for no other
// form. They say the same as their plain forms, which each migration that defines them brings back.
func ForCluster(version int64) (names, definitions []string, err error) {
	forms, err := formsForCluster(version)
	if err != nil {
		return nil, nil, fmt.Errorf("list the forms for a cluster: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		there, err := isDefined(name, version)
		if err != nil {
			return nil, nil, fmt.Errorf("form for a cluster: %w", err)
		}
		if !there {
			continue
		}
		text, err := embedded.ReadFile(forms[name])
		if err != nil {
			return nil, nil, fmt.Errorf("form for a cluster: %w", err)
		}
		if bytes.Contains(text, []byte("CREATE ")) {
			names, definitions = append(names, name), append(definitions, string(text))
		}
	}
	return names, definitions, nil
}

// formsForCluster gives the file of each name: the first that was kept for a later version,
// else the one that is now.
func formsForCluster(version int64) (map[string]string, error) {
	files, err := fs.Glob(embedded, "analytics/distributed/*.sql")
	if err != nil {
		return nil, err
	}
	forms := map[string]string{}
	for _, file := range files {
		forms[strings.TrimSuffix(path.Base(file), ".sql")] = file
	}
	kept, err := fs.Glob(embedded, "analytics/distributed/before/*/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(kept)
	slices.Reverse(kept) // the first of the later ones is the last to be set
	for _, file := range kept {
		if until, err := strconv.ParseInt(path.Base(path.Dir(file)), 10, 64); err == nil && until > version {
			forms[strings.TrimSuffix(path.Base(file), ".sql")] = file
		}
	}
	return forms, nil
}

// isDefined tells whether a migration up to that version defines the name.
func isDefined(name string, version int64) (bool, error) {
	files, err := fs.Glob(embedded, "*.sql")
	if err != nil {
		return false, err
	}
	for _, file := range files {
		number, _, _ := strings.Cut(file, "_")
		text, err := embedded.ReadFile(file)
		if err != nil {
			return false, err
		}
		up, _, _ := bytes.Cut(text, []byte("-- +goose Down"))
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && n <= version && bytes.Contains(up, []byte(define+name+"\n")) {
			return true, nil
		}
	}
	return false, nil
}
