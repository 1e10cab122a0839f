package directory

import (
	"context"
	"fmt"
	"strings"

	"qunce/internal/errs"
	"qunce/internal/geo"
	"qunce/internal/pg"
	"qunce/internal/pinyin"
)

// StoreInput is what the console sends of a store; nil leaves a field as it is. Lat and Lng come together, in System
// (GCJ-02 when empty, the map pin's). Times of day are written "07:30"; a closing time at or before the opening one, or
// past 24:00, is on the next day.
type StoreInput struct {
	Number       *string
	Name         *string
	Province     *string
	City         *string
	District     *string
	Address      *string
	Lat, Lng     *float64
	System       geo.System
	OpenTime     *string
	CloseTime    *string
	Status       *Status
	DepartmentID *int64
}

// CreateStore adds a store. Errors: Invalid on the field that is wrong, Conflict "store.duplicate_number".
func (s *Service) CreateStore(ctx context.Context, in StoreInput) (int64, error) {
	st := Store{CloseMinute: day, Status: Open}
	for _, need := range []struct {
		field string
		value *string
	}{{"number", in.Number}, {"name", in.Name}} {
		if need.value == nil || strings.TrimSpace(*need.value) == "" {
			return 0, errs.E(errs.Invalid, "store.field_required", "%s is missing", need.field).On(need.field).With("field", need.field)
		}
	}
	if in.Lat == nil || in.Lng == nil {
		return 0, errs.E(errs.Invalid, "store.field_required", "the place is missing").On("lat").With("field", "lat, lng")
	}
	st, err := in.apply(st)
	if err != nil {
		return 0, err
	}
	if st.ID, err = s.IDs.Next(ctx); err != nil {
		return 0, err
	}
	err = s.DB.Tx(ctx, func(tx pg.Tx) error {
		if err := lockDirectory(ctx, tx); err != nil {
			return err
		}
		if err := s.numberIsFree(ctx, tx, st); err != nil {
			return err
		}
		if err := insertStores(ctx, tx, []Store{st}, s.Clock.Now()); err != nil {
			return err
		}
		return s.edited(ctx, tx, "store.create", st, in)
	})
	return st.ID, err
}

// UpdateStore changes the fields given. Errors as CreateStore, and NotFound "store.not_found".
func (s *Service) UpdateStore(ctx context.Context, id int64, in StoreInput) error {
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		if err := lockDirectory(ctx, tx); err != nil {
			return err
		}
		held, err := s.Store(ctx, tx, id)
		if err != nil {
			return err
		}
		st, err := in.apply(held)
		if err != nil {
			return err
		}
		if st.Number != held.Number {
			if err := s.numberIsFree(ctx, tx, st); err != nil {
				return err
			}
		}
		if st != held {
			if err := updateStores(ctx, tx, []Store{st}, s.Clock.Now()); err != nil {
				return err
			}
		}
		return s.edited(ctx, tx, "store.update", st, in)
	})
}

func (s *Service) numberIsFree(ctx context.Context, tx pg.Tx, st Store) error {
	taken, err := storeIDsByNumber(ctx, tx, []string{st.Number})
	if err != nil {
		return err
	}
	if other, ok := taken[st.Number]; ok && other != st.ID {
		return errs.E(errs.Conflict, "store.duplicate_number", "store %d has the number", other).On("number").With("number", st.Number)
	}
	return nil
}

// edited finishes an edit of one store: its department, everybody's caches, the audit log.
func (s *Service) edited(ctx context.Context, tx pg.Tx, action string, st Store, in StoreInput) error {
	if in.DepartmentID != nil {
		if err := s.setDepartment(ctx, tx, st.ID, *in.DepartmentID); err != nil {
			return err
		}
	}
	if _, err := s.relink(ctx, tx); err != nil {
		return err
	}
	if err := bumpVersion(ctx, tx); err != nil {
		return err
	}
	return s.Audit.Record(ctx, tx, s.Clock.Now(), action, fmt.Sprintf("store/%d", st.ID), map[string]any{
		"number": st.Number, "name": st.Name, "city": st.City, "address": st.Address, "lat": st.At.Lat, "lng": st.At.Lng,
		"open": clockTime(st.OpenMinute), "close": clockTime(st.CloseMinute), "status": st.Status,
	})
}

// apply lays the input over a store and checks it.
func (in StoreInput) apply(st Store) (Store, error) {
	for _, f := range []struct {
		field string
		from  *string
		to    *string
	}{
		{"number", in.Number, &st.Number}, {"name", in.Name, &st.Name}, {"province", in.Province, &st.Province}, {"city", in.City, &st.City},
		{"district", in.District, &st.District}, {"address", in.Address, &st.Address},
	} {
		if f.from == nil {
			continue
		}
		*f.to = strings.TrimSpace(*f.from)
		if *f.to == "" && (f.field == "number" || f.field == "name") {
			return st, errs.E(errs.Invalid, "store.field_required", "%s is empty", f.field).On(f.field).With("field", f.field)
		}
	}
	st.NameKey = pinyin.Key(st.Name)
	if (in.Lat == nil) != (in.Lng == nil) {
		return st, errs.E(errs.Invalid, "store.place_incomplete", "latitude and longitude come together").On("lat")
	}
	if in.Lat != nil {
		system := in.System
		if system == "" {
			system = geo.GCJ02
		}
		at, err := geo.Convert(geo.Point{Lat: *in.Lat, Lng: *in.Lng}, system, geo.GCJ02)
		if err != nil {
			return st, err
		}
		st.At = at
	}
	if in.OpenTime != nil || in.CloseTime != nil {
		open, closing := clockTime(st.OpenMinute), clockTime(st.CloseMinute)
		if in.OpenTime != nil {
			open = *in.OpenTime
		}
		if in.CloseTime != nil {
			closing = *in.CloseTime
		}
		o, c, bad := hours(open, closing)
		if bad != "" {
			return st, errs.E(errs.Invalid, "store.bad_hours", "opening hours %q to %q", open, closing).On(bad+"_time").With("value", map[string]string{"open": open, "close": closing}[bad])
		}
		st.OpenMinute, st.CloseMinute = o, c
	}
	if in.Status != nil {
		if *in.Status != Open && *in.Status != Closed {
			return st, errs.E(errs.Invalid, "store.bad_status", "status %q", *in.Status).On("status")
		}
		st.Status = *in.Status
	}
	return st, nil
}
