package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"qunce/internal/errs"
)

// The rules of a password. What it is made of is free: length counts, and not being what everybody takes.
const (
	minPassword = 10  // characters
	maxPassword = 200 // characters; hashing must stay cheap
)

//go:embed common.txt
var commonPasswords string

// checkPassword applies the rules; e-mail is the user's. Errors: Invalid "auth.password_short", "auth.password_long",
// "auth.password_common", all on new_password.
func checkPassword(password, email string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < minPassword:
		return errs.E(errs.Invalid, "auth.password_short", "fewer than %d characters", minPassword).On("new_password").With("min", minPassword)
	case n > maxPassword:
		return errs.E(errs.Invalid, "auth.password_long", "more than %d characters", maxPassword).On("new_password").With("max", maxPassword)
	case isCommon(strings.ToLower(password), email):
		return errs.E(errs.Invalid, "auth.password_common", "a password that is guessed first").On("new_password")
	}
	return nil
}

func isCommon(password, email string) bool {
	distinct := map[rune]bool{}
	for _, r := range password {
		distinct[r] = true
	}
	if len(distinct) <= 2 {
		return true
	}
	local, _, _ := strings.Cut(email, "@")
	if email != "" && (strings.Contains(email, password) || len(local) > 3 && len(strings.ReplaceAll(password, local, "")) < 5) {
		return true
	}
	for _, common := range strings.Fields(commonPasswords) {
		if password == common {
			return true
		}
	}
	return false
}

// params are Argon2id's cost: memory in KiB, passes, lanes.
type params struct {
	memory, passes uint32
	lanes          uint8
}

// cost is what new hashes are made with: 19 MiB, two passes, some 30 ms of one core. A hash made with less is renewed at
// the next sign-in.
func cost() params { return params{memory: 19 * 1024, passes: 2, lanes: 1} }

const (
	saltSize = 16
	hashSize = 32
	hashers  = 2 // at once: sign-ins must not take all cores and memory
)

// hasher makes and checks hashes in PHC form, a few at a time.
type hasher struct {
	turn  chan struct{}
	dummy string // checked when there is no such user, so that the answer takes as long
}

func newHasher() *hasher {
	return &hasher{turn: make(chan struct{}, hashers), dummy: encode(cost(), make([]byte, saltSize), make([]byte, hashSize))}
}

func (h *hasher) key(ctx context.Context, password string, salt []byte, p params, size uint32) ([]byte, error) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, p.passes, p.memory, p.lanes, size), nil
}

// hash returns "$argon2id$v=19$m=…,t=…,p=…$salt$hash".
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt)
	key, err := h.key(ctx, password, salt, cost(), hashSize)
	if err != nil {
		return "", err
	}
	return encode(cost(), salt, key), nil
}

// verify reports whether the password fits the stored hash, and whether the hash should be renewed. An empty hash fits
// nothing and takes as long.
func (h *hasher) verify(ctx context.Context, password, stored string) (ok, renew bool, err error) {
	known := stored != ""
	if !known {
		stored = h.dummy
	}
	p, salt, want, err := decode(stored)
	if err != nil {
		return false, false, err
	}
	got, err := h.key(ctx, password, salt, p, uint32(len(want))) //nolint:gosec // bounded by decode
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(got, want) == 1 && known
	return ok, ok && p != cost(), nil
}

func encode(p params, salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.lanes, b.EncodeToString(salt), b.EncodeToString(key))
}

func decode(stored string) (p params, salt, key []byte, err error) {
	bad := errs.E(errs.Internal, "auth.bad_hash", "a stored password hash is not in PHC form")
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil {
		return p, nil, nil, bad
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 ||
		p.memory < 8 || p.memory > 1<<20 || p.passes < 1 || p.passes > 20 || p.lanes < 1 {
		return p, nil, nil, bad
	}
	return p, salt, key, nil
}
