package extract

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// A record that comes twice while a list is read may be mended in between. Set aside and then
// sound it is one record: counted as two, the pass would not agree with what is announced.
func TestRecordThatIsMendedBetweenTwoPagesIsOne(t *testing.T) {
	t.Parallel()
	session := model.UUID{1}
	for name, list := range map[string]struct {
		aside string // sets a record aside
		read  func(context.Context, *Client) (model.Pass, error)
	}{
		"apps": {`"created_at":5`, func(ctx context.Context, c *Client) (model.Pass, error) {
			return c.Apps(ctx, func(model.AppPage) error { return nil })
		}},
		"meetings": {`"created_at":5`, func(ctx context.Context, c *Client) (model.Pass, error) {
			return c.Meetings(ctx, "app", func(model.MeetingPage) error { return nil })
		}},
		"people enrolled": {`"created_at":5`, func(ctx context.Context, c *Client) (model.Pass, error) {
			return c.MeetingParticipants(ctx, "app", "meeting", func(model.MeetingParticipantPage) error { return nil })
		}},
		"sessions": {`"created_at":5`, func(ctx context.Context, c *Client) (model.Pass, error) {
			return c.Sessions(ctx, "app", time.Time{}, time.Time{}, func(model.SessionPage) error { return nil })
		}},
		"participants": {`"joined_at":5`, func(ctx context.Context, c *Client) (model.Pass, error) {
			return c.Participants(ctx, "app", session, func(model.ParticipantPage) error { return nil })
		}},
		"recordings": {`"invoked_time":5`, func(ctx context.Context, c *Client) (model.Pass, error) {
			return c.Recordings(ctx, "app", time.Time{}, time.Time{}, func(model.RecordingPage) error { return nil })
		}},
		"livestream sessions": {`"invoked_time":5`, func(ctx context.Context, c *Client) (model.Pass, error) {
			return c.LivestreamSessions(ctx, "app", session, func(model.LivestreamPage) error { return nil })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, "http://localhost:1/client/v4", func(c *Config) { c.PerPage = 2 })
			client.http.Transport = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rows, from := []string{recordOf("A", list.aside), recordOf("B", "")}, 1
				if r.URL.Query().Get("page_no") != "1" {
					rows, from = []string{recordOf("a", ""), recordOf("C", "")}, 3
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"success":true,"data":[%s],"paging":{"total_count":3,"start_offset":%d,"end_offset":%d}}`,
					strings.Join(rows, ","), from, min(from+1, 3))
			})}
			pass, err := list.read(t.Context(), client)
			if err != nil || pass.Distinct != 3 || pass.Duplicates != 1 || !pass.Sound() {
				t.Errorf("%+v, %v", pass, err)
			}
		})
	}
}

// recordOf gives a record with an id that ends in a letter, and another member.
func recordOf(letter, member string) string {
	if member != "" {
		member = "," + member
	}
	return `{"id":"AAAAAAAA-0000-4000-8000-00000000000` + letter + `"` + member + `}`
}
