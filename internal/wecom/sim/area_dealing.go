package sim

import "net/http"

// dealingAreas are those of dealing with customers: tags, links, templates, statistics, transfers.
func dealingAreas() []area {
	return []area{
		{
			endpoints: map[string]endpoint{
				"externalcontact/contact_list":                     post((*call).contactList),
				"externalcontact/edit_corp_tag":                    post((*call).editTag),
				"externalcontact/del_corp_tag":                     post((*call).delTag),
				"externalcontact/close_temp_chat":                  post((*call).closeTempChat),
				"externalcontact/opengid_to_chatid":                post((*call).openGroup),
				"externalcontact/get_user_behavior_data":           post((*call).userBehaviour),
				"externalcontact/groupchat/statistic":              post((*call).groupStatistic),
				"externalcontact/groupchat/statistic_group_by_day": post((*call).groupStatisticByDay),
			},
			changes: wayChanges(),
			hands:   tagHands(),
			deeds: map[string]deed{
				actTempEnd: (*Server).tempEnds,
				actClose:   closeDay,
			},
			routes: func(s *Server, mux *http.ServeMux) { mux.HandleFunc("POST /sim/act", s.serveHand) },
			day:    (*Server).countToday,
		},
		{changes: map[string]change{opClose: changing(applyClose)}},
		{
			changes: talkChanges(),
			hands:   talkHands(),
			deeds: map[string]deed{
				actAnswer:   (*Server).answer,
				actWrite:    (*Server).writeFirst,
				actApply:    func(s *Server, t *transaction, a *act) { s.apply(t, a.User, a.Person) },
				actAccepted: (*Server).accepted,
			},
			day: func(s *Server, t *transaction, _ *act) { s.applyToday(t) },
		},
		{
			endpoints: map[string]endpoint{
				"externalcontact/group_welcome_template/add":  post((*call).addGreet),
				"externalcontact/group_welcome_template/edit": post((*call).editGreet),
				"externalcontact/group_welcome_template/get":  post((*call).getGreet),
				"externalcontact/group_welcome_template/del":  post((*call).delGreet),
			},
			changes: greetChanges(),
			hands:   greetHands(),
			deeds:   map[string]deed{actGreet: (*Server).greetAll, actPick: (*Server).pickForAll},
		},
		{
			endpoints: map[string]endpoint{
				"externalcontact/transfer_customer":          post((*call).transferCustomer),
				"externalcontact/transfer_result":            post((*call).transferResult),
				"externalcontact/get_unassigned_list":        post((*call).unassignedList),
				"externalcontact/resigned/transfer_customer": post((*call).transferResigned),
				"externalcontact/resigned/transfer_result":   post((*call).transferResignedResult),
				"externalcontact/groupchat/transfer":         post((*call).groupTransfer),
				"externalcontact/groupchat/onjob_transfer":   post((*call).groupOnjobTransfer),
			},
			changes: transferChanges(),
			hands:   transferHands(),
			deeds: map[string]deed{
				actTakeover: (*Server).takeover,
				actRefuse:   func(s *Server, t *transaction, a *act) { s.refuseTransfer(t, a.User, a.Person) },
				actInherit:  (*Server).inherit,
			},
		},
		{changes: staffingChanges(), hands: staffingHands()},
		{
			endpoints: map[string]endpoint{
				"externalcontact/customer_acquisition/list_link":     post((*call).listLinks),
				"externalcontact/customer_acquisition/get":           post((*call).getLink),
				"externalcontact/customer_acquisition/create_link":   post((*call).createLink),
				"externalcontact/customer_acquisition/update_link":   post((*call).updateLink),
				"externalcontact/customer_acquisition/delete_link":   post((*call).deleteLink),
				"externalcontact/customer_acquisition/customer":      post((*call).linkCustomers),
				"externalcontact/customer_acquisition/statistic":     post((*call).linkStatistic),
				"externalcontact/customer_acquisition/get_chat_info": post((*call).linkChat),
				"externalcontact/customer_acquisition_quota":         get((*call).linkQuota),
			},
			changes: acquireChanges(),
			hands:   acquireHands(),
			routes:  func(s *Server, mux *http.ServeMux) { mux.HandleFunc("GET /sim/ca/{id}", s.serveLink) },
			day:     func(s *Server, t *transaction, _ *act) { s.linksToday(t) },
		},
	}
}

// countToday lets worlds from before there were statistics count from now on.
func (s *Server) countToday(t *transaction, _ *act) {
	for _, a := range s.st.hush {
		if a.Kind == actClose && s.st.Acts[a.ID] == a {
			return
		}
	}
	t.later(midnight(t.At), act{Kind: actClose})
}
