package sim

import (
	"fmt"
	"math"
)

// Home is a place people live around: a store's number and position (GCJ-02).
type Home struct {
	Store string
	Lat   float64
	Lng   float64
}

const (
	familyNames = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
	givenNames  = "子涵宇轩欣怡梓萱浩然诗语思远雨桐佳明晓丽建国婷婷志强海燕雅琴俊杰美玲文静家豪淑芬伟东雪梅鹏飞秀英晨曦嘉怡天佑可馨一诺若溪景行知夏安然念慈书瑶明轩乐瑶清妍"
	firstWords  = "小大阿老爱是不想一只会飞的安静快乐慢"
	lastWords   = "鱼猫兔熊桃橙茶糖云风雨星月山海竹麦米豆果叶鹿羊鲸"
)

// People makes n people, a seed's people always the same: some under their real names, some under WeChat ones, women a
// little more often, each living within a few kilometres of a home drawn evenly.
func People(seed uint64, n int, homes []Home) []Person {
	out := make([]Person, 0, n)
	for i := range n {
		r := dice(seed, "person", itoa(i))
		p := Person{ExternalUserID: mint(seed, "wm", int64(i)+1, 30), UnionID: mint(seed, "o6", int64(i)+1<<40, 26), Gender: 1}
		if r.Float64() < 0.6 {
			p.Gender = 2
		}
		if p.Name = MemberName(seed, 1_000_000+i); r.Float64() < 0.45 {
			first, last := []rune(firstWords), []rune(lastWords)
			p.Name = string([]rune{first[r.IntN(len(first))], last[r.IntN(len(last))], last[r.IntN(len(last))]})
			if r.Float64() < 0.2 {
				p.Name += fmt.Sprint(10 + r.IntN(90))
			}
		}
		if len(homes) > 0 {
			h := homes[r.IntN(len(homes))]
			km := 2.5 * math.Abs(r.NormFloat64())
			turn := 2 * math.Pi * r.Float64()
			p.HomeStore = h.Store
			p.Lat = h.Lat + km*math.Sin(turn)/111
			p.Lng = h.Lng + km*math.Cos(turn)/(111*math.Cos(h.Lat*math.Pi/180))
		}
		out = append(out, p)
	}
	return out
}

// MemberName is the i-th made-up Chinese name of a seed, two or three characters.
func MemberName(seed uint64, i int) string {
	r := dice(seed, "name", itoa(i))
	family, given := []rune(familyNames), []rune(givenNames)
	at := 2 * r.IntN(len(given)/2)
	name := []rune{family[r.IntN(len(family))], given[at], given[at+1]}
	if r.Float64() < 0.15 {
		name = name[:2]
	}
	return string(name)
}
