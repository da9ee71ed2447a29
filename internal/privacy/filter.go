package privacy

// Mode says what becomes of a person's records.
type Mode uint8

// Modes, the stricter the greater. Keep is the zero value.
const (
	Keep Mode = iota
	Pseudonymise
	Remove
)

// String gives the mode as the books write it.
func (m Mode) String() string {
	switch m {
	case Pseudonymise:
		return "pseudonymise"
	case Remove:
		return "remove"
	}
	return "keep"
}

// ParseMode reads what String wrote.
func ParseMode(text string) Mode {
	for _, m := range []Mode{Pseudonymise, Remove} {
		if m.String() == text {
			return m
		}
	}
	return Keep
}

// Suppression is one identifier that must not be stored again.
type Suppression struct {
	Hash  Hash
	AppID string // the only app in which it counts; empty for all
	Mode  Mode
}

// Filter takes erased people out of records, and names where that is wanted. A
// nil Filter lets everything through. Safe for concurrent use.
type Filter struct {
	// Generation is the state of the books that the filter was made of.
	Generation int64

	key   *Key
	names bool
	list  map[Hash]rule
}

type rule struct {
	all  Mode
	apps map[string]Mode // nil for none
}

// NewFilter gives a filter. key may be nil where there is nothing to look up:
// no suppressions, and names stay.
func NewFilter(key *Key, generation int64, names bool, suppressions []Suppression) *Filter {
	f := &Filter{Generation: generation, key: key, names: names, list: make(map[Hash]rule, len(suppressions))}
	for _, s := range suppressions {
		r := f.list[s.Hash]
		if s.AppID == "" {
			r.all = max(r.all, s.Mode)
		} else {
			if r.apps == nil {
				r.apps = make(map[string]Mode)
			}
			r.apps[s.AppID] = max(r.apps[s.AppID], s.Mode)
		}
		f.list[s.Hash] = r
	}
	return f
}

// Names reports whether display names are replaced.
func (f *Filter) Names() bool { return f != nil && f.names }

// idle reports whether there is nothing to do.
func (f *Filter) idle() bool { return f == nil || !f.names && len(f.list) == 0 }

// mode looks an identifier up; no value is nobody's.
func (f *Filter) mode(appID string, kind Kind, value string) Mode {
	if value == "" || len(f.list) == 0 {
		return Keep
	}
	r, ok := f.list[f.key.Identifier(kind, value)]
	if !ok {
		return Keep
	}
	return max(r.all, r.apps[appID])
}

// sift gives the records that pass lets through, in their order and in the same
// memory. pass may change a record in place.
func sift[T any](records []T, pass func(*T) bool) []T {
	kept := records[:0]
	for i := range records {
		if pass(&records[i]) {
			kept = append(kept, records[i])
		}
	}
	return kept
}
