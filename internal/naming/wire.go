package naming

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Apply lets the connections that a configuration makes say the real names. Without a
// prefix it leaves the configuration as it is.
func Apply(cfg *pgx.ConnConfig) error {
	if err := Check(); err != nil || Prefix() == "" {
		return err
	}
	switch cfg.DefaultQueryExecMode {
	case pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec:
		// The one writes values into the text of statements, the other goes around the frontend.
		return fmt.Errorf("%w: DATABASE_URL has default_query_exec_mode=%s, which cannot be had together with %s: leave it out", model.ErrUsage, cfg.DefaultQueryExecMode, Variable)
	}
	n := named(Prefix())
	cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		return pgproto3.NewFrontend(r, &wire{names: n, to: w})
	}
	return nil
}

// wire carries messages to the server and changes the names in statements: those of the
// messages Parse and Query. Everything else, values and rows among it, passes as it is.
// Each Write brings whole messages, as those of a frontend do.
type wire struct {
	names
	to      io.Writer
	started bool // the first message, which has no type, has gone
}

const headerSize = 5 // a type, and the length of what follows with its own four bytes

var errPart = errors.New("a part of a message was to be sent")

// Write implements io.Writer.
func (w *wire) Write(p []byte) (int, error) {
	if !w.started {
		w.started = true
		return w.to.Write(p)
	}
	var out []byte // nil as long as nothing is changed
	from := 0
	for at := 0; at < len(p); {
		if len(p)-at < headerSize {
			return 0, errPart
		}
		end := at + 1 + int(binary.BigEndian.Uint32(p[at+1:]))
		if end > len(p) || end < at+headerSize {
			return 0, errPart
		}
		if statement, changed := w.statement(p[at], p[at+headerSize:end]); changed {
			out = append(out, p[from:at+1]...)
			out = binary.BigEndian.AppendUint32(out, uint32(len(statement)+headerSize-1)) //nolint:gosec // a few bytes more than a message had
			out = append(out, statement...)
			from = end
		}
		at = end
	}
	if out == nil {
		return w.to.Write(p)
	}
	n, err := w.to.Write(append(out, p[from:]...))
	if err != nil {
		return min(n, len(p)), err // 0 says that it may be tried again
	}
	return len(p), nil
}

// statement gives the body of a message with the real names in its statement.
func (w *wire) statement(kind byte, body []byte) (changed []byte, ok bool) {
	var name []byte // of a prepared statement, with the byte that ends it
	switch kind {
	case 'P':
		name = body[:bytes.IndexByte(body, 0)+1]
	case 'Q':
	default:
		return nil, false
	}
	text, rest, found := bytes.Cut(body[len(name):], []byte{0})
	before := string(text)
	after := w.sql(before)
	if !found || after == before {
		return nil, false
	}
	return append(append(append(append(changed, name...), after...), 0), rest...), true
}
