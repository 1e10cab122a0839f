package wecom

import (
	"context"
	"time"
)

// Moment is a post for customers' 朋友圈 that members confirm. Who sees it: all customers of Senders and Departments,
// those customers of everybody who carry one of the corp tags Tags, both together, or everybody's. Text has at most
// 2000 characters and 4000 bytes; Attachments are at most 9 images, or one video, or one link with a cover. Their media
// ids come from UploadAttachment.
type Moment struct {
	Senders     []string
	Departments []int64
	Tags        []string
	Text        *Text
	Attachments []MomentAttachment
}

// MomentAttachment is one part of a post; MsgType names the field that is set: image, video or link.
type MomentAttachment struct {
	MsgType string      `json:"msgtype"`
	Image   *Media      `json:"image,omitempty"`
	Video   *Media      `json:"video,omitempty"`
	Link    *MomentLink `json:"link,omitempty"`
}

// MomentLink is a link with a cover picture; title ≤ 64 characters.
type MomentLink struct {
	Title   string `json:"title,omitempty"`
	URL     string `json:"url"`
	MediaID string `json:"media_id"`
}

type momentSenders struct {
	Users       []string `json:"user_list,omitempty"`
	Departments []int64  `json:"department_list,omitempty"`
}

type momentCustomers struct {
	Tags []string `json:"tag_list,omitempty"`
}

// AddMoment starts making the tasks of a post and returns a job that lives 24 hours; see MomentResult. At most 10 a
// minute and 100,000 a month (41210); 41078 when too many are under way, 41211 when the corp has no moments. It is
// findable: through MomentList by time, creator and content, once the job is done.
func (c *Client) AddMoment(ctx context.Context, m Moment) (jobID string, err error) {
	type visible struct {
		Senders   *momentSenders   `json:"sender_list,omitempty"`
		Customers *momentCustomers `json:"external_contact_list,omitempty"`
	}
	in := struct {
		Range       *visible           `json:"visible_range,omitempty"`
		Text        *Text              `json:"text,omitempty"`
		Attachments []MomentAttachment `json:"attachments,omitempty"`
	}{Text: m.Text, Attachments: m.Attachments}
	var v visible
	if len(m.Senders)+len(m.Departments) > 0 {
		v.Senders = &momentSenders{m.Senders, m.Departments}
	}
	if len(m.Tags) > 0 {
		v.Customers = &momentCustomers{m.Tags}
	}
	if v.Senders != nil || v.Customers != nil {
		in.Range = &v
	}
	var out struct {
		JobID string `json:"jobid"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/add_moment_task", in, &out)
	return out.JobID, err
}

// MomentJob is what became of AddMoment. Status: 1 started, 2 running, 3 done; then Code and Msg are WeCom's verdict,
// MomentID is the post, and the other fields are the senders and tags that WeCom would not take.
type MomentJob struct {
	Status         int
	Code           int
	Msg            string
	MomentID       string
	BadSenders     []string
	BadDepartments []int64
	BadTags        []string
}

// MomentResult reads the job of an AddMoment.
func (c *Client) MomentResult(ctx context.Context, jobID string) (MomentJob, error) {
	var out struct {
		Status int `json:"status"`
		Result struct {
			envelope
			MomentID  string          `json:"moment_id"`
			Senders   momentSenders   `json:"invalid_sender_list"`
			Customers momentCustomers `json:"invalid_external_contact_list"`
		} `json:"result"`
	}
	err := c.get(ctx, "/cgi-bin/externalcontact/get_moment_task_result", query("jobid", jobID), &out)
	r := out.Result
	return MomentJob{out.Status, r.Code, r.Msg, r.MomentID, r.Senders.Users, r.Senders.Departments, r.Customers.Tags}, err
}

type momentID struct {
	MomentID string `json:"moment_id"`
}

// CancelMoment takes back what has not been published yet. It is repeatable.
func (c *Client) CancelMoment(ctx context.Context, id string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/cancel_moment_task", momentID{id}, nil)
}

// MomentFilter narrows MomentList to a window of at most 30 days. Type: 0 made by the corp, 1 by members, 2 both.
type MomentFilter struct {
	From, To time.Time
	Creator  string
	Type     int
}

// PostedMoment is a post as WeCom recorded it. CreateType: 0 corp, 1 a member. VisibleType: 0 some customers, 1 all.
// Creator is empty for API-made ones.
type PostedMoment struct {
	MomentID    string      `json:"moment_id"`
	Creator     string      `json:"creator"`
	CreateTime  Seconds     `json:"create_time"`
	CreateType  int         `json:"create_type"`
	VisibleType int         `json:"visible_type"`
	Text        *Text       `json:"text"`
	Images      []Media     `json:"image"`
	Video       *MomentClip `json:"video"`
	Link        *struct {
		Title string `json:"title"`
		URL   string `json:"url"`
	} `json:"link"`
	Location *struct {
		Latitude  flexString `json:"latitude"`
		Longitude flexString `json:"longitude"`
		Name      string     `json:"name"`
	} `json:"location"`
}

// MomentClip is a published video and its cover.
type MomentClip struct {
	MediaID      string `json:"media_id"`
	ThumbMediaID string `json:"thumb_media_id"`
}

// MomentList returns one page of 20 posts; deleted ones are absent. An empty next ends the pages.
func (c *Client) MomentList(ctx context.Context, f MomentFilter, cursor string) (moments []PostedMoment, next string, err error) {
	in := struct {
		Start   int64  `json:"start_time"`
		End     int64  `json:"end_time"`
		Creator string `json:"creator,omitempty"`
		Type    int    `json:"filter_type"`
		page
	}{unix(f.From), unix(f.To), f.Creator, f.Type, page{Cursor: cursor, Limit: 20}}
	var out struct {
		List []PostedMoment `json:"moment_list"`
		Next string         `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/get_moment_list", in, &out)
	return out.List, out.Next, err
}

// MomentTask is one member's part of a post. Status: 0 not published, 1 published.
type MomentTask struct {
	UserID string `json:"userid"`
	Status int    `json:"publish_status"`
}

// MomentTasks returns one page of the members' parts of a post of the corp; 41079 right after it was made.
func (c *Client) MomentTasks(ctx context.Context, id, cursor string) (tasks []MomentTask, next string, err error) {
	in := struct {
		momentID
		page
	}{momentID{id}, page{Cursor: cursor, Limit: 1000}}
	var out struct {
		List []MomentTask `json:"task_list"`
		Next string       `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/get_moment_task", in, &out)
	return out.List, out.Next, err
}

// MomentCustomer is a customer of a member for whom a post is meant, or who can see it.
type MomentCustomer struct {
	UserID         string `json:"userid"`
	ExternalUserID string `json:"external_userid"`
}

type memberMoment struct {
	MomentID string `json:"moment_id"`
	UserID   string `json:"userid"`
	page
}

// MomentCustomers returns one page of the customers whom a member's part of a post is meant for.
func (c *Client) MomentCustomers(ctx context.Context, id, userID, cursor string) (customers []MomentCustomer, next string, err error) {
	return c.momentCustomers(ctx, "/cgi-bin/externalcontact/get_moment_customer_list", memberMoment{id, userID, page{Cursor: cursor, Limit: 1000}})
}

// MomentSendResult returns one page of the customers who can see a member's part of a post; 41062 before it is published.
func (c *Client) MomentSendResult(ctx context.Context, id, userID, cursor string) (customers []MomentCustomer, next string, err error) {
	return c.momentCustomers(ctx, "/cgi-bin/externalcontact/get_moment_send_result", memberMoment{id, userID, page{Cursor: cursor, Limit: 5000}})
}

func (c *Client) momentCustomers(ctx context.Context, api string, in memberMoment) ([]MomentCustomer, string, error) {
	var out struct {
		List []MomentCustomer `json:"customer_list"`
		Next string           `json:"next_cursor"`
	}
	err := c.post(ctx, api, in, &out)
	for i := range out.List {
		if out.List[i].UserID == "" {
			out.List[i].UserID = in.UserID
		}
	}
	return out.List, out.Next, err
}

// MomentReaction is a comment or a like, of a customer or of a member; WeCom does not tell a comment's words.
type MomentReaction struct {
	ExternalUserID string  `json:"external_userid"`
	UserID         string  `json:"userid"`
	CreateTime     Seconds `json:"create_time"`
}

// MomentComments returns the comments on and likes of a member's part of a post.
func (c *Client) MomentComments(ctx context.Context, id, userID string) (comments, likes []MomentReaction, err error) {
	var out struct {
		Comments []MomentReaction `json:"comment_list"`
		Likes    []MomentReaction `json:"like_list"`
	}
	in := struct {
		MomentID string `json:"moment_id"`
		UserID   string `json:"userid"`
	}{id, userID}
	err = c.post(ctx, "/cgi-bin/externalcontact/get_moment_comments", in, &out)
	return out.Comments, out.Likes, err
}
