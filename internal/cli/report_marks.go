package cli

import (
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// marks gives what separates the fields of CSV, and the decimals of its numbers; 0 where
// none was chosen.
func (c *reportCommand) marks() (delimiter, decimal rune, err error) {
	switch c.Delimiter {
	case "":
	case ",", ";", "|", "\t":
		delimiter = rune(c.Delimiter[0])
	case "tab", `\t`:
		delimiter = '\t'
	default:
		return 0, 0, fmt.Errorf("%w: --delimiter: %q separates no fields; use one of: , ; | tab", model.ErrUsage, c.Delimiter)
	}
	switch c.Decimal {
	case "":
	case ".", ",":
		decimal = rune(c.Decimal[0])
	default:
		return 0, 0, fmt.Errorf("%w: --decimal: %q is no decimal mark; use a point or a comma", model.ErrUsage, c.Decimal)
	}
	return delimiter, decimal, nil
}
