package simulator

import "maps"

// spoil gives what is sent in place of a delivery.
func (c *Courier) spoil(d Delivery) []Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	n, h := c.count, &c.habits
	on := func(every int) bool { return every > 0 && n%every == 0 }
	key, webhookID := c.server.signingKey(), d.Header.Get("Rtk-Webhook-Id")
	if on(h.GapEvery) {
		d.body = deepCopy(d.body)
		withGap(d.body, n/h.GapEvery-1)
		d = d.sealed(key, webhookID)
	}
	var all []Delivery
	if !on(h.LoseEvery) {
		all = append(all, d)
		for range h.Duplicate {
			again := d
			again.Kind = Duplicate
			all = append(all, again)
		}
	}
	if on(h.ForgeEvery) {
		if c.alien == nil {
			c.alien = newSigningKey()
		}
		all = append(all, d.as(Forged, nil).sealed(c.alien, webhookID))
	}
	if on(h.StrayEvery) {
		all = append(all, d.as(Stray, func(m members) { c.misplace(m) }).sealed(key, c.rng.uuid()))
	}
	if on(h.UnheardEvery) {
		all = append(all, d.as(Unheard, func(m members) { m["event"] = "meeting.levitated" }).sealed(key, webhookID))
	}
	if c.first == nil {
		c.first = &d
	} else if on(h.ReplayEvery) {
		again := *c.first
		again.Kind = Duplicate
		all = append(all, again)
	}
	return all
}

// as gives another kind of delivery, whose body is changed.
func (d Delivery) as(kind DeliveryKind, change func(members)) Delivery {
	d.Kind, d.body = kind, deepCopy(d.body)
	if change != nil {
		change(d.body)
	}
	return d
}

// misplace makes an event that of another customer's app and session.
func (c *Courier) misplace(m members) {
	by := members{"id": c.rng.uuid(), "name": "Somebody else"}
	if meeting, ok := m["meeting"].(members); ok {
		meeting["sessionId"], meeting["organizedBy"] = c.rng.uuid(), by
	} else {
		m["sessionId"], m["organizedBy"] = c.rng.uuid(), by
	}
}

func deepCopy(m members) members {
	m = maps.Clone(m)
	for name, value := range m {
		if inner, ok := value.(members); ok {
			m[name] = deepCopy(inner)
		}
	}
	return m
}
