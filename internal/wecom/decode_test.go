package wecom

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// Answers as WeCom's pages show them, where the pages disagree with themselves or with each other.
func TestTolerance(t *testing.T) {
	ctx := context.Background()
	c, _ := client(t, map[string][]string{
		"externalcontact/get_intercept_rule": {
			`{"errcode":0,"rule":{"rule_id":1,"rule_name":"禁语","word_list":["返利"],"semantics_list":[1,2],"intercept_type":2,"applicable_range":{"user_list":["lina"],"department_list":[2]}}}`,
			`{"errcode":0,"rule":{"rule_id":"1","rule_name":"禁语","word_list":["返利"],"extra_rule":{"semantics_list":[1,2]},"intercept_type":2,"applicable_range":{},"create_time":"1600000000"}}`,
		},
		"externalcontact/add_intercept_rule":      {`{"errcode":0,"rule_id":77}`, `{"errcode":0,"rule_id":"rx"}`},
		"externalcontact/get_intercept_rule_list": {`{"errcode":0,"rule_list":[{"rule_id":"r1","rule_name":"a","create_time":1},{"rule_id":2,"rule_name":"b","create_time":"2"}]}`},
		"kf/customer/get_upgrade_service_config": {
			`{"errcode":0,"member_range":{"userid_list":["lina"],"department_id_list":[2]},"groupchat_range":{"chat_id_list":["wr1"]}}`,
			`{"errcode":0,"member_range":{"userid_list":["lina"],"department_list":[2]},"groupchat_range":{"chat_id_list":["wr1"]}}`,
		},
		"externalcontact/get_moment_list": {`{"errcode":0,"moment_list":[{"moment_id":"m1","create_time":"1600000000","create_type":0,"visible_type":1,
			"text":{"content":"上新"},"image":[{"media_id":"I"}],"location":{"latitude":"23.10647","longitude":113.32446,"name":"广州"}}],"next_cursor":""}`},
		"kf/get_corp_statistic": {`{"errcode":0,"statistic_list":[{"stat_time":1645545600,"statistic":{"session_cnt":"2","customer_cnt":1,"ai_transfer_rate":0.5}}]}`},
		"externalcontact/get_unassigned_list": {
			`{"errcode":0,"info":[{"handover_userid":"a","external_userid":"wm1","dimission_time":1}],"is_last":true,"next_cursor":"x"}`,
		},
		"externalcontact/get_user_behavior_data": {`{"errcode":0,"behavior_data":[{"stat_time":1536508800,"chat_cnt":100,"message_cnt":80,"reply_percentage":60.25,"avg_reply_time":1,
			"negative_feedback_cnt":0,"new_apply_cnt":6,"new_contact_cnt":5},{"stat_time":1536595200,"chat_cnt":0,"message_cnt":0,"negative_feedback_cnt":0,"new_apply_cnt":0,"new_contact_cnt":0}]}`},
		"auth/getuserdetail": {`{"errcode":0,"userid":"lina","gender":1,"mobile":"13800000000"}`},
		"user/get":           {`{"userid":"lina","name":"李娜","department":[2],"status":1,"extattr":{"attrs":[]},"external_profile":{"external_attr":[{"type":1,"name":"官网","web":{"url":"https://x.cn","title":"x"}}]}}`},
	})
	for range 2 {
		r, err := c.InterceptGet(ctx, "1")
		if err != nil || r.ID != "1" || !slices.Equal(r.Meanings, []int{1, 2}) || r.Type != InterceptWarn {
			t.Errorf("rule %+v, %v", r, err)
		}
	}
	for _, want := range []string{"77", "rx"} {
		if id, err := c.InterceptAdd(ctx, InterceptRule{Name: "a"}); err != nil || id != want {
			t.Errorf("rule id %q, %v", id, err)
		}
	}
	if rules, err := c.InterceptList(ctx); err != nil || len(rules) != 2 || rules[1].ID != "2" || rules[1].CreateTime != 2 {
		t.Errorf("rules %+v, %v", rules, err)
	}
	for range 2 {
		if r, err := c.KfUpgradeConfig(ctx); err != nil || !slices.Equal(r.Departments, []int64{2}) {
			t.Errorf("range %+v, %v", r, err)
		}
	}
	if list, _, err := c.MomentList(ctx, MomentFilter{}, ""); err != nil || len(list) != 1 || list[0].Location.Longitude != "113.32446" || list[0].CreateTime.Time().Unix() != 1600000000 {
		t.Errorf("moments %+v, %v", list, err)
	}
	if days, err := c.KfCorpStatistic(ctx, "wk", time.Unix(1, 0), time.Unix(2, 0)); err != nil || len(days) != 1 || days[0].Sessions != 2 || days[0].HitRate != nil || *days[0].TransferRate != 0.5 {
		t.Errorf("figures %+v, %v", days, err)
	}
	if rows, next, err := c.Unassigned(ctx, "", 0); err != nil || len(rows) != 1 || next != "" {
		t.Errorf("the last page goes on at %q: %v", next, err)
	}
	days, err := c.UserBehavior(ctx, []string{"lina"}, time.Unix(1, 0), time.Unix(2, 0))
	if err != nil || len(days) != 2 || *days[0].ReplyPercent != 60.25 || *days[0].FirstReplyMinutes != 1 || days[1].ReplyPercent != nil || days[1].FirstReplyMinutes != nil {
		t.Errorf("behaviour %+v, %v", days, err)
	}
	if d, err := c.AuthUserDetail(ctx, "ticket"); err != nil || d.Gender != "1" {
		t.Errorf("detail %+v, %v", d, err)
	}
	if u, err := c.UserGet(ctx, "lina"); err != nil || u.ExternalProfile.Attrs[0].Web.URL != "https://x.cn" { // an old answer without an envelope
		t.Errorf("member %+v, %v", u, err)
	}
}

func TestFlexible(t *testing.T) {
	for in, want := range map[string]Seconds{"12": 12, `"12"`: 12, "null": 0, `""`: 0} {
		var s Seconds
		if err := json.Unmarshal([]byte(in), &s); err != nil || s != want {
			t.Errorf("%s: %d, %v", in, s, err)
		}
	}
	for in, want := range map[string]string{"12": "12", `"a\"b"`: `a"b`, "null": "", "-0.5": "-0.5"} {
		var s flexString
		if err := json.Unmarshal([]byte(in), &s); err != nil || string(s) != want {
			t.Errorf("%s: %q, %v", in, s, err)
		}
	}
	for _, in := range []string{`"xxxx"`, "{}", "[]", "true", "1.5"} {
		var s Seconds
		if json.Unmarshal([]byte(in), &s) == nil {
			t.Errorf("%s is taken for a time", in)
		}
	}
	for _, in := range []string{"{}", "[]", "true"} {
		var s flexString
		if json.Unmarshal([]byte(in), &s) == nil {
			t.Errorf("%s is taken for an id", in)
		}
	}
	if !Seconds(0).Time().IsZero() || Seconds(5).Time().Unix() != 5 {
		t.Error("0 is no time, 5 is")
	}
}

// Requests that are easily written wrong, as WeCom wants them.
func TestRequestShapes(t *testing.T) {
	price := Product{Description: "面霜", PriceFen: 0, Pictures: []Image{{MediaID: "M"}}}
	menu := KfMenuItem{Type: "click", ID: "1", Content: "转人工"}
	message := AppMessage{ToUser: "lina", AppBody: AppBody{MsgType: "markdown", Markdown: &Text{"**好**"}}}
	for _, tt := range []struct {
		in   any
		want string
	}{
		{price.wire(), `{"description":"面霜","price":0,"attachments":[{"type":"image","image":{"media_id":"M"}}]}`},
		{menu, `{"click":{"id":"1","content":"转人工"},"type":"click"}`},
		{message, `{"touser":"lina","agentid":0,"msgtype":"markdown","markdown":{"content":"**好**"}}`},
		{Media{MediaID: "M", Kind: MediaImage, CreatedAt: time.Unix(1, 0)}, `{"media_id":"M"}`},
		{CardImageText{CardJump: CardJump{Type: 1, URL: "u"}, ImageURL: "i"}, `{"type":1,"url":"u","image_url":"i"}`},
	} {
		got, err := json.Marshal(tt.in)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s, %v; want %s", got, err, tt.want)
		}
	}
}
