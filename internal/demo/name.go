package demo

import "math/rand/v2"

var surnames = []rune("王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严武")

var given = []string{"子涵", "欣怡", "梓萱", "浩宇", "俊杰", "雨桐", "思远", "佳琪", "一诺", "晨曦", "嘉怡", "博文", "静怡", "天佑", "雅婷", "志强", "海燕", "晓峰", "丽娟", "文静",
	"建华", "国栋", "春梅", "秀英", "宏伟", "明月", "若曦", "可欣", "泽宇", "沐阳", "语嫣", "昊然", "梦洁", "诗涵", "宇航", "倩", "磊", "洋", "敏", "婷", "鹏", "璐", "琳", "超", "颖", "凯"}

var before = []string{"爱喝茶的", "早起的", "南方的", "追风的", "慢慢来的", "住在楼上的", "不加糖的", "周末的", "安静的", "爱笑的", "骑单车的", "养猫的"}

var nouns = []string{"小满", "柚子", "阿月", "橘猫", "木木", "豆包", "小鹿", "青柠", "糯米", "山风", "云朵", "桃子", "石头", "海盐", "米粒", "北北", "团子", "葡萄", "薄荷", "栗子"}

func staffName(rng *rand.Rand) string {
	return string(surnames[rng.IntN(len(surnames))]) + given[rng.IntN(len(given))]
}

// nickname is what a customer calls themselves on WeChat: a name, a phrase, or a phrase with a name.
func nickname(rng *rand.Rand) string {
	switch rng.IntN(3) {
	case 0:
		return staffName(rng)
	case 1:
		return before[rng.IntN(len(before))] + nouns[rng.IntN(len(nouns))]
	default:
		return nouns[rng.IntN(len(nouns))] + string('A'+rune(rng.IntN(26)))
	}
}
