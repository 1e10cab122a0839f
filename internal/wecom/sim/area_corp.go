package sim

import "slices"

// corpState is what was set up at the corp's console, and of its secrets, since the world began.
type corpState struct {
	Tokens   map[secretKind]tokenLine // of the secrets besides the app's
	Receiver *Receiver                // set while the simulator ran; nil = as the options say
}

type tokenLine struct {
	Gen int64 // generation
	To  int64 // wall, Unix s; 0 = invalidated
}

// Ops of the corp's area.
const (
	opCorpToken   = "corp.token"       // ID the kind; body tokenLine
	opReceiver    = "corp.receiver"    // body Receiver
	opPermissions = "corp.permissions" // body Permissions
	opLimits      = "corp.limits"      // body Limits
)

// corpAreas are those of the corp itself: who may call, its members and departments, its settings.
func corpAreas() []area {
	return []area{{
		endpoints: map[string]endpoint{
			"user/list_id":             post((*call).userListID).with(secretContacts),
			"user/getuserid":           post((*call).userByMobile),
			"user/get_userid_by_email": post((*call).userByEmail),
			"auth/getuserdetail":       post((*call).userDetail),
			"get_api_domain_ip":        get((*call).domainIP),
			"department/list":          get((*call).departmentList).alsoFor(secretContacts),
			"department/simplelist":    get((*call).departmentSimple).alsoFor(secretContacts),
			"department/get":           get((*call).departmentGet).alsoFor(secretContacts),
			"user/list":                get((*call).userList).alsoFor(secretContacts),
			"user/simplelist":          get((*call).userSimple).alsoFor(secretContacts),
			"user/get":                 get((*call).userGet).alsoFor(secretContacts),
			"agent/get":                get((*call).agentGet),
			"agent/list":               get((*call).agentList),
			"get_jsapi_ticket":         get((*call).corpTicket),
			"ticket/get":               get((*call).agentTicket),
			"auth/getuserinfo":         get((*call).userInfo),
			"user/getuserinfo":         get((*call).userInfoOld),
			"getcallbackip":            get((*call).callbackIP).alsoFor(secretContacts, secretArchive),
		},
		changes: map[string]change{
			opCorpToken: changing(func(s *state, _ int64, o *op, v tokenLine) {
				orMake(&s.Corp.Tokens)
				s.Corp.Tokens[secretKind(o.ID)] = v
			}),
			opReceiver: changing(func(s *state, _ int64, _ *op, v Receiver) { s.Corp.Receiver = &v }),
			opPermissions: changing(func(s *state, _ int64, _ *op, v Permissions) {
				ranged := s.World.Permissions.ranged()
				s.World.Permissions = v
				s.rerange(ranged)
			}),
			opLimits: changing(func(s *state, _ int64, _ *op, v Limits) { s.setLimits(v) }),
		},
		hands: emitHands(),
	}}
}

// alsoFor lets further secrets call what the app may call.
func (e endpoint) alsoFor(kinds ...secretKind) endpoint {
	e.also = slices.Concat(e.also, kinds)
	return e
}
