package wecom

import "context"

// Meanings that a rule catches besides its words.
const (
	InterceptPhone     = 1
	InterceptEmail     = 2
	InterceptRedPacket = 3
)

// What a rule does.
const (
	InterceptBlock = 1 // the message is not sent, the member is warned
	InterceptWarn  = 2
)

// InterceptRange is who a rule watches: members and departments, at most 1000 of each in one call.
type InterceptRange struct {
	Users   []string `json:"user_list,omitempty"`
	Parties []int64  `json:"department_list,omitempty"`
}

// InterceptRule is a 敏感词 rule: it acts on what members send, in the client, and tells nobody. Name has 1 to 20
// characters and is unique; at most 300 words of 1 to 32 characters.
type InterceptRule struct {
	ID         string
	Name       string
	Words      []string
	Meanings   []int // InterceptPhone, InterceptEmail, InterceptRedPacket
	Type       int   // InterceptBlock or InterceptWarn
	Range      InterceptRange
	CreateTime Seconds // answers only, and not in all
}

type ruleID struct {
	ID flexString `json:"rule_id"`
}

type meanings struct {
	List []int `json:"semantics_list,omitempty"`
}

// InterceptAdd makes a rule and returns its id. 41069 when the corp has 100, 41077 when the name is taken. It is
// findable: by name, through InterceptList.
func (c *Client) InterceptAdd(ctx context.Context, r InterceptRule) (id string, err error) {
	in := struct {
		Name  string   `json:"rule_name"`
		Words []string `json:"word_list"`
		meanings
		Type  int            `json:"intercept_type"`
		Range InterceptRange `json:"applicable_range"`
	}{r.Name, r.Words, meanings{r.Meanings}, r.Type, r.Range}
	var out ruleID
	err = c.post(ctx, "/cgi-bin/externalcontact/add_intercept_rule", in, &out)
	return string(out.ID), err
}

// InterceptList returns the id, name and time of all rules.
func (c *Client) InterceptList(ctx context.Context) ([]InterceptRule, error) {
	var out struct {
		List []struct {
			ruleID
			Name string  `json:"rule_name"`
			Time Seconds `json:"create_time"`
		} `json:"rule_list"`
	}
	err := c.get(ctx, "/cgi-bin/externalcontact/get_intercept_rule_list", nil, &out)
	rules := make([]InterceptRule, 0, len(out.List))
	for _, r := range out.List {
		rules = append(rules, InterceptRule{ID: string(r.ID), Name: r.Name, CreateTime: r.Time})
	}
	return rules, err
}

// InterceptGet reads a rule. WeCom's pages show its meanings in two places; both are read.
func (c *Client) InterceptGet(ctx context.Context, id string) (InterceptRule, error) {
	var out struct {
		Rule struct {
			ruleID
			Name  string   `json:"rule_name"`
			Words []string `json:"word_list"`
			meanings
			Extra meanings       `json:"extra_rule"`
			Type  int            `json:"intercept_type"`
			Range InterceptRange `json:"applicable_range"`
			Time  Seconds        `json:"create_time"`
		} `json:"rule"`
	}
	err := c.post(ctx, "/cgi-bin/externalcontact/get_intercept_rule", ruleID{flexString(id)}, &out)
	r := out.Rule
	if len(r.List) == 0 {
		r.List = r.Extra.List
	}
	return InterceptRule{ID: id, Name: r.Name, Words: r.Words, Meanings: r.List, Type: r.Type, Range: r.Range, CreateTime: r.Time}, err
}

// InterceptChange changes a rule; nil fields stay as they are, words and meanings replace the old ones, people are added
// and removed.
type InterceptChange struct {
	Name     *string
	Words    []string
	Meanings *[]int
	Type     *int
	Add      InterceptRange
	Remove   InterceptRange
}

// InterceptUpdate changes a rule of this app. 41071 when it is gone. It is repeatable.
func (c *Client) InterceptUpdate(ctx context.Context, id string, ch InterceptChange) error {
	type extra struct {
		List []int `json:"semantics_list"`
	}
	in := struct {
		ID     string          `json:"rule_id"`
		Name   *string         `json:"rule_name,omitempty"`
		Words  []string        `json:"word_list,omitempty"`
		Extra  *extra          `json:"extra_rule,omitempty"`
		Type   *int            `json:"intercept_type,omitempty"`
		Add    *InterceptRange `json:"add_applicable_range,omitempty"`
		Remove *InterceptRange `json:"remove_applicable_range,omitempty"`
	}{ID: id, Name: ch.Name, Words: ch.Words, Type: ch.Type, Add: ch.Add.orNil(), Remove: ch.Remove.orNil()}
	if ch.Meanings != nil {
		in.Extra = &extra{append([]int{}, *ch.Meanings...)}
	}
	return c.post(ctx, "/cgi-bin/externalcontact/update_intercept_rule", in, nil)
}

func (r InterceptRange) orNil() *InterceptRange {
	if len(r.Users)+len(r.Parties) == 0 {
		return nil
	}
	return &r
}

// InterceptDelete deletes a rule of this app. It is repeatable: 41070 or 41071 means that it is gone.
func (c *Client) InterceptDelete(ctx context.Context, id string) error {
	return c.post(ctx, "/cgi-bin/externalcontact/del_intercept_rule", ruleID{flexString(id)}, nil)
}
