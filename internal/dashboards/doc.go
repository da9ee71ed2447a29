// Package dashboards holds the proof of the dashboards: that the JSON of those in
// deploy/grafana hangs together with the provisioned data source, and that every query
// of theirs, and of the charts in deploy/superset, gives what is shown, asked as
// rollcall_reader of the demo's sessions.
package dashboards
