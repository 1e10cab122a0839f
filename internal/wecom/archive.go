package wecom

import "context"

// Editions of the chat archive, for PermitUsers; 0 = all.
const (
	ArchiveOffice     = 1
	ArchiveService    = 2
	ArchiveEnterprise = 3
)

// The calls of this file need a client of the archive's own secret; another answers 48002 or 301052.

// PermitUsers returns the members whose chats are archived: those with a seat of the edition that is in force.
func (c *Client) PermitUsers(ctx context.Context, kind int) ([]string, error) {
	in := struct {
		Type int `json:"type,omitempty"`
	}{kind}
	var out struct {
		IDs []string `json:"ids"`
	}
	err := c.post(ctx, "/cgi-bin/msgaudit/get_permit_user_list", in, &out)
	return out.IDs, err
}

// ChatPair is a member and somebody outside. WeCom's field name is misspelt, and stays so.
type ChatPair struct {
	UserID string `json:"userid"`
	OpenID string `json:"exteranalopenid"`
}

// What somebody outside said about the archive. AgreeDefault is known from one SDK only.
const (
	AgreeYes     = "Agree"
	AgreeNo      = "Disagree"
	AgreeDefault = "Default_Agree"
)

// Agreement is what somebody outside said about the archive, and since when. UserID is empty in a room.
type Agreement struct {
	ChatPair
	ChangedAt Seconds `json:"status_change_time"`
	Status    string  `json:"agree_status"`
}

// CheckSingleAgree reads the consent in single chats (≤ 100).
func (c *Client) CheckSingleAgree(ctx context.Context, pairs []ChatPair) ([]Agreement, error) {
	in := struct {
		Info []ChatPair `json:"info"`
	}{pairs}
	var out struct {
		List []Agreement `json:"agreeinfo"`
	}
	err := c.post(ctx, "/cgi-bin/msgaudit/check_single_agree", in, &out)
	return out.List, err
}

type roomID struct {
	ID string `json:"roomid"`
}

// CheckRoomAgree reads the consent of the people outside who are in a room.
func (c *Client) CheckRoomAgree(ctx context.Context, room string) ([]Agreement, error) {
	var out struct {
		List []Agreement `json:"agreeinfo"`
	}
	err := c.post(ctx, "/cgi-bin/msgaudit/check_room_agree", roomID{room}, &out)
	return out.List, err
}

// ArchiveRoom is a group of members alone; customer groups are read with GroupGet.
type ArchiveRoom struct {
	Name       string  `json:"roomname"`
	Creator    string  `json:"creator"`
	CreateTime Seconds `json:"room_create_time"`
	Notice     string  `json:"notice"`
	Members    []struct {
		UserID   string  `json:"memberid"`
		JoinTime Seconds `json:"jointime"`
	} `json:"members"`
}

// ArchiveRoomGet reads a group of members; 301059 for any other.
func (c *Client) ArchiveRoomGet(ctx context.Context, room string) (ArchiveRoom, error) {
	var out ArchiveRoom
	err := c.post(ctx, "/cgi-bin/msgaudit/groupchat/get", roomID{room}, &out)
	return out, err
}

// ArchiveRobot is a robot that wrote in an archived chat.
type ArchiveRobot struct {
	ID      string `json:"robot_id"`
	Name    string `json:"name"`
	Creator string `json:"creator_userid"`
}

// ArchiveRobotGet names a robot ("wb…") of an archived message.
func (c *Client) ArchiveRobotGet(ctx context.Context, id string) (ArchiveRobot, error) {
	var out struct {
		Data ArchiveRobot `json:"data"`
	}
	err := c.get(ctx, "/cgi-bin/msgaudit/get_robot_info", query("robot_id", id), &out)
	return out.Data, err
}
