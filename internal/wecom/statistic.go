package wecom

import (
	"context"
	"time"
)

// BehaviorDay is what members did in single chats with customers on one day. ReplyPercent and FirstReplyMinutes are nil
// when there were no chats.
type BehaviorDay struct {
	Day               Seconds  `json:"stat_time"` // midnight in Shanghai
	Chats             int      `json:"chat_cnt"`
	Messages          int      `json:"message_cnt"`
	ReplyPercent      *float64 `json:"reply_percentage"`
	FirstReplyMinutes *int     `json:"avg_reply_time"`
	NegativeFeedback  int      `json:"negative_feedback_cnt"` // customers who deleted or blocked
	Applies           int      `json:"new_apply_cnt"`         // friend requests sent
	NewContacts       int      `json:"new_contact_cnt"`
}

// UserBehavior returns the days of from..to (both included, ≤ 30, ≤ 180 back, not today), summed over the members
// (≤ 100): ask for one member at a time for figures per member.
func (c *Client) UserBehavior(ctx context.Context, userIDs []string, from, to time.Time) ([]BehaviorDay, error) {
	in := struct {
		UserIDs []string `json:"userid"`
		Start   int64    `json:"start_time"`
		End     int64    `json:"end_time"`
	}{userIDs, unix(from), unix(to)}
	var out struct {
		Days []BehaviorDay `json:"behavior_data"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/get_user_behavior_data", in, &out)
	return out.Days, err
}

// GroupFigures are WeCom's figures of customer groups, of an owner or of a day.
type GroupFigures struct {
	NewGroups        int `json:"new_chat_cnt"`
	Groups           int `json:"chat_total"`
	GroupsWithWords  int `json:"chat_has_msg"`
	NewMembers       int `json:"new_member_cnt"`
	Members          int `json:"member_total"`
	MembersWithWords int `json:"member_has_msg"`
	Messages         int `json:"msg_total"`
}

// OwnerStatistic are the figures of one owner's groups over the days asked for.
type OwnerStatistic struct {
	Owner string       `json:"owner"`
	Data  GroupFigures `json:"data"`
}

// GroupDay are the figures of one day over the owners asked for.
type GroupDay struct {
	Day  Seconds      `json:"stat_time"` // midnight in Shanghai
	Data GroupFigures `json:"data"`
}

// StatisticOrder sorts GroupStatistic, largest first.
type StatisticOrder int

// The orders.
const (
	ByNewGroups  StatisticOrder = 1
	ByGroups     StatisticOrder = 2
	ByNewMembers StatisticOrder = 3
	ByMembers    StatisticOrder = 4
)

type ownerFilter struct {
	UserIDs []string `json:"userid_list"`
}

// GroupStatistic returns one page of the figures by owner (≤ 100) over the days of from..to (both included, ≤ 30,
// ≤ 180 back, not today); limit ≤ 1000. The pages end when next == total.
func (c *Client) GroupStatistic(ctx context.Context, owners []string, from, to time.Time, order StatisticOrder, offset, limit int) (rows []OwnerStatistic, total, next int, err error) {
	in := struct {
		Begin  int64          `json:"day_begin_time"`
		End    int64          `json:"day_end_time,omitempty"`
		Owners ownerFilter    `json:"owner_filter"`
		Order  StatisticOrder `json:"order_by,omitempty"`
		Asc    int            `json:"order_asc"`
		Offset int            `json:"offset"`
		Limit  int            `json:"limit,omitempty"`
	}{unix(from), unix(to), ownerFilter{owners}, order, 0, offset, limit}
	var out struct {
		Total int              `json:"total"`
		Next  int              `json:"next_offset"`
		Items []OwnerStatistic `json:"items"`
	}
	err = c.post(ctx, "/cgi-bin/externalcontact/groupchat/statistic", in, &out)
	return out.Items, out.Total, out.Next, err
}

// GroupStatisticByDay returns the figures by day, summed over the owners (≤ 100): ask for one owner at a time for
// figures per owner. The days are bounded as in GroupStatistic.
func (c *Client) GroupStatisticByDay(ctx context.Context, owners []string, from, to time.Time) ([]GroupDay, error) {
	in := struct {
		Begin  int64       `json:"day_begin_time"`
		End    int64       `json:"day_end_time,omitempty"`
		Owners ownerFilter `json:"owner_filter"`
	}{unix(from), unix(to), ownerFilter{owners}}
	var out struct {
		Items []GroupDay `json:"items"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/groupchat/statistic_group_by_day", in, &out)
	return out.Items, err
}
