package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a fault of the registry:
//
//	[every-Nth-]name[:key=value[,key=value…]]
//
// The keys are the entry's own parameters and, for every fault, path, nth,
// every, times and delay as in [Fault]. A number from 400 to 599 is a name too.
// Examples: "slow", "every-4th-500", "reset:path=*/participants,nth=2",
// "rate-limited:wait=1s,times=3". Dialects and the quota are an error here: see
// [Options.Apply].
func ParseFault(spec string) (Fault, error) {
	e, p, err := lookup(spec)
	if err != nil {
		return Fault{}, err
	}
	if e.kind != KindFault {
		return Fault{}, fmt.Errorf("%q is a %s, not a fault", e.name, e.kind)
	}
	return buildFault(e, p)
}

// Apply reads an entry of the registry in the form of [ParseFault] and adds it
// to the options: a fault to Script, a dialect to Dialect, a quota to Quota, a habit to
// Habits.
// Options stay as they were on an error.
func (o *Options) Apply(spec string) error {
	e, p, err := lookup(spec)
	if err != nil {
		return err
	}
	next := *o
	switch e.kind {
	case KindFault:
		f, err := buildFault(e, p)
		if err != nil {
			return err
		}
		next.Script = append(slices.Clone(o.Script), f)
	case KindDialect:
		e.dialect(&next.Dialect, p)
	case KindQuota:
		if e.name == recordingsQuota {
			next.RecordingsQuota = e.quota(p)
		} else {
			next.Quota = e.quota(p)
		}
	case KindWebhook:
		e.habit(&next.Habits, p)
	}
	if p.err != nil {
		return p.err
	}
	*o = next
	return nil
}

func buildFault(e entry, p *params) (Fault, error) {
	f := e.fault(p)
	f.Name = e.name
	if p.given("path") {
		f.Path = p.text("path")
	}
	for key, field := range map[string]*int{"nth": &f.Nth, "every": &f.Every, "times": &f.Times} {
		if p.given(key) {
			*field = p.whole(key)
		}
	}
	if p.given("delay") {
		f.Delay = p.duration("delay")
	}
	return f, p.err
}

// lookup finds the entry that a spec names and collects its parameters.
func lookup(spec string) (entry, *params, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(spec), ":")
	p := &params{spec: spec, values: map[string]string{}}
	all := registry()
	at := slices.IndexFunc(all, func(e entry) bool { return e.name == name })
	if at < 0 {
		short, every := cutEvery(name)
		if every != "" {
			p.values["every"] = every
		}
		full, code := longName(short)
		if code != "" {
			p.values["code"] = code
		}
		at = slices.IndexFunc(all, func(e entry) bool { return e.name == full })
	}
	if at < 0 {
		return entry{}, nil, fmt.Errorf("unknown fault or dialect %q", name)
	}
	e := all[at]
	return e, p, p.read(e, rest)
}

// cutEvery takes "every-4th-" off a name and returns the number.
func cutEvery(name string) (rest, every string) {
	tail, found := strings.CutPrefix(name, "every-")
	number, after, dash := strings.Cut(tail, "-")
	every = strings.TrimRight(number, "sthnrd")
	if _, err := strconv.Atoi(every); !found || !dash || err != nil {
		return name, ""
	}
	return after, every
}

// longName returns the entry that a bare status is short for.
func longName(name string) (full, code string) {
	status, err := strconv.Atoi(name)
	switch {
	case err != nil || status < 400 || status > 599:
		return name, ""
	case status == 429:
		return "rate-limited", ""
	}
	return "status", name
}

// params are the parameters of one spec; err is the first complaint.
type params struct {
	spec   string
	values map[string]string
	err    error
}

// read adds what is written behind the colon and then the defaults.
func (p *params) read(e entry, text string) error {
	known := map[string]string{}
	for _, d := range e.defaults {
		key, value, _ := strings.Cut(d, "=")
		known[key] = value
	}
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		key, value, found := strings.Cut(strings.TrimSpace(item), "=")
		_, own := known[key]
		common := e.kind == KindFault && slices.Contains([]string{"path", "nth", "every", "times", "delay"}, key)
		if !found || !own && !common {
			return fmt.Errorf("%q: unknown parameter %q", p.spec, item)
		}
		p.values[key] = value
	}
	if p.given("every") && e.kind != KindFault {
		return fmt.Errorf("%q: every-Nth- does not go with a %s", p.spec, e.kind)
	}
	for key, value := range known {
		if !p.given(key) {
			p.values[key] = value
		}
	}
	return nil
}

func (p *params) given(key string) bool {
	_, ok := p.values[key]
	return ok
}

func (p *params) text(key string) string { return p.values[key] }

func (p *params) fail(key, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("%q: %s=%q is not %s", p.spec, key, p.values[key], want)
	}
}

// whole reads a number of at least 1.
func (p *params) whole(key string) int {
	v, err := strconv.Atoi(p.values[key])
	if err != nil || v < 1 {
		p.fail(key, "a whole number from 1")
	}
	return v
}

// status reads the parameter code, an HTTP status that can end a request.
func (p *params) status() int {
	v, err := strconv.Atoi(p.values["code"])
	if err != nil || v < 200 || v > 599 {
		p.fail("code", "a status from 200 to 599")
	}
	return v
}

// duration reads a duration of at least 0.
func (p *params) duration(key string) time.Duration {
	v, err := time.ParseDuration(p.values[key])
	if err != nil || v < 0 {
		p.fail(key, "a duration such as 2s")
	}
	return v
}
