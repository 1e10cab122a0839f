package callback

// Or returns a Crypto that also opens what next's token signed, and calls used whenever that happens: while an
// administrator changes token and key in WeCom's console, messages of both pairs come. It seals and signs as before.
func (c *Crypto) Or(next *Crypto, used func()) *Crypto {
	out := *c
	out.next, out.used = next, used
	return &out
}

func (c *Crypto) openNext(sig, ts, nonce, sealed string) ([]byte, error) {
	plain, err := c.next.open(sig, ts, nonce, sealed)
	if err == nil {
		c.used()
	}
	return plain, err
}
