package sop

import "qunce/internal/touch"

// Templates are the plans the product ships with. A library test runs each against Check.
func Templates() []Template {
	return []Template{sevenDays(), benefitGroup()}
}

// sevenDays is T3 七日触达: a new friend's first week, two mass sends in all, the only promotion on the last day.
func sevenDays() Template {
	return Template{Code: "T3", Name: "七日触达", Subject: OfCustomer, Definition: Definition{
		Header: Header{
			LengthDays: 8,
			Quiet:      "21:30–08:30 不打扰",
			Caps:       "全程 2 次群发额度；推广每天至多 1 次、7 天至多 2 次；入会 72 小时内不推广",
			StopLine:   "7 天内删除好友超过 15% 时暂停并检查话术；客户下单、退订或删除好友即退出",
		},
		Steps: []Step{
			{
				Key: "d0_welcome", Day: 0, Time: "添加后 20 秒内", Window: Window{"00:00", "23:59"}, Channel: touch.Welcome,
				Purpose: "orient", Title: "欢迎语", Text: "由客户扫的活码自动发送：我是谁、您从哪里来、接下来能得到什么。",
				Why: "刚扫码的一刻最想知道找对人没有", Late: LateSkip, Fallback: "欢迎语过期时由第 1 天的问候补上",
			},
			{
				Key: "d1_pack", Day: 1, Time: "10:00", Window: Window{"10:00", "12:00"}, Channel: touch.SidebarSingle,
				Purpose: "give", Title: "第 1 天：送上答应的新朋友指南",
				Text: "{name}您好，我是{store}的{staff}，昨天说好的新朋友指南整理好了，需要哪一项回我数字就行：\n1 门店地址和营业时间\n2 怎么提前下单、到店直接取\n3 会员积分怎么用\n不方便不用回，有需要随时找我。",
				Why:  "昨天刚加的好友，先把答应的东西送到，再谈别的", Late: LateSendUntil, LateHours: 6, Fallback: "当天没空，第 2 天中午前补上；仍未做则略过",
			},
			{
				Key: "d3_value", Day: 3, Time: "19:00", Window: Window{"19:00", "21:00"}, Channel: touch.MassSingle,
				Purpose: "value", QuotaCost: 1, Title: "第 3 天：三个常被问到的小问题",
				Text: "晚上好，我是{store}的{staff}。整理了三个大家常问的小问题：\n① 高峰时段不想排队：提前下单，选好时间到店取\n② 忌口和口味：下单时写在备注里，我们会照做\n③ 有问题找谁：直接回这条消息，我来处理\n您最想先了解哪一项？回我数字就行。",
				Why:  "认识三天，用有用的内容换一次回复，不卖东西", Late: LateSendUntil, LateHours: 14, Fallback: "打开或回复少于 8% 时换内容形式，不只是改文案",
			},
			{
				Key: "d5_rest", Day: 5, Time: "全天", Window: Window{"00:00", "23:59"}, Channel: NoChannel,
				Purpose: "rest", Title: "第 5 天：不打扰", Text: "",
				Why: "口碑内容交给福利群，一对一这天休息", Late: LateSkip, Fallback: "",
			},
			{
				Key: "d7_offer", Day: 7, Time: "10:00", Window: Window{"10:00", "11:30"}, Channel: touch.MassSingle,
				Purpose: "offer", Promo: true, QuotaCost: 1, Title: "第 7 天：到店优惠",
				Text: "【广告】您好，我是{store}的{staff}，我们认识一周啦。本周到店点单时出示这条消息，可以享受门店公示的新朋友优惠；内容、数量和截止时间以店内公示为准。\n想先问问哪款适合自己，直接回我口味就行。\n不想再收到推广，回复“退订”即可。",
				Why:  "认识满一周还没下过单，给一个到店的理由；已下单和已退订的客户不在名单里", Late: LateSkip, Fallback: "没有反应的客户不再追发，转入日常服务",
			},
		},
	}}
}

// benefitGroup is T11 福利群: the owner greets in the morning and listens in the evening from the sidebar, which costs no
// quota; three times a week one marked promotion at noon, as a mass send.
func benefitGroup() Template {
	morning := func(key, title, text, why string, days ...int) Step {
		return Step{Key: key, Weekdays: days, Time: "09:00", Window: Window{"09:00", "10:30"}, Channel: touch.SidebarGroup,
			Purpose: "value", Title: title, Text: text, Why: why, Late: LateSkip, Fallback: "没发就算了，不在午后补早安"}
	}
	evening := func(key, title, text, why string, days ...int) Step {
		return Step{Key: key, Weekdays: days, Time: "19:00", Window: Window{"19:00", "20:30"}, Channel: touch.SidebarGroup,
			Purpose: "social_proof", Title: title, Text: text, Why: why, Late: LateSkip, Fallback: "无人响应时群主先分享自己的一条"}
	}
	noon := func(key, title, text, why string, day int) Step {
		return Step{Key: key, Weekdays: []int{day}, Time: "12:00", Window: Window{"12:00", "13:30"}, Channel: touch.MassGroup,
			Purpose: "offer", Promo: true, QuotaCost: 1, Title: title, Text: text, Why: why, Late: LateSkip, Fallback: "当天退群超过 3% 时，下一次推广先停"}
	}
	return Template{Code: "T11", Name: "福利群日常", Subject: OfGroup, Definition: Definition{
		Header: Header{
			LengthDays: 0,
			Quiet:      "21:30–08:30 不打扰",
			Caps:       "每群每天至多 3 条，推广每天至多 1 条且 7 天内不超过 30%；群发每周 3 次，其余由群主从侧边栏一键发送",
			StopLine:   "新群 7 天退群超过 15%，或老群每月退群超过 10%，暂停推广",
		},
		Steps: []Step{
			morning("am_start", "早安：今天门店怎么样", "早上好，{group}的朋友们。{store}已经开门，今天想吃点什么、几点来取，群里说一声，我先帮大家留意。有问题直接@我。",
				"一天的第一条，告诉大家有人在、能帮忙", 1, 3, 5),
			morning("am_tip", "早安：一个小窍门", "早上好。今天分享一个小窍门：在小程序里提前选好取餐时间，到{store}直接取，不用在门口等。大家还有什么省时间的办法，也说来听听。",
				"有用的内容让群值得留下", 2, 4),
			morning("am_weekend", "早安：周末营业提醒", "周末早上好。{store}今天照常营业，午后人会多一些，想少等一会儿的朋友可以错开三点到五点。祝大家周末愉快。",
				"周末客流大，提前说一声，省得白等", 6, 7),
			noon("noon_mon", "周一上新", "【广告】周一上新：本周的新品已经到店，品名和价格见{store}店内公示，也可以在小程序里查看。想知道口味，群里问我。不想看推广的朋友私信我，以后不打扰。",
				"周一大家会看这周有什么新东西", 1),
			noon("noon_wed", "周三会员日", "【广告】周三会员日：今天到{store}点单时报会员手机号，可以使用账户里的会员权益，规则以小程序和店内公示为准。拿不准自己有什么权益，私信我帮您查。",
				"权益有了却没人记得用，提醒一次", 3),
			noon("noon_fri", "周五备货", "【广告】周末要聚会的朋友：今天在群里接龙想要的品种和数量，{store}按接龙备货，明后天到店取、到店付，价格以店内公示为准。",
				"周末前备货，接龙让门店心里有数", 5),
			evening("pm_show", "晚间：晒单时间", "晚上好，今天有没有谁喝到、吃到喜欢的？欢迎发张照片说两句，拍到别人请先征得同意。我在群里陪大家聊一会儿。",
				"老朋友的一句话，比我们说十句有用", 1, 3, 5, 7),
			evening("pm_talk", "晚间：今天的小话题", "晚上好，今天的小话题：您最常在什么时候想起来喝一杯？上班路上、午后、还是晚饭后？说说看，我记下来转告门店，备货会更合大家的习惯。",
				"问一个人人答得上的问题，听听大家的习惯", 2, 4, 6),
		},
	}}
}
