package sim

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// momentWorld: lina has three customers, two of them tagged in a moment; wang has one.
func momentWorld() *World {
	w := smallWorld(4)
	for i := range 3 {
		w.Friends = append(w.Friends, Friend{UserID: "lina", ExternalUserID: fmt.Sprintf("wm%04d", i)})
	}
	w.Friends = append(w.Friends, Friend{UserID: "wang", ExternalUserID: "wm0003"})
	w.Behaviour.Like = 1
	w.Members[0].Diligence = 1
	w.Limits.MomentsSeen, w.Limits.MomentsMonth = 2, 30
	return w
}

func momentContracts(_ *testing.T, k *stage) []contract {
	add, list := "externalcontact/add_moment_task", "externalcontact/get_moment_list"
	result := "externalcontact/get_moment_task_result"
	window := func(rest string) string {
		return `{"start_time":` + strconv.FormatInt(testStart.Unix()-86_400, 10) + `,"end_time":` + strconv.FormatInt(testStart.Unix()+29*86_400, 10) + rest + `}`
	}
	mark := func(k *stage) {
		for _, ext := range []string{"wm0000", "wm0001"} {
			if code, msg := k.call("externalcontact/mark_tag", `{"userid":"lina","external_userid":"`+ext+`","add_tag":["etA"]}`); code != 0 {
				k.t.Error(msg)
			}
		}
	}
	settled := func(k *stage) { // the moment's own dispatching is wall time
		k.s.mu.Lock()
		for id := range k.s.talk.made {
			k.s.talk.made[id] = k.s.wall.Now().Add(-time.Minute)
		}
		k.s.mu.Unlock()
	}
	both := func(fns ...func(*stage)) func(*stage) {
		return func(k *stage) {
			for _, fn := range fns {
				fn(k)
			}
		}
	}
	of := func(rest string) string { return `{"moment_id":"{{moment}}"` + rest + `}` }
	return []contract{
		k.upload("image", "media/upload_attachment", "media_type=image&attachment_type=1", "a.png", pngOf(4, 4)),
		k.upload("video", "media/upload_attachment", "media_type=video&attachment_type=1", "a.mp4", mp4Of(9)),
		k.upload("plain", "media/upload", "type=image", "a.png", pngOf(5, 5)),
		line(add, "to tagged customers of some", `{"visible_range":{"sender_list":{"user_list":["lina","nobody","noseat"],"department_list":[77]},"external_contact_list":{"tag_list":["etA","etX"]}},"text":{"content":"上新"},"attachments":[{"msgtype":"image","image":{"media_id":"{{image}}"}}]}`, 0, k.keep("job", "jobid")).after(mark),
		line(result, "at once", "?jobid={{job}}", 0, is("status", 1), is("type", "add_moment_task"), kind("result", "nothing")),
		line(result, "a second later", "?jobid={{job}}", 0, is("status", 2)).after(passes(time.Second)),
		line(result, "done", "?jobid={{job}}", 0, is("status", 3), is("result.errcode", 0), k.keep("moment", "result.moment_id"), entries("result.invalid_sender_list.user_list", 2),
			is("result.invalid_sender_list.department_list.0", 77), is("result.invalid_external_contact_list.tag_list.0", "etX")).after(passes(2 * time.Second)),
		line("externalcontact/get_moment_task", "right after", of(""), 41079),
		line("externalcontact/get_moment_task", "later", of(""), 0, entries("task_list", 1), is("task_list.0.userid", "lina"), is("task_list.0.publish_status", 0), is("next_cursor", "")).after(settled),
		line("externalcontact/get_moment_customer_list", "not published", of(`,"userid":"lina"`), 41062),
		line("externalcontact/get_moment_send_result", "not published", of(`,"userid":"lina"`), 41062),
		line("externalcontact/get_moment_comments", "not published", of(`,"userid":"lina"`), 41062),
		line("externalcontact/get_moment_task", "published", of(""), 0, is("task_list.0.publish_status", 1)).after(passes(3 * time.Hour)),
		line("externalcontact/get_moment_customer_list", "whom it is for", of(`,"userid":"lina"`), 0, entries("customer_list", 2), is("customer_list.0.userid", "lina"), is("customer_list.0.external_userid", "wm0000")),
		line("externalcontact/get_moment_customer_list", "one a page", of(`,"userid":"lina","limit":1`), 0, entries("customer_list", 1), k.keep("cursor", "next_cursor")),
		line("externalcontact/get_moment_customer_list", "the next page", of(`,"userid":"lina","limit":1,"cursor":"{{cursor}}"`), 0, entries("customer_list", 1), is("customer_list.0.external_userid", "wm0001"), is("next_cursor", "")),
		line("externalcontact/get_moment_customer_list", "cursor", of(`,"userid":"lina","cursor":"made up"`), 50100),
		line("externalcontact/get_moment_send_result", "who sees it", of(`,"userid":"lina"`), 0, entries("customer_list", 2), is("customer_list.1.external_userid", "wm0001")),
		line("externalcontact/get_moment_comments", "likes", of(`,"userid":"lina"`), 0, entries("like_list", 2), entries("comment_list", 0), kind("like_list.0.create_time", "number"), kind("like_list.0.external_userid", "string")).after(passes(24 * time.Hour)),
		line("externalcontact/get_moment_comments", "a comment by hand", of(`,"userid":"lina"`), 0, entries("comment_list", 1), is("comment_list.0.external_userid", "wm0001"), kind("comment_list.0.create_time", "number")).after(func(k *stage) {
			k.byHand(`{"kind":"moment_comment","person":"wm0001","userid":"lina","moment_id":"{{moment}}"}`)
			if err := k.post("/sim/act", rawJSON(k.fill(`{"kind":"moment_like","person":"wm0002","userid":"lina","moment_id":"{{moment}}"}`)), nil); err == nil {
				k.t.Error("who does not see a moment can like it")
			}
		}),
		line("externalcontact/get_moment_comments", "not hers", of(`,"userid":"wang"`), 41061),
		line("externalcontact/get_moment_comments", "unknown", `{"moment_id":"mom0","userid":"lina"}`, 41060),
		line("externalcontact/get_moment_comments", "none", `{"userid":"lina"}`, 41059),
		line("externalcontact/get_moment_send_result", "no member", of(""), 41009),

		line(list, "all", window(""), 0, entries("moment_list", 1), is("moment_list.0.create_type", 0), is("moment_list.0.visible_type", 0), kind("moment_list.0.creator", "nothing"),
			is("moment_list.0.text.content", "上新"), kind("moment_list.0.image.0.media_id", "string"), kind("moment_list.0.create_time", "number"), is("next_cursor", "")),
		line(list, "personal ones", window(`,"filter_type":1`), 0, entries("moment_list", 1), is("moment_list.0.creator", "lina"), is("moment_list.0.create_type", 1), is("moment_list.0.visible_type", 1), k.keep("own", "moment_list.0.moment_id")).
			after(func(k *stage) { k.byHand(`{"kind":"moment_post","userid":"lina","text":"今天的风"}`) }),
		line(list, "of the corp", window(`,"filter_type":0`), 0, entries("moment_list", 1), kind("moment_list.0.creator", "nothing")),
		line(list, "over the limit is the default", window(`,"limit":100,"creator":"lina"`), 0, entries("moment_list", 1)),
		line(list, "too long", `{"start_time":1,"end_time":2678402}`, 40058),
		line(list, "filter", window(`,"filter_type":3`), 40058),
		line(list, "cursor", window(`,"cursor":"made up"`), 50100),
		line("externalcontact/get_moment_task", "a personal one", `{"moment_id":"{{own}}"}`, 41067),
		line("externalcontact/cancel_moment_task", "a personal one", `{"moment_id":"{{own}}"}`, 41067),
		line("externalcontact/cancel_moment_task", "unknown", `{"moment_id":"mom0"}`, 41060),
		line("externalcontact/get_moment_task", "deleted", `{"moment_id":"{{own}}"}`, 41060).after(func(k *stage) { k.byHand(`{"kind":"moment_delete","userid":"lina","moment_id":"{{own}}"}`) }),
		line(list, "deleted ones are absent", window(`,"filter_type":1`), 0, entries("moment_list", 0)),

		line(add, "to everybody, to be stopped", `{"text":{"content":"全部"},"attachments":[{"msgtype":"video","video":{"media_id":"{{video}}"}}]}`, 0, k.keep("job", "jobid")),
		line(result, "done", "?jobid={{job}}", 0, is("status", 3), k.keep("moment", "result.moment_id")).after(both(passes(3*time.Second), settled)),
		line("externalcontact/get_moment_task", "two tasks", of(`,"limit":1`), 0, entries("task_list", 1), k.keep("cursor", "next_cursor")),
		line("externalcontact/get_moment_task", "the other", of(`,"cursor":"{{cursor}}"`), 0, entries("task_list", 1), is("task_list.0.userid", "wang")),
		line("externalcontact/cancel_moment_task", "in time", of(""), 0),
		line("externalcontact/get_moment_task", "nobody publishes", of(""), 0, is("task_list.0.publish_status", 0), is("task_list.1.publish_status", 0)).after(passes(10 * time.Hour)),

		line(add, "a second today", `{"text":{"content":"二"},"attachments":[{"msgtype":"link","link":{"title":"t","url":"http://x","media_id":"{{image}}"}}]}`, 0, k.keep("second", "jobid")),
		line(add, "a third", `{"visible_range":{"sender_list":{"department_list":[2]}},"text":{"content":"三"}}`, 0),
		line(add, "a fourth", `{"text":{"content":"四"}}`, 0, k.keep("job", "jobid")),
		line(result, "published", "?jobid={{job}}", 0, is("status", 3), k.keep("moment", "result.moment_id"), func(t *testing.T, _ map[string]any) {
			seen := map[string]int{}
			for _, m := range k.s.st.Talk.Moments.All {
				if task := m.task("lina"); m.Created > testStart.UnixMilli()+dayMS && task != nil {
					for _, ext := range task.Seen {
						seen[ext]++
					}
				}
			}
			if seen["wm0000"] != 2 || seen["wm0002"] != 2 {
				t.Errorf("customers were shown %v moments on one day, want 2", seen)
			}
		}).after(both(passes(2*time.Hour+30*time.Minute), settled)),

		line(add, "neither text nor picture", `{}`, 41089),
		line(add, "long", `{"text":{"content":"`+repeat("长", 2001)+`"}}`, 45002),
		line(add, "mixed", `{"attachments":[{"msgtype":"image","image":{"media_id":"{{image}}"}},{"msgtype":"video","video":{"media_id":"{{video}}"}}]}`, 41065),
		line(add, "unknown kind", `{"attachments":[{"msgtype":"file","file":{"media_id":"{{image}}"}}]}`, 41065),
		line(add, "ten pictures", `{"attachments":[`+strings.TrimSuffix(repeat(`{"msgtype":"image","image":{"media_id":"{{image}}"}},`, 10), ",")+`]}`, 41064),
		line(add, "two links", `{"attachments":[`+strings.TrimSuffix(repeat(`{"msgtype":"link","link":{"url":"http://x","media_id":"{{image}}"}},`, 2), ",")+`]}`, 41064),
		line(add, "of media/upload", `{"attachments":[{"msgtype":"image","image":{"media_id":"{{plain}}"}}]}`, 40007),
		line(add, "picture as film", `{"attachments":[{"msgtype":"video","video":{"media_id":"{{image}}"}}]}`, 40004),
		line(add, "link without url", `{"attachments":[{"msgtype":"link","link":{"media_id":"{{image}}"}}]}`, 40063),
		line(add, "only an unknown tag", `{"visible_range":{"external_contact_list":{"tag_list":["etX"]}},"text":{"content":"x"}}`, 0, k.keep("job", "jobid")),
		line(result, "failed", "?jobid={{job}}", 0, is("status", 3), is("result.errcode", 40068), kind("result.moment_id", "nothing")).after(passes(3 * time.Second)),
		line(result, "none", "?jobid=", 40063),
		line(result, "unknown", "?jobid=nope", 40058),
		line(result, "a day later", "?jobid={{second}}", 40058).after(passes(24 * time.Hour)),
		line(add, "expired picture", `{"attachments":[{"msgtype":"image","image":{"media_id":"{{image}}"}}]}`, 40145).after(passes(24 * time.Hour)),
		line(add, "the eleventh at once", `{"text":{"content":"x"}}`, 41078).after(func(k *stage) { k.moments(10) }),
		line(add, "the eleventh in a minute", `{"text":{"content":"x"}}`, 45009).after(passes(3 * time.Second)),
		line(add, "too many a month", `{"text":{"content":"x"}}`, 41210).after(func(k *stage) {
			for _, n := range []int{10, 4} {
				passes(time.Minute)(k)
				k.moments(n)
			}
			passes(time.Minute)(k)
		}),
	}
}

// moments makes n of them.
func (k *stage) moments(n int) {
	k.t.Helper()
	for range n {
		if code, msg := k.call("externalcontact/add_moment_task", `{"text":{"content":"x"}}`); code != 0 {
			k.t.Errorf("%d %s", code, msg)
		}
	}
}

func wordsContracts(_ *testing.T, k *stage) []contract {
	add, get, update := "externalcontact/add_intercept_rule", "externalcontact/get_intercept_rule", "externalcontact/update_intercept_rule"
	rule := func(name, words, rest string) string {
		return `{"rule_name":"` + name + `","word_list":[` + words + `],"intercept_type":1,"applicable_range":{"user_list":["LINA"],"department_list":[2]}` + rest + `}`
	}
	return []contract{
		line(add, "semantics at the top", rule("一", `"加微信"`, `,"semantics_list":[1,3]`), 0, k.keep("rule", "rule_id")),
		line(add, "semantics in extra_rule", rule("二", `"返现","红包"`, `,"extra_rule":{"semantics_list":[2]}`), 0, k.keep("other", "rule_id")),
		line(get, "one", `{"rule_id":"{{rule}}"}`, 0, is("rule.rule_name", "一"), is("rule.word_list.0", "加微信"), is("rule.extra_rule.semantics_list.1", 3), is("rule.intercept_type", 1),
			is("rule.applicable_range.user_list.0", "lina"), is("rule.applicable_range.department_list.0", 2), kind("rule.create_time", "number")),
		line(get, "by number", `{"rule_id":{{rule}}}`, 0, is("rule.rule_name", "一")),
		line(get, "none", `{}`, 40063),
		line(get, "unknown", `{"rule_id":"abc"}`, 41070),
		line("externalcontact/get_intercept_rule_list", "all", "?", 0, entries("rule_list", 2), kind("rule_list.0.rule_id", "string"), is("rule_list.0.rule_name", "一")),
		line(add, "name twice", rule("一", `"x"`, ""), 41077),
		line(add, "no name", rule("", `"x"`, ""), 40063),
		line(add, "long name", rule(repeat("名", 21), `"x"`, ""), 40058),
		line(add, "no words", rule("三", ``, ""), 40063),
		line(add, "long word", rule("三", `"`+repeat("词", 33)+`"`, ""), 41083),
		line(add, "300 words", rule("三", strings.TrimSuffix(repeat(`"w",`, 301), ","), ""), 41068),
		line(add, "semantics", rule("三", `"x"`, `,"semantics_list":[4]`), 41084),
		line(add, "type", `{"rule_name":"三","word_list":["x"],"intercept_type":3,"applicable_range":{"user_list":["lina"]}}`, 40058),
		line(add, "no range", `{"rule_name":"三","word_list":["x"],"intercept_type":2}`, 40063),
		line(add, "large range", `{"rule_name":"三","word_list":["x"],"intercept_type":2,"applicable_range":{"user_list":[`+strings.TrimSuffix(repeat(`"lina",`, 1001), ",")+`]}}`, 41076),
		line(add, "unknown member", `{"rule_name":"三","word_list":["x"],"intercept_type":2,"applicable_range":{"user_list":["nobody"]}}`, 60111),
		line(add, "unknown department", `{"rule_name":"三","word_list":["x"],"intercept_type":2,"applicable_range":{"department_list":[99]}}`, 60003),
		line(update, "some of it", `{"rule_id":"{{rule}}","rule_name":"一改","word_list":["新"],"extra_rule":{"semantics_list":[]},"intercept_type":2,"add_applicable_range":{"user_list":["wang"]},"remove_applicable_range":{"user_list":["Lina"],"department_list":[2]}}`, 0),
		line(get, "updated", `{"rule_id":"{{rule}}"}`, 0, is("rule.rule_name", "一改"), is("rule.intercept_type", 2), entries("rule.word_list", 1), entries("rule.extra_rule.semantics_list", 0), entries("rule.applicable_range.user_list", 1),
			is("rule.applicable_range.user_list.0", "wang"), entries("rule.applicable_range.department_list", 0)),
		line(update, "name of another", `{"rule_id":"{{rule}}","rule_name":"二"}`, 41077),
		line(update, "unknown", `{"rule_id":"1"}`, 41070),
		line(update, "too many to take out", `{"rule_id":"{{rule}}","remove_applicable_range":{"user_list":[`+strings.TrimSuffix(repeat(`"lina",`, 1001), ",")+`]}}`, 41076),
		line(update, "nobody left", `{"rule_id":"{{rule}}","remove_applicable_range":{"user_list":["wang"]}}`, 40063),
		line("externalcontact/del_intercept_rule", "one", `{"rule_id":"{{other}}"}`, 0),
		line("externalcontact/del_intercept_rule", "gone", `{"rule_id":"{{other}}"}`, 41070),
		line(add, "the hundred and first", rule("满", `"x"`, ""), 41069).after(func(k *stage) {
			for i := range 99 {
				if code, msg := k.call(add, rule(fmt.Sprintf("第%d条", i), `"x"`, "")); code != 0 {
					k.t.Error(msg)
				}
			}
		}),
	}
}

func albumContracts(_ *testing.T, k *stage) []contract {
	add, update := "externalcontact/add_product_album", "externalcontact/update_product_album"
	one := func(rest string) string {
		return `{"description":"世界上最好的商品","price":30000` + rest + `,"attachments":[{"type":"image","image":{"media_id":"{{image}}"}}]}`
	}
	return []contract{
		k.upload("image", "media/upload_attachment", "media_type=image&attachment_type=2", "a.png", pngOf(4, 4)),
		k.upload("moment", "media/upload_attachment", "media_type=image&attachment_type=1", "a.png", pngOf(4, 4)),
		line(add, "first", one(`,"product_sn":"SN001"`), 0, k.keep("product", "product_id")),
		line("externalcontact/get_product_album", "first", `{"product_id":"{{product}}"}`, 0, is("product.price", 30000), is("product.product_sn", "SN001"),
			is("product.attachments.0.type", "image"), kind("product.attachments.0.image.media_id", "string"), kind("product.create_time", "number")),
		line(add, "sn twice", one(`,"product_sn":"SN001"`), 41075),
		line(add, "sn shape", one(`,"product_sn":"货号"`), 41075),
		line(add, "no price", `{"description":"x","attachments":[{"type":"image","image":{"media_id":"{{image}}"}}]}`, 40063),
		line(add, "price", `{"description":"x","price":5000001,"attachments":[{"type":"image","image":{"media_id":"{{image}}"}}]}`, 41086),
		line(add, "price as text", `{"description":"x","price":"1","attachments":[]}`, 40035),
		line(add, "description", `{"description":"`+repeat("长", 301)+`","price":1,"attachments":[{"type":"image","image":{"media_id":"{{image}}"}}]}`, 41085),
		line(add, "no picture", `{"description":"x","price":1}`, 41088),
		line(add, "ten pictures", `{"description":"x","price":1,"attachments":[`+strings.TrimSuffix(repeat(`{"type":"image","image":{"media_id":"{{image}}"}},`, 10), ",")+`]}`, 41064),
		line(add, "a film", `{"description":"x","price":1,"attachments":[{"type":"video"}]}`, 41087),
		line(add, "of moments", `{"description":"x","price":1,"attachments":[{"type":"image","image":{"media_id":"{{moment}}"}}]}`, 40007),
		line(add, "second", one(""), 0, k.keep("second", "product_id")),
		line(add, "full", one(""), 41202),
		line("externalcontact/get_product_album_list", "one a page", `{"limit":1}`, 0, entries("product_list", 1), k.keep("cursor", "next_cursor")),
		line("externalcontact/get_product_album_list", "the next", `{"limit":1,"cursor":"{{cursor}}"}`, 0, entries("product_list", 1), is("next_cursor", "")),
		line("externalcontact/get_product_album_list", "over the limit", `{"limit":1000}`, 0, entries("product_list", 2)),
		line("externalcontact/get_product_album_list", "cursor", `{"cursor":"made up"}`, 50100),
		line("externalcontact/get_product_album", "none", `{}`, 41073),
		line("externalcontact/get_product_album", "unknown", `{"product_id":"x"}`, 41074),
		line(update, "price", `{"product_id":"{{product}}","price":1}`, 0),
		line("externalcontact/get_product_album", "updated", `{"product_id":"{{product}}"}`, 0, is("product.price", 1), is("product.product_sn", "SN001"), entries("product.attachments", 1)),
		line(update, "old pictures stay", `{"product_id":"{{product}}","attachments":[{"type":"image","image":{"media_id":"{{image}}"}}]}`, 0).after(passes(73 * time.Hour)),
		line(update, "expired ones do not come in", `{"product_id":"{{product}}","attachments":[{"type":"image","image":{"media_id":"{{moment}}"}}]}`, 40007),
		line(update, "unknown", `{"product_id":"x"}`, 41074),
		line("externalcontact/delete_product_album", "one", `{"product_id":"{{second}}"}`, 0),
		line("externalcontact/delete_product_album", "gone", `{"product_id":"{{second}}"}`, 41074),
	}
}
