package wecom

import "context"

// GroupWelcome is a template of the welcome that WeCom sends in a customer group. It does nothing until the owner of a
// group picks it in the client. Text (≤ 3000 bytes, %NICKNAME% is replaced) and one other part, of which WeCom takes
// the first in this order; both make two messages. Answers give a picture by PicURL. Notify (the default) tells the
// owners of the new template.
type GroupWelcome struct {
	TemplateID  string       `json:"template_id,omitempty"`
	Text        *Text        `json:"text,omitempty"`
	Image       *Image       `json:"image,omitempty"`
	Link        *Link        `json:"link,omitempty"`
	MiniProgram *MiniProgram `json:"miniprogram,omitempty"`
	File        *Media       `json:"file,omitempty"`
	Video       *Media       `json:"video,omitempty"`
	Notify      *int         `json:"notify,omitempty"` // 0 or 1; requests only
}

type templateID struct {
	TemplateID string `json:"template_id"`
}

// GroupWelcomeAdd makes a template and returns its id; 41055 when the corp has 100. It is unfindable: WeCom has no list
// of templates.
func (c *Client) GroupWelcomeAdd(ctx context.Context, w GroupWelcome) (id string, err error) {
	w.TemplateID = ""
	var out templateID
	err = c.post(ctx, "/cgi-bin/externalcontact/group_welcome_template/add", w, &out)
	return out.TemplateID, err
}

// GroupWelcomeEdit replaces a template, which only the app that made it may (41058). It is repeatable.
func (c *Client) GroupWelcomeEdit(ctx context.Context, id string, w GroupWelcome) error {
	w.TemplateID, w.Notify = id, nil
	return c.post(ctx, "/cgi-bin/externalcontact/group_welcome_template/edit", w, nil)
}

// GroupWelcomeGet reads a template.
func (c *Client) GroupWelcomeGet(ctx context.Context, id string) (GroupWelcome, error) {
	out := GroupWelcome{}
	err := c.post(ctx, "/cgi-bin/externalcontact/group_welcome_template/get", templateID{id}, &out)
	out.TemplateID = id
	return out, err
}

// GroupWelcomeDelete deletes a template; groups that use it welcome nobody any more. It is repeatable.
func (c *Client) GroupWelcomeDelete(ctx context.Context, id string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/group_welcome_template/del", templateID{id}, nil)
}
