package simulator

// webhookHabits are the ways in which webhooks come otherwise than one would wish.
func webhookHabits() []entry {
	every := func(name, n, description string, field func(*Habits) *int) entry {
		return entry{
			name: name, defaults: []string{"each=" + n}, description: description,
			habit: func(h *Habits, p *params) { *field(h) = p.whole("each") },
		}
	}
	all := []entry{
		every("webhooks-lost", "20", "every n-th webhook is never sent", func(h *Habits) *int { return &h.LoseEvery }),
		every("webhooks-forged", "10", "with every n-th comes a copy that a stranger signed", func(h *Habits) *int { return &h.ForgeEvery }),
		every("webhooks-of-others", "10", "with every n-th comes one of another customer's app, with a good signature", func(h *Habits) *int { return &h.StrayEvery }),
		every("webhooks-unknown", "10", "with every n-th comes an event of an unknown name", func(h *Habits) *int { return &h.UnheardEvery }),
		every("webhooks-with-gaps", "2", "every n-th lacks a member, or has null there", func(h *Habits) *int { return &h.GapEvery }),
		every("webhooks-replayed", "10", "with every n-th the first that was ever sent comes again", func(h *Habits) *int { return &h.ReplayEvery }),
		{
			name: "webhooks-duplicated", defaults: []string{"copies=1"}, description: "each webhook is sent once more, or as often as copies says",
			habit: func(h *Habits, p *params) { h.Duplicate = p.whole("copies") },
		},
		{
			name: "webhooks-late", defaults: []string{"most=5s"}, description: "each webhook waits up to so long, so that they overtake each other",
			habit: func(h *Habits, p *params) { h.Late = p.duration("most") },
		},
		{
			name: "webhooks-reordered", description: "webhooks of one moment come in another order",
			habit: func(h *Habits, _ *params) { h.Shuffle = true },
		},
		{
			name: "webhooks-at-once", defaults: []string{"count=2000"}, description: "so many are sent without waiting for answers",
			habit: func(h *Habits, p *params) { h.AtOnce = p.whole("count") },
		},
	}
	for i := range all {
		all[i].kind = KindWebhook
	}
	return all
}

// webhookFaults strike the registration of webhooks.
func webhookFaults() []entry {
	return []entry{{
		name:        "webhook-kept-500",
		description: "answers 500 to the registration of a webhook that it keeps",
		fault: func(*params) Fault {
			return Fault{Path: "*/webhooks", Answer: KeptNonetheless()}
		},
	}}
}
