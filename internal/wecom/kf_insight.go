package wecom

import (
	"context"
	"time"
)

// KfDay are an account's figures of one day; rates are 0 to 1. Rates that WeCom leaves out are nil.
type KfDay struct {
	Day       Seconds // midnight in Shanghai
	Sessions  int
	Customers int
	Messages  int
	Upgrades  int // customers who were offered a member or a group
	Rejected  int // customers whose messages are refused

	BotReplies   int // sessions the bot answered; of the account only
	TransferRate *float64
	HitRate      *float64

	ReplyRate         *float64 // of a servicer only, like all below
	FirstReplySeconds *float64
	Surveys           int
	SurveyRate        *float64
	SatisfiedRate     *float64
	MiddlingRate      *float64
	DissatisfiedRate  *float64
	MemberInvites     int
	MemberCustomers   int
	GroupInvites      int
	GroupCustomers    int
}

type kfFigures struct {
	Sessions  flexInt `json:"session_cnt"`
	Customers flexInt `json:"customer_cnt"`
	Messages  flexInt `json:"customer_msg_cnt"`
	Upgrades  flexInt `json:"upgrade_service_customer_cnt"`
	Rejected  flexInt `json:"msg_rejected_customer_cnt"`

	BotReplies   flexInt  `json:"ai_session_reply_cnt"`
	TransferRate *float64 `json:"ai_transfer_rate"`
	HitRate      *float64 `json:"ai_knowledge_hit_rate"`

	ReplyRate        *float64 `json:"reply_rate"`
	FirstReply       *float64 `json:"first_reply_average_sec"`
	Surveys          flexInt  `json:"satisfaction_investgate_cnt"` // WeCom's spelling
	SurveyRate       *float64 `json:"satisfaction_participation_rate"`
	SatisfiedRate    *float64 `json:"satisfied_rate"`
	MiddlingRate     *float64 `json:"middling_rate"`
	DissatisfiedRate *float64 `json:"dissatisfied_rate"`
	MemberInvites    flexInt  `json:"upgrade_service_member_invite_cnt"`
	MemberCustomers  flexInt  `json:"upgrade_service_member_customer_cnt"`
	GroupInvites     flexInt  `json:"upgrade_service_groupchat_invite_cnt"`
	GroupCustomers   flexInt  `json:"upgrade_service_groupchat_customer_cnt"`
}

// KfCorpStatistic returns the days of from..to (both included, ≤ 31, ≤ 180 back, not today) of an account; of all for an
// empty id.
func (c *Client) KfCorpStatistic(ctx context.Context, openKfID string, from, to time.Time) ([]KfDay, error) {
	return c.kfStatistic(ctx, "/cgi-bin/kf/get_corp_statistic", openKfID, "", from, to)
}

// KfServicerStatistic returns the days of from..to of one servicer of an account; of all for an empty user id.
func (c *Client) KfServicerStatistic(ctx context.Context, openKfID, userID string, from, to time.Time) ([]KfDay, error) {
	return c.kfStatistic(ctx, "/cgi-bin/kf/get_servicer_statistic", openKfID, userID, from, to)
}

func (c *Client) kfStatistic(ctx context.Context, api, openKfID, userID string, from, to time.Time) ([]KfDay, error) {
	in := struct {
		OpenKfID string `json:"open_kfid,omitempty"`
		UserID   string `json:"servicer_userid,omitempty"`
		Start    int64  `json:"start_time"`
		End      int64  `json:"end_time"`
	}{openKfID, userID, unix(from), unix(to)}
	var out struct {
		List []struct {
			Day  Seconds   `json:"stat_time"`
			Data kfFigures `json:"statistic"`
		} `json:"statistic_list"`
	}
	err := c.post(ctx, api, in, &out)
	days := make([]KfDay, 0, len(out.List))
	for _, d := range out.List {
		f := d.Data
		days = append(days, KfDay{Day: d.Day, Sessions: int(f.Sessions), Customers: int(f.Customers), Messages: int(f.Messages),
			Upgrades: int(f.Upgrades), Rejected: int(f.Rejected), BotReplies: int(f.BotReplies), TransferRate: f.TransferRate, HitRate: f.HitRate,
			ReplyRate: f.ReplyRate, FirstReplySeconds: f.FirstReply, Surveys: int(f.Surveys), SurveyRate: f.SurveyRate,
			SatisfiedRate: f.SatisfiedRate, MiddlingRate: f.MiddlingRate, DissatisfiedRate: f.DissatisfiedRate,
			MemberInvites: int(f.MemberInvites), MemberCustomers: int(f.MemberCustomers), GroupInvites: int(f.GroupInvites), GroupCustomers: int(f.GroupCustomers)})
	}
	return days, err
}

// KfTopic is a group of the bot's questions and answers.
type KfTopic struct {
	ID      string `json:"group_id,omitempty"`
	Name    string `json:"name,omitempty"`
	Default int    `json:"is_default,omitempty"` // answers only
}

// KfTopicAdd makes a group and returns its id. It is findable: by name, through KfTopics.
func (c *Client) KfTopicAdd(ctx context.Context, name string) (id string, err error) {
	var out KfTopic
	err = c.post(ctx, "/cgi-bin/kf/knowledge/add_group", KfTopic{Name: name}, &out)
	return out.ID, err
}

// KfTopicRename renames a group. It is repeatable.
func (c *Client) KfTopicRename(ctx context.Context, id, name string) error {
	return c.post(ctx, "/cgi-bin/kf/knowledge/mod_group", KfTopic{ID: id, Name: name}, nil)
}

// KfTopicDel deletes a group. It is repeatable.
func (c *Client) KfTopicDel(ctx context.Context, id string) error {
	return c.post(ctx, "/cgi-bin/kf/knowledge/del_group", KfTopic{ID: id}, nil)
}

// KfTopics returns one page of the groups; more says whether next leads on.
func (c *Client) KfTopics(ctx context.Context, cursor string, limit int) (topics []KfTopic, next string, more bool, err error) {
	var out struct {
		List []KfTopic `json:"group_list"`
		Next string    `json:"next_cursor"`
		More int       `json:"has_more"`
	}
	err = c.post(ctx, "/cgi-bin/kf/knowledge/list_group", page{Cursor: cursor, Limit: limit}, &out)
	return out.List, out.Next, out.More == 1, err
}

// KfIntent is a question of the bot's with others of the same meaning and its answers.
type KfIntent struct {
	ID      string
	TopicID string // fixed when the question is made
	Asked   string
	Similar []string
	Answers []KfAnswer
}

// KfAnswer is one answer; answers that come back name files instead of giving media ids.
type KfAnswer struct {
	Text        Text               `json:"text"`
	Attachments []KfAnswerMaterial `json:"attachments,omitempty"`
}

// KfAnswerMaterial is a part of an answer; MsgType names the field that is set.
type KfAnswerMaterial struct {
	MsgType     string         `json:"msgtype"`
	Image       *KfAnswerFile  `json:"image,omitempty"`
	Video       *KfAnswerFile  `json:"video,omitempty"`
	Link        *Link          `json:"link,omitempty"`
	MiniProgram *KfMiniProgram `json:"miniprogram,omitempty"`
}

// KfAnswerFile is a file of an answer: by media id in requests, by name in answers.
type KfAnswerFile struct {
	MediaID string `json:"media_id,omitempty"`
	Name    string `json:"name,omitempty"`
}

type kfQuestion struct {
	Text Text `json:"text"`
}

type kfSimilar struct {
	Items []kfQuestion `json:"items"`
}

type kfIntent struct {
	ID       string     `json:"intent_id,omitempty"`
	TopicID  string     `json:"group_id,omitempty"`
	Question kfQuestion `json:"question"`
	Similar  *kfSimilar `json:"similar_questions,omitempty"`
	Answers  []KfAnswer `json:"answers"`
}

func (i KfIntent) wire() kfIntent {
	w := kfIntent{ID: i.ID, TopicID: i.TopicID, Question: kfQuestion{Text{i.Asked}}, Answers: i.Answers}
	if len(i.Similar) > 0 {
		w.Similar = &kfSimilar{}
		for _, s := range i.Similar {
			w.Similar.Items = append(w.Similar.Items, kfQuestion{Text{s}})
		}
	}
	return w
}

// KfIntentAdd makes a question and returns its id. It is findable: by its words, through KfIntents.
func (c *Client) KfIntentAdd(ctx context.Context, i KfIntent) (id string, err error) {
	i.ID = ""
	var out struct {
		ID string `json:"intent_id"`
	}
	err = c.post(ctx, "/cgi-bin/kf/knowledge/add_intent", i.wire(), &out)
	return out.ID, err
}

// KfIntentUpdate replaces a question; it stays in its group. It is repeatable.
func (c *Client) KfIntentUpdate(ctx context.Context, i KfIntent) error {
	i.TopicID = ""
	return c.post(ctx, "/cgi-bin/kf/knowledge/mod_intent", i.wire(), nil)
}

// KfIntentDel deletes a question. It is repeatable.
func (c *Client) KfIntentDel(ctx context.Context, id string) error {
	in := struct {
		ID string `json:"intent_id"`
	}{id}
	return c.post(ctx, "/cgi-bin/kf/knowledge/del_intent", in, nil)
}

// KfIntents returns one page of the questions of a group, or of all for an empty id; more says whether next leads on.
func (c *Client) KfIntents(ctx context.Context, topicID, cursor string, limit int) (intents []KfIntent, next string, more bool, err error) {
	in := struct {
		page
		TopicID string `json:"group_id,omitempty"`
	}{page{Cursor: cursor, Limit: limit}, topicID}
	var out struct {
		List []kfIntent `json:"intent_list"`
		Next string     `json:"next_cursor"`
		More int        `json:"has_more"`
	}
	err = c.post(ctx, "/cgi-bin/kf/knowledge/list_intent", in, &out)
	for _, w := range out.List {
		i := KfIntent{ID: w.ID, TopicID: w.TopicID, Asked: w.Question.Text.Content, Answers: w.Answers}
		if w.Similar != nil {
			for _, s := range w.Similar.Items {
				i.Similar = append(i.Similar, s.Text.Content)
			}
		}
		intents = append(intents, i)
	}
	return intents, out.Next, out.More == 1, err
}
