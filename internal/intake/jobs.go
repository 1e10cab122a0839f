package intake

// WakeArgs is the job that wakes a runner of one corp's imports. It carries nothing else: the rows say what waits.
type WakeArgs struct {
	Corp string `json:"corp"`
}

// Kind names the job.
func (WakeArgs) Kind() string { return "intake_wake" }
