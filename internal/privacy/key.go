package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"hash"
	"regexp"
	"sync"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// MinKeyBytes is the least length of a key. A shorter one could be found by
// trying.
const MinKeyBytes = 32

// Kind says which identifier of a person a value is.
type Kind string

// Kinds of identifiers, named like the columns that hold them.
const (
	UserID        Kind = "user_id" // also meeting_participant_id
	CustomID      Kind = "custom_participant_id"
	ParticipantID Kind = "participant_id" // also peer_id
)

// labels keep apart what the key is used for.
const (
	labelCheck = "check"
	labelName  = "display_name"
	labelEvent = "event_id"
	labelOther = "socket_session_id"
)

// Hash is a keyed digest. It does not reveal what it was made of.
type Hash [sha256.Size]byte

// Key makes hashes and pseudonyms. Safe for concurrent use.
type Key struct{ macs sync.Pool }

// NewKey takes the key's text, at least MinKeyBytes long; an error wraps
// model.ErrUsage.
func NewKey(text secret.Text) (*Key, error) {
	if n := len(text.Reveal()); n < MinKeyBytes {
		return nil, fmt.Errorf("%w: ROLLCALL_PRIVACY_KEY is %d bytes long, it must have at least %d; openssl rand -hex 32 makes one",
			model.ErrUsage, n, MinKeyBytes)
	}
	return &Key{macs: sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, []byte(text.Reveal()))} }}}, nil
}

// mac is an HMAC with the memory that it needs.
type mac struct {
	hash.Hash
	text, sum []byte
}

func (k *Key) sum(label, value string) (out Hash) {
	m, _ := k.macs.Get().(*mac)
	m.text = append(append(append(append(m.text[:0], "rollcall\x00"...), label...), 0), value...)
	m.Reset()
	_, _ = m.Write(m.text) // a hash never fails
	m.sum = m.Sum(m.sum[:0])
	copy(out[:], m.sum)
	k.macs.Put(m)
	return out
}

// Check tells keys apart: it is the same for the same key only.
func (k *Key) Check() []byte {
	sum := k.sum(labelCheck, "")
	return sum[:8]
}

// Identifier hashes an identifier of a person. A UUID is the same in either
// case; any other text is taken as it is.
func (k *Key) Identifier(kind Kind, value string) Hash {
	return k.sum(string(kind), canonical(value))
}

func canonical(value string) string {
	if id, err := model.ParseUUID(value); err == nil {
		return id.String()
	}
	return value
}

// Pseudonyms are 80 bits of a hash behind a word, so that they can be told from
// what they replace, and two of them collide in a million people with a chance
// of one in two trillion.
const (
	erasedPrefix = "erased-"
	namePrefix   = "name-"
)

var (
	isErased = regexp.MustCompile(`^erased-[a-z2-7]{16}$`)
	isName   = regexp.MustCompile(`^name-[a-z2-7]{16}$`)
	letters  = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
)

// IsPseudonym reports whether a text stands for an erased person's identifier or
// name.
func IsPseudonym(text string) bool { return isErased.MatchString(text) }

// IsHashed reports whether a display name is not one, but stands for one.
func IsHashed(name string) bool { return isName.MatchString(name) || isErased.MatchString(name) }

// IsErased reports whether a participant's row is that of a person who was
// pseudonymised. A name alone does not tell: people choose theirs.
func IsErased(p *model.Participant) bool { return IsPseudonym(p.DisplayName) && p.ID[6]>>4 == 8 }

func pseudonym(prefix string, sum Hash) string { return prefix + letters.EncodeToString(sum[:10]) }

// Pseudonym replaces an identifier of an erased person. What is one already, and
// no value, stay as they are.
func (k *Key) Pseudonym(kind Kind, value string) string {
	if value == "" || isErased.MatchString(value) {
		return value
	}
	return pseudonym(erasedPrefix, k.Identifier(kind, value))
}

// PseudonymUUID replaces a participant's id.
func (k *Key) PseudonymUUID(id model.UUID) model.UUID { return k.uuid(string(ParticipantID), id) }

// uuid gives a UUID of version 8, which is that of private use.
func (k *Key) uuid(label string, id model.UUID) model.UUID {
	if id.IsZero() {
		return id
	}
	sum := k.sum("uuid of "+label, id.String())
	out := model.UUID(sum[:16])
	out[6], out[8] = out[6]&0x0f|0x80, out[8]&0x3f|0x80
	return out
}

// Name replaces a display name, the same name always by the same. What is a
// pseudonym already stays.
func (k *Key) Name(name string) string {
	if name == "" || IsHashed(name) {
		return name
	}
	return pseudonym(namePrefix, k.sum(labelName, name))
}
