package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// errTooLarge, errIdle and errDrip are causes of a body that was not read to its
// end.
var (
	errTooLarge = errors.New("body too large")
	errIdle     = errors.New("the server stopped sending")
	errDrip     = errors.New("the server sends too slowly")
)

// bodyTimeouts is how many times cfg.Timeout a whole body may take: a server
// that sends a byte now and then is never idle.
const bodyTimeouts = 10

// largeBody is the size from which on bodies are taken in one after the other: an
// answer takes several times its size until it is decoded. A page of 200
// participants has 0.7 MB.
const largeBody = 4 << 20

// body is an answer's body in memory.
type body struct {
	bytes.Buffer
	large bool // and holds the client's place for such a one
}

// readBody reads a body of bounded size from a server that must keep sending.
func (c *connection) readBody(ctx context.Context, into *body, from io.Reader, cancel context.CancelCauseFunc) error {
	if err := c.fill(into, largeBody, from, cancel); err != nil || into.Len() < largeBody {
		return err
	}
	select {
	case c.large <- struct{}{}:
		into.large = true
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return c.fill(into, c.cfg.MaxBody+1, from, cancel)
}

// fill reads on until a body has size bytes, or is at its end.
func (c *connection) fill(into *body, size int64, from io.Reader, cancel context.CancelCauseFunc) error {
	idle := time.AfterFunc(c.cfg.Timeout, func() { cancel(errIdle) })
	defer idle.Stop()
	whole := time.AfterFunc(bodyTimeouts*c.cfg.Timeout, func() { cancel(errDrip) })
	defer whole.Stop()
	// The transport has decompressed by now, so the limit holds for a gzip bomb.
	most := min(size, c.cfg.MaxBody+1) - int64(into.Len())
	_, err := into.ReadFrom(io.LimitReader(readFunc(func(p []byte) (int, error) {
		n, err := from.Read(p)
		if n > 0 {
			idle.Reset(c.cfg.Timeout)
		}
		return n, err
	}), most))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if int64(into.Len()) > c.cfg.MaxBody {
		return errTooLarge
	}
	return nil
}

// readFunc makes an io.Reader of a function.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// takeBody gives an empty body. letGo must be called once it was decoded.
func (c *connection) takeBody() *body {
	if b, ok := c.bodies.Get().(*body); ok {
		b.Reset()
		return b
	}
	return new(body)
}

func (c *connection) letGo(b *body) {
	if b.large {
		b.Buffer = bytes.Buffer{}
		runtime.GC() // on a busy machine it comes late, and the bodies of several would pile up
		<-c.large
		return
	}
	c.bodies.Put(b)
}
