package postgres

import "github.com/rollcall-etl/rollcall/internal/naming"

// PlacedTables gives each table that is placed, and how.
func PlacedTables() (names, by []string) {
	for _, p := range placed {
		names, by = append(names, naming.Real(p.table)), append(by, p.by)
	}
	return names, by
}

// PlacedAt gives their names in an older version of the schema.
func PlacedAt(version int64) []string { return namesOf(placedAt(version)) }

// PlacedKeys gives the foreign keys between these tables, as table (columns) to table.
func PlacedKeys() (all []string) {
	for _, k := range placedKeys {
		all = append(all, naming.Real(k.table)+" ("+k.columns+") to "+naming.Real(k.target))
	}
	return all
}
