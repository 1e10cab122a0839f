package sim

import (
	"strings"
	"testing"
)

func kfKnowledgeContracts(_ *testing.T, k *stage) []contract {
	intent := func(rest string) string {
		return `{"group_id":"{{group}}","question":{"text":{"content":"几点关门"}},"similar_questions":{"items":[{"text":{"content":"营业到几点"}}]},"answers":[{"text":{"content":"晚上九点"}` + rest + `}]}`
	}
	api := "kf/knowledge/"
	return []contract{
		k.upload("image", "media/upload", "type=image", "营业时间.png", pngOf(4, 4)),
		line(api+"add_group", "one", `{"name":"营业"}`, 0, k.keep("group", "group_id")),
		line(api+"add_group", "name twice", `{"name":"营业"}`, 40058),
		line(api+"add_group", "no name", `{}`, 40063),
		line(api+"add_group", "long name", `{"name":"`+repeat("名", 13)+`"}`, 40058),
		line(api+"mod_group", "rename", `{"group_id":"{{group}}","name":"营业时间"}`, 0),
		line(api+"mod_group", "unknown", `{"group_id":"x","name":"y"}`, 40058),
		line(api+"list_group", "all", `{}`, 0, entries("group_list", 2), is("group_list.0.is_default", 1), is("group_list.1.name", "营业时间"), is("has_more", 0)),
		line(api+"list_group", "one a page", `{"limit":1}`, 0, entries("group_list", 1), is("has_more", 1), k.keep("cursor", "next_cursor")),
		line(api+"list_group", "the next", `{"limit":1,"cursor":"{{cursor}}"}`, 0, is("group_list.0.name", "营业时间"), is("has_more", 0)),
		line(api+"list_group", "cursor", `{"cursor":"made up"}`, 50100),
		line(api+"add_intent", "one", intent(`,"attachments":[{"msgtype":"image","image":{"media_id":"{{image}}"}}]`), 0, k.keep("intent", "intent_id")),
		line(api+"add_intent", "unknown group", `{"group_id":"x"}`, 40058),
		line(api+"add_intent", "no answer", `{"group_id":"{{group}}","question":{"text":{"content":"q"}},"answers":[]}`, 40063),
		line(api+"add_intent", "two answers", `{"group_id":"{{group}}","question":{"text":{"content":"q"}},"answers":[{"text":{"content":"a"}},{"text":{"content":"b"}}]}`, 40058),
		line(api+"add_intent", "unknown picture", intent(`,"attachments":[{"msgtype":"image","image":{"media_id":"none"}}]`), 40007),
		line(api+"add_intent", "unknown part", intent(`,"attachments":[{"msgtype":"poem"}]`), 41065),
		line(api+"add_intent", "long question", `{"group_id":"{{group}}","question":{"text":{"content":"`+repeat("问", 201)+`"}},"answers":[{"text":{"content":"a"}}]}`, 40058),
		line(api+"list_intent", "all", `{"group_id":"{{group}}"}`, 0, entries("intent_list", 1), is("intent_list.0.question.text.content", "几点关门"), is("intent_list.0.similar_questions.items.0.text.content", "营业到几点"),
			is("intent_list.0.answers.0.attachments.0.image.name", "营业时间.png"), kind("intent_list.0.answers.0.attachments.0.image.media_id", "nothing")),
		line(api+"list_intent", "limit", `{"limit":1001}`, 40058),
		line(api+"mod_intent", "answer", strings.Replace(intent(""), `"group_id"`, `"intent_id":"{{intent}}","group_id"`, 1), 0),
		line(api+"mod_intent", "unknown", `{"intent_id":"x"}`, 40058),
		line(api+"list_intent", "changed", `{"intent_id":"{{intent}}"}`, 0, kind("intent_list.0.answers.0.attachments", "nothing")),
		line(api+"del_intent", "one", `{"intent_id":"{{intent}}"}`, 0),
		line(api+"del_intent", "gone", `{"intent_id":"{{intent}}"}`, 40058),
		line(api+"add_intent", "again", intent(""), 0),
		line(api+"del_group", "with its questions", `{"group_id":"{{group}}"}`, 0),
		line(api+"list_intent", "none left", `{}`, 0, entries("intent_list", 0)),
		line(api+"del_group", "the default", `{"group_id":"default"}`, 40058),
	}
}
