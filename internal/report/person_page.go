package report

import "time"

// Said gives the status in words.
func (l *ownLesson) Said() string {
	switch {
	case l.Status == "late" && l.Early:
		return "late, left early"
	case l.Status == "left_early":
		return "left early"
	}
	return l.Status
}

// personPage is what the page shows.
type personPage struct {
	Title, App, Range, DaysIn                      string
	IDs, Names                                     []string
	Lessons                                        []ownLesson
	Visits                                         []sessionRow
	Present, Late, Early, Absent, Excused, Counted int64
	Share                                          *float64
	Seconds                                        float64
}

type sessionRow struct {
	ownSession
	Times []stay // of more than one visit, the first few
	More  int
}

func (d *personData) view() *personPage {
	v := &personPage{App: nameOf(d.AppName, d.App), Range: rangeOf(d.From, d.To), DaysIn: d.zone, Seconds: d.seconds}
	v.Title = nameOf(append(append([]string{}, d.Names...), d.ID)...)
	if len(d.Names) > 1 {
		v.Names = d.Names[1:]
	}
	for _, ids := range [][]string{{d.ID}, d.Customs, d.Users} {
		for _, id := range ids {
			v.IDs = addTo(v.IDs, clean(id))
		}
	}
	for i := range d.lessons {
		l := d.lessons[i]
		// Enrolled by two ids, and here neither: the register has both.
		if n := len(v.Lessons); n > 0 && v.Lessons[n-1].ID == l.ID && v.Lessons[n-1].StartsAt.Equal(l.StartsAt) {
			continue
		}
		v.count(&l)
		v.Lessons = append(v.Lessons, l)
	}
	if v.Share != nil {
		*v.Share /= float64(v.Counted)
	}
	stays := map[string][]stay{}
	for _, s := range d.stays {
		stays[s.Person] = append(stays[s.Person], stay{From: s.From, To: s.To})
	}
	for i := range d.sessions {
		row := sessionRow{ownSession: d.sessions[i]}
		if own := stays[row.ID.String()+row.Person]; len(own) > 1 {
			row.Times = own[:min(len(own), maxTimes)]
			row.More = len(own) - len(row.Times)
		}
		v.Visits = append(v.Visits, row)
	}
	return v
}

// count adds a lesson to the sums, as the register's page does.
func (v *personPage) count(l *ownLesson) {
	if !l.Final {
		l.Status, l.Early, l.LeftEarly = soFar(l.Status), false, nil
		return
	}
	switch l.Status {
	case "excused":
		v.Excused++
		return
	case "absent":
		v.Absent++
	default:
		v.Present++
	}
	if l.Status == "late" {
		v.Late++
	}
	if l.Early {
		v.Early++
	}
	v.Counted++
	if l.Share != nil {
		if v.Share == nil {
			v.Share = new(float64)
		}
		*v.Share += *l.Share
	}
}

// rangeOf writes the days of a range, of which an end may be open.
func rangeOf(from, to time.Time) string {
	last := to.AddDate(0, 0, -1).Format(time.DateOnly)
	switch {
	case from.IsZero() && to.IsZero():
		return "all days"
	case from.IsZero():
		return "until " + last
	case to.IsZero():
		return "from " + from.Format(time.DateOnly)
	}
	return from.Format(time.DateOnly) + " to " + last
}
