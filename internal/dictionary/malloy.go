package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// uuidColumns are compared in no expression of Malloy, which lacks the type.
var uuidColumns = []string{"session_id", "participant_id"}

// malloy is the model of Malloy. Sources that others join come first.
func (m *metrics) malloy() string {
	var b strings.Builder
	b.WriteString("// Written by go run ./internal/dictionary from deploy/metrics.yml. Do not edit.\n//\n" +
		"// Rollcall's views as a semantic layer sees them. A measure of sessions stays right\n" +
		"// beside one of attendance, since Malloy counts each session once, whatever it is\n" +
		"// joined to. session_key is session_id as text, which can be compared and counted;\n" +
		"// a condition on it reads every session, one on a time or a title need not.\n")
	for i := range m.Sources {
		m.malloySource(&b, &m.Sources[i])
	}
	return b.String()
}

func (m *metrics) malloySource(b *strings.Builder, s *metricSource) {
	fmt.Fprintf(b, "\n// One row is %s.\n", s.Row)
	if s.Model != "" {
		fmt.Fprintf(b, "source: %s is warehouse.sql(\"\"\"\n%s\n\"\"\") extend {\n", s.Name, indent(s.sql))
	} else {
		fmt.Fprintf(b, "source: %s is warehouse.table('analytics.%s') extend {\n", s.Name, s.View)
	}
	for _, entity := range slices.Sorted(maps.Keys(s.Key)) {
		fmt.Fprintf(b, "  primary_key: %s\n", s.Key[entity])
		for j := range m.Sources {
			if column := m.Sources[j].Links[entity]; column != "" {
				fmt.Fprintf(b, "  join_many: %[1]s on %[1]s.%[2]s = %[3]s\n", m.Sources[j].Name, column, s.Key[entity])
			}
		}
	}
	for _, name := range uuidColumns {
		if s.comment[name] != "" || strings.Contains(s.sql, "."+name+",") {
			fmt.Fprintf(b, "  dimension: %s is %s::string\n", strings.TrimSuffix(name, "_id")+"_key", name)
		}
	}
	b.WriteString("  measure:\n")
	for _, x := range m.of(s.Name) {
		fmt.Fprintf(b, "    // %s Unit: %s.\n    %s is %s\n", x.Description, x.Unit, x.Name, m.inMalloy(x))
	}
	b.WriteString("}\n")
}

func (m *metrics) inMalloy(x *metric) string {
	if len(x.Ratio) > 0 {
		return x.Ratio[0] + " / " + x.Ratio[1]
	}
	text := "count()"
	switch {
	case x.Sum != "":
		text = x.Sum + ".sum()"
	case x.Max != "":
		text = x.Max + ".max()"
	}
	if x.Where != "" {
		text += " { where: " + x.Where + " }"
	}
	if x.Per > 0 {
		text += fmt.Sprintf(" / %d", x.Per)
	}
	return text
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
}
