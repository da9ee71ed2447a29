package usage

import (
	"cmp"
	"math"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/derive"
)

// Node is a row of analytics.usage_curves: a leaf, which has steps, or another, which
// has children.
type Node struct {
	AppDay

	Seconds                           int
	StartsAt                          derive.Time
	IsLeaf                            bool
	NetPeople, HighPeople             int32 // how many more at its end, and at most
	NetParticipants, HighParticipants int32
	Steps                             []Step
	Children                          []Child
}

// Child stands for a node in the one above: when it begins, its sum, and the highest
// that it reaches by itself.
type Child struct {
	Step

	HighPeople, HighParticipants int32
}

// mostSteps are as many as a leaf has, but for one of a second.
const mostSteps = 512

// widths are the seconds of a node, by level.
var widths = [...]int{86400, 3600, 60, 1}

// curve gives the tree of a day's steps, children first.
func curve(day AppDay, steps []Step) []Node {
	t := tree{AppDay: day}
	if len(steps) > 0 {
		t.grow(0, startOf(day.Day), steps) // whatever the zone
	}
	return t.nodes
}

// sum adds up lists of steps. What cancels takes no memory for long.
type sum struct {
	steps   []Step // in order, one for each moment
	pending []Step
}

// add takes over no list.
func (s *sum) add(steps []Step) {
	const few = 4096
	s.pending = append(s.pending, steps...)
	if len(s.pending) >= max(few, len(s.steps)/2) {
		s.settle()
	}
}

func (s *sum) settle() {
	s.steps, s.pending = merged(s.steps, summed(s.pending)), s.pending[:0]
}

func (s *sum) settled() []Step {
	s.settle()
	return s.steps
}

// merged adds up two lists that are in order and have one step for each moment.
func merged(a, b []Step) []Step {
	all := make([]Step, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch s := a[0]; {
		case s.At < b[0].At:
			all, a = append(all, s), a[1:]
		case s.At > b[0].At:
			all, b = append(all, b[0]), b[1:]
		default:
			s.People += b[0].People
			s.Participants += b[0].Participants
			if s.People != 0 || s.Participants != 0 {
				all = append(all, s)
			}
			a, b = a[1:], b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// summed gives steps in order, one for each moment. It works in place.
func summed(steps []Step) []Step {
	slices.SortFunc(steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	whole := steps[:0]
	for i := 0; i < len(steps); {
		s := steps[i]
		for i++; i < len(steps) && steps[i].At == s.At; i++ {
			s.People += steps[i].People
			s.Participants += steps[i].Participants
		}
		if s.People != 0 || s.Participants != 0 {
			whole = append(whole, s)
		}
	}
	return whole
}

type tree struct {
	AppDay

	nodes []Node
}

// grow adds the node that begins at a moment and what is below it, and gives its place in
// the node above. There is at least one step.
func (t *tree) grow(level int, at derive.Time, steps []Step) Child {
	n := Node{AppDay: t.AppDay, Seconds: widths[level], StartsAt: at, IsLeaf: len(steps) <= mostSteps || level == len(widths)-1}
	if n.IsLeaf {
		n.Steps = steps
	} else {
		n.Children = t.children(level+1, at, steps)
	}
	n.HighPeople, n.HighParticipants = math.MinInt32, math.MinInt32
	for _, s := range n.Steps {
		n.add(Child{s, s.People, s.Participants})
	}
	for _, c := range n.Children {
		n.add(c)
	}
	t.nodes = append(t.nodes, n)
	return Child{Step{at, n.NetPeople, n.NetParticipants}, n.HighPeople, n.HighParticipants}
}

// add sums up what comes next.
func (n *Node) add(c Child) {
	n.HighPeople = max(n.HighPeople, n.NetPeople+c.HighPeople)
	n.HighParticipants = max(n.HighParticipants, n.NetParticipants+c.HighParticipants)
	n.NetPeople += c.People
	n.NetParticipants += c.Participants
}

// children grows a node for each hour, minute or second that has steps.
func (t *tree) children(level int, at derive.Time, steps []Step) (all []Child) {
	width := derive.Time(widths[level]) * 1e6
	for len(steps) > 0 {
		start := at + floor(steps[0].At-at, width)
		n := before(steps, start+width)
		all = append(all, t.grow(level, start, steps[:n]))
		steps = steps[n:]
	}
	return all
}

// floor gives the multiple of a width below a time, which may be negative: in some zones a
// day begins before that of UTC.
func floor(t, width derive.Time) derive.Time {
	if t < 0 {
		t -= width - 1
	}
	return t / width * width
}
