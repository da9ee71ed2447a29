// Package notify tells a chat or a mailbox that runs began to fail, or succeed again,
// through shoutrrr. Its messages and errors hold no secret, no address and no name.
package notify

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// timeout bounds the sending of one message.
const timeout = 10 * time.Second

// Sender sends messages to one address. A nil one sends none.
type Sender struct {
	router *router.ServiceRouter // knows the address, which is a secret
}

// New reads the address of a service, such as slack://… or smtp://…. It gives nil for
// an empty one, and sends nothing. An error wraps model.ErrUsage and does not repeat the
// address.
func New(address secret.Text) (*Sender, error) {
	if address.IsZero() {
		return nil, nil
	}
	r, err := router.New(nil, address.Reveal())
	if err != nil || strings.HasPrefix(strings.ToLower(address.Reveal()), "logger:") { // which would tell nobody
		return nil, fmt.Errorf("%w: ROLLCALL_NOTIFY_URL is not the address of a service that can be told, such as slack://…, teams://…, ntfy://… or smtp://…: see docs/monitoring.md", model.ErrUsage)
	}
	r.Timeout = timeout
	return &Sender{router: r}, nil
}

// Send sends a message of one or more lines, and waits for the service for ten seconds at
// most. Services that have titles show the title.
func (s *Sender) Send(title, message string) error {
	if s == nil {
		return nil
	}
	params := types.Params{types.TitleKey: title}
	for _, err := range s.router.Send(message, &params) {
		if err != nil {
			return s.reason(err)
		}
	}
	return nil
}

// reason says what went wrong without the words of the library, which repeat the address.
func (s *Sender) reason(err error) error {
	text := err.Error()
	switch {
	case errors.Is(err, router.ErrServiceTimeout) || strings.Contains(text, "timeout"):
		return fmt.Errorf("the service gave no answer within %s", s.router.Timeout)
	case strings.Contains(text, "dial tcp") || strings.Contains(text, "no such host"):
		return errors.New("the service cannot be reached")
	}
	return errors.New("the service did not take the message; check ROLLCALL_NOTIFY_URL")
}
