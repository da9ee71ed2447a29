// Package dashboards holds the proof of the Grafana dashboards in deploy/grafana:
// that their JSON hangs together with the provisioned data source, and that
// every query of theirs gives what its panel shows, asked as rollcall_reader of
// the demo's sessions.
package dashboards
