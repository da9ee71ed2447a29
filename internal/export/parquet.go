package export

import (
	"fmt"
	"io"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// rowsPerGroup bounds what a Parquet writer holds in memory: a group is written
// as a whole.
const rowsPerGroup = 50_000

// decimalBytes holds 38 decimal digits, the most that readers agree on.
const (
	decimalBytes  = 16
	decimalDigits = 38
)

// parquetEncoder writes one file, columns in the order of the view, all
// optional: views declare nothing as never null.
type parquetEncoder struct {
	w       *parquet.GenericWriter[any]
	columns []column
	native  bool          // UUIDs as such, not as text
	row1    []parquet.Row // reused: WriteRows copies
	count   int
}

// newParquet begins a file. UUIDs are text unless the options say native: Spark 4.0
// refuses a file with the type, and to pandas and Polars its values are bytes, which
// no text equals.
func newParquet(w io.Writer, v view, o Options) *parquetEncoder {
	root := &orderedGroup{Group: parquet.Group{}}
	native := o.UUIDs == "native"
	for _, c := range v.shown {
		node := parquet.Optional(nodeOf(c, native))
		root.Group[c.name] = node
		root.fields = append(root.fields, &orderedField{node, c.name})
	}
	return &parquetEncoder{
		w: parquet.NewGenericWriter[any](w, parquet.NewSchema(v.name, root), parquet.Compression(&zstd.Codec{}),
			parquet.CreatedBy("rollcall", o.Version, "")),
		columns: v.shown,
		native:  native,
		row1:    []parquet.Row{make(parquet.Row, len(v.shown))},
	}
}

func nodeOf(c column, native bool) parquet.Node {
	switch c.kind {
	case kindBool:
		return parquet.Leaf(parquet.BooleanType)
	case kindInteger:
		return parquet.Int(64)
	case kindFloat:
		return parquet.Leaf(parquet.DoubleType)
	case kindNumeric:
		return parquet.Decimal(c.scale, decimalDigits, parquet.FixedLenByteArrayType(decimalBytes))
	case kindUUID:
		if native {
			return parquet.UUID()
		}
	case kindTime:
		return parquet.Timestamp(parquet.Microsecond)
	case kindDate:
		return parquet.Date()
	case kindText:
	}
	return parquet.String()
}

func (e *parquetEncoder) row(values []any) error {
	for i, value := range values {
		level := 1
		v, err := e.value(i, value)
		if err != nil {
			return fmt.Errorf("column %s: %w", e.columns[i].name, err)
		}
		if v.IsNull() {
			level = 0
		}
		e.row1[0][i] = v.Level(0, level, i)
	}
	if _, err := e.w.WriteRows(e.row1); err != nil {
		return err
	}
	if e.count++; e.count%rowsPerGroup == 0 {
		return e.w.Flush()
	}
	return nil
}

func (e *parquetEncoder) value(i int, value any) (parquet.Value, error) {
	switch v := value.(type) {
	case bool:
		return parquet.BooleanValue(v), nil
	case int64:
		return parquet.Int64Value(v), nil
	case float64:
		return parquet.DoubleValue(v), nil
	case model.UUID:
		if e.native {
			return parquet.FixedLenByteArrayValue(v[:]), nil
		}
		return parquet.ByteArrayValue([]byte(v.String())), nil
	case time.Time:
		if e.columns[i].kind == kindDate {
			return parquet.Int32Value(int32(v.Unix() / 86_400)), nil //nolint:gosec // days fit until the year 5,000,000
		}
		return parquet.Int64Value(v.UnixMicro()), nil
	case string:
		if e.columns[i].kind == kindNumeric {
			return decimalOf(v, e.columns[i].scale)
		}
		return parquet.ByteArrayValue([]byte(v)), nil
	}
	return parquet.NullValue(), nil
}

func (e *parquetEncoder) close() error { return e.w.Close() }

// decimalOf gives the digits of a numeric as a big-endian two's complement,
// exactly or not at all.
func decimalOf(text string, scale int) (parquet.Value, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if trimmed := strings.TrimRight(fraction, "0"); len(fraction) > scale {
		fraction = trimmed
	}
	digits, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", max(scale-len(fraction), 0)), 10)
	if !ok || len(fraction) > scale || len(new(big.Int).Abs(digits).String()) > decimalDigits {
		return parquet.Value{}, fmt.Errorf("%s does not fit DECIMAL(%d,%d); use csv or json", text, decimalDigits, scale)
	}
	if digits.Sign() < 0 {
		digits.Add(digits, new(big.Int).Lsh(big.NewInt(1), 8*decimalBytes))
	}
	return parquet.FixedLenByteArrayValue(digits.FillBytes(make([]byte, decimalBytes))), nil
}

// orderedGroup is a parquet.Group that keeps the order of its fields, which the
// library's own sorts by name.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

// Fields implements parquet.Node.
func (g *orderedGroup) Fields() []parquet.Field { return g.fields }

// orderedField is a field of an orderedGroup.
type orderedField struct {
	parquet.Node
	name string
}

// Name implements parquet.Field.
func (f *orderedField) Name() string { return f.name }

// Value implements parquet.Field. Rows are written as values, never as Go structs.
func (f *orderedField) Value(base reflect.Value) reflect.Value { return base.FieldByName(f.name) }
