package archive

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const sentAt = 1_772_413_200_000

func raw(fields string) Raw {
	return Raw{Seq: 7, MsgID: "m7_external", Message: json.RawMessage(`{"msgid":"m7_external","action":"send","from":"wmA","tolist":["lina"],"roomid":"","msgtime":1772413200000,` + fields + `}`)}
}

// What people read of each kind, as WeCom's documentation has them (made-up values).
func TestDecodeReadsEveryKind(t *testing.T) {
	for kind, c := range map[string]struct {
		fields  string
		body    string
		media   []media
		strange bool
	}{
		"text":                 {fields: `"text":{"content":"你好\n在吗"}`, body: "你好\n在吗"},
		"image":                {fields: `"image":{"md5sum":"aa","filesize":70961,"sdkfileid":"F1"}`, media: []media{{"F1", "aa", "", 70961}}},
		"voice":                {fields: `"voice":{"md5sum":"bb","voice_size":"6810","play_length":10,"sdkfileid":"F2"}`, media: []media{{"F2", "bb", "", 6810}}},
		"video":                {fields: `"video":{"md5sum":"cc","filesize":1,"play_length":2,"sdkfileid":"F3"}`, media: []media{{"F3", "cc", "", 1}}},
		"card":                 {fields: `"card":{"corpname":"禾光茶饮","userid":"wmB"}`, body: "禾光茶饮"},
		"location":             {fields: `"location":{"longitude":116.3,"latitude":39.9,"address":"知春路","title":"西格玛大厦","zoom":15}`, body: "西格玛大厦\n知春路"},
		"emotion":              {fields: `"emotion":{"type":1,"width":290,"height":290,"imagesize":962604,"md5sum":"dd","sdkfileid":"F4"}`, media: []media{{"F4", "dd", "", 962604}}},
		"file":                 {fields: `"file":{"md5sum":"ee","filename":"资料.docx","fileext":"docx","filesize":18181,"sdkfileid":"F5"}`, body: "资料.docx", media: []media{{"F5", "ee", "资料.docx", 18181}}},
		"link":                 {fields: `"link":{"title":"邀请你加入","description":"群聊","link_url":"https://x.example","image_url":"u"}`, body: "邀请你加入\n群聊"},
		"weapp":                {fields: `"weapp":{"title":"开始聊天","description":"三步","username":"xx@app","displayname":"点单"}`, body: "开始聊天\n三步\n点单"},
		"chatrecord":           {fields: `"chatrecord":{"title":"群聊记录","item":[{"type":"ChatRecordText","msgtime":1603875610,"content":"{\"content\":\"第一句\"}","from_chatroom":false},{"type":"ChatRecordFile","content":"{\"filename\":\"价目.pdf\",\"sdkfileid\":\"F6\",\"filesize\":5}"},{"type":"ChatRecordMixed","content":"{\"item\":[{\"type\":\"text\",\"content\":\"{\\\"content\\\":\\\"深处\\\"}\"}]}"}]}`, body: "群聊记录\n第一句\n价目.pdf\n深处", media: []media{{"F6", "", "价目.pdf", 5}}},
		"mixed":                {fields: `"mixed":{"item":[{"type":"text","content":"{\"content\":\"看图\"}"},{"type":"image","content":"{\"md5sum\":\"ff\",\"filesize\":3,\"sdkfileid\":\"F7\"}"}]}`, body: "看图", media: []media{{"F7", "ff", "", 3}}},
		"todo":                 {fields: `"todo":{"title":"李娜的日程","content":"回访"}`, body: "李娜的日程\n回访"},
		"vote":                 {fields: `"vote":{"votetitle":"口味","voteitem":["甜","淡"],"votetype":101,"voteid":"v"}`, body: "口味\n甜\n淡"},
		"collect":              {fields: `"collect":{"room_name":"福利群","creator":"lina","title":"接龙","details":[{"id":1,"ques":"几杯","type":"Number"}]}`, body: "福利群\n接龙\n几杯"},
		"redpacket":            {fields: `"redpacket":{"type":1,"wish":"恭喜发财","totalcnt":2,"totalamount":20}`, body: "恭喜发财"},
		"external_redpacket":   {fields: `"redpacket":{"type":1,"wish":"大吉大利","totalcnt":2,"totalamount":20}`, body: "大吉大利"},
		"meeting":              {fields: `"meeting":{"topic":"晨会","starttime":1,"endtime":2,"address":"三楼","remarks":"带本子","meetingid":1}`, body: "晨会\n三楼\n带本子"},
		"meeting_notification": {fields: `"info":{"content":"会议开始","meeting_id":"1","notification_type":1}`, body: "会议开始"},
		"docmsg":               {fields: `"doc":{"title":"排班表","link_url":"https://doc.example","doc_creator":"lina"}`, body: "排班表"},
		"markdown":             {fields: `"info":{"content":"**重点**"}`, body: "**重点**"},
		"news":                 {fields: `"info":{"item":[{"title":"上新","description":"七夕","url":"https://n.example","picurl":"p"}]}`, body: "上新\n七夕"},
		"calendar":             {fields: `"calendar":{"title":"盘点","creatorname":"lina","attendeename":["zhou"],"starttime":1,"endtime":2,"place":"仓库","remarks":"点数"}`, body: "盘点\n仓库\n点数"},
		"meeting_voice_call":   {fields: `"voiceid":"V","meeting_voice_call":{"endtime":1,"sdkfileid":"F8","demofiledata":[{"filename":"演示.pptx","demooperator":"lina"}],"sharescreendata":[]}`, body: "演示.pptx", media: []media{{"F8", "", "", 0}}},
		"voip_doc_share":       {fields: `"voipid":"V","voip_doc_share":{"filename":"合同.pdf","md5sum":"gg","filesize":9,"sdkfileid":"F9"}`, body: "合同.pdf", media: []media{{"F9", "gg", "合同.pdf", 9}}},
		"sphfeed":              {fields: `"sphfeed":{"feed_type":4,"sph_name":"禾光","feed_desc":"新品视频"}`, body: "禾光\n新品视频"},
		"voiptext":             {fields: `"info":{"callduration":10,"invitetype":2}`},
		"qydiskfile":           {fields: `"info":{"filename":"价格.xlsx"}`, body: "价格.xlsx"},
		"hologram":             {fields: `"hologram":{"title":"未来","depth":3}`, body: "未来", strange: true},
	} {
		m := decode(raw(`"msgtype":"` + kind + `",` + c.fields))
		if m.kind != kind || m.body != c.body || m.strange != c.strange || m.from != "wmA" || len(m.to) != 1 || !m.at.Equal(time.UnixMilli(sentAt)) {
			t.Errorf("%s: %+v", kind, m)
		}
		if diff := cmp.Diff(c.media, m.media, cmp.AllowUnexported(media{})); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", kind, diff)
		}
		if (m.payload == nil) != (kind == "text") || m.payload != nil && !json.Valid(m.payload) {
			t.Errorf("%s: the rest is %s", kind, m.payload)
		}
	}
	for kind := range words {
		if kind == kindRevoke || kind == kindAgree || kind == kindDisagree {
			continue
		}
		if m := decode(raw(`"msgtype":"` + kind + `","` + kind + `":{}`)); m.strange {
			t.Errorf("%s is strange", kind)
		}
	}
}

func TestDecodeReadsWhatIsNoMessage(t *testing.T) {
	if m := decode(raw(`"action":"recall","msgtype":"revoke","revoke":{"pre_msgid":"m3_external"}`)); m.revokes != "m3_external" {
		t.Errorf("%+v", m)
	}
	if m := decode(Raw{Seq: 1, MsgID: "x", Message: json.RawMessage(`{"msgid":"x","action":"switch","time":1772413200000,"user":"lina"}`)}); !m.switched {
		t.Errorf("%+v", m)
	}
	for fields, want := range map[string]agreement{
		`"msgtype":"agree","agree":{"userid":"wmC","agree_time":1772413200000}`:    {"wmC", Agree, time.UnixMilli(sentAt)},
		`"msgtype":"agree","agree":{"userid":"wmC","agree_time":1772413200}`:       {"wmC", Agree, time.UnixMilli(sentAt)},
		`"msgtype":"disagree","disagree":{"disagree_time":"1772413200000"}`:        {"wmA", Disagree, time.UnixMilli(sentAt)},
		`"msgtype":"disagree","disagree":{"userid":"wmC","disagree_time":"never"}`: {"wmC", Disagree, time.Time{}},
	} {
		if m := decode(raw(fields)); m.consent == nil || !m.consent.at.Equal(want.at) || m.consent.external != want.external || m.consent.state != want.state {
			t.Errorf("%s: %+v", fields, m.consent)
		}
	}
	if m := decode(raw(`"msgtype":"agree","agree":{"userid":"lina","agree_time":1}`)); m.consent != nil {
		t.Error("a member agreed")
	}
}

// Nothing that comes from outside may fail, or hold what the database refuses.
func TestDecodeBearsAnything(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500)
	for _, message := range []string{
		``, `null`, `[]`, `"x"`, `{`, `{"msgtype":5,"from":{},"tolist":"lina","msgtime":"x","text":[]}`,
		`{"msgtype":"text","text":{"content":"a\u0000b"},"from":"wm\u0000A"}`,
		`{"msgtype":"text","text":{"content":"\ud800 broken"}}`,
		`{"msgtype":"file","file":{"filesize":1e999,"filename":"x","big":1e99999}}`,
		`{"msgtype":"x","x":` + deep + `}`,
		`{"msgtype":"text","text":{"content":"` + strings.Repeat("长", 100_000) + `"}}`,
		`{"msgtype":"x","x":{"a":"` + strings.Repeat("y", 1<<20) + `"}}`,
		`{"msgtype":"text","text":{"content":"{\"content\":\"里面\"}"}}`,
		"{\"msgtype\":\"text\",\"text\":{\"content\":\"\xff\xfe\"}}",
	} {
		m := decode(Raw{Seq: 1, MsgID: "m", Message: json.RawMessage(message)})
		for _, text := range []string{m.body, m.from, m.kind, string(m.payload)} {
			if strings.ContainsRune(text, 0) || strings.Contains(text, `\u0000`) {
				t.Errorf("%.60s: a NUL stays in %.60q", message, text)
			}
		}
		if len(m.body) > maxBody || len(m.payload) > maxPayload+100 || m.kind == "" || m.payload != nil && !json.Valid(m.payload) {
			t.Errorf("%.60s: %d bytes of text, %d of the rest", message, len(m.body), len(m.payload))
		}
	}
	if m := decode(raw(`"msgtype":"text","text":{"content":"{\"content\":\"里面\"}"}`)); m.body != `{"content":"里面"}` {
		t.Errorf("what somebody wrote was taken for ours: %q", m.body)
	}
}

func TestChatOf(t *testing.T) {
	for _, c := range []struct {
		from, to, room string
		key            string
		place          Place
	}{
		{"wmA", "lina", "", "s/lina/wmA", Single},
		{"lina", "wmA", "", "s/lina/wmA", Single},
		{"lina", "zhou", "", "i/lina/zhou", Internal},
		{"zhou", "lina", "", "i/lina/zhou", Internal},
		{"lina", "wmA,wmB", "wrX", "r/wrX", Room},
		{"wmA", "", "wrX", "r/wrX", Room},
		{"wbR", "lina", "", "s/lina/wbR", Single},
		{"lina", "", "", "i/lina/", Internal},
		{"", "", "", "i//", Internal},
		{"wmA", "wmB", "", "i/wmA/wmB", Internal},
	} {
		got := chatOf(c.from, strings.Split(c.to, ","), c.room)
		if got.key != c.key || got.place != c.place {
			t.Errorf("%s → %s in %q: %+v", c.from, c.to, c.room, got)
		}
	}
}
