package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Report is the outcome of a run. Durable is false when the database does not sync: its figures then say nothing about
// a real installation. FsyncMS is the median of writing and syncing one page in the folder of the run.
type Report struct {
	System     string  `json:"system"`
	CPUs       int     `json:"cpus"`
	Go         string  `json:"go"`
	PostgreSQL string  `json:"postgresql"`
	Durable    bool    `json:"durable"`
	FsyncMS    float64 `json:"fsync_ms"`
	Quick      bool    `json:"quick"`
	Rows       []Row   `json:"rows"`
}

// Row is one figure of ours with the limits it is measured against. Unit is "/s" (more is better), or "ms" or "MB" (less is).
type Row struct {
	Key    string  `json:"key"`
	Title  string  `json:"title"`
	Unit   string  `json:"unit"`
	Ours   float64 `json:"ours"`
	Limits []Limit `json:"limits"`
}

// Limit is what the machine did at most in the same run. Ratio is ours divided by it.
type Limit struct {
	Key    string  `json:"key"`
	Title  string  `json:"title"`
	Figure float64 `json:"figure"`
	Ratio  float64 `json:"ratio"`
}

func (r *Report) add(key, title, unit string, ours float64, limits ...Limit) {
	for i := range limits {
		if limits[i].Figure > 0 {
			limits[i].Ratio = ours / limits[i].Figure
		}
	}
	r.Rows = append(r.Rows, Row{Key: key, Title: title, Unit: unit, Ours: ours, Limits: limits})
}

// JSON writes the report as one indented document.
func (r *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s · %d CPU · %s · PostgreSQL %s · fsync %.2f ms\n", r.System, r.CPUs, r.Go, r.PostgreSQL, r.FsyncMS)
	if !r.Durable {
		b.WriteString("注意：数据库没有落盘同步，这些数字不代表真实部署 the database does not sync: no figures of a real installation\n")
	}
	if r.Quick {
		b.WriteString("注意：--quick 的规模太小，数字没有意义 --quick is too small for its figures to mean anything\n")
	}
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "\n%s\n", row.Title)
		fmt.Fprintf(&b, "  %14s  我们 ours\n", figure(row.Ours, row.Unit))
		for _, l := range row.Limits {
			fmt.Fprintf(&b, "  %14s  %s · 比值 ratio %.2f\n", figure(l.Figure, row.Unit), l.Title, l.Ratio)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func figure(x float64, unit string) string {
	switch unit {
	case "ms":
		return fmt.Sprintf("%.2f ms", x)
	case "MB":
		return fmt.Sprintf("%.0f MB", x)
	}
	text := fmt.Sprintf("%.0f", x)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text + unit
}
