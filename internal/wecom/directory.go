package wecom

import (
	"context"
	"net/url"
	"strconv"
)

// Department is a node of the corp's tree; the root has id 1, a larger Order sorts first.
type Department struct {
	ID       int64    `json:"id"`
	Name     string   `json:"name"`
	NameEN   string   `json:"name_en,omitempty"`
	Leaders  []string `json:"department_leader,omitempty"`
	ParentID int64    `json:"parentid"`
	Order    int64    `json:"order"`
}

// User is a member of the corp as an app made since June 2022 sees one: no mobile, mail, avatar or gender.
// Departments, Orders and IsLeader run parallel. Status: 1 active, 2 disabled, 4 not activated, 5 left.
type User struct {
	UserID         string   `json:"userid"`
	Name           string   `json:"name"`
	Departments    []int64  `json:"department"`
	Orders         []int64  `json:"order,omitempty"`
	Position       string   `json:"position,omitempty"`
	IsLeader       []int    `json:"is_leader_in_dept,omitempty"`
	DirectLeader   []string `json:"direct_leader,omitempty"`
	Alias          string   `json:"alias,omitempty"`
	MainDepartment int64    `json:"main_department,omitempty"`
	Status         int      `json:"status"`
	OpenUserID     string   `json:"open_userid,omitempty"`
}

// Agent is the app itself; the Allow fields are its visible range.
type Agent struct {
	AgentID     int    `json:"agentid"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	AllowUsers  struct {
		User []struct {
			UserID string `json:"userid"`
		} `json:"user"`
	} `json:"allow_userinfos"`
	AllowParties struct {
		PartyID []int64 `json:"partyid"`
	} `json:"allow_partys"`
	AllowTags struct {
		TagID []int64 `json:"tagid"`
	} `json:"allow_tags"`
	Close          int    `json:"close"`
	RedirectDomain string `json:"redirect_domain,omitempty"`
	HomeURL        string `json:"home_url,omitempty"`
}

// DepartmentList returns all departments the app sees.
func (c *Client) DepartmentList(ctx context.Context) ([]Department, error) {
	var out struct {
		Department []Department `json:"department"`
	}
	err := c.get(ctx, "/cgi-bin/department/list", nil, &out)
	return out.Department, err
}

// UserList returns the members of one department, without its sub-departments.
func (c *Client) UserList(ctx context.Context, departmentID int64) ([]User, error) {
	var out struct {
		UserList []User `json:"userlist"`
	}
	q := url.Values{"department_id": {strconv.FormatInt(departmentID, 10)}}
	err := c.get(ctx, "/cgi-bin/user/list", q, &out)
	return out.UserList, err
}

// UserGet returns one member; 60111 when there is none, 60011 when out of range.
func (c *Client) UserGet(ctx context.Context, userID string) (User, error) {
	var out User
	err := c.get(ctx, "/cgi-bin/user/get", url.Values{"userid": {userID}}, &out)
	return out, err
}

// AgentGet returns the app itself.
func (c *Client) AgentGet(ctx context.Context) (Agent, error) {
	var out Agent
	err := c.get(ctx, "/cgi-bin/agent/get", url.Values{"agentid": {strconv.Itoa(c.agentID)}}, &out)
	return out, err
}

// FollowUsers returns the members who hold a customer-contact seat and are in the app's visible range.
func (c *Client) FollowUsers(ctx context.Context) ([]string, error) {
	var out struct {
		FollowUser []string `json:"follow_user"`
	}
	err := c.get(ctx, "/cgi-bin/externalcontact/get_follow_user_list", nil, &out)
	return out.FollowUser, err
}
