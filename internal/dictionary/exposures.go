package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
)

// dashboardsFolder holds what Grafana shows.
const dashboardsFolder = "deploy/grafana/dashboards"

var namePattern = regexp.MustCompile(`\b(analytics|realtimekit|sync)\.([a-z_]+)`)

type (
	exposuresFile struct {
		Exposures []exposure `yaml:"exposures"`
	}
	exposure struct {
		Name        string            `yaml:"name"`
		Label       string            `yaml:"label"`
		Type        string            `yaml:"type"`
		Description string            `yaml:"description"`
		Owner       map[string]string `yaml:"owner"`
		DependsOn   []string          `yaml:"depends_on"`
	}
)

// exposures tells dbt which tables and views the dashboards of the project read.
func (c catalog) exposures(root string) (string, error) {
	var file exposuresFile
	paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dashboardsFolder), "*.json"))
	if err != nil {
		return "", err
	}
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return "", err
		}
		var dashboard struct{ Title, Description string }
		if err := json.Unmarshal(text, &dashboard); err != nil {
			return "", fmt.Errorf("%s: %w", p, err)
		}
		name := filepath.Base(p)
		file.Exposures = append(file.Exposures, exposure{
			Name:  "rollcall_" + name[:len(name)-len(".json")],
			Label: dashboard.Title, Type: "dashboard",
			Description: fmt.Sprintf("%s In Grafana: %s", dashboard.Description, path.Join(dashboardsFolder, name)),
			Owner:       map[string]string{"name": "whoever runs Rollcall"},
			DependsOn:   c.reads(text),
		})
	}
	return inYAML(file), nil
}

// reads are the tables and views that a text names, as dbt calls them.
func (c catalog) reads(text []byte) (sources []string) {
	for _, m := range namePattern.FindAllSubmatch(text, -1) {
		schema, name := string(m[1]), string(m[2])
		known := slices.ContainsFunc(c.Relations, func(r relation) bool { return r.Schema == schema && r.Name == name })
		if source := fmt.Sprintf("source('%s', '%s')", schema, name); known && !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	slices.Sort(sources)
	return sources
}
