package simulator

import (
	"math"
	"math/rand/v2"
	"time"
)

// random is the only source of chance: the same seed gives the same data.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random {
	const stream = 0x726f6c6c63616c6c
	return random{rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // G404: made-up data that has to repeat, nothing secret
}

// uuid returns a version 4 UUID.
func (r random) uuid() string {
	return string(appendUUID(make([]byte, 0, uuidLen), r.Uint64(), r.Uint64()))
}

// uuids returns a function that hands out n UUIDs which share one string, so
// that a bulk data set does not pay an allocation for each.
func (r random) uuids(n int) func() string {
	slab := make([]byte, 0, n*uuidLen)
	for range n {
		slab = appendUUID(slab, r.Uint64(), r.Uint64())
	}
	ids := string(slab)
	return func() string {
		if len(ids) < uuidLen {
			return r.uuid()
		}
		id := ids[:uuidLen]
		ids = ids[uuidLen:]
		return id
	}
}

// chance is true with probability p.
func (r random) chance(p float64) bool { return r.Float64() < p }

// between returns a duration in [lo, hi), in whole milliseconds.
func (r random) between(lo, hi time.Duration) time.Duration {
	span := (hi - lo) / time.Millisecond
	if span <= 0 {
		return lo
	}
	return lo + time.Duration(r.Int64N(int64(span)))*time.Millisecond
}

const uuidLen = 36

// appendUUID writes 128 bits as a version 4 UUID.
func appendUUID(dst []byte, hi, lo uint64) []byte {
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(0b11<<62) | 0b10<<62
	dst = appendHex(dst, hi>>32, 8)
	dst = appendHex(append(dst, '-'), hi>>16&0xffff, 4)
	dst = appendHex(append(dst, '-'), hi&0xffff, 4)
	dst = appendHex(append(dst, '-'), lo>>48, 4)
	return appendHex(append(dst, '-'), lo&0xffffffffffff, 12)
}

func appendHex(dst []byte, v uint64, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[v>>shift&0xf])
	}
	return dst
}

// isUUID tells whether s has the form of a UUID, in either case.
func isUUID(s string) bool {
	if len(s) != uuidLen {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}

// milli drops what the API does not send: all below the millisecond.
func milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// minutes renders a span the way the API does: minutes with four decimals.
func minutes(d time.Duration) float64 { return round4(d.Minutes()) }

func round4(v float64) float64 { return math.Round(v*1e4) / 1e4 }
