package simulator

// index finds apps and sessions by id. It is rebuilt after every change.
type index struct {
	apps     map[string]*App
	sessions map[string]*Session
}

func newIndex(d *Data) index {
	ix := index{apps: map[string]*App{}, sessions: map[string]*Session{}}
	for i := range d.Apps {
		app := &d.Apps[i]
		ix.apps[app.ID] = app
		for _, s := range app.Sessions {
			if s != nil {
				ix.sessions[app.ID+"/"+s.ID] = s
			}
		}
	}
	return ix
}
