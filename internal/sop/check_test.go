package sop

import (
	"strings"
	"testing"

	"qunce/internal/errs"
	"qunce/internal/touch"
)

// Every template the product ships with must obey the rules that operators' plans obey.
func TestTemplatesObeyTheRules(t *testing.T) {
	for _, x := range Templates() {
		if err := Check(x.Subject, x.Definition, touch.Defaults()); err != nil {
			t.Errorf("%s: %v", x.Code, err)
		}
		mass := 0
		for _, s := range x.Definition.Steps {
			if s.Mass() {
				mass++
			}
			if s.Worked() && s.Why == "" {
				t.Errorf("%s %s says no why", x.Code, s.Key)
			}
		}
		if x.Code == "T3" && mass != 2 {
			t.Errorf("T3 spends %d mass sends, it may spend 2", mass)
		}
	}
}

func TestCheck(t *testing.T) {
	person := func(change func(d *Definition)) Definition {
		d := sevenDays().Definition
		d.Steps = append([]Step(nil), d.Steps...)
		change(&d)
		return d
	}
	group := func(change func(d *Definition)) Definition {
		d := benefitGroup().Definition
		d.Steps = append([]Step(nil), d.Steps...)
		change(&d)
		return d
	}
	at := func(d *Definition, key string) *Step {
		for i := range d.Steps {
			if d.Steps[i].Key == key {
				return &d.Steps[i]
			}
		}
		t.Fatalf("no step %s", key)
		return nil
	}
	for name, c := range map[string]struct {
		subject Subject
		def     Definition
		code    string
		field   string
	}{
		"quiet evening":        {OfCustomer, person(func(d *Definition) { at(d, "d3_value").Window = Window{"20:00", "21:31"} }), "sop.quiet_window", "window"},
		"end at quiet start":   {OfCustomer, person(func(d *Definition) { at(d, "d3_value").Window = Window{"20:00", "21:30"} }), "", ""},
		"quiet morning":        {OfCustomer, person(func(d *Definition) { at(d, "d1_pack").Window = Window{"08:00", "09:00"} }), "sop.quiet_window", "window"},
		"window backwards":     {OfCustomer, person(func(d *Definition) { at(d, "d1_pack").Window = Window{"12:00", "10:00"} }), "sop.bad_window", "window"},
		"window no time":       {OfCustomer, person(func(d *Definition) { at(d, "d1_pack").Window = Window{"25:00", "26:00"} }), "sop.bad_window", "window"},
		"name in mass":         {OfCustomer, person(func(d *Definition) { at(d, "d3_value").Text = "{name}您好" }), "sop.bad_variable", "text"},
		"early promotion":      {OfCustomer, person(func(d *Definition) { at(d, "d7_offer").Day = 2 }), "sop.promo_too_early", "day"},
		"two promotions a day": {OfCustomer, person(func(d *Definition) { s := *at(d, "d7_offer"); s.Key = "again"; d.Steps = append(d.Steps, s) }), "sop.promo_caps", "promo"},
		"unmarked ad":          {OfCustomer, person(func(d *Definition) { at(d, "d7_offer").Text = "到店有优惠" }), "sop.ad_mark", "text"},
		"absolute word":        {OfCustomer, person(func(d *Definition) { at(d, "d3_value").Text = "全城最好喝" }), "sop.forbidden_word", "text"},
		"twice the same key":   {OfCustomer, person(func(d *Definition) { d.Steps = append(d.Steps, d.Steps[1]) }), "sop.duplicate_key", "key"},
		"group post to people": {OfCustomer, person(func(d *Definition) { at(d, "d1_pack").Channel = touch.SidebarGroup }), "sop.bad_channel", "channel"},
		"hidden quota":         {OfCustomer, person(func(d *Definition) { at(d, "d3_value").QuotaCost = 0 }), "sop.bad_quota", "quota_cost"},
		"nothing to do":        {OfCustomer, person(func(d *Definition) { d.Steps = d.Steps[:1] }), "sop.no_steps", "steps"},
		"too long":             {OfCustomer, person(func(d *Definition) { at(d, "d3_value").Text = strings.Repeat("好", 1400) }), "sop.text_long", "text"},
		"four posts a day":     {OfGroup, group(func(d *Definition) { s := *at(d, "am_start"); s.Key = "am_more"; d.Steps = append(d.Steps, s) }), "sop.group_caps", "steps"},
		"two group ads a day":  {OfGroup, group(func(d *Definition) { at(d, "noon_wed").Weekdays = []int{1} }), "sop.group_caps", "steps"},
		"daily promotion":      {OfGroup, group(func(d *Definition) { at(d, "noon_mon").Weekdays = []int{1, 2, 4, 6, 7} }), "sop.group_share", "steps"},
		"day in a group plan":  {OfGroup, group(func(d *Definition) { at(d, "am_tip").Day = 3 }), "sop.bad_day", "day"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(c.subject, c.def, touch.Defaults())
			if errs.CodeOf(err) != c.code {
				t.Fatalf("got %v, want code %q", err, c.code)
			}
			var e *errs.Error
			if c.code != "" {
				e = err.(*errs.Error)
				if !strings.HasSuffix(e.Field, c.field) {
					t.Errorf("field %q, want …%s", e.Field, c.field)
				}
			}
		})
	}
}
