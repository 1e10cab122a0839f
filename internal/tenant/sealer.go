package tenant

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"qunce/internal/errs"
)

// KeyFile is the name of the key file in the data folder. One key a line, base64 of 32 bytes, the newest first; older
// ones stay for what they sealed.
const KeyFile = "secret.key"

const (
	keySize  = 32
	sealedV1 = 1 // the first byte of everything sealed: version, key id, nonce, ciphertext with its tag
	idSize   = 4
)

// Sealer encrypts what must not lie readable in the database, with AES-256-GCM. It seals with the newest key and opens
// with any it holds. Safe for concurrent use.
type Sealer struct {
	keys []sealKey // newest first, never empty
}

type sealKey struct {
	id   [idSize]byte // the beginning of the key's SHA-256
	key  []byte
	aead cipher.AEAD
}

// OpenSealer takes the keys of setting (base64, newest first, separated by commas) and then those of secret.key in dir.
// With no key in either it makes the file, mode 0600. Errors, all Invalid: "tenant.key_bad", "tenant.key_exposed" (others
// may read the file), "tenant.key_file".
func OpenSealer(dir, setting string) (*Sealer, error) {
	var texts []string
	if strings.TrimSpace(setting) != "" {
		texts = strings.Split(setting, ",")
	}
	path := filepath.Join(dir, KeyFile)
	stored, err := readKeys(path)
	if errors.Is(err, fs.ErrNotExist) && len(texts) == 0 {
		if err := makeKeyFile(path); err != nil {
			return nil, keyFile(path, err)
		}
		stored, err = readKeys(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, keyFile(path, err)
	}
	return newSealer(append(texts, stored...))
}

// ReadSealer is OpenSealer for whoever only looks: it makes no key. Without one it fails with "tenant.key_file".
func ReadSealer(dir, setting string) (*Sealer, error) {
	path := filepath.Join(dir, KeyFile)
	if _, err := os.Stat(path); err != nil && strings.TrimSpace(setting) == "" {
		return nil, keyFile(path, err)
	}
	return OpenSealer(dir, setting)
}

func keyFile(path string, err error) error {
	var e *errs.Error
	if errors.As(err, &e) {
		return e
	}
	return errs.E(errs.Invalid, "tenant.key_file", "cannot use the key file %s", path).With("file", path).Wrap(err)
}

func newSealer(texts []string) (*Sealer, error) {
	s := &Sealer{}
	for i, text := range texts {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(raw) != keySize {
			return nil, errs.E(errs.Invalid, "tenant.key_bad", "key %d is not base64 of %d bytes", i+1, keySize).With("number", i+1)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("secret key: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("secret key: %w", err)
		}
		sum := sha256.Sum256(raw)
		s.keys = append(s.keys, sealKey{id: [idSize]byte(sum[:idSize]), key: raw, aead: aead})
	}
	return s, nil
}

func readKeys(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errs.E(errs.Invalid, "tenant.key_exposed", "%s has mode %o, want 600", path, info.Mode().Perm()).With("file", path)
	}
	raw, err := os.ReadFile(path) //nolint:gosec // in the data folder
	if err != nil {
		return nil, err
	}
	keys := strings.Fields(string(raw))
	if len(keys) == 0 {
		return nil, errors.New("the file holds no key")
	}
	return keys, nil
}

// makeKeyFile writes a fresh key unless another process was quicker. The file appears complete or not at all: whoever
// lost its only key has lost every secret.
func makeKeyFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	f, err := os.CreateTemp(filepath.Dir(path), KeyFile+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// KeyID names the newest key, 8 hex digits, for logs and for telling whether a rotation is finished.
func (s *Sealer) KeyID() string { return hex.EncodeToString(s.keys[0].id[:]) }

// Seal encrypts plain with the newest key. place is where the result will lie, such as "tenant_corp/12": opened for
// another place it fails, so sealed values cannot be swapped between rows.
func (s *Sealer) Seal(plain []byte, place string) []byte {
	k := s.keys[0]
	out := append([]byte{sealedV1}, k.id[:]...)
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce)
	out = append(out, nonce...)
	return k.aead.Seal(out, nonce, plain, []byte(place))
}

// Open decrypts what Seal made for the same place. Errors, Internal: "tenant.key_unknown" when the key it was sealed with
// is not here, "tenant.sealed_broken" when the content or the place is not what it was.
func (s *Sealer) Open(sealed []byte, place string) ([]byte, error) {
	if len(sealed) < 1+idSize || sealed[0] != sealedV1 {
		return nil, errs.E(errs.Internal, "tenant.sealed_broken", "%s: not a sealed value", place).With("place", place)
	}
	id, rest := [idSize]byte(sealed[1:1+idSize]), sealed[1+idSize:]
	i := slices.IndexFunc(s.keys, func(k sealKey) bool { return k.id == id })
	if i < 0 {
		name := hex.EncodeToString(id[:])
		return nil, errs.E(errs.Internal, "tenant.key_unknown", "%s: sealed with key %s, which is not here", place, name).
			With("place", place).With("key", name)
	}
	aead := s.keys[i].aead
	if len(rest) >= aead.NonceSize() {
		if plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(place)); err == nil {
			return plain, nil
		}
	}
	return nil, errs.E(errs.Internal, "tenant.sealed_broken", "%s: the sealed value was changed or moved", place).With("place", place)
}

// SealedWith is the id of the key a value was sealed with, "" for what is not sealed.
func SealedWith(sealed []byte) string {
	if len(sealed) < 1+idSize || sealed[0] != sealedV1 {
		return ""
	}
	return hex.EncodeToString(sealed[1 : 1+idSize])
}

// Derive makes a key of 32 bytes for one purpose, such as "staff sign-in cookie", from the newest key.
func (s *Sealer) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, s.keys[0].key, nil, "qunce "+purpose, keySize)
	if err != nil {
		panic(err) // only for absurd lengths
	}
	return key
}
