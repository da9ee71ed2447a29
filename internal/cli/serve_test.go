package cli

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// A connection on which nothing comes keeps serve from ending for a while, and is no failure.
func TestServeEndsBesideASilentConnection(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	opened := make(chan net.Conn, 1)
	command := &serveCommand{Addr: "127.0.0.1:0", drain: 50 * time.Millisecond, listening: func(addr net.Addr) {
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Error(err)
		} else {
			opened <- conn
		}
		stop()
	}}
	logger := slog.New(slog.DiscardHandler)
	if err := command.serve(&shell{ctx: ctx, logger: logger}, &webhook.Handler{Logger: logger}); err != nil {
		t.Errorf("it ends with %v", err)
	}
	if conn := <-opened; conn.Close() != nil {
		t.Error("the connection was not there")
	}
}
