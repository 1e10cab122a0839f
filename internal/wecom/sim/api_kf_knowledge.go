package sim

import (
	"cmp"
	"encoding/json"
	"strconv"
)

// kfTopic is a group of the bot's questions and answers (知识库分组); kfIntent is one question of it.
type kfTopic struct {
	ID, Name string
	Order    int64
	Default  bool
}

type kfIntent struct {
	ID, Topic string
	Order     int64
	Body      kfIntentBody
}

type kfKnowledge struct {
	Topics  map[string]*kfTopic
	Intents map[string]*kfIntent
}

const (
	opKfTopic     = "kf.topic"   // body kfTopic
	opKfTopicDel  = "kf.topic-"  // ID; with its questions
	opKfIntent    = "kf.intent"  // body kfIntent
	opKfIntentDel = "kf.intent-" // ID

	kfTopicDefault = "default"
)

func kfKnowledgeArea() area {
	return area{
		endpoints: map[string]endpoint{
			"kf/knowledge/add_group":   post((*call).kfTopicAdd),
			"kf/knowledge/mod_group":   post((*call).kfTopicRename),
			"kf/knowledge/del_group":   post((*call).kfTopicDelete),
			"kf/knowledge/list_group":  post((*call).kfTopics),
			"kf/knowledge/add_intent":  post((*call).kfIntentAdd),
			"kf/knowledge/mod_intent":  post((*call).kfIntentChange),
			"kf/knowledge/del_intent":  post((*call).kfIntentDelete),
			"kf/knowledge/list_intent": post((*call).kfIntents),
		},
		changes: map[string]change{
			opKfTopic: changing(func(s *state, _ int64, _ *op, v kfTopic) { s.Talk.Kf.Knowledge.Topics[v.ID] = &v }),
			opKfTopicDel: func(s *state, _ int64, o *op) error {
				k := &s.Talk.Kf.Knowledge
				delete(k.Topics, o.ID)
				for id, i := range k.Intents {
					if i.Topic == o.ID {
						delete(k.Intents, id)
					}
				}
				return nil
			},
			opKfIntent:    changing(func(s *state, _ int64, _ *op, v kfIntent) { s.Talk.Kf.Knowledge.Intents[v.ID] = &v }),
			opKfIntentDel: func(s *state, _ int64, o *op) error { delete(s.Talk.Kf.Knowledge.Intents, o.ID); return nil },
		},
	}
}

func (k *kfKnowledge) index() {
	orMake(&k.Topics)
	orMake(&k.Intents)
	if k.Topics[kfTopicDefault] == nil {
		k.Topics[kfTopicDefault] = &kfTopic{ID: kfTopicDefault, Name: "默认分组", Default: true}
	}
}

type kfTopicIn struct {
	ID   string `json:"group_id"`
	Name string `json:"name"`
}

// kfTopicNamed checks a group's name.
func (c *call) kfTopicNamed(in *kfTopicIn) error {
	if in.Name == "" {
		return refuse(40063, "some parameters are empty")
	}
	if chars(in.Name) > 12 {
		return refuse(40058, "name is longer than 12 characters")
	}
	for id, t := range c.st.Talk.Kf.Knowledge.Topics {
		if t.Name == in.Name && id != in.ID {
			return refuse(40058, "name is not unique")
		}
	}
	return nil
}

func (c *call) kfTopic(id string) (*kfTopic, error) {
	if id == "" {
		return nil, refuse(40063, "some parameters are empty")
	}
	t := c.st.Talk.Kf.Knowledge.Topics[id]
	if t == nil {
		return nil, refuse(40058, "invalid group_id")
	}
	return t, nil
}

func (c *call) kfTopicAdd() (fields, error) {
	var in kfTopicIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	in.ID = ""
	if err := c.kfTopicNamed(&in); err != nil {
		return nil, err
	}
	t := kfTopic{ID: mint(c.st.World.Seed, "", c.st.next(), 32), Name: in.Name, Order: c.st.Seq}
	c.t.change(op{K: opKfTopic}, t)
	return fields{"group_id": t.ID}, nil
}

func (c *call) kfTopicRename() (fields, error) {
	var in kfTopicIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, err := c.kfTopic(in.ID)
	if err != nil {
		return nil, err
	}
	if err := c.kfTopicNamed(&in); err != nil {
		return nil, err
	}
	next := *t
	next.Name = in.Name
	c.t.change(op{K: opKfTopic}, next)
	return nil, nil
}

func (c *call) kfTopicDelete() (fields, error) {
	var in kfTopicIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, err := c.kfTopic(in.ID)
	switch {
	case err != nil:
		return nil, err
	case t.Default:
		return nil, refuse(40058, "the default group can not be deleted")
	}
	c.t.do(op{K: opKfTopicDel, ID: t.ID})
	return nil, nil
}

type kfPage struct {
	ID     string `json:"group_id"`
	Intent string `json:"intent_id"`
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// kfCut is one page of what stands in order; more says whether there is another.
func kfCut[V any](in *kfPage, api string, m map[string]V, less func(a, b V) bool, keep func(V) bool) (ids []string, next string, more int, err error) {
	if in.Limit < 0 || in.Limit > 1000 {
		return nil, "", 0, refuse(40058, "invalid limit")
	}
	pos, err := position(api, in.Cursor)
	if err != nil {
		return nil, "", 0, err
	}
	from, err := strconv.Atoi(cmp.Or(pos, "0"))
	if err != nil || from < 0 {
		return nil, "", 0, refuse(50100, "invalid cursor")
	}
	for i, id := range sortedBy(m, less) {
		if i < from || !keep(m[id]) {
			continue
		}
		if len(ids) == cmp.Or(in.Limit, 500) {
			return ids, cursor(api, strconv.Itoa(i)), 1, nil
		}
		ids = append(ids, id)
	}
	return ids, "", 0, nil
}

func (c *call) kfTopics() (fields, error) {
	var in kfPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	all := c.st.Talk.Kf.Knowledge.Topics
	ids, next, more, err := kfCut(&in, "kftopic", all, func(a, b *kfTopic) bool { return a.Order < b.Order }, func(t *kfTopic) bool { return in.ID == "" || t.ID == in.ID })
	if err != nil {
		return nil, err
	}
	rows := []fields{}
	for _, id := range ids {
		rows = append(rows, fields{"group_id": id, "name": all[id].Name, "is_default": int(b2f(all[id].Default))})
	}
	return fields{"group_list": rows, "next_cursor": next, "has_more": more}, nil
}

type kfWords struct {
	Text struct {
		Content string `json:"content"`
	} `json:"text"`
}

// kfIntentBody is a question, others of the same meaning, and its answer.
type kfIntentBody struct {
	Question kfWords `json:"question"`
	Similar  *struct {
		Items []kfWords `json:"items"`
	} `json:"similar_questions,omitempty"`
	Answers []kfReply `json:"answers"`
}

type kfReply struct {
	Text struct {
		Content string `json:"content"`
	} `json:"text"`
	Attachments []kfReplyPart `json:"attachments,omitempty"`
}

type kfReplyPart struct {
	Type  string       `json:"msgtype"`
	Image *kfReplyFile `json:"image,omitempty"`
	Video *kfReplyFile `json:"video,omitempty"`
	Link  *struct {
		Title  string `json:"title"`
		PicURL string `json:"picurl"`
		Desc   string `json:"desc"`
		URL    string `json:"url"`
	} `json:"link,omitempty"`
	MiniProgram *struct {
		Title   string `json:"title"`
		Thumb   string `json:"thumb_media_id,omitempty"`
		AppID   string `json:"appid"`
		PagePth string `json:"pagepath"`
	} `json:"miniprogram,omitempty"`
}

// kfReplyFile is given by its id and told by its name.
type kfReplyFile struct {
	MediaID string `json:"media_id,omitempty"`
	Name    string `json:"name,omitempty"`
}

type kfIntentIn struct {
	ID    string `json:"intent_id"`
	Topic string `json:"group_id"`
	kfIntentBody
}

// check refuses what is no question with one answer, and puts names where ids stood.
func (b *kfIntentBody) check(c *call) error {
	empty, long := refuse(40063, "some parameters are empty"), refuse(40058, "a field is too long")
	words := []kfWords{b.Question}
	if b.Similar != nil {
		words = append(words, b.Similar.Items...)
	}
	for _, w := range words {
		switch n := chars(w.Text.Content); {
		case n == 0:
			return empty
		case n > 200:
			return long
		}
	}
	switch {
	case len(words) > 101:
		return refuse(40058, "more than 100 similar questions")
	case len(b.Answers) == 0:
		return empty
	case len(b.Answers) > 1:
		return refuse(40058, "only one answer is supported")
	}
	a := &b.Answers[0]
	switch {
	case a.Text.Content == "" && len(a.Attachments) == 0:
		return empty
	case chars(a.Text.Content) > 500 || len(a.Attachments) > 4:
		return long
	}
	for i := range a.Attachments {
		p := &a.Attachments[i]
		var file *kfReplyFile
		kind := p.Type
		switch {
		case p.Type == "image" && p.Image != nil:
			file = p.Image
		case p.Type == "video" && p.Video != nil:
			file = p.Video
		case p.Type == "link" && p.Link != nil && p.Link.Title != "" && p.Link.URL != "":
			continue
		case p.Type == "miniprogram" && p.MiniProgram != nil && p.MiniProgram.AppID != "" && p.MiniProgram.PagePth != "":
			if _, err := c.appMedia(p.MiniProgram.Thumb, mediaImage); err != nil {
				return err
			}
			continue
		case p.Type == "image" || p.Type == "video" || p.Type == "link" || p.Type == "miniprogram":
			return empty
		default:
			return refuse(41065, "invalid attachment type")
		}
		m, err := c.appMedia(file.MediaID, kind)
		if err != nil {
			return err
		}
		*file = kfReplyFile{Name: m.Name}
	}
	return nil
}

func (c *call) kfIntent(id string) (*kfIntent, error) {
	if id == "" {
		return nil, refuse(40063, "some parameters are empty")
	}
	i := c.st.Talk.Kf.Knowledge.Intents[id]
	if i == nil {
		return nil, refuse(40058, "invalid intent_id")
	}
	return i, nil
}

func (c *call) kfIntentAdd() (fields, error) {
	var in kfIntentIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	t, err := c.kfTopic(in.Topic)
	if err != nil {
		return nil, err
	}
	if err := in.check(c); err != nil {
		return nil, err
	}
	i := kfIntent{ID: mint(c.st.World.Seed, "", c.st.next(), 32), Topic: t.ID, Order: c.st.Seq, Body: in.kfIntentBody}
	c.t.change(op{K: opKfIntent}, i)
	return fields{"intent_id": i.ID}, nil
}

func (c *call) kfIntentChange() (fields, error) {
	var in kfIntentIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	old, err := c.kfIntent(in.ID)
	if err != nil {
		return nil, err
	}
	if err := in.check(c); err != nil {
		return nil, err
	}
	next := *old
	next.Body = in.kfIntentBody
	c.t.change(op{K: opKfIntent}, next)
	return nil, nil
}

func (c *call) kfIntentDelete() (fields, error) {
	var in kfPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	i, err := c.kfIntent(in.Intent)
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opKfIntentDel, ID: i.ID})
	return nil, nil
}

func (c *call) kfIntents() (fields, error) {
	var in kfPage
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	all := c.st.Talk.Kf.Knowledge.Intents
	ids, next, more, err := kfCut(&in, "kfintent", all, func(a, b *kfIntent) bool { return a.Order < b.Order },
		func(i *kfIntent) bool {
			return (in.ID == "" || i.Topic == in.ID) && (in.Intent == "" || i.ID == in.Intent)
		})
	if err != nil {
		return nil, err
	}
	rows := []fields{}
	for _, id := range ids {
		row := fields{}
		b, _ := json.Marshal(all[id].Body) // our own type always encodes
		_ = json.Unmarshal(b, &row)
		row["intent_id"], row["group_id"] = id, all[id].Topic
		rows = append(rows, row)
	}
	return fields{"intent_list": rows, "next_cursor": next, "has_more": more}, nil
}
