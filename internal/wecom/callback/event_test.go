package callback

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// samples are one event of every kind, by file name.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/events/*.xml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".xml")] = raw
	}
	return out
}

func TestEveryKind(t *testing.T) {
	const at, corp, app = 1772413200, "wwheguang0000001", 1000002
	sys := func(event, change string, e Event) Event {
		e.ToUser, e.FromUser, e.CreateTime, e.MsgType, e.Event, e.ChangeType = corp, "sys", at, "event", event, change
		return e
	}
	contact := func(change string, e Event) Event {
		if e.UserID == "" {
			e.UserID = "lina"
		}
		if e.ExternalUserID == "" {
			e.ExternalUserID = "wmHG0001"
		}
		return sys(ExternalContact, change, e)
	}
	chat := func(change, detail string, e Event) Event {
		e.ChatID, e.UpdateDetail = "wrHG01", detail
		return sys(ExternalChat, change, e)
	}
	inApp := func(event string, e Event) Event {
		e = sys(event, "", e)
		e.FromUser, e.AgentID = "lina", app
		return e
	}
	tests := map[string]struct {
		want   Event
		entity string
	}{
		"contact_add":           {contact(AddExternal, Event{State: "q1abc", WelcomeCode: "WC-1"}), "wmHG0001"},
		"contact_edit":          {contact(EditExternal, Event{}), "wmHG0001"},
		"contact_half":          {contact(AddHalfExternal, Event{ExternalUserID: "wmHG0002", State: "q1abc", WelcomeCode: "WC-2"}), "wmHG0002"},
		"contact_del":           {contact(DelExternal, Event{Source: DeleteByTransfer}), "wmHG0001"},
		"contact_del_follow":    {contact(DelFollow, Event{}), "wmHG0001"},
		"contact_transfer_fail": {contact(TransferFail, Event{UserID: "wang", FailReason: "customer_limit_exceed"}), "wmHG0001"},
		"contact_consent":       {contact(MsgAuditApproved, Event{WelcomeCode: "WC-3"}), "wmHG0001"},
		"chat_create":           {chat(ChatCreate, "", Event{}), "wrHG01"},
		"chat_add":              {chat(ChatUpdate, "add_member", Event{JoinScene: 3, MemChange: []string{"wmHG0001", "lina"}, LastMemVer: "aa01", CurMemVer: "aa02"}), "wrHG01"},
		"chat_del":              {chat(ChatUpdate, "del_member", Event{QuitScene: 1, MemChange: []string{"wmHG0002"}, LastMemVer: "aa02", CurMemVer: "aa03"}), "wrHG01"},
		"chat_owner":            {chat(ChatUpdate, "change_owner", Event{}), "wrHG01"},
		"chat_name":             {chat(ChatUpdate, "change_name", Event{}), "wrHG01"},
		"chat_notice":           {chat(ChatUpdate, "change_notice", Event{}), "wrHG01"},
		"chat_dismiss":          {chat(ChatDismiss, "", Event{}), "wrHG01"},
		"tag_create":            {sys(ExternalTag, "create", Event{ID: "etHG1", TagType: "tag", StrategyID: "1"}), "etHG1"},
		"tag_update":            {sys(ExternalTag, "update", Event{ID: "etGROUP", TagType: "tag_group"}), "etGROUP"},
		"tag_delete":            {sys(ExternalTag, "delete", Event{ID: "etHG1", TagType: "tag"}), "etHG1"},
		"tag_shuffle":           {sys(ExternalTag, "shuffle", Event{ID: "etGROUP", StrategyID: "1"}), "etGROUP"},
		"link_request":          {sys("customer_acquisition", "friend_request", Event{LinkID: "caHG01", State: "ad_7"}), "caHG01"},
		"link_quota":            {sys("customer_acquisition", "quota_expire_soon", Event{ExpireTime: 1775000000, ExpireQuota: 50}), "customer_acquisition"},
		"link_message":          {sys("customer_acquisition", "message_from_customer", Event{LinkID: "caHG01", ChatKey: "ck-1"}), "caHG01"},
		"member_create":         {sys(Contact, "create_user", Event{UserID: "zhao", Department: "1,3"}), "zhao"},
		"member_update":         {sys(Contact, "update_user", Event{UserID: "zhao", NewUserID: "zhao01", Department: "3"}), "zhao"},
		"member_delete":         {sys(Contact, "delete_user", Event{UserID: "zhao01"}), "zhao01"},
		"party_create":          {sys(Contact, "create_party", Event{ID: "7", Name: "华东区", ParentID: "1"}), "7"},
		"party_update":          {sys(Contact, "update_party", Event{ID: "7", ParentID: "2"}), "7"},
		"party_delete":          {sys(Contact, "delete_party", Event{ID: "7"}), "7"},
		"member_tag": {sys(Contact, "update_tag", Event{TagID: "1", AddUsers: []string{"lina", "wang"}, DelUsers: []string{"zhao"},
			AddParties: []string{"1", "2"}, DelParties: []string{"3"}}), "1"},
		"archive_notify": {sys(MsgAuditNotify, "", Event{AgentID: 2000004}), MsgAuditNotify},
		"app_enter":      {inApp("enter_agent", Event{}), "lina"},
		"app_subscribe":  {inApp("subscribe", Event{}), "lina"},
		"app_click":      {inApp("click", Event{EventKey: "menu_today"}), "lina"},
		"app_view":       {inApp("view", Event{EventKey: "https://crm.heguang.example/todo?a=1&b=2"}), "lina"},
		"card": {inApp("template_card_event", Event{EventKey: "btn_done", TaskID: "task-81", CardType: "button_interaction", ResponseCode: "RC-1",
			Selected: []Selection{{"q1", []string{"a", "b"}}, {"q2", nil}}}), "lina"},
		"card_menu": {inApp("template_card_menu_event", Event{EventKey: "mute", TaskID: "task-81", CardType: "text_notice", ResponseCode: "RC-2"}), "lina"},
		"message_text": {Event{ToUser: corp, FromUser: "lina", CreateTime: at, MsgType: "text", AgentID: app, MsgID: "7300000000000000001",
			Content: "今天的任务呢？😀"}, "lina"},
		"media_job": {sys("upload_media_job_finish", "", Event{JobID: "jobHG1"}), "jobHG1"},
		"batch_job": {sys("batch_job_result", "", Event{JobID: "jobHG2", JobType: "sync_user", JobText: "ok"}), "jobHG2"},
		"kf_message": {Event{ToUser: corp, CreateTime: at, MsgType: "event", Event: "kf_msg_or_event", Token: "ENCtoken",
			OpenKfID: "wkHG1"}, "wkHG1"},
		"kf_auth":      {sys("kf_account_auth_change", "", Event{AuthAdd: []string{"wkHG1"}, AuthDel: []string{"wkHG2"}}), "kf_account_auth_change"},
		"app_inactive": {sys("inactive_alert", "", Event{AgentID: app, EffectTime: 1773000000}), "inactive_alert"},
		"unknown":      {sys("change_something_new", "sprouted", Event{UserID: "lina"}), "lina"},
	}
	all := samples(t)
	for name, tt := range tests {
		raw, ok := all[name]
		delete(all, name)
		if !ok {
			t.Errorf("no sample %s", name)
			continue
		}
		got, err := Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Event{}, "Raw")); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if got.Entity() != tt.entity {
			t.Errorf("%s: entity %q, want %q", name, got.Entity(), tt.entity)
		}
		if kind, change := got.Kind(); Documented(kind, change) != (name != "unknown") {
			t.Errorf("%s: %s/%s documented: %v", name, kind, change, name == "unknown")
		}
	}
	for name := range all {
		t.Errorf("nobody looks at the sample %s", name)
	}
}

func TestKindOfAMessage(t *testing.T) {
	for _, tt := range []struct {
		e          Event
		kind, what string
		entity     string
	}{
		{Event{MsgType: "image", FromUser: "lina"}, Message, "image", "lina"},
		{Event{MsgType: "event"}, "", "", "event"},
		{Event{MsgType: "event", Event: "x", FromUser: "sys"}, "x", "", "x"},
	} {
		kind, what := tt.e.Kind()
		if kind != tt.kind || what != tt.what || tt.e.Entity() != tt.entity {
			t.Errorf("%+v: %q/%q about %q", tt.e, kind, what, tt.e.Entity())
		}
	}
}

func TestTwoEventsOfOneSecondDiffer(t *testing.T) {
	raw := string(samples(t)["chat_add"])
	a, err := Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse([]byte(strings.Replace(raw, "wmHG0001", "wmHG0009", 1)))
	if err != nil || a.Hash() == b.Hash() {
		t.Errorf("two events of one second share a hash (%v)", err)
	}
}
