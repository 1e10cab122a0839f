package intake

import "fmt"

// String is the result in a line.
func (r Result) String() string {
	return fmt.Sprintf("%d 行，新增 %d，更新 %d，未变 %d，跳过 %d，提醒 %d，错误 %d", r.Rows, r.Created, r.Updated, r.Unchanged, r.Skipped, r.Warnings, r.Errors)
}
