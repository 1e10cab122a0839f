package wecom

import "context"

// CorpTag is one tag of the corp; a larger Order sorts first. Deleted is set only when it was asked for by id.
type CorpTag struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	CreateTime int64  `json:"create_time"`
	Order      int64  `json:"order"`
	Deleted    bool   `json:"deleted,omitempty"`
}

// CorpTagGroup is a group of tags of the corp.
type CorpTagGroup struct {
	GroupID    string    `json:"group_id"`
	GroupName  string    `json:"group_name"`
	CreateTime int64     `json:"create_time"`
	Order      int64     `json:"order"`
	Deleted    bool      `json:"deleted,omitempty"`
	Tags       []CorpTag `json:"tag"`
}

// CorpTags returns tag groups, all of them if both lists are empty; if both are given only groupIDs count.
func (c *Client) CorpTags(ctx context.Context, tagIDs, groupIDs []string) ([]CorpTagGroup, error) {
	in := struct {
		TagIDs   []string `json:"tag_id,omitempty"`
		GroupIDs []string `json:"group_id,omitempty"`
	}{tagIDs, groupIDs}
	var out struct {
		Groups []CorpTagGroup `json:"tag_group"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/get_corp_tag_list", in, &out)
	return out.Groups, err
}

// NewTag is a tag to be made: a name of at most 30 characters.
type NewTag struct {
	Name  string `json:"name"`
	Order int64  `json:"order,omitempty"`
}

// AddCorpTagRequest adds tags to the group GroupID, or to the group named GroupName, which is made if needed.
type AddCorpTagRequest struct {
	GroupID   string   `json:"group_id,omitempty"`
	GroupName string   `json:"group_name,omitempty"`
	Order     int64    `json:"order,omitempty"`
	Tags      []NewTag `json:"tag"`
}

// AddCorpTag makes corp tags and returns their group with the tags just made; 40071 if a name exists.
func (c *Client) AddCorpTag(ctx context.Context, r AddCorpTagRequest) (CorpTagGroup, error) {
	var out struct {
		Group CorpTagGroup `json:"tag_group"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/add_corp_tag", r, &out)
	return out.Group, err
}

// MarkTag adds and removes tags on the edge of a member and a customer. It is repeatable.
func (c *Client) MarkTag(ctx context.Context, userID, externalUserID string, add, remove []string) error {
	in := struct {
		UserID   string   `json:"userid"`
		External string   `json:"external_userid"`
		Add      []string `json:"add_tag,omitempty"`
		Remove   []string `json:"remove_tag,omitempty"`
	}{userID, externalUserID, add, remove}
	return c.post(ctx, "/cgi-bin/externalcontact/mark_tag", in, nil)
}

// EditCorpTag renames or reorders a tag or a tag group; an empty name and a nil order stay as they are. Only the app
// that made a tag may edit it. 40071 if the name is taken, 40068 if there is no such tag. It is repeatable.
func (c *Client) EditCorpTag(ctx context.Context, id, name string, order *int64) error {
	in := struct {
		ID    string `json:"id"`
		Name  string `json:"name,omitempty"`
		Order *int64 `json:"order,omitempty"`
	}{id, name, order}
	return c.post(ctx, "/cgi-bin/externalcontact/edit_corp_tag", in, nil)
}

// DelCorpTag deletes tags and tag groups from the corp and from all customers; a group vanishes with its last tag. Only
// the app that made a tag may delete it. It is repeatable: 40068 means that it was deleted.
func (c *Client) DelCorpTag(ctx context.Context, tagIDs, groupIDs []string) error {
	in := struct {
		TagIDs   []string `json:"tag_id,omitempty"`
		GroupIDs []string `json:"group_id,omitempty"`
	}{tagIDs, groupIDs}
	return c.post(ctx, "/cgi-bin/externalcontact/del_corp_tag", in, nil)
}
