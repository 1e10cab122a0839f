package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// archiveWorld: lina's chats are archived, wang's are not; everybody agrees.
func archiveWorld() *World {
	w := wideWorld()
	w.People = smallWorld(4).People
	w.Archive = &Archive{Members: []string{"lina"}, Consent: 1, Lively: -1}
	w.Friends = []Friend{{UserID: "lina", ExternalUserID: "wm0000"}, {UserID: "wang", ExternalUserID: "wm0001"}}
	w.Groups[0].Members = []string{"wm0001", "wang"}
	return w
}

func archiveContracts(_ *testing.T, k *stage) []contract {
	arc := func(api, name, body string, want int, checks ...checker) contract {
		return line("msgaudit/"+api, name, body, want, checks...).by("archive")
	}
	pairs := func(n int) string {
		return `{"info":[` + strings.TrimSuffix(repeat(`{"userid":"lina","exteranalopenid":"wm0000"},`, n), ",") + `]}`
	}
	return []contract{
		arc("get_permit_user_list", "all", `{}`, 0, entries("ids", 1), is("ids.0", "lina")),
		arc("get_permit_user_list", "enterprise", `{"type":3}`, 0, entries("ids", 1)),
		arc("get_permit_user_list", "office", `{"type":1}`, 0, entries("ids", 0)),
		arc("get_permit_user_list", "type", `{"type":4}`, 40058),
		line("msgaudit/get_permit_user_list", "the app's secret", `{}`, 48002),
		arc("check_single_agree", "not asked", pairs(1), 0, entries("agreeinfo", 0)),
		arc("check_single_agree", "agreed", pairs(1), 0, is("agreeinfo.0.userid", "lina"), is("agreeinfo.0.exteranalopenid", "wm0000"), is("agreeinfo.0.agree_status", "Agree"), kind("agreeinfo.0.status_change_time", "number")).after(func(k *stage) {
			k.must(k.post("/sim/api/reply", rawJSON(`{"person":"wm0000","peer":"lina","text":"你好"}`), nil))
			passes(10 * time.Minute)(k)
		}),
		arc("check_single_agree", "withdrawn", pairs(1), 0, is("agreeinfo.0.agree_status", "Disagree")).after(func(k *stage) {
			k.byHand(`{"kind":"consent","person":"wm0000","userid":"lina","agree":false}`)
		}),
		arc("check_single_agree", "too many", pairs(101), 301060),
		arc("check_single_agree", "none", `{}`, 40063),
		arc("check_single_agree", "unknown", `{"info":[{"userid":"nobody","exteranalopenid":"wm0000"}]}`, 301061),
		arc("check_room_agree", "nobody spoke", `{"roomid":"wrONE"}`, 0, entries("agreeinfo", 0)),
		arc("check_room_agree", "one spoke", `{"roomid":"wrONE"}`, 0, entries("agreeinfo", 1), is("agreeinfo.0.exteranalopenid", "wm0001"), is("agreeinfo.0.agree_status", "Agree"), kind("agreeinfo.0.userid", "nothing")).after(func(k *stage) {
			k.must(k.post("/sim/api/reply", rawJSON(`{"person":"wm0001","chat_id":"wrONE","text":"大家好"}`), nil))
			passes(10 * time.Minute)(k)
		}),
		arc("check_room_agree", "unknown", `{"roomid":"none"}`, 86001),
		arc("check_room_agree", "none", `{}`, 86003),
		line("appchat/create", "internal", `{"name":"店长群","owner":"lina","userlist":["lina","wang"],"chatid":"room1"}`, 0),
		arc("groupchat/get", "internal", `{"roomid":"room1"}`, 0, is("roomname", "店长群"), is("creator", "lina"), kind("room_create_time", "number"), is("notice", ""), entries("members", 2), is("members.0.memberid", "lina"), kind("members.0.jointime", "number")),
		arc("groupchat/get", "of customers", `{"roomid":"wrONE"}`, 301059),
		arc("groupchat/get", "unknown", `{"roomid":"none"}`, 86001),
		arc("get_robot_info", "one", "?robot_id=wbGOOD", 0, is("data.robot_id", "wbGOOD"), is("data.name", "播报"), is("data.creator_userid", "lina")),
		arc("get_robot_info", "unknown", "?robot_id=wb0", 40058),
	}
}

func noArchiveContracts(*testing.T, *stage) []contract {
	return []contract{
		line("msgaudit/get_permit_user_list", "off", `{}`, 301053).by("archive"),
		line("msgaudit/check_single_agree", "off", `{"info":[]}`, 301053).by("archive"),
		line("msgaudit/get_robot_info", "off", "?robot_id=x", 301053).by("archive"),
	}
}

// archive reads the whole stream as an adapter's caller does, so many at once.
func (r *rig) archive(after, limit int) (rows []map[string]any) {
	r.t.Helper()
	for {
		var out struct {
			Code     int              `json:"errcode"`
			Messages []map[string]any `json:"messages"`
		}
		raw, status := r.archiveGet(fmt.Sprintf("messages?after=%d&limit=%d", after, limit), "archive-shh")
		if err := json.Unmarshal(raw, &out); err != nil || status != http.StatusOK || out.Code != 0 {
			r.t.Fatalf("archive: %d %s", status, raw)
		}
		if len(out.Messages) == 0 {
			return rows
		}
		for _, m := range out.Messages {
			seq := int(m["seq"].(float64)) //nolint:forcetypeassert // a test
			if seq <= after {
				r.t.Fatalf("seq %d after %d", seq, after)
			}
			after = seq
		}
		rows = append(rows, out.Messages...)
	}
}

func (r *rig) archiveGet(path, key string) ([]byte, int) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.web.URL+"/sim/archive/"+path, nil) //nolint:noctx // a test
	r.must(err)
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	r.must(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	r.must(err)
	return b, res.StatusCode
}
