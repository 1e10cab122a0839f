package metric

import "slices"

// The ids. Names and formulas stand in All.
const (
	Scan        ID = "acq.scan"
	Add         ID = "acq.add"
	AddUnique   ID = "acq.add_unique"
	AddRate     ID = "acq.add_rate"
	Welcome     ID = "acq.welcome"
	Join        ID = "acq.join"
	JoinRate    ID = "acq.join_rate"
	LostC       ID = "rel.lost_c"
	Stock       ID = "rel.stock"
	Covered     ID = "rel.covered"
	GroupExit   ID = "grp.exit"
	GroupExit24 ID = "grp.exit24"
	GroupRet7   ID = "grp.ret7"
	Confirm     ID = "tch.confirm"
	Delivered   ID = "tch.delivered"
	Exec        ID = "sop.exec"
	OnTime      ID = "sop.ontime"
	StaffExec   ID = "stf.exec"
	GMV         ID = "rev.gmv"
	Attributed  ID = "rev.attr"
	LinkedShare ID = "rev.share"
	FirstOrder  ID = "rev.first_order"

	// By WeCom's own daily statistics, as they are archived.
	Pass          ID = "acq.pass"
	Negative      ID = "rel.neg"
	IdleStaff     ID = "rel.idle_staff"
	GroupTotal    ID = "grp.total"
	GroupNew      ID = "grp.new"
	GroupActive   ID = "grp.active"
	GroupSpoke    ID = "grp.dau"
	StaffChats    ID = "stf.chat_cnt"
	StaffMessages ID = "stf.message_cnt"
	ReplyShare    ID = "stf.reply_pct"
	ReplyTime     ID = "stf.reply_avg"
)

// All returns the dictionary, sorted by id.
func All() []Definition {
	all := dictionary()
	slices.SortFunc(all, func(a, b Definition) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	return all
}

// Get returns a definition.
func Get(id ID) (Definition, bool) {
	for _, d := range dictionary() {
		if d.ID == id {
			return d, true
		}
	}
	return Definition{}, false
}

func dictionary() []Definition {
	return []Definition{
		{
			ID: Scan, Version: 1, NameZh: "扫码人数", NameEn: "Scans", Unit: Count,
			Formula: "打开活码落地页的访客数", Window: "一个自然日（企业时区）", Key: "访客 × 活码 × 日",
			Source:  "本系统落地页",
			Pitfall: "直接扫企业微信二维码（不经落地页）不会被看到；没有落地页访问时为未知，不是 0",
		},
		{
			ID: Add, Version: 1, NameZh: "新增好友", NameEn: "New friends", Unit: Count,
			Formula: "新建立的（员工，客户）好友关系数，含再次添加", Window: "一个自然日", Key: "员工 × 客户 × 次",
			Source:  "企业微信回调与对账",
			Pitfall: "一人加多名员工计多次；人数看“新客人数”",
		},
		{
			ID: AddUnique, Version: 1, NameZh: "新客人数", NameEn: "New people", Unit: Count,
			Formula: "此前企业内无人认识的新客户数", Window: "一个自然日", Key: "客户",
			Source: "企业微信回调与对账", Pitfall: "被删后再加不算新客",
		},
		{
			ID: AddRate, Version: 1, NameZh: "加粉率", NameEn: "Add rate", Unit: Ratio,
			Formula: "通过活码添加的客户数 ÷ 该活码的扫码人数", Window: "活码创建以来", Key: "分子按客户，分母按访客",
			Source:  "本系统落地页、企业微信回调",
			Pitfall: "绕过落地页直接扫二维码的客户只进分子，比率可能大于 1",
		},
		{
			ID: Welcome, Version: 1, NameZh: "欢迎语成功率", NameEn: "Welcome rate", Unit: Ratio,
			Formula: "20 秒内发出的欢迎语 ÷ 拿到欢迎码的添加", Window: "一个自然日", Key: "员工 × 客户 × 次",
			Source:  "企业微信接口返回；时延按真实时间（毫秒）从收到回调算到接口应答",
			Pitfall: "后台为员工另设了欢迎语时，企业微信不给欢迎码，不进分母",
		},
		{
			ID: Join, Version: 1, NameZh: "入群人次", NameEn: "Group joins", Unit: Count,
			Formula: "外部成员进入客户群的次数", Window: "一个自然日", Key: "成员 × 群 × 次",
			Source: "企业微信客户群详情", Pitfall: "一人进多群计多次；员工进群不计",
		},
		{
			ID: JoinRate, Version: 1, NameZh: "入群率", NameEn: "Join rate", Unit: Ratio,
			Formula: "通过该码入群的客户数 ÷ 通过该码添加的客户数", Window: "活码创建以来", Key: "客户",
			Source: "企业微信客户群详情、回调", Pitfall: "分母是好友，不是扫码人数",
		},
		{
			ID: LostC, Version: 1, NameZh: "客户删除", NameEn: "Deleted by customers", Unit: Count,
			Formula: "客户删除员工的关系数", Window: "一个自然日", Key: "员工 × 客户 × 次",
			Source: "企业微信回调与群发结果", Pitfall: "客户拉黑与删除无法区分",
		},
		{
			ID: Stock, Version: 1, NameZh: "在册好友", NameEn: "Friends held", Unit: Count,
			Formula: "当前有效的好友关系数", Window: "此刻", Key: "员工 × 客户",
			Source: "企业微信回调与对账", Pitfall: "人数更少：一人可有多名员工好友",
		},
		{
			ID: Covered, Version: 1, NameZh: "好友覆盖率", NameEn: "Friends among members", Unit: Ratio,
			Formula: "群内至少是一名员工好友的外部成员 ÷ 群内外部成员", Window: "此刻", Key: "群成员",
			Source: "企业微信客户群详情", Pitfall: "陌生成员收不到一对一消息",
		},
		{
			ID: GroupExit, Version: 1, NameZh: "退群率", NameEn: "Exit rate", Unit: Ratio,
			Formula: "退群人次 ÷（期初外部成员 + 期间入群人次）", Window: "一个自然日", Key: "成员 × 群 × 次",
			Source: "企业微信客户群详情", Pitfall: "主动退与被移出合计；对账才发现的退群记在发现当日",
		},
		{
			ID: GroupExit24, Version: 1, NameZh: "24 小时退群率", NameEn: "Exit within 24 h", Unit: Ratio,
			Formula: "入群 24 小时内退出的人次 ÷ 入群满 24 小时的人次", Window: "最近 30 天入群者", Key: "成员 × 群 × 次",
			Source: "企业微信客户群详情", Pitfall: "入群未满 24 小时的不计",
		},
		{
			ID: GroupRet7, Version: 1, NameZh: "群 7 日留存", NameEn: "Group retention D7", Unit: Ratio,
			Formula: "入群 7 天后仍在群的人次 ÷ 入群满 7 天的人次", Window: "最近 30 天入群者", Key: "成员 × 群 × 次",
			Source: "企业微信客户群详情", Pitfall: "入群未满 7 天的不计",
		},
		{
			ID: Confirm, Version: 1, NameZh: "成员确认率", NameEn: "Confirmation rate", Unit: Ratio,
			Formula: "已被员工确认的群发任务 ÷ 已下发给员工的群发任务", Window: "当日下发的任务", Key: "员工 × 群发",
			Source: "企业微信群发结果", Pitfall: "窗口未过的任务仍可能被确认，当日数为部分数",
		},
		{
			ID: Delivered, Version: 1, NameZh: "送达率", NameEn: "Delivery rate", Unit: Ratio,
			Formula: "送达的接收者 ÷ 群发任务的接收者", Window: "当日下发的任务", Key: "群发 × 接收者",
			Source: "企业微信群发结果", Pitfall: "结果要等员工确认后才有，来得晚",
		},
		{
			ID: Exec, Version: 1, NameZh: "SOP 执行率", NameEn: "SOP execution", Unit: Ratio,
			Formula: "有凭证完成的步骤（含逾期补做）÷ 到期步骤", Window: "到期日为当日的步骤", Key: "对象 × 运行 × 步骤",
			Source:  "任务凭证：企业微信结果、本系统页面、客户端自报，三类合计",
			Pitfall: "被触达规则拒绝或取消的步骤不是员工的责任，不进分母",
		},
		{
			ID: OnTime, Version: 1, NameZh: "准时率", NameEn: "On time", Unit: Ratio,
			Formula: "时间窗内完成的步骤 ÷ 完成的步骤", Window: "到期日为当日的步骤", Key: "对象 × 运行 × 步骤",
			Source: "任务凭证", Pitfall: "未完成的不进分母，需与执行率同看",
		},
		{
			ID: StaffExec, Version: 1, NameZh: "导购执行率", NameEn: "Staff execution", Unit: Ratio,
			Formula: "员工完成的任务（含逾期）÷ 分配给员工且到期的任务", Window: "到期日为当日的任务", Key: "员工 × 任务",
			Source: "任务凭证", Pitfall: "员工有理由跳过的任务留在分母",
		},
		{
			ID: GMV, Version: 1, NameZh: "成交额", NameEn: "Sales", Unit: Fen,
			Formula: "当日订单实付金额合计，退款单按负数计入", Window: "下单日为当日的订单", Key: "订单号",
			Source: "导入的订单", Pitfall: "没有导入订单时为未知；当日文件未到齐时为部分数",
		},
		{
			ID: Attributed, Version: 1, NameZh: "归因成交额（首码，30 天）", NameEn: "Attributed sales (first code, 30 d)", Unit: Fen,
			Formula: "客户首次扫码添加后 30 天内的订单实付金额，归于首次添加所用的活码", Window: "下单日为当日的订单", Key: "订单号",
			Source: "导入的订单、活码归因", Pitfall: "这是归因，不是增量：没有对照组，不能说由社群带来",
		},
		{
			ID: LinkedShare, Version: 1, NameZh: "私域成交占比", NameEn: "Share of linked buyers", Unit: Ratio,
			Formula: "已关联好友的客户的成交额 ÷ 全部成交额", Window: "下单日为当日的订单", Key: "订单号",
			Source: "导入的订单、好友关系", Pitfall: "“已关联的买家”不等于“由社群促成”",
		},
		{
			ID: FirstOrder, Version: 1, NameZh: "首单客户数", NameEn: "First orders", Unit: Count,
			Formula: "通过活码添加后 30 天内首次下单的客户数", Window: "首单日为当日", Key: "客户",
			Source: "导入的订单、活码归因", Pitfall: "添加前就买过的老客，计其添加后的第一单",
		},
		{
			ID: Pass, Version: 1, NameZh: "好友通过率", NameEn: "Requests accepted", Unit: Ratio,
			Formula: "新增客户数 ÷ 员工发起的好友申请数", Window: "到当日为止的 7 个自然日", Key: "员工 × 客户",
			Source: official, Pitfall: "企业微信的新增客户含客户主动添加的，所以可能大于 1；申请与通过可能不在同一天",
		},
		{
			ID: Negative, Version: 1, NameZh: "负反馈", NameEn: "Negative feedback", Unit: Count,
			Formula: "当日删除或拉黑员工的客户数", Window: "一个自然日", Key: "员工 × 客户",
			Source: official, Pitfall: "含拉黑，比“客户删除”多；只按员工给，不知道是谁",
		},
		{
			ID: IdleStaff, Version: 1, NameZh: "闲置坐席", NameEn: "Idle seats", Unit: Count,
			Formula: "到当日为止连续 14 天既没有聊天也没有新增客户的员工数", Window: "到当日为止的 14 个自然日", Key: "员工",
			Source: official, Pitfall: "14 天里有一天没有取到的员工不计入",
		},
		{
			ID: GroupTotal, Version: 1, NameZh: "客户群总数", NameEn: "Groups", Unit: Count,
			Formula: "截至当日的客户群总数", Window: "当日结束时", Key: "群",
			Source: official, Pitfall: "企业微信按群主给；群主离开可见范围后不再计入",
		},
		{
			ID: GroupNew, Version: 1, NameZh: "新建客户群", NameEn: "New groups", Unit: Count,
			Formula: "当日新建的客户群数", Window: "一个自然日", Key: "群",
			Source: official, Pitfall: "当日建、当日解散的群也可能计入",
		},
		{
			ID: GroupActive, Version: 1, NameZh: "活跃群率", NameEn: "Groups with messages", Unit: Ratio,
			Formula: "截至当日发过消息的客户群 ÷ 截至当日的客户群总数", Window: "当日结束时", Key: "群",
			Source: official, Pitfall: "官方口径是“截至当日发过消息”，员工的消息也算，不是当天活跃；当天的互动要看会话存档",
		},
		{
			ID: GroupSpoke, Version: 1, NameZh: "互动率", NameEn: "Members who spoke", Unit: Ratio,
			Formula: "截至当日发过言的群成员 ÷ 截至当日的群成员总数", Window: "当日结束时", Key: "群 × 成员",
			Source: official, Pitfall: "官方口径是“截至当日发过言”，含员工；一人在多个群里计多次",
		},
		{
			ID: StaffChats, Version: 1, NameZh: "单聊数", NameEn: "Chats", Unit: Count,
			Formula: "当日员工有主动发过消息的单聊数合计", Window: "一个自然日", Key: "员工 × 客户",
			Source: official, Pitfall: "不含群聊；同一位客户和两名员工聊，计两次",
		},
		{
			ID: StaffMessages, Version: 1, NameZh: "消息数", NameEn: "Messages", Unit: Count,
			Formula: "当日员工在单聊中发送的消息数合计", Window: "一个自然日", Key: "消息",
			Source: official, Pitfall: "不含群聊、群发和欢迎语",
		},
		{
			ID: ReplyShare, Version: 1, NameZh: "已回复聊天占比", NameEn: "Chats answered", Unit: Ratio,
			Formula: "各员工的已回复聊天占比，按其单聊数加权平均", Window: "一个自然日", Key: "员工 × 客户",
			Source: official, Pitfall: "企业微信只给每名员工的百分比，没有聊天的员工没有这个数，不计入",
		},
		{
			ID: ReplyTime, Version: 1, NameZh: "平均首次回复时长", NameEn: "Time to first answer", Unit: Seconds,
			Formula: "各员工的平均首次回复时长，按其单聊数加权平均", Window: "一个自然日", Key: "员工 × 客户",
			Source: official, Pitfall: "官方精确到分钟，只算当日内首次回复的单聊，夜里来的消息会拉长",
		},
	}
}

// official is where the archived figures come from.
const official = "企业微信官方统计（每日存档，次日才有）"
