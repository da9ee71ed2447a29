package usage

import (
	"cmp"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/derive"
)

// Node is a row of analytics.usage_curves. A leaf holds steps; any other node has a step
// for each child: when that begins, its sum, and the highest that it reaches.
type Node struct {
	AppDay

	Seconds                           int
	StartsAt                          derive.Time
	IsLeaf                            bool
	NetPeople, HighPeople             int
	NetParticipants, HighParticipants int
	Steps                             []NodeStep
}

// NodeStep is a change of how many are inside.
type NodeStep struct {
	derive.Step

	HighPeople, HighParticipants int // of a child alone
}

// mostSteps are as many as a leaf has, but for one of a second.
const mostSteps = 512

// widths are the seconds of a node, by level.
var widths = [...]int{86400, 3600, 60, 1}

// curves grows the tree of each day.
func (c *Counted) curves(sessions []Session) {
	steps := map[AppDay][]derive.Step{}
	for i := range c.Sessions {
		d := &c.Sessions[i]
		at := AppDay{sessions[d.Session].App, d.Day}
		if _, known := steps[at]; !known {
			c.Days = append(c.Days, at)
		}
		steps[at] = append(steps[at], d.Steps...)
	}
	for i := range c.Shared {
		p := &c.Shared[i]
		steps[p.AppDay] = append(steps[p.AppDay], p.Steps...)
	}
	for _, at := range c.Days {
		if sum := summed(steps[at]); len(sum) > 0 {
			t := tree{AppDay: at, nodes: c.Curves}
			t.grow(0, startOf(at.Day), sum)
			c.Curves = t.nodes
		}
	}
}

// summed gives steps in order, one for each moment. It works in place.
func summed(steps []derive.Step) []derive.Step {
	slices.SortFunc(steps, func(a, b derive.Step) int { return cmp.Compare(a.At, b.At) })
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

// grow adds the node that begins at a moment and what is below it, and gives its step for
// the node above. There is at least one step.
func (t *tree) grow(level int, at derive.Time, steps []derive.Step) NodeStep {
	n := Node{AppDay: t.AppDay, Seconds: widths[level], StartsAt: at, IsLeaf: len(steps) <= mostSteps || level == len(widths)-1}
	if n.IsLeaf {
		for _, s := range steps {
			n.Steps = append(n.Steps, NodeStep{Step: s})
		}
	} else {
		n.Steps = t.children(level+1, at, steps)
	}
	for i, s := range n.Steps {
		people, participants := n.NetPeople+s.HighPeople, n.NetParticipants+s.HighParticipants
		n.NetPeople += s.People
		n.NetParticipants += s.Participants
		if n.IsLeaf {
			people, participants = n.NetPeople, n.NetParticipants
		}
		if i == 0 {
			n.HighPeople, n.HighParticipants = people, participants
		}
		n.HighPeople, n.HighParticipants = max(n.HighPeople, people), max(n.HighParticipants, participants)
	}
	t.nodes = append(t.nodes, n)
	return NodeStep{derive.Step{At: at, People: n.NetPeople, Participants: n.NetParticipants}, n.HighPeople, n.HighParticipants}
}

// children grows a node for each hour, minute or second that has steps.
func (t *tree) children(level int, at derive.Time, steps []derive.Step) (all []NodeStep) {
	width := derive.Time(widths[level]) * 1e6
	for len(steps) > 0 {
		start := at + (steps[0].At-at)/width*width
		n := 1
		for n < len(steps) && steps[n].At < start+width {
			n++
		}
		all = append(all, t.grow(level, start, steps[:n]))
		steps = steps[n:]
	}
	return all
}
