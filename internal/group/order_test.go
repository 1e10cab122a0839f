package group_test

import (
	"fmt"
	"testing"
	"time"

	"qunce/internal/group/grouptest"
	"qunce/internal/inbox"
	"qunce/internal/wecom/callback"
)

// deliver puts a callback of ours beside those of the simulator: what it does not send, or sends otherwise.
func deliver(t *testing.T, b *grouptest.Brand, chat, change, fields string) {
	t.Helper()
	deliverAt(t, b, b.Clock.Now(), chat, change, fields)
}

func deliverAt(t *testing.T, b *grouptest.Brand, at time.Time, chat, change, fields string) {
	t.Helper()
	plain := fmt.Sprintf(`<xml><FromUserName>sys</FromUserName><CreateTime>%d</CreateTime><MsgType>event</MsgType><Event>change_external_chat</Event><ChatId>%s</ChatId><ChangeType>%s</ChangeType>%s</xml>`,
		at.Unix(), chat, change, fields)
	e, err := callback.Parse([]byte(plain))
	b.Check(err)
	b.Check(b.Inbox.Put(t.Context(), e))
}

func joined(person, last, cur string) string {
	return fmt.Sprintf(`<UpdateDetail>add_member</UpdateDetail><JoinScene>3</JoinScene><MemChangeCnt>1</MemChangeCnt><MemChangeList><Item>%s</Item></MemChangeList><LastMemVer>%s</LastMemVer><CurMemVer>%s</CurMemVer>`, person, last, cur)
}

func gone(person, last, cur string) string {
	return fmt.Sprintf(`<UpdateDetail>del_member</UpdateDetail><QuitScene>0</QuitScene><MemChangeCnt>1</MemChangeCnt><MemChangeList><Item>%s</Item></MemChangeList><LastMemVer>%s</LastMemVer><CurMemVer>%s</CurMemVer>`, person, last, cur)
}

// The news of a group's end overtakes that of its beginning: it never was here, and leaves nothing behind.
func TestDismissedBeforeCreated(t *testing.T) {
	b := grouptest.New(t, 1)
	before := b.Count(`SELECT count(*) FROM group_group`)
	deliver(t, b, "wrSHORT", callback.ChatDismiss, "")
	b.Work()
	deliver(t, b, "wrSHORT", callback.ChatCreate, "")
	deliver(t, b, "wrSHORT", callback.ChatUpdate, joined("wm00", "a", "b"))
	b.Work()
	b.Is("groups", before, b.Count(`SELECT count(*) FROM group_group`))
	b.Is("heard", []string{}, took(b))
}

// A change of a group of which we never heard: it is read, and is there.
func TestAChangeOfAnUnknownGroup(t *testing.T) {
	b := grouptest.New(t, 2)
	b.Lose(true)
	b.Staff("lina", "create_group", map[string]any{"text": "新开的群"})
	b.Pass(time.Minute)
	chat := ""
	truth, err := b.Sim.Truth(t.Context())
	b.Check(err)
	for _, m := range truth.Members {
		if m[1] == "lina" && m[0] != "wrWEST" {
			chat = m[0]
		}
	}
	if chat == "" {
		t.Fatal("no new group at WeCom")
	}
	deliver(t, b, chat, callback.ChatUpdate, "<UpdateDetail>change_name</UpdateDetail>")
	b.Work()
	b.Is("heard", []string{"group.created " + chat}, took(b))
	deliver(t, b, chat, callback.ChatCreate, "") // late
	b.Work()
	b.Is("heard later", []string{}, took(b))
}

// Two callbacks of one group arrive the wrong way round: what counts is what WeCom shows.
func TestGroupCallbacksTheWrongWayRound(t *testing.T) {
	b := grouptest.New(t, 3)
	b.Lose(true)
	b.Join("wm00", "wrWEST")
	b.Join("wm01", "wrWEST")
	b.Pass(time.Minute)
	b.Leave("wm00", "wrWEST")
	b.Pass(time.Minute)
	b.Calls("externalcontact/groupchat/get")
	deliver(t, b, "wrWEST", callback.ChatUpdate, gone("wm00", "v2", "v3"))
	b.Work()
	before := b.Clock.Now().Add(-time.Minute)
	deliverAt(t, b, before, "wrWEST", callback.ChatUpdate, joined("wm01", "v1", "v2"))
	deliverAt(t, b, before, "wrWEST", callback.ChatUpdate, joined("wm00", "v0", "v1"))
	b.Work()
	if n := b.Calls("externalcontact/groupchat/get"); n == 0 {
		t.Error("versions that do not connect were believed")
	}
	b.Is("who is in", map[string]string{"wrWEST wm01 1": "in"}, inside(b))
	counted(t, b)
}

func inside(b *grouptest.Brand) map[string]string {
	all := stays(b)
	for k, v := range all {
		if v != "in" {
			delete(all, k)
		}
	}
	return all
}

// The detail of a group that was just created may not be there yet.
func TestAGroupThatIsNotShownYet(t *testing.T) {
	b := grouptest.New(t, 1)
	b.Lose(true)
	look := func() {
		for lane := range inbox.Lanes {
			_, err := b.Inbox.RunOnce(t.Context(), lane)
			b.Check(err)
		}
		_, err := b.DB.Exec(t.Context(), `UPDATE inbox_event SET next_at = received_at WHERE state = 'new'`)
		b.Check(err)
	}
	deliver(t, b, "wrLATER", callback.ChatCreate, "")
	look()
	b.Is("to be looked at again", 1, b.Count(`SELECT attempts FROM inbox_event WHERE state = 'new' AND error = ''`))
	for range inbox.Looks {
		look()
	}
	b.Is("given up", 1, b.Count(`SELECT count(*) FROM inbox_event WHERE state = 'done' AND attempts = $1`, inbox.Looks))
}
