package doctor

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"qunce/internal/errs"
	"qunce/internal/wecom"
)

func (x *exam) secret(context.Context) Finding {
	if f, stop := x.nobody(); stop {
		return f
	}
	if x.Corp.Secrets.Secret == "" {
		return skipped("no_corp")
	}
	err := x.token()
	facts := answer(err)
	facts["corp_id"], facts["base"] = x.Corp.CorpID, x.base.String()
	switch {
	case err == nil && x.sandbox:
		return fine("ok_sandbox", facts)
	case err == nil:
		return fine("ok", facts)
	case errs.Is(err, "wecom.unreachable"):
		var e *wecom.Error
		if errors.As(err, &e) {
			facts["reason"] = clip(e.Msg)
			if e.Cause != nil {
				facts["reason"] = clip(e.Cause.Error())
			}
		}
		return fail("unreachable", facts)
	case wecom.IsCode(err, 60020):
		return skipped("needs_ip")
	case wecom.Limited(err):
		return warn("throttled", facts)
	case wecom.IsCode(err, 40013):
		return fail("corp", facts)
	case wecom.IsCode(err, 40001, 40091, 42001):
		return fail("wrong", facts)
	}
	return fail("refused", facts)
}

// trustedIP asks whether WeCom accepts calls from this machine's address. Some calls are let through that others are not,
// so the answers to all that the examination asks are looked at.
func (x *exam) trustedIP(context.Context) Finding {
	if f, stop := x.nobody(); stop {
		return f
	}
	if x.Corp.Secrets.Secret == "" {
		return skipped("no_corp")
	}
	asked := []error{x.token()}
	if asked[0] == nil {
		_, agent := x.agent()
		_, departments := x.departments()
		_, seats := x.seats()
		asked = append(asked, agent, departments, seats)
	}
	for _, err := range asked {
		if wecom.IsCode(err, 60020) {
			f := answer(err)
			if f["ip"] == nil {
				return fail("refused_somewhere", f)
			}
			return fail("untrusted", f)
		}
	}
	if f, stop := blocked(asked[0]); stop {
		return f
	}
	if !slices.ContainsFunc(asked[1:], func(err error) bool { return err == nil }) {
		return refused(asked[1])
	}
	return fine("ok", nil)
}

func (x *exam) agentCheck(context.Context) Finding {
	if f, stop := x.before(); stop {
		return f
	}
	facts := Facts{"agent_id": x.Corp.AgentID}
	a, err := x.agent()
	switch {
	case wecom.IsCode(err, 301002), err == nil && a.AgentID != x.Corp.AgentID:
		return fail("other", facts)
	case wecom.IsCode(err, 40056):
		return fail("unknown", facts)
	case wecom.IsCode(err, 50003):
		return fail("closed", facts)
	case err != nil:
		return refused(err)
	}
	facts["name"] = clip(a.Name)
	if a.Close != 0 {
		return fail("closed", facts)
	}
	return fine("ok", facts)
}

// mostDepartments bounds how many departments are gone through to count members: an examination is no sync.
const (
	mostDepartments = 60
	readers         = 6
)

// countMembers counts the members in the departments and those that the visible range names one by one. all is false when
// there are too many departments to go through.
func (x *exam) countMembers(ctx context.Context, departments []wecom.Department, a wecom.Agent) (n int, all bool, err error) {
	var mu sync.Mutex
	seen := map[string]bool{}
	for _, u := range a.AllowUsers.User {
		seen[strings.ToLower(u.UserID)] = true
	}
	if len(departments) > mostDepartments {
		return 0, false, nil
	}
	turn := make(chan struct{}, readers)
	var wg sync.WaitGroup
	for _, d := range departments {
		wg.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			list, uerr := x.app.UserNames(ctx, d.ID)
			mu.Lock()
			defer mu.Unlock()
			if uerr != nil && !wecom.IsCode(uerr, 60011) { // a parent that is only shown for its children
				err = cmp.Or(err, uerr)
				return
			}
			for _, u := range list {
				seen[strings.ToLower(u.UserID)] = true
			}
		})
	}
	wg.Wait()
	return len(seen), err == nil, err
}

// visibleRange compares what the app sees with what there is, as far as that can be known: the root department, and the
// staff whom the platform works with and no longer sees.
func (x *exam) visibleRange(ctx context.Context) Finding {
	if f, stop := x.before(); stop {
		return f
	}
	a, err := x.agent()
	if err != nil {
		return refused(err)
	}
	departments, err := x.departments()
	if err != nil && !wecom.IsCode(err, 60011) {
		return refused(err)
	}
	n, all, err := x.countMembers(ctx, departments, a)
	if err != nil {
		return refused(err)
	}
	facts := Facts{"departments": len(departments), "members": n}
	whole := slices.Contains(a.AllowParties.PartyID, 1)
	if all && n == 0 || len(departments) == 0 && len(a.AllowUsers.User) == 0 && len(a.AllowTags.TagID) == 0 {
		return fail("empty", facts)
	}
	if db, _, ok := x.records(); ok {
		list, err := staffNeeded(ctx, db)
		if err != nil {
			return unread(err)
		}
		if gone := slices.DeleteFunc(list, func(s needed) bool { return s.active }); len(gone) > 0 {
			facts["count"], facts["names"] = len(gone), names(gone)
			return warn("gone", facts)
		}
	}
	if x.Corp.Secrets.ContactsSecret != "" {
		total, err := x.everybody(ctx)
		if err == nil && all && total > n {
			facts["total"], facts["hidden"] = total, total-n
			return warn("partly", facts)
		}
	}
	says := "part"
	if whole {
		says = "whole"
	}
	if !all {
		says += "_many"
	}
	return fine(says, facts)
}

// names lists people for a sentence, the first few of many.
func names(list []needed) string {
	const most = 10
	var out []string
	for i, s := range list {
		if i == most {
			out = append(out, "…")
			break
		}
		out = append(out, clip(cmp.Or(s.name, s.userID)))
	}
	return strings.Join(out, "、")
}

// everybody counts the corp's members with the secret of the contacts sync, which sees all of them.
func (x *exam) everybody(ctx context.Context) (int, error) {
	client, cursor, all := x.client(x.Corp.Secrets.ContactsSecret), "", map[string]bool{}
	for {
		list, next, err := client.UserIDs(ctx, cursor, 10_000)
		if err != nil {
			return 0, err
		}
		for _, m := range list {
			all[strings.ToLower(m.UserID)] = true
		}
		if cursor = next; cursor == "" {
			return len(all), nil
		}
	}
}

func (x *exam) whitelist(context.Context) Finding {
	if f, stop := x.before(); stop {
		return f
	}
	_, err := x.seats()
	switch {
	case err == nil:
		return fine("ok", nil)
	case wecom.IsCode(err, 48001, 48002):
		return fail("missing", answer(err))
	}
	return refused(err)
}

// seatsCheck asks who may have customers, and whether everybody whom the platform needs for that may.
func (x *exam) seatsCheck(ctx context.Context) Finding {
	if f, stop := x.before(); stop {
		return f
	}
	seats, err := x.seats()
	if wecom.IsCode(err, 84074) {
		return fail("none", nil)
	}
	if err != nil {
		return refused(err)
	}
	facts := Facts{"seats": len(seats)}
	if len(seats) == 0 {
		return fail("none", facts)
	}
	db, _, ok := x.records()
	if !ok {
		return fine("ok", facts)
	}
	list, err := staffNeeded(ctx, db)
	if err != nil {
		return unread(err)
	}
	seated := map[string]bool{}
	for _, u := range seats {
		seated[strings.ToLower(u)] = true
	}
	without := slices.DeleteFunc(list, func(s needed) bool { return !s.active || seated[strings.ToLower(s.userID)] })
	if len(without) > 0 {
		facts["count"], facts["names"] = len(without), names(without)
		return warn("without", facts)
	}
	return fine("ok", facts)
}

// domain compares the app's trusted domain and home page with our address.
func (x *exam) domain(context.Context) Finding {
	if f, stop := x.before(); stop {
		return f
	}
	a, err := x.agent()
	if err != nil {
		return refused(err)
	}
	if x.public == nil {
		return skipped("needs_address")
	}
	want := hostOf(x.public.Host, x.public.Scheme)
	facts := Facts{"want": want, "domain": clip(a.RedirectDomain), "home": clip(a.HomeURL), "want_home": x.public.Scheme + "://" + x.public.Host + "/staff/"}
	switch {
	case a.RedirectDomain == "" && x.sandbox:
		return skipped("sandbox")
	case a.RedirectDomain == "":
		return fail("unset", facts)
	case !strings.EqualFold(hostOf(a.RedirectDomain, x.public.Scheme), want):
		return fail("other", facts)
	case a.HomeURL == "":
		return warn("no_home", facts)
	}
	if home, ok := parseURL(a.HomeURL); !ok || !strings.EqualFold(hostOf(home.Host, home.Scheme), want) {
		return warn("other_home", facts)
	}
	return fine("ok", facts)
}

// hostOf is a host with its port, unless that is the scheme's own.
func hostOf(host, scheme string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

func (x *exam) contactsSecret(ctx context.Context) Finding {
	if f, stop := x.nobody(); stop {
		return f
	}
	if x.Corp.Secrets.ContactsSecret == "" {
		return skipped("unset")
	}
	n, err := x.everybody(ctx)
	if err != nil {
		return secretRefused(err)
	}
	return fine("ok", Facts{"members": n})
}

func (x *exam) archiveSecret(ctx context.Context) Finding {
	if f, stop := x.nobody(); stop {
		return f
	}
	if x.Corp.Secrets.ArchiveSecret == "" {
		return skipped("unset")
	}
	seats := map[string]bool{}
	client := x.client(x.Corp.Secrets.ArchiveSecret)
	for edition := 1; edition <= 3; edition++ { // office, service, enterprise
		list, err := client.PermitUsers(ctx, edition)
		if err != nil {
			return secretRefused(err)
		}
		for _, u := range list {
			seats[u] = true
		}
	}
	if len(seats) == 0 {
		return warn("no_seats", nil)
	}
	return fine("ok", Facts{"seats": len(seats)})
}

// secretRefused is the finding about a second secret: a wrong one first, then what any call may meet.
func secretRefused(err error) Finding {
	if wecom.IsCode(err, 40001, 40091, 48002, 40013) {
		return fail("wrong", answer(err))
	}
	return refused(err)
}

func (x *exam) callbackIPs(ctx context.Context) Finding {
	if f, stop := x.before(); stop {
		return f
	}
	list, err := x.app.CallbackIPs(ctx)
	if err != nil {
		return refused(err)
	}
	if len(list) == 0 {
		return unknown("none", nil)
	}
	return fine("ok", Facts{"count": len(list), "first": strings.Join(list[:min(3, len(list))], "、")})
}

// A sync that is older than syncOld is a finding: one runs every night.
const syncOld = 36 * time.Hour

func (x *exam) syncCheck(ctx context.Context) Finding {
	db, f, ok := x.records()
	if !ok {
		return f
	}
	newest, good, err := syncs(ctx, db)
	if err != nil {
		return unread(err)
	}
	if newest == nil {
		return warn("never", nil)
	}
	if good == nil {
		if newest.state == "running" {
			return unknown("first", Facts{"at": x.moment(newest.startedAt)})
		}
		return fail("failed", Facts{"at": x.moment(newest.startedAt)})
	}
	facts := Facts{"at": x.moment(*good.finishedAt), "staff": good.staff, "relations": good.relations, "groups": good.groups}
	switch {
	case newest.state != "done" && newest.state != "running":
		facts["failed_at"] = x.moment(newest.startedAt)
		return warn("failed_since", facts)
	case !good.complete:
		return warn("incomplete", facts)
	case x.d.Wall.Now().Sub(*good.finishedAt) > syncOld:
		return warn("old", facts)
	}
	return fine("ok", facts)
}

// welcomeDays is how far back welcomes are looked at; welcomeFew how many lost ones are nothing to speak of.
const (
	welcomeDays = 7
	welcomeFew  = 3
)

// welcome looks for signs that somebody else answers new customers first: a welcome set in WeCom's own console, or another
// app.
func (x *exam) welcome(ctx context.Context) Finding {
	db, f, ok := x.records()
	if !ok {
		return f
	}
	now, _, accelerated, err := corpNow(ctx, db)
	if err != nil {
		return unread(err)
	}
	if !accelerated {
		now = x.d.Wall.Now()
	}
	w, err := welcomesSince(ctx, db, now.AddDate(0, 0, -welcomeDays))
	if err != nil {
		return unread(err)
	}
	facts := Facts{"days": welcomeDays, "sent": w.sent, "already": w.already, "expired": w.expired, "failed": w.failed}
	lost, all := w.already+w.expired+w.failed, w.sent+w.already+w.expired+w.failed
	few := lost <= welcomeFew || lost*50 < all
	switch {
	case all == 0:
		return unknown("none", facts)
	case !few && w.already >= w.expired && w.already >= w.failed:
		return warn("race", facts)
	case !few && w.expired >= w.failed:
		return warn("late", facts)
	case !few:
		return warn("failing", facts)
	}
	return fine("ok", facts)
}
