package metric

import "qunce/internal/i18n"

// Note says why a number is unknown, partial or a range.
type Note string

// The notes.
const (
	NoCases     Note = "no_cases"
	SmallSample Note = "small_sample"
	NoImport    Note = "no_import"
	NoPages     Note = "no_pages"
	DayRunning  Note = "day_running"
	NotStarted  Note = "not_started"
	NotCovered  Note = "not_covered"
	OutOfScope  Note = "out_of_scope"
	WindowOpen  Note = "window_open"
	NotArchived Note = "not_archived"
	SomeMissing Note = "some_missing"
	ReadEarly   Note = "read_early"
)

// Notes lists all of them.
func Notes() []Note {
	return []Note{NoCases, SmallSample, NoImport, NoPages, DayRunning, NotStarted, NotCovered, OutOfScope, WindowOpen, NotArchived, SomeMissing, ReadEarly}
}

// Sentence is the note for people; empty for none.
func (n Note) Sentence(lang i18n.Lang) string {
	zh, en := n.sentences()
	if lang == i18n.English {
		return en
	}
	return zh
}

func (n Note) sentences() (zh, en string) {
	switch n {
	case NoCases:
		return "没有可计算的样本", "nothing to compute from"
	case SmallSample:
		return "样本不足 30，给出 95% 可信范围", "fewer than 30 cases: shown with its 95% range"
	case NoImport:
		return "还没有导入订单，无法得知", "no orders imported yet"
	case NoPages:
		return "还没有落地页访问，无法得知扫码数", "no landing page was opened yet"
	case DayRunning:
		return "当日未结束，数字还会变", "the day is not over"
	case NotStarted:
		return "这一天还没有到，或系统尚未启用", "that day has no data yet"
	case NotCovered:
		return "导入的订单不包含这一天", "the imported orders do not cover that day"
	case OutOfScope:
		return "只有总部可见全企业的数字", "only headquarters sees the whole corp"
	case WindowOpen:
		return "任务时间窗未过，结果还会变", "task windows are still open"
	case NotArchived:
		return "企业微信的官方统计没有这一天，或还没有存档", "WeCom's statistics of that day are not archived"
	case SomeMissing:
		return "有员工的官方统计没有取到，只是部分数", "the statistics of some staff are missing"
	case ReadEarly:
		return "官方统计读得早，上午会再读一次", "read early; it is read once more later in the morning"
	}
	return "", ""
}
