package wecom

import "context"

// The calls of the kf files are 微信客服: accounts that WeChat users write to without adding anybody. The app must be among
// those that may call them (微信客服 → 可调用接口的应用) and be given the accounts it manages.

// KfAccount is a customer-service account. Name ≤ 16 characters; MediaID is a picture for its face (requests only).
type KfAccount struct {
	OpenKfID string `json:"open_kfid,omitempty"`
	Name     string `json:"name,omitempty"`
	MediaID  string `json:"media_id,omitempty"`
	Avatar   string `json:"avatar,omitempty"`
	Manage   bool   `json:"manage_privilege,omitempty"` // this app may change it
}

type kfID struct {
	OpenKfID string `json:"open_kfid"`
}

// KfAccountAdd makes an account and returns its id; 95005 when the corp has 5,000, 95006 when the name is refused. It is
// findable: by name, through KfAccountList.
func (c *Client) KfAccountAdd(ctx context.Context, name, mediaID string) (openKfID string, err error) {
	var out kfID
	err = c.post(ctx, "/cgi-bin/kf/account/add", KfAccount{Name: name, MediaID: mediaID}, &out)
	return out.OpenKfID, err
}

// KfAccountUpdate changes an account's name or face; empty fields stay as they are. It is repeatable.
func (c *Client) KfAccountUpdate(ctx context.Context, a KfAccount) error {
	a.Avatar, a.Manage = "", false
	return c.post(ctx, "/cgi-bin/kf/account/update", a, nil)
}

// KfAccountDel deletes an account. It is repeatable: 95004 means that it is gone.
func (c *Client) KfAccountDel(ctx context.Context, openKfID string) error {
	return c.post(ctx, "/cgi-bin/kf/account/del", kfID{openKfID}, nil)
}

// KfAccountList returns up to limit (≤ 100) accounts from offset on; fewer than limit end the pages.
func (c *Client) KfAccountList(ctx context.Context, offset, limit int) ([]KfAccount, error) {
	in := struct {
		Offset int `json:"offset"`
		Limit  int `json:"limit"`
	}{offset, limit}
	var out struct {
		List []KfAccount `json:"account_list"`
	}
	err := c.post(ctx, "/cgi-bin/kf/account/list", in, &out)
	return out.List, err
}

// KfContactWay returns the address that opens a chat with an account; scene ([0-9a-zA-Z_-], ≤ 32 bytes) comes back when
// somebody enters. "&scene_param=" (≤ 128 bytes) may be appended. It is repeatable.
func (c *Client) KfContactWay(ctx context.Context, openKfID, scene string) (address string, err error) {
	in := struct {
		kfID
		Scene string `json:"scene,omitempty"`
	}{kfID{openKfID}, scene}
	var out struct {
		URL string `json:"url"`
	}
	err = c.post(ctx, "/cgi-bin/kf/add_contact_way", in, &out)
	return out.URL, err
}

// KfServicerItem is what became of one member or department of KfServicerAdd or KfServicerDel.
type KfServicerItem struct {
	UserID     string `json:"userid"`
	Department int64  `json:"department_id"`
	Code       int    `json:"errcode"`
	Msg        string `json:"errmsg"` // "success" or "ignored"
}

// KfServicerAdd lets members (≤ 100) and departments (≤ 20) serve an account. It is repeatable: those who do already are
// ignored.
func (c *Client) KfServicerAdd(ctx context.Context, openKfID string, userIDs []string, departments []int64) ([]KfServicerItem, error) {
	return c.kfServicers(ctx, "/cgi-bin/kf/servicer/add", openKfID, userIDs, departments)
}

// KfServicerDel ends that. It is repeatable.
func (c *Client) KfServicerDel(ctx context.Context, openKfID string, userIDs []string, departments []int64) ([]KfServicerItem, error) {
	return c.kfServicers(ctx, "/cgi-bin/kf/servicer/del", openKfID, userIDs, departments)
}

func (c *Client) kfServicers(ctx context.Context, api, openKfID string, userIDs []string, departments []int64) ([]KfServicerItem, error) {
	in := struct {
		kfID
		UserIDs     []string `json:"userid_list,omitempty"`
		Departments []int64  `json:"department_id_list,omitempty"`
	}{kfID{openKfID}, userIDs, departments}
	var out struct {
		List []KfServicerItem `json:"result_list"`
	}
	err := c.post(ctx, api, in, &out)
	return out.List, err
}

// KfServicer is a member or department that serves an account. Status: 0 serving, 1 paused, and then StopType says how.
type KfServicer struct {
	UserID     string `json:"userid"`
	Department int64  `json:"department_id"`
	Status     int    `json:"status"`
	StopType   int    `json:"stop_type"`
}

// KfServicerList returns who serves an account.
func (c *Client) KfServicerList(ctx context.Context, openKfID string) ([]KfServicer, error) {
	var out struct {
		List []KfServicer `json:"servicer_list"`
	}
	err := c.get(ctx, "/cgi-bin/kf/servicer/list", query("open_kfid", openKfID), &out)
	return out.List, err
}

// States of a customer's session.
const (
	KfNew   = 0
	KfBot   = 1
	KfPool  = 2
	KfHuman = 3
	KfEnded = 4
)

// KfStateGet returns the state of a customer's session and who serves it, if a human does.
func (c *Client) KfStateGet(ctx context.Context, openKfID, externalUserID string) (state int, servicer string, err error) {
	in := struct {
		kfID
		External string `json:"external_userid"`
	}{kfID{openKfID}, externalUserID}
	var out struct {
		State    int    `json:"service_state"`
		Servicer string `json:"servicer_userid"`
	}
	err = c.post(ctx, "/cgi-bin/kf/service_state/get", in, &out)
	return out.State, out.Servicer, err
}

// KfStateTrans moves a customer's session; servicer is for KfHuman. The code it returns may send one message, see
// KfSendOnEvent. 95016 when the state does not allow it. It is repeatable: KfStateGet tells.
func (c *Client) KfStateTrans(ctx context.Context, openKfID, externalUserID string, state int, servicer string) (msgCode string, err error) {
	in := struct {
		kfID
		External string `json:"external_userid"`
		State    int    `json:"service_state"`
		Servicer string `json:"servicer_userid,omitempty"`
	}{kfID{openKfID}, externalUserID, state, servicer}
	var out struct {
		MsgCode string `json:"msg_code"`
	}
	err = c.post(ctx, "/cgi-bin/kf/service_state/trans", in, &out)
	return out.MsgCode, err
}

// KfCustomer is a WeChat user who wrote to an account.
type KfCustomer struct {
	ExternalUserID string `json:"external_userid"`
	Nickname       string `json:"nickname"`
	Avatar         string `json:"avatar"`
	Gender         int    `json:"gender"`
	UnionID        string `json:"unionid"`
	Entered        *struct {
		Scene      string    `json:"scene"`
		SceneParam string    `json:"scene_param"`
		Channels   *Channels `json:"wechat_channels"`
	} `json:"enter_session_context"`
}

// KfCustomers reads customers (≤ 100), with how they last entered if entered is set; bad are the ids WeCom does not know.
func (c *Client) KfCustomers(ctx context.Context, externalUserIDs []string, entered bool) (customers []KfCustomer, bad []string, err error) {
	in := struct {
		IDs     []string `json:"external_userid_list"`
		Entered int      `json:"need_enter_session_context,omitempty"`
	}{IDs: externalUserIDs}
	if entered {
		in.Entered = 1
	}
	var out struct {
		List []KfCustomer `json:"customer_list"`
		Bad  []string     `json:"invalid_external_userid"`
	}
	err = c.post(ctx, "/cgi-bin/kf/customer/batchget", in, &out)
	return out.List, out.Bad, err
}

// KfUpgradeRange is whom and which groups the corp offers to customers of an account (升级服务).
type KfUpgradeRange struct {
	UserIDs     []string
	Departments []int64
	ChatIDs     []string
}

// KfUpgradeConfig reads the corp's setting. WeCom's pages name the departments in two ways; both are read.
func (c *Client) KfUpgradeConfig(ctx context.Context) (KfUpgradeRange, error) {
	var out struct {
		Members struct {
			UserIDs        []string `json:"userid_list"`
			Departments    []int64  `json:"department_id_list"`
			DepartmentsToo []int64  `json:"department_list"`
		} `json:"member_range"`
		Groups struct {
			ChatIDs []string `json:"chat_id_list"`
		} `json:"groupchat_range"`
	}
	err := c.get(ctx, "/cgi-bin/kf/customer/get_upgrade_service_config", nil, &out)
	r := KfUpgradeRange{UserIDs: out.Members.UserIDs, Departments: out.Members.Departments, ChatIDs: out.Groups.ChatIDs}
	if len(r.Departments) == 0 {
		r.Departments = out.Members.DepartmentsToo
	}
	return r, err
}

// KfUpgrade offers a customer a member's card (UserID) or a customer group (ChatID) of the setting, with a word.
type KfUpgrade struct {
	OpenKfID       string
	ExternalUserID string
	UserID         string
	ChatID         string
	Wording        string
}

// KfUpgradeService tells the servicer to make the offer. It is repeatable.
func (c *Client) KfUpgradeService(ctx context.Context, u KfUpgrade) error {
	type offer struct {
		UserID  string `json:"userid,omitempty"`
		ChatID  string `json:"chat_id,omitempty"`
		Wording string `json:"wording,omitempty"`
	}
	in := struct {
		kfID
		External string `json:"external_userid"`
		Type     int    `json:"type"`
		Member   *offer `json:"member,omitempty"`
		Group    *offer `json:"groupchat,omitempty"`
	}{kfID: kfID{u.OpenKfID}, External: u.ExternalUserID}
	if u.ChatID == "" {
		in.Type, in.Member = 1, &offer{UserID: u.UserID, Wording: u.Wording}
	} else {
		in.Type, in.Group = 2, &offer{ChatID: u.ChatID, Wording: u.Wording}
	}
	return c.post(ctx, "/cgi-bin/kf/customer/upgrade_service", in, nil)
}

// KfCancelUpgrade takes an offer back. It is repeatable.
func (c *Client) KfCancelUpgrade(ctx context.Context, openKfID, externalUserID string) error {
	in := struct {
		kfID
		External string `json:"external_userid"`
	}{kfID{openKfID}, externalUserID}
	return c.post(ctx, "/cgi-bin/kf/customer/cancel_upgrade_service", in, nil)
}
