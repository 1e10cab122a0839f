package corp

import (
	"context"
	"net/http"
	"time"

	"qunce/internal/archive"
	"qunce/internal/customer"
	"qunce/internal/tenant"
	"qunce/internal/wecom"
)

// archivePatience bounds one answer of the program that reads the chat archive for us: it decrypts a thousand messages, or
// passes on a file, before it has answered.
const archivePatience = 5 * time.Minute

// archiveDeps are what the chat archive works with. It has a source when the brand named a program to read from, and asks
// WeCom about seats and consents when the archive's own secret is known.
func (c *Corp) archiveDeps() archive.Deps {
	d := archive.Deps{DB: c.DB, IDs: c.IDs, Clock: c.Time.Clock(), Wall: c.Wall, Events: c.Events, Audit: c.Audit, Staff: staffRefs{c.Directory},
		Directory: c.Directory, Customers: c.Customers, Groups: c.Groups, Catalog: c.Catalog, Log: c.Log}
	if c.Registry != nil {
		d.Connect = c.connectArchive
	}
	if c.Settings.ArchiveURL != "" && c.Secrets.ArchiveKey != "" {
		d.Address, d.Source = c.Settings.ArchiveURL, archive.Adapter(c.Settings.ArchiveURL, c.Secrets.ArchiveKey, c.archiveHTTP())
	}
	if c.Secrets.ArchiveSecret != "" {
		d.People = wecom.New(wecom.Config{BaseURL: c.Settings.WeComBaseURL, CorpID: c.CorpID, Secret: c.Secrets.ArchiveSecret, HTTP: c.HTTP,
			Tokens: tenant.TokenStore(c.DB, c.Sealer, c.Wall, "archive"), Clock: c.Wall, PerMinute: c.callsPerMinute(), Share: c.Processes})
	}
	return d
}

func (c *Corp) archiveHTTP() *http.Client {
	client := &http.Client{Timeout: archivePatience}
	if c.HTTP != nil {
		client.Transport = c.HTTP.Transport
	}
	return client
}

// connectArchive keeps where the archive is read from, once it has answered.
func (c *Corp) connectArchive(ctx context.Context, address, key string) error {
	if key == "" {
		key = c.Secrets.ArchiveKey
	}
	if address == "" {
		key = ""
	} else if err := archive.Probe(ctx, address, key, c.archiveHTTP()); err != nil {
		return err
	}
	_, err := c.Registry.Change(ctx, c.Schema, func(t *tenant.Corp) error {
		t.Settings.ArchiveURL, t.Secrets.ArchiveKey = address, key
		return nil
	})
	return err
}

// archivePart is what a customer's page says of the archive; nothing while it is not used.
func (c *Corp) archivePart(ctx context.Context, customerID int64) (*customer.ArchivePart, error) {
	if !c.Archive.Enabled() {
		return nil, nil //nolint:nilnil // nothing to say is no failure
	}
	list, err := c.Archive.ConsentsOf(ctx, customerID)
	if err != nil {
		return nil, err
	}
	part := &customer.ArchivePart{Consents: make([]customer.ArchiveConsent, len(list))}
	for i, x := range list {
		part.Consents[i] = customer.ArchiveConsent{Place: string(x.Place), With: x.Group, State: string(x.State), Since: x.Since}
		if x.Staff != nil {
			part.Consents[i].With = x.Staff.Name
		}
	}
	return part, nil
}
