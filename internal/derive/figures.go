package derive

import (
	"cmp"
	"slices"
)

// Figures are those of the session: a row of analytics.session_figures.
type Figures struct {
	People, Participants         int
	PeakPeople, PeakParticipants int
	PeakWithMachines             int // PeakParticipants where no machine made it higher
	PersonTime, ParticipantTime  Time
	AverageShare                 int // in ten thousandths; -1 where nobody has one
	Rejoins                      int
	FirstJoinAt, LastLeaveAt     Time // None where nobody was inside
	Open, Presences, Cut         int
	AssumedLeavings              int
	LoneJoinings, LoneLeavings   int
	Repaired, Inverted, Timeless int
	SharedIDs                    int // people who were inside twice at once under several names
	Curve                        []Step
	Days                         []Day       // on which somebody was inside, in order
	Presets                      []PresetDay // by day, preset and view type, nulls last
}

// Step is a moment at which the number inside changes, and how many are inside
// from then on.
type Step struct {
	At                   Time
	People, Participants int
}

// change is what a moment adds to the numbers inside. Machines are on no step: the vendor's
// peak counts them.
type change struct {
	Step

	machines int
}

func figuresOf(s *Session, moments []moment, d *Derived) Figures {
	f := Figures{AverageShare: -1, FirstJoinAt: None, LastLeaveAt: None, Presences: len(d.Presences), LoneLeavings: loneLeavings(moments)}
	f.records(s, d.Presences)
	for i := range d.Presences {
		p := &d.Presences[i]
		f.ParticipantTime += p.LeftAt - p.JoinedAt
		if p.Number == 1 {
			f.Participants++
		}
		if p.Cut {
			f.Cut++
		}
		if p.isAssumed() {
			f.Open++
			f.AssumedLeavings++
		}
		if p.ByEvents && p.isAssumed() || p.Kind == endNextJoining {
			f.LoneJoinings++
		}
	}
	f.people(d.People)
	f.Days, f.Presets = daysOf(s, d)
	f.Curve, f.PeakWithMachines = curveOf(s, d)
	for _, step := range f.Curve {
		f.PeakPeople, f.PeakParticipants = max(f.PeakPeople, step.People), max(f.PeakParticipants, step.Participants)
	}
	return f
}

// records counts what is odd in the records.
func (f *Figures) records(s *Session, presences []Presence) {
	present := make([]bool, len(s.Participants))
	for i := range presences {
		present[presences[i].Participant] = true
	}
	count := func(counter *int, yes bool) {
		if yes {
			*counter++
		}
	}
	count(&f.Repaired, s.Repaired)
	for i := range s.Participants {
		p := &s.Participants[i]
		count(&f.Repaired, p.Repaired)
		count(&f.Inverted, p.LeftAt != None && p.JoinedAt != None && p.LeftAt < p.JoinedAt)
		count(&f.Timeless, p.JoinedAt == None && (p.LeftAt != None || p.HasMinutes) && !present[i])
	}
	for i := range s.Events {
		count(&f.Repaired, s.Events[i].Repaired)
		count(&f.Timeless, s.Events[i].At == None)
	}
}

func (f *Figures) people(people []Person) {
	f.People = len(people)
	shares, sum := 0, 0
	for i := range people {
		p := &people[i]
		f.PersonTime += p.Present
		f.Rejoins += max(len(p.Presence)-1, 0)
		if f.FirstJoinAt == None || p.FirstJoinAt < f.FirstJoinAt {
			f.FirstJoinAt = p.FirstJoinAt
		}
		f.LastLeaveAt = max(f.LastLeaveAt, p.LastLeaveAt)
		if p.Share >= 0 {
			shares++
			sum += p.Share
		}
	}
	if shares > 0 {
		f.AverageShare = (2*sum + shares) / (2 * shares)
	}
}

// loneLeavings counts the leavings of peers of which no connection was open.
func loneLeavings(moments []moment) (alone int) {
	depth := 0
	for i := range moments {
		m := &moments[i]
		if i > 0 && (moments[i-1].participant != m.participant || moments[i-1].peer != m.peer) {
			depth = 0
		}
		if depth += m.net; depth < 0 {
			alone++
			depth = 0
		}
	}
	return alone
}

// curveOf gives how many people and participants are inside, by each change, and the most
// participants and machines at once.
func curveOf(s *Session, d *Derived) (curve []Step, most int) {
	changes := changesOf(s, d)
	curve = make([]Step, 0, len(changes))
	people, participants, machines := 0, 0, 0
	for i := 0; i < len(changes); {
		step := changes[i]
		for i++; i < len(changes) && changes[i].At == step.At; i++ {
			step.People += changes[i].People
			step.Participants += changes[i].Participants
			step.machines += changes[i].machines
		}
		people, participants, machines = people+step.People, participants+step.Participants, machines+step.machines
		most = max(most, participants+machines)
		if step.People != 0 || step.Participants != 0 {
			curve = append(curve, Step{step.At, people, participants})
		}
	}
	return curve, most
}

// changesOf gives each coming and going, by time.
func changesOf(s *Session, d *Derived) []change {
	changes := make([]change, 0, 2*(len(d.People)+len(d.Presences)))
	for i := range d.People {
		for _, v := range d.People[i].Presence {
			changes = append(changes, change{Step: Step{v.Start, 1, 0}}, change{Step: Step{v.End, -1, 0}})
		}
	}
	var own []Span
	for i := range d.Presences {
		p := &d.Presences[i]
		own = append(own, Span{p.JoinedAt, p.LeftAt})
		if i+1 < len(d.Presences) && d.Presences[i+1].Participant == p.Participant {
			continue
		}
		participant, machine := 1, 0
		if s.Identity.person(&s.Participants[p.Participant]) == "" {
			participant, machine = 0, 1
		}
		for _, v := range Merged(own) {
			changes = append(changes, change{Step{v.Start, 0, participant}, machine}, change{Step{v.End, 0, -participant}, -machine})
		}
		own = own[:0]
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.At, b.At) })
	return changes
}
