package naming

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// sent gives what a frontend sends by the configuration of a prefix.
func sent(t *testing.T, send func(f *pgproto3.Frontend)) []byte {
	t.Helper()
	t.Setenv(Variable, "x_")
	var cfg pgx.ConnConfig
	if err := Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	f := cfg.BuildFrontend(strings.NewReader(""), &out)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"database": "sync", "user": "analytics"}})
	send(f)
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Statements have the real names when they arrive; names of people, rows and all else
// arrive as they were, whatever they look like.
func TestOnlyStatementsChange(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	data := func() []byte {
		parts := []string{"sync", "analytics", ".", "'", "sync.runs", "SELECT * FROM sync.runs", "rollcall:schema", "\x00", "P\x00\x00\x00\x10", "Q", "$$", " "}
		var text bytes.Buffer
		for range random.IntN(12) {
			text.WriteString(parts[random.IntN(len(parts))])
		}
		return text.Bytes()
	}
	var want []pgproto3.FrontendMessage
	out := sent(t, func(f *pgproto3.Frontend) {
		if err := f.Flush(); err != nil { // the first message has no type
			t.Fatal(err)
		}
		for n := range 300 {
			switch random.IntN(6) {
			case 0:
				f.Send(&pgproto3.Parse{Name: fmt.Sprint("sync.", n), Query: "SELECT $1 FROM sync.runs", ParameterOIDs: []uint32{25, uint32(n)}})
				want = append(want, &pgproto3.Parse{Name: fmt.Sprint("sync.", n), Query: "SELECT $1 FROM x_sync.runs", ParameterOIDs: []uint32{25, uint32(n)}})
			case 1:
				f.Send(&pgproto3.Query{String: "COPY analytics.presences FROM STDIN"})
				want = append(want, &pgproto3.Query{String: "COPY x_analytics.presences FROM STDIN"})
			case 2:
				want = append(want, &pgproto3.Bind{DestinationPortal: "sync.a", PreparedStatement: "analytics.b", Parameters: [][]byte{data(), data()}})
				f.Send(want[len(want)-1])
			case 3:
				want = append(want, &pgproto3.CopyData{Data: data()})
				f.Send(want[len(want)-1])
			case 4: // as rows are copied
				copied := pgproto3.CopyData{Data: data()}
				encoded, err := copied.Encode(nil)
				if err == nil {
					err = f.SendUnbufferedEncodedCopyData(encoded)
				}
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, &copied)
			case 5:
				want = append(want, &pgproto3.Sync{})
				f.Send(want[len(want)-1])
				if err := f.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	server := pgproto3.NewBackend(bytes.NewReader(out), io.Discard)
	if _, err := server.ReceiveStartupMessage(); err != nil || !bytes.Contains(out, []byte("database\x00sync\x00user\x00analytics\x00")) && !bytes.Contains(out, []byte("user\x00analytics\x00database\x00sync\x00")) {
		t.Fatalf("the first message is another: %v", err)
	}
	for n, message := range want {
		got, err := server.Receive()
		if err != nil {
			t.Fatal(err)
		}
		wanted, _ := message.Encode(nil)
		if encoded, err := got.Encode(nil); err != nil || !bytes.Equal(encoded, wanted) {
			t.Fatalf("message %d arrived as %q, %v, want %q", n, encoded, err, wanted)
		}
	}
	if _, err := server.Receive(); err == nil {
		t.Error("more arrived than was sent")
	}
}

// narrow takes some bytes and then fails.
type narrow int

func (n narrow) Write(p []byte) (int, error) { return min(int(n), len(p)), io.ErrShortWrite }

// Whoever sends may try again only where nothing was sent.
func TestCutOff(t *testing.T) {
	parse, err := (&pgproto3.Parse{Query: "SELECT 1 FROM sync.runs"}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, taken := range []int{0, 5, len(parse), len(parse) + 2} {
		w := wire{names: named("x_"), to: narrow(taken), started: true}
		if n, err := w.Write(parse); err == nil || (n == 0) != (taken == 0) || n > len(parse) {
			t.Errorf("%d bytes went out, and %d are told: %v", taken, n, err)
		}
	}
	var out bytes.Buffer
	for _, part := range [][]byte{parse[:3], parse[:len(parse)-1], {'P', 0, 0, 0, 1}, append(bytes.Clone(parse), 'Q')} {
		w := wire{names: named("x_"), to: &out, started: true}
		if _, err := w.Write(part); err == nil || out.Len() > 0 {
			t.Errorf("%q went out: %v", out.Bytes(), err)
		}
	}
}
