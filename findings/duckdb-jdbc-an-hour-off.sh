#!/usr/bin/env bash
# duckdb_jdbc 2.0.0.1 (org.duckdb): a TIMESTAMP WITH TIME ZONE as OffsetDateTime, which is what getObject
# gives and getString shows, has the right time on the clock and the offset of another moment: that of so
# many hours later as the zone of the JVM is ahead of UTC, or earlier where it is behind. Around a change
# of the clocks it is a moment an hour off: from four o'clock of the Saturday in Sydney, until nine of the
# Sunday in Los Angeles. Who stayed for an hour stayed for two, or for none. getTimestamp is right but for
# the hour that comes twice. A JVM in UTC reads all right, and epoch() in SQL is right everywhere; the zone
# of DuckDB's session does not matter. Issue 508 of duckdb-java, closed, names OffsetDateTime as the way
# around another fault of Timestamp; that it is an hour off was found in no issue.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
mvn -q -B -Dmaven.repo.local="$tmp/repository" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact=org.duckdb:duckdb_jdbc:2.0.0.1 -DoutputDirectory="$tmp" >/dev/null
cat >Try.java <<'JAVA'
import java.sql.DriverManager;
import java.time.Duration;
import java.time.OffsetDateTime;

class Try {
    public static void main(String[] when) throws Exception {
        try (var connection = DriverManager.getConnection("jdbc:duckdb:"); var statement = connection.createStatement()) {
            statement.execute("SET TimeZone = 'UTC'");
            var rows = statement.executeQuery("SELECT j, l, epoch(l - j) / 60 FROM (SELECT '" + when[0] + "'::timestamptz AS j, '" + when[1] + "'::timestamptz AS l)");
            rows.next();
            var joined = rows.getObject(1, OffsetDateTime.class);
            var left = rows.getObject(2, OffsetDateTime.class);
            var stamps = Duration.between(rows.getTimestamp(1).toInstant(), rows.getTimestamp(2).toInstant()).toMinutes();
            System.out.printf("%s: in DuckDB %.0f minutes, OffsetDateTime %d (%s to %s), Timestamp %d%n",
                java.util.TimeZone.getDefault().getID(), rows.getDouble(3), Duration.between(joined, left).toMinutes(), rows.getString(1), rows.getObject(2), stamps);
        }
    }
}
JAVA
# read_in ZONE JOINED LEFT: a stay, read by a program in this zone.
read_in() { java -Duser.timezone="$1" -cp duckdb_jdbc-2.0.0.1.jar Try.java "$2" "$3"; }
{
	read_in Australia/Sydney '2026-04-04 15:30+11' '2026-04-04 16:30+11'
	read_in Australia/Sydney '2026-10-03 15:30+10' '2026-10-03 16:30+10'
	read_in America/Los_Angeles '2026-11-01 08:30-08' '2026-11-01 09:30-08'
	read_in Europe/Berlin '2026-10-25 02:30+02' '2026-10-25 02:30+01'
	read_in UTC '2026-04-04 15:30+11' '2026-04-04 16:30+11'
} | tee seen
diff - seen <<'SEEN'
Australia/Sydney: in DuckDB 60 minutes, OffsetDateTime 120 (2026-04-04T15:30+11:00 to 2026-04-04T16:30+10:00), Timestamp 60
Australia/Sydney: in DuckDB 60 minutes, OffsetDateTime 0 (2026-10-03T15:30+10:00 to 2026-10-03T16:30+11:00), Timestamp 60
America/Los_Angeles: in DuckDB 60 minutes, OffsetDateTime 120 (2026-11-01T08:30-07:00 to 2026-11-01T09:30-08:00), Timestamp 60
Europe/Berlin: in DuckDB 60 minutes, OffsetDateTime 0 (2026-10-25T02:30+01:00 to 2026-10-25T02:30+01:00), Timestamp 0
UTC: in DuckDB 60 minutes, OffsetDateTime 60 (2026-04-04T04:30Z to 2026-04-04T05:30Z), Timestamp 60
SEEN
