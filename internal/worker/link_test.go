package worker_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// link is the way of one process to the database. Once it is cut nothing comes through any
// more, as from a process that was killed.
type link struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	conns []net.Conn
	isCut bool
}

// newLink gives a link, and the connection string that leads through it.
func newLink(tb testing.TB, database string) (*link, string) {
	tb.Helper()
	u, err := url.Parse(database)
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	way := &link{listener: l, server: u.Host}
	tb.Cleanup(way.cut)
	go way.serve()
	u.Host = l.Addr().String()
	return way, u.String()
}

func (l *link) serve() {
	for {
		in, err := l.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", l.server)
		if err != nil || !l.keep(in, out) {
			_ = in.Close()
			continue
		}
		go join(in, out)
		go join(out, in)
	}
}

// keep notes a connection, unless the link is cut.
func (l *link) keep(in, out net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isCut {
		_ = out.Close()
		return false
	}
	l.conns = append(l.conns, in, out)
	return true
}

func join(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = from.Close(), to.Close()
}

func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	_ = l.listener.Close()
	for _, c := range l.conns {
		_ = c.Close()
	}
}
