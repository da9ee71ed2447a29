package main

import (
	"fmt"
	"strings"
)

const notice = "<!-- Written by go run ./internal/dictionary from the migrations. Do not edit. -->\n\n"

// dictionary is the page that lists every column.
func (c catalog) dictionary() string {
	var b strings.Builder
	b.WriteString("# Data dictionary\n\n" + notice)
	b.WriteString("Every table and view with the comments that the database itself holds, so that BI tools show the same. Times are UTC. How the views count is in [analytics.md](analytics.md), how the tables hang together in [schema.md](schema.md).\n")
	for _, s := range c.Schemas {
		fmt.Fprintf(&b, "\n## Schema `%s`\n\n%s\n", s.Name, cell(s.Comment))
		for _, r := range c.Relations {
			if r.Schema == s.Name {
				c.describe(&b, r)
			}
		}
	}
	return b.String()
}

// describe writes one table or view. A column of a view may always be null, as
// far as PostgreSQL knows.
func (c catalog) describe(b *strings.Builder, r relation) {
	fmt.Fprintf(b, "\n### `%s.%s` (%s)\n\n%s\n\n| column | type | meaning |\n|---|---|---|\n", r.Schema, r.Name, r.Kind, cell(r.Comment))
	for _, col := range c.Columns {
		if col.Schema != r.Schema || col.Relation != r.Name {
			continue
		}
		kind := col.Type
		switch {
		case col.Primary:
			kind += ", key"
		case r.Kind == "table" && col.NotNull:
			kind += ", never null"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", col.Name, kind, cell(col.Comment))
	}
}

// cell keeps a text from breaking out of its cell.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

// diagram is the page with the tables and their foreign keys, for Mermaid.
func (c catalog) diagram() string {
	var b strings.Builder
	b.WriteString("# Tables and how they hang together\n\n" + notice)
	b.WriteString("The tables with their keys; every other column is in [dictionary.md](dictionary.md). Lines are foreign keys that the database enforces. The views of `analytics` have none: they join on `session_id` and `app_id`.\n\n```mermaid\nerDiagram\n")
	for _, k := range c.Keys {
		one := "||"
		if k.Optional {
			one = "|o"
		}
		fmt.Fprintf(&b, "    %s %s--o{ %s : \"%s\"\n", entity(k.TargetSchema, k.Target), one, entity(k.Schema, k.Relation), strings.Join(k.Columns, ", "))
	}
	for _, r := range c.Relations {
		if r.Kind == "table" {
			c.entity(&b, r)
		}
	}
	b.WriteString("```\n")
	return b.String()
}

// entity writes a table with the columns of its keys.
func (c catalog) entity(b *strings.Builder, r relation) {
	var keys strings.Builder
	for _, col := range c.Columns {
		if col.Schema != r.Schema || col.Relation != r.Name {
			continue
		}
		var roles []string
		if col.Primary {
			roles = append(roles, "PK")
		}
		if c.leads(col) {
			roles = append(roles, "FK")
		}
		if len(roles) > 0 {
			fmt.Fprintf(&keys, "        %s %s %s\n", kind(col.Type), col.Name, strings.Join(roles, ", "))
		}
	}
	if keys.Len() == 0 {
		fmt.Fprintf(b, "    %s\n", entity(r.Schema, r.Name))
		return
	}
	fmt.Fprintf(b, "    %s {\n%s    }\n", entity(r.Schema, r.Name), keys.String())
}

// leads reports whether a column is part of a foreign key.
func (c catalog) leads(col column) bool {
	for _, k := range c.Keys {
		for _, name := range k.Columns {
			if k.Schema == col.Schema && k.Relation == col.Relation && name == col.Name {
				return true
			}
		}
	}
	return false
}

// entity is the name of a table in the diagram, which allows no dot.
func entity(schema, name string) string { return schema + "_" + name }

// kind is a type as one word.
func kind(name string) string {
	return strings.ReplaceAll(strings.Replace(name, "timestamp with time zone", "timestamptz", 1), " ", "_")
}
