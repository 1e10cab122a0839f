package callback

import "qunce/internal/errs"

// Or returns a Crypto that also opens what next's pair sealed, and calls used whenever that happens: while an administrator
// changes token and key in WeCom's console, messages of both pairs come. It seals and signs as before.
func (c *Crypto) Or(next *Crypto, used func()) *Crypto {
	out := *c
	out.next, out.used = next, used
	return &out
}

// open tries the present pair, then the next one. Both may have the same token: then the signature fits and the cipher
// does not.
func (c *Crypto) open(sig, ts, nonce, sealed string) ([]byte, error) {
	plain, err := c.openOwn(sig, ts, nonce, sealed)
	if err == nil || c.next == nil || errs.Is(err, "callback.stale") {
		return plain, err
	}
	plain, nextErr := c.next.openOwn(sig, ts, nonce, sealed)
	switch {
	case nextErr == nil:
		c.used()
		return plain, nil
	case errs.Is(err, "callback.bad_signature"):
		return nil, nextErr
	}
	return nil, err
}
