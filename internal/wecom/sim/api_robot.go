package sim

import (
	"crypto/md5" //nolint:gosec // WeCom asks for it
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// chat is where the robot stands: a group of the app's, or one nobody else sees.
func (r *Robot) chat() string {
	if r.ChatID != "" {
		return r.ChatID
	}
	return "robot|" + r.Key
}

// id is how the archive names the robot.
func (r *Robot) id(seed uint64) string {
	if r.ID != "" {
		return r.ID
	}
	return "wb" + mint(seed, "", int64(len(r.Key))<<32+int64(dice(seed, "robot", r.Key).Uint32()), 30)
}

func (s *state) robot(key string) *Robot {
	for i := range s.World.Robots {
		if r := &s.World.Robots[i]; r.Key == key {
			return r
		}
	}
	return nil
}

// robot finds the robot of the key in the address, if it may speak where it stands.
func (c *call) robot() (*Robot, error) {
	r := c.st.robot(c.q.Get("key"))
	switch {
	case r == nil:
		return nil, refuse(93000, "invalid webhook url")
	case r.Disabled:
		return nil, refuse(93004, "robot is disabled")
	case r.Removed:
		return nil, refuse(93008, "robot is not in the group")
	case c.st.Groups[r.ChatID] != nil:
		return nil, refuse(93001, "current group does not allow push")
	}
	return r, nil
}

func (c *call) robotSend() (fields, error) {
	r, err := c.robot()
	if err != nil {
		return nil, err
	}
	var in appContent
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	words, err := in.robotWords(c)
	if err != nil {
		return nil, err
	}
	if !c.st.Talk.Meters["robot|"+r.Key].room(c.t.At, 1, [4]int64{robotMin}) {
		return nil, refuse(45009, "api freq out of limit")
	}
	c.t.do(op{K: opRobot, ID: r.Key, Chat: r.chat(), Name: r.id(c.st.World.Seed), Text: words})
	return nil, nil
}

// robotWords checks what a robot is to say.
func (in *appContent) robotWords(c *call) (string, error) {
	none, long := refuse(93017, "empty content"), refuse(45002, "content size out of limit")
	switch in.MsgType {
	case "text":
		if in.Text == nil || in.Text.Content == "" {
			return "", none
		}
		if len(in.Text.Content) > 2048 {
			return "", long
		}
		return in.Text.Content, nil
	case "markdown", "markdown_v2":
		md := in.Markdown
		if in.MsgType == "markdown_v2" {
			md = in.Markdown2
		}
		if md == nil || md.Content == "" {
			return "", none
		}
		if len(md.Content) > 4096 {
			return "", long
		}
		return md.Content, nil
	case "image":
		if in.Image == nil || in.Image.Base64 == "" || in.Image.MD5 == "" {
			return "", none
		}
		b, err := base64.StdEncoding.DecodeString(in.Image.Base64)
		sum := md5.Sum(b) //nolint:gosec // as above
		f := look(b)
		switch {
		case len(b) > 2<<20:
			return "", refuse(93018, "image size out of limit")
		case err != nil || f.Format != "jpg" && f.Format != "png":
			return "", refuse(40004, "invalid media type")
		case hex.EncodeToString(sum[:]) != lower(in.Image.MD5):
			return "", refuse(301019, "image md5 does not match")
		}
		return "[图片]", nil
	case "news":
		if in.News == nil || len(in.News.Articles) == 0 {
			return "", none
		}
		return in.news()
	case "file", "voice":
		return in.words(c)
	case "template_card":
		k, err := c.readCard(in.Card)
		switch {
		case err != nil:
			return "", err
		case k.Kind != cardText && k.Kind != cardNews || k.Menu != nil:
			return "", refuse(40058, "invalid card_type")
		}
		return k.words(), nil
	}
	return "", refuse(40008, "invalid message type")
}

func (c *call) robotUpload() (fields, error) {
	if _, err := c.robot(); err != nil {
		return nil, err
	}
	kind := c.q.Get("type")
	if kind != mediaFile && kind != mediaVoice {
		return nil, refuse(40005, "invalid type")
	}
	name, body, err := c.upload("media")
	if err != nil {
		return nil, err
	}
	if err := checkMedia(kind, body); err != nil {
		return nil, err
	}
	m, err := c.shelve(kind, name, fromUpload, body, look(body))
	if err != nil {
		return nil, err
	}
	c.t.change(op{K: opMedia}, m)
	return fields{"type": kind, "media_id": m.ID, "created_at": strconv.FormatInt(m.Created/1000, 10)}, nil
}
