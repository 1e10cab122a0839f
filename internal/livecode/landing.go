package livecode

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"qunce/internal/clock"
	"qunce/internal/event"
	"qunce/internal/failpoint"
	"qunce/internal/group"
	"qunce/internal/pg"
)

// visitorShape is what a visitor's random number may look like; everything else is refused before it reaches a table.
var visitorShape = regexp.MustCompile(`^[0-9A-Za-z_-]{4,64}$`)

// ValidVisitor reports whether a visitor's number can be one.
func ValidVisitor(v string) bool { return visitorShape.MatchString(v) }

var fpScanBefore = failpoint.New("livecode.scan.before")

// Scan notes that a visitor opened a code's landing page: once per visitor, code and business day.
func (s *Service) Scan(ctx context.Context, c Code, visitor string) error {
	cause, err := s.IDs.Next(ctx)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	fpScanBefore.Hit()
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		fresh, err := insertScan(ctx, tx, visitor, c.ID, day(now), now, cause)
		if err != nil || !fresh {
			return err
		}
		return s.Events.Publish(ctx, tx, event.Event{Kind: Scanned, At: now, CodeID: c.ID, StoreID: c.StoreID, CauseID: cause,
			Key: fmt.Sprintf("livecode.scanned/%s/%d/%s", visitor, c.ID, day(now)), Data: ScannedData{Visitor: visitor}})
	})
}

// Chose notes which store a visitor of a landing page chose; where they stood is not kept.
func (s *Service) Chose(ctx context.Context, c Code, visitor string, storeID int64) error {
	cause, err := s.IDs.Next(ctx)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	return s.DB.Tx(ctx, func(tx pg.Tx) error {
		if _, err := insertScan(ctx, tx, visitor, c.ID, day(now), now, cause); err != nil {
			return err
		}
		if err := setScanStore(ctx, tx, visitor, c.ID, day(now), storeID); err != nil {
			return err
		}
		return s.Events.Publish(ctx, tx, event.Event{Kind: Located, At: now, CodeID: c.ID, StoreID: storeID, CauseID: cause,
			Key: fmt.Sprintf("livecode.located/%s/%d/%s/%d", visitor, c.ID, day(now), storeID), Data: ScannedData{Visitor: visitor}})
	})
}

// Open reports whether somebody who opens the code's landing page gets further through this code: it works at WeCom, and
// behind it there is still somebody to add, or a group from which WeCom can open the next.
func (s *Service) Open(ctx context.Context, c Code) (bool, error) {
	if !c.Usable() {
		return false, nil
	}
	switch c.Kind {
	case StaffCode:
		people, err := s.Directory.StaffByIDs(ctx, s.DB, c.StaffIDs)
		if err != nil {
			return false, err
		}
		for _, p := range people {
			if p.Active && p.CanContact {
				return true, nil
			}
		}
		return false, nil
	case GroupCode:
		rooms, err := s.Groups.ByIDs(ctx, s.DB, c.GroupIDs)
		if err != nil {
			return false, err
		}
		for _, r := range rooms {
			if r.Status == group.Normal {
				return true, nil
			}
		}
		return false, nil
	}
	return true, nil
}

// StoresWithDoors lists the stores that have a usable code.
func (s *Service) StoresWithDoors(ctx context.Context) (map[int64]bool, error) {
	return storesWithDoors(ctx, s.DB)
}

// AddsOn counts the people who added through a code on a business day.
func (s *Service) AddsOn(ctx context.Context, codeID int64, at time.Time) (int64, error) {
	from := clock.Day(at)
	return addsBetween(ctx, s.DB, codeID, from, from.AddDate(0, 0, 1))
}
