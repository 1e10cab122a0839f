package sim

import (
	"strconv"
	"time"

	"qunce/internal/clock"
)

// kfDays lists the days of a statistic; today is not among them, and days without anything are absent.
func (c *call) kfDays(kf, servicer string, start, end int64) ([]*kfDay, error) {
	now := msTime(c.t.At).In(clock.Shanghai)
	from, to := clock.Day(time.Unix(start, 0)), clock.Day(time.Unix(end, 0))
	oldest := clock.Day(now).AddDate(0, 0, -kfStatistics)
	if start <= 0 || to.Before(from) || to.Sub(from) > 31*24*time.Hour || from.Before(oldest) || !to.Before(clock.Day(now)) {
		return nil, refuse(40058, "invalid time range")
	}
	var out []*kfDay
	for d := from; !d.After(to); d = d.AddDate(0, 0, 1) {
		key := strconv.FormatInt(periods(d.UnixMilli())[2], 10) + "|" + kf + "|" + servicer
		if row := c.st.Talk.Kf.Days[key]; row != nil {
			out = append(out, row)
		}
	}
	return out, nil
}

func (d *kfDay) time() int64 {
	return time.Date(int(d.Day/10_000), time.Month(d.Day/100%100), int(d.Day%100), 0, 0, 0, 0, clock.Shanghai).Unix()
}

func share(part, whole int64) float64 { return float64(part) / float64(whole) }

type kfStatIn struct {
	Kf       string `json:"open_kfid"`
	Servicer string `json:"servicer_userid"`
	Start    int64  `json:"start_time"`
	End      int64  `json:"end_time"`
}

func (c *call) kfCorpStatistic() (fields, error) {
	var in kfStatIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.kf(in.Kf)
	if err != nil {
		return nil, err
	}
	days, err := c.kfDays(a.ID, "", in.Start, in.End)
	if err != nil {
		return nil, err
	}
	rows := []fields{}
	for _, d := range days {
		one := fields{"session_cnt": d.Sessions, "customer_cnt": d.Customers, "customer_msg_cnt": d.Msgs, "upgrade_service_customer_cnt": d.Upgraded,
			"ai_session_reply_cnt": d.Bots, "msg_rejected_customer_cnt": d.Refused}
		if d.Bots > 0 {
			one["ai_transfer_rate"] = share(d.Handed, d.Bots)
		}
		rows = append(rows, fields{"stat_time": d.time(), "statistic": one})
	}
	return fields{"statistic_list": rows}, nil
}

func (c *call) kfServicerStatistic() (fields, error) {
	var in kfStatIn
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := c.kf(in.Kf)
	if err != nil {
		return nil, err
	}
	who := kfAll
	if in.Servicer != "" {
		m, err := c.visible(in.Servicer)
		if err != nil {
			return nil, err
		}
		who = m.UserID
	}
	days, err := c.kfDays(a.ID, who, in.Start, in.End)
	if err != nil {
		return nil, err
	}
	rows := []fields{}
	for _, d := range days {
		one := fields{"session_cnt": d.Sessions, "customer_cnt": d.Customers, "customer_msg_cnt": d.Msgs, "satisfaction_investgate_cnt": 0,
			"upgrade_service_customer_cnt": d.Upgraded, "upgrade_service_member_invite_cnt": d.Invites, "upgrade_service_member_customer_cnt": d.UpgradedMember,
			"upgrade_service_groupchat_invite_cnt": d.GroupInvites, "upgrade_service_groupchat_customer_cnt": d.UpgradedRoom, "msg_rejected_customer_cnt": d.Refused}
		if d.Asked > 0 {
			one["reply_rate"] = share(min(d.Replied, d.Asked), d.Asked)
			if d.Replied > 0 {
				one["first_reply_average_sec"] = share(d.Seconds, d.Replied)
			}
		}
		rows = append(rows, fields{"stat_time": d.time(), "statistic": one})
	}
	return fields{"statistic_list": rows}, nil
}
