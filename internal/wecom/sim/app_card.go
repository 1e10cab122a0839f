package sim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// templateCard is a template card (模板卡片) of message/send; which parts count depends on Kind.
type templateCard struct {
	Kind   string `json:"card_type"`
	TaskID string `json:"task_id"`
	Source *struct {
		IconURL string `json:"icon_url"`
		Desc    string `json:"desc"`
		Color   int    `json:"desc_color"`
	} `json:"source"`
	Menu *struct {
		Desc string `json:"desc"`
		List []struct {
			Text string `json:"text"`
			Key  string `json:"key"`
		} `json:"action_list"`
	} `json:"action_menu"`
	Title struct {
		Title string `json:"title"`
		Desc  string `json:"desc"`
	} `json:"main_title"`
	Quote *struct {
		Type      int    `json:"type"`
		URL       string `json:"url"`
		AppID     string `json:"appid"`
		PagePath  string `json:"pagepath"`
		Title     string `json:"title"`
		QuoteText string `json:"quote_text"`
	} `json:"quote_area"`
	Emphasis *struct {
		Title string `json:"title"`
		Desc  string `json:"desc"`
	} `json:"emphasis_content"`
	SubTitle   string `json:"sub_title_text"`
	Horizontal []struct {
		Type    int    `json:"type"`
		Name    string `json:"keyname"`
		Value   string `json:"value"`
		URL     string `json:"url"`
		MediaID string `json:"media_id"`
		UserID  string `json:"userid"`
	} `json:"horizontal_content_list"`
	Jumps []struct {
		Type     int    `json:"type"`
		Title    string `json:"title"`
		URL      string `json:"url"`
		AppID    string `json:"appid"`
		PagePath string `json:"pagepath"`
	} `json:"jump_list"`
	Action *struct {
		Type     int    `json:"type"`
		URL      string `json:"url"`
		AppID    string `json:"appid"`
		PagePath string `json:"pagepath"`
	} `json:"card_action"`
	Image *struct {
		URL   string  `json:"url"`
		Ratio float64 `json:"aspect_ratio"`
	} `json:"card_image"`
	ImageText *struct {
		Type     int    `json:"type"`
		URL      string `json:"url"`
		Title    string `json:"title"`
		Desc     string `json:"desc"`
		ImageURL string `json:"image_url"`
	} `json:"image_text_area"`
	Vertical []struct {
		Title string `json:"title"`
		Desc  string `json:"desc"`
	} `json:"vertical_content_list"`
	Selection *cardSelect `json:"button_selection"`
	Buttons   []struct {
		Type  int    `json:"type"`
		Text  string `json:"text"`
		Style int    `json:"style"`
		Key   string `json:"key"`
		URL   string `json:"url"`
	} `json:"button_list"`
	Checkbox *struct {
		QuestionKey string       `json:"question_key"`
		Mode        int          `json:"mode"`
		Options     []cardOption `json:"option_list"`
	} `json:"checkbox"`
	Selects []cardSelect `json:"select_list"`
	Submit  *struct {
		Text string `json:"text"`
		Key  string `json:"key"`
	} `json:"submit_button"`
}

type cardSelect struct {
	QuestionKey string       `json:"question_key"`
	Title       string       `json:"title"`
	Options     []cardOption `json:"option_list"`
	Selected    string       `json:"selected_id"`
}

type cardOption struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Checked bool   `json:"is_checked"`
}

// Kinds of template cards.
const (
	cardText     = "text_notice"
	cardNews     = "news_notice"
	cardButton   = "button_interaction"
	cardVote     = "vote_interaction"
	cardMultiple = "multiple_interaction"
)

func (k *templateCard) interactive() bool {
	return k.Kind == cardButton || k.Kind == cardVote || k.Kind == cardMultiple || k.Menu != nil
}

var taskIDShape = regexp.MustCompile(`^[0-9A-Za-z_@-]{1,128}$`)

// card reads and checks a card that is to be sent.
func (c *call) card(raw json.RawMessage) (*templateCard, error) {
	k, err := c.readCard(raw)
	if err != nil {
		return nil, err
	}
	switch {
	case k.interactive() && k.TaskID == "":
		return nil, refuse(42014, "invalid task_id")
	case k.TaskID != "" && (!taskIDShape.MatchString(k.TaskID) || c.st.Talk.App.Tasks[k.TaskID] != ""):
		return nil, refuse(42014, "invalid task_id")
	case k.interactive() && !c.calledBack():
		return nil, refuse(40058, "the app has no callback url, so it cannot send interactive cards")
	}
	return k, nil
}

// calledBack says whether there is an address to call back.
func (c *call) calledBack() bool {
	if r := c.st.Corp.Receiver; r != nil {
		return r.URL != ""
	}
	return c.s.opt.CallbackURL != ""
}

// readCard checks what a card is made of, whether it is sent or takes another's place.
func (c *call) readCard(raw json.RawMessage) (*templateCard, error) {
	if len(raw) == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	k := &templateCard{}
	if err := json.Unmarshal(raw, k); err != nil {
		return nil, refuse(40035, "invalid parameter. Warning: wrong json format. ")
	}
	if err := k.checkShared(c); err != nil {
		return nil, err
	}
	empty := refuse(40063, "some parameters are empty")
	switch k.Kind {
	case cardText:
		if k.Title.Title == "" && k.SubTitle == "" || k.Action == nil {
			return nil, empty
		}
	case cardNews:
		switch {
		case k.Title.Title == "" || k.Action == nil || k.Image == nil && k.ImageText == nil:
			return nil, empty
		case k.Image != nil && (k.Image.URL == "" || k.Image.Ratio != 0 && (k.Image.Ratio < 1.3 || k.Image.Ratio > 2.25)):
			return nil, refuse(40058, "card_image is out of limits")
		case k.ImageText != nil && k.ImageText.ImageURL == "":
			return nil, empty
		case len(k.Vertical) > 4:
			return nil, refuse(40058, "vertical_content_list has more than 4 entries")
		}
	case cardButton:
		return k, k.checkButtons()
	case cardVote:
		return k, k.checkVote()
	case cardMultiple:
		return k, k.checkMultiple()
	default:
		return nil, refuse(40058, "invalid card_type")
	}
	return k, nil
}

func (k *templateCard) checkShared(c *call) error {
	empty, bad := refuse(40063, "some parameters are empty"), refuse(40058, "a part of the card is out of limits")
	jump := func(kind int, url, app string) error {
		if kind == 1 && url == "" || kind == 2 && app == "" {
			return empty
		}
		return nil
	}
	if k.Source != nil && (k.Source.Color < 0 || k.Source.Color > 3) || len(k.Horizontal) > 6 || len(k.Jumps) > 3 {
		return bad
	}
	if m := k.Menu; m != nil {
		if len(m.List) < 1 || len(m.List) > 3 {
			return bad
		}
		keys := []string{}
		for _, a := range m.List {
			if a.Text == "" {
				return empty
			}
			keys = append(keys, a.Key)
		}
		if err := checkKeys(keys); err != nil {
			return err
		}
	}
	if q := k.Quote; q != nil {
		if q.Type < 0 || q.Type > 2 {
			return bad
		}
		if err := jump(q.Type, q.URL, q.AppID); err != nil {
			return err
		}
	}
	for _, h := range k.Horizontal {
		switch {
		case h.Type < 0 || h.Type > 3:
			return bad
		case h.Name == "" || h.Type == 1 && h.URL == "":
			return empty
		case h.Type == 2:
			if _, err := c.appMedia(h.MediaID, ""); err != nil {
				return err
			}
		case h.Type == 3:
			if _, err := c.visible(h.UserID); err != nil {
				return err
			}
		}
	}
	for _, j := range k.Jumps {
		if j.Type < 0 || j.Type > 2 {
			return bad
		}
		if j.Title == "" {
			return empty
		}
		if err := jump(j.Type, j.URL, j.AppID); err != nil {
			return err
		}
	}
	if a := k.Action; a != nil {
		notice := k.Kind == cardText || k.Kind == cardNews
		if a.Type < 0 || a.Type > 2 || a.Type == 0 && notice {
			return bad
		}
		return jump(a.Type, a.URL, a.AppID)
	}
	return nil
}

// checkKeys wants every key given, within 1024 bytes, and no two alike.
func checkKeys(keys []string) error {
	for i, k := range keys {
		switch {
		case k == "":
			return refuse(42017, "missing button key")
		case len(k) > 1024:
			return refuse(42018, "invalid button key")
		case slices.Contains(keys[:i], k):
			return refuse(42019, "duplicate button key")
		}
	}
	return nil
}

func checkOptions(list []cardOption, most int) error {
	if len(list) < 1 || len(list) > most {
		return refuse(40058, "option_list is out of limits")
	}
	for i, o := range list {
		switch {
		case o.ID == "" || o.Text == "":
			return refuse(40063, "some parameters are empty")
		case len(o.ID) > 128 || slices.ContainsFunc(list[:i], func(x cardOption) bool { return x.ID == o.ID }):
			return refuse(40058, "option ids are too long or doubled")
		}
	}
	return nil
}

func (s *cardSelect) check() error {
	switch {
	case s.QuestionKey == "":
		return refuse(40063, "some parameters are empty")
	case len(s.QuestionKey) > 1024:
		return refuse(42018, "invalid question key")
	}
	return checkOptions(s.Options, 10)
}

func (k *templateCard) checkButtons() error {
	if k.Title.Title == "" {
		return refuse(40063, "some parameters are empty")
	}
	if k.Selection != nil {
		if err := k.Selection.check(); err != nil {
			return err
		}
	}
	if len(k.Buttons) < 1 || len(k.Buttons) > 6 {
		return refuse(40058, "button_list is out of limits")
	}
	var keys []string
	for _, b := range k.Buttons {
		switch {
		case b.Text == "" || b.Type == 1 && b.URL == "":
			return refuse(40063, "some parameters are empty")
		case b.Type < 0 || b.Type > 1 || b.Style < 0 || b.Style > 4:
			return refuse(40058, "a button is out of limits")
		case b.Type == 0:
			keys = append(keys, b.Key)
		}
	}
	return checkKeys(keys)
}

func (k *templateCard) checkSubmit() error {
	if k.Title.Title == "" || k.Submit == nil || k.Submit.Text == "" {
		return refuse(40063, "some parameters are empty")
	}
	return checkKeys([]string{k.Submit.Key})
}

func (k *templateCard) checkVote() error {
	if err := k.checkSubmit(); err != nil {
		return err
	}
	switch b := k.Checkbox; {
	case b == nil || b.QuestionKey == "":
		return refuse(40063, "some parameters are empty")
	case b.Mode < 0 || b.Mode > 1:
		return refuse(40058, "invalid checkbox mode")
	}
	return checkOptions(k.Checkbox.Options, 20)
}

func (k *templateCard) checkMultiple() error {
	if err := k.checkSubmit(); err != nil {
		return err
	}
	if len(k.Selects) < 1 || len(k.Selects) > 3 {
		return refuse(40058, "select_list is out of limits")
	}
	for i := range k.Selects {
		s := &k.Selects[i]
		if err := s.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(k.Selects[:i], func(x cardSelect) bool { return x.QuestionKey == s.QuestionKey }) {
			return refuse(42019, "duplicate question key")
		}
	}
	return nil
}

// words are what a phone shows of the card.
func (k *templateCard) words() string {
	var lines []string
	add := func(parts ...string) {
		if line := strings.TrimSpace(strings.Join(parts, " ")); line != "" {
			lines = append(lines, line)
		}
	}
	add(k.Title.Title, k.Title.Desc)
	if k.Emphasis != nil {
		add(k.Emphasis.Title, k.Emphasis.Desc)
	}
	add(k.SubTitle)
	for _, h := range k.Horizontal {
		add(h.Name + "：" + h.Value)
	}
	for _, v := range k.Vertical {
		add(v.Title, v.Desc)
	}
	if k.Action != nil {
		add(k.Action.URL)
	}
	return strings.Join(lines, "\n")
}

func (c *call) cardUpdate() (fields, error) {
	var in struct {
		Users   []string `json:"userids"`
		Parties []int64  `json:"partyids"`
		Tags    []int64  `json:"tagids"`
		All     flag     `json:"atall"`
		AgentID *number  `json:"agentid"`
		Code    string   `json:"response_code"`
		Button  *struct {
			ReplaceName string `json:"replace_name"`
		} `json:"button"`
		Card json.RawMessage `json:"template_card"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.agent(in.AgentID); err != nil {
		return nil, err
	}
	code := c.st.Talk.App.Codes[in.Code]
	if code == nil || code.Used || c.t.At-code.Issued > cardLife {
		return nil, refuse(60140, "invalid response_code")
	}
	m := c.st.Talk.App.Messages[code.Msg]
	words := ""
	switch {
	case m == nil:
		return nil, refuse(42016, "task_id not found")
	case m.Agent != c.agentID():
		return nil, refuse(42015, "card was sent by another app")
	case len(in.Users) > 1000 || len(in.Parties) > 100 || len(in.Tags) > 100:
		return nil, refuse(40032, "userid list too long")
	case len(in.Card) > 0:
		k, err := c.readCard(in.Card)
		if err != nil {
			return nil, err
		}
		if k.TaskID != "" && k.TaskID != m.TaskID {
			return nil, refuse(42016, "task_id not found")
		}
		words = k.words()
	case in.Button == nil || in.Button.ReplaceName == "":
		return nil, refuse(40063, "some parameters are empty")
	default:
		words = in.Button.ReplaceName
	}
	to, bad := c.cardReaders(m, in.Users, in.Parties, in.All == 1)
	if len(in.Users)+len(in.Parties)+len(in.Tags) == 0 && in.All != 1 {
		return nil, refuse(82001, "missing recipients")
	}
	c.t.do(op{K: opAppChange, ID: in.Code, List: to, Text: words})
	return fields{"invaliduser": bad}, nil
}

// cardReaders are those named who have the card, and those who do not.
func (c *call) cardReaders(m *appMessage, users []string, parties []int64, all bool) (to, bad []string) {
	bad = []string{}
	if all {
		return m.To, bad
	}
	for _, id := range users {
		if who := c.st.member(id); who != nil && slices.Contains(m.To, who.UserID) {
			to = append(to, who.UserID)
		} else {
			bad = append(bad, id)
		}
	}
	for _, p := range parties {
		members, _ := c.st.under(p)
		for _, who := range members {
			if slices.Contains(m.To, who.UserID) && !slices.Contains(to, who.UserID) {
				to = append(to, who.UserID)
			}
		}
	}
	return to, bad
}
