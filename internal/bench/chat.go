package bench

import (
	"math/rand/v2"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// chatter invents what customers and shops say to each other. Words follow Zipf's law, as they do in any language: a few
// are in every other message, half of them were said once. A seed decides everything.
type chatter struct {
	r       *rand.Rand
	zipf    *rand.Zipf
	words   []string
	phrases []string // said again and again, word by word
	phrase  *rand.Zipf
}

// vocabulary is how many words there are. With the common ones in front, pairs of characters come out about as often as
// in real service dialogues: the most frequent in a twelfth of the messages, the hundredth in a fortieth.
const (
	vocabulary = 60_000
	phrases    = 500
)

func newChatter(seed uint64) *chatter {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	words := strings.Fields(commonWords)
	signs := characters()
	// Characters have their own frequencies: those of a shuffled list, so that the alphabet's order means nothing.
	r.Shuffle(len(signs), func(i, j int) { signs[i], signs[j] = signs[j], signs[i] })
	sign := rand.NewZipf(r, 1.6, 60, uint64(len(signs)-1))
	for len(words) < vocabulary {
		n := 2
		if r.IntN(5) == 0 {
			n = 3
		}
		word := make([]rune, n)
		for i := range word {
			word[i] = signs[sign.Uint64()]
		}
		words = append(words, string(word))
	}
	c := &chatter{r: r, zipf: rand.NewZipf(r, 1.25, 12, vocabulary-1), words: words, phrase: rand.NewZipf(r, 1.1, 3, phrases-1)}
	for range phrases {
		c.phrases = append(c.phrases, c.sentence())
	}
	return c
}

// message is what one message says: something of its own, or in a fifth of them a phrase from the shop's list.
func (c *chatter) message() string {
	switch c.r.IntN(10) {
	case 0:
		return c.phrases[c.phrase.Uint64()]
	case 1:
		return c.phrases[c.phrase.Uint64()] + c.sentence()
	}
	return c.sentence()
}

// characters are the 3,755 of everyday Chinese, the first level of GB 2312.
func characters() []rune {
	var out []rune
	decoder := simplifiedchinese.GBK.NewDecoder()
	for high := byte(0xB0); high <= 0xD7; high++ {
		for low := byte(0xA1); low <= 0xFE; low++ {
			text, err := decoder.Bytes([]byte{high, low})
			if r := []rune(string(text)); err == nil && len(r) == 1 && r[0] >= 0x4E00 && r[0] <= 0x9FFF {
				out = append(out, r[0])
			}
		}
	}
	return out
}

// word draws one word.
func (c *chatter) word() string { return c.words[c.zipf.Uint64()] }

// sentence says something of one to some thirty words.
func (c *chatter) sentence() string {
	var b strings.Builder
	n := 2 + int(c.r.ExpFloat64()*5)
	for i := range min(n, 60) {
		switch c.r.IntN(60) {
		case 0:
			b.WriteString(digits[c.r.IntN(len(digits))])
			for range 1 + c.r.IntN(10) {
				b.WriteByte(byte('0' + c.r.IntN(10)))
			}
		case 1:
			b.WriteString(latin[c.r.IntN(len(latin))])
		case 2:
			b.WriteString(faces[c.r.IntN(len(faces))])
		default:
			b.WriteString(c.word())
		}
		if i < n-1 && c.r.IntN(5) == 0 {
			b.WriteString(marks[c.r.IntN(len(marks))])
		}
	}
	if c.r.IntN(3) == 0 {
		b.WriteString(ends[c.r.IntN(len(ends))])
	}
	return b.String()
}

var (
	digits = []string{"", "", "1", "13", "单号", "¥"}
	latin  = []string{"ok", "OK", "vip", "app", "Wi-Fi", "SF", "L码", "id", "pro", "h5"}
	faces  = []string{"😊", "👍", "[微笑]", "[玫瑰]", "🙏", "[捂脸]"}
	marks  = []string{"，", "，", "，", "。", "、", " ", "～"}
	ends   = []string{"。", "。", "？", "！", "～", "…"}
)

// commonWords are in the order of how often they are said.
const commonWords = `的 了 我 你 是 吗 好的 有 不 在 这个 可以 您 您好 就 要 都 没有 什么 怎么 一下 呢 吧 啊 请问 谢谢 还 也 给 能 到 亲 我们 那 多少
	今天 明天 时候 现在 门店 活动 会员 优惠 价格 需要 知道 帮 看看 想 买 订单 发货 哪个 这边 这款 一个 两个 还是 如果 但是 因为 所以 不是 不要 不能 可能
	应该 已经 马上 稍等 麻烦 抱歉 不好意思 没事 没关系 好吧 好呀 收到 嗯嗯 哈哈 对的 可以的 有的 没有了 还有 哪里 几点 下午 上午 晚上 周末 昨天 刚才 一直
	真的 太 很 非常 喜欢 好喝 好吃 新品 奶茶 咖啡 推荐 套餐 优惠券 积分 余额 充值 退款 退货 换货 快递 物流 包装 地址 电话 联系 客服 店长 群里 大家 朋友
	宝宝 孩子 老师 医生 家里 公司 学校 附近 停车 排队 预约 到店 自提 外卖 配送 送到 多久 小时 分钟 尺码 颜色 质量 面料 正品 保质期 生产日期 过敏 无糖 少冰
	去冰 热的 大杯 中杯 加料 珍珠 柠檬 草莓 葡萄 抹茶 芝士 巧克力 蛋糕 面包 饼干 水果 牛奶 酸奶 豆浆 生日 礼物 红包 抽奖 打卡 签到 接龙 拼团 秒杀 直播 链接
	小程序 公众号 二维码 扫码 付款 支付 微信 支付宝 发票 收据 截图 图片 视频 语音 文件 名字 手机号 身份证 密码 账号 登录 注册 取消 修改 确认 提交 申请 审核
	通知 提醒 满减 折扣 半价 免费 赠送 限时 库存 缺货 补货 预售 到货 开门 营业 关门 放假 春节 国庆 中秋 端午 双十一 年货 冬天 夏天 春天 秋天 天气 下雨`
