package pgtest

import "regexp"

// ClusterRule is what a statement must not do where Citus may have distributed the tables, as
// it was seen on Citus 13.2.2.
type ClusterRule struct {
	Rule string
	Form *regexp.Regexp
}

// ClusterRules are those that the text of a statement can show.
var ClusterRules = []ClusterRule{
	{"a subquery needs a column: without one Citus takes it for a function that returns records", regexp.MustCompile(`\(\s*SELECT\s+FROM`)},
	{"a row's place (ctid) is one in each shard: it finds rows of others", regexp.MustCompile(`\bctid\b`)},
	{"the nodes know no settings, of which analytics.zone_of asks: join analytics.settings and sync.account_zones instead", regexp.MustCompile(`zone_of\(`)},
	{"a CTE that is put in its places twice counts one shard instead of all, and says nothing", regexp.MustCompile(`NOT\s+MATERIALIZED`)},
	{
		"rows of tables that each node holds are not locked: all sessions of all processes would wait for each other",
		regexp.MustCompile(`(?s)FROM realtimekit\.(apps|meetings)\b[^;]*FOR (NO KEY )?UPDATE`),
	},
	{"rows of several sessions cannot be locked by one statement: Citus locks those of one shard", regexp.MustCompile(`(?s)session_id = ANY \(\$[0-9][^;]*FOR (NO KEY )?UPDATE`)},
	{"to a node now() is another moment: compare it where it was taken", regexp.MustCompile(`= now\(\) INTO\b`)},
}

// spread are the tables that Citus may have by session.
var spread = regexp.MustCompile(`\b(realtimekit\.(sessions|participants|peer_events|peer_reports|livestream_sessions)|sync\.(session_states|peer_report_states|livestream_states)|analytics\.(session_figures|session_presences|presences|session_people|session_person_days))\b`)

// onOneServer are statements that the program sends where nothing is distributed only: the
// order of their locks is worth more than one form for both.
var onOneServer = regexp.MustCompile(`^UPDATE \S+ AS t SET settled_at = NULL\s`)

// AgainstCluster gives the rules that a statement over spread tables does not keep to.
func AgainstCluster(statement string) (rules []string) {
	if !spread.MatchString(statement) || onOneServer.MatchString(statement) {
		return nil
	}
	for _, r := range ClusterRules {
		if r.Form.MatchString(statement) {
			rules = append(rules, r.Rule)
		}
	}
	return rules
}
