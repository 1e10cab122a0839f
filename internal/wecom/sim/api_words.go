package sim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// wordRule is an intercept rule (敏感词规则): what members may not write to customers.
type wordRule struct {
	ID, Name    string
	Created     int64 // Unix ms
	Words       []string
	Semantics   []int
	Kind        int // 1 block and warn, 2 warn
	Users       []string
	Departments []int64
}

const (
	opWords    = "words"  // body wordRule
	opWordsDel = "words-" // ID
	rulesMost  = 100
)

func wordsArea() area {
	return area{
		endpoints: map[string]endpoint{
			"externalcontact/add_intercept_rule":      post((*call).wordsAdd),
			"externalcontact/get_intercept_rule_list": get((*call).wordsList),
			"externalcontact/get_intercept_rule":      post((*call).wordsGet),
			"externalcontact/update_intercept_rule":   post((*call).wordsUpdate),
			"externalcontact/del_intercept_rule":      post((*call).wordsDelete),
		},
		changes: map[string]change{
			opWords:    changing(func(s *state, _ int64, _ *op, v wordRule) { s.Talk.Words[v.ID] = &v }),
			opWordsDel: func(s *state, _ int64, o *op) error { delete(s.Talk.Words, o.ID); return nil },
		},
	}
}

type wordRange struct {
	Users       []string `json:"user_list"`
	Departments []int64  `json:"department_list"`
}

// semantics stands at the top in add and under extra_rule in update; both are taken in both.
type semantics struct {
	Top   []int `json:"semantics_list"`
	Extra *struct {
		List []int `json:"semantics_list"`
	} `json:"extra_rule"`
}

// given is the list, and whether there is one at all.
func (s *semantics) given() ([]int, bool) {
	if s.Extra != nil {
		return s.Extra.List, true
	}
	return s.Top, s.Top != nil
}

func checkWordRule(r *wordRule) error {
	if n := chars(r.Name); n < 1 || n > 20 {
		return refuse(40058, "rule_name must have 1 to 20 characters")
	}
	if len(r.Words)+len(r.Semantics) == 0 {
		return refuse(40063, "some parameters are empty")
	}
	if len(r.Words) > 300 {
		return refuse(41068, "word list is too long")
	}
	for _, w := range r.Words {
		if n := chars(w); n < 1 || n > 32 {
			return refuse(41083, "invalid intercept word")
		}
	}
	for i, s := range r.Semantics {
		if s < 1 || s > 3 || slices.Contains(r.Semantics[:i], s) {
			return refuse(41084, "invalid semantics")
		}
	}
	if r.Kind != 1 && r.Kind != 2 {
		return refuse(40058, "invalid intercept_type")
	}
	if len(r.Users)+len(r.Departments) == 0 {
		return refuse(40063, "applicable_range is empty")
	}
	return nil
}

// ranged resolves a range of at most 1,000 members and departments in one call.
func (c *call) ranged(in *wordRange) (users []string, err error) {
	if len(in.Users) > 1000 || len(in.Departments) > 1000 {
		return nil, refuse(41076, "applicable range is too large")
	}
	for _, d := range in.Departments {
		if !c.st.subtree(d)[d] {
			return nil, refuse(60003, "department not found")
		}
	}
	return c.visibles(in.Users)
}

func (c *call) wordsNameFree(name, but string) error {
	for id, r := range c.st.Talk.Words {
		if r.Name == name && id != but {
			return refuse(41077, "rule name is not unique")
		}
	}
	return nil
}

func (c *call) wordsAdd() (fields, error) {
	var in struct {
		Name  string    `json:"rule_name"`
		Words []string  `json:"word_list"`
		Kind  int       `json:"intercept_type"`
		Range wordRange `json:"applicable_range"`
		semantics
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	users, err := c.ranged(&in.Range)
	if err != nil {
		return nil, err
	}
	r := wordRule{Name: in.Name, Created: c.t.At, Words: in.Words, Kind: in.Kind, Users: users, Departments: in.Range.Departments}
	r.Semantics, _ = in.given()
	if in.Name == "" || len(in.Words) == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	if err := checkWordRule(&r); err != nil {
		return nil, err
	}
	if err := c.wordsNameFree(r.Name, ""); err != nil {
		return nil, err
	}
	if len(c.st.Talk.Words) >= rulesMost {
		return nil, refuse(41069, "intercept rule count exceeds limit")
	}
	r.ID = strconv.FormatInt(1_000_000+c.st.next(), 10)
	c.t.change(op{K: opWords}, r)
	return fields{"rule_id": r.ID}, nil
}

func (c *call) wordsList() (fields, error) {
	rows := []fields{}
	for _, id := range sortedBy(c.st.Talk.Words, func(a, b *wordRule) bool { return a.Created < b.Created }) {
		r := c.st.Talk.Words[id]
		rows = append(rows, fields{"rule_id": r.ID, "rule_name": r.Name, "create_time": r.Created / 1000})
	}
	return fields{"rule_list": rows}, nil
}

// words finds a rule by its id, which older callers send as a number.
func (c *call) words(id number) (*wordRule, error) {
	if id == 0 {
		return nil, refuse(40063, "some parameters are empty")
	}
	r := c.st.Talk.Words[strconv.FormatInt(int64(id), 10)]
	if r == nil {
		return nil, refuse(41070, "invalid rule_id")
	}
	return r, nil
}

func (c *call) wordsGet() (fields, error) {
	var in struct {
		ID ruleID `json:"rule_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r, err := c.words(number(in.ID))
	if err != nil {
		return nil, err
	}
	return fields{"rule": fields{"rule_id": r.ID, "rule_name": r.Name, "create_time": r.Created / 1000, "word_list": list(r.Words),
		"extra_rule": fields{"semantics_list": list(r.Semantics)}, "intercept_type": r.Kind,
		"applicable_range": fields{"user_list": list(r.Users), "department_list": list(r.Departments)}}}, nil
}

// ruleID is a rule's id; what is no number is an unknown rule, not a malformed call.
type ruleID int64

// UnmarshalJSON reads "1", 1 and anything else.
func (r *ruleID) UnmarshalJSON(b []byte) error {
	var n number
	if n.UnmarshalJSON(b) != nil {
		n = -1
	}
	if string(b) == `""` || string(b) == "null" {
		n = 0
	}
	*r = ruleID(n)
	return nil
}

func (c *call) wordsUpdate() (fields, error) {
	var in struct {
		ID     ruleID    `json:"rule_id"`
		Name   *string   `json:"rule_name"`
		Words  []string  `json:"word_list"`
		Kind   *int      `json:"intercept_type"`
		Add    wordRange `json:"add_applicable_range"`
		Remove wordRange `json:"remove_applicable_range"`
		semantics
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	old, err := c.words(number(in.ID))
	if err != nil {
		return nil, err
	}
	add, err := c.ranged(&in.Add)
	if err != nil {
		return nil, err
	}
	if len(in.Remove.Users) > 1000 || len(in.Remove.Departments) > 1000 {
		return nil, refuse(41076, "applicable range is too large")
	}
	r := *old
	set(&r.Name, in.Name)
	if in.Words != nil {
		r.Words = in.Words
	}
	if list, ok := in.given(); ok {
		r.Semantics = list
	}
	if in.Kind != nil {
		r.Kind = *in.Kind
	}
	r.Users, r.Departments = nil, nil
	for _, u := range slices.Concat(old.Users, add) {
		if !slices.Contains(r.Users, u) && !slices.ContainsFunc(in.Remove.Users, func(id string) bool { return lower(id) == lower(u) }) {
			r.Users = append(r.Users, u)
		}
	}
	for _, d := range slices.Concat(old.Departments, in.Add.Departments) {
		if !slices.Contains(r.Departments, d) && !slices.Contains(in.Remove.Departments, d) {
			r.Departments = append(r.Departments, d)
		}
	}
	if len(r.Users) > 10_000 || len(r.Departments) > 10_000 {
		return nil, refuse(41076, "applicable range is too large")
	}
	if err := checkWordRule(&r); err != nil {
		return nil, err
	}
	if err := c.wordsNameFree(r.Name, r.ID); err != nil {
		return nil, err
	}
	c.t.change(op{K: opWords}, r)
	return nil, nil
}

func (c *call) wordsDelete() (fields, error) {
	var in struct {
		ID ruleID `json:"rule_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	r, err := c.words(number(in.ID))
	if err != nil {
		return nil, err
	}
	c.t.do(op{K: opWordsDel, ID: r.ID})
	return nil, nil
}

// number reads an int that may be written as a string.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	if err != nil {
		return json.Unmarshal(b, new(int64)) //nolint:wrapcheck // its own error says more
	}
	*n = number(v)
	return nil
}
