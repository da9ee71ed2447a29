package proof_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// trap is a moment in the program's talk with Postgres: just before a statement
// reaches the server, or after the server has carried it out and before the
// program hears of it.
type trap struct {
	statement string // its text; behind commitOf, the COMMIT of a transaction that has it as its first effect
	after     bool
}

const commitOf = "commit: "

// tripwire is a proxy in front of Postgres that understands the messages that
// pass: it keeps a list of the statements, and springs once at the trap. The
// program itself knows nothing of it.
type tripwire struct {
	t       *testing.T
	server  string            // host:port
	url     string            // as the program is told
	trap    *trap             // nil for none
	spring  func()            // what happens at the trap
	rewrite *strings.Replacer // of simple statements on their way

	sprung  atomic.Bool
	failed  atomic.Bool // the server refused the statement at the trap
	refused atomic.Bool // the server refused a lock

	mu         sync.Mutex
	onRefusal  func()   // done once, before the program hears that a lock was refused; nil for nothing
	statements []string // in the order of their first appearance, in the form of a trap
	seen       map[string]bool
	within     map[string]bool // statements that were part of a transaction
}

// newTripwire listens on the loopback interface until the test ends. rewrite are
// pairs of texts: in simple statements the second takes the place of the first.
func newTripwire(t *testing.T, database string, at *trap, spring func(), rewrite ...string) *tripwire {
	t.Helper()
	u := hostOf(t, database)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tripwire{t: t, server: u.Host, trap: at, spring: spring, rewrite: strings.NewReplacer(rewrite...), seen: map[string]bool{}, within: map[string]bool{}}
	u.Host = listener.Addr().String()
	w.url = u.String()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() { w.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		group.Wait()
		w.checkCluster()
	})
	return w
}

// checkCluster holds what was sent to the rules of a cluster; the steps of a migration, which
// come before it, need not keep to them, nor what gives roles their rights: that asks the
// catalog only, and names the tables in a text.
func (w *tripwire) checkCluster() {
	migrates := func(s string) bool { return strings.HasPrefix(s, "INSERT INTO sync.schema_migrations") }
	if slices.ContainsFunc(w.statements, migrates) {
		return
	}
	for _, s := range w.statements {
		if strings.Contains(s, "SET rollcall.relations = ") {
			continue
		}
		for _, rule := range pgtest.AgainstCluster(s) {
			w.t.Errorf("%s: %s", rule, s)
		}
	}
}

// talk is one connection of the program.
type talk struct {
	*tripwire
	client, server net.Conn
	toServer       *bufio.Writer
	names          map[string]string // prepared statements
	open           bool              // a transaction is
	inTransaction  []string
	// withheld tells that the statement at the trap is on its way, so that no
	// answer reaches the program any more.
	withheld atomic.Bool
}

func (w *tripwire) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	c := &talk{tripwire: w, client: client, server: server, toServer: bufio.NewWriter(server), names: map[string]string{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.answers()
		_ = client.Close()
	}()
	c.questions()
	_ = server.Close()
	<-done
}

// message reads one message: its kind, and the whole of it as it came.
func message(r *bufio.Reader) (kind byte, whole []byte, err error) {
	head, err := r.Peek(5)
	if err != nil {
		return 0, nil, err
	}
	kind, whole = head[0], make([]byte, 1+int(binary.BigEndian.Uint32(head[1:])))
	_, err = io.ReadFull(r, whole)
	return kind, whole, err
}

// startup lets the messages pass that come before the talk, but for encryption.
func (c *talk) startup(r *bufio.Reader) error {
	const wantsTLS, wantsGSS = 80877103, 80877104
	for {
		head, err := r.Peek(8)
		if err != nil {
			return err
		}
		whole := make([]byte, binary.BigEndian.Uint32(head))
		code := binary.BigEndian.Uint32(head[4:])
		if _, err := io.ReadFull(r, whole); err != nil {
			return err
		}
		if code == wantsTLS || code == wantsGSS {
			if _, err := c.client.Write([]byte("N")); err != nil {
				return err
			}
			continue
		}
		_, err = c.server.Write(whole)
		return err
	}
}

// questions hands on what the program says, until it ends or the trap springs.
func (c *talk) questions() {
	r := bufio.NewReader(c.client)
	if c.startup(r) != nil {
		return
	}
	for {
		kind, whole, err := message(r)
		if err != nil {
			return
		}
		if kind == 'Q' {
			text := c.rewrite.Replace(string(whole[5:]))
			whole = append(binary.BigEndian.AppendUint32([]byte("Q"), uint32(len(text)+4)), text...)
		}
		if text, ok := c.statement(kind, whole[5:]); ok && c.isTrap(text) {
			if !c.trap.after {
				c.spring()
				return
			}
			c.withheld.Store(true)
		}
		if _, err := c.toServer.Write(whole); err != nil {
			return
		}
		if r.Buffered() == 0 && c.toServer.Flush() != nil {
			return
		}
	}
}

// statement gives the text of the statement that a message carries out, if it
// does.
func (c *talk) statement(kind byte, body []byte) (text string, ok bool) {
	parts := strings.SplitN(string(body), "\x00", 3)
	switch kind {
	case 'P': // Parse: name, text
		c.names[parts[0]] = parts[1]
		return "", false
	case 'B': // Bind: portal, name
		text = c.names[parts[1]]
	case 'Q':
		text = parts[0]
	default:
		return "", false
	}
	text = plain(text)
	if at := strings.Index(text, lockCheck); at >= 0 { // a question: whether the lock is held
		if text = strings.TrimSuffix(strings.TrimSpace(text[:at]), ";"); text == "" {
			return "", false
		}
	}
	switch text {
	case "": // a comment: the pool asks whether a connection is alive
		return "", false
	case "begin":
		c.inTransaction, c.open = nil, true
	case "rollback":
		c.open = false
	case "commit":
		c.open = false
		if i := slices.IndexFunc(c.inTransaction, hasEffect); i >= 0 {
			c.note(commitOf+c.inTransaction[i], false)
		}
	default:
		c.inTransaction = append(c.inTransaction, text)
		c.note(text, c.open)
	}
	return text, true
}

// lockCheck begins the look of a transaction whether the lock of its run is held.
const lockCheck = "DO $$BEGIN PERFORM pg_advisory_xact_lock_shared("

// plain gives a statement without comments, in one line.
func plain(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if code, _, _ := strings.Cut(line, "--"); strings.TrimSpace(code) != "" {
			lines = append(lines, strings.TrimSpace(code))
		}
	}
	return strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
}

func (w *tripwire) note(text string, within bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.within[text] = w.within[text] || within
	if !w.seen[text] {
		w.seen[text] = true
		w.statements = append(w.statements, text)
	}
}

// isTrap reports whether a statement is the one at which to spring; only the
// first is.
func (c *talk) isTrap(text string) bool {
	if c.trap == nil {
		return false
	}
	found := text == c.trap.statement
	if first, commit := strings.CutPrefix(c.trap.statement, commitOf); commit && text == "commit" {
		i := slices.IndexFunc(c.inTransaction, hasEffect)
		found = i >= 0 && c.inTransaction[i] == first
	}
	return found && c.sprung.CompareAndSwap(false, true)
}

// answers hands on what the server says. Once the statement at the trap is on its
// way nothing is handed on but the leave to send rows; with the server's last
// word on it the trap springs.
func (c *talk) answers() {
	r, out := bufio.NewReader(c.server), bufio.NewWriter(c.client)
	for {
		kind, whole, err := message(r)
		if err != nil {
			return
		}
		if c.withheld.Load() && kind != 'G' {
			switch kind {
			case 'E':
				c.failed.Store(true)
			case 'Z':
				c.spring()
				return
			}
			continue
		}
		if kind == 'E' && bytes.Contains(whole, []byte("\x00C55P03\x00")) { // lock_not_available
			c.lockRefused()
		}
		if _, err := out.Write(whole); err != nil {
			return
		}
		if r.Buffered() == 0 && out.Flush() != nil {
			return
		}
	}
}

func (w *tripwire) lockRefused() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.onRefusal != nil {
		w.onRefusal()
		w.onRefusal = nil
	}
	w.refused.Store(true)
}
