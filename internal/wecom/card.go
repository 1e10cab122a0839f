package wecom

import "context"

// Card types.
const (
	CardText   = "text_notice"
	CardNews   = "news_notice"
	CardButton = "button_interaction"
	CardVote   = "vote_interaction"
	CardSelect = "multiple_interaction"
)

// TemplateCard is an app message with a form. TaskID ([0-9A-Za-z_@-], ≤ 128 bytes, unique in the app) is needed for the
// interactive types and with an ActionMenu; CardAction for the notices. An app without a callback address cannot send
// cards that call back. A member's click arrives as template_card_event.
type TemplateCard struct {
	Type         string         `json:"card_type"`
	Source       *CardSource    `json:"source,omitempty"`
	ActionMenu   *CardMenu      `json:"action_menu,omitempty"`
	TaskID       string         `json:"task_id,omitempty"`
	MainTitle    *CardTitle     `json:"main_title,omitempty"`
	Quote        *CardQuote     `json:"quote_area,omitempty"`
	Emphasis     *CardTitle     `json:"emphasis_content,omitempty"`
	SubTitle     string         `json:"sub_title_text,omitempty"`
	Rows         []CardRow      `json:"horizontal_content_list,omitempty"` // ≤ 6
	Jumps        []CardJump     `json:"jump_list,omitempty"`               // ≤ 3
	Action       *CardJump      `json:"card_action,omitempty"`             // Type 1 or 2
	Image        *CardImage     `json:"card_image,omitempty"`              // news_notice
	ImageText    *CardImageText `json:"image_text_area,omitempty"`         // news_notice
	Paragraphs   []CardTitle    `json:"vertical_content_list,omitempty"`   // news_notice, ≤ 4
	Selection    *CardSelection `json:"button_selection,omitempty"`        // button_interaction
	Buttons      []CardButtonDo `json:"button_list,omitempty"`             // button_interaction, ≤ 6
	Checkbox     *CardCheckbox  `json:"checkbox,omitempty"`                // vote_interaction
	Selections   []CardChoice   `json:"select_list,omitempty"`             // multiple_interaction, ≤ 3
	SubmitButton *CardSubmit    `json:"submit_button,omitempty"`           // vote and multiple
}

// CardSource is the small line above a card. Color: 0 grey, 1 black, 2 red, 3 green.
type CardSource struct {
	IconURL string `json:"icon_url,omitempty"`
	Desc    string `json:"desc,omitempty"`
	Color   int    `json:"desc_color,omitempty"`
}

// CardMenu is the menu in a card's corner; 1 to 3 actions, whose clicks arrive as template_card_menu_event.
type CardMenu struct {
	Desc    string       `json:"desc,omitempty"`
	Actions []CardSubmit `json:"action_list"`
}

// CardSubmit is a named action; key ≤ 1024 bytes.
type CardSubmit struct {
	Text string `json:"text"`
	Key  string `json:"key"`
}

// CardTitle is a title with a line below.
type CardTitle struct {
	Title string `json:"title,omitempty"`
	Desc  string `json:"desc,omitempty"`
}

// CardQuote is a quotation. Type: 0 no link, 1 URL, 2 mini-program.
type CardQuote struct {
	Type  int    `json:"type,omitempty"`
	URL   string `json:"url,omitempty"`
	AppID string `json:"appid,omitempty"`
	Page  string `json:"pagepath,omitempty"`
	Title string `json:"title,omitempty"`
	Text  string `json:"quote_text,omitempty"`
}

// CardRow is a name with a value. Type: 0 text, 1 URL, 2 file, 3 member.
type CardRow struct {
	Type    int    `json:"type,omitempty"`
	Key     string `json:"keyname"`
	Value   string `json:"value,omitempty"`
	URL     string `json:"url,omitempty"`
	MediaID string `json:"media_id,omitempty"`
	UserID  string `json:"userid,omitempty"`
}

// CardJump opens something. Type: 0 nothing, 1 URL, 2 mini-program.
type CardJump struct {
	Type  int    `json:"type"`
	Title string `json:"title,omitempty"`
	URL   string `json:"url,omitempty"`
	AppID string `json:"appid,omitempty"`
	Page  string `json:"pagepath,omitempty"`
}

// CardImage is a picture; ratio of width to height 1.3 to 2.25.
type CardImage struct {
	URL   string  `json:"url"`
	Ratio float64 `json:"aspect_ratio,omitempty"`
}

// CardImageText is a small picture beside text.
type CardImageText struct {
	CardJump
	Desc     string `json:"desc,omitempty"`
	ImageURL string `json:"image_url"`
}

// CardSelection is a drop-down; 1 to 10 options.
type CardSelection struct {
	QuestionKey string       `json:"question_key"`
	Title       string       `json:"title,omitempty"`
	Options     []CardOption `json:"option_list"`
	SelectedID  string       `json:"selected_id,omitempty"`
}

// CardChoice is a drop-down of a multiple_interaction.
type CardChoice = CardSelection

// CardOption is one option; Checked is for checkboxes.
type CardOption struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Checked bool   `json:"is_checked,omitempty"`
}

// CardCheckbox is a vote. Mode: 0 one answer, 1 several; 1 to 20 options.
type CardCheckbox struct {
	QuestionKey string       `json:"question_key"`
	Mode        int          `json:"mode"`
	Options     []CardOption `json:"option_list"`
}

// CardButtonDo is a button. Type: 0 calls back with Key, 1 opens URL. Style: 1 to 4.
type CardButtonDo struct {
	Type  int    `json:"type,omitempty"`
	Text  string `json:"text"`
	Style int    `json:"style,omitempty"`
	Key   string `json:"key,omitempty"`
	URL   string `json:"url,omitempty"`
}

// CardUpdate changes a card that was sent: either its buttons become one grey ReplaceName, or Card takes its place. The
// ResponseCode comes from SendAppMessage or from a click and works once within 72 hours. Without recipients (≤ 1000
// users, ≤ 100 of the others) only the one who clicked sees the change; All changes it for everybody.
type CardUpdate struct {
	UserIDs      []string
	PartyIDs     []int64
	TagIDs       []int64
	All          bool
	ResponseCode string
	ReplaceName  string
	Card         *TemplateCard
}

// UpdateCard changes a card and returns the members it could not be changed for. 60140, 42014–42019 when the code, the
// task id or a key is wrong. The code works once, so a repetition that answers 60140 has worked: it is repeatable.
func (c *Client) UpdateCard(ctx context.Context, u CardUpdate) (invalid []string, err error) {
	type button struct {
		ReplaceName string `json:"replace_name"`
	}
	in := struct {
		UserIDs      []string      `json:"userids,omitempty"`
		PartyIDs     []int64       `json:"partyids,omitempty"`
		TagIDs       []int64       `json:"tagids,omitempty"`
		All          int           `json:"atall,omitempty"`
		AgentID      int           `json:"agentid"`
		ResponseCode string        `json:"response_code"`
		Button       *button       `json:"button,omitempty"`
		Card         *TemplateCard `json:"template_card,omitempty"`
	}{UserIDs: u.UserIDs, PartyIDs: u.PartyIDs, TagIDs: u.TagIDs, AgentID: c.agentID, ResponseCode: u.ResponseCode, Card: u.Card}
	if u.All {
		in.All = 1
	}
	if u.Card == nil {
		in.Button = &button{u.ReplaceName}
	}
	var out struct {
		Invalid []string `json:"invaliduser"` // a list here, though a joined string in SendAppMessage
	}
	err = c.post(ctx, "/cgi-bin/message/update_template_card", in, &out)
	return out.Invalid, err
}
