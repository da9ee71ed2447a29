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

// curve gives the tree of a day, children first.
func curve(day AppDay, sessions []*SessionDay, shared []SharedPerson) []Node {
	lists := make([][]Step, 0, len(sessions)+len(shared))
	for _, d := range sessions {
		lists = append(lists, d.Steps)
	}
	for i := range shared {
		lists = append(lists, shared[i].Steps)
	}
	t := tree{AppDay: day}
	if steps := together(day, lists); len(steps) > 0 {
		t.grow(0, startOf(day.Day), steps) // whatever the zone
	}
	return t.nodes
}

// together sums up lists of a day's steps, hour by hour, so that what cancels takes no
// memory for longer.
func together(day AppDay, lists [][]Step) (steps []Step) {
	var part []Step
	for at := day.start(); at < day.end(); at += hour {
		part = part[:0]
		for i, list := range lists {
			n := before(list, at+hour)
			part = append(part, list[:n]...)
			lists[i] = list[n:]
		}
		steps = append(steps, summed(part)...)
	}
	return steps
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
