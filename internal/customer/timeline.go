package customer

import (
	"context"
	"encoding/json"

	"qunce/internal/event"
)

// tell puts names to the ids of a page of events. The sentence itself is the page's work: it knows the kind and the
// parameters, and the reader's language.
func (s *Service) tell(ctx context.Context, evs []event.Recorded) ([]timelineItem, error) {
	var staff, groups, stores, codes []int64
	for _, e := range evs {
		staff, groups, stores, codes = append(staff, e.StaffID), append(groups, e.GroupID), append(stores, e.StoreID), append(codes, e.CodeID)
	}
	staffNames, err := s.Names.Staff(ctx, staff)
	if err != nil {
		return nil, err
	}
	groupNames, err := s.Names.Groups(ctx, groups)
	if err != nil {
		return nil, err
	}
	storeNames, err := s.Names.Stores(ctx, stores)
	if err != nil {
		return nil, err
	}
	codeNames, err := s.Names.Codes(ctx, codes)
	if err != nil {
		return nil, err
	}
	out := make([]timelineItem, 0, len(evs))
	for _, e := range evs {
		it := timelineItem{ID: e.ID, At: e.At, Kind: string(e.Kind), Actor: staffNames[e.StaffID], Place: storeNames[e.StoreID], CauseID: e.CauseID, Params: map[string]any{}}
		_ = json.Unmarshal(e.Data, &it.Params)
		if n := groupNames[e.GroupID]; n != "" {
			it.Place = n
			it.Params["group_id"] = e.GroupID
		}
		if n := codeNames[e.CodeID]; n != "" {
			it.Params["code"] = n
			it.Params["code_id"] = e.CodeID
		}
		out = append(out, it)
	}
	return out, nil
}
