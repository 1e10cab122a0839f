package callback

import (
	"testing"

	"qunce/internal/errs"
)

func TestTwoPairs(t *testing.T) {
	make1 := func(token, key string) *Crypto {
		c, err := NewCrypto(token, key, "ww1")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	old := make1("oldTOKEN", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
	next := make1("newTOKEN", "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba")
	stranger := make1("noTOKEN", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
	used := 0
	both := old.Or(next, func() { used++ })
	try := func(by *Crypto) (string, error) {
		sealed := by.Seal([]byte("hello"), [16]byte{1})
		plain, err := both.Verify(by.Sign("1", "n", sealed), "1", "n", sealed)
		return string(plain), err
	}
	if got, err := try(old); err != nil || got != "hello" || used != 0 {
		t.Errorf("the present pair: %q, %v, used %d", got, err, used)
	}
	if got, err := try(next); err != nil || got != "hello" || used != 1 {
		t.Errorf("the next pair: %q, %v, used %d", got, err, used)
	}
	// Only the key was changed: the signature fits the present pair, the cipher the next one.
	both = old.Or(make1("oldTOKEN", "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"), func() { used++ })
	for n := range 40 { // by chance a wrong key may give padding that fits
		sealed := both.next.Seal([]byte("hello"), [16]byte{byte(n)})
		if got, err := both.Verify(both.next.Sign("1", "n", sealed), "1", "n", sealed); err != nil || string(got) != "hello" || used != n+2 {
			t.Fatalf("the same token with the next key: %q, %v, used %d", got, err, used)
		}
	}
	if got, err := try(old); err != nil || got != "hello" || used != 41 {
		t.Errorf("the same token with the present key: %q, %v, used %d", got, err, used)
	}
	third := make1("oldTOKEN", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")
	if _, err := try(third); errs.CodeOf(err) != "callback.bad_cipher" && errs.CodeOf(err) != "callback.wrong_receiver" {
		t.Errorf("neither key: %v", err)
	}
	used = 1
	if _, err := try(stranger); !errs.Is(err, "callback.bad_signature") || used != 1 {
		t.Errorf("a stranger: %v, used %d", err, used)
	}
}
