package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"qunce/internal/app"
	"qunce/internal/config"
	"qunce/internal/doctor"
	"qunce/internal/i18n"
)

var errUnhealthy = errors.New("有不通过的项目，见上 some checks fail, see above")

// doctorCommand examines the installation without changing anything: it starts no database and migrates nothing.
func doctorCommand(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("doctor", flag.ContinueOnError)
	asJSON := fs.Bool("json", false, "用 JSON 输出 print JSON")
	var flags config.Flags
	flags.Register(fs)
	if err := fs.Parse(args); err != nil {
		return usageError(err)
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("doctor 不接受参数 %q doctor takes no argument %q", fs.Arg(0), fs.Arg(0))
	}
	cfg, err := flags.Load(config.Environ())
	if err != nil {
		return err
	}
	catalog, err := i18n.Load()
	if err != nil {
		return err
	}
	found := app.Examine(ctx, cfg)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	views := doctor.NewWords(catalog).Views(language(), found)
	state := doctor.Worst(found)
	if *asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(map[string]any{"state": state, "items": views}); err != nil {
			return err
		}
	} else {
		printDoctor(os.Stdout, views, language())
	}
	if state == doctor.Fail {
		return errUnhealthy
	}
	return nil
}

// The words of the table; the findings bring their own.
func doctorWords(lang i18n.Lang) map[string]string {
	if lang == i18n.Chinese {
		return map[string]string{"wecom": "企业微信", "callback": "回调", "server": "服务器", "ok": "正常", "warn": "注意", "fail": "不通过", "unknown": "不明", "skipped": "跳过", "colon": "：",
			"sum": "%d 项正常，%d 项要注意，%d 项不通过，%d 项不明，%d 项跳过；用时 %s"}
	}
	return map[string]string{"wecom": "WeCom", "callback": "Callbacks", "server": "Server", "ok": "ok", "warn": "WARN", "fail": "FAIL", "unknown": "unknown", "skipped": "skipped", "colon": ": ",
		"sum": "%d ok, %d to look at, %d failing, %d unknown, %d skipped; took %s"}
}

// marks stand before the lines, so that the red ones are seen at once also without colour.
func mark(s doctor.State) string {
	switch s {
	case doctor.OK:
		return "✓"
	case doctor.Warn:
		return "!"
	case doctor.Fail:
		return "✗"
	case doctor.Unknown:
		return "?"
	}
	return "-"
}

func printDoctor(w io.Writer, views []doctor.View, lang i18n.Lang) {
	words := doctorWords(lang)
	count := map[doctor.State]int{}
	var longest time.Duration
	for _, area := range doctor.Areas() {
		_, _ = fmt.Fprintf(w, "\n%s\n", words[string(area)])
		for _, v := range views {
			if v.Area != area {
				continue
			}
			count[v.State]++
			longest = max(longest, time.Duration(v.TookMS)*time.Millisecond)
			_, _ = fmt.Fprintf(w, "  %s %s  %s\n", mark(v.State), pad(words[string(v.State)], 8), v.Title+words["colon"]+v.Found)
			if v.Fix != "" && (v.State == doctor.Warn || v.State == doctor.Fail || v.State == doctor.Unknown) {
				_, _ = fmt.Fprintf(w, "    %s  → %s\n      %s  %s\n", pad("", 8), v.Fix, pad("", 6), v.Doc)
			}
		}
	}
	_, _ = fmt.Fprintf(w, "\n"+words["sum"]+"\n", count[doctor.OK], count[doctor.Warn], count[doctor.Fail], count[doctor.Unknown], count[doctor.Skipped], longest)
}

// pad fills a word up to a width on the terminal, where a Chinese character takes two columns.
func pad(s string, width int) string {
	used := 0
	for _, r := range s {
		used++
		if r > 0x2e80 {
			used++
		}
	}
	return s + strings.Repeat(" ", max(0, width-used))
}
