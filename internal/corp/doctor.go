package corp

import (
	"context"

	"qunce/internal/doctor"
	"qunce/internal/wecom/callback"
)

// wireDoctor builds the examination of the installation as it stands with this corp.
func (c *Corp) wireDoctor() {
	words := doctor.NewWords(c.Catalog)
	c.Doctor = doctor.New(doctor.Deps{Doctor: doctor.Doctor{Wall: c.Wall, HTTP: c.Deps.HTTP}, DB: c.DB, IDs: c.IDs, Wall: c.Wall, Words: words, Log: c.Log,
		Subject: func() doctor.Subject {
			t, machine := c.Corp, c.Machine
			machine.PublicURL = c.PublicURL
			return doctor.Subject{Machine: machine, Pool: c.Pool, Corp: &t}
		}})
}

// examine lets the doctor look every hour. A demo's hours pass too quickly for that, and its world is this machine.
func (c *Corp) examine(ctx context.Context) error {
	if c.Time.Accelerated() {
		<-ctx.Done()
		return ctx.Err()
	}
	return c.Doctor.Work(ctx)
}

// withNextKeys lets the door open for the callback's next token and key, too, while there are any.
func (c *Corp) withNextKeys(crypto *callback.Crypto) (*callback.Crypto, error) {
	if c.Secrets.NextCallbackToken == "" {
		return crypto, nil
	}
	next, err := callback.NewCrypto(c.Secrets.NextCallbackToken, c.Secrets.NextEncodingAESKey, c.CorpID)
	if err != nil {
		return nil, err
	}
	return crypto.Or(next.Within(staleAfter, c.Wall), func() {
		if c.KeysUsed != nil {
			c.KeysUsed()
		}
	}), nil
}
