package doctor

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"qunce/internal/archive"
	"qunce/internal/errs"
)

// When the chat archive is a finding: WeCom gives messages for five days, and what was not read by then is lost.
const (
	archiveBehind = 6 * time.Hour
	archiveLosing = 4 * 24 * time.Hour
	gapDays       = 30 // a gap cannot be closed: after a month nobody needs to hear of it any more
)

// archiveCheck asks the adapter of the chat archive for a message and looks how reading goes.
func (x *exam) archiveCheck(ctx context.Context) Finding {
	db, f, ok := x.records()
	if !ok {
		return f
	}
	address := x.Corp.Settings.ArchiveURL
	if address == "" {
		return skipped("unset")
	}
	st, err := archiveRead(ctx, db)
	if err != nil {
		return unread(err)
	}
	now, _, accelerated, err := corpNow(ctx, db)
	if err != nil {
		return unread(err)
	}
	if !accelerated {
		now = x.d.Wall.Now()
	}
	if st.gaps, err = archiveGaps(ctx, db, now.AddDate(0, 0, -gapDays)); err != nil {
		return unread(err)
	}
	facts := Facts{"address": address, "failures": st.failures, "gaps": st.gaps, "days": gapDays}
	if st.caughtUp != nil {
		facts["at"], facts["behind"] = x.moment(*st.caughtUp), span(now.Sub(*st.caughtUp))
	}
	client := &http.Client{Transport: transport(x.d.HTTP), CheckRedirect: noRedirect}
	var e *errs.Error
	switch err := archive.Probe(ctx, address, x.Corp.Secrets.ArchiveKey, client); {
	case errors.As(err, &e):
		maps.Copy(facts, e.Params)
		facts["error"] = e.Code
		return fail("no_answer", facts)
	case err != nil:
		return unread(err)
	case st.caughtUp == nil && st.code == "":
		return unknown("first", facts)
	case st.caughtUp == nil || now.Sub(*st.caughtUp) > archiveBehind && (!accelerated || st.code != ""): // a demo's night is a second
		if st.code == "" {
			return warn("behind", facts)
		}
		maps.Copy(facts, st.params)
		facts["error"] = st.code
		if st.caughtUp == nil {
			return fail("never", facts)
		}
		if now.Sub(*st.caughtUp) > archiveLosing {
			return fail("losing", facts)
		}
		return warn("failing", facts)
	case st.gaps > 0:
		return warn("gaps", facts)
	}
	return fine("ok", facts)
}

// When the archive of WeCom's statistics is a finding: it forgets a day after statisticKept.
const (
	statisticKept   = 180
	statisticUrgent = 30 // days of refusals
)

// statisticCheck looks whether WeCom gives its daily figures: what it refuses until it has forgotten it is lost.
func (x *exam) statisticCheck(ctx context.Context) Finding {
	db, f, ok := x.records()
	if !ok {
		return f
	}
	st, err := statisticsRead(ctx, db)
	if err != nil {
		return unread(err)
	}
	facts := Facts{"kept": statisticKept, "last": st.lastDay}
	switch {
	case st.refused != nil:
		days := int(x.d.Wall.Now().Sub(*st.refused).Hours() / 24)
		facts["api"], facts["errcode"], facts["errmsg"] = "externalcontact/get_user_behavior_data", strings.TrimPrefix(st.code, "wecom."), ""
		facts["error"], facts["since"], facts["days"], facts["left"] = st.code, x.moment(*st.refused), days, max(statisticKept-days, 0)
		if days >= statisticUrgent {
			return fail("refused_long", facts)
		}
		return warn("refused_lately", facts)
	case st.lastDay == "":
		return unknown("none", facts)
	}
	return fine("ok", facts)
}
