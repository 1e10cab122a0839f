package sim

// corpAreas are those of the corp itself: who may call, its members and departments.
func corpAreas() []area { return nil }
