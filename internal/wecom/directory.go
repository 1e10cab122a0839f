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

// User is a member of the corp. Departments, Orders and IsLeader run parallel. Status: 1 active, 2 disabled, 4 not
// activated, 5 left. An app made since June 2022 gets no mobile, mail, avatar, gender, address or qr_code here, so they
// have no fields: people show them by consent only, see AuthUserDetail.
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

	Telephone        string           `json:"telephone,omitempty"`
	ExternalPosition string           `json:"external_position,omitempty"`
	ExternalProfile  *ExternalProfile `json:"external_profile,omitempty"`
	Extra            *struct {
		Attrs []ProfileAttr `json:"attrs"`
	} `json:"extattr,omitempty"`
}

// ExternalProfile is what a member, or a customer who uses WeCom, shows to outsiders.
type ExternalProfile struct {
	CorpName string        `json:"external_corp_name,omitempty"`
	Channels *Channels     `json:"wechat_channels,omitempty"`
	Attrs    []ProfileAttr `json:"external_attr,omitempty"`
}

// Channels is a 视频号. Status is a member's; Source a customer's: 0 unknown, 1 home page, 2 live, 3 lead form.
type Channels struct {
	Nickname string `json:"nickname"`
	Status   int    `json:"status,omitempty"`
	Source   int    `json:"source,omitempty"`
}

// ProfileAttr is one further field of a profile. Type: 0 text, 1 web page, 2 mini-program.
type ProfileAttr struct {
	Type int    `json:"type"`
	Name string `json:"name"`
	Text *struct {
		Value string `json:"value"`
	} `json:"text,omitempty"`
	Web *struct {
		URL   string `json:"url"`
		Title string `json:"title"`
	} `json:"web,omitempty"`
	MiniProgram *struct {
		AppID string `json:"appid"`
		Page  string `json:"pagepath"`
		Title string `json:"title"`
	} `json:"miniprogram,omitempty"`
}

// Agent is the app itself; the Allow fields are its visible range.
type Agent struct {
	AgentID     int    `json:"agentid"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Logo        string `json:"square_logo_url,omitempty"`
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
	ReportLocation int    `json:"report_location_flag,omitempty"`
	ReportEnter    int    `json:"isreportenter,omitempty"`
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

// DepartmentTree returns id, parent and order of the department id and all below it; of all the app sees for 0. WeCom
// recommends it over DepartmentList.
func (c *Client) DepartmentTree(ctx context.Context, id int64) ([]Department, error) {
	var out struct {
		Department []Department `json:"department_id"`
	}
	var q url.Values
	if id != 0 {
		q = query("id", strconv.FormatInt(id, 10))
	}
	err := c.get(ctx, "/cgi-bin/department/simplelist", q, &out)
	return out.Department, err
}

// DepartmentGet returns one department; 60003 or 60123 when there is none.
func (c *Client) DepartmentGet(ctx context.Context, id int64) (Department, error) {
	var out struct {
		Department Department `json:"department"`
	}
	err := c.get(ctx, "/cgi-bin/department/get", query("id", strconv.FormatInt(id, 10)), &out)
	return out.Department, err
}

// UserNames returns id, name and departments of the members of one department, without its sub-departments.
func (c *Client) UserNames(ctx context.Context, departmentID int64) ([]User, error) {
	var out struct {
		UserList []User `json:"userlist"`
	}
	err := c.get(ctx, "/cgi-bin/user/simplelist", query("department_id", strconv.FormatInt(departmentID, 10)), &out)
	return out.UserList, err
}

// UserDepartment is a member in one of the member's departments.
type UserDepartment struct {
	UserID     string `json:"userid"`
	Department int64  `json:"department"`
}

// UserIDs returns one page of all members of the corp, one row for each department a member is in; limit ≤ 10,000. It
// needs a client of the contacts-sync secret (通讯录同步); another answers 48002. An empty next ends the pages.
func (c *Client) UserIDs(ctx context.Context, cursor string, limit int) (rows []UserDepartment, next string, err error) {
	var out struct {
		Rows []UserDepartment `json:"dept_user"`
		Next string           `json:"next_cursor"`
	}
	err = c.post(ctx, "/cgi-bin/user/list_id", page{Cursor: cursor, Limit: limit}, &out)
	return out.Rows, out.Next, err
}

// UserIDByMobile finds a member by mobile number; 46004 when there is none. WeCom closes the call for a day to a corp
// that misses more often than one fifth of its size.
func (c *Client) UserIDByMobile(ctx context.Context, mobile string) (string, error) {
	in := struct {
		Mobile string `json:"mobile"`
	}{mobile}
	var out Ref
	err := c.post(ctx, "/cgi-bin/user/getuserid", in, &out)
	return out.UserID, err
}

// UserIDByEmail finds a member by mail address: kind 1 the corp's, 2 the member's own. Otherwise like UserIDByMobile.
func (c *Client) UserIDByEmail(ctx context.Context, email string, kind int) (string, error) {
	in := struct {
		Email string `json:"email"`
		Kind  int    `json:"email_type,omitempty"`
	}{email, kind}
	var out Ref
	err := c.post(ctx, "/cgi-bin/user/get_userid_by_email", in, &out)
	return out.UserID, err
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

// AgentItem is an app in AgentList.
type AgentItem struct {
	AgentID int    `json:"agentid"`
	Name    string `json:"name"`
	Logo    string `json:"square_logo_url"`
}

// AgentList returns the apps that the secret speaks for: of an app's secret, the app itself.
func (c *Client) AgentList(ctx context.Context) ([]AgentItem, error) {
	var out struct {
		List []AgentItem `json:"agentlist"`
	}
	err := c.get(ctx, "/cgi-bin/agent/list", nil, &out)
	return out.List, err
}

// CallbackIPs returns the addresses that callbacks come from: single ones, "a.b.c.*" or in CIDR form.
func (c *Client) CallbackIPs(ctx context.Context) ([]string, error) {
	return c.ips(ctx, "/cgi-bin/getcallbackip")
}

// DomainIPs returns the addresses of the API itself, for outgoing firewalls.
func (c *Client) DomainIPs(ctx context.Context) ([]string, error) {
	return c.ips(ctx, "/cgi-bin/get_api_domain_ip")
}

func (c *Client) ips(ctx context.Context, api string) ([]string, error) {
	var out struct {
		IPs []string `json:"ip_list"`
	}
	err := c.get(ctx, api, nil, &out)
	return out.IPs, err
}

// FollowUsers returns the members who hold a customer-contact seat and are in the app's visible range.
func (c *Client) FollowUsers(ctx context.Context) ([]string, error) {
	var out struct {
		FollowUser []string `json:"follow_user"`
	}
	err := c.get(ctx, "/cgi-bin/externalcontact/get_follow_user_list", nil, &out)
	return out.FollowUser, err
}
