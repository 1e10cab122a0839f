package touch

import "qunce/internal/i18n"

// Reasons of a deferral or refusal.
const (
	NoRelation      = "no_relation"
	OptedOut        = "opted_out"
	QuietHours      = "quiet_hours"
	QuotaUsedMonth  = "quota_month"
	QuotaUsedWeek   = "quota_week"
	QuotaUsedDay    = "quota_day"
	PromoDay        = "promo_day"
	PromoWeek       = "promo_week"
	PromoMonth      = "promo_month"
	Trust           = "trust_72h"
	AfterComplaint  = "after_complaint"
	GroupGone       = "group_gone"
	GroupNoOwner    = "group_no_owner"
	GroupPosts      = "group_posts_day"
	GroupPromoDay   = "group_promo_day"
	GroupPromoShare = "group_promo_share"
)

// Reasons lists all of them.
func Reasons() []string {
	return []string{NoRelation, OptedOut, QuietHours, QuotaUsedMonth, QuotaUsedWeek, QuotaUsedDay, PromoDay, PromoWeek, PromoMonth,
		Trust, AfterComplaint, GroupGone, GroupNoOwner, GroupPosts, GroupPromoDay, GroupPromoShare}
}

// Sentence says a reason to people; an unknown one is returned as it is, an allowed touch has none.
func Sentence(lang i18n.Lang, reason string) string {
	zh, en := sentences(reason)
	if lang == i18n.English {
		return en
	}
	return zh
}

func sentences(reason string) (zh, en string) {
	switch reason {
	case NoRelation:
		return "与该员工已不是好友，发不到", "no longer a friend of this member of staff"
	case OptedOut:
		return "客户已退订，任何消息都不再发送", "the customer opted out; nothing is sent any more"
	case QuietHours:
		return "处于免打扰时段（默认 21:30–08:30）", "quiet hours (by default 21:30–08:30)"
	case QuotaUsedMonth:
		return "本月企业微信群发接收次数已用完", "WeCom's receive quota of this month is used up"
	case QuotaUsedWeek:
		return "最近 7 天企业微信群发接收次数已用完", "WeCom's receive quota of the last 7 days is used up"
	case QuotaUsedDay:
		return "今天企业微信群发接收次数已用完", "WeCom's receive quota of today is used up"
	case PromoDay:
		return "今天已收到过推广消息", "already received a promotion today"
	case PromoWeek:
		return "最近 7 天的推广消息已达上限", "the promotion cap of the last 7 days is reached"
	case PromoMonth:
		return "最近 30 天的推广消息已达上限", "the promotion cap of the last 30 days is reached"
	case Trust:
		return "新客户 72 小时内不发推广消息", "no promotion within the first 72 hours"
	case AfterComplaint:
		return "客户投诉后的一段时间内不发推广消息", "no promotion for some time after a complaint"
	case GroupGone:
		return "群已解散", "the group is dissolved"
	case GroupNoOwner:
		return "群主已离职，请先交接群", "the owner has left; hand the group over first"
	case GroupPosts:
		return "该群今天的群消息已达上限", "the group's posts of today are used up"
	case GroupPromoDay:
		return "该群今天已发过推广消息", "the group already had its promotion today"
	case GroupPromoShare:
		return "该群最近 7 天的推广占比已达上限", "the share of promotion in the last 7 days is reached"
	}
	return reason, reason
}
