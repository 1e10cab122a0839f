package sim

// writes are the records that calls not answered yet have written. A call is answered only once it is durable, so that
// two which write one record at once meet here; WeCom refuses the second with 45035.
type writes struct {
	log map[string]int64 // record → its transaction in the log
}

// under says whether another call that writes the record is not answered yet. The caller holds the server's mu.
func (w *writes) under(s *Server, record string) bool {
	at, ok := w.log[record]
	if ok && at <= s.journal.written() {
		delete(w.log, record)
		return false
	}
	return ok
}

// begin notes that the transaction under way writes the record.
func (w *writes) begin(s *Server, record string) {
	if len(w.log) > 10_000 {
		safe := s.journal.written()
		for r, at := range w.log {
			if at <= safe {
				delete(w.log, r)
			}
		}
	}
	orMake(&w.log)
	w.log[record] = s.journal.last() + 1
}
