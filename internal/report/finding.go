package report

import "fmt"

// finding is a row of analytics.data_quality.
type finding struct {
	Check            string
	Findings         int64
	Measured, Vendor *float64
}

const findingsSQL = `SELECT check_name, sum(findings)::bigint, max(measured_value), max(vendor_value)
	FROM analytics.data_quality WHERE session_id = $1 GROUP BY check_name ORDER BY check_name`

// sentence says what a finding of analytics.data_quality means for a reader.
func (f finding) sentence() string {
	n := f.Findings
	switch f.Check {
	case "repaired_values":
		return counted(n, "record had", "records had") + " a value that could not be read as it came and was mended; the raw text is kept."
	case "rejected_records":
		return counted(n, "record could not be stored and is", "records could not be stored and are") + " missing here; see: rollcall rejects list."
	case "open_presences":
		return counted(n, "stay has", "stays have") + " no recorded end; the end is assumed, and marked in the timeline and the table."
	case "joining_without_leaving":
		return counted(n, "joining has no leaving that belongs to it.", "joinings have no leaving that belongs to them.")
	case "leaving_without_joining":
		return counted(n, "leaving has no joining that belongs to it; it counts", "leavings have no joining that belongs to them; they count") + " for no time."
	case "left_before_joined":
		return counted(n, "record says", "records say") + " that somebody left before joining; that counts for no time."
	case "time_out_of_bounds":
		return counted(n, "stay lies more than a day outside of the session, or lasts", "stays lie more than a day outside of the session, or last") + " more than 31 days; what is beyond was cut off."
	case "no_usable_time":
		return counted(n, "record has", "records have") + " no time that could be used."
	case "removed_participants":
		return counted(n, "participant is", "participants are") + " no longer listed by Cloudflare, and still counted here."
	case "session_without_end":
		return "Cloudflare gives no end of this session; the last sign of anybody in it is taken for it."
	case "session_out_of_bounds":
		return "Cloudflare says that this session ended before it began, lasts more than 31 days or began before 2020: its length, its day, shares of it and lateness may say nothing."
	case "recording_out_of_bounds":
		return counted(n, "recording has", "recordings have") + " a length below zero or of more than 31 days, which is not counted as it is."
	case "livestream_out_of_bounds":
		return counted(n, "livestream has", "livestreams have") + " a length below zero or of more than 31 days, which is not counted as it is."
	case "minutes_disagree":
		return "The participant-minutes differ from Cloudflare's own count: " + f.compare(1) + "."
	case "peak_disagrees":
		return "The peak of participants differs from Cloudflare's own count: " + f.compare(0) + ". A recorder or bot is in no peak here; with it they differ too."
	case "erased_participants":
		return counted(n, "participant was erased on request and is", "participants were erased on request and are") + " in no figure here, so that these lie below Cloudflare's own count."
	case "one_id_several_people":
		return counted(n, "person was", "people were") + " inside twice at once under several names: several people may share an id, which then counts as one person."
	case "session_not_complete":
		return "No full reading of this session agreed with what Cloudflare announced: people may be missing. Read: " + f.compare(0) + "."
	}
	return f.Check + ": " + counted(n, "finding", "findings")
}

func (f finding) compare(digits int) string {
	write := func(value *float64) string {
		if value == nil {
			return "unknown"
		}
		return grouped(*value, digits)
	}
	return fmt.Sprintf("%s here, %s there", write(f.Measured), write(f.Vendor))
}

// title says in a few words what a check is about, for the page of a range.
func (f finding) title() string {
	titles := map[string]string{
		"repaired_values": "values mended", "rejected_records": "records set aside", "open_presences": "stays without a recorded end",
		"joining_without_leaving": "joinings without a leaving", "leaving_without_joining": "leavings without a joining",
		"left_before_joined": "left before joined", "no_usable_time": "records without a usable time",
		"time_out_of_bounds":   "times far outside of the session",
		"removed_participants": "participants no longer listed", "session_without_end": "no end given",
		"session_out_of_bounds":   "start or end cannot be right",
		"recording_out_of_bounds": "recordings of an absurd length", "livestream_out_of_bounds": "livestreams of an absurd length",
		"minutes_disagree": "minutes differ from Cloudflare's own count", "peak_disagrees": "peak differs from Cloudflare's own count",
		"session_not_complete": "not read completely", "one_id_several_people": "people who may share an id", "erased_participants": "people erased on request",
	}
	if title, ok := titles[f.Check]; ok {
		return title
	}
	return f.Check
}
