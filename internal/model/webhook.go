package model

// Webhook is an address that the vendor tells of an app's events.
type Webhook struct {
	ID      string
	Name    string
	URL     string
	Events  []string
	Enabled bool
}
