package codetest_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"qunce/internal/errs"
	"qunce/internal/livecode"
	"qunce/internal/livecode/codetest"
	"qunce/internal/media"
	"qunce/internal/wecom"
	"qunce/internal/wecom/sim"
)

// pictured makes a code whose welcome carries a picture and a link.
func pictured(t *testing.T, b *codetest.Brand) livecode.Code {
	t.Helper()
	var raw bytes.Buffer
	if err := png.Encode(&raw, image.NewGray(image.Rect(0, 0, 64, 64))); err != nil {
		t.Fatal(err)
	}
	f, err := b.Media.Keep(codetest.As(t.Context()), "新人礼.png", &raw)
	if err != nil {
		t.Fatal(err)
	}
	n := poster(b)
	n.Parts = []media.Part{{Type: media.Image, FileID: f.ID, Title: f.Name}, {Type: media.Link, Title: "菜单", URL: "https://example.com/menu"}}
	return b.Create(n)
}

func mediaID(b *codetest.Brand) string {
	return codetest.One[string](b, `SELECT media_id FROM media_upload`)
}

// lastWelcome is what the newest welcome call came to: its state and whether it went without its files.
func lastWelcome(b *codetest.Brand) string {
	return codetest.One[string](b, `SELECT state || ' ' || coalesce(result->>'bare', 'whole') FROM outbox_call WHERE kind = 'send_welcome_msg' ORDER BY id DESC LIMIT 1`)
}

// A welcome's picture is uploaded once for all, and again when WeCom's three days are nearly over or it has forgotten the
// id before that; a picture that cannot be uploaded does not hold the greeting back.
func TestWelcomeWithAPicture(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	code := pictured(t, b)
	add := func(n int) { b.Do("add", map[string]any{"person": codetest.Person(n), "qr": code.QR}) }
	add(0)
	first := mediaID(b)
	add(1)
	if got := mediaID(b); got != first || lastWelcome(b) != "done whole" {
		t.Errorf("the second welcome came with %q after %q: %s", got, first, lastWelcome(b))
	}
	user := codetest.One[string](b, `SELECT userid FROM customer_relation WHERE external_userid = $1`, codetest.Person(1))
	if chat := b.Chat(user, codetest.Person(1)); !strings.Contains(chat, first) || !strings.Contains(chat, "example.com/menu") {
		t.Errorf("the phone shows %s", chat)
	}

	b.Advance(codetest.Start.Add(62 * time.Hour))
	add(2)
	second := mediaID(b)
	if second == first || lastWelcome(b) != "done whole" {
		t.Errorf("after three days the upload is still %q: %s", second, lastWelcome(b))
	}

	if _, err := b.DB.Exec(t.Context(), `UPDATE media_upload SET media_id = 'forgotten'`); err != nil {
		t.Fatal(err)
	}
	add(3)
	if got := mediaID(b); got == "forgotten" || got == second || lastWelcome(b) != "done whole" {
		t.Errorf("a forgotten id led to %q: %s", got, lastWelcome(b))
	}

	if _, err := b.DB.Exec(t.Context(), `DELETE FROM media_upload`); err != nil {
		t.Fatal(err)
	}
	if err := b.Sim.Faults(t.Context(), sim.Faults{Refuse: map[string]int{"media/upload": 40009}}); err != nil {
		t.Fatal(err)
	}
	add(4)
	if got := lastWelcome(b); got != "done true" {
		t.Errorf("without its picture the welcome is %q", got)
	}
	truth, err := b.Sim.Truth(t.Context())
	if err != nil || len(truth.Welcomes) != 5 {
		t.Errorf("%d were welcomed, %v", len(truth.Welcomes), err)
	}
}

// WeCom's ids of one use serve no other: the same original is uploaded for each, once, and all of them again when WeCom has
// forgotten one.
func TestAnOriginalForEachUse(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	file := pictured(t, b).WelcomeParts[0].FileID
	needs := []media.Need{{FileID: file, Use: media.AsImage}, {FileID: file, Use: media.Moments}, {FileID: file, Use: media.Album}, {FileID: file, Use: media.AsImage}}
	var asked [][]string
	with := func(answers ...error) error {
		asked = nil
		return b.Media.WithIDs(t.Context(), needs, func(ids []string) error {
			asked = append(asked, ids)
			return answers[len(asked)-1]
		})
	}
	if err := with(nil); err != nil || asked[0][0] != asked[0][3] || len(slices.Compact(slices.Sorted(slices.Values(asked[0])))) != 3 {
		t.Fatalf("%v, %v", asked, err)
	}
	first := asked[0]
	if err := with(nil); err != nil || !slices.Equal(asked[0], first) {
		t.Errorf("uploaded again: %v, %v", asked, err)
	}
	forgotten := wecom.ItemError("/cgi-bin/externalcontact/add_moment_task", 40007, "invalid media_id")
	if err := with(forgotten, nil); err != nil || len(asked) != 2 || slices.ContainsFunc(asked[1], func(id string) bool { return slices.Contains(first, id) }) {
		t.Errorf("after a refusal: %v, %v", asked, err)
	}
	if err := with(forgotten, forgotten); !wecom.IsCode(err, 40007) || len(asked) != 2 {
		t.Errorf("refused twice: %d calls, %v", len(asked), err)
	}
}

func TestPartsThatWeComWouldRefuse(t *testing.T) {
	b := codetest.New(t, codetest.Options{})
	code := pictured(t, b)
	file, err := b.Media.Keep(codetest.As(t.Context()), "菜单.txt", strings.NewReader("拿铁 28 元"))
	if err != nil {
		t.Fatal(err)
	}
	link := media.Part{Type: media.Link, Title: "菜单", URL: "https://example.com"}
	for name, x := range map[string]struct {
		parts []media.Part
		code  string
		field string
	}{
		"a text as a picture":  {[]media.Part{{Type: media.Image, FileID: file.ID}}, "media.wrong_kind.image", "welcome_parts.0.file_id"},
		"a file that is gone":  {[]media.Part{link, {Type: media.File, FileID: 12}}, "media.no_file", "welcome_parts.1.file_id"},
		"a link to nowhere":    {[]media.Part{{Type: media.Link, Title: "x", URL: "javascript:alert(1)"}}, "media.url", "welcome_parts.0.url"},
		"a title too long":     {[]media.Part{{Type: media.Link, Title: strings.Repeat("长", 43), URL: "https://example.com"}}, "media.title", "welcome_parts.0.title"},
		"a nameless program":   {[]media.Part{{Type: media.MiniProgram, AppID: "wx1", Page: "p"}}, "media.title", "welcome_parts.0.title"},
		"too many":             {[]media.Part{link, link, link, link, link, link, link, link, link}, "media.too_many", "welcome_parts"},
		"nothing we know":      {[]media.Part{{Type: "voice"}}, "media.type", "welcome_parts.0.type"},
		"a text as a document": {[]media.Part{{Type: media.File, FileID: file.ID}}, "", ""},
	} {
		err := b.Codes.Update(codetest.As(t.Context()), code.ID, livecode.Change{Parts: &x.parts})
		var e *errs.Error
		if errs.CodeOf(err) != x.code && !(err == nil && x.code == "") {
			t.Errorf("%s: got %v, want %q", name, err, x.code)
		} else if errors.As(err, &e) && e.Field != x.field {
			t.Errorf("%s: at %q, want %q", name, e.Field, x.field)
		}
	}
}
