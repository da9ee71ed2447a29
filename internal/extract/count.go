package extract

import (
	"context"
	"net/url"
	"strconv"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// CountParticipants asks how many participants a session has, in one request for
// one row; -1 where the API announces no number.
func (c *Client) CountParticipants(ctx context.Context, appID string, id model.UUID) (int, error) {
	first := 1
	if c.bases.participants.known.Load() == baseZero {
		first = 0
	}
	query := url.Values{"page_no": {strconv.Itoa(first)}, "per_page": {"1"}, "view": {"raw"}}
	total := -1
	err := c.get(ctx, sessionPath(appID, id)+"/participants", query, func(body []byte) (envelope, error) {
		env, err := readEnvelope(body, func(s *scanner, _ string) error { return wrapJSON(s.dec.SkipValue()) })
		total = -1
		if env.paging.present {
			total = env.paging.total
		}
		return env, err
	})
	return total, err
}
