package dashboards_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

func read(t *testing.T, into any, path ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%v: %v", path, err)
	}
}

// TestProvisioning holds the data source, the folder of the dashboards and
// docker-compose.yml to each other: what one names the other has to give.
func TestProvisioning(t *testing.T) {
	t.Parallel()
	var sources struct {
		Datasources []struct {
			UID, Type, URL, User string
			JSONData             struct{ Database string } `yaml:"jsonData"`
			SecureJSONData       struct{ Password string } `yaml:"secureJsonData"`
		}
	}
	var providers struct {
		Providers []struct{ Options struct{ Path string } }
	}
	type service struct {
		Profiles, Secrets, Ports, Volumes, Command []string
		Environment                                map[string]string
	}
	var compose struct {
		Services map[string]service
		Secrets  map[string]struct{ File string }
	}
	read(t, &sources, folder, "provisioning", "datasources", "rollcall.yaml")
	read(t, &providers, folder, "provisioning", "dashboards", "rollcall.yaml")
	read(t, &compose, folder, "..", "..", "docker-compose.yml")
	if len(sources.Datasources) != 1 || len(providers.Providers) != 1 {
		t.Fatalf("%d data sources, %d folders, want one each", len(sources.Datasources), len(providers.Providers))
	}
	s, grafana, reader := sources.Datasources[0], compose.Services["grafana"], compose.Services["reader"]
	if (source{s.Type, s.UID}) != provisioned || s.User != postgres.Reader || s.URL != "postgres:5432" || s.JSONData.Database != compose.Services["postgres"].Environment["POSTGRES_DB"] {
		t.Errorf("data source %+v", s)
	}
	secret, isFile := strings.CutPrefix(strings.TrimSuffix(s.SecureJSONData.Password, "}"), "$__file{/run/secrets/")
	if !isFile || !slices.Contains(grafana.Secrets, secret) || !slices.Contains(reader.Secrets, secret) || compose.Secrets[secret].File == "" {
		t.Errorf("the password %q is not a secret of grafana %v and reader %v", s.SecureJSONData.Password, grafana.Secrets, reader.Secrets)
	}
	if reader.Environment["ROLLCALL_READER_PASSWORD_FILE"] != "/run/secrets/"+secret || !slices.Equal(reader.Command, []string{"reader"}) {
		t.Errorf("reader: %+v", reader)
	}
	if !slices.Equal(grafana.Profiles, reader.Profiles) || len(grafana.Profiles) != 1 || !strings.HasPrefix(grafana.Ports[0], "127.0.0.1:") {
		t.Errorf("grafana: profiles %v, ports %v; reader: profiles %v", grafana.Profiles, grafana.Ports, reader.Profiles)
	}
	for target, path := range map[string]string{
		providers.Providers[0].Options.Path:     "./deploy/grafana/dashboards",
		"/etc/grafana/provisioning/datasources": "./deploy/grafana/provisioning/datasources",
		"/etc/grafana/provisioning/dashboards":  "./deploy/grafana/provisioning/dashboards",
	} {
		if !slices.Contains(grafana.Volumes, path+":"+target+":ro") {
			t.Errorf("%s is not mounted at %s: %v", path, target, grafana.Volumes)
		}
	}
}
